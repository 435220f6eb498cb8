"""How a generated review is put together; its words and sentences are in the grammar files."""

from __future__ import annotations

from robustft.data._grammar import Passage, finish, read_grammar
from robustft.seeding import Draw

__all__ = ["write_review"]

_LAYERS = {
    "film": "reviews_arts",
    "series": "reviews_arts",
    "book": "reviews_arts",
    "stage": "reviews_arts",
    "game": "reviews_arts",
    "restaurant": "reviews_venues",
    "hotel": "reviews_venues",
    "tour": "reviews_venues",
    "course": "reviews_venues",
    "travel": "reviews_venues",
    "gadget": "reviews_goods",
    "kitchen": "reviews_goods",
    "clothes": "reviews_goods",
    "software": "reviews_goods",
}
_DOMAINS = tuple(_LAYERS)
_WEIGHTS = (5, 2, 4, 2, 2, 5, 3, 2, 2, 2, 3, 2, 2, 2)
_SHORTEST, _LONGEST = 25, 45
# A writer is formal, wavers, or contracts wherever English allows it.
_CONTRACTED, _WRITERS = (0.0, 0.5, 1.0), (3, 2, 4)


def write_review(label: int, draw: Draw) -> str:
    """Return a review of 25 to 45 words that praises (`label` 1) or blames (`label` 0)."""
    domain = _DOMAINS[draw.weighted(_WEIGHTS)]
    file = _LAYERS[domain]
    grammar = read_grammar("reviews", file, f"{file}:{domain}")
    contracted = _CONTRACTED[draw.weighted(_WRITERS)]
    while True:
        raw = grammar.expand("review", "+" if label else "-", Passage(draw))
        text = finish(raw, draw, contracted)
        if _SHORTEST <= text.count(" ") + 1 <= _LONGEST:
            return text

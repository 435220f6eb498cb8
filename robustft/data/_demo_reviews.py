"""How a generated review is put together; its words and sentences are in the grammar files."""

from __future__ import annotations

from robustft.data._grammar import Passage, finish, read_grammar
from robustft.seeding import Draw

__all__ = ["write_review"]

# Each domain: how common it is, and the layers of its grammar over the shared one.
_DOMAINS: dict[str, tuple[int, tuple[str, ...]]] = {
    "film": (5, ("reviews_arts", "reviews_arts:film")),
    "series": (2, ("reviews_arts", "reviews_arts:series")),
    "book": (4, ("reviews_arts", "reviews_arts:book")),
    "stage": (2, ("reviews_arts", "reviews_stage:stage")),
    "game": (2, ("reviews_arts", "reviews_stage:game")),
    "restaurant": (5, ("reviews_venues", "reviews_venues:restaurant")),
    "hotel": (3, ("reviews_venues", "reviews_venues:hotel")),
    "museum": (2, ("reviews_venues", "reviews_venues:museum")),
    "course": (2, ("reviews_venues", "reviews_services:course")),
    "travel": (2, ("reviews_venues", "reviews_services:travel")),
    "gadget": (3, ("reviews_goods", "reviews_goods:gadget")),
    "kitchen": (2, ("reviews_goods", "reviews_goods:kitchen")),
    "clothes": (2, ("reviews_goods", "reviews_goods:clothes")),
    "software": (2, ("reviews_goods", "reviews_goods:software")),
}
_LAYERS = [layers for _, layers in _DOMAINS.values()]
_WEIGHTS = [weight for weight, _ in _DOMAINS.values()]
_SHORTEST, _LONGEST = 25, 45
# A writer is formal, wavers, or contracts wherever English allows it.
_CONTRACTED, _WRITERS = (0.0, 0.5, 1.0), (3, 2, 4)


def write_review(label: int, draw: Draw) -> str:
    """Return a review of 25 to 45 words that praises (`label` 1) or blames (`label` 0)."""
    grammar = read_grammar("reviews", *_LAYERS[draw.weighted(_WEIGHTS)])
    contracted = _CONTRACTED[draw.weighted(_WRITERS)]
    while True:
        raw = grammar.expand("review", "+" if label else "-", Passage(draw))
        text = finish(raw, draw, contracted)
        if _SHORTEST <= text.count(" ") + 1 <= _LONGEST:
            return text

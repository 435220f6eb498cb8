"""Tags of tokens through edits.

BIO tags name the entities of a text, token by token: ``B-kind`` begins one, ``I-kind`` goes on with
it, ``O`` stands outside of any (Ramshaw and Marcus, 1995, *Text chunking using transformation-based
learning*; in the form of IOB2, and IOB1 is understood too). When the text changes, its tokens do:
one is parted or two are joined, some come in and some go. The entities stay, and the tags say
where they are then.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from robustft.text.edits import Edit, apply, map_span

__all__ = ["OUTSIDE", "Entity", "TaggedText", "entities_of", "is_bio", "tag_tokens"]

OUTSIDE = "O"
_PREFIXES = ("B-", "I-")


class Entity(NamedTuple):
    """A run of things that belong together: tokens, or characters of a text."""

    start: int
    end: int
    tag: str
    """The tag of its first token; ``tag[2:]`` is its kind."""


def is_bio(tag: str) -> bool:
    """Say whether a tag is ``O``, ``B-kind`` or ``I-kind``."""
    return tag == OUTSIDE or (tag[:2] in _PREFIXES and len(tag) > len("B-"))


def entities_of(tags: Sequence[str]) -> list[Entity]:
    """Return the entities that BIO tags name, in tokens.

    An ``I-kind`` that nothing of its kind stands before begins an entity, as in IOB1.

    >>> entities_of(["B-PER", "I-PER", "O", "B-LOC"])
    [Entity(start=0, end=2, tag='B-PER'), Entity(start=3, end=4, tag='B-LOC')]
    """
    found: list[Entity] = []
    for position, tag in enumerate(tags):
        if tag == OUTSIDE:
            continue
        last = found[-1] if found else None
        goes_on = last is not None and last.end == position and last.tag[2:] == tag[2:]
        if last is not None and goes_on and tag.startswith("I-"):
            found[-1] = last._replace(end=position + 1)
        else:
            found.append(Entity(position, position + 1, tag))
    return found


class TaggedText(NamedTuple):
    """A text, where its tokens stand in it, and a tag for each of them.

    Tokens are sorted and do not overlap. They may touch, and may hold white space.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    tags: tuple[str, ...]

    @property
    def tokens(self) -> list[str]:
        """The tokens' texts."""
        return [self.text[start:end] for start, end in self.spans]

    @property
    def entities(self) -> list[Entity]:
        """The entities, in characters of the text."""
        return [
            Entity(self.spans[first][0], self.spans[after - 1][1], tag)
            for first, after, tag in entities_of(self.tags)
        ]

    def edited(self, edits: Sequence[Edit]) -> TaggedText | None:
        """Return the text as `edits` leave it, with its tokens and their tags.

        What no edit touches stays a token. Where one does, white space that it brings in parts
        tokens, and white space that it takes out joins them. A token that holds a part of an
        entity belongs to it; text that comes in at the edge of an entity, but apart from its
        tokens, does not.

        Returns None where an edit reaches over an end of an entity, and where an entity would be
        gone or two would share a token.

        >>> tag_tokens(["in", "New", "York"], ["O", "B-LOC", "I-LOC"]).edited(
        ...     [Edit(6, 7, ""), Edit(9, 9, " r")]
        ... ).tokens
        ['in', 'NewYo', 'rrk']
        """
        if not edits:
            return self
        text = apply(self.text, edits)
        spans = _tokens_after(self, edits, len(text))
        tags = [OUTSIDE] * len(spans)
        starts, ends = [start for start, _ in spans], [end for _, end in spans]
        taken = 0  # tokens that belong to the entities before
        for start, end, tag in self.entities:
            moved = map_span(edits, start, end)
            if moved is None:
                return None
            first = bisect_left(ends, moved[0] + 1) if moved[0] < moved[1] else len(spans)
            after = bisect_left(starts, moved[1])
            if not taken <= first < after:
                return None
            tags[first:after] = [tag] + [f"I-{tag[2:]}"] * (after - first - 1)
            taken = after
        kept = len(entities_of(tags)) == len(self.entities)
        return TaggedText(text, tuple(spans), tuple(tags)) if kept else None


def tag_tokens(tokens: Iterable[str], tags: Iterable[str]) -> TaggedText:
    """Return the text of tokens, which has a space between any two, with their tags.

    >>> tag_tokens(["New", "York"], ["B-LOC", "I-LOC"]).spans
    ((0, 3), (4, 8))
    """
    tokens = list(tokens)
    spans = []
    start = 0
    for token in tokens:
        spans.append((start, start + len(token)))
        start += len(token) + 1
    return TaggedText(" ".join(tokens), tuple(spans), tuple(tags))


def _tokens_after(tagged: TaggedText, edits: Sequence[Edit], length: int) -> list[tuple[int, int]]:
    """Return where the tokens of the edited text, of so many characters, stand."""
    ends = [end for _, end in tagged.spans]
    inside = bytearray(length)
    begins: list[int] = []  # of tokens that no edit touches there: two that touch stay two
    empty: list[tuple[int, int]] = []
    position = shift = 0
    edited = -1  # where the last edit ended
    for edit in (*edits, Edit(len(tagged.text), len(tagged.text), "")):
        # From `position` to the edit, the text is as it was.
        for token in range(bisect_left(ends, position), len(ends)):
            low, high = tagged.spans[token]
            if low > edit.start:
                break
            if low > edited:
                begins.append(low + shift)
                empty += [(low + shift, low + shift)] if low == high else []
            kept = slice(max(low, position) + shift, min(high, edit.start) + shift)
            inside[kept] = b"\1" * (kept.stop - kept.start)
        for offset, character in enumerate(edit.replacement, edit.start + shift):
            inside[offset] = not character.isspace()
        shift += len(edit.replacement) - (edit.end - edit.start)
        position = edited = edit.end
    return sorted([*_runs(inside, begins), *empty])


def _runs(inside: bytearray, cuts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the runs of ones, parted at `cuts`."""
    start = inside.find(1)
    while start >= 0:
        end = inside.find(0, start)
        end = len(inside) if end < 0 else end
        within = cuts[bisect_right(cuts, start) : bisect_left(cuts, end)]
        yield from pairwise((start, *within, end))
        start = inside.find(1, end)

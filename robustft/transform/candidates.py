"""The candidates of a step in the order of their rank, and what is accepted of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from robustft.text.document import Document
from robustft.text.edits import Edit, check, simplify
from robustft.transform.protection import Protection

__all__ = [
    "Acceptance",
    "Candidate",
    "Filled",
    "Queue",
    "first_of_text",
    "order_by_text",
    "overlap",
    "words_changed",
]

Ints = npt.NDArray[np.int64]
_RANK_BITS = 48
Candidate: TypeAlias = tuple[int, int, int, int]
"""A unit that was drawn: start and end in its text, ordinal, and the key of its draw."""


class Filled(NamedTuple):
    """What has been accepted for one text."""

    edits: tuple[Edit, ...]
    done: int
    reason: str
    """Why the last unit was passed over, or nothing."""


class Queue(NamedTuple):
    """The candidates of all texts by rank: text number `i` has rows ``first[i] .. last[i]``.

    The columns are the parts of a `Candidate`.
    """

    columns: Sequence[npt.NDArray[Any]]
    first: Ints
    last: Ints

    def portions(self, text: int, size: int) -> Iterator[Candidate]:
        """Yield a text's candidates; the few that are needed come at little cost."""
        high = int(self.last[text])
        for start in range(int(self.first[text]), high, size):
            yield from self.rows(range(start, min(start + size, high)))

    def rows(self, rows: range) -> Iterator[Candidate]:
        """Return the candidates in some rows."""
        part = slice(rows.start, rows.stop)
        return zip(*(column[part].tolist() for column in self.columns), strict=True)


def first_of_text(texts: Ints, count: int) -> Ints:
    """Return the place of each text's first unit, shape ``(count,)``; `texts` are sorted."""
    return np.searchsorted(texts, np.arange(count)).astype(np.int64)


def order_by_text(texts: Ints, rank: npt.NDArray[np.uint64], count: int) -> Ints:
    """Return the order of units by text, then by the upper 48 bits of their rank, then by place.

    `texts` are sorted numbers below `count`.
    """
    if not len(texts):
        return np.zeros(0, np.int64)
    first = first_of_text(texts, count)
    place = np.arange(len(texts)) - first[texts]
    # Numbers are sorted much faster than places: text, rank and place fit into one.
    of_text, of_place = count.bit_length(), int(place.max()).bit_length()
    lost = max(of_text + of_place, 64 - _RANK_BITS)
    key = texts.astype(np.uint64) << np.uint64(64 - of_text)
    key |= (rank >> np.uint64(lost)) << np.uint64(of_place)
    key |= place.astype(np.uint64)
    key.sort()
    ranked = key >> np.uint64(of_place)
    if (ranked[1:] == ranked[:-1]).any():  # what was lost of the ranks decides
        return np.lexsort((rank >> np.uint64(64 - _RANK_BITS), texts)).astype(np.int64)
    place = (key & np.uint64((1 << of_place) - 1)).astype(np.int64)
    return first[(key >> np.uint64(64 - of_text)).astype(np.int64)] + place


@dataclass(frozen=True)
class Acceptance:
    """Decides on changes of more than their unit's span."""

    name: str
    protection: Protection

    def extended(
        self, document: Document, made: Iterable[Edit], accepted: Sequence[Edit]
    ) -> tuple[list[Edit], str]:
        """Return the edits proposed, and why they cannot be accepted, if they cannot.

        Bounds, protection, and what has been accepted already (sorted) are looked at.

        Raises
        ------
        ValueError
            They leave the text or overlap one another.
        """
        made = simplify(document.text, sorted(made))
        check(made, len(document.text))
        proposed = [Edit(e.start, e.end, e.replacement, (self.name,)) for e in made]
        if not proposed:
            return proposed, "same text"
        if not all(self.protection.allows(document.index, edit) for edit in proposed):
            return proposed, "protected span"
        return proposed, overlap(accepted, proposed)


def overlap(accepted: Sequence[Edit], proposed: Iterable[Edit]) -> str:
    """Say that a proposed edit overlaps an accepted one (sorted, disjoint), or nothing."""
    for new in proposed:
        at = bisect_left(accepted, (new.start,))
        # Ends rise as starts do, so the neighbours tell.
        if at and accepted[at - 1].end > new.start:
            return "overlaps another edit"
        if at < len(accepted):
            start = accepted[at].start
            if start < new.end or start == new.start:
                return "overlaps another edit"
    return ""


def words_changed(text: str, edit: Edit) -> int:
    """Count the words of `text` that an edit replaces, or those that it puts there, if more."""
    return max(1, len(text[edit.start : edit.end].split()), len(edit.replacement.split()))

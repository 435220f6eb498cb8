"""The common course of a step: the units on top of each text's rank change, all of them at once.

Most transforms pass over few units, and no constraint has a say. So the units that are wanted of
all texts are asked for together, then as many more as were passed over, and so on. What a text
becomes is what going through its units one by one would make of it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import repeat

import numpy as np
import numpy.typing as npt

from robustft.text.document import Batch, Units
from robustft.text.edits import Edit, make_edit
from robustft.transform.base import Proposal, Skip, Transform
from robustft.transform.candidates import Queue

__all__ = ["AtOnce", "change_at_once"]

Ints = npt.NDArray[np.int64]


# After so many rounds few units are left, which are faster asked one by one.
_ROUNDS = 3
# What a proposal is: for a unit that stays as it is, a change of it, a change beyond it.
_PASSED, _CHANGED, _BEYOND = range(3)


@dataclass
class AtOnce:
    """What was done to the texts of a batch, and what was learnt of those that are not done.

    Attributes
    ----------
    edits
        By text, its edits, sorted.
    changed
        How many units of each text have changed, shape ``(len(batch),)``.
    skips, reasons
        How often a unit was passed over, by reason; for texts without edits, the last reason.
    answers
        For each text that must be gone through one by one, what its first units become.
    """

    edits: dict[int, tuple[Edit, ...]] = field(default_factory=dict)
    changed: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    skips: Counter[str] = field(default_factory=Counter)
    reasons: dict[int, str] = field(default_factory=dict)
    answers: dict[int, list[Proposal]] = field(default_factory=dict)


def works_at_once(transform: Transform) -> bool:
    """Tell whether a transform works many units out at once."""
    return type(transform).at_once is not Transform.at_once


def change_at_once(
    transform: Transform, batch: Batch, queue: Queue, wanted: Ints, eligible: Ints
) -> AtOnce:
    """Change the first `wanted` units of each text that can be, shape ``(len(batch),)``.

    The queue may hold only the first of the units that are `eligible`, same shape.
    """
    asking = _Asking(transform, batch, queue, wanted.copy(), eligible)
    for _ in range(_ROUNDS):
        if not asking.ask():
            break
    return asking.result()


class _Asking:
    """The rounds: what was asked so far, and what is still wanted."""

    def __init__(
        self, transform: Transform, batch: Batch, queue: Queue, wanted: Ints, eligible: Ints
    ) -> None:
        self._transform, self._batch, self._queue = transform, batch, queue
        self._wanted, self._next = wanted, queue.first.copy()
        self._eligible = eligible
        self._rows: list[Ints] = []
        self._kinds: list[npt.NDArray[np.int8]] = []
        self._proposals: list[Proposal] = []

    def ask(self) -> bool:
        """Ask for as many units of each text as are wanted; tell whether there were any."""
        most = self._queue.last - self._next
        texts = np.flatnonzero((self._wanted > 0) & (most > 0))
        if not len(texts):
            return False
        sizes = np.minimum(self._wanted, most)[texts]
        last = np.cumsum(sizes)
        rows = np.arange(last[-1]) + np.repeat(self._next[texts] - last + sizes, sizes)
        start, end, _, keys = (column[rows] for column in self._queue.columns)
        owner = np.repeat(texts, sizes)
        offset = self._batch.starts[owner]
        units = Units(owner, start + offset, end + offset)
        proposals = self._transform.at_once(self._batch, units, keys)
        if len(proposals) != len(units):
            raise ValueError(f"{len(proposals)} replacements for {len(units)} units")
        kinds = self._kinds_of(units, proposals)
        self._rows.append(rows)
        self._kinds.append(kinds)
        self._proposals += proposals
        self._next[texts] += sizes
        self._wanted -= np.bincount(owner[kinds == _CHANGED], minlength=len(self._batch))
        self._wanted[owner[kinds == _BEYOND]] = 0  # goes its own way
        return True

    def _kinds_of(self, units: Units, proposals: list[Proposal]) -> npt.NDArray[np.int8]:
        buffer = self._batch.buffer
        spans = zip(units.start.tolist(), units.end.tolist(), proposals, strict=True)
        kinds = (
            (buffer[start:end] != made if isinstance(made, str) else _BEYOND)
            if not isinstance(made, Skip)
            else _PASSED
            for start, end, made in spans
        )
        return np.fromiter(kinds, np.int8, len(proposals))

    def result(self) -> AtOnce:
        found = AtOnce(changed=np.zeros(len(self._batch), np.int64))
        rows = np.concatenate([np.zeros(0, np.int64), *self._rows])
        kinds = np.concatenate([np.zeros(0, np.int8), *self._kinds])
        texts = np.searchsorted(self._queue.last, rows, side="right")
        alone = (self._wanted > 0) & (self._next - self._queue.first < self._eligible)
        alone[texts[kinds == _BEYOND]] = True
        found.answers = {text: [] for text in np.flatnonzero(alone).tolist()}
        self._answer(found, np.flatnonzero(alone[texts]), rows, texts)
        here = ~alone[texts]
        self._change(found, np.flatnonzero(here & (kinds == _CHANGED)), rows, texts)
        passed = np.flatnonzero(here & (kinds == _PASSED))
        for place in passed[np.argsort(rows[passed])].tolist():
            made = self._proposals[place]
            reason = made.reason if isinstance(made, Skip) else "same text"
            found.skips[reason] += 1
            if not found.changed[texts[place]]:
                found.reasons[int(texts[place])] = reason
        return found

    def _answer(self, found: AtOnce, places: Ints, rows: Ints, texts: Ints) -> None:
        """Keep what is known of the texts that are not done, in rank order."""
        for place in places[np.argsort(rows[places])].tolist():
            found.answers[int(texts[place])].append(self._proposals[place])

    def _change(self, found: AtOnce, places: Ints, rows: Ints, texts: Ints) -> None:
        """Make the edits of the texts that are done."""
        start, end, *_ = self._queue.columns
        places = places[np.argsort(start[rows[places]] + self._batch.starts[texts[places]])]
        chosen = rows[places]
        made = map(self._proposals.__getitem__, places.tolist())
        names = repeat((self._transform.name,))
        columns = zip(start[chosen].tolist(), end[chosen].tolist(), made, names, strict=False)
        edits = list(map(make_edit, columns))
        found.changed = np.bincount(texts[places], minlength=len(self._batch)).astype(np.int64)
        changed = np.flatnonzero(found.changed)
        last = np.cumsum(found.changed[changed])
        first = last - found.changed[changed]
        for text, low, high in zip(changed.tolist(), first.tolist(), last.tolist(), strict=True):
            found.edits[text] = tuple(edits[low:high])

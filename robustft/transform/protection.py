"""What no edit touches: the spans that a transform must leave alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from robustft.text.document import Batch, Units
from robustft.text.edits import Edit
from robustft.text.protect import SpanKind, closed_to, protected_mask

__all__ = ["Mark", "Protection"]


class Mark(NamedTuple):
    """A span of a text that its label points at (an answer, an entity), or a constraint keeps.

    No edit touches a `closed` one. In one that is not, edits are welcome, but none reaches over
    its ends, so that it can be followed into the changed text.
    """

    start: int
    end: int
    closed: bool = True


class Protection:
    """Tells which spans of a batch a transform must leave alone.

    Parameters
    ----------
    batch
        The texts.
    opens
        The kinds of protected span that the transform may edit.
    marks
        For each text, what its label points at and what constraints keep; they bind every
        transform.
    """

    def __init__(
        self,
        batch: Batch,
        opens: Iterable[SpanKind],
        marks: Sequence[Iterable[Mark]] | None = None,
    ) -> None:
        spans = [[mark[:2] for mark in found if mark.closed] for found in marks or ()]
        closed = (protected_mask(batch, spans, opens) & closed_to(opens)) != 0
        self._batch = batch
        self._total = np.zeros(len(closed) + 1, np.int32)
        np.cumsum(closed, out=self._total[1:])
        self._ends = _ends(batch, marks or ())

    def allowed(self, units: Units) -> npt.NDArray[np.bool_]:
        """Tell for each unit whether it is free of protected spans and parts no grapheme."""
        free: npt.NDArray[np.bool_] = self._total[units.end] == self._total[units.start]
        if self._ends is not None:
            free &= self._ends[units.end] <= self._ends[units.start + 1]
        return free & ~self._batch.splits_cluster(units)

    def allows(self, text: int, edit: Edit) -> bool:
        """Tell whether one edit of text number `text` touches nothing that it must not."""
        offset = int(self._batch.starts[text])
        low, high = edit.start + offset, edit.end + offset
        if self._ends is not None and self._ends[high] > self._ends[low + 1]:
            return False
        if low == high:  # an insertion is inside a span only if both its neighbours are
            low, high = max(low - 1, offset), min(high + 1, int(self._batch.ends[text]))
            return bool(self._total[high] - self._total[low] < 2)
        return bool(self._total[high] == self._total[low])


def _ends(batch: Batch, marks: Sequence[Iterable[Mark]]) -> npt.NDArray[np.int64] | None:
    """Count the ends of open marks before each position of the buffer; None where there is none.

    An edit from `low` to `high` reaches over one exactly if more lie before `high` than before
    ``low + 1``.
    """
    at = [
        start + end
        for start, found in zip(batch.starts.tolist(), marks, strict=False)
        for mark in found
        if not mark.closed
        for end in mark[:2]
    ]
    if not at:
        return None
    total = np.zeros(len(batch.codes) + 2, np.int64)
    np.cumsum(np.bincount(at, minlength=len(batch.codes) + 1), out=total[1:])
    return total

"""What an edit must satisfy before the engine accepts it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from robustft.text.document import Batch, Units
from robustft.text.edits import Edit
from robustft.text.protect import SpanKind, closed_to, protected_mask

__all__ = ["Protection"]


class Protection:
    """Tells which spans of a batch a transform must leave alone.

    Parameters
    ----------
    batch
        The texts.
    opens
        The kinds of protected span that the transform may edit.
    task_spans
        For each text, spans that its task protects; these are closed to every transform.
    """

    def __init__(
        self,
        batch: Batch,
        opens: Iterable[SpanKind],
        task_spans: Sequence[Iterable[tuple[int, int]]] | None = None,
    ) -> None:
        closed = (protected_mask(batch, task_spans) & closed_to(opens)) != 0
        self._batch = batch
        self._total = np.zeros(len(closed) + 1, np.int64)
        np.cumsum(closed, out=self._total[1:])

    def allowed(self, units: Units) -> npt.NDArray[np.bool_]:
        """Tell for each unit whether it is free of protected spans and parts no grapheme."""
        free: npt.NDArray[np.bool_] = self._total[units.end] == self._total[units.start]
        return free & ~self._batch.splits_cluster(units)

    def allows(self, text: int, edit: Edit) -> bool:
        """Tell whether one edit of text number `text` touches no protected span."""
        offset = int(self._batch.starts[text])
        low, high = edit.start + offset, edit.end + offset
        if low == high:  # an insertion is inside a span only if both its neighbours are
            low, high = max(low - 1, offset), min(high + 1, int(self._batch.ends[text]))
            return bool(self._total[high] - self._total[low] < 2)
        return bool(self._total[high] == self._total[low])

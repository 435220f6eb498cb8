"""Which rows of a test set come from one source, and so are no independent evidence."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from robustft.data.split import Split
from robustft.data.task import TaskType

__all__ = ["sources_of"]

SOURCE = "source_id"


def sources_of(split: Split) -> npt.NDArray[np.int64] | None:
    """Return the source of each row, numbered in the order of the rows; None where none share one.

    Sources are what the column ``source_id`` says, where there is one (a row without is its own).
    Else rows with the same texts share a source, and of questions those about the same context.
    """
    names: Sequence[Hashable]
    if SOURCE in split.table.column_names:
        given = split.table[SOURCE].to_pylist()
        # A tuple is no name in the column, so that no row without one is taken for another's.
        names = [(i,) if name is None else name for i, name in enumerate(given)]
    elif split.task.type is TaskType.QUESTION_ANSWERING and split.pairs is not None:
        names = split.pairs
    else:
        names = split.rows_of_texts
    numbers: dict[Hashable, int] = {}
    codes = np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)
    return None if len(numbers) == len(codes) else codes

"""Which parts of the rows each row belongs to, so that a reader can look at one part alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from robustft.data.split import Split
from robustft.data.task import Task
from robustft.errors import DataError, RobustftError
from robustft.evaluation.results import ORIGINAL, RobustnessResult

__all__ = ["Parts", "read_parts"]

Parts = dict[str, npt.NDArray[np.bool_]]
"""By name, such as *length: 25 to 28 words*: whether each row belongs to the part."""

_OURS = ("length", "label", "negation", "answerable")


def read_parts(folder: Path, result: RobustnessResult) -> Parts:
    """Return the parts that the result's slices speak of, but labels, which have a filter already.

    Raises
    ------
    DataError
        The rows cannot be read.
    """
    told = {(found.column, found.value) for found in result.slices}
    if not told:
        return {}
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Its parts are cut anew from the rows, as the evaluation cut them.
    from robustft.evaluation.slices import parts_of

    path = folder / "data" / f"{ORIGINAL}.parquet"
    try:
        split = Split(ORIGINAL, pq.read_table(path), Task.from_dict(result.task))
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: expected the rows, got: {error}") from error
    columns = [column for column in dict.fromkeys(c for c, _ in told) if column not in _OURS]
    try:
        parts = parts_of(split, columns)
    except RobustftError:
        return {}
    return {
        f"{part.column}: {part.value}": part.rows
        for part in parts
        if part.column != "label" and (part.column, part.value) in told
    }

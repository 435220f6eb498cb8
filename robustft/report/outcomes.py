"""What each model said of each row, before and after the change, as arrays.

A prediction can break, mend, change from one wrong class to another, or hold. Numbers are further
off or nearer when their error has changed by a tenth of the labels' standard deviation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.errors import DataError
from robustft.evaluation.results import ORIGINAL, RobustnessResult

__all__ = ["Outcome", "Outcomes", "read_outcomes"]

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
_NOTABLE = 0.1


class Outcome(IntEnum):
    """What became of a prediction when the text changed."""

    HELD_RIGHT = 0
    HELD_WRONG = 1
    BROKE = 2
    MENDED = 3
    MOVED = 4


@dataclass(frozen=True, eq=False)
class Said:
    """A model on a set: its guesses, as codes or numbers, how sure it was, whether it was right."""

    guess: npt.NDArray[Any]
    sure: Floats
    right: npt.NDArray[np.bool_]


class _Names:
    """Strings by code, so that a guess is kept once however often it was made."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}

    def encode(self, column: Any) -> Ints:
        column = column.combine_chunks().dictionary_encode()
        mine = [
            self.codes.setdefault(str(v), len(self.codes)) for v in column.dictionary.to_pylist()
        ]
        table = np.asarray([*mine, -1], np.int32)
        codes: Ints = table[column.indices.fill_null(len(mine)).to_numpy(zero_copy_only=False)]
        return codes


@dataclass(frozen=True, eq=False)
class Outcomes:
    """All predictions of an evaluation.

    Attributes
    ----------
    ids
        Of the rows, in the order of all arrays.
    labels
        Codes into `names`, or numbers; all -1 where answers stand for labels.
    said
        By model and set; a pair whose file is missing is left out.
    names
        What codes stand for: classes, or answers. Empty for numbers.
    """

    ids: tuple[str, ...]
    labels: npt.NDArray[Any]
    said: Mapping[tuple[str, str], Said]
    names: tuple[str, ...]
    numeric: bool

    def of(self, model: str, name: str) -> npt.NDArray[np.int8] | None:
        """Return an `Outcome` a row for a model and a changed set; None without predictions."""
        before, after = self.said.get((model, ORIGINAL)), self.said.get((model, name))
        if before is None or after is None:
            return None
        if self.numeric:
            return self._moved(before, after)
        made = np.where(before.right, Outcome.HELD_RIGHT, Outcome.HELD_WRONG).astype(np.int8)
        made[before.right & ~after.right] = Outcome.BROKE
        made[~before.right & after.right] = Outcome.MENDED
        made[~before.right & ~after.right & (before.guess != after.guess)] = Outcome.MOVED
        return made

    def _moved(self, before: Said, after: Said) -> npt.NDArray[np.int8]:
        worse = np.abs(after.guess - self.labels) - np.abs(before.guess - self.labels)
        notable = _NOTABLE * float(np.std(self.labels)) if len(self.labels) else 0.0
        made = np.full(len(worse), Outcome.HELD_RIGHT, np.int8)
        made[worse > notable] = Outcome.BROKE
        made[worse < -notable] = Outcome.MENDED
        return made


def read_outcomes(folder: Path, result: RobustnessResult) -> Outcomes | None:
    """Read ``predictions/MODEL/SET.parquet`` of an evaluation; None where there are none.

    Raises
    ------
    DataError
        A file is damaged, or of other rows than the others.
    """
    kind = result.task.get("type")
    names, numeric = _Names(), kind == "regression"
    for label in result.task.get("label_names", ()):
        names.codes.setdefault(str(label), len(names.codes))
    ids: tuple[str, ...] = ()
    labels: npt.NDArray[Any] = np.zeros(0)
    said: dict[tuple[str, str], Said] = {}
    for model in result.models:
        for facts in result.sets:
            path = folder / "predictions" / model.name / f"{facts.name}.parquet"
            if not path.is_file():
                continue
            table = _table(path)
            if not said:
                ids = tuple(str(i) for i in table["id"].to_pylist())
                labels = _labels(table, names, numeric=numeric)
            elif len(table) != len(ids):
                raise DataError(
                    f"{path}: expected {len(ids):,} rows as elsewhere, got {len(table):,}"
                )
            said[model.name, facts.name] = _said(table, labels, names, numeric=numeric)
    if not said:
        return None
    return Outcomes(ids, labels, said, () if numeric else tuple(names.codes), numeric)


_COLUMNS = ("id", "label", "prediction", "probabilities", "exact_match", "f1")


def _table(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.ParquetFile(path).schema_arrow.names
        table = pq.read_table(path, columns=[c for c in _COLUMNS if c in found])
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: expected predictions, got: {error}") from error
    if missing := {"id", "prediction"} - set(table.column_names):
        raise DataError(f"{path}: expected predictions, got no column {', '.join(sorted(missing))}")
    return table


def _labels(table: Any, names: _Names, *, numeric: bool) -> npt.NDArray[Any]:
    if "label" not in table.column_names:
        return np.full(len(table), -1, np.int32)
    if numeric:
        numbers: Floats = table["label"].to_numpy().astype(np.float32)
        return numbers
    return names.encode(table["label"])


def _said(table: Any, labels: npt.NDArray[Any], names: _Names, *, numeric: bool) -> Said:
    if numeric:
        guess = table["prediction"].to_numpy().astype(np.float32)
        # The nearer, the better; there is no confidence in a number.
        return Said(guess, -np.abs(guess - labels), np.ones(len(guess), np.bool_))
    codes = names.encode(table["prediction"])
    columns = set(table.column_names)
    if "probabilities" in columns:
        shares = table["probabilities"].combine_chunks()
        flat = shares.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
        sure = flat.reshape(len(table), -1).max(1) if len(table) else flat
    else:
        scores = table["f1"] if "f1" in columns else None
        sure = np.ones(len(table)) if scores is None else scores.to_numpy()
    if "exact_match" in columns:
        right = table["exact_match"].to_numpy(zero_copy_only=False) > 0.5
    else:
        right = codes == labels
    return Said(codes, np.nan_to_num(np.asarray(sure, np.float32)), right)

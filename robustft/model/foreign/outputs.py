"""What a model of another make returned, as logits in the order of the data's labels.

Labels are matched by name. What has no names is taken by position, and that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.data.labels import is_whole
from robustft.data.task import Task, TaskType
from robustft.errors import ModelError, first_line
from robustft.model.labels import (
    by_position,
    is_generic,
    label_order,
    nearest_labels,
)

__all__ = ["OutputReader", "log_shares"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

# Shares are often rounded to two decimals before they are sent.
_SUM_OFF = 0.02
# A share of nothing: its logarithm must stay a number.
_LEAST = 1e-30


class OutputReader:
    """Reads the outputs of one model.

    Parameters
    ----------
    where
        The model, for errors.
    classes
        What the columns of an array stand for; None where nobody says so.
    logits
        Whether arrays hold logits, which need not be shares; None takes those that look like
        shares for shares.

    Attributes
    ----------
    notices
        What was taken for granted, a sentence each.
    """

    def __init__(
        self,
        where: str,
        task: Task,
        *,
        classes: Sequence[Any] | None = None,
        logits: bool | None = False,
    ) -> None:
        self.notices: list[str] = []
        self._where, self._task, self._logits = where, task, logits
        # Notices go into run folders, which hold no folders of this machine.
        self._called = where if "://" in where else PurePath(where).name or where
        self._regression = task.type is TaskType.REGRESSION
        self._positions_said = False
        self._codes: dict[str, int] = {}
        self._columns: list[int] | None = None
        if classes is not None and not self._regression:
            self.name_columns(classes)

    @property
    def columns(self) -> int:
        """How many outputs a text has."""
        return 1 if self._regression else len(self._task.label_names)

    def name_columns(self, classes: Sequence[Any]) -> None:
        """Say what the columns of arrays stand for.

        Raises
        ------
        ModelError
            These are not the data's labels.
        """
        names = [_text(name) for name in classes]
        ours = self._task.label_names
        # Numbers are codes where the data's labels are no numbers.
        numbered = not any(map(is_whole, ours)) and names == [str(i) for i in range(len(ours))]
        if numbered:
            self._columns = list(range(len(ours)))
        else:
            self._columns = list(label_order(names, self._task, where=self._where))
        if numbered or all(map(is_generic, names)):
            self._by_position(f"its labels are {', '.join(names)}")
        self._codes |= {names[column]: code for code, column in enumerate(self._columns)}

    def __call__(self, raw: Any, rows: int) -> Floats:
        """Return the logits of `rows` texts, float32 (rows, columns); of a regression the numbers.

        Raises
        ------
        ModelError
            There are more or fewer outputs than texts, they have another shape, are no numbers or
            no shares, or name a label that is none of the data's.
        """
        values = _plain(raw)
        if not isinstance(values, list | tuple | np.ndarray):
            raise self._wrong("a list or an array of outputs", type(raw).__name__)
        if len(values) != rows:
            raise self._wrong(f"{rows:,} outputs for {rows:,} texts", f"{len(values):,}")
        if rows == 0:
            return np.empty((0, self.columns), np.float32)
        if isinstance(values[0], str):
            return self._of_labels(list(values))
        if isinstance(values[0], Mapping) or _is_ranking(values[0]):
            return self._of_mappings(list(values))
        return self._of_numbers(values)

    def _of_labels(self, labels: Sequence[Any]) -> Floats:
        if self._regression:
            raise self._wrong("numbers for a regression", f"the text {labels[0]!r}")
        codes = [self._code(label) for label in labels]
        self._say("it names a label and no probabilities, so each counts as certain")
        return log_shares(np.eye(self.columns)[codes])

    def _of_mappings(self, rows: Sequence[Any]) -> Floats:
        """Read labels with their probabilities; of those left out, each gets an equal share."""
        if self._regression:
            return self._of_numbers([self._only_value(row) for row in rows])
        shares = np.full((len(rows), self.columns), np.nan)
        for number, row in enumerate(rows):
            for label, share in self._pairs(row):
                shares[number, self._code(label)] = share
        given = ~np.isnan(shares)
        if not given.any(axis=1).all():
            number = int(np.flatnonzero(~given.any(axis=1))[0])
            raise self._wrong("a number for at least one label", f"none in row {number + 1}")
        if not given.all():
            least = np.where(given, shares, np.inf).min(axis=1)
            left = 1 - np.where(given, shares, 0).sum(axis=1)
            each = left / np.maximum((~given).sum(axis=1), 1)
            if self.columns > 2:  # the likeliest are named, so no other is likelier
                each = np.minimum(each, least)
            shares = np.where(given, shares, np.maximum(each, 0)[:, None])
            if self.columns > 2:
                self._say("of the labels that it leaves out, each counts an equal share")
                shares /= np.maximum(shares.sum(axis=1, keepdims=True), _LEAST)
        return log_shares(self._checked(shares))

    def _of_numbers(self, values: Any) -> Floats:
        try:
            array = np.asarray(values)
            whole = array.dtype.kind in "iub" and array.ndim == 1
            numbers = array.astype(np.float64)
        except (TypeError, ValueError) as problem:
            raise self._wrong("numbers in rows of one length", first_line(problem)) from None
        if self._regression:
            if numbers.ndim not in (1, 2) or numbers.size != len(numbers):
                raise self._wrong("one number a text", f"the shape {_shape(numbers)}")
            return self._finite(numbers.reshape(-1, 1)).astype(np.float32)
        if whole:
            return self._of_labels([str(int(value)) for value in array])
        ours = self._task.label_names
        if numbers.ndim != 2 or numbers.shape[1] != len(ours):
            raise self._wrong(
                f"a column for each of the labels {', '.join(ours)}: the shape "
                f"({len(numbers)}, {len(ours)})",
                f"the shape {_shape(numbers)}",
            )
        if self._columns is None:
            self._by_position("nothing names its columns")
        else:
            numbers = numbers[:, self._columns]
        if self._logits is None:
            sums = numbers.sum(axis=1)
            self._logits = bool((numbers < 0).any() or (np.abs(sums - 1) > _SUM_OFF).any())
        if self._logits:
            return self._finite(numbers).astype(np.float32)
        return log_shares(self._checked(numbers))

    def _checked(self, shares: Doubles) -> Doubles:
        """Return probabilities, each row's sum 1."""
        self._finite(shares)
        sums = shares.sum(axis=1)
        off = (shares < -_SUM_OFF).any(axis=1) | (np.abs(sums - 1) > _SUM_OFF)
        if off.any():
            row = int(np.flatnonzero(off)[0])
            shown = ", ".join(f"{value:.4g}" for value in shares[row])
            raise self._wrong("probabilities that sum to 1", f"{shown} in row {row + 1}")
        return shares

    def _finite(self, numbers: Doubles) -> Doubles:
        bad = ~np.isfinite(numbers).all(axis=1)
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            what = "NaN" if np.isnan(numbers[row]).any() else "an infinite number"
            raise self._wrong("finite numbers", f"{what} in row {row + 1} of {len(numbers)}")
        return numbers

    def _pairs(self, row: Any) -> list[tuple[Any, float]]:
        """Return the labels and numbers of a row, whichever way it is written."""
        parts = row if isinstance(row, list | tuple) else [row]
        try:
            found: list[tuple[Any, float]] = []
            for part in parts:
                ranked = set(part) == {"label", "score"}
                items = [(part["label"], part["score"])] if ranked else list(part.items())
                found += [(label, float(share)) for label, share in items]
        except (AttributeError, TypeError, ValueError):
            raise self._wrong("labels with their probabilities", f"{row!r:.80}") from None
        for label, share in found:
            if not np.isfinite(share):
                raise self._wrong("finite numbers", f"{share} for the label {label!r}")
        return found

    def _only_value(self, row: Any) -> float:
        found = self._pairs(row)
        if len(found) != 1:
            raise self._wrong("one number a text", f"{len(found)}")
        return found[0][1]

    def _code(self, label: Any) -> int:
        """Return the code of the data's label that a model's label means."""
        name = _text(label)
        if name not in self._codes:
            self._codes[name] = self._matched(name)
        return self._codes[name]

    def _matched(self, name: str) -> int:
        ours = self._task.label_names
        found = nearest_labels(name, ours)
        if len(found) == 1:
            return found[0]
        numbered = is_whole(name) and not any(is_whole(other) for other in ours)
        if is_generic(name) or numbered:
            code = int(name.rpartition("_")[2])
            if 0 <= code < len(ours):
                self._by_position(f"its labels are like {name}")
                return code
        known = ", ".join(dict.fromkeys([*self._codes, name]))
        raise ModelError(
            f"{self._where}: expected a model whose labels are the data's ({', '.join(ours)}), "
            f"got {known}; name the data's labels as the model does, such as --label-map "
            f"{ours[0]}={name} (check which is which)"
        )

    def _by_position(self, why: str) -> None:
        if not self._positions_said:
            self.notices.append(by_position(self._called, why, self._task.label_names))
        self._positions_said = True

    def _say(self, what: str) -> None:
        sentence = f"{self._called}: {what}"
        if sentence not in self.notices:
            self.notices.append(sentence)

    def _wrong(self, wanted: str, got: str) -> ModelError:
        return ModelError(f"{self._where}: expected {wanted}, got {got}")


def log_shares(shares: Doubles) -> Floats:
    """Return logits of which the softmax is `shares`, and the largest the same column."""
    made: Floats = np.log(np.maximum(shares, _LEAST)).astype(np.float32)
    best, rows = shares.argmax(axis=1), np.arange(len(shares))
    tied = made.argmax(axis=1) != best  # in 32 bits a close call becomes none
    made[rows[tied], best[tied]] = np.nextafter(made[tied].max(axis=1), np.float32(np.inf))
    return made


def _plain(raw: Any) -> Any:
    """Return lists or numbers for what libraries return: arrays, tensors, columns of tables."""
    for method in ("detach", "cpu", "to_numpy"):
        step: Callable[[], Any] | None = getattr(raw, method, None)
        raw = step() if callable(step) else raw
    if isinstance(raw, np.ndarray) and raw.dtype.kind in "OUS":
        return raw.tolist()
    if not isinstance(raw, list | tuple | np.ndarray | Mapping | str) and hasattr(raw, "__array__"):
        return np.asarray(raw)
    return raw


def _is_ranking(row: Any) -> bool:
    return isinstance(row, list | tuple) and len(row) > 0 and isinstance(row[0], Mapping)


def _text(label: Any) -> str:
    """Return a label as text: 1.0 is 1, as in the data."""
    if isinstance(label, float | np.floating) and float(label).is_integer():
        return str(int(label))
    return label.decode() if isinstance(label, bytes) else str(label)


def _shape(array: npt.NDArray[Any]) -> str:
    return str(tuple(array.shape))

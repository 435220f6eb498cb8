"""What the values of a label column mean: names, codes, numbers, and the lack of any."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from robustft.data.features import class_names, is_text
from robustft.data.task import Task
from robustft.errors import DataError, UsageError, suggest

__all__ = ["Labels", "is_whole", "label_codes", "label_numbers", "parse_label_map"]

_MISSING_TEXTS = frozenset({"", "nan", "NaN", "null", "NULL"})


class Labels:
    """The distinct values of a label column, in canonical form, and which row holds which.

    A value's canonical form is what a class is called: the name behind a code where the schema
    names the classes, ``"3"`` for 3 or 3.0, ``"True"`` for true, a text as it is, None for a
    missing label (null, NaN, an empty text, -1 where classes are named).

    Attributes
    ----------
    kind
        ``class`` (codes with names), ``bool``, ``int``, ``float``, ``text`` or ``none``.
    names
        The names behind the codes, for ``class``.
    values
        The distinct values as they stand in the column.
    index
        For each row the position of its value in `values`, int64.

    Raises
    ------
    DataError
        The column's type is none that a label can have.
    """

    def __init__(self, table: pa.Table, column: str, where: str) -> None:
        self.column = column
        self.names = class_names(table.schema, column)
        data = _plain(table[column])
        self.kind = _kind(data.type, self.names, f"{where}: column {column}")
        encoded = data.combine_chunks().dictionary_encode(null_encoding="encode")
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.unify_dictionaries().combine_chunks()
        self.values: list[Any] = encoded.dictionary.to_pylist()
        self.index = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        self.canonical = [self._canonical(value, where) for value in self.values]

    def _canonical(self, value: Any, where: str) -> str | None:
        if value is None:
            return None
        if isinstance(value, str):
            return None if value in _MISSING_TEXTS else value
        if isinstance(value, float):
            if math.isnan(value):
                return None
            value = int(value) if value.is_integer() else value
        if self.names is None:
            return str(value)
        if value == -1:
            return None
        if not 0 <= value < len(self.names):
            raise DataError(
                f"{where}: expected codes from 0 to {len(self.names) - 1} in the column "
                f"{self.column}, whose classes have names, got {value}"
            )
        return self.names[int(value)]

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Which rows have no label, shape ``(rows,)``."""
        return self.rows_with([None])

    @property
    def all_minus_one(self) -> bool:
        """Whether every label is -1, the convention for a split without labels."""
        present = [v for v, name in zip(self.values, self.canonical, strict=True) if name]
        return self.kind in ("int", "float") and bool(present) and set(present) == {-1}

    def rows_with(self, values: Sequence[str | None]) -> npt.NDArray[np.bool_]:
        """Return which rows hold one of the canonical `values`."""
        wanted = np.array([name in values for name in self.canonical], dtype=bool)
        return np.asarray(wanted[self.index], dtype=np.bool_)

    def codes(self, names: Sequence[str], where: str) -> npt.NDArray[np.int64]:
        """Return each row's position in `names`, -1 for a missing label.

        Whole numbers that stand for themselves are looked up by name where the names are
        numbers, and are codes where they are not.

        Raises
        ------
        DataError
            A label is not among `names`.
        """
        code_of = {name: code for code, name in enumerate(names)}
        direct = self.kind in ("int", "float") and not any(is_whole(name) for name in names)
        codes = []
        for name in self.canonical:
            if name is None or (name == "-1" and name not in code_of and self.kind != "text"):
                codes.append(-1)
            elif direct and is_whole(name) and 0 <= int(name) < len(names):
                codes.append(int(name))
            elif name in code_of:
                codes.append(code_of[name])
            else:
                raise DataError(
                    f"{where}: expected one of the labels {', '.join(names)} in the column "
                    f"{self.column}, got {name!r}{suggest(name, names)}"
                )
        return cast("npt.NDArray[np.int64]", np.array(codes, dtype=np.int64)[self.index])


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(pc.cast(column, kind.value_type))
    if pa.types.is_string_view(kind):
        return pc.cast(column, pa.large_string())
    if pa.types.is_float16(kind) or pa.types.is_float32(kind) or pa.types.is_decimal(kind):
        return pc.cast(column, pa.float64())
    return column


def _kind(kind: pa.DataType, names: Sequence[str] | None, where: str) -> str:
    if pa.types.is_null(kind):
        return "none"
    if pa.types.is_boolean(kind):
        return "bool"
    if pa.types.is_integer(kind):
        return "class" if names else "int"
    if pa.types.is_floating(kind):
        return "class" if names else "float"
    if is_text(kind):
        return "text"
    raise DataError(f"{where}: expected labels that are numbers, texts or truth values, got {kind}")


def is_whole(name: str) -> bool:
    """Say whether a label's name is a whole number."""
    digits = name[1:] if name[:1] in "+-" else name
    return digits.isascii() and digits.isdigit()


def label_codes(table: pa.Table, task: Task, where: str) -> npt.NDArray[np.int64]:
    """Return the code of each row's label under a classification task, -1 for none."""
    return Labels(table, task.label_column, where).codes(task.label_names, where)


def label_numbers(table: pa.Table, column: str, where: str) -> npt.NDArray[np.float64]:
    """Return each row's label as a number, float64, NaN for none.

    Raises
    ------
    DataError
        The column holds no numbers.
    """
    data = _plain(table[column])
    kind = data.type
    if pa.types.is_null(kind):
        return np.full(len(data), np.nan)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise DataError(f"{where}: column {column}: expected numbers for a regression, got {kind}")
    numbers = pc.cast(data, pa.float64(), safe=False).to_numpy()
    return cast("npt.NDArray[np.float64]", np.array(numbers, dtype=np.float64))


def parse_label_map(given: str | Mapping[Any, Any] | None) -> dict[str, str]:
    """Return which label becomes which: ``0=neg,1=pos``, or a mapping.

    Two labels with one name are merged. A label with an empty name (``2=``) is dropped, with its
    rows.

    Raises
    ------
    UsageError
        A part is no ``label=name``, or a label is named twice.

    >>> parse_label_map("0=neg,1=pos")
    {'0': 'neg', '1': 'pos'}
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return {str(old).strip(): str(new).strip() for old, new in given.items()}
    names: dict[str, str] = {}
    for part in given.split(","):
        old, equals, new = (piece.strip() for piece in part.partition("="))
        if not equals or not old:
            raise UsageError(f"label map: expected label=name,label=name,…, got {part.strip()!r}")
        if old in names:
            raise UsageError(f"label map: expected each label once, got {old!r} twice")
        names[old] = new
    return names

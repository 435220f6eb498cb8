"""Columns from Python values, and types for columns that were read as text."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["column_of", "mixed_values", "same_mixed", "table_of", "typed"]

_MIXED = {b"robustft": b"mixed"}
_MISSING = ("", "NA", "N/A", "NaN", "nan", "NULL", "null", "None")
_WHOLE = r"^[+-]?(0|[1-9][0-9]*)$"
_NUMBER = r"^[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"


def table_of(rows: Sequence[Mapping[str, Any]], where: str) -> tuple[pa.Table, list[str]]:
    """Return a table of objects, with a column for each key in the order they first occur.

    A key that a row lacks is null there. The second value holds notices.
    """
    names: dict[str, None] = {}
    for row in rows:
        if row.keys() != names.keys():
            names.update(dict.fromkeys(map(str, row)))
    notices: list[str] = []
    columns, fields = [], []
    for name in names:
        column, field = column_of(name, [row.get(name) for row in rows], where, notices)
        columns.append(column)
        fields.append(field)
    return pa.Table.from_arrays(columns, schema=pa.schema(fields)), notices


def column_of(
    name: str, values: list[Any], where: str, notices: list[str]
) -> tuple[pa.Array, pa.Field]:
    """Return a column of Python values; NaN is null.

    Values of several types that no Arrow type holds together are kept as JSON texts in a field
    marked as mixed; `mixed_values` gives them back.
    """
    try:
        column = pa.array(values, from_pandas=True)
    except UnicodeEncodeError:
        cleaned = [_without_surrogates(value) for value in values]
        changed = sum(new != old for new, old in zip(cleaned, values, strict=True))
        notices.append(
            f"{where}: {changed:,} values hold half of a surrogate pair, which is no character; "
            f"it is read as U+FFFD (column {name})"
        )
        return column_of(name, cleaned, where, notices)
    except (pa.ArrowException, OverflowError, TypeError):
        return _as_mixed(name, values)
    return column, pa.field(name, column.type)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value


def mixed_values(table: pa.Table, name: str) -> list[Any] | None:
    """Return the values of a column marked as mixed, or None where `name` is a plain column."""
    if dict(table.schema.field(name).metadata or {}) != _MIXED:
        return None
    return [None if v is None else json.loads(v) for v in table[name].to_pylist()]


def same_mixed(tables: Sequence[pa.Table]) -> list[pa.Table]:
    """Return the tables with a column that is mixed in one of them mixed in all of them."""
    names = {
        field.name
        for table in tables
        for field in table.schema
        if dict(field.metadata or {}) == _MIXED
    }
    return [_with_mixed(table, names.intersection(table.column_names)) for table in tables]


def _with_mixed(table: pa.Table, names: Collection[str]) -> pa.Table:
    for name in sorted(names):
        if mixed_values(table, name) is None:
            column, field = _as_mixed(name, table[name].to_pylist())
            table = table.set_column(table.column_names.index(name), field, column)
    return table


def _as_mixed(name: str, values: Sequence[Any]) -> tuple[pa.Array, pa.Field]:
    texts = [None if _is_missing(v) else json.dumps(v, default=str) for v in values]
    return pa.array(texts, pa.large_string()), pa.field(name, pa.large_string(), metadata=_MIXED)


def typed(table: pa.Table, keep: Collection[str | None]) -> pa.Table:
    """Return a table read as text with its numeric columns as numbers, but for those in `keep`.

    A column is numeric when every value in it is a number; empty fields and *NA*, *NaN*, *null*
    are then null. Numbers with leading zeros are codes, not numbers.
    """
    for index, name in enumerate(table.column_names):
        if name not in keep:
            table = table.set_column(index, name, _typed_column(table[name]))
    return table


def _typed_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    blank = pc.is_in(column, value_set=pa.array(_MISSING, column.type))
    values = pc.if_else(blank, pa.scalar(None, column.type), column)
    if values.null_count == len(values):
        return column
    try:
        if _all_match(values, _WHOLE):
            return pc.cast(values, pa.int64())
        if _all_match(values, _NUMBER):
            return pc.cast(values, pa.float64())
    except pa.ArrowInvalid:
        return column  # a whole number beyond 64 bits
    return column


def _all_match(values: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(values, pattern)).as_py())

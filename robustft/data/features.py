"""Column facts that a table carries in its schema: the names of classes, and our own task.

The ``huggingface`` entry of a schema's metadata is what the `datasets` library writes into parquet
and Arrow files (``{"info": {"features": {column: {"_type": "ClassLabel", "names": [...]}}}}``)
and reads back; keeping it means that label names survive a round trip through either library.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, overload

import pyarrow as pa

from robustft.data.task import Task
from robustft.errors import RobustftError

__all__ = [
    "TextColumn",
    "class_names",
    "is_text",
    "is_text_list",
    "saved_task",
    "texts_in",
    "with_class_names",
    "with_task",
]

_HUGGINGFACE = b"huggingface"
_ROBUSTFT = b"robustft"
_PORTION = 10_000
_LISTS = ("List", "LargeList", "Sequence")  # how versions of `datasets` call them


def is_text(kind: pa.DataType) -> bool:
    """Say whether an Arrow type holds text."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def is_text_list(kind: pa.DataType) -> bool:
    """Say whether an Arrow type holds lists of texts."""
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind)) and is_text(kind.value_type)


def texts_in(table: pa.Table, column: str) -> list[str]:
    """Return the texts of a column; of a list of tokens the text is what spaces join."""
    values: list[Any] = table[column].to_pylist()
    joined = is_text_list(table.schema.field(column).type)
    return [" ".join(tokens) for tokens in values] if joined else values


class TextColumn(Sequence[str]):
    """The texts of a column, made a portion at a time: a corpus then lies in memory once.

    What is read again is made again; `texts_in` is for who reads often.
    """

    def __init__(self, table: pa.Table, column: str) -> None:
        self._table, self._column = table.select([column]), column

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), _PORTION):
            yield from texts_in(self._table.slice(start, _PORTION), self._column)

    @overload
    def __getitem__(self, rows: int) -> str: ...
    @overload
    def __getitem__(self, rows: slice) -> list[str]: ...
    def __getitem__(self, rows: int | slice) -> str | list[str]:
        """Return a text, or those of some rows next to each other."""
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step != 1:
                return texts_in(self._table, self._column)[rows]
            return texts_in(self._table.slice(start, max(0, stop - start)), self._column)
        if not -len(self) <= rows < len(self):
            raise IndexError(rows)
        return texts_in(self._table.slice(rows % len(self), 1), self._column)[0]


def _entry(schema: pa.Schema, key: bytes) -> dict[str, Any]:
    try:
        entry = json.loads((schema.metadata or {}).get(key, b"{}"))
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _features(schema: pa.Schema) -> dict[str, Any]:
    info = _entry(schema, _HUGGINGFACE).get("info")
    features = info.get("features") if isinstance(info, dict) else None
    return features if isinstance(features, dict) else {}


def class_names(schema: pa.Schema, column: str) -> tuple[str, ...] | None:
    """Return the names of the classes whose codes `column` holds, or None where it says none.

    A column may hold codes or lists of codes.
    """
    feature = _features(schema).get(column)
    if isinstance(feature, dict) and feature.get("_type") in _LISTS:
        feature = feature.get("feature")
    elif isinstance(feature, list):
        feature = feature[0]
    if not isinstance(feature, dict) or feature.get("_type") != "ClassLabel":
        return None
    names = feature.get("names")
    return tuple(str(name) for name in names) if isinstance(names, list) and names else None


def with_class_names(table: pa.Table, column: str, names: Sequence[str] | None) -> pa.Table:
    """Return `table` with its schema saying that `column` holds codes of `names` (None: not)."""
    features = {key: f for key, f in _features(table.schema).items() if key in table.column_names}
    if names is None:
        features.pop(column, None)
    else:
        features[column] = {"names": list(names), "_type": "ClassLabel"}
    return _with_entry(table, _HUGGINGFACE, {"info": {"features": features}} if features else None)


def with_task(table: pa.Table, task: Task) -> pa.Table:
    """Return `table` with the task in its schema, and without what pandas noted of its source.

    pandas' note names package versions and an index: the same rows from a csv file lack it.
    """
    metadata = {key: v for key, v in (table.schema.metadata or {}).items() if key != b"pandas"}
    return _with_entry(table.replace_schema_metadata(metadata), _ROBUSTFT, {"task": task.to_dict()})


def saved_task(schema: pa.Schema) -> Task | None:
    """Return the task that `with_task` wrote into a schema, or None."""
    plain = _entry(schema, _ROBUSTFT).get("task")
    if not isinstance(plain, dict):
        return None
    try:
        return Task.from_dict(plain)
    except (RobustftError, TypeError):
        return None  # written by another version: the columns speak for themselves


def _with_entry(table: pa.Table, key: bytes, entry: dict[str, Any] | None) -> pa.Table:
    metadata = dict(table.schema.metadata or {})
    metadata.pop(key, None)
    if entry is not None:
        metadata[key] = json.dumps(entry, sort_keys=True).encode()
    return table.replace_schema_metadata(dict(sorted(metadata.items())) or None)

"""JSON: one object a line, or one list of objects."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pyarrow as pa

from robustft.data.answers import nested_rows
from robustft.data.values import table_of
from robustft.errors import DataError

__all__ = ["read_json", "read_json_lines"]

_KINDS = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "a truth value",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def read_json_lines(data: bytes, where: str) -> tuple[pa.Table, list[str]]:
    """Read one JSON object a line (blank lines are passed over); return table and notices.

    Raises
    ------
    DataError
        No rows, or a line that is no JSON object: the message names it.
    """
    rows = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            rows.append(
                _object(_parsed(line, f"{where}, line {number}"), f"{where}, line {number}")
            )
    if not rows:
        raise DataError(f"{where}: expected one JSON object a line, got an empty file")
    return table_of(rows, where)


def read_json(data: bytes, where: str) -> tuple[pa.Table, list[str]]:
    """Read a list of JSON objects, or one object a line; return table and notices.

    SQuAD's own layout (articles of paragraphs of questions) gives a row a question.
    """
    if not data.strip():
        raise DataError(f"{where}: expected a list of JSON objects, got an empty file")
    if data.lstrip()[:1] == b"{" and b"\n" in data.strip():
        first = data.strip().split(b"\n", 1)[0]
        if first.rstrip().endswith(b"}"):
            return read_json_lines(data, where)
    value = _parsed(data, where)
    questions = nested_rows(value)
    if questions:
        return table_of(questions, where)
    if isinstance(value, dict):
        if not any(isinstance(v, dict | list) for v in value.values()):
            return table_of([value], where)
        keys = ", ".join(list(value)[:5])
        raise DataError(
            f"{where}: expected a list of JSON objects or one object a line, got one object with "
            f"the keys {keys}"
        )
    if not isinstance(value, list):
        raise DataError(f"{where}: expected a list of JSON objects, got {_KINDS[type(value)]}")
    if not value:
        raise DataError(f"{where}: expected rows, got an empty list")
    return table_of([_object(row, f"{where}, row {n}") for n, row in enumerate(value, 1)], where)


def _parsed(data: bytes, where: str) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:
        # What orjson is strict about and others write: NaN, half surrogate pairs, long numbers.
        return json.loads(data)
    except ValueError as error:
        text = data.strip().decode("utf-8", "replace")
        shown = text if len(text) <= 60 else text[:57] + "..."
        raise DataError(f"{where}: expected JSON, got {shown!r} ({error})") from error
    except RecursionError:
        raise DataError(f"{where}: expected JSON, got some that is nested too deep") from None


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DataError(f"{where}: expected a JSON object, got {_KINDS[type(value)]}")
    return value

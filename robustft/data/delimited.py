"""Comma- and tab-separated values (RFC 4180), every column as text."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from robustft.errors import DataError

__all__ = ["read_delimited"]

_LARGEST_BLOCK = 1 << 30


def read_delimited(data: bytes, where: str, delimiter: str) -> pa.Table:
    """Read UTF-8 bytes with a header line; every column is text, an empty field an empty text.

    In tab-separated values a quotation mark is a character like any other, unless all that open a
    field are closed at its end.

    Raises
    ------
    DataError
        No header, no rows, a column named twice, or a line with another number of fields than
        the header: the message names the line.
    """
    if not data.strip():
        raise DataError(f"{where}: expected a header line and rows, got an empty file")
    names = _header(data, where, delimiter)
    if b"\n" not in data and b"\r" not in data:
        data += b"\n"  # a header alone, which the parser would take for half a row
    quoted = delimiter != "\t" or not _plain_quotes(data, len(names))
    bad: list[Any] = []
    table = _parse(data, names, delimiter, quoted=quoted, bad=bad, where=where)
    if bad:
        raise _malformed(data, names, bad[0], where)
    if not len(table):
        raise DataError(f"{where}: expected rows under the header, got the header alone")
    return table


def _header(data: bytes, where: str, delimiter: str) -> list[str]:
    first = data.lstrip(b"\r\n")[:65536].decode("utf-8", "ignore")
    names = next(csv.reader(io.StringIO(first, newline=""), delimiter=delimiter))
    names = [name.strip() or f"unnamed_{i}" for i, name in enumerate(names, 1)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"{where}: expected distinct column names, got {twice[0]!r} twice")
    return names


def _parse(
    data: bytes, names: list[str], delimiter: str, *, quoted: bool, bad: list[Any], where: str
) -> pa.Table:
    def note(row: Any) -> str:
        bad.append(row)
        return "skip"

    try:
        return pacsv.read_csv(
            pa.BufferReader(data),
            # One thread, or a bad row would not know its number.
            read_options=pacsv.ReadOptions(
                use_threads=False,
                block_size=min(len(data) + 1, _LARGEST_BLOCK),
                column_names=names,
                skip_rows=0,
                skip_rows_after_names=1,
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter,
                quote_char='"' if quoted else False,
                newlines_in_values=quoted,
                invalid_row_handler=note,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise DataError(f"{where}: expected rows of values, got an error: {error}") from error


def _plain_quotes(data: bytes, columns: int) -> bool:
    """Say whether quotation marks in tab-separated values are ordinary characters."""
    if b'"' not in data:
        return True
    opened = closed = 0
    for line in data.splitlines():
        fields = line.split(b"\t")
        if line and len(fields) != columns:
            return False  # a tab or a line break stands between quotation marks
        starts = [field for field in fields if field.startswith(b'"')]
        opened += len(starts)
        closed += sum(len(f) > 1 and f.endswith(b'"') and f.count(b'"') % 2 == 0 for f in starts)
    return opened != closed


def _malformed(data: bytes, names: list[str], row: Any, where: str) -> DataError:
    text = row.text.encode()
    at = data.find(b"\n" + text)
    at = data.find(b"\r" + text) if at < 0 else at
    line = data.count(b"\n", 0, at + 1) + 1 if b"\n" in data else data.count(b"\r", 0, at + 1) + 1
    advice = "put a value that holds the separator in quotation marks"
    if row.text.count('"') % 2:
        advice = "a quotation mark that opens there is not closed"
    shown = row.text if len(row.text) <= 60 else row.text[:57] + "..."
    return DataError(
        f"{where}, line {line}: expected {len(names)} values ({', '.join(names)}), "
        f"got {row.actual_columns} in {shown!r}; {advice}"
    )

"""``robustft transform -``: lines in on stdin, lines out on stdout, as they come."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

from robustft.data.columns import TEXT_NAMES
from robustft.data.records import json_line, stream_record
from robustft.errors import DataError, suggest
from robustft.text.identity import content_ids
from robustft.transform.engine import BATCH_SIZE, perturb

__all__ = ["read_lines", "run_stream"]


class Line(NamedTuple):
    """One input: its text, the id it came with, and the fields beside them."""

    text: str
    id: str | None
    fields: dict[str, Any]


def _object(line: str, number: int, text_column: str | None) -> Line:
    """Read a line that begins as a JSON object."""
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise DataError(f"stdin line {number}: expected a JSON object, got: {error}") from None
    lower = {key.lower(): key for key in fields}
    names = [text_column] if text_column else [lower[n] for n in TEXT_NAMES if n in lower]
    column = names[0] if names else None
    if column is None or column not in fields:
        wanted = repr(text_column) if text_column else " or ".join(TEXT_NAMES)
        raise DataError(
            f"stdin line {number}: expected a field {wanted}, got {', '.join(fields) or 'none'}"
            f"{suggest(text_column, fields) if text_column else '; name it with --text-column'}"
        )
    text = fields[column]
    if not isinstance(text, str):
        raise DataError(
            f"stdin line {number}, field {column!r}: expected a text, got {type(text).__name__}"
        )
    given = fields.get("id")
    return Line(text, None if given is None else str(given), fields)


def read_lines(stream: BinaryIO, text_column: str | None = None) -> Iterator[Line]:
    """Yield the texts of a stream: a JSON object a line, or the line itself.

    Raises
    ------
    DataError
        If a line is not UTF-8, is a broken JSON object, or has no text.
    """
    for number, raw in enumerate(stream, start=1):
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(
                f"stdin line {number}: expected UTF-8, got byte 0x{raw[error.start]:02x} "
                f"at position {error.start}"
            ) from None
        line = line.rstrip("\r\n")
        if line.lstrip().startswith("{"):
            yield _object(line, number, text_column)
        else:
            yield Line(line, None, {})


def _batches(lines: Iterable[Line], size: int) -> Iterator[list[Line]]:
    iterator = iter(lines)
    while batch := list(islice(iterator, size)):
        yield batch


def run_stream(
    chain: str, severity: int | None, seed: int, *, text_column: str | None, as_json: bool
) -> None:
    """Transform stdin to stdout; a line comes out for each that goes in, in order."""
    out = sys.stdout.buffer
    seen: Counter[bytes] = Counter()
    for batch in _batches(read_lines(sys.stdin.buffer, text_column), BATCH_SIZE):
        texts = [line.text for line in batch]
        by_content = content_ids(texts, seen)
        ids = [line.id or other for line, other in zip(batch, by_content, strict=True)]
        made = perturb(texts, chain, severity=severity, seed=seed, ids=ids)
        for line, row in zip(batch, made, strict=True):
            if as_json:
                record = stream_record(row)
                if "id" in line.fields:
                    record["id"] = line.fields["id"]
                out.write(json_line({**line.fields, **record}))
            else:
                out.write(row.text.encode("utf-8", "surrogatepass") + b"\n")
        out.flush()

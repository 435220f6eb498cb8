"""The first pass over a corpus: what each row is called by its content, and which labels there are.

It reads the columns of texts and labels alone, and leaves 8 bytes a row on disk.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from robustft.data.dataset import load_source
from robustft.data.rows import Rows
from robustft.data.sources import Source
from robustft.data.split import Split
from robustft.data.streaming.portions import read_portions, read_schema, with_texts
from robustft.data.streaming.shards import Shard
from robustft.data.streaming.storage import Place
from robustft.errors import DataError

__all__ = ["MOST_LABELS", "Columns", "Scanned", "hashes_of", "read_scan", "scan_shard"]

MOST_LABELS = 10_000
"""More labels than these are no classes: their examples are kept in memory."""

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Columns:
    """Which columns of a corpus hold what.

    Attributes
    ----------
    texts : one, or the two of a pair.
    label : None for a corpus without labels.
    ids : None where ids are made from the texts.
    classes : whether labels are classes, numbers or tags; answers to questions are neither.
    """

    texts: tuple[str, ...]
    label: str | None
    ids: str | None
    classes: bool = True

    @property
    def all(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(c for c in (*self.texts, self.label, self.ids) if c is not None)


@dataclass(frozen=True)
class Scanned:
    """What the first pass found in a shard.

    Attributes
    ----------
    rows : those with all their texts.
    without_text : those left out.
    blank : those with an empty text.
    digest : a hash of what the rows are called.
    schema : the shard's own.
    examples : rows with every label that occurs, the first of each.
    """

    rows: int
    without_text: int
    blank: int
    digest: str
    schema: pa.Schema
    examples: pa.Table


def scan_shard(shard: Shard, *, columns: Columns, place: Place) -> int:
    """Scan a shard unless that is done, leave what was found in `place`, return its rows.

    Raises
    ------
    DataError
        It cannot be read, or lacks a column of texts.
    """
    if place.has(f"{shard.part}.json"):
        return 0
    schema = read_schema(shard.url)
    _check(shard, schema, columns)
    wanted = columns.all
    found: list[Hashes] = []
    examples = _Examples(columns, shard.url)
    without_text = blank = 0
    for portion in read_portions(shard.url, wanted):
        table = with_texts(portion, columns.texts)
        without_text += len(portion) - len(table)
        if len(table):
            split = _texts_alone(table, columns, shard)
            blank += sum(not all(map(str.strip, texts)) for texts in split.rows_of_texts)
            found.append(_named(split.ids, columns))
            examples.add(table)
    hashes = np.concatenate([np.empty(0, np.uint64), *found])
    with place.writing(f"{shard.part}.npy") as temporary, temporary.open("wb") as file:
        np.save(file, hashes)
    facts = {
        "rows": len(hashes),
        "without_text": without_text,
        "blank": blank,
        "digest": blake2b(hashes.astype("<u8").tobytes(), digest_size=16).hexdigest(),
        "examples": base64.b64encode(_packed(examples.table(schema, wanted))).decode(),
        "schema": base64.b64encode(schema.serialize().to_pybytes()).decode(),
    }
    place.write(f"{shard.part}.json", json.dumps(facts).encode())
    return len(hashes)


def read_scan(shard: Shard, place: Place) -> Scanned:
    """Return what `scan_shard` left of a shard."""
    facts: dict[str, Any] = json.loads(place.read(f"{shard.part}.json"))
    examples, schema = (base64.b64decode(facts.pop(name)) for name in ("examples", "schema"))
    with pa.ipc.open_stream(examples) as reader:
        table = reader.read_all()
    return Scanned(**facts, schema=pa.ipc.read_schema(pa.py_buffer(schema)), examples=table)


def hashes_of(shard: Shard, place: Place) -> Hashes:
    """Return the hash of what each row with texts is called, in order."""
    found: Hashes = np.load(io.BytesIO(place.read(f"{shard.part}.npy")))
    return found


def _check(shard: Shard, schema: pa.Schema, columns: Columns) -> None:
    for name in (*columns.texts, *((columns.ids,) if columns.ids else ())):
        if name not in schema.names:
            raise DataError(
                f"{shard.url}: expected a column {name!r} as in other parts, got the columns "
                f"{', '.join(schema.names)}"
            )


def _texts_alone(table: pa.Table, columns: Columns, shard: Shard) -> Split:
    names = [*columns.texts, *((columns.ids,) if columns.ids else ())]
    source = Source(shard.name, {"all": Rows(table.select(names), ((shard.url, len(table)),))})
    loaded = load_source(
        source,
        text_column=",".join(columns.texts),
        id_column=columns.ids,
        make_splits=False,
        keep_unlabelled=True,
    )
    return loaded["all"]


def _named(ids: Sequence[str], columns: Columns) -> Hashes:
    if columns.ids is None:  # 16 digits, and an ordinal that holds within the portion alone
        return np.array([int(name[:16], 16) for name in ids], np.uint64)
    digests = [blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8) for name in ids]
    return np.frombuffer(b"".join(d.digest() for d in digests), ">u8").astype(np.uint64)


def _packed(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


class _Examples:
    """The first row with each label, so that labels can be settled without the other rows."""

    def __init__(self, columns: Columns, where: str) -> None:
        self._label, self._where, self._classes = columns.label, where, columns.classes
        self._seen: set[Any] = set()
        self._kept: list[pa.Table] = []
        self._fractions = False

    def add(self, table: pa.Table) -> None:
        if self._label is None or self._label not in table.column_names:
            if not self._kept:
                self._kept.append(table.slice(0, 1))
            return
        values = table[self._label].to_pylist()
        if not self._classes:
            values = [bool(value) for value in values]
        rows = [row for row, value in enumerate(values) if self._is_new(value)]
        if rows:
            self._kept.append(table.take(pa.array(rows)))
        if len(self._seen) > MOST_LABELS:
            raise DataError(
                f"{self._where}: expected labels in the column {self._label}, got more than "
                f"{MOST_LABELS:,} different values; name the one that holds them with "
                "--label-column"
            )

    def _is_new(self, value: Any) -> bool:
        if isinstance(value, float) and not value.is_integer() and value == value:  # noqa: PLR0124
            # Numbers with fractions are no classes: one is enough to say so.
            new, self._fractions = not self._fractions, True
            return new
        if self._fractions and isinstance(value, float):
            return False
        new_parts = {*_parts(value)} - self._seen
        self._seen |= new_parts
        return bool(new_parts)

    def table(self, schema: pa.Schema, names: Iterable[str]) -> pa.Table:
        if self._kept:
            return pa.concat_tables(self._kept)
        fields = [field for field in schema if field.name in set(names)]
        return pa.schema(fields, metadata=schema.metadata).empty_table()


def _parts(value: Any) -> list[Any]:
    """Return what makes a label new: itself, or each tag of a list."""
    if isinstance(value, list):
        return value
    return ["nan" if isinstance(value, float) and value != value else value]  # noqa: PLR0124

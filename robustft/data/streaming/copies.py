"""Copies of a text in a corpus: which they are, and the number of each among its likes.

In memory, copies are numbered in the order of what their other columns hold, so that neither the
order of the rows nor their division into files decides anything; the same is done here. What is
held in memory is a range of hashes at a time, and 8 bytes for each text that has copies; the rows
themselves are put in order by SQLite, on disk where they are many.
"""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from robustft.data.streaming.plan import Plan
from robustft.data.streaming.portions import read_portions, under_schema, with_texts
from robustft.data.streaming.scan import Hashes, hashes_of
from robustft.data.streaming.shards import Shard
from robustft.data.streaming.storage import Place
from robustft.errors import DataError

__all__ = ["copies_in", "number_copies", "ordinals_of", "repeated_hashes", "rows_of_copies"]

# Hashes looked at together: 128 MB.
_RANGE = 1 << 24
Rows = npt.NDArray[np.int64]


def repeated_hashes(shards: Sequence[Shard], place: Place, total: int) -> Hashes:
    """Return the hashes that occur more than once in `total` rows, sorted."""
    passes = max(1, -(-total // _RANGE))
    found = []
    for number in range(passes):
        low, high = number * 2**64 // passes, (number + 1) * 2**64 // passes - 1
        parts = []
        for shard in shards:
            hashes = hashes_of(shard, place)
            parts.append(
                hashes
                if passes == 1
                else hashes[(hashes >= np.uint64(low)) & (hashes <= np.uint64(high))]
            )
        together = np.sort(np.concatenate(parts))
        found.append(np.unique(together[1:][together[1:] == together[:-1]]))
    return np.concatenate(found)


def rows_of_copies(
    shards: Iterable[Shard], place: Place, repeated: Hashes
) -> Iterator[tuple[Shard, Rows]]:
    """Yield each shard that has rows whose hash is among `repeated`, with their numbers."""
    if not len(repeated):
        return
    for shard in shards:
        hashes = hashes_of(shard, place)
        at = np.minimum(np.searchsorted(repeated, hashes), len(repeated) - 1)
        rows = np.flatnonzero(repeated[at] == hashes)
        if len(rows):
            yield shard, rows


def copies_in(item: tuple[Shard, Rows], *, plan: Plan) -> tuple[int, list[tuple[int, str]]]:
    """Return a shard's number, and for some of its rows what orders them among their likes.

    That is what the columns beside the texts hold; where the source has ids, it is the id.
    """
    shard, rows = item
    keys: list[tuple[int, str]] = []
    start, columns = 0, plan.columns
    for portion in read_portions(shard.url):
        table = with_texts(under_schema(portion, plan.source, shard.url), columns.texts)
        low, high = np.searchsorted(rows, [start, start + len(table)])
        chosen = rows[low:high]
        picked = table.take(pa.array(chosen - start))
        keys += zip(chosen.tolist(), _keys(picked, plan), strict=True)
        start += len(table)
    return shard.number, keys


def _keys(table: pa.Table, plan: Plan) -> list[str]:
    columns = plan.columns
    if columns.ids is not None:
        return [str(value) for value in table[columns.ids].to_pylist()]
    # Copies have the same texts: to leave them out changes nothing of the order.
    return [repr(sorted(row.items())) for row in table.drop_columns([*columns.texts]).to_pylist()]


class _CopyBook:
    """The rows that are copies of another, put in order outside of memory.

    Parameters
    ----------
    folder
        Where its file is kept while it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._base = sqlite3.connect(folder / "copies.sqlite")
        self._base.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; DROP TABLE IF EXISTS copies;"
            "CREATE TABLE copies (hash INTEGER, key TEXT, shard INTEGER, row INTEGER);"
        )

    def add(self, shard: int, hashes: Hashes, keys: Sequence[tuple[int, str]]) -> None:
        """Take the rows of a shard, with the hashes of all its rows."""
        signed = hashes.view(np.int64)
        rows = ((int(signed[row]), _plain(key), shard, row) for row, key in keys)
        self._base.executemany("INSERT INTO copies VALUES (?, ?, ?, ?)", rows)

    def check_distinct(self, shards: Mapping[int, Shard], column: str) -> None:
        """Raise a `DataError` if a key occurs twice: an id that is given to two rows."""
        query = "SELECT key, COUNT(*), MIN(shard), MAX(shard) FROM copies GROUP BY hash, key"
        repeated = self._base.execute(f"{query} HAVING COUNT(*) > 1 LIMIT 1").fetchone()
        if repeated is not None:
            key, times, first, last = repeated
            places = " and ".join(shards[n].name for n in sorted({first, last}))
            raise DataError(
                f"{places}: expected distinct ids in the column {column}, got {key!r} {times} "
                "times; without a column called id, ids are made from the texts"
            )

    def ordinals(self) -> Iterator[tuple[int, Rows]]:
        """Yield by shard the rows that are no first copy and the number of each, (n, 2)."""
        query = (
            "SELECT shard, row, n FROM (SELECT shard, row, ROW_NUMBER() OVER "
            "(PARTITION BY hash ORDER BY key, shard, row) - 1 AS n FROM copies) "
            "WHERE n > 0 ORDER BY shard, row"
        )
        for shard, rows in groupby(self._base.execute(query), key=lambda found: found[0]):
            yield int(shard), np.array([(row, n) for _, row, n in rows], np.int64)

    def close(self) -> None:
        """Close its file."""
        self._base.close()


def _plain(key: str) -> str:
    return key.encode("utf-8", "backslashreplace").decode()


def ordinals_of(shard: Shard, place: Place) -> dict[int, int]:
    """Return the rows of a shard that are copies of another, and the number of each."""
    name = f"{shard.part}.npy"
    if not place.has(name):
        return {}
    pairs: npt.NDArray[Any] = np.load(io.BytesIO(place.read(name)))
    return dict(pairs.tolist())


def number_copies(
    found: Iterable[tuple[int, list[tuple[int, str]]]],
    shards: Mapping[int, Shard],
    scans: Place,
    folder: Path,
    ids: str | None,
) -> Iterator[tuple[int, Rows]]:
    """Yield by shard the rows that are copies, and the number of each; see `_CopyBook`.

    Raises
    ------
    DataError
        With a column of ids, if one is given to two rows.
    """
    with closing(_CopyBook(folder)) as book:
        for number, keys in found:
            book.add(number, hashes_of(shards[number], scans), keys)
        if ids is not None:
            book.check_distinct(shards, ids)
            return
        yield from book.ordinals()

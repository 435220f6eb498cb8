"""A shard in portions: few enough rows to hold, cut the same way whoever reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from robustft.data.streaming.storage import open_file
from robustft.errors import DataError, first_line

__all__ = ["PORTION_ROWS", "joined", "read_portions", "read_schema", "under_schema", "with_texts"]

PORTION_ROWS = 1024
_BATCH = 256
# What a portion may take where texts are long; a single batch may be more.
_PORTION_BYTES = 16 << 20
# Read at a time of a column: without it, all that a row group holds of the column.
_READ_BYTES = 1 << 20
_WHAT = "a parquet file"


def read_schema(url: str) -> pa.Schema:
    """Return the columns of a shard.

    Raises
    ------
    DataError
        It is no parquet file, or cannot be read.
    """
    return _reading(url, lambda file: file.schema_arrow)


def _reading(url: str, use: Callable[[pq.ParquetFile], Any]) -> Any:
    with open_file(url, _WHAT) as raw:
        try:
            with pq.ParquetFile(raw) as file:
                return use(file)
        except pa.ArrowException as error:
            raise _broken(url, error) from error


def _broken(url: str, error: Exception) -> DataError:
    return DataError(f"{url}: expected {_WHAT}, got an error: {first_line(error)}")


def read_portions(url: str, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Yield the rows of a shard in order, at most `PORTION_ROWS` at a time, less of long texts.

    Raises
    ------
    DataError
        It is no parquet file, or cannot be read.
    """
    with open_file(url, _WHAT) as raw:
        try:
            with pq.ParquetFile(raw, buffer_size=_READ_BYTES) as file:
                have = file.schema_arrow.names
                chosen = None if columns is None else [c for c in columns if c in have]
                batches = file.iter_batches(batch_size=_BATCH, columns=chosen)
                yield from joined(
                    (pa.Table.from_batches([batch]) for batch in batches),
                    rows=PORTION_ROWS,
                    size=_PORTION_BYTES,
                )
        except pa.ArrowException as error:
            raise _broken(url, error) from error


def joined(tables: Iterator[pa.Table], *, rows: int, size: int) -> Iterator[pa.Table]:
    """Yield tables joined until they have `rows` rows or take `size` bytes."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if sum(map(len, waiting)) >= rows or sum(t.nbytes for t in waiting) >= size:
            yield pa.concat_tables(waiting).combine_chunks()
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting).combine_chunks()


def with_texts(table: pa.Table, texts: Sequence[str]) -> pa.Table:
    """Return the rows that have all their texts."""
    for column in texts:
        if table[column].null_count:
            table = table.filter(pc.is_valid(table[column]))
    return table


def under_schema(table: pa.Table, schema: pa.Schema, where: str) -> pa.Table:
    """Return a table with the columns of `schema`; one that it lacks is empty.

    Raises
    ------
    DataError
        A column's type does not go together with that of the schema.
    """
    if table.schema.equals(schema, check_metadata=True):
        return table
    columns = []
    for field in schema:
        if field.name not in table.column_names:
            columns.append(pa.nulls(len(table), field.type))
            continue
        column = table[field.name]
        if column.null_count == len(column):
            columns.append(pa.nulls(len(table), field.type))
            continue
        try:
            columns.append(column.cast(field.type))
        except pa.ArrowException as error:
            raise DataError(
                f"{where}: expected {field.type} in the column {field.name} as in other parts, got "
                f"{column.type}: {first_line(error)}"
            ) from error
    return pa.Table.from_arrays(columns, schema=schema)

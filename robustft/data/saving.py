"""Tables out: the same rows give the same bytes, and a file is there whole or not at all."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from robustft.data.features import is_text, with_task
from robustft.data.files import atomic_path
from robustft.data.split import Split

__all__ = ["save_split", "write_parquet"]

_ROW_GROUP = 10_000


def save_split(split: Split, path: str | os.PathLike[str]) -> Path:
    """Write a split as parquet and return the path.

    The schema keeps the names of classes where `datasets.load_dataset` finds them, and the task
    where `load_dataset` of this package finds it.

    Raises
    ------
    DataError
        The file cannot be written: no space, no permission. Nothing is left behind.
    """
    return write_parquet(with_task(split.table, split.task), path)


def write_parquet(tables: pa.Table | Iterable[pa.Table], path: str | os.PathLike[str]) -> Path:
    """Write a table, or several of one schema one after the other, as parquet; return the path.

    Compression, row groups and encodings are fixed, so equal tables in equal portions give equal
    bytes under one version of pyarrow. Portions are written as they come.

    Raises
    ------
    DataError
        The file cannot be written. Nothing is left behind.
    """
    path = Path(path)
    portions = iter([tables] if isinstance(tables, pa.Table) else tables)
    first = next(portions)
    what = f"{len(first):,} rows" if isinstance(tables, pa.Table) else "rows"
    # A dictionary of texts that hardly repeat costs time and saves nothing.
    plain = [field.name for field in first.schema if not is_text(field.type)]
    with (
        atomic_path(path, what) as temporary,
        pq.ParquetWriter(
            temporary,
            first.schema,
            compression="zstd",
            compression_level=3,
            use_dictionary=plain,
        ) as writer,
    ):
        for table in itertools.chain([first], portions):
            writer.write_table(table.combine_chunks(), row_group_size=_ROW_GROUP)
    return path

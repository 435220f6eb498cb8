"""Tables out: the same rows give the same bytes, and a file is there whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from robustft.data.features import is_text, with_task
from robustft.data.split import Split
from robustft.errors import DataError

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


def write_parquet(table: pa.Table, path: str | os.PathLike[str]) -> Path:
    """Write a table as parquet under another name, then rename it; return the path.

    Compression, row groups and encodings are fixed, so equal tables give equal bytes under one
    version of pyarrow.

    Raises
    ------
    DataError
        The file cannot be written. Nothing is left behind.
    """
    path = Path(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    # A dictionary of texts that hardly repeat costs time and saves nothing.
    plain = [field.name for field in table.schema if not is_text(field.type)]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(
            table.combine_chunks(),
            partial,
            row_group_size=_ROW_GROUP,
            compression="zstd",
            compression_level=3,
            use_dictionary=plain,
        )
        partial.replace(path)
    except OSError as error:
        full = error.errno == errno.ENOSPC or f"Errno {errno.ENOSPC}" in str(error)
        reason = "no space left on the device" if full else str(error.strerror or error)
        raise DataError(f"{path}: expected to write {len(table):,} rows, got: {reason}") from error
    finally:
        # The parent may be no folder at all: then there is nothing to take away.
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return path

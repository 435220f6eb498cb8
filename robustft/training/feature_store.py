"""Where the output of frozen layers is kept: in memory, or when large in a file that is mapped.

Both ways it is also written to a cache folder, for other runs that share the frozen part. Each
array is a plain ``.npy`` file beside a ``.json`` with its checksum, written last: an array without
one, or with another one, is made again. Which folder that is: `robustft.data.cache`.

``ROBUSTFT_CACHE_GB`` (4 by default) is what one run may keep in it; the arrays that were used
longest ago go when all of them take more than four times that.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.data.files import atomic_path, cannot_write
from robustft.errors import DataError, UsageError

__all__ = [
    "Vectors",
    "Writer",
    "cache_limit",
    "kept_array",
    "load_array",
    "megabytes",
    "write_array",
]

Vectors = npt.NDArray[Any]
Writer = Callable[[int, Vectors], None]
"""Takes a place in an array, and the vectors that belong there and behind it."""

# Arrays up to this size are held in memory: reading them is then never slower than computing.
_IN_MEMORY = 2**30
_LIMIT_GB = 4.0
# How many times as much as one run may keep stays in the folder.
_RUNS = 4
_CHUNK = 2**24


def cache_limit() -> int:
    """Return how many bytes one run may keep.

    Raises
    ------
    UsageError
        ``ROBUSTFT_CACHE_GB`` is no number.
    """
    given = os.environ.get("ROBUSTFT_CACHE_GB") or str(_LIMIT_GB)
    try:
        gigabytes = float(given)
    except ValueError:
        gigabytes = -1.0
    if not gigabytes >= 0:
        raise UsageError(f"ROBUSTFT_CACHE_GB: expected a number of gigabytes, got {given!r}")
    return int(min(gigabytes, 2**20) * 2**30)


def megabytes(size: int) -> str:
    """Write a number of bytes for people.

    >>> megabytes(5_300_000), megabytes(2_500_000_000)
    ('5 MB', '2.5 GB')
    """
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"


def kept_array(
    folder: Path,
    key: str,
    shape: tuple[int, int],
    dtype: npt.DTypeLike,
    fill: Callable[[Writer], None],
) -> tuple[Vectors, str]:
    """Return the array of `key`, and what could not be done as a sentence (or nothing).

    A finished one is taken from `folder`; else `fill` computes it. One that fits into memory does
    not need the folder: when it cannot be written, the sentence says so.

    Parameters
    ----------
    shape
        Vectors, and numbers a vector.

    Raises
    ------
    DataError
        It is too large for memory and cannot be written.
    """
    path = folder / f"{key}.npy"
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    small = size <= _IN_MEMORY
    found = load_array(path, shape, np.dtype(dtype), in_memory=small)
    if found is not None:
        return found, ""
    if small:
        values = np.empty(shape, dtype)

        def put(start: int, vectors: Vectors) -> None:
            values[start : start + len(vectors)] = vectors

        fill(put)
        try:
            write_array(path, size, lambda temporary: _save(temporary, values))
        except DataError as problem:
            return values, f"it is not kept for other runs: {problem}"
        return values, ""
    write_array(path, size, lambda temporary: _stream(temporary, shape, np.dtype(dtype), fill))
    found = load_array(path, shape, np.dtype(dtype), in_memory=False)
    if found is None:
        raise DataError(f"{path}: expected to read what was just written, got something else")
    return found, ""


def load_array(
    path: Path, shape: tuple[int, ...] | None, dtype: np.dtype[Any], *, in_memory: bool
) -> Vectors | None:
    """Return a finished array that is as it was written, or None; of any shape if that is None."""
    try:
        facts = json.loads(_facts(path).read_bytes())
        if facts != {"crc32": _checksum(path), "bytes": path.stat().st_size}:
            return None
        values: Vectors = np.load(path, mmap_mode=None if in_memory else "r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if shape not in {None, values.shape} or values.dtype != dtype:
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # it was used: others go first
    return values


def write_array(path: Path, size: int, write: Callable[[Path], None]) -> None:
    """Write an array under another name, then its checksum; make room for it first.

    Parameters
    ----------
    size
        About how many bytes it will take.
    write
        Writes the ``.npy`` file that it is told.

    Raises
    ------
    DataError
        The folder cannot be written, or there is too little space: found out before computing.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(path.parent).free
    except OSError as error:
        raise cannot_write(path, megabytes(size), error) from error
    _prune(path.parent, _RUNS * cache_limit() - size)
    if free < size * 1.05:
        raise DataError(
            f"{path.parent}: expected {megabytes(size)} of free space, got {megabytes(free)}; "
            "ROBUSTFT_CACHE names another folder"
        )
    with atomic_path(path, megabytes(size)) as temporary:
        write(temporary)
        facts = {"crc32": _checksum(temporary), "bytes": temporary.stat().st_size}
    with atomic_path(_facts(path), "a checksum") as temporary:
        temporary.write_text(json.dumps(facts), encoding="utf-8")


def _save(path: Path, values: Vectors) -> None:
    with path.open("wb") as file:
        np.save(file, values, allow_pickle=False)


def _stream(
    path: Path, shape: tuple[int, int], dtype: np.dtype[Any], fill: Callable[[Writer], None]
) -> None:
    """Write what `fill` gives in any order: by calls, as a full disk would kill a mapped write."""
    with path.open("wb") as file:
        header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False}
        np.lib.format.write_array_header_2_0(file, {**header, "shape": shape})
        first, width = file.tell(), shape[1] * dtype.itemsize

        def put(start: int, vectors: Vectors) -> None:
            file.seek(first + start * width)
            file.write(np.ascontiguousarray(vectors, dtype).data)

        fill(put)


def _checksum(path: Path) -> int:
    """Return the CRC-32 of a file: against damage, not against malice."""
    value = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            value = zlib.crc32(chunk, value)
    return value


def _facts(path: Path) -> Path:
    return path.with_suffix(".json")


def _prune(folder: Path, limit: int) -> None:
    """Remove the arrays that were used longest ago until the rest takes at most `limit` bytes."""
    found = []
    for path in folder.glob("*.npy"):
        with contextlib.suppress(OSError):
            facts = path.stat()
            found.append((facts.st_mtime_ns, facts.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= limit:
            return
        # Another run may hold it open; where a system minds, it stays.
        with contextlib.suppress(OSError):
            _facts(path).unlink(missing_ok=True)
            path.unlink()
            total -= size

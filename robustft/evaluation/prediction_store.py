"""Predictions kept on disk by content, so that no evaluation computes them a second time.

A model's outputs lie in a folder of their own, named by a hash of all that decides them. Each
process appends files of its own and renames them into place, so processes may share the folder, a
network file system is fine, and an interruption leaves whole files. A damaged file is taken away
and what it held is computed again. Nothing here is ever an error: all works without the store.
"""

from __future__ import annotations

import json
import uuid
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.data.cache import cache_folder
from robustft.data.files import atomic_path
from robustft.errors import DataError

__all__ = ["LIMIT", "PredictionStore", "shared_store"]

LIMIT = 1 << 30
"""Bytes that the shared store may take; what was not used for longest goes first."""

_SUFFIX = ".predictions"
_DIGEST = 16
# More files than these are made one.
_FILES = 32

Floats = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint64]


class PredictionStore:
    """The outputs of one model, by hash of what it read.

    Parameters
    ----------
    folder
        Made when the first outputs are written.
    columns
        How many outputs a text has; files with another number are passed over.
    read
        False finds nothing that is there, and writes all the same.
    limit, root
        The bytes that all under `root` may take.
    note
        Told, in a sentence, of what was thrown away or could not be written.
    """

    def __init__(
        self,
        folder: Path,
        columns: int,
        *,
        read: bool = True,
        limit: int | None = None,
        root: Path | None = None,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.folder, self._columns, self._reads = folder, columns, read
        self._limit, self._root, self._note = limit, root or folder, note
        self._waiting: list[tuple[Hashes, Floats]] = []
        # What waits is written at the latest when the store is let go or the process ends.
        self._ending = weakref.finalize(self, _write_quietly, folder, self._waiting)

    def read(self) -> tuple[Hashes, Floats]:
        """Return all hashes, sorted and each once, uint64 (n,), and their outputs (n, columns)."""
        found: list[tuple[Hashes, Floats]] = []
        paths = sorted(self.folder.glob(f"*{_SUFFIX}")) if self._reads else []
        for path in paths:
            part = self._file(path)
            if part is not None:
                found.append(part)
        hashes, outputs = _joined(found, self._columns)
        if len(paths) > _FILES:
            with suppress(DataError):
                _write(self.folder, [(hashes, outputs)])
                for path in paths:
                    _remove(path)
        return hashes, outputs

    def keep(self, hashes: Hashes, outputs: Floats) -> int:
        """Take new outputs, to be written by the next `flush`; return how many rows wait."""
        self._waiting.append((hashes, outputs))
        return sum(len(part) for part, _ in self._waiting)

    def flush(self) -> None:
        """Write what waits to a file of its own."""
        if not self._waiting:
            return
        try:
            _write(self.folder, self._waiting)
        except DataError as problem:
            self._note(f"predictions are not kept: {problem}")
        self._waiting.clear()
        if self._limit is not None:
            _shrink(self._root, self._limit)

    def _file(self, path: Path) -> tuple[Hashes, Floats] | None:
        """Read a file and mark it as used; one that is damaged is taken away."""
        try:
            raw = path.read_bytes()
        except OSError:  # another process has just made one of several
            return None
        part = _decoded(raw, self._columns)
        if part is None:
            _remove(path)
            self._note(f"{path.name}: predictions kept earlier are damaged and computed anew")
            return None
        with suppress(OSError):
            path.touch()
        return part


def shared_store(
    facts: Mapping[str, Any],
    columns: int,
    *,
    read: bool = True,
    note: Callable[[str], None] = lambda _: None,
) -> PredictionStore:
    """Return the store in the cache folder for a model with these facts.

    Parameters
    ----------
    facts
        All that decides an output but the text: the model's content, settings, versions, device.
    """
    named = json.dumps(facts, sort_keys=True, default=str).encode()
    root = cache_folder() / "predictions"
    name = blake2b(named, digest_size=_DIGEST).hexdigest()
    return PredictionStore(root / name, columns, read=read, limit=LIMIT, root=root, note=note)


def _joined(parts: list[tuple[Hashes, Floats]], columns: int) -> tuple[Hashes, Floats]:
    hashes = np.concatenate([np.empty(0, np.uint64), *(part for part, _ in parts)])
    outputs = np.concatenate([np.empty((0, columns), np.float32), *(part for _, part in parts)])
    distinct, first = np.unique(hashes, return_index=True)
    return distinct, outputs[first]


def _write(folder: Path, parts: list[tuple[Hashes, Floats]]) -> None:
    """Write one file: a digest, the number of columns, the hashes, the outputs."""
    hashes = np.concatenate([part for part, _ in parts])
    outputs = np.concatenate([part for _, part in parts])
    body = b"".join(
        (
            np.uint32(outputs.shape[1]).astype("<u4").tobytes(),
            hashes.astype("<u8").tobytes(),
            outputs.astype("<f4").tobytes(),
        )
    )
    path = folder / f"{uuid.uuid4().hex}{_SUFFIX}"
    with atomic_path(path, f"{len(hashes):,} predictions") as temporary:
        temporary.write_bytes(blake2b(body, digest_size=_DIGEST).digest() + body)


def _write_quietly(folder: Path, waiting: list[tuple[Hashes, Floats]]) -> None:
    if waiting:
        with suppress(DataError):
            _write(folder, waiting)


def _decoded(raw: bytes, columns: int) -> tuple[Hashes, Floats] | None:
    """Return what `_write` wrote; None where that is not what stands there."""
    digest, body = raw[:_DIGEST], raw[_DIGEST:]
    if len(body) < 4 or blake2b(body, digest_size=_DIGEST).digest() != digest:
        return None
    if int(np.frombuffer(body, "<u4", 1)[0]) != columns:
        return None
    rows = (len(body) - 4) // (8 + 4 * columns)
    hashes = np.frombuffer(body, "<u8", rows, 4).astype(np.uint64)
    outputs = np.frombuffer(body, "<f4", rows * columns, 4 + 8 * rows).astype(np.float32)
    return hashes, outputs.reshape(rows, columns)


def _shrink(root: Path, limit: int) -> None:
    """Remove the files that were not used for longest until what stays is within the limit."""
    files = []
    for path in root.rglob(f"*{_SUFFIX}"):
        with suppress(OSError):
            found = path.stat()
            files.append((found.st_mtime_ns, path, found.st_size))
    total = sum(size for *_, size in files)
    for _, oldest, size in sorted(files):
        if total <= limit:
            break
        _remove(oldest)
        total -= size


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()

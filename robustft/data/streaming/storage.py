"""Folders here or on an object store, and files written to them whole or not at all.

Whatever `fsspec` has a protocol for will do. A file here is written beside its place and renamed;
elsewhere it is written to a temporary file here and put in its place as one object, so that no
reader sees half of it and two writers of the same bytes do each other no harm.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from robustft.data.files import cannot_write
from robustft.errors import DataError, MissingExtraError, first_line

__all__ = ["Place", "is_url", "open_file", "place_of"]


def is_url(name: str) -> bool:
    """Say whether a name has a protocol: ``s3://bucket/folder``."""
    return "://" in name


def filesystem(url: str) -> tuple[Any, str]:
    """Return the file system behind a name, and the path on it.

    Raises
    ------
    DataError
        There is no such protocol.
    MissingExtraError
        The package for the protocol is not installed.
    """
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        protocol = url.partition("://")[0]
        raise MissingExtraError(
            f"{url}: expected the package that reads {protocol}://, got none: {first_line(error)}"
        ) from error
    except ValueError as error:
        raise DataError(f"{url}: expected a protocol that fsspec knows, got: {error}") from error
    return system, str(path)


def _is_local(system: Any) -> bool:
    names = (system.protocol,) if isinstance(system.protocol, str) else system.protocol
    return "file" in names


@contextmanager
def open_file(url: str, what: str) -> Iterator[Any]:
    """Give a file to read, opened by `fsspec`; its problems become a `DataError` with `what`."""
    system, path = filesystem(url)
    try:
        with system.open(path, "rb") as file:
            yield file
    except OSError as error:
        reason = str(error.strerror or first_line(error))
        raise DataError(f"{url}: expected {what}, got: {reason}") from error


@dataclass(frozen=True)
class Place:
    """A folder, named by a path or by a URL. Names within it have slashes, whatever the system."""

    url: str

    def __str__(self) -> str:
        return self.url

    def _at(self, name: str) -> tuple[Any, str]:
        system, path = filesystem(self.url)
        return system, f"{path.rstrip('/')}/{name}" if name else path

    @property
    def is_local(self) -> bool:
        """Whether it lies on a disk of this machine (or on one that looks like it)."""
        return _is_local(filesystem(self.url)[0])

    def inner(self, name: str) -> Place:
        """Return a folder within this one."""
        return Place(f"{self.url.rstrip('/')}/{name}")

    def has(self, name: str) -> bool:
        """Say whether there is a file of this name."""
        system, path = self._at(name)
        return bool(system.isfile(path))

    def names(self) -> list[str]:
        """Return the names of the files and folders in it, sorted; none if it is not there."""
        system, path = self._at("")
        system.invalidate_cache(path)
        try:
            found = system.ls(path, detail=False)
        except FileNotFoundError:
            return []
        return sorted(PurePosixPath(str(name)).name for name in found)

    def read(self, name: str) -> bytes:
        """Return what a file holds.

        Raises
        ------
        DataError
            It is not there, or cannot be read.
        """
        with open_file(f"{self.url.rstrip('/')}/{name}", "a readable file") as file:
            content: bytes = file.read()
        return content

    @contextmanager
    def writing(self, name: str, what: str = "it") -> Iterator[Path]:
        """Give a temporary path; on success what stands there becomes the file `name` at once.

        Raises
        ------
        DataError
            The disk is full, or the place cannot be written; nothing half-written is left.
        """
        system, path = self._at(name)
        local = _is_local(system)
        final = Path(path)
        temporary = (
            final.with_name(f".{final.name}.{uuid.uuid4().hex[:12]}.tmp")
            if local
            else Path(tempfile.gettempdir()) / f"robustft-{uuid.uuid4().hex}.tmp"
        )
        try:
            if local:
                final.parent.mkdir(parents=True, exist_ok=True)
                yield temporary
                temporary.replace(final)
            else:
                yield temporary
                system.makedirs(path.rpartition("/")[0], exist_ok=True)
                system.put_file(os.fspath(temporary), path)
        except OSError as error:
            raise cannot_write(final if local else Path(name), what, error) from error
        finally:
            temporary.unlink(missing_ok=True)

    def write(self, name: str, content: bytes) -> None:
        """Write a small file."""
        with self.writing(name) as temporary:
            temporary.write_bytes(content)

    def tidy(self) -> None:
        """Take away what processes that were killed have left half-written in it."""
        system, path = self._at("")
        if _is_local(system):
            for left in Path(path).rglob(".*.tmp"):
                left.unlink(missing_ok=True)

    def remove(self, folder: str) -> None:
        """Take away a folder within it with all that it holds, if it is there."""
        system, path = self._at(folder)
        if _is_local(system):
            shutil.rmtree(path, ignore_errors=True)
        elif system.exists(path):
            system.rm(path, recursive=True)


def place_of(path: str | os.PathLike[str]) -> Place:
    """Return the place that a path or a URL names."""
    return Place(os.fspath(path))

"""Writing files whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from robustft.errors import DataError

__all__ = ["atomic_path", "cannot_write"]


def cannot_write(path: Path, what: str, error: OSError) -> DataError:
    """Return the error for a file that could not be written, with the reason in words."""
    # pyarrow hides the number of the error in its text.
    full = error.errno == errno.ENOSPC or f"Errno {errno.ENOSPC}" in str(error)
    reason = "no space left on the device" if full else str(error.strerror or error)
    return DataError(f"{path}: expected to write {what}, got: {reason}")


@contextmanager
def atomic_path(path: Path, what: str = "it") -> Iterator[Path]:
    """Give a temporary path beside `path`; on success it takes `path`'s place at once.

    Parameters
    ----------
    path
        The file to write; its folder is made.
    what
        Named in the error, such as ``3 rows``.

    Raises
    ------
    DataError
        If the disk is full or the folder cannot be written; nothing half-written is left.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise cannot_write(path, what, error) from error
    finally:
        # The parent may be no folder at all: then there is nothing to take away.
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)

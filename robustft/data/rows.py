"""Rows as they were read, with the file and number of each, so that a bad one can be named."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from robustft.data.values import same_mixed
from robustft.errors import DataError

__all__ = ["Rows", "join", "listed"]

_SHOWN = 5


@dataclass(frozen=True, eq=False)
class Rows:
    """A table of rows and where each came from.

    Parameters
    ----------
    table
        The columns as the source has them.
    files
        Name and number of rows of each file (or object) that the rows came from, in order.
    untyped
        Whether every column is text because the format knows no types (csv, tsv).
    notices
        What the user should know about the reading.
    """

    table: pa.Table
    files: tuple[tuple[str, int], ...]
    untyped: bool = False
    notices: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """The source's name for the head of a message: its file, or the first of several."""
        first = self.files[0][0]
        more = len(self.files) - 1
        return f"{first} and {more} more" if more else first

    def places(self, rows: Iterable[int]) -> list[tuple[str, list[int]]]:
        """Return the rows by file; numbers count from 1, without the header."""
        starts = np.cumsum([0, *(count for _, count in self.files)])
        found: dict[int, list[int]] = {}
        for row in rows:
            file = int(np.searchsorted(starts, row, side="right")) - 1
            found.setdefault(file, []).append(row - int(starts[file]) + 1)
        return [(self.files[file][0], numbers) for file, numbers in sorted(found.items())]

    def notes(self, mask: Any, column: str, verb: str, what: str) -> list[str]:
        """Return a notice for each file that holds rows of `mask`: how many, and which.

        The number stands between `verb` and `what`: ``left out``, ``without a text``.
        """
        notes = []
        for file, numbers in self.places(np.flatnonzero(mask).tolist()):
            count = f"{len(numbers):,} {'row' if len(numbers) == 1 else 'rows'}"
            notes.append(f"{file}: {verb} {count} {what} (column {column}, {listed(numbers)})")
        return notes


def listed(numbers: Sequence[int]) -> str:
    """Return ``row 3`` or ``rows 3, 8 and 12 more``: five numbers at most."""
    shown = ", ".join(f"{number}" for number in numbers[:_SHOWN])
    more = len(numbers) - _SHOWN
    noun = "row" if len(numbers) == 1 else "rows"
    return f"{noun} {shown} and {more:,} more" if more > 0 else f"{noun} {shown}"


def join(parts: Sequence[Rows]) -> Rows:
    """Return the rows of several files of one split, one after the other.

    Columns that a file lacks are empty there.

    Raises
    ------
    DataError
        A column has types in two files that do not go together.
    """
    if len(parts) == 1:
        return parts[0]
    try:
        table = pa.concat_tables(
            same_mixed([part.table for part in parts]), promote_options="permissive"
        )
    except pa.ArrowException as error:
        files = ", ".join(part.where for part in parts)
        raise DataError(f"{files}: expected parts with the same columns, got: {error}") from error
    return Rows(
        table,
        tuple(file for part in parts for file in part.files),
        untyped=all(part.untyped for part in parts),
        notices=tuple(notice for part in parts for notice in part.notices),
    )

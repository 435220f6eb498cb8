"""Texts and ids of freshly read rows: what can be used, and what each row is called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from robustft.data.features import is_text, is_text_list, texts_in
from robustft.data.rows import Rows, listed
from robustft.data.split import ID
from robustft.data.values import mixed_values
from robustft.errors import DataError
from robustft.text import content_ids

__all__ = ["clean_texts", "with_ids"]

# Rows whose texts are Python's at a time: all of them at once would take several times the table.
_PIECE = 1 << 15


def clean_texts(rows: Rows, column: str) -> tuple[Rows, npt.NDArray[np.bool_], list[str]]:
    """Return the rows with `column` as text, which of them have one, and notices.

    A row whose text is null or no text is to be left out; an empty text is kept and counted.

    Raises
    ------
    DataError
        The column holds something else than texts, or no row has one.
    """
    notices: list[str] = []
    table = rows.table
    index = table.column_names.index(column)
    values = mixed_values(table, column)
    if is_text_list(table.schema.field(column).type):
        return _clean_tokens(rows, column)
    if values is None:
        texts = _as_text(table[column], f"{rows.where}: column {column}")
    else:
        other = np.array([v is not None and not isinstance(v, str) for v in values])
        kinds = sorted({type(v).__name__ for v, odd in zip(values, other, strict=True) if odd})
        what = f"whose text is something else ({', '.join(kinds)})"
        notices += rows.notes(other, column, "left out", what)
        texts = pa.chunked_array(
            [pa.array([v if isinstance(v, str) else None for v in values], pa.large_string())]
        )
        table = table.set_column(index, column, texts)
    usable = pc.is_valid(texts).to_numpy().astype(bool)
    absent = ~usable if values is None else np.array([v is None for v in values])
    notices += rows.notes(absent, column, "left out", "without a text")
    if not usable.any():
        raise DataError(f"{rows.where}: expected texts in the column {column}, got none")
    blank = ~pc.fill_null(pc.match_substring_regex(texts, r"\S"), True).to_numpy().astype(bool)
    notices += rows.notes(blank, column, "kept", "with an empty text")
    if texts.type != table.schema.field(index).type:
        table = table.set_column(index, pa.field(column, texts.type), texts)
    return Rows(table, rows.files), usable, notices


def _clean_tokens(rows: Rows, column: str) -> tuple[Rows, npt.NDArray[np.bool_], list[str]]:
    """Do as `clean_texts` for lists of tokens, in which no token may be missing."""
    lists = rows.table[column]
    absent = pc.is_null(lists).to_numpy().astype(bool)
    notices = rows.notes(absent, column, "left out", "without a text")
    whole = np.array([row is None or None not in row for row in lists.to_pylist()], np.bool_)
    notices += rows.notes(~whole, column, "left out", "one of whose tokens is missing")
    usable = whole & ~absent
    if not usable.any():
        raise DataError(f"{rows.where}: expected tokens in the column {column}, got none")
    blank = pc.fill_null(pc.list_value_length(lists), 1).to_numpy() == 0
    return rows, usable, notices + rows.notes(blank, column, "kept", "with an empty text")


def _as_text(column: pa.ChunkedArray, where: str) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind) and is_text(kind.value_type):
        return pc.cast(column, pa.large_string())
    if pa.types.is_string_view(kind) or pa.types.is_null(kind):
        return pc.cast(column, pa.large_string())
    if not is_text(kind):
        raise DataError(
            f"{where}: expected texts, got {kind}; name the column that holds the text with "
            "--text-column"
        )
    return column


def with_ids(
    rows: Rows,
    usable: npt.NDArray[np.bool_],
    text_columns: Sequence[str],
    id_column: str | None,
) -> tuple[Rows, list[str]]:
    """Return the rows with a text column ``id``: `id_column` as text, else hashes of the texts.

    Copies of a text are numbered in the order of what their other columns hold, so that the order
    of the rows decides nothing.

    Raises
    ------
    DataError
        An id repeats, or a row has none.
    """
    table = rows.table
    if id_column is None:
        if usable.all():
            ids = _content_ids(table, text_columns)
        else:
            mask = pa.array(usable)
            none = pa.array([""] * len(table), pa.large_string())
            ids = pc.replace_with_mask(none, mask, _content_ids(table.filter(mask), text_columns))
        return Rows(table.append_column(ID, ids), rows.files), []
    column = _given_ids(rows, id_column)
    notices = []
    if id_column != ID and ID in table.column_names:
        moved = f"original_{ID}"
        notices.append(f"{rows.where}: the source's column {ID} is now called {moved}")
        names = [moved if name == ID else name for name in table.column_names]
        table = table.rename_columns(names)
    if id_column == ID:
        table = table.set_column(table.column_names.index(ID), ID, column)
    else:
        table = table.append_column(ID, column)
    return Rows(table, rows.files), notices


def _given_ids(rows: Rows, column: str) -> pa.Array:
    values: list[Any] = mixed_values(rows.table, column) or rows.table[column].to_pylist()
    if any(isinstance(value, dict | list) for value in values[:100]):
        raise DataError(f"{rows.where}: expected ids that are texts or numbers in {column}")
    empty = [row for row, value in enumerate(values) if value is None or value == ""]
    if empty:
        file, numbers = rows.places(empty)[0]
        raise DataError(
            f"{file}: expected an id in every row, got none in {listed(numbers)} (column {column})"
        )
    ids = [str(value) for value in values]
    if len(set(ids)) < len(ids):
        repeated, times = Counter(ids).most_common(1)[0]
        at = [row for row, value in enumerate(ids) if value == repeated]
        places = "; ".join(f"{file}, {listed(numbers)}" for file, numbers in rows.places(at))
        raise DataError(
            f"{rows.where}: expected distinct ids in the column {column}, got {repeated!r} "
            f"{times} times ({places}); without a column called id, ids are made from the texts"
        )
    return pa.array(ids, pa.large_string())


def _content_ids(table: pa.Table, text_columns: Sequence[str]) -> pa.Array:
    """Return a hash of each row's texts, with an ordinal from the second copy."""
    pieces: list[pa.Array] = []
    digests = np.empty(len(table), np.uint64)
    for start in range(0, len(table), _PIECE):
        names = _hashes(table.slice(start, _PIECE), text_columns)
        digests[start : start + _PIECE] = [int(name, 16) for name in names]
        pieces.append(pa.array(names, pa.large_string()))
    ids = pa.chunked_array(pieces, pa.large_string()).combine_chunks()
    _, inverse, times = np.unique(digests, return_inverse=True, return_counts=True)
    copies = times[inverse] > 1
    if not copies.any():
        return ids
    rows = table.filter(pa.array(copies))
    texts = _hashes(rows, text_columns)
    contents = [repr(sorted(row.items())) for row in rows.to_pylist()]
    order = sorted(range(len(rows)), key=contents.__getitem__)
    numbered = [""] * len(rows)
    seen: Counter[str] = Counter()
    for row in order:
        name = texts[row]
        numbered[row] = f"{name}-{seen[name]}" if seen[name] else name
        seen[name] += 1
    return pc.replace_with_mask(ids, pa.array(copies), pa.array(numbered, pa.large_string()))


def _hashes(table: pa.Table, text_columns: Sequence[str]) -> list[str]:
    columns = [texts_in(table, name) for name in text_columns]
    texts = ("\0".join(parts) for parts in zip(*columns, strict=True))
    return [name.partition("-")[0] for name in content_ids(texts)]

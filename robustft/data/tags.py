"""Tags of tokens, as data sets hold them: a list of tokens and a list of as many BIO tags a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from robustft.data.features import class_names, is_text_list, with_class_names
from robustft.data.rows import Rows
from robustft.data.settle import Settled
from robustft.data.task import TaskType
from robustft.data.values import mixed_values
from robustft.errors import DataError, suggest
from robustft.text.tags import OUTSIDE, is_bio

__all__ = ["Tags", "coded_tags", "settle_tags", "tags_of"]

Tags = list[str] | None
"""The tags of a row's tokens, by name; None where it has none."""

_BIO = "BIO tags (O, B-kind, I-kind)"


def tags_of(table: pa.Table, column: str, names: Sequence[str]) -> list[Tags]:
    """Return the tags of each row by name, of a column as `settle_tags` leaves it."""
    values: list[list[Any] | None] = table[column].to_pylist()
    if is_text_list(table.schema.field(column).type):
        return cast("list[Tags]", values)
    return [None if row is None else [names[code] for code in row] for row in values]


def coded_tags(
    tags: Sequence[Tags], kind: pa.DataType, names: Sequence[str]
) -> list[list[Any] | None]:
    """Return tags as a column of type `kind` holds them: by name, or as codes."""
    if is_text_list(kind):
        return list(tags)
    code = {name: position for position, name in enumerate(names)}
    return [None if row is None else [code[tag] for tag in row] for row in tags]


def settle_tags(
    rows: Mapping[str, Rows],
    column: str,
    tokens: str,
    *,
    names: Sequence[str],
    label_map: Mapping[str, str],
) -> Settled:
    """Check that every token has a BIO tag, and find out what the tags are called.

    Codes whose names the schema gives stay codes; others are written by the names that `label_map`
    gives them. Rows whose tags are not one a token lose them, and are marked as missing theirs.

    Parameters
    ----------
    rows
        By split, with lists of texts in `tokens`; a split without `column` is unlabelled.
    names
        The tags that the caller knows; none where the data decide.

    Raises
    ------
    DataError
        The column holds something else than BIO tags, or one that is not among `names`.
    """
    settled = Settled(TaskType.TOKEN_CLASSIFICATION, (), dict(rows), {}, [])
    tagged = {split: part for split, part in rows.items() if column in part.table.column_names}
    settled.notices += [
        f"{split}: no column {column}; this split counts as unlabelled"
        for split in rows
        if split not in tagged
    ]
    given = {split: class_names(part.table.schema, column) for split, part in tagged.items()}
    schema = next(iter(given.values()), None)
    coded = schema is not None and len(set(given.values())) == 1 and not label_map
    seen: set[str] = set()
    for split, part in tagged.items():
        found = _by_name(part, column, given[split], label_map)
        kept = _one_a_token(settled, part, column, tokens, found)
        seen.update(tag for row in kept for tag in row or ())
        kind = part.table.schema.field(column).type if coded else pa.list_(pa.large_string())
        table = part.table if coded else with_class_names(part.table, column, None)
        stored = pa.array(coded_tags(kept, kind, schema or ()), kind)
        index = table.column_names.index(column)
        table = table.set_column(index, pa.field(column, kind), stored)
        settled.rows[split] = Rows(table, part.files)
        settled.missing[split] = np.array([row is None for row in kept])
        settled.notices += _alike(settled.rows[split], (tokens, column))
    settled.names = schema if coded and schema else tuple(sorted(seen, key=_order))
    _check_names(settled.names, names, column)
    settled.names = tuple(names) if names and not coded else settled.names
    return settled


def _alike(part: Rows, known: Sequence[str]) -> list[str]:
    """Name further columns that hold a value a token: these do not follow the tokens."""
    table = part.table
    lengths = pc.list_value_length(table[known[0]])
    others = [
        field.name
        for field in table.schema
        if (pa.types.is_list(field.type) or pa.types.is_large_list(field.type))
        and field.name not in known
        and pc.list_value_length(table[field.name]).equals(lengths)
    ]
    if not others:
        return []
    told = f"hold a value a token too; they stay as they are where {known[0]} change"
    return [f"{part.where}: {', '.join(others)} {told}"]


def _order(tag: str) -> tuple[bool, str]:
    return tag != OUTSIDE, tag


def _check_names(found: Sequence[str], known: Sequence[str], column: str) -> None:
    odd = [tag for tag in found if not is_bio(tag)]
    if odd:
        raise DataError(f"{column}: expected {_BIO}, got {', '.join(map(repr, odd[:5]))}")
    stray = [tag for tag in found if known and tag not in known]
    if stray:
        raise DataError(
            f"{column}: expected tags among {', '.join(known)}, got {stray[0]!r}"
            f"{suggest(stray[0], known)}"
        )


def _by_name(
    part: Rows, column: str, names: Sequence[str] | None, label_map: Mapping[str, str]
) -> list[Tags]:
    """Return each row's tags by name."""
    values: list[Any] = mixed_values(part.table, column) or part.table[column].to_pylist()
    where = f"{part.where}: column {column}"
    if not all(row is None or isinstance(row, list) for row in values):
        raise DataError(f"{where}: expected a list of {_BIO} in each row, got other values")
    name: dict[Any, str] = {}
    for tag in {tag for row in values for tag in row or ()}:
        called = names[tag] if names and isinstance(tag, int) and 0 <= tag < len(names) else tag
        name[tag] = label_map.get(str(called), label_map.get(str(tag), str(called)))
        if not isinstance(called, str) and name[tag] == str(called):
            raise DataError(
                f"{where}: expected {_BIO}, got {tag!r}; "
                "say what each number means with --label-map 0=O,1=B-PER,..."
            )
    return [None if row is None else [name[tag] for tag in row] for row in values]


def _one_a_token(
    settled: Settled, part: Rows, column: str, tokens: str, tags: Sequence[Tags]
) -> list[Tags]:
    """Drop the tags of rows that do not have one a token, and note which."""
    lengths = pc.list_value_length(part.table[tokens]).to_pylist()
    both = zip(tags, lengths, strict=True)
    odd = [row is not None and n is not None and len(row) != n for row, n in both]
    what = "whose tags are not one a token"
    settled.notices += part.notes(np.array(odd), column, "found", what)
    return [None if bad else row for row, bad in zip(tags, odd, strict=True)]

"""What a corpus is: settled once from the first pass, then the same for every portion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import pyarrow as pa

from robustft.data.columns import find_id
from robustft.data.dataset import load_source
from robustft.data.rows import Rows
from robustft.data.sources import Source
from robustft.data.split import ID, Split
from robustft.data.streaming.portions import (
    read_portions,
    under_schema,
    with_texts,
)
from robustft.data.streaming.scan import Columns, Scanned
from robustft.data.streaming.shards import Corpus, Shard
from robustft.data.task import Task, TaskType
from robustft.errors import DataError, first_line

__all__ = ["Plan", "find_columns", "settle_plan", "splits_of"]

# Rows looked at to find the columns, and portions tried where the first ones are without texts.
_SAMPLED, _TRIED = 256, 8


@dataclass(frozen=True)
class Plan:
    """How every row of a corpus is read.

    Attributes
    ----------
    columns : which hold what.
    task : what labels mean.
    label_map : what the user calls labels.
    source : the columns of all shards together.
    result : the columns of a row as it is loaded, with its id.
    rows, without_text, blank : those to transform, those left out, those with an empty text.
    fingerprint : a hash of the rows' ids, shard by shard.
    notices : what the user should know.
    """

    columns: Columns
    task: Task
    label_map: Mapping[str, str] | str | None
    source: pa.Schema
    result: pa.Schema
    rows: int
    without_text: int
    blank: int
    fingerprint: str
    notices: tuple[str, ...] = ()


def find_columns(corpus: Corpus, **given: Any) -> tuple[Columns, Task]:
    """Return which columns hold what, and the task so far, from the first rows of a corpus.

    `given` is passed on to `load_source`.

    Raises
    ------
    DataError
        No shard has a row, or no column of texts is found.
    """
    problem: DataError | None = None
    for tried, (shard, rows) in enumerate(_samples(corpus)):
        try:
            loaded = _loaded(corpus, rows, **given)
        except DataError as error:
            problem = problem or error
            if tried + 1 < _TRIED:
                continue
            break
        task, names = loaded.task, rows.table.column_names
        texts = tuple(task.text_columns)
        label = task.label_column if task.label_column in names else None
        ids = find_id(names, None, shard.url)
        ids = None if ids in (*texts, label) else ids
        return Columns(texts, label, ids, task.type is not TaskType.QUESTION_ANSWERING), task
    raise problem or DataError(
        f"{corpus.name}: expected rows, got {len(corpus.shards)} parts without any"
    )


def _samples(corpus: Corpus) -> Iterator[tuple[Shard, Rows]]:
    """Yield the first rows of each shard that has any; rows without gaps, where there are some."""
    for shard in corpus.shards:
        portion = next(read_portions(shard.url), None)
        if portion is not None:
            sample = (portion.drop_null() or portion).slice(0, _SAMPLED)
            yield shard, Rows(sample, ((shard.url, len(sample)),))


def _loaded(corpus: Corpus, rows: Rows, **given: Any) -> Split:
    source = Source(corpus.name, {corpus.split: rows}, label_kind=given.pop("card", None))
    return load_source(source, make_splits=False, keep_unlabelled=True, **given)[corpus.split]


def settle_plan(corpus: Corpus, columns: Columns, scanned: Iterable[Scanned], **given: Any) -> Plan:
    """Return what a corpus is, from what the first pass found in each shard, in order.

    Raises
    ------
    DataError
        The shards do not go together, hold no row, or their labels make no sense.
    """
    schema: pa.Schema | None = None
    examples: list[pa.Table] = []
    counts = {"rows": 0, "without_text": 0, "blank": 0}
    digest = blake2b(digest_size=16)
    for shard, found in zip(corpus.shards, scanned, strict=True):
        for name in counts:
            counts[name] += getattr(found, name)
        digest.update(f"{found.rows} {found.digest}\n".encode())
        schema = _united(schema, found.schema, shard)
        examples = _distinct(examples, found.examples, columns)
    assert schema is not None
    if not counts["rows"]:
        raise DataError(f"{corpus.name}: expected rows with texts, got none")
    table = under_schema(pa.concat_tables(examples, promote_options="permissive"), schema, "")
    whole = _loaded(corpus, Rows(table, ((corpus.name, len(table)),)), **given)
    return Plan(
        columns,
        whole.task,
        given.get("label_map"),
        schema,
        whole.table.schema,
        **counts,
        fingerprint=digest.hexdigest(),
        notices=_notices(corpus, columns, counts),
    )


def _united(known: pa.Schema | None, new: pa.Schema, shard: Shard) -> pa.Schema:
    if known is None or known.equals(new):
        return known or new
    try:
        return pa.unify_schemas([known, new], promote_options="permissive")
    except pa.ArrowException as error:
        raise DataError(
            f"{shard.url}: expected the columns of the other parts, got: {first_line(error)}"
        ) from error


def _distinct(known: list[pa.Table], new: pa.Table, columns: Columns) -> list[pa.Table]:
    """Add the examples of a shard whose labels none before it has."""
    if not len(new):
        return known
    if columns.label is None or columns.label not in new.column_names:
        return known or [new]
    seen = {
        repr(value)
        for table in known
        if columns.label in table.column_names
        for value in table[columns.label].to_pylist()
    }
    values = new[columns.label].to_pylist()
    fresh = [row for row, value in enumerate(values) if repr(value) not in seen]
    return [*known, new.take(pa.array(fresh))] if fresh else known


def _notices(corpus: Corpus, columns: Columns, counts: Mapping[str, int]) -> tuple[str, ...]:
    notices = []
    if counts["without_text"]:
        notices.append(f"{corpus.name}: left out {counts['without_text']:,} rows without a text")
    if counts["blank"]:
        notices.append(f"{corpus.name}: kept {counts['blank']:,} rows with an empty text")
    if columns.label is None:
        notices.append(
            f"{corpus.name}: no column of labels is found, so there are none; name the one that "
            "holds them with --label-column"
        )
    return tuple(notices)


def splits_of(
    shard: Shard, corpus: Corpus, plan: Plan, ordinals: Mapping[int, int]
) -> Iterator[Split]:
    """Yield the rows of a shard in portions, as `load_dataset` would give them.

    Parameters
    ----------
    ordinals
        Of the rows that are copies of another: their number among the rows with texts, and which
        copy each is.
    """
    columns, start = plan.columns, 0
    for portion in read_portions(shard.url):
        table = with_texts(under_schema(portion, plan.source, shard.url), columns.texts)
        if not len(table):
            continue
        split = _loaded(
            corpus,
            Rows(table, ((shard.url, len(table)),)),
            text_column=",".join(columns.texts),
            label_column=columns.label,
            id_column=columns.ids,
            task=plan.task,
            label_map=plan.label_map,
        )
        table = under_schema(split.table, plan.result, shard.url)
        if columns.ids is None:
            ids = _content_ids(split.ids, start, ordinals)
            field = table.schema.field(ID)
            table = table.set_column(table.column_names.index(ID), field, pa.array(ids, field.type))
        start += len(table)
        yield Split(corpus.split, table, plan.task)


def _content_ids(ids: list[str], start: int, ordinals: Mapping[int, int]) -> list[str]:
    """Replace ordinals that hold within a portion by those that hold in the corpus."""
    named = []
    for row, name in enumerate(ids, start):
        ordinal = ordinals.get(row, 0)
        digest = name.partition("-")[0]
        named.append(f"{digest}-{ordinal}" if ordinal else digest)
    return named

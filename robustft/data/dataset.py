"""Data sets in: files, folders, hub names, data frames and the built-in demo."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from robustft.data.columns import (
    ANSWERS_NAME,
    LABEL_NAMES,
    TAG_NAMES,
    find_id,
    find_label,
    find_texts,
    find_tokens,
)
from robustft.data.features import is_text_list, saved_task
from robustft.data.labels import parse_label_map
from robustft.data.layout import layout_of, settle, usual_kind
from robustft.data.rows import Rows
from robustft.data.settle import Settled
from robustft.data.sources import Source, open_source
from robustft.data.split import Split, TextDataset
from robustft.data.splits import cut, in_order, kept_together, sample
from robustft.data.task import Task, TaskType, label_kind_of, task_type_of
from robustft.data.texts import clean_texts, with_ids
from robustft.data.values import typed
from robustft.errors import DataError
from robustft.transform.base import LabelKind

__all__ = [
    "NO_TAGGERS",
    "Split",
    "TextDataset",
    "check_trainable",
    "load_dataset",
    "load_source",
    "sample",
]

NO_TAGGERS = (
    "expected texts, pairs or questions to train or evaluate a model on, got tagged tokens, which "
    "are transformed and augmented only (robustft transform, robustft.augment)"
)


def load_dataset(
    data: str | os.PathLike[str] | Any | None = None,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    id_column: str | None = None,
    task: Task | TaskType | str | None = None,
    label_map: str | Mapping[Any, Any] | None = None,
    label_kind: LabelKind | str | None = None,
    seed: int = 0,
    make_splits: bool = True,
    keep_unlabelled: bool = False,
) -> TextDataset:
    """Load a data set: find its columns, give each row an id, settle what its labels mean.

    Parameters
    ----------
    data
        A csv, tsv, jsonl, json or parquet file (all but parquet may be gzipped), a folder of
        splits, a folder that `datasets.save_to_disk` wrote, a hub name such as ``imdb`` or
        ``glue/sst2`` (a name that exists as a local path is local), a pandas or polars data
        frame, a `datasets.Dataset` or `DatasetDict`, an Arrow table, a list of objects, or a
        mapping of splits to such. None or ``"demo"``: the built-in reviews; ``"demo:events"``:
        the built-in regression.
    text_column, label_column, id_column
        Found by their usual names (text, sentence, review, content; label, sentiment, target;
        id) when left out. Rows of two texts are found as premise and hypothesis, question and
        sentence, question1 and question2, sentence1 and sentence2, text1 and text2, or named as
        ``text_column="first,second"``; question, context and answers are for question answering
        (SQuAD's layouts), lists called tokens and ner_tags or tags for token classification (BIO
        tags). Without an id column, an id is a hash of the text, or of both.
    task
        ``"classification"``, ``"regression"``, ``"question-answering"`` or
        ``"token-classification"`` where the columns leave it open: numbers with fractions, and
        floats in a column called *target*, are for a regression, all else is classes. A `Task` (of
        a trained model) imposes its columns, classes and kind of label.
    label_map
        What the labels are called, as ``0=neg,1=pos``: renames, merges labels of one name, drops
        those with an empty one.
    label_kind
        What the labels say about a text; by default what the data set's card says, or the names
        of the columns.
    seed
        Decides which rows go into splits that have to be made.
    make_splits
        Cut a source without splits 80/10/10, and 10 % of the training rows for validation where
        there is no such split; rows of one text, and questions on one article (by a column
        *title*) or context, stay together. False leaves the source's splits as they are; rows of a
        source without splits are then the split ``all``.
    keep_unlabelled
        Keep rows that have no label in a split where others have one, for uses that need none.

    Returns
    -------
    TextDataset
        Rows that were left out are counted and named in its notices.

    Raises
    ------
    DataError
        The data cannot be read, or do not hold what is asked for.
    HubError
        A hub name is given and neither the hub nor a cached copy can be had.
    UsageError
        An option has a value that cannot be used.
    """
    return load_source(
        open_source(data),
        text_column=text_column,
        label_column=label_column,
        id_column=id_column,
        task=task,
        label_map=label_map,
        label_kind=label_kind,
        seed=seed,
        make_splits=make_splits,
        keep_unlabelled=keep_unlabelled,
    )


def load_source(
    source: Source,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
    id_column: str | None = None,
    task: Task | TaskType | str | None = None,
    label_map: str | Mapping[Any, Any] | None = None,
    label_kind: LabelKind | str | None = None,
    seed: int = 0,
    make_splits: bool = True,
    keep_unlabelled: bool = False,
) -> TextDataset:
    """Do as `load_dataset` with rows that have been read."""
    type_, imposed = _wishes(task)
    names = parse_label_map(label_map)
    kind = None if label_kind is None else label_kind_of(label_kind)
    saved = _saved_task(source)
    known = imposed or saved
    rows, texts, notices = _with_texts(source, text_column, known)

    label = _label_column(rows, source.name, label_column, known, texts, notices)
    type_ = layout_of(rows, texts, label, type_, source.name)
    rows, usable, more = _usable(rows, texts, label, id_column)
    notices += more
    if saved is not None and not names and label == saved.label_column:
        type_ = type_ or saved.type
    if label is None:
        settled = Settled(type_ or TaskType.CLASSIFICATION, _names(imposed), rows)
    else:
        wanted = _wanted(imposed, saved, label, names, type_)
        settled = settle(
            rows, texts, label, type_, names=wanted, label_map=names, where=source.name
        )
    kind = kind or (known.label_kind if known else None) or source.label_kind
    kind = kind or (usual_kind(settled.type, texts) if label else None)
    found = Task(
        type=settled.type,
        text_column=texts[0],
        pair_column=texts[1] if len(texts) > 1 else None,
        label_column=label or (known.label_column if known else LABEL_NAMES[0]),
        label_names=settled.names,
        label_kind=kind,
    )
    notices += settled.notices
    splits = _splits(settled, usable, found, notices, keep=keep_unlabelled)
    return _complete(source.name, splits, found, notices, seed if make_splits else None)


def _wishes(task: Task | TaskType | str | None) -> tuple[TaskType | None, Task | None]:
    if isinstance(task, Task):
        return task.type, task
    return (None if task is None else task_type_of(task)), None


def _names(task: Task | None) -> tuple[str, ...]:
    return task.label_names if task else ()


def _wanted(
    imposed: Task | None,
    saved: Task | None,
    label: str,
    label_map: Mapping[str, str],
    type_: TaskType | None,
) -> tuple[str, ...]:
    """Return the classes that are settled before the labels are seen, if any."""
    if imposed is not None:
        return imposed.label_names
    if saved is None or label != saved.label_column or label_map or type_ is not saved.type:
        return ()
    return saved.label_names


def _saved_task(source: Source) -> Task | None:
    tasks = [saved_task(rows.table.schema) for rows in source.splits.values()]
    first = tasks[0]
    return first if all(task == first for task in tasks) else None


def _with_texts(
    source: Source, given: str | None, known: Task | None
) -> tuple[dict[str, Rows], tuple[str, ...], list[str]]:
    """Return the splits that have the text columns, their one or two names, and notices so far."""
    main = [name for name in source.splits if name not in source.extras]
    first = source.splits[main[0]]
    columns = first.table.column_names
    if given is None and known is not None and set(known.text_columns) <= set(columns):
        texts = known.text_columns
    else:
        tokens = find_tokens(columns) if given is None else None
        found = (tokens,) if tokens else find_texts(columns, given, first.where)
        texts = tuple(name for name in found if name is not None)
    notices = list(source.notices)
    rows: dict[str, Rows] = {}
    for name, part in source.splits.items():
        notices += part.notices
        lacking = [text for text in texts if text not in part.table.column_names]
        if not lacking:
            rows[name] = part
        elif name in source.extras:
            notices.append(f"{part.where}: no column {lacking[0]}; not taken for a split")
        else:
            raise DataError(
                f"{part.where}: expected the column {lacking[0]!r} as in {first.where}, got the "
                f"columns {', '.join(part.table.column_names)}"
            )
    return rows, texts, notices


def _label_column(
    rows: Mapping[str, Rows],
    name: str,
    given: str | None,
    known: Task | None,
    texts: tuple[str, ...],
    notices: list[str],
) -> str | None:
    columns = list(dict.fromkeys(c for part in rows.values() for c in part.table.column_names))
    if given is None and known is not None and known.label_column in columns:
        given = known.label_column
    first = next(iter(rows.values())).table.schema.field(texts[0]).type
    tags = TAG_NAMES if is_text_list(first) else ()
    usual = tags or (LABEL_NAMES if len(texts) == 1 else (ANSWERS_NAME, *LABEL_NAMES))
    label = find_label(columns, given, name, texts, usual)
    others = [c for c in columns if c.casefold() in usual and c not in (label, *texts)]
    if label is None:
        listed = ", ".join(c for c in columns if c not in texts) or "none"
        notices.append(
            f"{name}: no column called {', '.join(usual)}, so there are no labels; name the "
            f"one that holds them with --label-column (other columns: {listed})"
        )
    elif others and given is None:
        notices.append(f"{name}: {label} is taken as the label, not {', '.join(others)}")
    return label


def _usable(
    rows: Mapping[str, Rows], texts: tuple[str, ...], label: str | None, id_column: str | None
) -> tuple[dict[str, Rows], dict[str, npt.NDArray[np.bool_]], list[str]]:
    """Return the rows with clean texts, ids and types, and which of them can be used."""
    done: dict[str, Rows] = {}
    usable: dict[str, npt.NDArray[np.bool_]] = {}
    notices: list[str] = []
    for name, part in rows.items():
        ids = find_id(part.table.column_names, id_column, part.where)
        ids = None if ids in (*texts, label) else ids
        clean, usable[name] = part, np.ones(len(part.table), np.bool_)
        for text in texts:
            clean, filled, notes = clean_texts(clean, text)
            usable[name] &= filled
            notices += notes
        if part.untyped:
            table = typed(clean.table, keep=(*texts, ids))
            clean = Rows(table, clean.files)
        done[name], more = with_ids(clean, usable[name], texts, ids)
        notices += more
    return done, usable, notices


def _splits(
    settled: Settled,
    usable: Mapping[str, npt.NDArray[np.bool_]],
    task: Task,
    notices: list[str],
    *,
    keep: bool,
) -> dict[str, Split]:
    splits = {}
    for name, part in settled.rows.items():
        kept = usable[name]
        missing = settled.missing.get(name)
        if missing is not None:
            verb = "kept" if keep else "left out"
            spans = task.type is TaskType.QUESTION_ANSWERING
            what = "whose answers are nowhere in the context" if spans else "without a label"
            notices += part.notes(missing & kept, task.label_column, verb, what)
            kept = kept if keep else kept & ~missing
        if not kept.any():
            raise DataError(f"{part.where}: expected rows with text and label, got none")
        table = part.table if kept.all() else part.table.filter(pa.array(kept))
        splits[name] = Split(name, table, task)
    return splits


def _complete(
    name: str, splits: dict[str, Split], task: Task, notices: list[str], seed: int | None
) -> TextDataset:
    """Make the splits that are missing (None for the seed: none)."""
    made: list[str] = []
    whole = "all" if "all" in splits else "train"
    if seed is not None and whole in splits and "validation" not in splits:
        test = whole == "all" or "test" not in splits
        uncut = splits.pop(whole)
        parts = cut(uncut, seed, test=test)
        made = list(parts)
        told = ", ".join(f"{part} {len(parts[part]):,}" for part in parts)
        by = ""
        if uncut.task.type is TaskType.QUESTION_ANSWERING:
            by = f" (cut by {kept_together(uncut)}, so that no context is in two of them)"
        notices.append(f"{name}: {'no splits' if test else 'no validation split'}; made {told}{by}")
        splits |= parts
    return TextDataset(
        name,
        {part: splits[part] for part in in_order(list(splits))},
        task,
        tuple(notices),
        tuple(made),
    )


def check_trainable(dataset: TextDataset) -> None:
    """Raise a `DataError` if no model can be trained on the data set, and say what is missing.

    There must be training and validation rows with labels, at least two classes among the
    training rows, or targets that differ; and tags of tokens are for transforms alone.
    """
    if dataset.task.type is TaskType.TOKEN_CLASSIFICATION:
        raise DataError(f"{dataset.name}: {NO_TAGGERS}")
    for name in ("train", "validation"):
        if name not in dataset:
            raise DataError(
                f"{dataset.name}: expected a split {name} for training, got "
                f"{', '.join(dataset.splits)}"
            )
        if dataset[name].labels is None:
            column = dataset.task.label_column
            columns = ", ".join(dataset[name].table.column_names)
            raise DataError(
                f"{dataset.name}: expected labels in the split {name} for training, got none in a "
                f"column {column} (columns: {columns}); name it with --label-column"
            )
    labels = dataset.train.labels
    assert labels is not None
    if len(np.unique(labels)) > 1 or dataset.task.type is TaskType.QUESTION_ANSWERING:
        return
    if dataset.task.type is TaskType.REGRESSION:
        raise DataError(
            f"{dataset.name}: expected training targets that differ, got {labels[0]:g} in every row"
        )
    only = dataset.task.label_names[int(labels[0])]
    raise DataError(
        f"{dataset.name}: expected at least two classes to train on, got {only!r} in all "
        f"{len(labels):,} rows"
    )

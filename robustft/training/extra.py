"""Further labelled sets that join the training split, their labels mapped by name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from robustft.data.dataset import load_dataset
from robustft.data.split import ID, Split, TextDataset
from robustft.data.task import Task, TaskType
from robustft.errors import DataError, UsageError, suggest

__all__ = ["Extra", "ExtraData", "join_extra", "load_extra", "parse_extra", "shared_texts"]

ExtraData = Any
"""What names one further set: ``"more.csv"``, ``"more.csv,0=neg,1=pos"``, or data and label map."""


@dataclass(frozen=True, eq=False)
class Extra:
    """Rows of a further set, in the columns and with the labels of the main one.

    Attributes
    ----------
    data
        What to load again; None when it came as an object.
    """

    name: str
    data: str | None
    label_map: str | None
    split: Split


def parse_extra(given: ExtraData) -> tuple[Any, str | Mapping[Any, Any] | None]:
    """Return data and label map of what ``--extra-data`` was given.

    >>> parse_extra("more.csv,0=neg,1=pos")
    ('more.csv', '0=neg,1=pos')
    """
    if isinstance(given, tuple) and len(given) == 2:
        return given
    if not isinstance(given, str):
        return given, None
    data, comma, names = given.partition(",")
    return (data, names) if comma and "=" in names.partition(",")[0] else (given, None)


def load_extra(given: ExtraData, main: TextDataset, *, seed: int) -> Extra:
    """Load a further set and put its training rows into the form of the main one.

    A set without splits is taken whole, of others the training split. Ids get the set's name in
    front. The columns are those of the main set where they are there, else found by their usual
    names.

    Raises
    ------
    DataError
        The set cannot be read, has no training rows, or has no labels.
    UsageError
        A label is none of the main set's.
    """
    data, label_map = parse_extra(given)
    if main.task.type is TaskType.QUESTION_ANSWERING:
        raise UsageError(f"extra data: expected a task with labels, got {main.task.type}")
    found = _load(data, label_map, main.task, seed)
    split = next((found[name] for name in ("train", "all") if name in found), None)
    if split is None or split.labels is None:
        what = "labels" if split is not None else f"a training split, got {', '.join(found)}"
        raise DataError(f"extra data {found.name}: expected {what}")
    task, table = main.task, main.train.table
    columns: dict[str, Any] = {
        ID: pa.array([f"{found.name}:{row_id}" for row_id in split.ids], pa.string()),
        task.text_column: pa.array(split.texts, table.schema.field(task.text_column).type),
        task.label_column: _labels(split, main, found.name),
    }
    if (task.pair_column is None) != (split.pairs is None):
        wanted, got = ("pairs of texts", "single texts")[:: -1 if split.pairs else 1]
        raise DataError(f"extra data {found.name}: expected {wanted} as in the main set, got {got}")
    if task.pair_column is not None:
        kind = table.schema.field(task.pair_column).type
        columns[task.pair_column] = pa.array(split.pairs, kind)
    return Extra(
        name=found.name,
        data=os.fspath(data) if isinstance(data, str | os.PathLike) else None,
        label_map=_written(label_map),
        split=Split(found.name, pa.table(columns), task),
    )


def join_extra(train: Split, extra: Sequence[Extra]) -> Split:
    """Return the training rows followed by those of further sets.

    Raises
    ------
    DataError
        Two rows have one id.
    """
    tables = [train.table, *(each.split.table for each in extra)]
    table = pa.concat_tables(tables, promote_options="permissive")
    # What the schema says of the classes' names holds for all rows.
    table = table.replace_schema_metadata(train.table.schema.metadata)
    joined = Split(train.name, table, train.task)
    if len(set(joined.ids)) < len(joined):
        raise DataError("extra data: expected rows with ids of their own, got one set twice")
    return joined


def shared_texts(extra: Iterable[Extra], dataset: TextDataset) -> list[str]:
    """Say how many held-out texts further sets hold: trained on, they flatter the scores."""
    said = []
    for each in extra:
        own = set(each.split.rows_of_texts)
        for name in ("validation", "test"):
            shared = (
                sum(row in own for row in dataset[name].rows_of_texts) if name in dataset else 0
            )
            if shared:
                texts = "1 text" if shared == 1 else f"{shared:,} texts"
                also = "is also" if shared == 1 else "are also"
                said.append(
                    f"{texts} of {name} {also} in the extra data {each.name}: scores will flatter"
                )
    return said


def _load(data: Any, label_map: Any, task: Task, seed: int) -> TextDataset:
    """Load a set with the main one's columns, or with those that are found."""
    if isinstance(data, str) and data.startswith("~"):
        data = Path(data).expanduser()
    same: dict[str, Any] = {
        "text_column": ",".join(task.text_columns),
        "label_column": task.label_column,
    }
    options: dict[str, Any] = {
        "label_map": label_map,
        "task": str(task.type),
        "seed": seed,
        "make_splits": False,
    }
    try:
        return load_dataset(data, **same, **options)
    except DataError:
        return load_dataset(data, **options)


def _labels(split: Split, main: TextDataset, name: str) -> pa.Array:
    """Return the labels as the main set writes them: what stands there for a class or number."""
    column = main.train.table[main.task.label_column]
    if main.task.type is TaskType.REGRESSION:
        return pa.array(split.labels, pa.float64()).cast(column.type, safe=False)
    known, labels = main.task.label_names, main.train.labels
    if labels is None or split.labels is None:
        raise DataError(f"extra data {name}: expected labels, got none")
    for label in split.task.label_names:
        if label not in known:
            raise UsageError(
                f"extra data {name}: expected labels of {', '.join(known)}, got {label!r}"
                f"{suggest(label, known)}; map them by name: {name},{label}={known[0]}"
            )
    written = {}
    for label in split.task.label_names:
        rows = np.flatnonzero(labels == known.index(label))
        if not len(rows):
            raise DataError(f"extra data {name}: expected a training row with the label {label!r}")
        written[label] = column[int(rows[0])].as_py()
    names = [split.task.label_names[code] for code in split.labels]
    return pa.array([written[label] for label in names], column.type)


def _written(label_map: Any) -> str | None:
    if isinstance(label_map, Mapping):
        return ",".join(f"{old}={new}" for old, new in label_map.items())
    return None if label_map is None else str(label_map)

"""Predictions on disk: one row a text, readable by anything that reads parquet or csv."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from robustft.data.files import atomic_path
from robustft.data.saving import write_parquet
from robustft.data.task import Task, TaskType
from robustft.evaluation.predictions import Predictions
from robustft.evaluation.sets import TestSet

__all__ = ["read_predictions", "write_predictions"]


def write_predictions(
    folder: Path,
    made: TestSet,
    said: Predictions,
    task: Task,
    *,
    kind: Literal["parquet", "csv"] = "parquet",
) -> Path:
    """Write the predictions for a set and return the path.

    Columns: ``id``, ``text``, ``pair`` (of pairs the second text), ``label`` and ``prediction``
    (names of classes, or numbers), ``probabilities`` (one a class, in the order of the task's
    names; csv: a column a class). The parquet file also holds what a later call needs to go on:
    ``logits``, ``token_hash``, ``truncated`` and ``lengths`` (tokens before the text was cut).
    """
    split = made.split
    regression = task.type is TaskType.REGRESSION
    names = np.asarray(task.label_names, dtype=object)
    labels, guesses = np.asarray(split.labels), said.predictions
    columns: dict[str, object] = {
        "id": split.ids,
        "text": split.texts,
        **({} if split.pairs is None else {"pair": split.pairs}),
        "label": labels if regression else names[labels].tolist(),
        "prediction": guesses if regression else names[guesses].tolist(),
    }
    path = folder / f"{made.facts.name}.{kind}"
    if kind == "csv":
        if not regression:
            shares = said.probabilities
            columns |= {f"p_{name}": shares[:, i] for i, name in enumerate(task.label_names)}
        with atomic_path(path) as temporary:
            csv.write_csv(pa.table(columns), temporary)
        return path
    if not regression:
        columns["probabilities"] = _lists(said.probabilities)
    columns |= {
        "logits": _lists(said.logits),
        "token_hash": said.token_hash,
        "truncated": said.truncated,
        "lengths": said.lengths,
    }
    return write_parquet(pa.table(columns), path)


def read_predictions(folder: Path, made: TestSet, task: Task) -> Predictions | None:
    """Return the predictions that an earlier call wrote for these very rows, or None."""
    path = folder / f"{made.facts.name}.parquet"
    if not path.is_file():
        return None
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException):
        return None
    if {"id", "text", "logits", "token_hash", "truncated", "lengths"} - set(table.column_names):
        return None
    for name, wanted in (
        ("id", made.split.ids),
        ("text", made.split.texts),
        ("pair", made.split.pairs),
    ):
        if wanted is not None and (
            name not in table.column_names or table[name].to_pylist() != wanted
        ):
            return None
    logits = table["logits"].combine_chunks()
    values = logits.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    return Predictions(
        values.reshape(len(table), -1),
        table["token_hash"].to_numpy().astype(np.uint64),
        table["truncated"].to_numpy(zero_copy_only=False).astype(np.bool_),
        task.type is TaskType.REGRESSION,
        table["lengths"].to_numpy().astype(np.int64),
    )


def _lists(values: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> pa.Array:
    flat = pa.array(values.ravel(), pa.float32())
    offsets = np.arange(0, values.size + 1, max(values.shape[1], 1), dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), flat)

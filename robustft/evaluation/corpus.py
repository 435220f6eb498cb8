"""What a model says about a corpus that no memory holds: shard by shard, here or on a cluster."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from robustft.data.run_folder import hardware
from robustft.data.saving import write_parquet
from robustft.data.split import ID, Split
from robustft.data.streaming.copies import ordinals_of
from robustft.data.streaming.passes import ORDINALS, PARTS, add_up, note, work_through
from robustft.data.streaming.plan import Plan, splits_of
from robustft.data.streaming.portions import joined
from robustft.data.streaming.run import PlacedRun
from robustft.data.streaming.shards import Corpus, Shard
from robustft.data.streaming.storage import Place
from robustft.data.task import Task, TaskType
from robustft.errors import DataError, ModelError, UsageError, first_line
from robustft.evaluation.predictions import Predictions
from robustft.evaluation.predictors import TextModel, open_model
from robustft.evaluation.subjects import Subject, find_subjects
from robustft.model.foreign.options import ModelOptions
from robustft.model.labels import model_label_names
from robustft.scale.engines import Engine

__all__ = ["Asking", "predict_corpus", "task_for"]

_GROUP_ROWS, _GROUP_BYTES = 65_536, 64 << 20
# Arithmetic in 32 bits is good for about seven digits: what depends on the machine is cut off.
_DIGITS = 5


@dataclass(frozen=True)
class Asking:
    """Which model is asked, and how; it can be sent to another machine.

    Attributes
    ----------
    model : a run, a folder, a hub name or what else names a model; every machine must have it.
    task : that of the rows, with the names of the model's outputs.
    threads : those that each process computes with; None leaves them as they are.
    """

    model: str
    task: Task
    options: ModelOptions
    batch_size: int | None = None
    max_length: int | None = None
    device: str = "auto"
    threads: int | None = None


@cache
def _opened(asking: Asking) -> TextModel:
    """Return the model, opened once a process."""
    if asking.threads is not None:
        import torch

        torch.set_num_threads(asking.threads)
    # A corpus is read once: nothing that is said of it need outlive the process.
    options = replace(asking.options, cache=False)
    (subject,) = find_subjects([asking.model], Path(), options)
    return open_model(
        subject,
        asking.task,
        batch_size=asking.batch_size,
        max_length=asking.max_length or subject.max_length,
        device=asking.device,
    )


def task_for(subject: Subject, task: Task) -> Task:
    """Return the task with names for the outputs of a model, where the data name no labels.

    Raises
    ------
    DataError
        Neither the data nor the model name them.
    ModelError
        The model's configuration cannot be read.
    """
    if task.type is not TaskType.CLASSIFICATION or task.label_names:
        return task
    if subject.kind != "transformers":
        raise DataError(
            f"{subject.facts.name}: expected labels in the data, which say what the outputs of a "
            "model of another make are called, got none"
        )
    from transformers import AutoConfig

    try:
        names = model_label_names(AutoConfig.from_pretrained(subject.model))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{subject.model}: expected a model's configuration, got: {first_line(error)}"
        ) from error
    return replace(task, label_names=names)


def predict_shard(shard: Shard, *, corpus: Corpus, plan: Plan, place: Place, asking: Asking) -> int:
    """Write what the model says of a shard, and a note that it is done; return its rows.

    Raises
    ------
    RobustftError
        It cannot be read or written, or the model cannot be used.
    """
    model = _opened(asking)
    counts: Counter[str] = Counter(rows=0, truncated=0)

    def tables() -> Iterator[pa.Table]:
        for rows in splits_of(shard, corpus, plan, ordinals_of(shard, place.inner(ORDINALS))):
            said = model.predict(rows.texts, pairs=rows.pairs)
            model.memory.forget()
            counts.update(rows=len(rows), truncated=int(said.truncated.sum()))
            yield _table(rows, said, plan.task, asking.task)

    groups = joined(tables(), rows=_GROUP_ROWS, size=_GROUP_BYTES)
    with place.writing(f"predictions/{corpus.split}/{shard.part}.parquet", "rows") as path:
        write_parquet(_or_empty(groups, plan, asking.task), path)
    note(shard, place, {"counts": counts})
    return counts["rows"]


def _table(rows: Split, said: Predictions, task: Task, asked: Task) -> pa.Table:
    """Return ids, labels (where there are any), predictions and rounded probabilities."""
    columns: dict[str, pa.Array] = {ID: pa.array(rows.ids, pa.large_string())}
    regression = asked.type is TaskType.REGRESSION
    names = np.asarray(asked.label_names, dtype=object)
    if task.label_column in rows.table.column_names:
        columns["label"] = _labels(rows, task)
    if regression:
        columns["prediction"] = pa.array(np.round(said.predictions, _DIGITS), pa.float64())
        return pa.table(columns)
    columns["prediction"] = pa.array(names[said.predictions], pa.large_string())
    shares = np.round(said.probabilities, _DIGITS)
    flat = pa.array(shares.ravel(), pa.float32())
    width = max(shares.shape[1], 1)
    offsets = pa.array(np.arange(0, shares.size + 1, width, dtype=np.int32))
    columns["probabilities"] = pa.ListArray.from_arrays(offsets, flat)
    return pa.table(columns)


def _labels(rows: Split, task: Task) -> pa.Array:
    labels = rows.labels
    if task.type is TaskType.REGRESSION:
        return pa.array(np.full(len(rows), np.nan) if labels is None else labels, from_pandas=True)
    codes = [-1] * len(rows) if labels is None else labels.tolist()
    names = [None if code < 0 else task.label_names[code] for code in codes]
    return pa.array(names, pa.large_string())


def _or_empty(groups: Iterator[pa.Table], plan: Plan, asked: Task) -> Iterator[pa.Table]:
    """Yield the tables; of a shard without rows one that is empty."""
    first = next(groups, None)
    if first is None:
        regression = asked.type is TaskType.REGRESSION
        said = Predictions(
            np.empty((0, max(asked.num_labels, 1)), np.float32),
            np.empty(0, np.uint64),
            np.empty(0, np.bool_),
            regression,
        )
        nothing = Split(asked.text_column, plan.result.empty_table(), plan.task)
        first = _table(nothing, said, plan.task, asked)
    yield first
    yield from groups


def predict_corpus(
    corpus: Corpus,
    plan: Plan,
    run: PlacedRun,
    asking: Asking,
    engine: Engine,
    *,
    called: str,
    remarks: Sequence[str] = (),
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, Any]:
    """Write ``predictions/SPLIT/part-*.parquet``, one for each shard, and finish the run.

    Their columns are ``id``, ``label`` (by name, where the corpus has labels), ``prediction`` and
    ``probabilities``, one a class in the order of the manifest's ``labels``, of five digits.

    Parameters
    ----------
    plan
        As `prepare` settled it in the same run.
    called
        What the manifest calls the model: a run holds no path of this machine.
    remarks
        What a reader of the manifest should know.
    progress
        Called with the number of rows done since the last call.

    Returns
    -------
    The manifest: counts of rows and of texts longer than the model reads, and the labels.

    Raises
    ------
    UsageError
        The rows are questions in contexts or tagged tokens.
    """
    if asking.task.type not in (TaskType.CLASSIFICATION, TaskType.REGRESSION):
        raise UsageError(
            f"predict: expected texts or pairs to classify or to give a number, got data for "
            f"{asking.task.type}"
        )
    started = time.perf_counter()
    function = partial(predict_shard, corpus=corpus.bare, plan=plan, place=run.place, asking=asking)
    work_through(function, corpus, run.place, engine, plan.rows, progress)
    (counts,) = add_up(corpus, run.place, "counts")
    manifest = {
        "split": corpus.split,
        "source_fingerprint": plan.fingerprint,
        "model": called,
        "labels": list(asking.task.label_names),
        "remarks": list(remarks),
        "counts": dict(counts),
        "shards": len(corpus.shards),
    }
    minutes = (time.perf_counter() - started) / 60
    run.log({"event": "predicted", "minutes": minutes, **engine.facts(), "hardware": hardware()})
    run.place.tidy()
    run.finish(manifest)
    # Last: a run that is killed before finds in them what is done.
    run.place.remove(PARTS)
    return run.manifest

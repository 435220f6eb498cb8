"""A check of robustness in memory: rows, sets, predictions and comparison, no folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from robustft.data.build import settle_transforms
from robustft.data.dataset import load_dataset, sample
from robustft.data.split import Split, TextDataset
from robustft.data.task import Task, TaskType, label_kind_of
from robustft.errors import DataError, ModelError, UsageError
from robustft.evaluation.assertion import Examples, Limited, RobustnessCheck
from robustft.evaluation.counterexamples.files import Counterexample
from robustft.evaluation.counterexamples.shrink import chosen_rows, flipped_rows, shrink_rows
from robustft.evaluation.counterexamples.words import most_telling, sentence
from robustft.evaluation.gate import Limits, judge_gate
from robustft.evaluation.predictions import Predictions
from robustft.evaluation.results import ORIGINAL, ModelFacts
from robustft.evaluation.robustness import compare
from robustft.evaluation.sets import SetPlan, TestSet, build_set, plan_sets, read_severity
from robustft.evaluation.sources import sources_of
from robustft.evaluation.text_predictor import TextPredictor
from robustft.model.foreign.base import TextsIn
from robustft.model.foreign.estimators import EstimatorModel
from robustft.model.foreign.functions import FunctionModel, function_name
from robustft.transform.base import LabelKind
from robustft.transform.constraints import Constraint
from robustft.transform.registry import Transforms, bind

__all__ = ["Case", "prepare", "run"]

_LONGEST = 200
_TRIED = 32
"""The flipped rows among which the most telling ones are sought."""


@dataclass(frozen=True, eq=False)
class Case:
    """A model, rows and the sets to make of them, checked to go together."""

    name: str
    model: Any
    split: Split
    task: Task
    sets: tuple[SetPlan, ...]
    severity: int
    seed: int
    remarks: tuple[str, ...]


def prepare(
    model: Any,
    data: Any,
    *,
    transforms: Transforms | None,
    severity: int,
    seed: int,
    label_kind: LabelKind | str | None,
    limit: int | None,
    split: str | None,
    constraints: Sequence[Constraint],
    columns: Mapping[str, Any],
    settings: Mapping[str, Any],
) -> Case:
    """Load the rows and find the model; see `check_robust`.

    Raises
    ------
    RobustftError
        They do not go together.
    """
    level = read_severity(severity)
    if not isinstance(level, int):
        raise UsageError(f"severity: expected a number from 0 to 5, got {severity!r}")
    dataset = load_dataset(data, make_splits=False, label_kind=label_kind, **columns)
    rows = _chosen(dataset, split)
    if limit is not None:
        rows = sample(rows, limit, seed=seed)
    task = rows.task
    if label_kind is not None:
        task = replace(task, label_kind=label_kind_of(label_kind))
    settled, remarks = settle_transforms(transforms, task.label_kind)
    name, opened = _opened(model, task, settings)
    return Case(
        name=name,
        model=opened,
        split=rows,
        task=task,
        sets=tuple(plan_sets([bind(settled, constraints)], level)),
        severity=level,
        seed=seed,
        remarks=tuple(remarks),
    )


def _chosen(dataset: TextDataset, split: str | None) -> Split:
    """Return the split named, else the test rows, else all rows where there are no splits."""
    names = list(dataset.splits)
    usual = next((name for name in ("test", "all") if name in dataset), None)
    if split is None and usual is None and len(names) > 1:
        raise DataError(f"{dataset.name}: expected a split called test, got {', '.join(names)}")
    chosen = dataset[split or usual or names[0]]
    if chosen.task.type not in (TaskType.CLASSIFICATION, TaskType.REGRESSION):
        raise DataError(
            f"{dataset.name}: expected classes or numbers to predict, got {chosen.task.type}"
        )
    if chosen.labels is None:
        raise DataError(f"{dataset.name}: expected labels, got none; name their label_column")
    return chosen


def _opened(model: Any, task: Task, settings: Mapping[str, Any]) -> tuple[str, Any]:
    """Return a model's name and what to ask; what was opened by name is kept for the next test."""
    if hasattr(model, "__fspath__"):
        model = model.__fspath__()
    if not isinstance(model, str):
        return function_name(model), TextPredictor(_of_object(model, task), task)
    return _opened_by_name(model, task, tuple(settings.items()))


def _of_object(model: Any, task: Task) -> TextsIn:
    """Return an object as a model: an estimator, what has ``predict``, or a function."""
    name, predict = function_name(model), getattr(model, "predict", None)
    if isinstance(model, type):
        raise ModelError(f"{name}: expected a model, got a class; make an object of it first")
    if callable(predict):
        estimator = hasattr(model, "classes_") or task.type is TaskType.REGRESSION
        return EstimatorModel(model, name) if estimator else FunctionModel(predict, name)
    if not callable(model):
        raise ModelError(
            f"{name}: expected a function of a list of texts, or an object with predict, got "
            f"{model!r:.80}"
        )
    return FunctionModel(model, name)


@lru_cache(maxsize=2)
def _opened_by_name(
    model: str, task: Task, settings: tuple[tuple[str, Any], ...]
) -> tuple[str, Any]:
    from pathlib import Path

    from robustft.evaluation.predict import DEFAULT_LENGTH
    from robustft.evaluation.predictors import open_model
    from robustft.evaluation.subjects import find_subjects

    (subject,) = find_subjects([model], Path())
    given = dict(settings)
    given["max_length"] = given["max_length"] or subject.max_length or DEFAULT_LENGTH
    return subject.facts.name, open_model(subject, task, **given)


def run(case: Case, *, limits: tuple[Limited, Limited, str], examples: int) -> RobustnessCheck:
    """Make the sets, ask the model, compare, and judge."""
    max_drop, min_accuracy, on = limits
    wanted = Limits.of(max_drop, min_accuracy, on)
    main = next(plan.name for plan in case.sets if plan.main)
    wanted.check([plan.facts for plan in case.sets], main, case.task.metric)
    sets = [build_set(plan, case.split, seed=case.seed) for plan in case.sets]
    said = {}
    for made in sets:
        said[made.facts.name] = case.model.predict(made.split.texts, pairs=made.split.pairs)
    labels = np.asarray(case.split.labels)
    _check_answers(case, said[ORIGINAL])
    result = compare(
        labels,
        [made.facts for made in sets],
        {ModelFacts(name=case.name): said},
        task=case.task,
        mix=main,
        remarks=case.remarks,
        seed=case.seed,
        sources=sources_of(case.split),
    )
    gate = judge_gate(result, wanted)
    return RobustnessCheck(
        gate=gate,
        result=result,
        severity=case.severity,
        seed=case.seed,
        examples=_examples(case, sets, said, gate.worst.set, examples),
        notices=tuple(n for n in case.model.notices if "in the data's order" in n),
    )


def _check_answers(case: Case, said: Predictions) -> None:
    if len(said) != len(case.split):
        raise ModelError(f"{case.name}: expected {len(case.split):,} answers, got {len(said):,}")


def _examples(
    case: Case,
    sets: Sequence[TestSet],
    said: Mapping[str, Predictions],
    name: str,
    most: int,
) -> Examples:
    """Return some of the right answers that became wrong on a set, in words."""
    made = next((s for s in sets if s.facts.name == name), None)
    labels = np.asarray(case.split.labels)
    if made is None or made.made is None or case.task.type is TaskType.REGRESSION:
        return Examples(set=name, flipped=0, rows=0)
    rows = flipped_rows(labels, said[ORIGINAL], said[name])
    tried = chosen_rows(rows, case.split.ids, _TRIED, case.seed) if most else rows[:0]
    shrunk = shrink_rows(
        case.model, tried, case.split, made.made.perturbed, said[ORIGINAL], said[name]
    )
    words = tuple(_words(example) for example in most_telling(shrunk, most))
    right = int((said[ORIGINAL].predictions == labels).sum())
    return Examples(set=name, flipped=len(rows), rows=right, words=words)


def _words(example: Counterexample) -> str:
    """Return what flips the prediction, and the text with these edits alone."""
    said = sentence(example)
    if example.confidence_before == example.confidence_after == 1:  # a label and no more
        said = said.rpartition(" (")[0]
    return "\n".join([said, *(_short(t) for t in (example.text, example.pair) if t is not None)])


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else flat[: _LONGEST - 1] + "…"

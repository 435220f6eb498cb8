"""A dictionary row: make a word list from the training rows and predict from its counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from robustft.data.build import check_label_kind
from robustft.data.dataset import load_dataset, sample
from robustft.data.run_folder import hardware
from robustft.data.split import TextDataset
from robustft.data.splits import suit_training
from robustft.evaluation.sets import TestSet, build_set, plan_sets, read_severity
from robustft.study.dictionary_baseline import DictionaryResult, dictionary_baseline
from robustft.study.dictionary_run import DictionaryRun, dictionary_run
from robustft.study.dictionary_settings import DictionarySettings
from robustft.study.extra import extra_metrics
from robustft.study.grid import RunSpec
from robustft.study.portable import named_settings, relative_path
from robustft.study.results import VALIDATION, RowResult, Value, plain_values, values
from robustft.study.rows import Context

__all__ = [
    "DictionaryResult",
    "DictionaryRun",
    "dictionary_baseline",
    "dictionary_run",
    "run_dictionary",
]

_COLUMNS = ("task", "text_column", "label_column", "id_column", "label_map", "label_kind")
# A sampled training split goes with so many validation rows at least, as in `robustft.train`.
# Words are counted, a network trained, words scored, four candidates tried, rows predicted.
_STEPS = 8
_SHOWN = ("name", "kind", "spec", "severity", "rows", "changed_share", "unchanged_share")


def run_dictionary(spec: RunSpec, context: Context) -> RowResult:
    """Make the row's dictionary (a finished run is found again) and test it as trained rows are."""
    dataset = _data(spec)
    settings = {k: v for k, v in spec.settings.items() if k in DictionarySettings.model_fields}
    run = dictionary_run(
        dataset,
        root=context.runs,
        sets=_sets(dataset, spec, context),
        n_jobs=context.workers,
        progress=lambda _: context.told("making a dictionary", 1, _STEPS),
        **settings,
    )
    return _result(spec, dataset, run, context)


def _data(spec: RunSpec) -> TextDataset:
    """Load the data as a trained row of the same settings does."""
    given = spec.settings
    seed, limit = given.get("data_seed"), given.get("max_train")
    seed = int(given.get("seed") or 0) if seed is None else int(seed)
    columns = {name: given[name] for name in _COLUMNS if given.get(name) is not None}
    dataset = load_dataset(given.get("data"), seed=seed, **columns)
    if limit is None or "train" not in dataset or limit >= len(dataset.train):
        return dataset
    fewer = {"train": sample(dataset.train, limit, seed=seed)}
    if "validation" in dataset:
        fewer["validation"] = suit_training(dataset.validation, limit, seed=seed)
    return replace(dataset, splits={**dataset.splits, **fewer})


def _sets(dataset: TextDataset, spec: RunSpec, context: Context) -> list[TestSet]:
    """Make the study's test sets: those that every trained row sees."""
    wanted = context.evaluation
    split = dataset[_split(spec, context)]
    limit = spec.settings.get("max_eval", wanted.max_eval)
    if limit is not None:
        split = sample(split, limit, seed=wanted.seed)
    given = wanted.transforms
    chains: list[Any] = [] if given is None else [given] if isinstance(given, str) else given
    plans = plan_sets(chains, read_severity(wanted.severity))
    for plan in plans:
        if plan.transforms is not None:
            kind, force = dataset.task.label_kind, bool(spec.settings.get("force", False))
            check_label_kind(plan.transforms, kind, force=force)
    return [build_set(plan, split, seed=wanted.seed, workers=context.workers) for plan in plans]


def _split(spec: RunSpec, context: Context) -> str:
    """Return the split to test on."""
    return str(spec.settings.get("eval_split") or context.evaluation.split or "test")


def _result(spec: RunSpec, dataset: TextDataset, run: DictionaryRun, context: Context) -> RowResult:
    files = {name: run.folder / path for name, path in run.predictions.items()}
    metrics: dict[str, dict[str, Value]] = {VALIDATION: plain_values(run.validation)}
    drops: dict[str, dict[str, Value]] = {}
    for cell in run.result.cells:
        extra = extra_metrics(files[cell.set], run.result.task, seed=context.evaluation.seed)
        metrics[cell.set] = values({**cell.metrics, **extra})
        if cell.drop is not None:
            drops[cell.set] = values(cell.drop)
    sets = run.result.sets
    return RowResult(
        row=spec.row,
        data=dataset.name,
        model=str(run.facts["chosen"]["model"]),
        settings=named_settings(spec.settings),
        metrics=metrics,
        drops=drops,
        truncated=run.truncated,
        minutes=run.minutes,
        rows={**run.rows, "evaluated": sets[0].rows},
        run=relative_path(run.folder, context.folder),
        predictions={name: relative_path(path, context.folder) for name, path in files.items()},
        facts={
            **run.facts,
            "task": run.result.task,
            "mix": run.result.mix,
            "sets": [{key: getattr(facts, key) for key in _SHOWN} for facts in sets],
            "split": _split(spec, context),
            "hardware": hardware(),
        },
        notices=list(dict.fromkeys([*dataset.notices, *run.notices])),
    )

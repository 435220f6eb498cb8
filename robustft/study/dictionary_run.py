"""A dictionary baseline in a run folder of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robustft.data.dataset import check_trainable
from robustft.data.run_folder import RunFolder, hardware
from robustft.data.split import TextDataset
from robustft.evaluation.results import RobustnessResult
from robustft.evaluation.rows import write_predictions
from robustft.evaluation.sets import TestSet
from robustft.scoring.statistics import Estimate
from robustft.study.dictionary_baseline import (
    DictionaryResult,
    Progress,
    check_texts,
    make_baseline,
    original_set,
)
from robustft.study.dictionary_settings import DictionarySettings, dictionary_settings
from robustft.study.word_list import write_words

__all__ = ["DictionaryRun", "dictionary_run"]

METRICS, DICTIONARY = "metrics.json", "dictionary.csv"


@dataclass(frozen=True, eq=False)
class DictionaryRun:
    """A finished run of kind ``dictionary``.

    Attributes
    ----------
    result, validation, facts, minutes, notices
        As in `DictionaryResult`.
    predictions
        By test set, the file relative to `folder`.
    rows, truncated
        By split, how many rows were used and the share of the texts that were cut.
    """

    folder: Path
    result: RobustnessResult
    validation: dict[str, float | None]
    facts: dict[str, Any]
    minutes: float
    notices: tuple[str, ...]
    predictions: dict[str, str]
    rows: dict[str, int]
    truncated: dict[str, float]

    @property
    def metrics(self) -> dict[str, dict[str, Estimate]]:
        """By test set, its metrics."""
        return {cell.set: cell.metrics for cell in self.result.cells}


def dictionary_run(
    dataset: TextDataset,
    *,
    out: str | os.PathLike[str] | None = None,
    root: str | os.PathLike[str] = "runs",
    sets: Sequence[TestSet] | None = None,
    n_jobs: int = 1,
    progress: Progress = lambda _: None,
    **settings: Any,
) -> DictionaryRun:
    """Do what `dictionary_baseline` does in a run folder; a finished one is read again.

    The folder holds ``dictionary.csv`` (the chosen words with score, mean attribution and document
    frequency), ``words.csv`` (all words that were scored), ``predictions/SET.parquet`` as an
    evaluation writes them, and ``metrics.json``. A run that was stopped after the scoring goes on
    from there.

    Parameters
    ----------
    out, root
        The folder itself; by default one under `root` named after the settings.
    settings
        Fields of `DictionarySettings`.

    Raises
    ------
    DataError, UsageError
        As in `dictionary_baseline`.
    RunError
        The folder holds something else.
    """
    checked = dictionary_settings(**settings)
    check_trainable(dataset)
    check_texts(dataset)
    tested = [original_set(dataset.test)] if sets is None else sets
    run = RunFolder.start(
        "dictionary",
        f"{dataset.name}-{checked.classifier}-seed{checked.seed}",
        _config(dataset, tested, checked),
        out=None if out is None else Path(out),
        root=Path(root),
    )
    if not run.finished:
        made = make_baseline(dataset, checked, tested, run=run, n_jobs=n_jobs, progress=progress)
        _finish(run, dataset, tested, made)
    manifest = run.manifest
    return DictionaryRun(
        folder=run.path,
        result=RobustnessResult.from_dict(run.read_json(METRICS)),
        validation=manifest["validation"],
        facts=manifest["facts"],
        minutes=manifest["minutes"],
        notices=tuple(manifest["notices"]),
        predictions=manifest["predictions"],
        rows=manifest["counts"],
        truncated=manifest["truncated"],
    )


def _config(
    dataset: TextDataset, sets: Sequence[TestSet], settings: DictionarySettings
) -> dict[str, Any]:
    splits = {name: dataset[name].fingerprint for name in ("train", "validation")}
    tested = {made.facts.name: made.split.fingerprint for made in sets}
    return {**settings.model_dump(), "data": dataset.name, "splits": splits, "sets": tested}


def _finish(
    run: RunFolder, dataset: TextDataset, sets: Sequence[TestSet], made: DictionaryResult
) -> None:
    """Write what the run came to, the manifest last."""
    write_words(made.model.words, run.path / DICTIONARY)
    for tested in sets:
        said = made.predictions[tested.facts.name]
        write_predictions(run.path / "predictions", tested, said, dataset.task)
    run.write_json(METRICS, made.result.to_dict())
    names = ("train", "validation")
    run.finish(
        {
            "seed": run.config["seed"],
            "data": dataset.name,
            "fingerprints": {name: dataset[name].fingerprint for name in names},
            "counts": {name: len(dataset[name]) for name in names} | {"test": len(sets[0].split)},
            "truncated": {cell.set: cell.truncated for cell in made.result.cells},
            "predictions": {s.facts.name: f"predictions/{s.facts.name}.parquet" for s in sets},
            "validation": made.validation,
            "facts": made.facts,
            "minutes": made.minutes,
            "hardware": hardware(),
            "notices": list(made.notices),
        }
    )

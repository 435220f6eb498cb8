"""Compare what models say about the same rows, as they are and transformed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.data.task import Task, TaskType
from robustft.errors import DataError
from robustft.evaluation.measures import Measure, Said, measure_of
from robustft.evaluation.results import (
    ORIGINAL,
    Cell,
    ModelFacts,
    Pair,
    PairCell,
    RobustnessResult,
    SetFacts,
    SharedWords,
)
from robustft.evaluation.verdict import judge
from robustft.scoring.metrics import mean_change, ratio_of_sums
from robustft.scoring.power import smallest_change
from robustft.scoring.statistics import holm
from robustft.seeding import fold_in

__all__ = ["compare"]

Array = npt.NDArray[Any]
Outputs = Mapping[str, Said]


def compare(
    labels: Array,
    sets: Sequence[SetFacts],
    models: Mapping[ModelFacts, Outputs],
    *,
    task: Task,
    mix: str | None = None,
    shared_words: SharedWords | None = None,
    remarks: Sequence[str] = (),
    seed: int = 0,
) -> RobustnessResult:
    """Compare models on a test set and its transformed versions; all of it is paired by row.

    Parameters
    ----------
    labels
        The rows' label codes or numbers, shape ``(n,)``.
    sets
        The original set, called ``original``, and the transformed ones.
    models
        For each model its predictions by set. A clean and an augmented one make a pair.
    mix
        The set that the verdict is about.
    remarks
        What else a reader must know; they become caveats of the verdict.
    seed
        Keys the resampling of the intervals.

    Raises
    ------
    DataError
        There are no rows, or the rows of a set are not those of the labels.
    """
    if not len(labels):
        raise DataError("evaluation: expected labelled rows, got none")
    for facts, outputs in models.items():
        for name in (s.name for s in sets):
            if len(outputs[name]) != len(labels):
                raise DataError(
                    f"{facts.name} on {name}: expected {len(labels):,} predictions, "
                    f"got {len(outputs[name]):,}"
                )
    measure = measure_of(labels, task, fold_in(seed, "intervals"))
    cells: list[Cell] = []
    for facts, outputs in models.items():
        cells += _cells(measure, facts.name, sets, outputs)
    result = RobustnessResult(
        task=task.to_dict(),
        models=tuple(models),
        sets=tuple(sets),
        cells=tuple(cells),
        mix=mix,
        pair=_pair(measure, sets, models, mix),
        shared_words=shared_words,
    )
    scale = float(np.var(labels)) if task.type is TaskType.REGRESSION else 1.0
    return replace(result, verdict=judge(result, remarks, scale=scale))


def _cells(measure: Measure, model: str, sets: Sequence[SetFacts], outputs: Outputs) -> list[Cell]:
    """Return a model's cells, its tests corrected over the transformed sets."""
    original = outputs[ORIGINAL]
    cells = []
    for facts in sets:
        there = outputs[facts.name]
        cell = Cell(
            model=model,
            set=facts.name,
            metrics=measure.metrics(there.predictions),
            truncated=float(there.truncated.mean()),
        )
        cells.append(cell if facts.kind == ORIGINAL else _against(measure, cell, original, there))
    transformed = [cell for cell in cells if cell.test is not None]
    tests = holm([cell.test for cell in transformed if cell.test is not None])
    corrected = {cell.set: test for cell, test in zip(transformed, tests, strict=True)}
    return [replace(cell, test=corrected.get(cell.set)) for cell in cells]


def _against(measure: Measure, cell: Cell, original: Said, there: Said) -> Cell:
    """Return the cell of a transformed set with all that compares it with the original."""
    before, after = original.predictions, there.predictions
    drop, test = measure.advantage(before, after)
    others = original.token_hash != there.token_hash
    elsewhere = None
    if others.any():
        elsewhere, _ = measure.among(others).advantage(before[others], after[others])
    return replace(
        cell,
        drop=drop,
        test=test,
        detectable=smallest_change(drop[measure.metric]),
        flips=measure.flips(before, after),
        same_tokens=float(1 - others.mean()),
        drop_of_others=elsewhere[measure.metric] if elsewhere else None,
    )


def _pair(
    measure: Measure,
    sets: Sequence[SetFacts],
    models: Mapping[ModelFacts, Outputs],
    mix: str | None,
) -> Pair | None:
    roles = {facts.role: facts for facts in models}
    clean, augmented = roles.get("clean"), roles.get("augmented")
    if clean is None or augmented is None:
        return None
    cells = []
    for facts in sets:
        first, second = (models[m][facts.name].predictions for m in (augmented, clean))
        gain, test = measure.advantage(first, second)
        cells.append(
            PairCell(
                set=facts.name,
                gain=gain,
                test=test,
                detectable=smallest_change(gain[measure.metric]),
            )
        )
    transformed = [i for i, facts in enumerate(sets) if facts.kind != ORIGINAL]
    for i, test in zip(transformed, holm([cells[i].test for i in transformed]), strict=True):
        cells[i] = replace(cells[i], test=test)
    pair = Pair(clean=clean.name, augmented=augmented.name, cells=tuple(cells))
    if mix is None:
        return pair
    lost, kept = (measure.loss(models[m][mix].predictions) for m in (clean, augmented))
    lost_before, kept_before = (
        measure.loss(models[m][ORIGINAL].predictions) for m in (clean, augmented)
    )
    won_back = ratio_of_sums(
        lost - kept,
        lost - lost_before,
        seed=measure.seed,
        reason="the clean model loses nothing that could be won back",
    )
    smaller, test = mean_change((lost - lost_before) - (kept - kept_before), seed=measure.seed)
    return replace(pair, won_back=won_back, smaller_drop=smaller, smaller_drop_test=test)

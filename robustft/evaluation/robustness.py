"""Compare what models say about the same rows, as they are and transformed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.data.task import Task, TaskType
from robustft.errors import DataError
from robustft.evaluation.curves import curves_of, over_sets
from robustft.evaluation.draws import tiled
from robustft.evaluation.families import Family, spread_of
from robustft.evaluation.measures import Measure, Said, measure_of
from robustft.evaluation.results import (
    ORIGINAL,
    Cell,
    Curve,
    ModelFacts,
    Pair,
    PairCell,
    RobustnessResult,
    SetFacts,
    SharedWords,
    Slice,
    Spread,
    Summary,
)
from robustft.evaluation.slices import Part, slices_of
from robustft.evaluation.summaries import summaries_of
from robustft.evaluation.verdict import judge
from robustft.scoring.metrics import mean_change, ratio_of_sums
from robustft.scoring.power import Detectable, smallest_change
from robustft.scoring.statistics import Difference, holm
from robustft.seeding import fold_in

__all__ = ["compare", "cut_rows"]

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
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
    sources: Array | None = None,
    parts: Sequence[Part] = (),
    families: Sequence[Family] = (),
) -> RobustnessResult:
    """Compare models on a test set and its transformed versions; all of it is paired by row.

    Parameters
    ----------
    labels
        The rows' label codes or numbers, shape ``(n,)``.
    sets
        The original set, called ``original``, and the transformed ones.
    models
        For each model its predictions by set, of several draws one after the other. A clean and
        an augmented one make a pair.
    mix
        The set that the verdict is about.
    remarks
        What else a reader must know; they become caveats of the verdict.
    seed
        Keys the resampling of the intervals.
    sources
        Which rows share a source, shape ``(n,)``; None: none do.
    parts
        What the rows are sliced by.
    families
        The models that differ in the training seed alone; by default each is its own family.

    Raises
    ------
    DataError
        There are no rows, or the rows of a set are not those of the labels.
    """
    if not len(labels):
        raise DataError("evaluation: expected labelled rows, got none")
    for facts, outputs in models.items():
        for made in sets:
            expected = len(labels) * made.draws
            if len(outputs[made.name]) != expected:
                raise DataError(
                    f"{facts.name} on {made.name}: expected {expected:,} predictions, "
                    f"got {len(outputs[made.name]):,}"
                )
    measure = measure_of(labels, task, fold_in(seed, "intervals"), sources)
    cells: list[Cell] = []
    curves: list[Curve] = []
    slices: list[Slice] = []
    summaries: list[Summary] = []
    for facts, outputs in models.items():
        own = {cell.set: cell for cell in _cells(measure, facts.name, sets, outputs)}
        cells += own.values()
        curves += curves_of(measure, facts.name, sets, own, outputs)
        summaries += summaries_of(measure, facts.name, sets, outputs)
        if mix is not None:
            before, after, whole = over_sets(measure, [s for s in sets if s.name == mix], outputs)
            slices += slices_of(whole, facts.name, mix, before, after, parts)
    result = RobustnessResult(
        task=task.to_dict(),
        models=tuple(models),
        sets=tuple(sets),
        cells=tuple(cells),
        mix=mix,
        pair=_pair(measure, sets, models, mix),
        shared_words=shared_words,
        curves=tuple(curves),
        summaries=tuple(summaries),
        spread=tuple(_spread(measure, sets, models, mix, families)),
        slices=tuple(slices),
        sources=None if sources is None else len(np.unique(sources)),
    )
    scale = float(np.var(labels)) if task.type is TaskType.REGRESSION else 1.0
    return replace(result, verdict=judge(result, remarks, scale=scale))


def _cells(measure: Measure, model: str, sets: Sequence[SetFacts], outputs: Outputs) -> list[Cell]:
    """Return a model's cells, its tests corrected over the transformed sets."""
    original = outputs[ORIGINAL]
    cells = []
    for facts in sets:
        there, drawn = outputs[facts.name], measure.repeated(facts.draws)
        cell = Cell(
            model=model,
            set=facts.name,
            metrics=drawn.metrics(there.predictions),
            truncated=float(there.truncated.mean()),
            tokens_per_word=_tokens_per_word(there, facts),
        )
        if facts.kind != ORIGINAL:
            cell = _against(drawn, cell, tiled(original, facts.draws), there, facts)
        cells.append(cell)
    transformed = [cell for cell in cells if cell.test is not None]
    tests = holm([cell.test for cell in transformed if cell.test is not None])
    corrected = {cell.set: test for cell, test in zip(transformed, tests, strict=True)}
    return [replace(cell, test=corrected.get(cell.set)) for cell in cells]


def _against(measure: Measure, cell: Cell, original: Said, there: Said, facts: SetFacts) -> Cell:
    """Return the cell of a transformed set with all that compares it with the original."""
    before, after = original.predictions, there.predictions
    drop, test = measure.advantage(before, after)
    others = original.token_hash != there.token_hash
    cut = cut_rows(original, there)
    kept = ~cut if cut.any() and not cut.all() else None
    return replace(
        cell,
        drop=drop,
        test=test,
        detectable=_detectable(drop[measure.metric], facts),
        effects=measure.effects(before, after),
        flips=measure.flips(before, after),
        same_tokens=float(1 - others.mean()),
        drop_of_others=_drop_among(measure, others, before, after),
        cut=float(cut.mean()),
        metrics_of_kept=None if kept is None else measure.among(kept).metrics(after[kept]),
        drop_of_kept=None if kept is None else _drop_among(measure, kept, before, after),
    )


def _detectable(change: Difference, facts: SetFacts) -> Detectable:
    """Return what the rows could have shown; drawing them again does not make them more."""
    return replace(smallest_change(change), n=change.n // facts.draws)


def _drop_among(measure: Measure, rows: Mask, before: Array, after: Array) -> Difference | None:
    return measure.among(rows).change(before[rows], after[rows])[0] if rows.any() else None


def cut_rows(original: Said, there: Said) -> Mask:
    """Return the rows that lost a part of their end: they grew, and no longer fit.

    Where lengths are unknown, the rows that fitted before.
    """
    known = (original.lengths > 0) & (there.lengths > 0)
    grew = np.where(known, there.lengths > original.lengths, ~original.truncated)
    return there.truncated & grew


def _tokens_per_word(said: Said, facts: SetFacts) -> float | None:
    if not facts.words_read or not (said.lengths > 0).all():
        return None
    return float(said.lengths.mean() * len(said) / facts.draws / facts.words_read)


def _spread(
    measure: Measure,
    sets: Sequence[SetFacts],
    models: Mapping[ModelFacts, Outputs],
    mix: str | None,
    families: Sequence[Family],
) -> list[Spread]:
    outputs = {facts.name: said for facts, said in models.items()}
    families = families or [Family(name, (name,)) for name in outputs]
    main = [facts for facts in sets if facts.name == mix]
    return [found for facts in main for found in spread_of(measure, facts, outputs, families)]


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
        gain, test = measure.repeated(facts.draws).advantage(first, second)
        cells.append(
            PairCell(
                set=facts.name,
                gain=gain,
                test=test,
                detectable=_detectable(gain[measure.metric], facts),
            )
        )
    transformed = [i for i, facts in enumerate(sets) if facts.kind != ORIGINAL]
    for i, test in zip(transformed, holm([cells[i].test for i in transformed]), strict=True):
        cells[i] = replace(cells[i], test=test)
    pair = Pair(clean=clean.name, augmented=augmented.name, cells=tuple(cells))
    if mix is None:
        return pair
    return _won_back(
        measure, pair, [s for s in sets if s.name == mix], models[clean], models[augmented]
    )


def _won_back(
    measure: Measure, pair: Pair, mix: Sequence[SetFacts], clean: Outputs, augmented: Outputs
) -> Pair:
    """Return the pair with what the augmented model wins back of the clean one's drop."""
    before, after, drawn = over_sets(measure, mix, clean)
    lost_before, lost = drawn.loss(before), drawn.loss(after)
    before, after, _ = over_sets(measure, mix, augmented)
    kept_before, kept = drawn.loss(before), drawn.loss(after)
    won_back = ratio_of_sums(
        lost - kept,
        lost - lost_before,
        seed=measure.seed,
        sources=drawn.sources,
        reason="the clean model loses nothing that could be won back",
    )
    smaller, test = mean_change(
        (lost - lost_before) - (kept - kept_before), seed=measure.seed, sources=drawn.sources
    )
    return replace(pair, won_back=won_back, smaller_drop=smaller, smaller_drop_test=test)

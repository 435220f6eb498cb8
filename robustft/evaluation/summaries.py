"""All transforms in one number: their mean, the worst of them, and what is right under each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.evaluation.curves import over_sets
from robustft.evaluation.measures import Measure, Said
from robustft.evaluation.results import ORIGINAL, SetFacts, Summary
from robustft.scoring.statistics import Estimate, share
from robustft.scoring.summary import Kind, worst_of_sets

__all__ = ["summaries_of"]

Floats = npt.NDArray[np.float64]


def summaries_of(
    measure: Measure, model: str, sets: Sequence[SetFacts], outputs: Mapping[str, Said]
) -> list[Summary]:
    """Return a model's summaries: one a severity at which there are two transforms or more."""
    alone = [f for f in sets if f.kind == "single" or (f.kind == "mix" and f.rate is not None)]
    levels: dict[int | None, list[SetFacts]] = {}
    for facts in alone:
        levels.setdefault(facts.severity, []).append(facts)
    if len({facts.transform for facts in alone}) == len(alone):
        # One set a transform: they belong together, whatever severity each of them names.
        levels = {next(iter(levels)) if len(levels) == 1 else None: alone}
    else:
        levels.pop(None, None)
    return [
        _summary(measure, model, level, made, outputs)
        for level, made in levels.items()
        if len(made) > 1
    ]


def _summary(
    measure: Measure,
    model: str,
    severity: int | None,
    sets: Sequence[SetFacts],
    outputs: Mapping[str, Said],
) -> Summary:
    before, after, whole = over_sets(measure, sets, outputs)
    mean_drop, _ = whole.change(before, after)
    original = measure.loss(outputs[ORIGINAL].predictions)
    losses = np.stack([_losses(measure, facts, outputs[facts.name]).mean(0) for facts in sets])
    how: dict[str, Any] = {"seed": measure.seed, "sources": measure.sources}
    error = measure.metric == "mse"
    kinds: tuple[Kind, Kind] = ("number", "number") if error else ("right", "difference")
    worst = worst_of_sets(losses if error else 1.0 - losses, lowest=not error, kind=kinds[0], **how)
    drops = worst_of_sets(losses - original, lowest=False, kind=kinds[1], **how)
    return Summary(
        model=model,
        severity=severity,
        sets=tuple(facts.name for facts in sets),
        mean=whole.score(after),
        mean_drop=mean_drop,
        worst_set=sets[worst.index].name,
        worst=worst.estimate,
        worst_drop=drops.difference,
        everywhere=_everywhere(measure, original, sets, outputs),
    )


def _losses(measure: Measure, facts: SetFacts, said: Said) -> Floats:
    """Return what each row lacks in each draw: ``(draws, rows)``."""
    return measure.repeated(facts.draws).loss(said.predictions).reshape(facts.draws, -1)


def _everywhere(
    measure: Measure, original: Floats, sets: Sequence[SetFacts], outputs: Mapping[str, Said]
) -> Estimate | None:
    if measure.metric != "accuracy":
        return None
    right = original == 0
    for facts in sets:
        right &= (_losses(measure, facts, outputs[facts.name]) == 0).all(0)
    return share(right, sources=measure.sources)

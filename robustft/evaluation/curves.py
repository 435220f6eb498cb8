"""From cells to curves: how a model fares as a transform changes more and more of the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.evaluation.draws import tiled
from robustft.evaluation.measures import Measure, Said
from robustft.evaluation.results import ORIGINAL, Cell, Curve, CurvePoint, SetFacts

__all__ = ["curves_of", "over_sets"]

Array = npt.NDArray[Any]


def curves_of(
    measure: Measure,
    model: str,
    sets: Sequence[SetFacts],
    cells: Mapping[str, Cell],
    outputs: Mapping[str, Said],
) -> list[Curve]:
    """Return a model's curves: one for each transform that was made at several severities.

    Parameters
    ----------
    cells, outputs
        The model's, by set.
    """
    lines: dict[str, list[SetFacts]] = {}
    for facts in sets:
        if facts.severity is not None and facts.kind != ORIGINAL:
            lines.setdefault(facts.transform, []).append(facts)
    curves = []
    for transform, made in lines.items():
        if len({facts.severity for facts in made}) < 2:
            continue
        before, after, whole = over_sets(measure, made, outputs)
        drop, _ = whole.change(before, after)
        curves.append(
            Curve(
                model=model,
                transform=transform,
                points=_points(measure.metric, made, cells),
                mean=whole.score(after),
                mean_drop=drop,
            )
        )
    return curves


def _points(
    metric: str, made: Sequence[SetFacts], cells: Mapping[str, Cell]
) -> tuple[CurvePoint, ...]:
    points = [CurvePoint(severity=0, set=ORIGINAL, estimate=cells[ORIGINAL].metrics[metric])]
    for facts in sorted(made, key=lambda facts: facts.severity or 0):
        cell = cells[facts.name]
        points.append(
            CurvePoint(
                severity=facts.severity or 0,
                set=facts.name,
                estimate=cell.metrics[metric],
                drop=None if cell.drop is None else cell.drop[metric],
                target_share=facts.target_share,
                changed_share=facts.changed_share,
                unchanged_share=facts.unchanged_share,
            )
        )
    return tuple(points)


def over_sets(
    measure: Measure, sets: Sequence[SetFacts], outputs: Mapping[str, Said]
) -> tuple[Array, Array, Measure]:
    """Return what was said before and after, of several sets one after the other, to be measured.

    A mean over sets of the same rows is one number a row: the sets are joined like draws, each
    row sharing a source with itself in the others.
    """
    after = np.concatenate([outputs[facts.name].predictions for facts in sets])
    times = sum(facts.draws for facts in sets)
    before = tiled(outputs[ORIGINAL], times).predictions
    return before, after, measure.repeated(times)

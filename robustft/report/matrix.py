"""Models by transforms: what was changed, what it cost, and how the cost grows with severity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from robustft.evaluation.results import ORIGINAL, Cell, RobustnessResult, SetFacts
from robustft.evaluation.verdict import p_text
from robustft.report import numbers
from robustft.report.charts import Axis, Line, axis_over, line
from robustft.report.numbers import Bounded
from robustft.report.overview import Figure, Model, models_of

__all__ = ["Panel", "curves_view", "matrix_view"]

WIDTH, EDGE = 220, 8
PANEL = (320, 200)
_LEFT, _RIGHT, _TOP, _BOTTOM = 38, 8, 10, 30


def matrix_view(result: RobustnessResult) -> dict[str, Any] | None:
    """Return a row a changed set and model: the drop on a common axis, and what explains it."""
    changed = [s for s in result.sets if s.name != ORIGINAL]
    if not changed:
        return None
    main = next((s.severity for s in changed if s.name == result.mix), None)
    sets = sorted(changed, key=lambda s: s.severity != main)
    metric, models = result.metric, models_of(result)
    found = [(result.cell(m.name, s.name).drop or {}).get(metric) for s in sets for m in models]
    axis = axis_over(found, metric, start=EDGE, end=WIDTH - EDGE, zero=True, wanted=4)
    return {
        "axis": axis,
        "points": numbers.is_share(metric),
        "metric": numbers.LONG_NAMES.get(metric, metric),
        "columns": {
            "cut": any(c.cut is not None for c in result.cells),
            "tokens": any(c.tokens_per_word is not None for c in result.cells),
        },
        "main": main,
        "groups": [
            {
                "first": facts.severity == main,
                "facts": facts,
                "title": facts.name if facts.severity is None else _title(facts),
                "changed": numbers.percent(facts.changed_share),
                "target": numbers.percent(facts.target_share),
                "idle": numbers.percent(facts.unchanged_share + facts.rejected_share),
                "rows": [_row(result, facts, m, axis) for m in models],
            }
            for facts in sets
        ],
        "flips": metric == "accuracy",
    }


def _title(facts: SetFacts) -> str:
    stem = facts.name.removesuffix(f"-s{facts.severity}")
    return f"{stem}, severity {facts.severity}"


def _row(result: RobustnessResult, facts: SetFacts, model: Model, axis: Axis) -> dict[str, Any]:
    cell, metric = result.cell(model.name, facts.name), result.metric
    detectable = cell.detectable.value if cell.detectable else None
    return {
        "model": model,
        "score": numbers.number(_value(cell.metrics.get(metric)), metric),
        "interval": numbers.bounds(cell.metrics.get(metric), metric),
        "drop": Figure.of((cell.drop or {}).get(metric), metric, axis),
        "p": "" if cell.test is None else _p(cell),
        "sure": cell.test is not None and (cell.test.p_corrected or 1.0) < 0.05,
        "detectable": "" if detectable is None else numbers.number(detectable, metric),
        "flips": numbers.percent(_value(cell.flips)),
        "same": numbers.percent(cell.same_tokens),
        "others": numbers.number(_value(cell.drop_of_others), metric),
        "truncated": numbers.percent(cell.truncated),
        "cut": numbers.percent(cell.cut),
        "kept": numbers.number(_value(cell.drop_of_kept), metric),
        "tokens": _tokens(result, cell),
    }


def _tokens(result: RobustnessResult, cell: Cell) -> str:
    """Return tokens a word before and after, where they were counted."""
    after = cell.tokens_per_word
    before = result.cell(cell.model, ORIGINAL).tokens_per_word
    return "" if after is None or before is None else f"{before:.2f}\u00a0→\u00a0{after:.2f}"


def _value(found: Bounded | None) -> float | None:
    return None if found is None else found.value


def _p(cell: Cell) -> str:
    assert cell.test is not None
    corrected = cell.test.p_corrected is not None
    return p_text(cell.test, corrected=corrected).removeprefix("p ").removeprefix("= ")


@dataclass(frozen=True)
class Panel:
    """One transform's curves, a line a model, and the same numbers as a table."""

    title: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    table: tuple[tuple[str, str, tuple[str, ...]], ...]


Points = list[tuple[float, Bounded, float]]


def curves_view(result: RobustnessResult) -> list[Panel]:
    """Return a panel a transform that was drawn at several severities; all share their scales."""
    found = _curves(result)
    metric, models = result.metric, models_of(result)
    bounded = [point[1] for by_model in found.values() for p in by_model.values() for point in p]
    if not bounded:
        return []
    y = axis_over(bounded, metric, start=PANEL[1] - _BOTTOM, end=_TOP, wanted=4)
    x = Axis(0, 5, _LEFT, PANEL[0] - _RIGHT, "severity", 5)
    return [_panel(name, by_model, models, x, y) for name, by_model in found.items()]


def _panel(
    name: str, by_model: dict[str, Points], models: Sequence[Model], x: Axis, y: Axis
) -> Panel:
    lines = [
        line(m.index, x, y, [(at, found) for at, found, _ in by_model[m.name]])
        for m in models
        if m.name in by_model
    ]
    severities = sorted({at for points in by_model.values() for at, _, _ in points})
    shares = {at: share for points in by_model.values() for at, _, share in points}
    table = []
    for at in severities:
        told = []
        for model in models:
            point = next((f for a, f, _ in by_model.get(model.name, []) if a == at), None)
            text = numbers.number(_value(point), y.metric)
            interval = numbers.bounds(point, y.metric)
            told.append(f"{text} ({interval})" if interval else text)
        table.append((f"{at:g}", numbers.percent(shares[at]), tuple(told)))
    return Panel(name, x, y, tuple(lines), tuple(table))


def _curves(result: RobustnessResult) -> dict[str, dict[str, Points]]:
    """Return points by transform and model, from the result's curves or else from its cells."""
    found: dict[str, dict[str, Points]] = {}
    for curve in result.curves:
        points: Points = [
            (float(p.severity), p.estimate, float(p.changed_share)) for p in curve.points
        ]
        found.setdefault(curve.transform, {})[curve.model] = points
    return found or _from_cells(result)


def _from_cells(result: RobustnessResult) -> dict[str, dict[str, Points]]:
    families: dict[str, list[SetFacts]] = {}
    for facts in result.sets:
        if facts.name != ORIGINAL and facts.severity is not None:
            stem = facts.name.removesuffix(f"-s{facts.severity}")
            families.setdefault(stem, []).append(facts)
    metric = result.metric
    found: dict[str, dict[str, Points]] = {}
    for name, sets in families.items():
        if len(sets) < 2:
            continue
        for model in result.models:
            points: Points = []
            if (start := result.cell(model.name, ORIGINAL).metrics.get(metric)) is not None:
                points.append((0.0, start, 0.0))
            for facts in sorted(sets, key=lambda s: s.severity or 0):
                estimate = result.cell(model.name, facts.name).metrics.get(metric)
                if estimate is not None:
                    points.append((float(facts.severity or 0), estimate, facts.changed_share))
            found.setdefault(name, {})[model.name] = points
    return found

"""The matrix on stdout: curves over the severities, all transforms in one number, parts of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from robustft.cli.eval_formats import (
    UNDEFINED,
    interval_text,
    new_table,
    number_text,
    short_name,
    test_text,
)
from robustft.evaluation.results import Curve, RobustnessResult, Slice
from robustft.evaluation.verdict import ALPHA

if TYPE_CHECKING:
    from robustft.scoring.statistics import Estimate

__all__ = ["curve_tables", "slice_table", "slices_note", "spread_lines", "summary_lines"]

_SHOWN = 3
_STARRED = "* differs from severity 0 (p < 0.05, by Holm over all sets of the model)"


def curve_tables(result: RobustnessResult) -> list[Table]:
    """Return a row a transform and model: the metric at each severity, then what was changed."""
    if not result.curves:
        return []
    metric = result.metric
    levels = sorted({point.severity for curve in result.curves for point in curve.points})
    numbers = [str(level) for level in levels]
    worse = "mean rise" if metric == "mse" else "mean drop"
    scores = new_table(None, [f"{metric} at severity", *numbers, worse])
    several = len(result.models) > 1
    for transform, curves in _by_transform(result.curves).items():
        if several:
            scores.add_row(transform)
        for curve in curves:
            name = f"  {_short(result, curve.model)}" if several else transform
            drop = interval_text(curve.mean_drop, metric)
            scores.add_row(name, *_along(result, curve, levels), drop)
    for model in result.models:
        _add_summaries(scores, result, model.name, levels)
    scores.caption, scores.caption_justify = _STARRED, "left"
    return [scores, _changes(result, levels[1:])]


def _add_summaries(table: Table, result: RobustnessResult, model: str, levels: list[int]) -> None:
    """Add the mean over the single transforms at each severity, and the worst of them."""
    found = {s.severity: s for s in result.summaries if s.model == model}
    if not found:
        return
    table.add_section()
    count = max(len(s.sets) for s in found.values())
    whose = f", {_short(result, model)}" if len(result.models) > 1 else ""
    for name, values in (
        (f"mean of {count}{whose}", {k: s.mean for k, s in found.items()}),
        (f"worst of {count}{whose}", {k: s.worst for k, s in found.items()}),
    ):
        table.add_row(name, *(_value(values.get(level), result.metric) for level in levels))


def _value(found: Estimate | None, metric: str) -> str:
    if found is None or found.value is None:
        return ""
    return number_text(found.value, metric) + " "  # where others have their star


def _along(result: RobustnessResult, curve: Curve, levels: Sequence[int]) -> list[str]:
    """Return the metric at each severity, starred where the drop is surely not 0."""
    points, line = {point.severity: point for point in curve.points}, []
    for level in levels:
        point = points.get(level)
        value = None if point is None else point.estimate.value
        if point is None or value is None:
            line.append(UNDEFINED)
            continue
        test = result.cell(curve.model, point.set).test
        sure = test is not None and test.p_corrected is not None and test.p_corrected < ALPHA
        line.append(number_text(value, result.metric) + ("*" if sure else " "))
    return line


def _changes(result: RobustnessResult, levels: Sequence[int]) -> Table:
    """Return, for each transform and severity, the words that changed and that should have."""
    table = new_table(None, ["% of words changed (meant)", *map(str, levels)])
    for transform, curves in _by_transform(result.curves).items():
        shares = {
            point.severity: f"{100 * point.changed_share:.1f} ({100 * point.target_share:.1f})"
            for point in curves[0].points
        }
        table.add_row(transform, *(shares.get(level, UNDEFINED) for level in levels))
    return table


def _by_transform(curves: Sequence[Curve]) -> dict[str, list[Curve]]:
    found: dict[str, list[Curve]] = {}
    for curve in curves:
        found.setdefault(curve.transform, []).append(curve)
    return found


def summary_lines(result: RobustnessResult) -> list[str]:
    """Return for each model its mean over the single transforms, and the worst of them."""
    lines, metric = [], result.metric
    for found in result.summaries if not result.curves else ():
        everywhere = ""
        if found.everywhere is not None:
            everywhere = f"; right under each of them {interval_text(found.everywhere, metric)}"
        lines.append(
            f"{_short(result, found.model)}: mean of {len(found.sets)} transforms "
            f"{interval_text(found.mean, metric)}; worst {interval_text(found.worst, metric)}, "
            f"{found.worst_set}{everywhere}"
        )
    return lines


def _short(result: RobustnessResult, name: str) -> str:
    return next(short_name(model) for model in result.models if model.name == name)


def slice_table(result: RobustnessResult) -> Table | None:
    """Return the parts of the rows whose drop surely differs from that of all others.

    Where there is none, the three with the largest drops.
    """
    tested = [s for s in result.slices if s.test is not None]
    if not tested:
        return None
    shown = [s for s in tested if _differs(s)] or _worst(tested)
    metric, worse = result.metric, "rise" if result.metric == "mse" else "drop"
    headings = [
        "part of the rows",
        "rows",
        "original",
        shown[0].set,
        worse,
        "than others",
        "p (Holm)",
    ]
    table = new_table(None, headings)
    several = len(result.models) > 1
    for part in shown:
        name = f"{part.column}: {part.value}"
        original, there = part.original.value, part.metric.value
        table.add_row(
            f"{_short(result, part.model)}, {name}" if several else name,
            f"{part.rows:,}",
            UNDEFINED if original is None else number_text(original, metric),
            UNDEFINED if there is None else number_text(there, metric),
            interval_text(part.drop, metric),
            interval_text(part.difference, metric),
            UNDEFINED if part.difference_test is None else test_text(part.difference_test),
        )
    return table


def _worst(slices: Sequence[Slice]) -> list[Slice]:
    return sorted(slices, key=lambda s: -(s.drop.value or 0.0))[:_SHOWN]


def _differs(part: Slice) -> bool:
    test = part.difference_test
    return test is not None and test.p_corrected is not None and test.p_corrected < ALPHA


def slices_note(result: RobustnessResult) -> str:
    """Return what the table of parts leaves out."""
    small = sum(s.small for s in result.slices)
    tested = len(result.slices) - small
    which = (
        "those whose drop differs from the drop of all other rows"
        if any(_differs(s) for s in result.slices)
        else "the largest drops; none surely differs from the drop of all other rows"
    )
    left = f"; {small:,} more are too small to test" if small else ""
    return f"of {tested:,} parts tested, {which}{left} (all of them: robustft report)"


def spread_lines(result: RobustnessResult) -> list[str]:
    """Return for each family of models how far draws and training seeds move the drop."""
    lines, metric = [], result.metric
    for found in result.spread:
        spreads = {**found.sd, "other test rows": found.rows_sd}
        causes = [f"{c} {number_text(sd, metric)}" for c, sd in spreads.items() if sd is not None]
        draws = _count(len(found.values), "draw")
        seeds = _count(len(found.models), "training seed")
        lines.append(
            f"{found.family}: drop on {found.set} {interval_text(found.mean, metric)} over {draws} "
            f"and {seeds}; standard deviation by {', '.join(causes)}"
        )
    return lines


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"

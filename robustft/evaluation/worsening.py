"""How much worse a model became than a baseline: paired by row where the rows are the same."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from robustft.data.split import Split
from robustft.data.task import Task
from robustft.errors import UsageError
from robustft.evaluation.baseline import Baseline
from robustft.evaluation.checks import Measured, Quantity
from robustft.evaluation.gate import Limits, judged_models
from robustft.evaluation.results import RobustnessResult
from robustft.evaluation.sources import sources_of
from robustft.scoring.metrics import mean_change
from robustft.scoring.statistics import Difference, accuracy_change, mcnemar

__all__ = ["against"]


def against(
    earlier: Baseline, now: Baseline, result: RobustnessResult, limits: Limits
) -> list[Measured]:
    """Return how much worse the judged models became on the judged sets: accuracy, then drop.

    Raises
    ------
    UsageError
        The two are not of the same data, transforms and severities, or share no model.
    """
    _comparable(earlier, now)
    sources = _sources(result)
    found = []
    for model in judged_models(result):
        other = _partner(earlier, model.name, len(judged_models(result)))
        for facts in result.sets:
            if result.mix is None or not limits.asks(facts, result.mix):
                continue
            name = facts.name
            if name not in earlier.sets or name not in earlier.models[other]:
                raise UsageError(
                    f"{earlier.where}: expected the set {name!r} in the baseline, got "
                    f"{', '.join(earlier.sets)}; make the baseline anew with --save-baseline"
                )
            _same_set(earlier, now, name)
            for quantity, badness, p, note in _worse(
                (earlier, other), (now, model.name), name, sources
            ):
                if quantity == "drop_growth" and facts.kind == "original":
                    continue
                found.append(
                    Measured(
                        model=model.name,
                        set=name,
                        quantity=quantity,
                        metric=now.metric,
                        badness=badness,
                        limit=0.0,
                        lenient=True,
                        p=p,
                        note=note,
                    )
                )
    return found


def _comparable(earlier: Baseline, now: Baseline) -> None:
    anew = "make the baseline anew with --save-baseline"
    if earlier.metric != now.metric:
        raise UsageError(
            f"{earlier.where}: expected a baseline of the {now.metric}, got one of the "
            f"{earlier.metric}; {anew}"
        )
    first, second = earlier.sets.get("original"), now.sets["original"]
    same = first is not None and first.rows == second.rows
    if None not in (earlier.fingerprint, now.fingerprint):
        same = same and earlier.fingerprint == now.fingerprint
    if not same:
        rows = "none" if first is None else f"{first.rows:,}"
        raise UsageError(
            f"{earlier.where}: expected the {second.rows:,} test rows that are evaluated now, got "
            f"a baseline of other data ({rows} rows); {anew}"
        )


def _same_set(earlier: Baseline, now: Baseline, name: str) -> None:
    for what, then, there in (
        ("transforms", earlier.sets[name].spec, now.sets[name].spec),
        ("severity", earlier.sets[name].severity, now.sets[name].severity),
    ):
        if then != there:
            raise UsageError(
                f"{earlier.where}: expected the {what} {there} in {name}, as evaluated now, got "
                f"{then}; make the baseline anew with --save-baseline"
            )


def _partner(earlier: Baseline, name: str, judged: int) -> str:
    """Return the model of the baseline that `name` is compared with."""
    if name in earlier.models:
        return name
    if judged == 1 and len(earlier.models) == 1:
        return next(iter(earlier.models))
    raise UsageError(
        f"{earlier.where}: expected the model {name!r}, or only one on either side, got "
        f"{', '.join(earlier.models)}"
    )


def _sources(result: RobustnessResult) -> npt.NDArray[np.int64] | None:
    """Return which of the rows share a source; None where none do."""
    path = None if result.folder is None else Path(result.folder) / "data" / "original.parquet"
    if result.sources is None or path is None or not path.is_file():
        return None
    import pyarrow.parquet as pq

    return sources_of(Split("original", pq.read_table(path), Task.from_dict(result.task)))


def _worse(
    before: tuple[Baseline, str],
    after: tuple[Baseline, str],
    name: str,
    sources: npt.NDArray[np.int64] | None,
) -> list[tuple[Quantity, Difference, float | None, str]]:
    """Return by how much a model became worse on a set, and its drop grew; with p and remark.

    Parameters
    ----------
    before, after
        A baseline and the model in it.
    """
    (earlier, other), (now, model) = before, after
    sets = ("original", name)
    known = all(earlier.sets[s].texts and earlier.sets[s].texts == now.sets[s].texts for s in sets)
    then = [earlier.rights(other, s) for s in sets]
    there = [now.rights(model, s) for s in sets]
    a, b, c, d = (*then, *there)
    if known and a is not None and b is not None and c is not None and d is not None:
        lost = (c.astype(np.float64) - d) - (a.astype(np.float64) - b)
        # Where no row changed there is nothing to resample: the interval of no row of so many.
        growth, test = mean_change(lost, seed=0, sources=sources)
        growth = growth if lost.any() else accuracy_change(b, b, sources=sources)
        changed = accuracy_change(b, d, sources=sources)
        same = "the same rows are right" if (b == d).all() else ""
        return [
            ("accuracy_loss", changed, mcnemar(b, d, sources=sources).p, same),
            ("drop_growth", growth, test.p, same if not lost.any() else ""),
        ]
    why = "the texts differ" if not known and a is not None and c is not None else "no rows at hand"
    note = f"as two samples: {why}"
    was, is_ = earlier.models[other][name], now.models[model][name]
    rows = min(earlier.sets[name].rows, now.sets[name].rows)
    level, first = is_.level, (was.value, was.low, was.high)
    value = _apart(first, (is_.value, is_.low, is_.high), level, rows)
    grown = _apart(
        (is_.drop, is_.drop_low, is_.drop_high),
        (was.drop, was.drop_low, was.drop_high),
        level,
        rows,
    )
    # Of an error, the larger is the worse.
    loss = -value if now.metric == "mse" else value
    return [("accuracy_loss", loss, None, note), ("drop_growth", grown, None, note)]


Triple = tuple[float | None, float | None, float | None]


def _apart(first: Triple, second: Triple, level: float, n: int) -> Difference:
    """Return *first minus second* of two independent numbers with their intervals.

    The squares of the halves that face each other add up; where the same rows stand behind both,
    the interval is too wide rather than too narrow.

    Source: Newcombe, R. G. (1998), Interval estimation for the difference between independent
    proportions, Statistics in Medicine 17, 873-890; for other numbers Zou, G. Y. & Donner, A.
    (2008), Construction of confidence limits about effect measures, Statistics in Medicine 27,
    1693-1702.
    """
    a, low, high = first
    b, lower, upper = second
    if a is None or b is None:
        return Difference(
            value=None, low=None, high=None, level=level, method="", n=n, reason="undefined"
        )
    ends: tuple[float | None, float | None] = (None, None)
    if low is not None and high is not None and lower is not None and upper is not None:
        ends = (
            a - b - math.hypot(a - low, upper - b),
            a - b + math.hypot(high - a, b - lower),
        )
    return Difference(
        value=a - b,
        low=ends[0],
        high=ends[1],
        level=level,
        method="newcombe",
        n=n,
        reason="" if ends[0] is not None else "no interval in the baseline",
    )

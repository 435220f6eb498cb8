"""How much of a number's spread comes from the drawn edits, and how much from the training seed.

A transform draws its edits, a training run its order and its fresh weights. With several of both,
one number for each draw and each seed, the analysis of variance tells the two apart. All of it is
on the same test rows; what other rows would do stands beside it (see `variance_of_rows`).

Sources: Searle, S. R., Casella, G. and McCulloch, C. E. (1992), Variance components, chapter 4
(crossed random effects, method of moments); Ting, N., Burdick, R. K., Graybill, F. A., Jeyaratnam,
S. and Lu, T.-F. C. (1990), Confidence intervals on linear combinations of variance components that
are unrestricted in sign, Journal of Statistical Computation and Simulation 35, 135-143.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from robustft.scoring.seeds import over_seeds
from robustft.scoring.sources import design_effect, shared_sources
from robustft.scoring.statistics import LEVEL, Estimate

__all__ = ["Component", "VarianceSplit", "split_variance", "variance_of_rows"]

Floats = npt.NDArray[np.float64]

_BELOW = "the estimate is below 0, shown as 0: nothing beyond the rest was found"


@dataclass(frozen=True, kw_only=True)
class Component:
    """What one cause adds to the variance.

    Attributes
    ----------
    variance
        In the metric's unit squared; `reason` says why it is 0, undefined, or without an interval.
    share
        Of the sum over all causes, 0 to 1; None where one of them is undefined, or all are 0.
    """

    variance: Estimate
    share: float | None = None

    @property
    def sd(self) -> float | None:
        """The standard deviation that this cause alone would give, in the metric's unit."""
        return None if self.variance.value is None else math.sqrt(self.variance.value)


@dataclass(frozen=True, kw_only=True)
class VarianceSplit:
    """The variance of one number a draw and seed, by its causes.

    Attributes
    ----------
    mean
        Over all draws and seeds; the interval is about *other* draws and seeds on the same rows.
    draws, seeds
        What drawing the edits anew, and what training anew, adds.
    rest
        What the two do together (a seed that fares ill on one draw alone), rounding included.
    """

    mean: Estimate
    draws: Component
    seeds: Component
    rest: Component


def split_variance(values: npt.ArrayLike, level: float = LEVEL) -> VarianceSplit:
    """Split the variance of a metric over transform draws and training seeds.

    Parameters
    ----------
    values
        One number for each draw and seed, shape ``(draws, seeds)``.

    Returns
    -------
    Components by the method of moments, with intervals that suppose normal effects (Ting et al.;
    for the rest the chi-square interval). An estimate below 0 is shown as 0, and its `reason` says
    so. With one draw, or one seed, that cause cannot be told from the rest and is undefined; what
    is left then holds the rest too.

    Raises
    ------
    ValueError
        The values are not a finite number for each draw and seed.
    """
    found = np.asarray(values, np.float64)
    if found.ndim != 2 or not found.size or not np.isfinite(found).all():
        raise ValueError(
            f"spread: expected one finite number a draw and seed, got shape {found.shape}"
            + ("" if np.isfinite(found).all() else " with values that are not finite")
        )
    draws, seeds = found.shape
    if min(draws, seeds) == 1:
        return _one_way(found, level)
    mean = float(found.mean())
    by_draw, by_seed = found.mean(1) - mean, found.mean(0) - mean
    left = found - mean - by_draw[:, None] - by_seed
    freedom = (draws - 1, seeds - 1, (draws - 1) * (seeds - 1))
    # What the rounding of the values makes alone is nothing.
    floor = (1e-12 * float(np.abs(found).max())) ** 2
    squares = [
        float(square) if square > floor else 0.0
        for square in (
            seeds * (by_draw @ by_draw) / freedom[0],
            draws * (by_seed @ by_seed) / freedom[1],
            (left * left).sum() / freedom[2],
        )
    ]
    each = [
        _beyond(squares[i], squares[2], freedom[i], freedom[2], times, draws * seeds, level)
        for i, times in ((0, seeds), (1, draws))
    ]
    each.append(_alone(squares[2], freedom[2], draws * seeds, level))
    total = sum(variance.value or 0.0 for variance in each)
    parts = [Component(variance=v, share=(v.value or 0.0) / total if total else None) for v in each]
    return VarianceSplit(
        mean=_mean(mean, squares, freedom, draws * seeds, level),
        draws=parts[0],
        seeds=parts[1],
        rest=parts[2],
    )


def variance_of_rows(
    values: npt.NDArray[Any], *, sources: npt.NDArray[Any] | None = None, level: float = LEVEL
) -> Component:
    """Return the variance that *other test rows* would give to one number, for comparison.

    It is no part of `split_variance`, which is on the same rows.

    Parameters
    ----------
    values
        What each row adds to the metric, such as right or wrong, for each draw and seed: shape
        ``(draws, seeds, rows)``.
    sources
        What each row's source is called, shape ``(rows,)``; None: each row is its own.

    Raises
    ------
    ValueError
        The shape is another, or a value is not finite.
    """
    found = np.asarray(values, np.float64)
    if found.ndim != 3 or not found.size or not np.isfinite(found).all():
        raise ValueError(
            f"spread: expected one finite number a draw, seed and row, got shape {found.shape}"
        )
    rows = found.shape[2]
    codes = shared_sources(sources, rows)
    cells = found.reshape(-1, rows)
    variance = None
    if rows > 1:
        effects = [1.0 if codes is None else design_effect(cell, codes) for cell in cells]
        variance = float((cells.var(1, ddof=1) * effects).mean() / rows)
    reason = "no interval is made for this variance" if rows > 1 else "one row has no spread"
    return Component(
        variance=Estimate(
            value=variance,
            low=None,
            high=None,
            level=level,
            method="variance of a mean",
            n=rows,
            reason=reason,
            sources=None if codes is None else int(codes.max()) + 1,
        )
    )


def _one_way(values: Floats, level: float) -> VarianceSplit:
    """Return the split where there is one draw, or one seed, or one of both."""
    flat, draws = values.ravel(), values.shape[0]
    n = len(flat)
    nothing = _no_variance("one draw and one seed have no spread", n, level)
    rest = nothing if n == 1 else _no_variance("not to be told from the other cause", n, level)
    one = _no_variance("one draw tells nothing about draws", n, level)
    other = _no_variance("one seed tells nothing about seeds", n, level)
    if n > 1:
        both = _alone(float(flat.var(ddof=1)), n - 1, n, level, "holds the rest too")
        one, other = (both, other) if draws > 1 else (one, both)
    return VarianceSplit(
        mean=_plain(over_seeds(flat.tolist(), level)),
        draws=Component(variance=one),
        seeds=Component(variance=other),
        rest=Component(variance=rest),
    )


def _plain(mean: Estimate) -> Estimate:
    """Return what every estimate has; the spread stands in the components."""
    return Estimate(**{part.name: getattr(mean, part.name) for part in fields(Estimate)})


def _alone(square: float, freedom: int, n: int, level: float, reason: str = "") -> Estimate:
    """Return a mean square as a variance, with its chi-square interval."""
    upper, lower = (stats.chi2.ppf((1 + side * level) / 2, freedom) / freedom for side in (1, -1))
    low, high = float(square / upper), float(square / lower)
    bounds = (low, high) if square else (None, None)
    return Estimate(
        value=square,
        low=bounds[0],
        high=bounds[1],
        level=level,
        method="chi-square",
        n=n,
        reason=reason if square else "every value is the same, or follows from draw and seed",
    )


def _beyond(
    square: float, rest: float, df1: int, df2: int, times: int, n: int, level: float
) -> Estimate:
    """Return ``(square - rest) / times``, a variance by the method of moments (Ting et al.)."""
    tail = (1 - level) / 2
    found = square - rest
    g1, g2 = (1 - df / stats.chi2.isf(tail, df) for df in (df1, df2))
    h1, h2 = (df / stats.chi2.ppf(tail, df) - 1 for df in (df1, df2))
    upper, lower = stats.f.isf(tail, df1, df2), stats.f.ppf(tail, df1, df2)
    g12 = ((upper - 1) ** 2 - (g1 * upper) ** 2 - h2**2) / upper
    h12 = ((1 - lower) ** 2 - (h1 * lower) ** 2 - g2**2) / lower
    below = (g1 * square) ** 2 + (h2 * rest) ** 2 + g12 * square * rest
    above = (h1 * square) ** 2 + (g2 * rest) ** 2 + h12 * square * rest
    low = max(0.0, found - math.sqrt(max(below, 0.0))) / times
    high = max(0.0, found + math.sqrt(max(above, 0.0))) / times
    # An interval of width 0 would claim a certainty that nobody has.
    known = high > 0
    reason = _BELOW if square > 0 or rest > 0 else "every value is the same"
    return Estimate(
        value=max(0.0, found) / times,
        low=low if known else None,
        high=high if known else None,
        level=level,
        method="moments",
        n=n,
        reason="" if found > 0 else reason,
    )


def _mean(
    mean: float, squares: Sequence[float], freedom: tuple[int, ...], n: int, level: float
) -> Estimate:
    """Return the mean with an interval about other draws and seeds (Satterthwaite)."""
    draws, seeds, rest = squares
    together = draws + seeds - rest
    weights = sum(s * s / df for s, df in zip(squares, freedom, strict=True))
    if together < max(draws, seeds):
        # Less than one cause alone gives is chance; take that cause, which is wider.
        together, which = max((draws, 0), (seeds, 1))
        weights = together**2 / freedom[which]
    made = Estimate(
        value=mean,
        low=None,
        high=None,
        level=level,
        method="t, crossed",
        n=n,
        reason="every draw and seed gave the same value",
    )
    if not together:
        return made
    quantile = float(stats.t.ppf((1 + level) / 2, together**2 / weights))
    half = quantile * math.sqrt(together / n)
    return Estimate(
        value=mean, low=mean - half, high=mean + half, level=level, method="t, crossed", n=n
    )


def _no_variance(reason: str, n: int, level: float) -> Estimate:
    return Estimate(value=None, low=None, high=None, level=level, method="none", n=n, reason=reason)

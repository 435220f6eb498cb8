"""Several test sets with the same rows as one number: their mean, and the worst of them.

The worst of many sets is low by chance alone, and its own interval does not know that it was
picked. The interval here covers the *true* worst. Let the sets' true means be m_1, ..., m_k:

- Below: the lowest of the sets' lower bounds, each for its own set alone. It lies above the true
  worst only if that one set's bound does, which happens no more often than for any single set.
- Above: the lowest of the sets' upper bounds, which must hold *together*: their critical value is
  that of the maximum of all sets' errors, from resampling all sets jointly by row. So sets that
  err together, as versions of the same rows do, cost little.

Sources: Westfall, P. H. and Young, S. S. (1993), Resampling-based multiple testing, chapter 2
(the maximum); Romano, J. P. and Wolf, M. (2005), Exact and approximate stepdown methods for
multiple hypothesis testing, JASA 100, 94-108.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from robustft.scoring.bootstrap import Bootstrap, Floats, Ints, bootstrap_of_sums
from robustft.scoring.sources import design_effect, effective_share, shared_sources
from robustft.scoring.statistics import (
    LEVEL,
    Difference,
    Estimate,
    normal_quantile,
    tango_interval,
    wilson_interval,
)

__all__ = ["Worst", "mean_over_sets", "worst_of_sets"]

Array = npt.NDArray[Any]
Kind = Literal["right", "difference", "number"]


@dataclass(frozen=True, kw_only=True)
class Worst:
    """The worst of several sets.

    Attributes
    ----------
    index
        Which set it is in this sample; the first of several that are equal.
    estimate
        Its mean; the interval is about the set that is truly worst. `value` is the sample's, so
        it is worse than the true worst on average: the interval says by how much it may be.
    chosen
        For each set, the share of resamples in which it is the worst.
    """

    index: int
    estimate: Estimate
    chosen: tuple[float, ...]

    @property
    def difference(self) -> Difference:
        """The same as a paired difference, where the values are drops."""
        e = self.estimate
        return Difference(
            value=e.value,
            low=e.low,
            high=e.high,
            level=e.level,
            method=e.method,
            n=e.n,
            reason=e.reason,
            sources=e.sources,
            caution=e.caution,
        )


def mean_over_sets(
    values: Array, *, seed: int, level: float = LEVEL, sources: Array | None = None
) -> Estimate:
    """Return the mean over sets, in which each counts the same, with a bootstrap interval.

    The sets hold the same rows, so rows are resampled, each with what it gives in every set.

    Parameters
    ----------
    values
        What each row adds to the metric in each set, such as right or wrong: ``(sets, rows)``.
    sources
        What each row's source is called, shape ``(rows,)``; None: each row is its own.
    """
    found, codes = _checked(values, sources)
    columns = np.stack([found.mean(0), np.ones(found.shape[1])], 1)
    drawn = bootstrap_of_sums(
        lambda sums: sums[:, :1] / sums[:, 1:], columns, seed=seed, codes=codes
    )
    return drawn.estimate(0, level)


def worst_of_sets(
    values: Array,
    *,
    seed: int,
    lowest: bool = True,
    kind: Kind = "right",
    level: float = LEVEL,
    sources: Array | None = None,
) -> Worst:
    """Return the worst of several sets of the same rows, with an interval for the true worst.

    Parameters
    ----------
    values
        What each row adds to the metric in each set: ``(sets, rows)``. Right and wrong get
        Wilson's bounds, differences of right and wrong (-1, 0, 1) Tango's, others normal ones;
        of these there is no interval where all rows of a set are the same.
    lowest
        Whether the lowest mean is the worst (an accuracy) or the highest (an error, a drop).
    kind
        What the values are, which few of them may not show: ``right``, or a share such as F1;
        ``difference`` of two such; ``number``, which may be anything.
    seed, sources
        As in `mean_over_sets`.
    """
    found, codes = _checked(values, sources)
    if not lowest:
        turned = worst_of_sets(-found, seed=seed, kind=kind, level=level, sources=codes)
        e = turned.estimate
        value, low, high = (None if x is None else 0.0 - x for x in (e.value, e.high, e.low))
        flipped = _estimate(value, low, high, level, e.n, e.sources)
        return Worst(index=turned.index, estimate=flipped, chosen=turned.chosen)
    means = found.mean(1)
    columns = np.column_stack([found.T, np.ones(found.shape[1])])
    drawn = bootstrap_of_sums(
        lambda sums: sums[:, :-1] / sums[:, -1:], columns, seed=seed, codes=codes, draws=1_999
    )
    index = int(means.argmin())
    alone = normal_quantile(level)
    joint = max(alone, _joint_quantile(drawn, level))
    low = min(_bounds(row, alone, codes, kind)[0] for row in found)
    high = min(_bounds(row, joint, codes, kind)[1] for row in found)
    chosen = np.bincount(drawn.draws.argmin(1), minlength=len(found)) / len(drawn.draws)
    value = float(means[index])
    return Worst(
        index=index,
        estimate=_estimate(value, min(low, value), max(high, value), level, drawn.n, drawn.sources),
        chosen=tuple(chosen.tolist()),
    )


def _joint_quantile(drawn: Bootstrap, level: float) -> float:
    """Return what the largest of the sets' errors, each over its standard error, rarely exceeds."""
    errors = drawn.values - drawn.draws
    spread = errors.std(0)
    moving = spread > 1e-12
    if not moving.any():
        return 0.0
    return float(np.quantile((errors[:, moving] / spread[moving]).max(1), (1 + level) / 2))


def _bounds(values: Floats, z: float, codes: Ints | None, kind: Kind) -> tuple[float, float]:
    """Return the bounds of one set's mean that lie z standard errors away."""
    n, kept = len(values), 1.0
    if codes is not None:
        kept = effective_share(design_effect(values, codes), int(codes.max()) + 1, z)
    rows, level = n * kept, _level(z)
    if not rows:
        return -np.inf, np.inf
    # Turned zeros are -0.0: right and wrong of which nothing occurred, seen from the other side.
    turned = bool(np.signbit(values).any())
    if kind == "right" and not turned and np.isin(values, (0.0, 1.0)).all():
        return wilson_interval(float(values.mean()) * rows, rows, level)
    if kind == "right" and np.isin(values, (0.0, -1.0)).all():
        low, high = wilson_interval(-float(values.mean()) * rows, rows, level)
        return -high, -low
    if kind == "difference" and np.isin(values, (-1.0, 0.0, 1.0)).all():
        up, down = ((values == side).sum() * kept for side in (1.0, -1.0))
        return tango_interval(float(up), float(down), rows, level)
    # A width of 0 would claim a certainty that nobody has.
    if n < 2 or np.ptp(values) <= 1e-12 * np.abs(values).max():
        return -np.inf, np.inf
    half = z * float(values.std(ddof=1)) / np.sqrt(rows)
    mean = float(values.mean())
    return mean - half, mean + half


def _level(z: float) -> float:
    return float(2 * special.ndtr(z) - 1)


def _estimate(
    value: float | None,
    low: float | None,
    high: float | None,
    level: float,
    n: int,
    sources: int | None,
) -> Estimate:
    bounds: tuple[float, float] | None = None
    if low is not None and high is not None and np.isfinite([low, high]).all():
        bounds = float(low), float(high)
    return Estimate(
        value=value,
        low=bounds[0] if bounds else None,
        high=bounds[1] if bounds else None,
        level=level,
        method="joint bounds",
        n=n,
        reason="" if bounds else "all rows say the same, or share one source",
        sources=sources,
    )


def _checked(values: Array, sources: Array | None) -> tuple[Floats, Ints | None]:
    found = np.asarray(values).astype(np.float64)
    if found.ndim != 2 or not found.size or not np.isfinite(found).all():
        raise ValueError(
            f"sets: expected a finite number for each set and row, got shape {found.shape}"
        )
    return found, shared_sources(sources, found.shape[1])

"""Several seeds of one experiment: their mean, their spread, and two experiments compared.

A row's interval (see `robustft.scoring.metrics`) says how much another *test set* of that size
could move a number. Seeds say how much another *training run* could. Neither stands for the other,
and a handful of seeds gives wide intervals: that is what a handful of seeds can tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from robustft.scoring.statistics import LEVEL, Difference, Estimate, Test

__all__ = ["OverSeeds", "over_seeds", "paired_over_seeds"]

Floats = npt.NDArray[np.float64]

_NONE = "no seed"
_ONE = "one seed has no spread"
_EQUAL = "every seed gave the same value"


@dataclass(frozen=True, kw_only=True)
class OverSeeds(Estimate):
    """The mean over seeds with its t interval; `n` counts the seeds.

    Attributes
    ----------
    sd
        The sample standard deviation (n - 1 in the denominator): how far single runs lie apart.
        None for fewer than two seeds.
    """

    sd: float | None = None


def over_seeds(values: Sequence[float], level: float = LEVEL) -> OverSeeds:
    """Return mean, standard deviation and t interval of one number a seed.

    There is no interval for fewer than two seeds, nor where all gave the same value: a width of 0
    would claim a certainty that nobody has. `reason` says which.

    Source: Student (1908), The probable error of a mean, Biometrika 6, 1-25.

    Raises
    ------
    ValueError
        A value is not finite.
    """
    found = _finite(values)
    n, mean = len(found), float(found.mean()) if len(found) else None
    sd = float(found.std(ddof=1)) if n > 1 else None
    low, high, reason = _interval(found, level, found)
    return OverSeeds(
        value=mean, low=low, high=high, level=level, method="t", n=n, reason=reason, sd=sd
    )


def paired_over_seeds(
    first: Sequence[float], second: Sequence[float], level: float = LEVEL
) -> tuple[Difference, Test]:
    """Return the mean of *first minus second*, seed by seed, and the paired t test.

    Parameters
    ----------
    first, second
        One number a seed, the same seeds in the same order.

    Returns
    -------
    The mean difference with its t interval, and the two-sided test of a mean difference of 0;
    both say why where they are undefined (fewer than two seeds, or one difference for all).

    Raises
    ------
    ValueError
        The two have other lengths, or a value is not finite.
    """
    if len(first) != len(second):
        raise ValueError(
            f"paired seeds: expected as many of both, got {len(first)} and {len(second)}"
        )
    one, other = _finite(first), _finite(second)
    apart, n = one - other, len(one)
    low, high, reason = _interval(apart, level, np.concatenate([one, other]))
    difference = Difference(
        value=float(apart.mean()) if n else None,
        low=low,
        high=high,
        level=level,
        method="paired t",
        n=n,
        reason=reason,
    )
    if reason:
        return difference, Test(p=None, method="paired t", statistic=None, n=n)
    made = stats.ttest_1samp(apart, 0.0)
    return difference, Test(
        p=float(made.pvalue), method="paired t", statistic=float(made.statistic), n=n
    )


def _interval(
    values: Floats, level: float, measured: Floats
) -> tuple[float | None, float | None, str]:
    """Return the t interval of the mean, or why there is none."""
    if len(values) < 2:
        return None, None, _ONE if len(values) else _NONE
    # Differences that the rounding of what was measured makes alone are none.
    if np.ptp(values) <= 1e-12 * np.abs(measured).max():
        return None, None, _EQUAL
    half = float(stats.sem(values) * stats.t.ppf((1 + level) / 2, len(values) - 1))
    mean = float(values.mean())
    return mean - half, mean + half, ""


def _finite(values: Sequence[float]) -> Floats:
    found = np.asarray(values, np.float64)
    if found.ndim != 1 or not np.isfinite(found).all():
        raise ValueError(f"seeds: expected one finite number a seed, got {list(values)}")
    return found

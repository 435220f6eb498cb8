"""Intervals and tests: how sure one may be of a share, of a change, of a family of changes.

Everything here knows arrays and counts alone. Rows are independent of each other unless `sources`
says which of them share one (copies of one text): then sources are what was sampled, and intervals
and tests go by them. Sources of one row each change nothing. Which method answers which question,
and how often its intervals cover, stands in docs/statistics.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from robustft.scoring.sources import (
    design_effect,
    effective_share,
    few_sources,
    shared_sources,
    sign_flip,
)

__all__ = [
    "LEVEL",
    "Difference",
    "Estimate",
    "Test",
    "accuracy_change",
    "benjamini_hochberg",
    "holm",
    "mcnemar",
    "mcnemar_p",
    "normal_quantile",
    "share",
    "tango_interval",
    "wilson_interval",
]

LEVEL = 0.95

Bools = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its uncertainty.

    Attributes
    ----------
    value
        None when it is undefined; then `reason` says why.
    low, high
        Bounds of the two-sided interval; None when there is none.
    level
        The interval's nominal coverage.
    method
        What made the interval: ``wilson``, ``bca``, ``percentile``, ...
    n
        Rows behind the number.
    sources
        The sources behind the rows; None where each row is its own.
    caution
        Why the interval may claim too much, such as too few sources; else empty.
    """

    value: float | None
    low: float | None
    high: float | None
    level: float
    method: str
    n: int
    reason: str = ""
    sources: int | None = None
    caution: str = ""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A paired difference *first minus second* on the same rows, with its uncertainty.

    Attributes
    ----------
    value, low, high, level, method, n, reason, sources, caution
        As in `Estimate`.
    first_only, second_only
        For accuracies: the rows that only the first, or only the second, got right.
    design_effect
        For accuracies of rows that share sources: by what factor that raises the variance.
    """

    value: float | None
    low: float | None
    high: float | None
    level: float
    method: str
    n: int
    reason: str = ""
    first_only: int | None = None
    second_only: int | None = None
    sources: int | None = None
    caution: str = ""
    design_effect: float | None = None

    @property
    def discordance(self) -> float | None:
        """The share of rows that one got right and the other wrong; None for other metrics."""
        if self.first_only is None or self.second_only is None or not self.n:
            return None
        return (self.first_only + self.second_only) / self.n

    def __neg__(self) -> Difference:
        """Return *second minus first*."""
        return replace(
            self,
            value=_negated(self.value),
            low=_negated(self.high),
            high=_negated(self.low),
            first_only=self.second_only,
            second_only=self.first_only,
        )


@dataclass(frozen=True, kw_only=True)
class Test:
    """The outcome of a two-sided test of *no difference*.

    Attributes
    ----------
    p
        The p-value; None when the test cannot be made.
    statistic
        What `method` counts; for McNemar's test the rarer kind of discordant pair.
    n
        The observations that carry the test: for McNemar's the discordant pairs, for a
        permutation the rows or sources that differ.
    p_corrected
        The p-value corrected for the other tests of the family (see `holm`).
    q
        The p-value adjusted for the rate of false discoveries (see `benjamini_hochberg`).
    """

    __test__ = False  # not a test case, whatever pytest makes of the name

    p: float | None
    method: str
    statistic: float | None
    n: int
    p_corrected: float | None = None
    q: float | None = None


def _negated(value: float | None) -> float | None:
    return None if value is None else 0.0 - value


def normal_quantile(level: float) -> float:
    """Return z such that a standard normal lies within -z and z with probability `level`."""
    return float(special.ndtri((1 + level) / 2))


def wilson_interval(successes: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """Return Wilson's score interval for a share; numbers of rows may be effective ones.

    Source: Wilson, E. B. (1927), Probable inference, the law of succession, and statistical
    inference, JASA 22, 209-212.
    """
    if not 0 <= successes <= n or n <= 0:
        raise ValueError(f"wilson_interval: expected 0 <= successes <= n, got {successes} of {n}")
    z2 = normal_quantile(level) ** 2
    middle = (successes + z2 / 2) / (n + z2)
    half = np.sqrt(z2 * (successes * (n - successes) / n + z2 / 4)) / (n + z2)
    # At none and all the bound is exactly 0 or 1; rounding would leave it a hair inside.
    low = 0.0 if successes == 0 else float(middle - half)
    high = 1.0 if successes == n else float(middle + half)
    return low, high


def share(flags: Bools, level: float = LEVEL, *, sources: Array | None = None) -> Estimate:
    """Return the share of true entries (an accuracy, a flip rate) with Wilson's interval.

    Where rows share sources, the interval is Wilson's for the effective number of rows.

    Source: Franco, C., Little, R. J. A., Louis, T. A. and Slud, E. V. (2019), Comparative study of
    confidence intervals for proportions in complex sample surveys, Journal of Survey Statistics
    and Methodology 7, 334-364.
    """
    n, hits = len(flags), int(np.count_nonzero(flags))
    codes = shared_sources(sources, n)
    if not n:
        return Estimate(
            value=None, low=None, high=None, level=level, method="wilson", n=0, reason="no rows"
        )
    if codes is None:
        low, high = wilson_interval(hits, n, level)
        return Estimate(value=hits / n, low=low, high=high, level=level, method="wilson", n=n)
    effect, count = design_effect(flags, codes), int(codes.max()) + 1
    rows = n * effective_share(effect, count, normal_quantile(level))
    made = Estimate(
        value=hits / n,
        low=None,
        high=None,
        level=level,
        method="wilson by source",
        n=n,
        sources=count,
    )
    if not rows:
        return replace(made, reason=_ONE_SOURCE)
    low, high = wilson_interval(hits / n * rows, rows, level)
    return replace(made, low=low, high=high, caution=few_sources(count, "a share"))


_ONE_SOURCE = "all rows share one source"


def _tango_score(delta: float, first_only: float, second_only: float, n: float) -> float:
    """Return the score statistic for *the difference is delta*; it falls as delta grows."""
    a = 2.0 * n
    b = -(first_only + second_only) + (2 * n - first_only + second_only) * delta
    c = -second_only * delta * (1 - delta)
    # The share of second-only rows that is likeliest under delta.
    nuisance = (math.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
    variance = n * (2 * nuisance + delta * (1 - delta))
    distance = first_only - second_only - n * delta
    if variance <= 0:
        return 0.0 if abs(distance) < 1e-9 else math.copysign(math.inf, distance)
    return distance / math.sqrt(variance)


def tango_interval(
    first_only: float, second_only: float, n: float, level: float = LEVEL
) -> tuple[float, float]:
    """Return the score interval for the difference of two shares measured on the same rows.

    Numbers of rows may be effective ones.

    It inverts the score test whose value at 0 is McNemar's, so it stays honest with few
    discordant pairs: over accuracies .6 to .97, drops 0 to .2 and 200 to 5,000 rows it covers the
    truth in 95.2 % of samples on average and 93.2 % at worst, where the plain (Wald) interval
    falls to 63 % and Newcombe's method 10 to 91 % (see docs/statistics.md).

    Source: Tango, T. (1998), Equivalence test and confidence interval for the difference in
    proportions for the paired-sample design, Statistics in Medicine 17, 891-908. Compared with:
    Newcombe, R. G. (1998), Statistics in Medicine 17, 2635-2650.
    """
    if n <= 0 or min(first_only, second_only) < 0 or first_only + second_only > n * (1 + 1e-12):
        raise ValueError(
            f"tango_interval: expected counts that fit in n, got {first_only} and {second_only} "
            f"of {n}"
        )
    z = normal_quantile(level)
    value = (first_only - second_only) / n

    def excess(delta: float, bound: float) -> float:
        # Bounded, since a root finder cannot work with the infinities at the ends.
        return min(max(_tango_score(delta, first_only, second_only, n), -1e6), 1e6) - bound

    low = -1.0 if excess(-1.0, z) <= 0 else optimize.brentq(excess, -1.0, value, (z,), 1e-14)
    high = 1.0 if excess(1.0, -z) >= 0 else optimize.brentq(excess, value, 1.0, (-z,), 1e-14)
    return float(low), float(high)


def accuracy_change(
    first: Bools, second: Bools, level: float = LEVEL, *, sources: Array | None = None
) -> Difference:
    """Return the accuracy of `first` minus that of `second` on the same rows (Tango's interval).

    Where rows share sources, the interval is Tango's for the effective number of rows: all counts
    divided by the design effect of the difference.

    Parameters
    ----------
    first, second
        Whether each row was right: shape ``(n,)``.
    sources
        What each row's source is called, shape ``(n,)``; None: each row is its own.
    """
    n = _same_length(first, second)
    codes = shared_sources(sources, n)
    first_only = int(np.count_nonzero(first & ~second))
    second_only = int(np.count_nonzero(second & ~first))
    made = Difference(
        value=(first_only - second_only) / n if n else None,
        low=None,
        high=None,
        level=level,
        method="tango",
        n=n,
        reason="" if n else "no rows",
        first_only=first_only,
        second_only=second_only,
    )
    if not n:
        return made
    kept = 1.0
    if codes is not None:
        count, apart = int(codes.max()) + 1, first.astype(np.int64) - second
        effect = design_effect(apart, codes)
        kept = effective_share(effect, count, normal_quantile(level))
        made = replace(made, method="tango by source", sources=count, design_effect=effect)
        if not kept:
            return replace(made, reason=_ONE_SOURCE)
        made = replace(made, caution=few_sources(count, "a difference"))
    low, high = tango_interval(first_only * kept, second_only * kept, n * kept, level)
    return replace(made, low=low, high=high)


def mcnemar(first: Bools, second: Bools, *, sources: Array | None = None) -> Test:
    """Test whether two classifiers are right equally often on the same rows: exact, two-sided.

    Where rows share sources, each source's *right by the first alone minus right by the second
    alone* might have had the other sign as easily (see `robustft.scoring.sources.sign_flip`); with
    one row a source that is the same test.

    Source: McNemar, Q. (1947), Note on the sampling error of the difference between correlated
    proportions or percentages, Psychometrika 12, 153-157; the exact form refers the discordant
    pairs to a binomial distribution with probability one half.
    """
    codes = shared_sources(sources, _same_length(first, second))
    if codes is not None:
        apart = first.astype(np.int64) - second
        sums = np.bincount(codes, apart).round().astype(np.int64)
        return Test(
            p=sign_flip(sums),
            method="sign flip by source",
            statistic=float(sums.sum()),
            n=int(np.count_nonzero(sums)),
        )
    first_only = int(np.count_nonzero(first & ~second))
    second_only = int(np.count_nonzero(second & ~first))
    return Test(
        p=float(mcnemar_p(first_only, second_only)),
        method="mcnemar exact",
        statistic=float(min(first_only, second_only)),
        n=first_only + second_only,
    )


def mcnemar_p(first_only: npt.ArrayLike, second_only: npt.ArrayLike) -> Array:
    """Return the exact p-value of McNemar's test for each pair of counts."""
    rarer, pairs = np.minimum(first_only, second_only), np.add(first_only, second_only)
    return np.asarray(np.minimum(1.0, 2 * special.bdtr(rarer, pairs, 0.5)))


def holm(tests: Sequence[Test]) -> list[Test]:
    """Return the tests of one family with `p_corrected` filled in; those without a p are left out.

    Source: Holm, S. (1979), A simple sequentially rejective multiple test procedure,
    Scandinavian Journal of Statistics 6, 65-70.
    """
    p, made = _p_values(tests)
    order = np.argsort(p, kind="stable")
    # The smallest p is multiplied by the size of the family, the next by one less, and so on; a
    # corrected p never falls below that of a smaller one.
    stepwise = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    found = dict(zip(made[order].tolist(), np.minimum(stepwise, 1.0).tolist(), strict=True))
    return [replace(test, p_corrected=found.get(i)) for i, test in enumerate(tests)]


def benjamini_hochberg(tests: Sequence[Test]) -> list[Test]:
    """Return the tests with `q` filled in; those without a p are left out.

    Calling *found* what has a q of at most .05 keeps the expected share of false ones among them
    at .05, for tests that are independent or depend positively. Holm's correction keeps the chance
    of a single false one there; this is for screening many.

    Source: Benjamini, Y. and Hochberg, Y. (1995), Controlling the false discovery rate, Journal of
    the Royal Statistical Society B 57, 289-300.
    """
    p, made = _p_values(tests)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    stepwise = np.minimum.accumulate(scaled[::-1])[::-1]
    found = dict(zip(made[order].tolist(), np.minimum(stepwise, 1.0).tolist(), strict=True))
    return [replace(test, q=found.get(i)) for i, test in enumerate(tests)]


def _p_values(tests: Sequence[Test]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return the p-values that there are, and which tests they are of."""
    made = [(test.p, i) for i, test in enumerate(tests) if test.p is not None]
    return np.array([p for p, _ in made], np.float64), np.array([i for _, i in made], np.int64)


def _same_length(first: Bools, second: Bools) -> int:
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(
            f"paired rows: expected two arrays of one length, got {first.shape} and {second.shape}"
        )
    return len(first)

"""The bootstrap for numbers that have no good closed form, fast enough to be the default.

A resample is a row of counts: how often each observation was drawn. Every statistic is a function
of such counts, so thousands of resamples are a few matrix products. Observations that are equal
(all rows with the same label and the same predictions) are one *cell* with a count, which makes a
macro-F1 over a hundred thousand rows as cheap as over a hundred.

Source: Efron, B. (1987), Better bootstrap confidence intervals, JASA 82, 171-185 (BCa); Efron and
Tibshirani (1993), An introduction to the bootstrap, chapter 16 (the centred test).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special

from robustft.scoring.sources import sums_by_source
from robustft.scoring.statistics import LEVEL, Difference, Estimate, Test

__all__ = [
    "DRAWS",
    "Bootstrap",
    "Sums",
    "bootstrap",
    "bootstrap_of_sums",
    "by_source",
    "cells",
    "distinct",
    "resampled_counts",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Statistic = Callable[[Floats], Floats]
"""From counts, shape ``(k, cells)``, to values, shape ``(k, outputs)``; NaN where undefined."""

Sums = Callable[[Floats], Floats]
"""From sums over rows, shape ``(k, columns)``, to values, shape ``(k, outputs)``."""

DRAWS = 4_999  # p-values are then whole multiples of 1 / 5,000
_CHUNK = 2_000_000  # counts held at once: 16 MB
_EXACT_JACKKNIFE = 1_000
_BLOCKS = 500
_UNDEFINED = 0.05
_WORTH_COUNTING = 8


@dataclass(frozen=True)
class Bootstrap:
    """What resampling gave, for each output of the statistic.

    Attributes
    ----------
    values
        The statistic of the sample itself, shape ``(outputs,)``.
    draws
        The statistic of each resample, shape ``(draws, outputs)``.
    acceleration
        How fast the standard error changes with the value, shape ``(outputs,)``.
    n
        Rows in the sample.
    sources
        The sources that were resampled; None where those were the rows.
    """

    values: Floats
    draws: Floats
    acceleration: Floats
    n: int
    sources: int | None = None

    @property
    def units(self) -> int:
        """What was resampled: the sources, or the rows."""
        return self.n if self.sources is None else self.sources

    def estimate(
        self, output: int = 0, level: float = LEVEL, reason: str = "", caution: str = ""
    ) -> Estimate:
        """Return one output with its interval; `reason` says why it may be undefined.

        `caution` is passed on where there is an interval to be cautious about.
        """
        value = float(self.values[output])
        low, high, method, problem = None, None, "bca", reason
        if np.isfinite(value):
            low, high, method, problem = self._interval(output, level)
        return Estimate(
            value=value if np.isfinite(value) else None,
            low=low,
            high=high,
            level=level,
            method=method,
            n=self.n,
            reason=problem,
            sources=self.sources,
            caution="" if low is None else caution,
        )

    def difference(
        self, output: int = 0, level: float = LEVEL, reason: str = "", caution: str = ""
    ) -> Difference:
        """Return one output, which is a difference of two statistics, with its interval."""
        e = self.estimate(output, level, reason, caution)
        return Difference(
            value=e.value,
            low=e.low,
            high=e.high,
            level=level,
            method=e.method,
            n=e.n,
            reason=e.reason,
            sources=e.sources,
            caution=e.caution,
        )

    def test(self, output: int = 0) -> Test:
        """Test whether one output, a paired difference, is 0.

        The resamples are centred at 0; the p-value is the share of them (the sample itself
        counted in) at least as far from 0 as the sample's value. Where there is no interval, since
        resamples are undefined or all agree on some difference, there is no p-value.
        """
        value, draws = self.values[output], self.draws[:, output]
        finite = draws[np.isfinite(draws)]
        undefined = not np.isfinite(value) or len(finite) < (1 - _UNDEFINED) * len(draws)
        if undefined or not len(finite) or (value != 0 and np.ptp(finite) == 0):
            return Test(p=None, method="bootstrap", statistic=None, n=self.n)
        draws = finite
        # A hair of slack, so that rounding does not decide about ties.
        far = np.abs(draws - value) >= abs(value) * (1 - 1e-12)
        p = (1 + int(np.count_nonzero(far))) / (1 + len(draws))
        return Test(p=float(p), method="bootstrap", statistic=float(value), n=self.n)

    def _interval(self, output: int, level: float) -> tuple[float | None, float | None, str, str]:
        """Return the bounds, the method, and why there are none."""
        value, draws = float(self.values[output]), self.draws[:, output]
        finite = draws[np.isfinite(draws)]
        if len(finite) < (1 - _UNDEFINED) * len(draws):
            return None, None, "none", "undefined in too many resamples"
        if np.ptp(finite) == 0:
            # Perfect or identical predictions: the width 0 would claim a certainty nobody has.
            return None, None, "none", "all resamples agree"
        tails = np.array([(1 - level) / 2, (1 + level) / 2])
        corrected = _bca_tails(finite, value, float(self.acceleration[output]), tails)
        method = "percentile" if corrected is None else "bca"
        low, high = np.quantile(finite, tails if corrected is None else corrected)
        # An interval that leaves out its own estimate would confuse; widening it is safe.
        return min(float(low), value), max(float(high), value), method, ""


def _bca_tails(draws: Floats, value: float, acceleration: float, tails: Floats) -> Floats | None:
    """Return the corrected quantiles, or None where the correction does not apply."""
    below = (np.count_nonzero(draws < value) + np.count_nonzero(draws <= value)) / (2 * len(draws))
    if not 0 < below < 1 or not np.isfinite(acceleration):
        return None
    bias = special.ndtri(below)
    shifted = bias + special.ndtri(tails)
    scale = 1 - acceleration * shifted
    if (scale <= 0).any():
        return None
    corrected: Floats = special.ndtr(bias + shifted / scale)
    return corrected


def bootstrap(statistic: Statistic, counts: Ints, *, seed: int, draws: int = DRAWS) -> Bootstrap:
    """Resample observations and collect a statistic.

    Parameters
    ----------
    statistic
        See `Statistic`.
    counts
        How often each distinct observation occurs, shape ``(cells,)``; all ones for plain rows.
    seed
        A key of `robustft.seeding.fold_in`: same key, same draws.

    Returns
    -------
    Equal for every order of the rows, as long as the cells come in the same order.
    """
    n = int(counts.sum())
    values = statistic(counts[None, :].astype(np.float64))[0]
    drawn = [statistic(part) for part in resampled_counts(counts, draws, seed)]
    return Bootstrap(
        values=values,
        draws=np.concatenate(drawn),
        acceleration=_acceleration(statistic, counts, seed),
        n=n,
    )


def bootstrap_of_sums(
    function: Sums, columns: Floats, *, seed: int, codes: Ints | None = None, draws: int = DRAWS
) -> Bootstrap:
    """Resample rows, or the sources they share, and collect a function of sums over rows.

    Most statistics are one: a mean, R², macro-F1, BLEU. Then all that matters of a source is what
    its rows add to the sums, and sources that add the same are one cell.

    Parameters
    ----------
    function
        See `Sums`.
    columns
        What each row adds, shape ``(n, columns)``.
    codes
        Each row's source, as `robustft.scoring.sources.shared_sources` gives it.
    """
    added, counts = cells(columns if codes is None else sums_by_source(columns, codes))
    made = bootstrap(lambda c: function(c @ added), counts, seed=seed, draws=draws)
    if codes is None:
        return made
    return replace(made, n=len(columns), sources=made.n)


def cells(rows: Floats) -> tuple[Floats, Ints]:
    """Return the rows in sorted order and counts: equal ones as one cell where there are many.

    Drawing a count for a cell costs more than drawing a row, so few equal rows stay apart.
    """
    found, counts = distinct(rows)
    if len(found) * _WORTH_COUNTING <= len(rows):
        return found, counts
    return np.repeat(found, counts, axis=0), np.ones(len(rows), np.int64)


def distinct(rows: Floats) -> tuple[Floats, Ints]:
    """Return the distinct rows in sorted order, and how often each occurs."""
    found, counts = np.unique(rows, axis=0, return_counts=True)
    return found, counts.astype(np.int64)


def by_source(statistic: Statistic, codes: Ints) -> Statistic:
    """Return the statistic of rows as one of the counts of their sources.

    For what is no function of sums, such as a rank correlation.
    """

    def expanded(counts: Floats) -> Floats:
        # A source may hold many rows: few at a time, so that memory is bounded.
        step = max(1, _CHUNK // len(codes))
        parts = [statistic(counts[i : i + step, codes]) for i in range(0, len(counts), step)]
        return np.concatenate(parts)

    return expanded


def resampled_counts(counts: Ints, draws: int, seed: int) -> Iterator[Floats]:
    """Yield the counts of `draws` resamples, in parts of shape ``(k, cells)``."""
    rng = np.random.Generator(np.random.PCG64(seed))
    n, cells = int(counts.sum()), len(counts)
    step = max(1, _CHUNK // cells)
    for start in range(0, draws, step):
        size = min(step, draws - start)
        if n > cells:
            yield rng.multinomial(n, counts / n, size=size).astype(np.float64)
            continue
        picks = rng.integers(cells, size=(size, n), dtype=np.int64)
        picks += np.arange(0, size * cells, cells)[:, None]
        flat = np.bincount(picks.ravel(), minlength=size * cells)
        yield flat.reshape(size, cells).astype(np.float64)


def _acceleration(statistic: Statistic, counts: Ints, seed: int) -> Floats:
    """Return the acceleration from the jackknife: each cell, or each of many blocks, left out.

    Leaving out blocks of equal size estimates the same quantity: the skewness of a block's
    influence is smaller by the root of its size, their number by the size.
    """
    cells = len(counts)
    if counts.sum() < 2:  # one observation: without it there is nothing to compute
        return np.zeros(statistic(counts[None, :].astype(np.float64)).shape[1])
    if cells <= _EXACT_JACKKNIFE:
        left_out, weights = np.eye(cells), counts.astype(np.float64)
    else:
        order = np.random.Generator(np.random.PCG64(seed + 1)).permutation(cells)
        left_out = np.zeros((_BLOCKS, cells))
        left_out[np.arange(cells) % _BLOCKS, order] = counts[order]
        weights = np.ones(_BLOCKS)
    step = max(1, _CHUNK // cells)
    values = np.concatenate(
        [statistic(counts - left_out[i : i + step]) for i in range(0, len(left_out), step)]
    )
    weights = weights[:, None]
    influence = (weights * values).sum(0) / weights.sum() - values
    spread = (weights * influence**2).sum(0) ** 1.5
    skewness = (weights * influence**3).sum(0)
    safe = np.where(spread > 0, spread, 1.0)
    return np.where(spread > 0, skewness / (6 * safe), 0.0)

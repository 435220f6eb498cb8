"""The paired permutation test: how large is the difference when the two are exchanged by chance.

Under *no difference* it does not matter which of the two predictions of a row is called the
first. So both are exchanged or not, row by row (where rows share a source: all of a source
together), by the toss of a coin; the p-value is the share of such exchanges that leave the
difference at least as far from 0 as it was measured. Few enough exchanges are all gone through,
which makes the p-value exact; of others `DRAWS` are drawn, and the sample itself is counted in.

Sources: Fisher, R. A. (1935), The design of experiments, section 21; Yeh, A. (2000), More accurate
tests for the statistical significance of result differences, COLING (F1); Phipson, B. and Smyth,
G. K. (2010), Permutation p-values should never be zero, Statistical Applications in Genetics and
Molecular Biology 9, article 39.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from scipy import stats

from robustft.scoring.bootstrap import DRAWS, Floats, Ints
from robustft.scoring.sources import sums_by_source
from robustft.scoring.statistics import Test

__all__ = ["Contrast", "by_source", "exchange_units", "swap_test"]

Contrast = Callable[[Floats, Floats], Floats]
"""From the sums of the first and of the second, shape ``(k, columns)``, to differences ``(k,)``."""

_EXACT = 1 << 14
_CHUNK = 2_000_000
_METHOD = "paired permutation"


def swap_test(
    contrast: Contrast,
    first: Floats,
    second: Floats,
    *,
    seed: int,
    codes: Ints | None = None,
    draws: int = DRAWS,
) -> Test:
    """Test whether a difference of two functions of sums over rows is 0: two-sided, paired.

    Parameters
    ----------
    contrast
        What is tested, such as a difference of macro-F1; it must change sign where the two change
        places.
    first, second
        What each row adds to the sums of either, shape ``(n, columns)``.
    seed
        A key of `robustft.seeding.fold_in`: same key, same draws.
    codes
        Each row's source, as `robustft.scoring.sources.shared_sources` gives it.

    Returns
    -------
    The test; `n` counts the rows (or sources) that differ, `method` ends with ``exact`` where all
    exchanges were gone through. Equal for every order of the rows, and if first and second change
    places.
    """
    if codes is not None:
        first, second = sums_by_source(first, codes), sums_by_source(second, codes)
    times = np.ones(len(first), np.int64)
    made = exchange_units(contrast, first, second, times, seed=seed, draws=draws)
    return made if codes is None else by_source(made)


def by_source(test: Test) -> Test:
    """Return the test with its method saying that whole sources were exchanged."""
    return replace(test, method=test.method.replace(_METHOD, f"{_METHOD} by source"))


def exchange_units(
    contrast: Contrast,
    first: Floats,
    second: Floats,
    times: Ints,
    *,
    seed: int,
    draws: int = DRAWS,
) -> Test:
    """Return the test of `swap_test` where the i-th unit, row or source, occurs ``times[i]`` times.

    It costs as much as there are distinct units.
    """
    if not len(first):
        return Test(p=None, method=_METHOD, statistic=None, n=0)
    # Sorted, so that the sums round alike whatever the order of the rows.
    totals = [np.sort(times[:, None] * sums, axis=0).sum(0) for sums in (first, second)]
    value = float(contrast(totals[0][None], totals[1][None])[0])
    if not np.isfinite(value):
        return Test(p=None, method=_METHOD, statistic=None, n=0)
    kinds, many, turned = _kinds(first - second, times)
    exact = float(np.log2(many + 1.0).sum()) <= np.log2(_EXACT)
    parts = _all_exchanges(many) if exact else _drawn_exchanges(many, draws, seed)
    hits, among = 0.0, 0.0
    for exchanged, weights in parts:
        moved = (exchanged - turned) @ kinds
        found = np.abs(contrast(totals[0] - moved, totals[1] + moved))
        # A hair of slack, so that rounding does not decide about ties.
        reach = abs(value) - 1e-12 * max(abs(value), float(found.max()))
        hits += float(weights[found >= reach].sum())
        among += float(weights.sum())
    p = hits / among if exact else (1 + hits) / (1 + among)
    method = f"{_METHOD} exact" if exact else _METHOD
    return Test(p=min(1.0, p), method=method, statistic=value, n=int(many.sum()))


def _kinds(apart: Floats, times: Ints) -> tuple[Floats, Ints, Ints]:
    """Return the distinct exchanges up to their sign, how many there are, and how many negative.

    To exchange a unit that adds -v is not to exchange one that adds v, and the other way round: a
    kind of a + b units of which b add -v moves the sums by v times (a binomial number minus b).
    """
    differ = (apart != 0).any(1)
    apart, times = apart[differ], times[differ]
    if not len(apart):
        return np.zeros((1, apart.shape[1])), np.zeros(1, np.int64), np.zeros(1, np.int64)
    leading = np.take_along_axis(apart, (apart != 0).argmax(1)[:, None], 1)
    kinds, kind = np.unique(apart * np.sign(leading), axis=0, return_inverse=True)
    many = np.bincount(kind.ravel(), times, len(kinds))
    turned = np.bincount(kind.ravel(), times * (leading < 0).ravel(), len(kinds))
    return kinds, many.astype(np.int64), turned.astype(np.int64)


def _all_exchanges(times: Ints) -> Iterator[tuple[Floats, Floats]]:
    """Yield every number of exchanged units of each kind, with its probability."""
    grid = np.meshgrid(*(np.arange(k + 1) for k in times), indexing="ij")
    counts = np.stack([g.ravel() for g in grid], 1)
    yield counts.astype(np.float64), np.prod(stats.binom.pmf(counts, times, 0.5), axis=1)


def _drawn_exchanges(times: Ints, draws: int, seed: int) -> Iterator[tuple[Floats, Floats]]:
    """Yield numbers of exchanged units of each kind, in parts."""
    rng = np.random.Generator(np.random.PCG64(seed))
    step = max(1, _CHUNK // len(times))
    for start in range(0, draws, step):
        size = min(step, draws - start)
        drawn = np.empty((size, len(times)))
        alone = times == 1  # the toss of a coin is much cheaper than a binomial number
        drawn[:, alone] = rng.integers(2, size=(size, int(alone.sum())), dtype=np.uint8)
        drawn[:, ~alone] = rng.binomial(times[~alone], 0.5, size=(size, int((~alone).sum())))
        yield drawn, np.ones(size)

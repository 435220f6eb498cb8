"""Rows that share a source: what was sampled are the sources, so they are resampled as wholes.

Copies of one text, or several questions about one passage, tend to be right or wrong together.
Taking each as a row of its own would count the same evidence several times: intervals would be
too narrow and tests too sure.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

__all__ = [
    "FEW_SOURCES",
    "design_effect",
    "effective_share",
    "few_sources",
    "shared_sources",
    "sign_flip",
    "sums_by_source",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Array = npt.NDArray[Any]

FEW_SOURCES = 100
"""Below so many sources an interval of R² covers less than it says: see docs/statistics.md."""

_EXACT = 400_000_000  # products of a convolution; about a second


def shared_sources(sources: Array | None, n: int) -> Ints | None:
    """Return each row's source as a number from 0, shape ``(n,)``; None where no two rows share.

    Parameters
    ----------
    sources
        What names each row's source (integers or strings), shape ``(n,)``; None: each row is its
        own.

    Raises
    ------
    ValueError
        There is not one source a row.
    """
    if sources is None:
        return None
    if sources.shape != (n,):
        raise ValueError(f"sources: expected one a row, got {sources.shape} for {n} rows")
    names, codes = np.unique(sources, return_inverse=True)
    return None if len(names) == n else codes.astype(np.int64)


def sums_by_source(columns: Floats, codes: Ints) -> Floats:
    """Return the sum of each column over the rows of each source: ``(n, k)`` to ``(m, k)``."""
    # Rows in one order whatever the order they came in, so that sums round alike.
    order = np.lexsort((*columns.T[::-1], codes))
    starts = np.searchsorted(codes[order], np.arange(codes.max() + 1))
    summed: Floats = np.add.reduceat(columns[order], starts, axis=0)
    return summed


def few_sources(count: int, what: str) -> str:
    """Return the caution that goes with `count` sources; empty from `FEW_SOURCES` up."""
    if count >= FEW_SOURCES:
        return ""
    return f"{what} over {count} sources: below {FEW_SOURCES} its interval may be too narrow"


def design_effect(values: Array, codes: Ints) -> float:
    """Return by what factor sharing sources raises the variance of a mean; at least 1.

    The variance of the mean between sources (that of a ratio: sources may hold different numbers
    of rows) over the variance that as many rows of their own would have. Where all values are
    equal that is 0 / 0; then it is what rows that always agree within a source would give.

    Source: Kish, L. (1965), Survey sampling, sections 5.4 and 8.2.
    """
    values = np.asarray(values).astype(np.float64)
    n, sizes = len(values), np.bincount(codes)
    mean = values.mean()
    # Sorted, so that sums round alike whatever the order of the rows and the names of the sources.
    alone = float((np.sort(values - mean) ** 2).sum())
    most = float(sizes @ sizes) / n
    if alone <= 1e-12 * n * max(1.0, float(np.abs(values).max())) ** 2:
        return most
    if len(sizes) < 2:
        return max(most, 1.0)
    together = float((np.sort(np.bincount(codes, values) - sizes * mean) ** 2).sum())
    return max(1.0, together / alone * len(sizes) / (len(sizes) - 1) * (n - 1) / n)


def effective_share(effect: float, sources: int, z: float) -> float:
    """Return what share of the rows would say as much, were they independent.

    One over the design effect, and less for few sources, whose variance is itself uncertain: the
    square of the normal over that of Student's quantile.

    Source: Korn, E. L. and Graubard, B. I. (1998), Confidence intervals for proportions with small
    expected number of positive counts estimated from survey data, Survey Methodology 24, 193-201.
    """
    if sources < 2:
        return 0.0
    quantile = float(stats.t.ppf(stats.norm.cdf(z), sources - 1))
    return (z / quantile) ** 2 / effect


def sign_flip(sums: Ints) -> float:
    """Return the exact two-sided p-value of *as likely plus as minus*, a whole number a source.

    Under it each source's number would have had the other sign as easily; the p-value is the share
    of all signs that leave the total at least as far from 0. Numbers of one row a source make it
    the exact test of McNemar.

    Source: Fisher, R. A. (1935), The design of experiments, section 21.
    """
    sizes, times = np.unique(np.abs(sums[sums != 0]), return_counts=True)
    masses = np.ones(1)
    for size, count in zip(sizes, times, strict=True):
        # A total of these counts 2 size a plus too many: the masses stand that far apart.
        some = np.zeros(int(size * count) + 1)
        some[::size] = stats.binom.pmf(np.arange(count + 1), count, 0.5)
        if len(masses) * len(some) <= _EXACT:
            masses = np.convolve(masses, some)
        else:
            from scipy.signal import fftconvolve

            masses = np.maximum(fftconvolve(masses, some), 0.0)
    totals = 2 * np.arange(len(masses)) - (len(masses) - 1)
    far = np.abs(totals) >= abs(int(sums.sum()))
    return min(1.0, float(masses[far].sum()))

"""The numbers that say how good predictions are, each with an interval where one is asked for.

The plain values come from scikit-learn and scipy. The same numbers as functions of counts (what
the bootstrap needs) stand beside them; the tests hold the two together.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats
from sklearn import metrics as sk

from robustft.scoring.bootstrap import (
    DRAWS,
    Bootstrap,
    Floats,
    Ints,
    Statistic,
    bootstrap,
    bootstrap_of_sums,
    by_source,
)
from robustft.scoring.macro_f1 import MacroF1
from robustft.scoring.permutation import swap_test
from robustft.scoring.sources import few_sources, shared_sources, sums_by_source
from robustft.scoring.statistics import LEVEL, Difference, Estimate, Test, share

__all__ = [
    "classification_metrics",
    "classification_scores",
    "correct",
    "f1_change",
    "mean_change",
    "ratio_of_sums",
    "regression_change",
    "regression_metrics",
    "regression_scores",
    "squared_error",
]

Array = npt.NDArray[np.generic]

_BUDGET = 25_000_000
_NO_VARIANCE = "all labels are equal"
_CONSTANT = "the predictions, or the labels, are all equal"


def correct(labels: Array, predictions: Array) -> npt.NDArray[np.bool_]:
    """Return for each row whether the predicted class is its label: shape ``(n,)``."""
    _check(labels, predictions)
    right: npt.NDArray[np.bool_] = np.asarray(labels == predictions)
    return right


def squared_error(labels: Array, predictions: Array) -> Floats:
    """Return each row's squared error: shape ``(n,)``, in the label's unit squared."""
    _check(labels, predictions)
    error = labels.astype(np.float64) - predictions.astype(np.float64)
    return error * error


def classification_scores(labels: Array, predictions: Array) -> dict[str, float | None]:
    """Return ``accuracy`` and ``macro_f1``; None for no rows.

    Macro-F1 is the mean over the classes that occur among the labels or the predictions; a class
    that is never predicted rightly counts 0.
    """
    _check(labels, predictions)
    if not len(labels):
        return {"accuracy": None, "macro_f1": None}
    return {
        "accuracy": float(sk.accuracy_score(labels, predictions)),
        "macro_f1": float(sk.f1_score(labels, predictions, average="macro", zero_division=0.0)),
    }


def regression_scores(labels: Array, predictions: Array) -> dict[str, float | None]:
    """Return ``mse``, ``r2`` and ``spearman``; None where one is undefined."""
    _check(labels, predictions)
    y, p = labels.astype(np.float64), predictions.astype(np.float64)
    scores: dict[str, float | None] = {"mse": None, "r2": None, "spearman": None}
    if len(y):
        scores["mse"] = float(sk.mean_squared_error(y, p))
    if len(y) > 1 and np.ptp(y) > 0:
        scores["r2"] = float(sk.r2_score(y, p))
        if np.ptp(p) > 0:
            scores["spearman"] = float(stats.spearmanr(y, p).statistic)
    return scores


def classification_metrics(
    labels: Array,
    predictions: Array,
    *,
    seed: int,
    level: float = LEVEL,
    sources: Array | None = None,
) -> dict[str, Estimate]:
    """Return accuracy (Wilson) and macro-F1 (bootstrap) with their intervals.

    Parameters
    ----------
    labels, predictions
        Class codes, shape ``(n,)``.
    seed
        A key of `robustft.seeding.fold_in`.
    sources
        What each row's source is called, shape ``(n,)``: rows that share one are resampled
        together. None: each row is its own.
    """
    right = correct(labels, predictions)
    codes = shared_sources(sources, len(labels))
    accuracy = share(right, level, sources=codes)
    if not len(labels):
        return {"accuracy": accuracy, "macro_f1": accuracy}
    f1 = MacroF1.of(labels, predictions)
    drawn = f1.resampled(lambda sums: f1.value(sums)[:, None], codes, seed)
    return {"accuracy": accuracy, "macro_f1": drawn.estimate(0, level)}


def f1_change(
    labels: Array,
    first: Array,
    second: Array,
    *,
    seed: int,
    level: float = LEVEL,
    sources: Array | None = None,
) -> tuple[Difference, Test]:
    """Return macro-F1 of `first` minus that of `second` on the same rows, with its test.

    The interval is of the paired bootstrap, the test a paired permutation; `sources` as in
    `classification_metrics`.
    """
    _check(labels, first)
    _check(labels, second)
    codes = shared_sources(sources, len(labels))
    if not len(labels):
        return _nothing(1).difference(0, level, "no rows"), _NO_TEST
    f1 = MacroF1.of(labels, first, second)

    def change(sums: Floats) -> Floats:
        return (f1.value(sums, 0) - f1.value(sums, 1))[:, None]

    drawn = f1.resampled(change, codes, seed)
    return drawn.difference(0, level, "no rows"), f1.test(codes, seed)


def regression_metrics(
    labels: Array,
    predictions: Array,
    *,
    seed: int,
    level: float = LEVEL,
    sources: Array | None = None,
) -> dict[str, Estimate]:
    """Return MSE, R² and Spearman's rank correlation with bootstrap intervals.

    R² of fewer than `FEW_SOURCES` sources carries a caution; `sources` as in
    `classification_metrics`.
    """
    _check(labels, predictions)
    codes = shared_sources(sources, len(labels))
    if not len(labels):
        return dict.fromkeys(("mse", "r2", "spearman"), _nothing(1).estimate(0, level, "no rows"))
    # Intervals need fewer resamples than p-values; large sets get fewer, to stay quick.
    draws = min(DRAWS, max(999, _BUDGET // len(labels)))
    if codes is None:
        y, p = _in_order(labels, predictions)
        statistic, units = _regression(y, p), len(y)
    else:
        y, p, codes = _in_order_of_sources(codes, labels, predictions)
        statistic, units = by_source(_regression(y, p), codes), int(codes.max()) + 1
    drawn = bootstrap(statistic, np.ones(units, np.int64), seed=seed, draws=draws)
    if codes is not None:
        drawn = replace(drawn, n=len(y), sources=units)
    return {
        "mse": drawn.estimate(0, level),
        "r2": drawn.estimate(1, level, _NO_VARIANCE, few_sources(units, "R²")),
        "spearman": drawn.estimate(2, level, _CONSTANT),
    }


def regression_change(
    labels: Array,
    first: Array,
    second: Array,
    *,
    seed: int,
    level: float = LEVEL,
    sources: Array | None = None,
    draws: int = DRAWS,
) -> dict[str, tuple[Difference, Test]]:
    """Return *first minus second* of MSE and R² on the same rows, with their test.

    The intervals are of the paired bootstrap, the test is a paired permutation. It is one test:
    an exchange of predictions leaves the labels, and so the denominator of R², as they are. R² of
    fewer than `FEW_SOURCES` sources carries a caution; `sources` as in `classification_metrics`.
    """
    _check(labels, first)
    _check(labels, second)
    codes = shared_sources(sources, len(labels))
    if not len(labels):
        none = (_nothing(1).difference(0, level, "no rows"), _NO_TEST)
        return {"mse": none, "r2": none}
    y, p, q = _in_order(labels, first, second)
    if codes is not None:
        y, p, q, codes = _in_order_of_sources(codes, labels, first, second)
    columns = np.stack([(y - p) ** 2, (y - q) ** 2, *_spread(y), np.ones(len(y))], 1)

    def changes(sums: Floats) -> Floats:
        a, b, s1, s2, n = sums.T
        return np.stack([(a - b) / n, -_ratio(a - b, _total(n, s1, s2))], 1)

    drawn = bootstrap_of_sums(changes, columns, seed=seed, codes=codes, draws=draws)
    errors = swap_test(
        lambda one, other: (one - other)[:, 0] / len(y),
        columns[:, :1],
        columns[:, 1:2],
        seed=seed,
        codes=codes,
        draws=draws,
    )
    r2 = drawn.difference(1, level, _NO_VARIANCE, few_sources(drawn.units, "R²"))
    undefined = r2.value is None
    tested = replace(
        errors,
        p=None if undefined else errors.p,
        statistic=r2.value,
    )
    return {"mse": (drawn.difference(0, level), errors), "r2": (r2, tested)}


def mean_change(
    changes: Floats, *, seed: int, level: float = LEVEL, sources: Array | None = None
) -> tuple[Difference, Test]:
    """Return the mean of one number a row, such as a difference of drops, and whether it is 0.

    The interval is of the bootstrap; the test asks whether each number (with shared `sources`:
    each source's sum) might have had the other sign as easily.
    """
    codes = shared_sources(sources, len(changes))
    if not len(changes):
        return _nothing(1).difference(0, level, "no rows"), _NO_TEST
    columns = np.stack([np.asarray(changes, np.float64), np.ones(len(changes))], 1)
    drawn = bootstrap_of_sums(
        lambda sums: sums[:, :1] / sums[:, 1:], columns, seed=seed, codes=codes
    )
    test = swap_test(
        lambda one, other: (one - other)[:, 0] / len(changes),
        columns[:, :1],
        np.zeros((len(changes), 1)),
        seed=seed,
        codes=codes,
    )
    return drawn.difference(0, level, "no rows"), test


def ratio_of_sums(
    top: Floats,
    bottom: Floats,
    *,
    seed: int,
    reason: str = "",
    level: float = LEVEL,
    sources: Array | None = None,
) -> Estimate:
    """Return the sum of `top` over that of `bottom`, two numbers a row, by the bootstrap.

    It is undefined, for `reason`, where the second sum is not above 0; there is no interval where
    that happens in more than a few resamples. `sources` as in `classification_metrics`.
    """
    _check(top, bottom)
    codes = shared_sources(sources, len(top))
    if not len(top):
        return _nothing(1).estimate(0, level, "no rows")
    drawn = bootstrap_of_sums(
        lambda sums: _ratio(sums[:, 0], sums[:, 1])[:, None],
        np.stack([top, bottom], 1),
        seed=seed,
        codes=codes,
    )
    return drawn.estimate(0, level, reason)


_NO_TEST = Test(p=None, method="paired permutation", statistic=None, n=0)


def _check(labels: Array, predictions: Array) -> None:
    if labels.shape != predictions.shape or labels.ndim != 1:
        raise ValueError(
            f"scores: expected one prediction a label, got {predictions.shape} for {labels.shape}"
        )


def _nothing(outputs: int) -> Bootstrap:
    empty = np.full(outputs, np.nan)
    return Bootstrap(values=empty, draws=np.empty((0, outputs)), acceleration=empty, n=0)


def _in_order(*columns: Array) -> list[Floats]:
    """Return the columns with their rows sorted, so that no result depends on the rows' order."""
    values = [c.astype(np.float64) for c in columns]
    order = np.lexsort(values[::-1])
    return [v[order] for v in values]


def _in_order_of_sources(codes: Ints, *columns: Array) -> tuple[Any, ...]:
    """Return the columns source by source and the sources' numbers, whatever the rows' order.

    Sources are ordered by the sums of their columns, and rows within a source by their values.
    """
    values = np.stack([c.astype(np.float64) for c in columns], 1)
    sums = sums_by_source(values, codes)
    rank = np.empty(len(sums), np.int64)
    rank[np.lexsort(sums.T[::-1])] = np.arange(len(sums))
    order = np.lexsort((*values.T[::-1], rank[codes]))
    return (*values[order].T, rank[codes][order])


def _spread(y: Floats) -> tuple[Floats, Floats]:
    # Centred, so that the sum of squares does not drown in the mean.
    centred = y - y.mean()
    return centred, centred * centred


def _total(n: Floats, first: Floats, second: Floats) -> Floats:
    total = second - first * first / n
    scale = np.maximum(second, 1e-300)
    return np.where(total > 1e-12 * scale, total, 0.0)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    return np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0)


def _regression(y: Floats, p: Floats) -> Statistic:
    """Return MSE, R² and Spearman's correlation as functions of the rows' counts."""
    columns = np.stack([(y - p) ** 2, *_spread(y)], 1)
    ranks = [_ranker(y), _ranker(p)]

    def statistic(counts: Floats) -> Floats:
        n = counts.sum(1)
        error, s1, s2 = (counts @ columns).T
        r2 = 1 - _ratio(error, _total(n, s1, s2))
        return np.stack([error / n, r2, _correlation(counts, *(r(counts) for r in ranks))], 1)

    return statistic


def _ranker(values: Floats) -> Statistic:
    """Return a function from counts to mid-ranks, centred: shape ``(k, n)`` both."""
    order = np.argsort(values, kind="stable")
    distinct, group = np.unique(values, return_inverse=True)
    starts = np.searchsorted(values[order], distinct)

    def ranks(counts: Floats) -> Floats:
        weights = np.add.reduceat(counts[:, order], starts, axis=1)
        middle = np.cumsum(weights, axis=1) - weights / 2 - counts.sum(1, keepdims=True) / 2
        centred: Floats = middle[:, group]
        return centred

    return ranks


def _correlation(counts: Floats, a: Floats, b: Floats) -> Floats:
    """Return the correlation of centred ranks, weighted by the counts: shape ``(k,)``."""
    across = np.einsum("ij,ij,ij->i", counts, a, b)
    spread = np.einsum("ij,ij,ij->i", counts, a, a) * np.einsum("ij,ij,ij->i", counts, b, b)
    return _ratio(across, np.sqrt(spread))

"""The numbers that say how good predictions are, each with an interval where one is asked for.

The plain values come from scikit-learn and scipy. The same numbers as functions of counts (what
the bootstrap needs) stand beside them; the tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats
from sklearn import metrics as sk

from robustft.scoring.bootstrap import DRAWS, Bootstrap, Floats, Ints, Statistic, bootstrap
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
    labels: Array, predictions: Array, *, seed: int, level: float = LEVEL
) -> dict[str, Estimate]:
    """Return accuracy (Wilson) and macro-F1 (bootstrap) with their intervals."""
    right = correct(labels, predictions)
    if not len(labels):
        empty = share(right, level)
        return {"accuracy": empty, "macro_f1": empty}
    cells, counts = _cells(labels, predictions)
    drawn = bootstrap(_macro_f1(cells[:, 0], [cells[:, 1]]), counts, seed=seed)
    return {"accuracy": share(right, level), "macro_f1": drawn.estimate(0, level)}


def f1_change(
    labels: Array, first: Array, second: Array, *, seed: int, level: float = LEVEL
) -> tuple[Difference, Test]:
    """Return macro-F1 of `first` minus that of `second` on the same rows (paired bootstrap)."""
    _check(labels, first)
    _check(labels, second)
    if not len(labels):
        drawn = _nothing(1)
    else:
        cells, counts = _cells(labels, first, second)
        both = _macro_f1(cells[:, 0], [cells[:, 1], cells[:, 2]])
        drawn = bootstrap(_minus(both), counts, seed=seed)
    return drawn.difference(0, level, "no rows"), drawn.test(0)


def regression_metrics(
    labels: Array, predictions: Array, *, seed: int, level: float = LEVEL
) -> dict[str, Estimate]:
    """Return MSE, R² and Spearman's rank correlation with bootstrap intervals."""
    _check(labels, predictions)
    y, p = _in_order(labels, predictions)
    drawn = _nothing(3)
    if len(y):
        # Intervals need fewer resamples than p-values; large sets get fewer, to stay quick.
        draws = min(DRAWS, max(999, _BUDGET // len(y)))
        drawn = bootstrap(_regression(y, p), np.ones(len(y), np.int64), seed=seed, draws=draws)
    few = "" if len(y) else "no rows"
    return {
        "mse": drawn.estimate(0, level, few),
        "r2": drawn.estimate(1, level, few or _NO_VARIANCE),
        "spearman": drawn.estimate(2, level, few or _CONSTANT),
    }


def regression_change(
    labels: Array, first: Array, second: Array, *, seed: int, level: float = LEVEL
) -> dict[str, tuple[Difference, Test]]:
    """Return *first minus second* of MSE and R² on the same rows (paired bootstrap)."""
    _check(labels, first)
    _check(labels, second)
    y, p, q = _in_order(labels, first, second)
    drawn = _nothing(2)
    if len(y):
        columns = [(y - p) ** 2, (y - q) ** 2, *_spread(y)]

        def changes(counts: Floats) -> Floats:
            a, b, s1, s2 = (counts @ np.stack(columns, 1)).T
            n = counts.sum(1)
            return np.stack([(a - b) / n, -_ratio(a - b, _total(n, s1, s2))], 1)

        drawn = bootstrap(changes, np.ones(len(y), np.int64), seed=seed)
    few = "" if len(y) else "no rows"
    return {
        "mse": (drawn.difference(0, level, few), drawn.test(0)),
        "r2": (drawn.difference(1, level, few or _NO_VARIANCE), drawn.test(1)),
    }


def mean_change(changes: Floats, *, seed: int, level: float = LEVEL) -> tuple[Difference, Test]:
    """Return the mean of one number a row, such as a difference of drops, and whether it is 0."""
    if not len(changes):
        drawn = _nothing(1)
    else:
        values, counts = np.unique(changes, return_counts=True)

        def mean(resampled: Floats) -> Floats:
            means: Floats = resampled @ values / resampled.sum(1)
            return means[:, None]

        drawn = bootstrap(mean, counts.astype(np.int64), seed=seed)
    return drawn.difference(0, level, "no rows"), drawn.test(0)


def ratio_of_sums(
    top: Floats, bottom: Floats, *, seed: int, reason: str = "", level: float = LEVEL
) -> Estimate:
    """Return the sum of `top` over that of `bottom`, two numbers a row, by the bootstrap.

    It is undefined, for `reason`, where the second sum is not above 0; there is no interval where
    that happens in more than a few resamples.
    """
    _check(top, bottom)
    rows, counts = np.unique(np.stack([top, bottom], 1), axis=0, return_counts=True)
    if not len(top):
        return _nothing(1).estimate(0, level, "no rows")

    def ratio(resampled: Floats) -> Floats:
        sums = resampled @ rows
        return _ratio(sums[:, 0], sums[:, 1])[:, None]

    return bootstrap(ratio, counts.astype(np.int64), seed=seed).estimate(0, level, reason)


def _check(labels: Array, predictions: Array) -> None:
    if labels.shape != predictions.shape or labels.ndim != 1:
        raise ValueError(
            f"scores: expected one prediction a label, got {predictions.shape} for {labels.shape}"
        )


def _nothing(outputs: int) -> Bootstrap:
    empty = np.full(outputs, np.nan)
    return Bootstrap(values=empty, draws=np.empty((0, outputs)), acceleration=empty, n=0)


def _cells(*columns: Array) -> tuple[Ints, Ints]:
    """Return the distinct rows of the columns, as class codes, and how often each occurs."""
    joined = np.stack([np.asarray(c).astype(np.int64) for c in columns], 1)
    cells, counts = np.unique(joined, axis=0, return_counts=True)
    return cells, counts.astype(np.int64)


def _in_order(*columns: Array) -> list[Floats]:
    """Return the columns with their rows sorted, so that no result depends on the rows' order."""
    values = [c.astype(np.float64) for c in columns]
    order = np.lexsort(values[::-1])
    return [v[order] for v in values]


def _macro_f1(labels: Ints, predictions: Sequence[Ints]) -> Statistic:
    """Return macro-F1 of each of several predictions as a function of the cells' counts."""
    classes = np.unique(np.concatenate([labels, *predictions]))
    truth = (labels[:, None] == classes).astype(np.float64)

    def statistic(counts: Floats) -> Floats:
        outputs = []
        actual = counts @ truth
        for predicted in predictions:
            said = (predicted[:, None] == classes).astype(np.float64)
            doubled, total = 2 * (counts @ (truth * said)), actual + counts @ said
            occurs = total > 0
            f1 = np.divide(doubled, total, out=np.zeros_like(total), where=occurs)
            outputs.append(f1.sum(1) / np.maximum(occurs.sum(1), 1))
        return np.stack(outputs, 1)

    return statistic


def _minus(both: Statistic) -> Statistic:
    def statistic(counts: Floats) -> Floats:
        values = both(counts)
        return values[:, :1] - values[:, 1:]

    return statistic


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

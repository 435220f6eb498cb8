"""By what share one set of predictions is better or worse than another, on the same rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from robustft.scoring.bootstrap import Floats, bootstrap_of_sums
from robustft.scoring.metrics import squared_error
from robustft.scoring.sources import few_sources, shared_sources
from robustft.scoring.statistics import LEVEL, Estimate

__all__ = ["relative_accuracy", "relative_regression"]

Array = npt.NDArray[np.generic]

_NO_ERROR = "the second predictions make no error"
_NO_R2 = "R² of the second predictions is not above 0"


def relative_regression(
    labels: Array,
    first: Array,
    second: Array,
    *,
    seed: int,
    level: float = LEVEL,
    sources: Array | None = None,
) -> dict[str, Estimate]:
    """Return *(first - second) / second* of MSE and R² on the same rows (paired bootstrap).

    An MSE that is 46 % lower is -0.46. A relative change of R² means something only where that of
    `second` is above 0; elsewhere it is undefined, and `reason` says so.

    Parameters
    ----------
    labels, first, second
        Numbers, shape ``(n,)``.
    seed
        A key of `robustft.seeding.fold_in`.
    sources
        What each row's source is called: rows that share one are resampled together.
    """
    codes = shared_sources(sources, len(labels))
    y, one, other = (np.asarray(c).astype(np.float64) for c in (labels, first, second))
    if len(y) < 2:
        few = _undefined("fewer than two rows", len(y), level)
        return {"mse": few, "r2": few}
    # In one order whatever the rows' order, so that the mean is the same.
    order = np.lexsort((other, one, y))
    centred = y - y[order].mean()
    columns = np.stack(
        [
            squared_error(y, one),
            squared_error(y, other),
            centred,
            centred * centred,
            np.ones(len(y)),
        ],
        1,
    )

    def changes(sums: Floats) -> Floats:
        a, b, s1, s2, n = sums.T
        total = s2 - s1 * s1 / n
        return np.stack([_ratio(a - b, b), _ratio(b - a, total - b)], 1)

    drawn = bootstrap_of_sums(changes, columns, seed=seed, codes=codes)
    return {
        "mse": drawn.estimate(0, level, _NO_ERROR),
        "r2": drawn.estimate(1, level, _NO_R2, few_sources(drawn.units, "R²")),
    }


def relative_accuracy(
    labels: Array,
    first: Array,
    second: Array,
    *,
    seed: int,
    level: float = LEVEL,
    sources: Array | None = None,
) -> Estimate:
    """Return *(first - second) / second* of accuracy on the same rows (paired bootstrap)."""
    codes = shared_sources(sources, len(labels))
    if not len(labels):
        return _undefined("no rows", 0, level)
    right = np.stack([np.asarray(labels == first), np.asarray(labels == second)], 1)

    def change(sums: Floats) -> Floats:
        one, other = sums.T
        return _ratio(one - other, other)[:, None]

    drawn = bootstrap_of_sums(change, right.astype(np.float64), seed=seed, codes=codes)
    return drawn.estimate(0, level, "the second predictions are never right")


def _ratio(top: Floats, bottom: Floats) -> Floats:
    return np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0)


def _undefined(reason: str, n: int, level: float) -> Estimate:
    return Estimate(value=None, low=None, high=None, level=level, method="bca", n=n, reason=reason)

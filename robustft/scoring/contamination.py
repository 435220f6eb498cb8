"""What an accuracy is worth when some of the rows behind it carry a wrong label."""

from __future__ import annotations

from robustft.scoring.statistics import Estimate

__all__ = ["valid_accuracy"]


def valid_accuracy(accuracy: Estimate, invalid: Estimate) -> Estimate:
    """Bound the accuracy on the valid rows of a set of which a share is invalid.

    Nothing is assumed of the invalid rows: a model may have all of them right, or all wrong. With
    a share *e* of them and an accuracy *a* on the whole set, the accuracy on the others lies
    between ``(a - e) / (1 - e)`` and ``a / (1 - e)`` (Horowitz and Manski, 1995, *Identification
    and robustness with contaminated and corrupted data*, Econometrica 63). Either end is taken
    where the intervals of *a* and *e* make it most extreme.

    Parameters
    ----------
    accuracy
        On the whole set, with its interval.
    invalid
        The share of its rows whose label no longer holds, with its interval.

    Returns
    -------
    An estimate of which `low` and `high` are the bounds; `value` is None, for no single number
    follows without assumptions. Its level is what two intervals hold together (Bonferroni).
    """
    level = 1 - (1 - accuracy.level) - (1 - invalid.level)
    unknown = accuracy.low is None or accuracy.high is None or invalid.high is None
    if unknown or invalid.high == 1:
        reason = accuracy.reason or invalid.reason or "every row may be invalid"
        return Estimate(
            value=None, low=None, high=None, level=level, method="bounds", n=0, reason=reason
        )
    assert accuracy.low is not None
    assert accuracy.high is not None
    assert invalid.high is not None
    valid = 1 - invalid.high
    return Estimate(
        value=None,
        low=max(0.0, (accuracy.low - invalid.high) / valid),
        high=min(1.0, accuracy.high / valid),
        level=level,
        method="bounds",
        n=accuracy.n,
        sources=accuracy.sources,
        reason="bounds only: nothing is assumed of invalid rows",
    )

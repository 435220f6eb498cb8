"""What a test set can show: without this, "no significant drop" says nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from robustft.scoring.statistics import LEVEL, Difference, normal_quantile

__all__ = ["POWER", "Detectable", "mcnemar_power", "rows_to_settle", "smallest_change"]

POWER = 0.8
_FLOOR = 0.01
_STEPS = 24


@dataclass(frozen=True, kw_only=True)
class Detectable:
    """The smallest true change that a test on these rows would have found with a given power.

    Attributes
    ----------
    value
        None when not even a change on every row would be found.
    discordance
        The share of rows assumed to be right in one case and wrong in the other: what was seen,
        but at least 1 %; None for a metric that is not an accuracy.
    design_effect
        By what factor shared sources raise the variance, where that was taken into account.
    """

    value: float | None
    power: float
    discordance: float | None
    n: int
    method: str
    design_effect: float | None = None


def mcnemar_power(n: int, change: float, discordance: float, level: float = LEVEL) -> float:
    """Return the exact power of the exact McNemar test.

    Parameters
    ----------
    change
        The true difference in accuracy, 0 to 1.
    discordance
        The true share of discordant pairs, at least `change`.

    Notes
    -----
    The number of discordant pairs is binomial, and given it so is their split; the power is the
    mean over the first of the chance that the second falls where the test rejects.
    """
    if not 0 <= change <= discordance <= 1:
        raise ValueError(
            f"mcnemar_power: expected 0 <= change <= discordance <= 1, got {change}, {discordance}"
        )
    if not discordance:
        return 0.0
    tail = 1e-9
    first = stats.binom.ppf(tail, n, discordance)
    last = stats.binom.ppf(1 - tail, n, discordance)
    pairs = np.arange(int(first), int(last) + 1)
    critical = _critical(1 << int(last).bit_length(), level)[pairs]
    losing = (discordance + change) / (2 * discordance)
    reject = np.zeros(len(pairs))
    possible = critical >= 0
    k, c = pairs[possible], critical[possible]
    reject[possible] = special.bdtr(c, k, losing) + special.bdtr(c, k, 1 - losing)
    return float(np.clip(stats.binom.pmf(pairs, n, discordance) @ reject, 0.0, 1.0))


@lru_cache(maxsize=8)
def _critical(pairs: int, level: float) -> npt.NDArray[np.float64]:
    """Return, for all numbers of discordant pairs below `pairs`, where McNemar's test rejects.

    That is the largest count of the rarer kind at which it still does; -1 where none does.
    """
    numbers, alpha = np.arange(pairs), (1 - level) / 2
    critical = np.asarray(stats.binom.ppf(alpha, numbers, 0.5), np.float64) - 1
    critical += special.bdtr(np.maximum(critical + 1, 0), numbers, 0.5) <= alpha
    critical.flags.writeable = False  # every caller gets the same one
    return critical


def smallest_change(
    difference: Difference, *, power: float = POWER, level: float = LEVEL
) -> Detectable:
    """Return the smallest change that the test behind `difference` would have shown.

    For accuracies: the change at which the exact McNemar test, at the discordance seen, reaches
    `power` (exact, by bisection); a change larger than the assumed discordance raises it. Where
    rows share sources, the number of rows is divided by the design effect (at least 1), and of
    fewer than six sources the test shows nothing. For other
    metrics: from the width of the interval, by the normal approximation.
    """
    n, seen, effect = difference.n, difference.discordance, difference.design_effect
    if seen is None:
        width = None
        if n and difference.low is not None and difference.high is not None:
            error = (difference.high - difference.low) / 2 / normal_quantile(difference.level)
            width = error * (normal_quantile(level) + float(special.ndtri(power)))
        return Detectable(
            value=width, power=power, discordance=None, n=n, method="normal approximation"
        )
    assumed = max(seen, _FLOOR)
    low, high = 0.0, 1.0
    rows = int(n / (effect or 1.0))
    method = "mcnemar exact" if effect is None else "mcnemar, effective rows"
    found = Detectable(
        value=None, power=power, discordance=assumed, n=n, method=method, design_effect=effect
    )
    # Of few sources even the farthest signs are too likely: the test never rejects.
    if difference.sources is not None and 2.0 ** (1 - difference.sources) > 1 - level:
        return found
    if not rows or mcnemar_power(rows, 1.0, 1.0, level) < power:
        return found
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if mcnemar_power(rows, middle, max(assumed, middle), level) >= power:
            high = middle
        else:
            low = middle
    return replace(found, value=high, discordance=max(assumed, high))


def rows_to_settle(difference: Difference, limit: float) -> int | None:
    """Return about how many rows would leave `limit` outside the interval.

    It supposes that the difference stays where it was measured and that the interval narrows
    with the root of the number of rows; None when the difference is the limit itself, or there
    is no interval.
    """
    value, low, high = difference.value, difference.low, difference.high
    if value is None or low is None or high is None or value == limit:
        return None
    reach = value - low if value > limit else high - value
    needed = difference.n * (reach / (value - limit)) ** 2
    return max(difference.n, math.ceil(needed)) if math.isfinite(needed) else None

"""Numbers held to limits: passed, failed or inconclusive, by the interval and not by the number.

A check compares one number with one limit, in the manner of a non-inferiority trial: it *fails*
only if all of the interval lies beyond the limit, *passes* only if none of it does, and is
*inconclusive* otherwise. Several checks together fail if one of them fails and pass if all of them
pass. One of many may fail by chance, so failing is corrected for their number by Holm's method:
however many limits are judged, the chance that one fails although all of them are met is at most
that of a single check (2.5 % with 95 % intervals). Passing needs no correction: all have to pass,
so the chance to pass although a limit is missed is at most that of a single check, too.

Sources: Holm, S. (1979), A simple sequentially rejective multiple test procedure, Scandinavian
Journal of Statistics 6, 65-70. Berger, R. L. (1982), Multiparameter hypothesis testing and
acceptance sampling, Technometrics 24, 295-300 (all have to pass: the intersection-union test).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from robustft.scoring.statistics import Difference

__all__ = ["Check", "Measured", "Outcome", "Quantity", "verdicts"]

Outcome = Literal["passed", "failed", "inconclusive"]
Quantity = Literal["drop", "accuracy", "drop_growth", "accuracy_loss"]

_MANY = 10_000_000
_TINY = 1e-15


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A number to be held to a limit.

    Attributes
    ----------
    badness
        The number, the larger the worse, with its interval: a drop, or an accuracy negated.
    limit
        The most of it.
    lenient
        Whether it passes unless it fails.
    p
        Of a two-sided test that it is the limit, where there is one: of few rows that changed it
        knows more than the interval of a resampling.
    void
        Why it says nothing although it is there.
    note
        How it came about, where that needs saying.
    """

    model: str
    set: str
    quantity: Quantity
    metric: str
    badness: Difference
    limit: float
    lenient: bool = False
    p: float | None = None
    void: str = ""
    note: str = ""

    @property
    def sound(self) -> bool:
        """Whether there is an interval, of something that was tested."""
        number = self.badness
        return not self.void and None not in (number.value, number.low, number.high)

    @property
    def distance(self) -> float:
        """How far the number lies beyond its limit, in lower halves of its interval.

        More than 1 means that a check of its own fails.
        """
        value, low = self.badness.value, self.badness.low
        assert value is not None
        assert low is not None
        beyond, half = value - self.limit, value - low
        if beyond > 0 and self.p is not None:
            tested = NormalDist().inv_cdf(1 - max(self.p, _TINY) / 2) / _quantile(
                self.badness.level
            )
            return min(tested, replace(self, p=None).distance)
        if low > self.limit:  # surely more than one half, whatever the rounding
            return max(beyond / half, math.nextafter(1.0, math.inf)) if half > 0 else math.inf
        return min(beyond / half, 1.0) if half > 0 else -math.inf

    def needed(self, widening: float = 1.0) -> int | None:
        """Return about how many rows would settle it, rounded up to two digits; None if none."""
        from robustft.scoring.power import rows_to_settle

        value, low = self.badness.value, self.badness.low
        assert value is not None
        assert low is not None
        if math.isclose(value, self.limit, abs_tol=1e-9):
            return None
        wider = replace(self.badness, low=value - widening * (value - low))
        rows = rows_to_settle(wider, self.limit)
        if rows is None:
            return None
        step = int(10 ** max(len(str(rows)) - 2, 0))
        # One less, where that is lost in the rounding: 2,001 is 2,000 after a rounding error.
        return -(-(rows - (step > 1)) // step) * step


@dataclass(frozen=True, kw_only=True)
class Check:
    """One number against one limit, judged.

    Attributes
    ----------
    quantity
        ``drop``: against the original rows. ``accuracy``: on the set. ``drop_growth`` and
        ``accuracy_loss``: how much worse than the baseline's.
    value, low, high, level, rows
        The number with its interval, and the rows behind it.
    limit
        The most of a drop, the least of an accuracy.
    needed
        About how many rows would settle it, if the number stays as it is; None where that is
        settled, or no number of rows would do.
    finding, because
        Model, set, number and limit in words; and what is to be said of the outcome.
    """

    model: str
    set: str
    quantity: Quantity
    metric: str
    value: float | None
    low: float | None
    high: float | None
    level: float
    rows: int
    limit: float
    outcome: Outcome
    needed: int | None
    finding: str
    because: str

    @property
    def beyond(self) -> float:
        """By how much the number lies beyond its limit; negative where it does not."""
        if self.value is None:
            return -math.inf
        return self.limit - self.value if self.quantity == "accuracy" else self.value - self.limit

    @property
    def sentence(self) -> str:
        """All of it in words."""
        return f"gate: {self.finding}: {self.outcome}{self.because}"


def verdicts(measured: Sequence[Measured], *, remark: str = "") -> tuple[Check, ...]:
    """Judge numbers as one family: Holm's method for failing, no correction for passing.

    The corrected interval of a check is its own with the lower half widened in proportion to the
    normal quantiles.

    Parameters
    ----------
    remark
        What stands behind the number in each sentence.
    """
    distances = {n: number.distance for n, number in enumerate(measured) if number.sound}
    family, failing = len(distances), True
    found: dict[int, Check] = {}
    for rank, n in enumerate(sorted(distances, key=lambda n: (-distances[n], n))):
        # The farthest is held to the widest interval, the next to one for a check less, and once
        # one does not fail, none after it does.
        widening = _widening(measured[n].badness.level, family - rank)
        failing = failing and distances[n] > widening
        found[n] = _judged(measured[n], failing, widening, family, remark)
    for n, number in enumerate(measured):
        found.setdefault(n, _judged(number, False, 1.0, family, remark))
    return tuple(found[n] for n in range(len(measured)))


def _widening(level: float, family: int) -> float:
    """Return how many times as wide the half of an interval is that holds for so many at once."""
    if family <= 1:
        return 1.0
    return NormalDist().inv_cdf(1 - (1 - level) / 2 / family) / _quantile(level)


def _quantile(level: float) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)


def _judged(number: Measured, failed: bool, widening: float, family: int, remark: str) -> Check:
    high = number.badness.high
    outcome: Outcome = "failed" if failed else "inconclusive"
    if not failed and number.sound and high is not None:
        outcome = "passed" if number.lenient or high <= number.limit else outcome
    seen, limit = number.badness, number.limit
    if number.quantity == "accuracy":
        seen, limit = -seen, 0.0 - limit
    needed = number.needed(widening) if outcome == "inconclusive" and number.sound else None
    return Check(
        model=number.model,
        set=number.set,
        quantity=number.quantity,
        metric=number.metric,
        value=seen.value,
        low=seen.low,
        high=seen.high,
        level=seen.level,
        rows=seen.n,
        limit=limit,
        outcome=outcome,
        needed=needed,
        finding=f"{number.model} on {number.set} {_told(number, seen, limit)}{remark}",
        because=_because(number, outcome, needed, family),
    )


def _told(number: Measured, seen: Difference, limit: float) -> str:
    """Return the number, its interval and its limit in words."""
    from robustft.evaluation.verdict import interval, signed

    note = f"; {number.note}" if number.note else ""
    between = f"({interval(seen, number.metric)}{note})"
    if number.quantity == "accuracy":
        value = "none" if seen.value is None else f"{100 * seen.value:.1f} %"
        return f"has an accuracy of {value} {between}, at least {100 * limit:.1f} % asked"
    size = signed(seen, number.metric)
    if number.quantity == "drop":
        return f"drops by {size} {between}, limit {_bound(limit, number.metric)}"
    if number.quantity == "drop_growth":
        return f"drops by {size} more than in the baseline {between}"
    return f"got worse by {size} since the baseline {between}"


def _bound(limit: float, metric: str) -> str:
    """Return a limit with as many digits as it was given with."""
    if metric == "mse":
        return f"{limit:g}"
    points = f"{100 * limit:.1f}"
    return f"{points if math.isclose(float(points), 100 * limit) else f'{100 * limit:.3g}'} points"


def _because(number: Measured, outcome: Outcome, needed: int | None, family: int) -> str:
    """Return what follows the outcome: the correction, what is ruled out, or what would settle."""
    from robustft.evaluation.verdict import amount

    corrected = f"Holm's correction for {family} checks"
    if outcome == "failed":
        return f", after {corrected}" if family > 1 else ""
    if outcome == "passed":
        high = number.badness.high or 0.0
        if not number.lenient:
            return ""
        return f"; more than {amount(max(high, 0.0), number.metric)} is ruled out"
    if number.void:
        return f"; {number.void}"
    if not number.sound:
        return f"; {number.badness.reason or 'there is no interval'}"
    if needed is None:
        what = "accuracy" if number.quantity == "accuracy" else "drop"
        return f"; no number of rows would settle it, the {what} being the limit itself"
    low, rows = number.badness.low, number.badness.n
    alone = low is not None and low > number.limit
    beyond = f" its interval lies beyond the limit, but not after {corrected};" if alone else ""
    count = f"about {needed:,}" if needed <= _MANY else f"more than {_MANY:,}"
    what = "accuracy" if number.quantity == "accuracy" else "drop"
    return f";{beyond} {count} rows would settle it, if the {what} stays as it is (now {rows:,})"

"""Numbers as people read them: shares in percent, differences in points, bounds in brackets."""

from __future__ import annotations

from typing import Protocol

__all__ = [
    "LONG_NAMES",
    "Bounded",
    "amount",
    "bounds",
    "count",
    "is_share",
    "number",
    "percent",
    "signed",
]

LONG_NAMES = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "mse": "mean squared error",
    "r2": "R²",
    "spearman": "Spearman's rank correlation",
    "f1": "F1 of the answers",
    "exact_match": "exact match",
}
_IN_PERCENT = ("accuracy", "macro_f1", "exact_match", "f1", "share")
_NONE, _MINUS = "–", "−"


class Bounded(Protocol):
    """What has a value and, most often, an interval: an `Estimate` or a `Difference`."""

    @property
    def value(self) -> float | None:
        """The number; None where it is undefined."""

    @property
    def low(self) -> float | None:
        """The lower bound."""

    @property
    def high(self) -> float | None:
        """The upper bound."""


def is_share(metric: str) -> bool:
    """Return whether a metric lies between 0 and 1 and is shown in percent."""
    return metric in _IN_PERCENT


def number(value: float | None, metric: str) -> str:
    """Return *92.7* for a share, three digits for all else."""
    if value is None:
        return _NONE
    # Adding 0.0 turns a negative zero into one without sign.
    shown = f"{round(100 * value, 1) + 0.0:.1f}" if is_share(metric) else f"{value:.3g}"
    return shown.replace("-", _MINUS)


def signed(value: float | None, metric: str) -> str:
    """Return a number that bears its sign: *+4.6*."""
    shown = number(value, metric)
    return f"+{shown}" if value is not None and value > 0 and shown.strip("0.") else shown


def bounds(found: Bounded | None, metric: str) -> str:
    """Return *90.9 to 94.2*; an empty string where there is no interval."""
    if found is None or found.low is None or found.high is None:
        return ""
    return f"{number(found.low, metric)} to {number(found.high, metric)}"


def amount(value: float, metric: str) -> str:
    """Return a difference in words and without its sign: *7.5 points of accuracy*."""
    name = LONG_NAMES.get(metric, metric)
    size = number(abs(value), metric)
    return f"{size} points of {name}" if is_share(metric) else f"{size} of {name}"


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share as *9.4%*."""
    return _NONE if share is None else f"{share:.{digits}%}".replace("-", _MINUS)


def count(n: int, noun: str) -> str:
    """Return *1 row*, *1,000 rows*."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"

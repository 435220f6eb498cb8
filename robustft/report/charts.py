"""Where things stand in a chart: scales, ticks and points in the units of the drawing.

Charts are drawn as SVG by the page's templates; what is computed here knows no colours, so that a
style sheet can give them, in light and dark and on paper.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from robustft.report.numbers import Bounded, is_share

__all__ = ["Axis", "Line", "Mark", "axis_over", "band", "line", "mark", "path"]

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Axis:
    """A scale from values to places: `start` and `end` are where the lowest and highest stand."""

    low: float
    high: float
    start: float
    end: float
    metric: str
    wanted: int = 5

    def at(self, value: float) -> float:
        """Return where a value stands; what lies outside stands at the edge."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(float(self.start + share * (self.end - self.start)), 1)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Places of round values and how they are written."""
        step = _round_step((self.high - self.low) / self.wanted)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        values = [k * step for k in range(first, last + 1)]
        return [(self.at(value), self._text(value, step)) for value in values]

    def _text(self, value: float, step: float) -> str:
        factor = 100 if is_share(self.metric) else 1
        value, step = value * factor + 0.0, step * factor
        digits = max(0, -math.floor(math.log10(step) + 1e-9))
        if abs(step * 10**digits - round(step * 10**digits)) > 1e-6:
            digits += 1
        return f"{value:.{digits}f}".replace("-", "−")


def _round_step(size: float) -> float:
    magnitude: float = 10.0 ** math.floor(math.log10(size))
    return next(s * magnitude for s in _STEPS if s * magnitude >= size * (1 - 1e-9))


def axis_over(
    found: Iterable[Bounded | None],
    metric: str,
    *,
    start: float,
    end: float,
    zero: bool = False,
    wanted: int = 5,
) -> Axis:
    """Return the scale that holds all values and intervals, with a little room at both ends."""
    values = [v for x in found if x is not None for v in (x.value, x.low, x.high) if v is not None]
    values = [v for v in values if math.isfinite(v)] + ([0.0] if zero or not values else [])
    low, high = min(values), max(values)
    least = 0.04 if is_share(metric) else max(abs(low), abs(high), 1e-6) * 0.1
    room = max((high - low) * 0.06, (least - (high - low)) / 2)
    low, high = low - room, high + room
    if is_share(metric) and not zero:
        low, high = max(low, 0.0), min(high, 1.0)
    return Axis(low, high, start, end, metric, wanted)


@dataclass(frozen=True)
class Mark:
    """A point with its interval on an axis."""

    at: float
    low: float
    high: float


def mark(axis: Axis, found: Bounded | None) -> Mark | None:
    """Return where a number and its interval stand; None where it is undefined."""
    if found is None or found.value is None or not math.isfinite(found.value):
        return None
    at = axis.at(found.value)
    return Mark(
        at,
        at if found.low is None else axis.at(found.low),
        at if found.high is None else axis.at(found.high),
    )


@dataclass(frozen=True)
class Line:
    """One model's line in a panel: its points, what joins them, and the band around them."""

    model: int
    points: tuple[tuple[float, float], ...]
    path: str
    band: str


def path(points: Sequence[tuple[float, float]]) -> str:
    """Return points joined by straight lines, as SVG writes it."""
    return "M" + "L".join(f"{x:g},{y:g}" for x, y in points) if points else ""


def band(xs: Sequence[float], lows: Sequence[float], highs: Sequence[float]) -> str:
    """Return the outline of the area between two lines."""
    there = list(zip(xs, highs, strict=True))
    back = list(zip(xs, lows, strict=True))[::-1]
    return path([*there, *back]) + "Z" if there else ""


def line(model: int, x: Axis, y: Axis, points: Sequence[tuple[float, Bounded]]) -> Line:
    """Return a model's line over its points; those that are undefined are passed over."""
    known = [(x.at(at), m) for at, found in points if (m := mark(y, found)) is not None]
    xs = [at for at, _ in known]
    middle = tuple((at, m.at) for at, m in known)
    return Line(
        model, middle, path(middle), band(xs, [m.low for _, m in known], [m.high for _, m in known])
    )

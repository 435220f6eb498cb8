"""What the cases of `coverage_cases.py` are made of: figures, and rows that share sources."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import special

from robustft.scoring.statistics import Difference


@dataclass
class Figure:
    """One measured share: how often an interval covered, or a test rejected."""

    case: str
    value: float
    replications: int = 0
    worst: str = ""
    limits: tuple[float, float] = field(default=(0.0, 1.0))

    @property
    def error(self) -> float:
        """The Monte-Carlo standard error; 0 for what was summed exactly."""
        spread = self.value * (1 - self.value)
        return float(np.sqrt(spread / self.replications)) if self.replications else 0.0


def generator(*seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence((20_26, *seed))))


def clusters(rng: np.random.Generator, count: int, most: int = 5) -> np.ndarray:
    """Return sources of 1 to `most` rows each."""
    return np.repeat(np.arange(count), rng.integers(1, most + 1, count))


def alike(rng: np.random.Generator, codes: np.ndarray, rho: float) -> np.ndarray:
    """Return standard normal numbers that correlate by rho within a source."""
    own, common = rng.normal(size=len(codes)), rng.normal(size=codes.max() + 1)
    return np.sqrt(rho) * common[codes] + np.sqrt(1 - rho) * own


def paired_flags(
    rng: np.random.Generator, codes: np.ndarray, accuracies: tuple[float, float], rho: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return whether two models are right: on the same rows, and alike within a source."""
    first = alike(rng, codes, rho)
    second = 0.8 * first + 0.6 * alike(rng, codes, rho)
    a, b = (x < special.ndtri(p) for x, p in zip((first, second), accuracies, strict=True))
    return a, b


def regression_case(
    rng: np.random.Generator, count: int, shared: bool, heavy: bool, gap: float
) -> tuple[np.ndarray, ...]:
    """Return labels, two predictions and sources; the R² differ by `gap`.

    Labels are normal, errors normal or (heavy) Student's t of 5 degrees; with shared sources all
    three correlate by .5 within a source.
    """
    codes = clusters(rng, count) if shared else np.arange(count)
    rho = 0.5 if shared else 0.0
    y = alike(rng, codes, rho)

    def errors() -> np.ndarray:
        drawn = alike(rng, codes, rho)
        if not heavy:
            return drawn
        return drawn * np.sqrt(3 / rng.chisquare(5, codes.max() + 1))[codes]

    common = errors()
    p, q = (
        y + np.sqrt(variance) * (common + errors()) / np.sqrt(2) for variance in (0.4, 0.4 + gap)
    )
    return y, p, q, codes


def tango_scores(b: np.ndarray, c: np.ndarray, n: int, delta: float) -> np.ndarray:
    """Return Tango's score of *the difference is delta* for many tables."""
    a2 = 4.0 * n
    middle = -(b + c) + (2 * n - b + c) * delta
    root = np.sqrt(np.maximum(middle**2 + 2 * a2 * c * delta * (1 - delta), 0.0))
    variance = n * (2 * (root - middle) / a2 + delta * (1 - delta))
    distance = b - c - n * delta
    safe = np.where(variance > 0, variance, 1.0)
    none = np.where(np.abs(distance) < 1e-9, 0.0, np.inf)
    return np.where(variance > 0, distance / np.sqrt(safe), none)


def seen(n: int, each: int, effect: float | None) -> Difference:
    """Return a change of which `each` rows went either way, by counts alone."""
    return Difference(
        value=0.0,
        low=None,
        high=None,
        level=0.95,
        method="",
        n=n,
        first_only=each,
        second_only=each,
        design_effect=effect,
    )

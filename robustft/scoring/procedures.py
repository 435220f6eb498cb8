"""Two ways of training compared: over their seeds and over the rows they were tested on, at once.

Which seed a model was trained with and which rows it was tested on are both drawn: another seed
gives another model, another test set other rows. A claim about *ways of training* on *texts of a
kind* has to hold under both. A t interval over the seeds alone (`robustft.scoring.seeds`) leaves
the rows out, which all seeds share; an interval over the rows alone leaves the seeds out.

The mean difference is taken as *effect + seed + row + rest*, each row tested under each seed, and
its variance is that of the seeds plus that of the rows less what the two count twice.

Sources: Searle, Casella and McCulloch (1992), Variance Components, chapter 4 (the crossed
two-way layout); Satterthwaite (1946), An approximate distribution of estimates of variance
components, Biometrics Bulletin 2, 110-114; Owen (2007), The pigeonhole bootstrap, Annals of Applied
Statistics 1, 386-411.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from robustft.scoring.power import POWER, Detectable
from robustft.scoring.statistics import LEVEL, Difference, Test
from robustft.seeding import fold_in

__all__ = [
    "METHOD",
    "Crossed",
    "change_of_procedure",
    "crossed_variance",
    "pigeonhole_interval",
    "smallest_effect",
]

METHOD = "t, seeds and rows"
_RESAMPLES = 2_000

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Crossed:
    """What the mean of a table of seeds and rows owes its uncertainty to.

    Attributes
    ----------
    mean
        Over all seeds and rows.
    of_seeds, of_rows, of_rest
        The parts of its variance, none below 0: what other seeds, other rows, and the two
        together would change of it.
    freedom
        The degrees of freedom of their sum (Satterthwaite).
    seeds, rows, units
        How many seeds and rows there are, and how many independent units the rows are: sources,
        where several rows share one.
    """

    mean: float
    of_seeds: float
    of_rows: float
    of_rest: float
    freedom: float
    seeds: int
    rows: int
    units: int

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        return float(np.sqrt(self.of_seeds + self.of_rows + self.of_rest))


def crossed_variance(values: Floats, sources: Ints | None = None) -> Crossed | None:
    """Split the variance of the mean of `values` over its seeds and its rows.

    Parameters
    ----------
    values
        One number a seed and row: shape ``(seeds, rows)``.
    sources
        Which source each row is from, shape ``(rows,)``; rows of one source count as one draw.

    Returns
    -------
    None for fewer than two seeds or two sources.
    """
    seeds, rows = values.shape
    groups = np.arange(rows) if sources is None else np.unique(sources, return_inverse=True)[1]
    units = int(groups.max()) + 1 if rows else 0
    if seeds < 2 or units < 2:
        return None
    mean, counts = float(values.mean()), np.bincount(groups)
    # How far the rows of each unit lie from the mean, in sum, for each seed: shape (seeds, units).
    apart = np.stack([np.bincount(groups, one - mean, units) for one in values])
    of_unit = apart.mean(axis=0)
    of_seed = apart.sum(axis=1) / rows
    rest = apart - of_unit - np.outer(of_seed, counts)
    seed_square = float(of_seed @ of_seed) / (seeds * (seeds - 1))
    unit_square = float(of_unit @ of_unit) / rows**2 * units / (units - 1)
    both = float((rest**2).sum()) / (seeds - 1) * units / (units - 1) / (seeds * rows**2)
    # Either square holds the rest, too; rounding and chance must not make a part negative.
    from_seeds, from_rows = max(seed_square - both, 0.0), max(unit_square - both, 0.0)
    total = from_seeds + from_rows + both
    return Crossed(
        mean=mean,
        of_seeds=from_seeds,
        of_rows=from_rows,
        of_rest=both,
        freedom=_freedom(total, (seed_square, unit_square, both), seeds, units),
        seeds=seeds,
        rows=rows,
        units=units,
    )


def _freedom(total: float, squares: tuple[float, float, float], seeds: int, units: int) -> float:
    """Return Satterthwaite's degrees of freedom, no fewer than seeds or units alone have."""
    of = (seeds - 1, units - 1, (seeds - 1) * (units - 1))
    spread = sum(square**2 / free for square, free in zip(squares, of, strict=True))
    least = float(min(seeds, units) - 1)
    return max(total**2 / spread, least) if spread > 0 else least


def change_of_procedure(
    first: Floats, second: Floats, sources: Ints | None = None, level: float = LEVEL
) -> tuple[Difference, Test]:
    """Return the mean of *first minus second* over seeds and rows, its interval and its test.

    Parameters
    ----------
    first, second
        One number a seed and row, the same seeds and rows in the same order: shape
        ``(seeds, rows)``.
    sources
        As in `crossed_variance`.

    Returns
    -------
    The difference with its t interval, and the two-sided test of a difference of 0; without
    interval and p, and with the reason, where there is one seed or one source alone or where all
    seeds say the same of all rows. `Difference.n` and `Test.n` count the seeds.

    Raises
    ------
    ValueError
        The two have other shapes, or a number is not finite.
    """
    if first.shape != second.shape or first.ndim != 2:
        raise ValueError(
            f"procedures: expected two tables of seeds and rows of one shape, got {first.shape} "
            f"and {second.shape}"
        )
    apart = first - second
    if not np.isfinite(apart).all():
        raise ValueError("procedures: expected finite numbers, got some that are not")
    found = crossed_variance(apart, sources) if apart.size else None
    value = float(apart.mean()) if apart.size else None
    if found is None or found.error <= 1e-12:
        reason = _reason(apart, found)
        return (
            Difference(
                value=value, low=None, high=None, level=level, method=METHOD, n=len(apart),
                reason=reason,
            ),
            Test(p=None, method=METHOD, statistic=None, n=len(apart)),
        )  # fmt: skip
    half = found.error * float(stats.t.ppf((1 + level) / 2, found.freedom))
    statistic = found.mean / found.error
    difference = Difference(
        value=value,
        low=found.mean - half,
        high=found.mean + half,
        level=level,
        method=METHOD,
        n=found.seeds,
    )
    p = 2 * float(stats.t.sf(abs(statistic), found.freedom))
    return difference, Test(p=p, method=METHOD, statistic=statistic, n=found.seeds)


def _reason(apart: Floats, found: Crossed | None) -> str:
    if not apart.size:
        return "no rows" if len(apart) else "no seed"
    if found is not None:
        return "every seed gave the same on every row"
    return "one seed has no spread" if len(apart) < 2 else "one source has no spread"


def smallest_effect(found: Crossed, *, power: float = POWER, level: float = LEVEL) -> Detectable:
    """Return the smallest difference that as many seeds and rows would have shown.

    The standard error is taken as what it was here, the test as a t test with that error.
    """
    shift = _shift(round(found.freedom, 6), power, level)
    return Detectable(
        value=shift * found.error, power=power, discordance=None, n=found.seeds, method=METHOD
    )


@lru_cache(maxsize=256)
def _shift(freedom: float, power: float, level: float) -> float:
    """Return how many standard errors a difference must have to be shown with that power."""
    critical = float(stats.t.ppf((1 + level) / 2, freedom))
    near = critical + float(stats.t.ppf(power, freedom))

    def missing(shift: float) -> float:
        # Far out the noncentral distribution is not computed; a shift that far is always seen.
        seen = float(stats.nct.sf(critical, freedom, shift))
        return (seen if np.isfinite(seen) else float(shift > critical)) - power

    if missing(0.5 * near) >= 0 or missing(2 * near) <= 0:
        return near
    return float(optimize.brentq(missing, 0.5 * near, 2 * near))


def pigeonhole_interval(
    values: Floats,
    sources: Ints | None = None,
    *,
    seed: int = 0,
    level: float = LEVEL,
    resamples: int = _RESAMPLES,
) -> tuple[float, float]:
    """Return a percentile interval of the mean from redrawn seeds crossed with redrawn rows.

    A check on `change_of_procedure` that assumes no shape. With a handful of seeds it is too
    narrow, for a resample of five seeds holds three or four of them; with rows alone to vary it is
    too wide by a little.
    """
    seeds, rows = values.shape
    groups = np.arange(rows) if sources is None else np.unique(sources, return_inverse=True)[1]
    units = int(groups.max()) + 1
    sums = np.stack([np.bincount(groups, one, units) for one in values])
    counts = np.bincount(groups).astype(np.float64)
    rng = np.random.Generator(np.random.Philox(fold_in(seed, "pigeonhole")))
    of_seeds = rng.multinomial(seeds, np.full(seeds, 1 / seeds), resamples).astype(np.float64)
    means = np.empty(resamples)
    for at in range(0, resamples, _AT_ONCE):
        drawn = of_seeds[at : at + _AT_ONCE]
        of_units = rng.multinomial(units, np.full(units, 1 / units), len(drawn)).astype(np.float64)
        means[at : at + _AT_ONCE] = ((drawn @ sums) * of_units).sum(axis=1) / (
            seeds * (of_units @ counts)
        )
    low, high = np.quantile(means, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)


_AT_ONCE = 250

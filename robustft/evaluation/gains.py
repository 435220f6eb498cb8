"""How much better one way of training is than another: the numbers behind every sentence on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from robustft.evaluation.trials import Cell, Trials
from robustft.scoring.power import Detectable
from robustft.scoring.procedures import (
    change_of_procedure,
    crossed_variance,
    pigeonhole_interval,
    smallest_effect,
)
from robustft.scoring.seeds import OverSeeds, over_seeds, paired_over_seeds
from robustft.scoring.spread import split_variance
from robustft.scoring.statistics import LEVEL, Difference, Test, holm
from robustft.seeding import fold_in

__all__ = ["ArmScore", "Gain", "arm_scores", "corrected", "gain"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ArmScore:
    """An arm's metric on a set: mean, spread and t interval over its seeds.

    Attributes
    ----------
    draws, seeds, rest
        Standard deviations by cause: what drawing the edits anew changes, what training anew
        does, and what the two do together (with one draw, a part of `seeds`); None where the
        trials cannot tell.
    rows
        The standard error that the choice of test rows adds.
    """

    arm: str
    set: str
    score: OverSeeds
    draws: float | None = None
    seeds: float | None = None
    rest: float | None = None
    rows: float | None = None


@dataclass(frozen=True, kw_only=True)
class Gain:
    """How much better `arm` does than `against`: positive is better, for an error too.

    Attributes
    ----------
    first, second
        The cells that each is the mean over: arms, and the sets that they are tested on.
    difference, test
        Over seeds and rows at once (`robustft.scoring.procedures`): what the answer rests on.
    over_seeds
        The t interval over the seeds alone, which holds for these very rows.
    resampled
        The interval from redrawn seeds and rows, a check.
    detectable
        The smallest gain that so many seeds and rows would have shown, at the level that the
        first of the family's tests has to meet.
    effect
        The difference over its standard deviation from seed to seed; None where that is 0.
    of_rows
        The share of the variance of the difference that other rows would make; the rest is of
        the seeds.
    """

    arm: str
    against: str
    first: tuple[Cell, ...]
    second: tuple[Cell, ...]
    difference: Difference
    test: Test
    over_seeds: Difference
    resampled: tuple[float, float] | None
    detectable: Detectable | None
    effect: float | None
    of_rows: float | None
    seeds: tuple[int, ...]
    rows: int

    @property
    def clear(self) -> int:
        """1 or -1 where interval and corrected test both exclude 0, above or below; else 0."""
        low, high = self.difference.low, self.difference.high
        p = self.test.p if self.test.p_corrected is None else self.test.p_corrected
        if low is None or high is None or p is None or p >= 1 - self.difference.level:
            return 0
        return 1 if low > 0 else -1 if high < 0 else 0


def arm_scores(trials: Trials) -> list[ArmScore]:
    """Return the metric of each arm on each set that it was tested on."""
    cells = [(arm, name) for arm in trials.arms for name in trials.sets]
    return [_score(trials, cell) for cell in cells if trials.seeds([cell])]


def _score(trials: Trials, cell: Cell) -> ArmScore:
    seeds = trials.seeds([cell])
    losses = trials.table([cell], seeds)
    values = losses.mean(axis=1) if trials.metric == "mse" else 1.0 - losses.mean(axis=1)
    parts = split_variance(trials.by_draw(cell, seeds)) if len(seeds) > 1 else None
    crossed = crossed_variance(losses, trials.sources(cell[1]))
    return ArmScore(
        arm=cell[0],
        set=cell[1],
        score=over_seeds(values.tolist()),
        draws=parts.draws.sd if parts else None,
        seeds=parts.seeds.sd if parts else None,
        rest=parts.rest.sd if parts else None,
        rows=float(np.sqrt(crossed.of_rows)) if crossed else None,
    )


def gain(
    trials: Trials,
    first: Sequence[Cell],
    second: Sequence[Cell],
    *,
    names: tuple[str, str] | None = None,
    seed: int = 0,
) -> Gain | None:
    """Compare the mean over some cells with that over others; None where no seed has all.

    Parameters
    ----------
    first, second
        Arms with the sets that they are tested on.
    names
        What the two are called; by default their first arms.
    seed
        Keys the resampling.
    """
    seeds = trials.seeds([*first, *second])
    if not first or not second or not seeds:
        return None
    apart, sources = _apart(trials, first, second, seeds)
    one, other = (trials.table(cells, seeds).mean(axis=1).tolist() for cells in (first, second))
    difference, test = change_of_procedure(apart, np.zeros_like(apart), sources)
    over, _ = paired_over_seeds(other, one)
    known = difference.low is not None
    split = crossed_variance(apart, sources) if known else None
    spread = float(apart.mean(axis=1).std(ddof=1)) if len(seeds) > 1 else 0.0
    value = difference.value or 0.0
    arm, against = names or (first[0][0], second[0][0])
    key = fold_in(seed, "gain", arm, against, *(part for cell in first for part in cell))
    return Gain(
        arm=arm,
        against=against,
        first=tuple(first),
        second=tuple(second),
        difference=difference,
        test=test,
        over_seeds=over,
        resampled=pigeonhole_interval(apart, sources, seed=key) if known else None,
        detectable=None if split is None else smallest_effect(split),
        effect=value / spread if spread > _NOTHING else None,
        of_rows=None if split is None else split.of_rows / split.error**2,
        seeds=seeds,
        rows=apart.shape[1],
    )


def _apart(
    trials: Trials, first: Sequence[Cell], second: Sequence[Cell], seeds: Sequence[int]
) -> tuple[Floats, Ints | None]:
    """Return by how much less the first lack, a seed and row, and the sources of the rows."""
    apart = trials.table(second, seeds) - trials.table(first, seeds)
    return apart, trials.sources(first[0][1])


def corrected(trials: Trials, family: Sequence[Gain]) -> list[Gain]:
    """Correct the tests of one family (Holm), and say what it could have shown with that."""
    tests = holm([one.test for one in family])
    level = 1 - (1 - LEVEL) / max(len(family), 1)
    made = []
    for one, test in zip(family, tests, strict=True):
        shown = one.detectable
        if shown is not None and len(family) > 1:
            split = crossed_variance(*_apart(trials, one.first, one.second, one.seeds))
            shown = None if split is None else smallest_effect(split, level=level)
        made.append(replace(one, test=test, detectable=shown))
    return made


_NOTHING = 1e-12

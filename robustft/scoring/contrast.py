"""Two groups of rows compared: whether a change is larger in one than in the other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.scoring.bootstrap import DRAWS, Floats, bootstrap_of_sums, distinct
from robustft.scoring.sources import shared_sources, sums_by_source
from robustft.scoring.statistics import LEVEL, Difference, Test

__all__ = ["group_change"]


def group_change(
    changes: Floats,
    inside: npt.NDArray[np.bool_],
    *,
    seed: int,
    sources: npt.NDArray[Any] | None = None,
    level: float = LEVEL,
) -> tuple[Difference, Test]:
    """Return the mean change of some rows minus that of all others, and whether it is 0.

    The groups share no row, so nothing is paired between them; but what a row's change is, such
    as its loss after a transform minus that before, may be. Rows (or the sources they share) are
    resampled from both groups together (BCa). The test draws anew which of them are the first
    group: where a change is rare, a small group may hold none of it by chance, and resampling
    cannot know. (Where a source has rows in both groups, or changes are of too many kinds, it is
    that of the bootstrap.)

    Parameters
    ----------
    changes
        One number a row, shape ``(n,)``.
    inside
        Which rows are the first group, shape ``(n,)``.
    seed
        A key of `robustft.seeding.fold_in`.
    """
    if changes.shape != inside.shape or changes.ndim != 1:
        raise ValueError(f"groups: expected a change a row, got {changes.shape} for {inside.shape}")
    n = len(changes)
    if not inside.any() or inside.all():
        made = Difference(
            value=None, low=None, high=None, level=level, method="bca", n=n, reason="one group"
        )
        return made, Test(p=None, method="bootstrap", statistic=None, n=n)
    columns = np.stack([changes * inside, inside, changes * ~inside, ~inside], 1)

    def apart(sums: Floats) -> Floats:
        first, rows, second, others = sums.T
        return (_mean(first, rows) - _mean(second, others))[:, None]

    columns, codes = columns.astype(np.float64), shared_sources(sources, n)
    drawn = bootstrap_of_sums(apart, columns, seed=seed, codes=codes)
    units = columns if codes is None else sums_by_source(columns, codes)
    made, test = drawn.difference(0, level), _regrouped(units, seed) or drawn.test(0)
    alike = min(np.ptp(changes[inside]), np.ptp(changes[~inside])) == 0
    if alike and (test.p is None or test.p >= 1 - level):
        # Resampling takes what it saw of that group for certain, which the test does not.
        reason = made.reason or "all rows of one group changed alike"
        made = replace(made, low=None, high=None, method="none", reason=reason)
    return made, test


def _regrouped(units: Floats, seed: int) -> Test | None:
    """Return the permutation test of equal means, of units by their sums and rows in either group.

    None where a unit is in both groups, or where there are too many kinds.
    """
    first = units[:, 1] > 0
    kinds, counts = distinct(units[:, :2] + units[:, 2:])
    if (first & (units[:, 3] > 0)).any() or len(kinds) > _MANY_KINDS:
        return None
    rng = np.random.Generator(np.random.PCG64(seed))
    chosen = rng.multivariate_hypergeometric(counts, int(first.sum()), DRAWS, method="marginals")
    inside = chosen @ kinds
    outside = counts @ kinds - inside
    seen = units[first].sum(0), units[~first].sum(0)
    value = float(seen[0][0] / seen[0][1] - seen[1][2] / seen[1][3])
    found = np.abs(inside[:, 0] / inside[:, 1] - outside[:, 0] / outside[:, 1])
    # A hair of slack, so that rounding does not decide about ties.
    far = found >= abs(value) - 1e-12 * max(abs(value), float(found.max()))
    p = (1 + int(np.count_nonzero(far))) / (1 + DRAWS)
    return Test(p=float(p), method="permutation of groups", statistic=value, n=len(units))


_MANY_KINDS = 500


def _mean(total: Floats, rows: Floats) -> Floats:
    return np.divide(total, rows, out=np.full_like(total, np.nan), where=rows > 0)

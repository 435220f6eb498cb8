"""Two groups of rows compared: whether a change is larger in one than in the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.scoring.bootstrap import Floats, bootstrap_of_sums
from robustft.scoring.sources import shared_sources
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
    resampled from both groups together (BCa; the test is the centred one).

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

    drawn = bootstrap_of_sums(
        apart, columns.astype(np.float64), seed=seed, codes=shared_sources(sources, n)
    )
    return drawn.difference(0, level), drawn.test(0)


def _mean(total: Floats, rows: Floats) -> Floats:
    return np.divide(total, rows, out=np.full_like(total, np.nan), where=rows > 0)

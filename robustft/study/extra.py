"""What some studies report of two classes besides accuracy: the positive class, and Matthews."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from robustft.scoring.bootstrap import bootstrap
from robustft.scoring.statistics import LEVEL, Estimate
from robustft.seeding import fold_in

__all__ = ["binary_metrics", "extra_metrics"]

Floats = npt.NDArray[np.float64]


def extra_metrics(predictions: Path, task: Mapping[str, Any], *, seed: int) -> dict[str, Estimate]:
    """Return what `binary_metrics` finds in a file of predictions; nothing for other tasks."""
    names = task.get("label_names", ())
    if task.get("type") != "classification" or len(names) != 2:
        return {}
    table = pq.read_table(predictions, columns=["label", "prediction"])
    truth, said = (
        np.array([value == names[1] for value in table[column].to_pylist()])
        for column in ("label", "prediction")
    )
    return binary_metrics(truth, said, seed=seed)


def binary_metrics(
    truth: npt.NDArray[np.bool_], said: npt.NDArray[np.bool_], *, seed: int
) -> dict[str, Estimate]:
    """Return precision, recall and F1 of the positive class, and Matthews' correlation.

    Parameters
    ----------
    truth, said
        Whether a row is of the second class, and whether the model says so: shape ``(n,)``.
    seed
        Keys the resampling of the intervals.

    Notes
    -----
    Matthews (1975) leaves the correlation of a constant prediction open (0 / 0); it is 0 here, as
    are precision and F1 of a model that never says *positive*: scikit-learn's convention.
    """
    cells = [truth & said, ~truth & said, truth & ~said, ~truth & ~said]
    counts = np.array([np.count_nonzero(cell) for cell in cells], dtype=np.int64)
    drawn = bootstrap(_statistic, counts, seed=fold_in(seed, "binary metrics"))
    return {name: drawn.estimate(i, LEVEL) for i, name in enumerate(_NAMES)}


_NAMES = ("precision", "recall", "f1", "mcc")


def _statistic(counts: Floats) -> Floats:
    """Return the four numbers for counts of (hit, false alarm, miss, rejection), ``(k, 4)``."""
    hit, alarm, miss, quiet = counts.T
    square = (hit + alarm) * (hit + miss) * (quiet + alarm) * (quiet + miss)
    return np.stack(
        [
            _share(hit, hit + alarm),
            _share(hit, hit + miss),
            _share(2 * hit, 2 * hit + alarm + miss),
            _share(hit * quiet - alarm * miss, np.sqrt(np.maximum(square, 0.0))),
        ],
        axis=1,
    )


def _share(top: Floats, bottom: Floats) -> Floats:
    """Return the quotient, 0 where there is nothing to divide by."""
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)

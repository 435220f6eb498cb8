"""Macro-F1 as a function of counts, which is what resampling and exchanging need."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from robustft.scoring.bootstrap import (
    Bootstrap,
    Floats,
    Ints,
    Statistic,
    bootstrap,
    cells,
    distinct,
)
from robustft.scoring.permutation import by_source, exchange_units
from robustft.scoring.statistics import Test

__all__ = ["MacroF1"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class MacroF1:
    """The mean over classes of F1, for one or two predictions of the same rows.

    Rows with the same label and the same predictions are a *cell* with a count, which makes it as
    cheap over a hundred thousand rows as over a hundred.

    Attributes
    ----------
    truth
        Whether a cell's label is a class, as 0 and 1, shape ``(cells, classes)``.
    said
        The same of each prediction.
    counts
        The rows of each cell.
    cell
        Each row's cell, shape ``(n,)``.
    """

    truth: Floats
    said: tuple[Floats, ...]
    counts: Ints
    cell: Ints

    @classmethod
    def of(cls, labels: Array, *predictions: Array) -> MacroF1:
        """Count the cells of labels and predictions, all of them class codes."""
        joined = np.stack([np.asarray(c).astype(np.int64) for c in (labels, *predictions)], 1)
        found, cell, counts = np.unique(joined, axis=0, return_inverse=True, return_counts=True)
        classes = np.unique(found)
        truth, *said = ((column[:, None] == classes).astype(np.float64) for column in found.T)
        return cls(truth, tuple(said), counts.astype(np.int64), cell.ravel().astype(np.int64))

    def value(self, counts: Floats, prediction: int = 0) -> Floats:
        """Return macro-F1 of one of the predictions for each row of cells' counts: ``(k,)``."""
        said = self.said[prediction]
        return _mean_f1(counts @ self.truth, counts @ (self.truth * said), counts @ said)

    def resampled(self, statistic: Statistic, codes: Ints | None, seed: int) -> Bootstrap:
        """Return a statistic of the cells' counts, resampled by row or by source."""
        if codes is None:
            return bootstrap(statistic, self.counts, seed=seed)
        held, times = cells(self._by_source(codes))
        drawn = bootstrap(lambda c: statistic(c @ held), times, seed=seed)
        return replace(drawn, n=len(self.cell), sources=drawn.n)

    def test(self, codes: Ints | None, seed: int) -> Test:
        """Test by exchange of predictions whether the first and the second are equally good."""
        actual = self.counts @ self.truth
        # What a cell adds: rows rightly said to be of each class, and rows said to be.
        first, second = (np.hstack([self.truth * said, said]) for said in self.said)
        classes = self.truth.shape[1]

        def contrast(one: Floats, other: Floats) -> Floats:
            f1, f2 = (_mean_f1(actual, s[:, :classes], s[:, classes:]) for s in (one, other))
            return f1 - f2

        if codes is None:
            return exchange_units(contrast, first, second, self.counts, seed=seed)
        held, times = distinct(self._by_source(codes))
        return by_source(exchange_units(contrast, held @ first, held @ second, times, seed=seed))

    def _by_source(self, codes: Ints) -> Floats:
        """Return how many rows of each cell a source holds, shape ``(sources, cells)``."""
        ones = np.ones(len(codes))
        held: Floats = sparse.csr_array(
            (ones, (codes, self.cell)), shape=(int(codes.max()) + 1, len(self.counts))
        ).toarray()
        return held


def _mean_f1(actual: Floats, right: Floats, said: Floats) -> Floats:
    """Return the mean F1 over the classes that occur; what is never said counts 0."""
    total = actual + said
    occurs = total > 0
    f1 = np.divide(2 * right, total, out=np.zeros_like(total), where=occurs)
    mean: Floats = f1.sum(1) / np.maximum(occurs.sum(1), 1)
    return mean

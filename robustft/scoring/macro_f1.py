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
    Sums,
    bootstrap,
    cells,
    distinct,
)
from robustft.scoring.permutation import by_source, exchange_units
from robustft.scoring.statistics import Test

__all__ = ["MacroF1"]

Array = npt.NDArray[Any]


_MANY_COLUMNS = 64


@dataclass(frozen=True, eq=False)
class MacroF1:
    """The mean over classes of F1, for one or two predictions of the same rows.

    Rows with the same label and the same predictions are a *cell* with a count, which makes it as
    cheap over a hundred thousand rows as over a hundred.

    Attributes
    ----------
    columns
        What a row of each cell adds to the sums: for each class whether it is the label, then for
        each prediction whether it is rightly said, and whether it is said: ``(cells, columns)``.
    classes
        How many there are.
    counts
        The rows of each cell.
    cell
        Each row's cell, shape ``(n,)``.
    """

    columns: Floats
    classes: int
    counts: Ints
    cell: Ints

    @classmethod
    def of(cls, labels: Array, *predictions: Array) -> MacroF1:
        """Count the cells of labels and predictions, all of them class codes."""
        joined = np.stack([np.asarray(c).astype(np.int64) for c in (labels, *predictions)], 1)
        found, cell, counts = np.unique(joined, axis=0, return_inverse=True, return_counts=True)
        classes = np.unique(found)
        truth, *said = ((column[:, None] == classes).astype(np.float64) for column in found.T)
        columns = np.hstack([truth, *(x for one in said for x in (truth * one, one))])
        return cls(columns, len(classes), counts.astype(np.int64), cell.ravel().astype(np.int64))

    def value(self, sums: Floats, prediction: int = 0) -> Floats:
        """Return macro-F1 of one of the predictions for each row of sums: shape ``(k,)``."""
        c, at = self.classes, self.classes * (1 + 2 * prediction)
        return _mean_f1(sums[:, :c], sums[:, at : at + c], sums[:, at + c : at + 2 * c])

    def resampled(self, function: Sums, codes: Ints | None, seed: int) -> Bootstrap:
        """Return a function of the sums, resampled by row or by source."""
        if codes is None:
            return bootstrap(_of_sums(function, self.columns), self.counts, seed=seed)
        added, times = cells(self._by_source(codes))
        drawn = bootstrap(_of_sums(function, added), times, seed=seed)
        return replace(drawn, n=len(self.cell), sources=drawn.n)

    def test(self, codes: Ints | None, seed: int) -> Test:
        """Test by exchange of predictions whether the first and the second are equally good."""
        c, actual = self.classes, self.counts @ self.columns[:, : self.classes]

        def contrast(one: Floats, other: Floats) -> Floats:
            f1, f2 = (_mean_f1(actual, sums[:, :c], sums[:, c:]) for sums in (one, other))
            return f1 - f2

        units, times = self.columns, self.counts
        if codes is not None:
            units, times = distinct(self._by_source(codes))
        made = exchange_units(contrast, units[:, c : 3 * c], units[:, 3 * c :], times, seed=seed)
        return made if codes is None else by_source(made)

    def _by_source(self, codes: Ints) -> Floats:
        """Return what the rows of each source add to the sums, shape ``(sources, columns)``."""
        shape = (int(codes.max()) + 1, len(self.counts))
        held = sparse.csr_array((np.ones(len(codes)), (codes, self.cell)), shape=shape)
        return np.asarray(held @ self.columns)


def _of_sums(function: Sums, columns: Floats) -> Statistic:
    """Return a function of sums as one of counts; with many classes most columns are 0."""
    if columns.shape[1] < _MANY_COLUMNS:
        return lambda counts: function(counts @ columns)
    held = sparse.csr_array(columns)
    return lambda counts: function(np.asarray(counts @ held))


def _mean_f1(actual: Floats, right: Floats, said: Floats) -> Floats:
    """Return the mean F1 over the classes that occur; what is never said counts 0."""
    total = actual + said
    occurs = total > 0
    f1 = np.divide(2 * right, total, out=np.zeros_like(total), where=occurs)
    mean: Floats = f1.sum(1) / np.maximum(occurs.sum(1), 1)
    return mean

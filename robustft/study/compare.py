"""Rows of a study side by side: paired over the test rows, seed by seed, and over the seeds.

What the rows of a test set can tell and what seeds can tell are two things. Over the test rows:
would these two *models* differ on other texts of the kind? Over seeds: would these two *ways of
training* differ if they were run again?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from robustft.scoring.metrics import correct, f1_change, mean_change, regression_change
from robustft.scoring.relative import relative_accuracy, relative_regression
from robustft.scoring.seeds import paired_over_seeds
from robustft.scoring.statistics import (
    Difference,
    Estimate,
    Test,
    accuracy_change,
    holm,
    mcnemar,
)
from robustft.seeding import fold_in
from robustft.study.formats import column_parts, higher_is_better
from robustft.study.gather import Gathered, Line
from robustft.study.results import RowResult
from robustft.study.schema import Comparison

__all__ = ["Compared", "Paired", "compare_all", "compare_lines"]

Array = npt.NDArray[np.generic]


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Two runs of one seed on the same rows.

    Attributes
    ----------
    first, second
        The metric of each; None where it is undefined.
    difference, test
        *first minus second* over the test rows; None where `reason` says why.
    relative
        *(first - second) / second*; for MSE, R² and accuracy.
    """

    seed: int
    first: float | None
    second: float | None
    difference: Difference | None = None
    test: Test | None = None
    relative: Estimate | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A comparison of two rows.

    Attributes
    ----------
    seeds
        What each seed that both rows were run with says, over the test rows.
    over_seeds, over_seeds_test
        The mean difference over those seeds; None for one seed.
    reason
        Why there is nothing to compare.
    """

    asked: Comparison
    dataset: str
    row: Line
    against: Line
    seeds: tuple[Paired, ...] = ()
    over_seeds: Difference | None = None
    over_seeds_test: Test | None = None
    reason: str = ""

    @property
    def column(self) -> str:
        """The metric with its set, as a table's column."""
        return self.asked.metric if "." in self.asked.metric else _column(self.asked)

    @property
    def difference(self) -> Difference | None:
        """What the answer rests on: the seeds where there are several, else the test rows."""
        return self.over_seeds if self.over_seeds is not None else self._first_difference

    @property
    def test(self) -> Test | None:
        """The test that goes with `difference`."""
        if self.over_seeds is not None:
            return self.over_seeds_test
        return self.seeds[0].test if self.seeds else None

    @property
    def _first_difference(self) -> Difference | None:
        return self.seeds[0].difference if self.seeds else None

    @property
    def relative(self) -> float | None:
        """*(first - second) / second*, of the means over the seeds."""
        found = [(p.first, p.second) for p in self.seeds]
        pairs = [(a, b) for a, b in found if a is not None and b is not None]
        second = sum(b for _, b in pairs)
        return (sum(a for a, _ in pairs) - second) / second if pairs and second > 0 else None

    @property
    def clear(self) -> int:
        """1 or -1 where interval and test both exclude 0, above or below; else 0: cannot tell."""
        found, test = self.difference, self.test
        if found is None or found.low is None or found.high is None:
            return 0
        if test is not None and test.p is not None and test.p >= 1 - found.level:
            return 0
        return 1 if found.low > 0 else -1 if found.high < 0 else 0

    @property
    def better(self) -> bool | None:
        """Whether `row` is clearly better, clearly worse (False), or one cannot tell (None)."""
        return None if not self.clear else (self.clear > 0) == higher_is_better(self.column)


def compare_all(study: Gathered) -> list[Compared]:
    """Return the recipe's comparisons on each data set, p-values corrected over a data set's."""
    made: list[Compared] = []
    for dataset in study.lines:
        found = []
        for asked in study.recipe.comparisons:
            row, against = study.line(asked.row, dataset), study.line(asked.against, dataset)
            if row is not None and against is not None:
                found.append(compare_lines(study, asked, row, against))
        made += _corrected(found)
    return made


def compare_lines(study: Gathered, asked: Comparison, row: Line, against: Line) -> Compared:
    """Compare two rows of one data set as far as their results go."""
    made = Compared(asked=asked, dataset=row.spec.dataset, row=row, against=against)
    others = {r.seed: r for r in against.good}
    pairs = [(r, others[r.seed]) for r in row.good if r.seed in others]
    if not pairs:
        return replace(made, reason=_missing(row, against))
    seeds = tuple(_paired(study.folder, asked, made.column, *pair) for pair in pairs)
    known = [(p.first, p.second) for p in seeds if p.first is not None and p.second is not None]
    made = replace(made, seeds=seeds)
    if len(known) < 2:
        return made
    difference, test = paired_over_seeds([a for a, _ in known], [b for _, b in known])
    return replace(made, over_seeds=difference, over_seeds_test=test)


def _column(asked: Comparison) -> str:
    return asked.metric if asked.set == "original" else f"{asked.set}.{asked.metric}"


def _missing(row: Line, against: Line) -> str:
    without = [line.label for line in (row, against) if not line.good]
    if without:
        return f"no result of {' and '.join(without)}"
    return "the two have no seed in common"


def _corrected(found: Sequence[Compared]) -> list[Compared]:
    """Correct each seed's tests, and those over seeds, for the number of comparisons."""
    over = holm([c.over_seeds_test or _NO_TEST for c in found])
    made = [replace(c, over_seeds_test=t) for c, t in zip(found, over, strict=True)]
    numbers = sorted({p.seed for c in made for p in c.seeds})
    for number in numbers:
        tests = holm([_of_seed(c, number).test or _NO_TEST for c in made])
        made = [
            replace(
                c,
                seeds=tuple(
                    replace(p, test=t) if p.seed == number and p.test else p for p in c.seeds
                ),
            )
            for c, t in zip(made, tests, strict=True)
        ]
    return [replace(c, over_seeds_test=None) if c.over_seeds is None else c for c in made]


def _with_test(compared: Compared, seed: int, test: Test) -> Compared:
    mine = [replace(p, test=test) if p.seed == seed and p.test else p for p in compared.seeds]
    return replace(compared, seeds=tuple(mine))


_NO_TEST = Test(p=None, method="none", statistic=None, n=0)


def _of_seed(compared: Compared, seed: int) -> Paired:
    nothing = Paired(seed=seed, first=None, second=None)
    return next((p for p in compared.seeds if p.seed == seed), nothing)


def _paired(
    folder: Path, asked: Comparison, column: str, first: RowResult, second: RowResult
) -> Paired:
    """Compare two runs of one seed on the rows that both predicted."""
    group, metric = column_parts(column)
    values = [found.value if (found := r.value(column)) else None for r in (first, second)]
    plain = Paired(seed=first.seed, first=values[0], second=values[1])
    paths = [r.predictions.get(group) for r in (first, second)]
    if paths[0] is None or paths[1] is None:
        return replace(plain, reason=f"no predictions are kept for {group}")
    tables = [_read(folder / path) for path in paths if path is not None]
    if tables[0] is None or tables[1] is None:
        return replace(plain, reason="the predictions are no longer there")
    joined = _joined(tables[0], tables[1])
    if joined is None:
        return replace(plain, reason="the two were tested on other rows")
    key = fold_in(0, "compare", asked.row, asked.against, column, first.dataset, first.seed)
    return _scored(plain, metric, joined, key)


def _read(path: Path) -> pa.Table | None:
    """Return the predictions in a file without what no comparison needs."""
    try:
        stamp = path.stat()
        return _kept(path, stamp.st_mtime_ns, stamp.st_size)
    except (OSError, pa.ArrowException):
        return None


@lru_cache(maxsize=64)
def _kept(path: Path, changed: int, size: int) -> pa.Table:
    """Read a file once: comparisons and the check of the order ask for the same ones again."""
    del changed, size  # a file that was written anew is read anew
    names = [name for name in pq.read_schema(path).names if name not in _LEFT]
    return pq.read_table(path, columns=names)


_LEFT = frozenset({"text", "logits", "probabilities", "token_hash", "truncated"})


def _joined(first: pa.Table, second: pa.Table) -> tuple[pa.Table, pa.Table] | None:
    """Return both tables with their rows in one order, or None if they hold other rows."""
    both = [t.sort_by("id") for t in (first, second)]
    same = all(both[0][c].equals(both[1][c]) for c in ("id", "label") if c in both[0].column_names)
    return (both[0], both[1]) if same else None


def _scored(plain: Paired, metric: str, joined: tuple[pa.Table, pa.Table], key: int) -> Paired:
    """Return the paired difference of a metric, with its test."""
    if metric in joined[0].column_names and metric in joined[1].column_names:
        one, other = (t[metric].to_numpy().astype(np.float64) for t in joined)
        difference, test = mean_change(one - other, seed=key)
        return replace(plain, difference=difference, test=test)
    columns = _columns(*joined)
    if columns is not None:
        labels, one, other = columns
        if metric in ("mse", "r2"):
            difference, test = regression_change(labels, one, other, seed=key)[metric]
            relative = relative_regression(labels, one, other, seed=key)[metric]
            return replace(plain, difference=difference, test=test, relative=relative)
        if metric == "accuracy":
            first, second = correct(labels, one), correct(labels, other)
            return replace(
                plain,
                difference=accuracy_change(first, second),
                test=mcnemar(first, second),
                relative=relative_accuracy(labels, one, other, seed=key),
            )
        if metric == "macro_f1":
            difference, test = f1_change(labels, one, other, seed=key)
            return replace(plain, difference=difference, test=test)
    return replace(plain, reason=f"no paired interval is made for {metric}")


def _columns(first: pa.Table, second: pa.Table) -> tuple[Array, Array, Array] | None:
    """Return labels and both predictions: numbers, or the codes of the classes' names."""
    if not {"label", "prediction"} <= {*first.column_names} & {*second.column_names}:
        return None
    columns = (first["label"], first["prediction"], second["prediction"])
    types = {c.type for c in columns}
    if all(pa.types.is_floating(t) or pa.types.is_integer(t) for t in types):
        labels, one, other = (c.to_numpy().astype(np.float64) for c in columns)
        return labels, one, other
    if not all(pa.types.is_string(t) or pa.types.is_large_string(t) for t in types):
        return None
    codes = {v: i for i, v in enumerate(sorted({v for c in columns for v in c.to_pylist()}))}
    labels, one, other = (np.array([codes[v] for v in c.to_pylist()], np.int64) for c in columns)
    return labels, one, other

"""What several ways of training, each run with several seeds, said of the same rows.

A *trial* is one training run; an *arm* is a way of training with its trials. All that is kept of a
trial is how much each row of a test set lacked (see `robustft.evaluation.measures`): 0 or 1 for
right or wrong, the squared error, or 1 less the F1 of an answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from robustft.data.features import saved_task
from robustft.data.split import Split
from robustft.errors import DataError, RunError
from robustft.evaluation.results import ORIGINAL
from robustft.evaluation.sources import sources_of

__all__ = ["Cell", "Losses", "Trials", "read_losses"]

Floats = npt.NDArray[np.float64]
Cell = tuple[str, str]
"""An arm and a set that it was tested on."""


@dataclass(frozen=True, eq=False)
class Losses:
    """What each row of a set lacked in one trial.

    Attributes
    ----------
    ids, sources
        The rows, sorted by id, and what each is from; no sources where rows do not share any.
    values
        Shape ``(rows,)``: the lower, the better.
    metric
        ``accuracy``, ``mse`` or ``f1``.
    """

    ids: tuple[str, ...]
    values: Floats
    metric: str
    sources: tuple[str, ...] | None = None


def read_losses(path: Path) -> Losses:
    """Read a file of predictions, as `robustft.evaluation.rows` and `.answers` write them.

    Raises
    ------
    RunError
        It cannot be read or has no labels and predictions.
    """
    try:
        stamp = path.stat()
        return _read(path, stamp.st_mtime_ns, stamp.st_size)
    except (OSError, pa.ArrowException, KeyError, DataError) as problem:
        raise RunError(f"{path}: expected predictions, got: {problem}; evaluate again") from problem


@lru_cache(maxsize=4_096)
def _read(path: Path, changed: int, size: int) -> Losses:
    """Read a file once: each arm is compared with several others."""
    del changed, size  # a file that was written anew is read anew
    names = pq.read_schema(path).names
    wanted = [name for name in ("id", "label", "prediction", "f1") if name in names]
    table = pq.read_table(path, columns=wanted).sort_by("id")
    values, metric = _losses(table)
    ids = tuple(map(str, table["id"].to_pylist()))
    return Losses(ids=ids, values=values, metric=metric, sources=_sources(path, ids))


def _sources(path: Path, ids: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return what each row is from, where the evaluation's rows beside the predictions say so."""
    # As they were, since rows of one text may have been changed in several ways.
    rows = path.parents[2] / "data" / f"{ORIGINAL}.parquet"
    of = _source_of_each(rows, rows.stat().st_mtime_ns) if rows.is_file() else {}
    if not of:
        return None
    return tuple(f"source {of[one]}" if one in of else f"row {one}" for one in ids)


@lru_cache(maxsize=16)
def _source_of_each(rows: Path, changed: int) -> dict[str, int]:
    """Return the source of each row by its id; nothing where none share one."""
    del changed
    table = pq.read_table(rows)
    task = saved_task(table.schema)
    if task is None:
        return {}
    split = Split(ORIGINAL, table, task)
    codes = sources_of(split)
    return {} if codes is None else dict(zip(split.ids, codes.tolist(), strict=True))


def _losses(table: pa.Table) -> tuple[Floats, str]:
    if "f1" in table.column_names:
        return 1.0 - table["f1"].to_numpy().astype(np.float64), "f1"
    labels, said = table["label"], table["prediction"]
    if pa.types.is_floating(labels.type) or pa.types.is_integer(labels.type):
        apart = labels.to_numpy().astype(np.float64) - said.to_numpy().astype(np.float64)
        return apart**2, "mse"
    wrong = np.array(labels.to_pylist(), object) != np.array(said.to_pylist(), object)
    return wrong.astype(np.float64), "accuracy"


@dataclass
class Trials:
    """The losses of all trials, by arm, set and seed; all of a set are of the same rows.

    A set may have been drawn several times: a trial's losses are then the means over the draws.

    Attributes
    ----------
    metric
        That of the first trial; empty before there is one.
    """

    metric: str = ""
    _found: dict[Cell, dict[int, list[Losses]]] = field(default_factory=dict)

    def add(self, arm: str, name: str, seed: int, *draws: Losses) -> None:
        """Take in what one trial of an arm lacked on the set `name`, in each of its draws.

        Raises
        ------
        RunError
            Its rows or its metric are not those of the set's other trials.
        """
        known = next(iter(self._of_set(name)), draws[0])
        for losses in draws:
            if losses.metric != (self.metric or draws[0].metric):
                raise RunError(
                    f"{arm}, seed {seed}, {name}: expected {self.metric} as of other trials, "
                    f"got {losses.metric}"
                )
            if known.ids != losses.ids:
                raise RunError(
                    f"{arm}, seed {seed}, {name}: expected the rows that the other trials were "
                    f"tested on, got others ({len(losses.ids):,} against {len(known.ids):,})"
                )
        self.metric = draws[0].metric
        self._found.setdefault((arm, name), {})[seed] = list(draws)

    def _of_set(self, name: str) -> Iterable[Losses]:
        of_set = (seeds for (_, s), seeds in self._found.items() if s == name)
        return (one for seeds in of_set for draws in seeds.values() for one in draws)

    @property
    def sets(self) -> tuple[str, ...]:
        """The sets, in the order in which they came."""
        return tuple(dict.fromkeys(name for _, name in self._found))

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms, in the order in which they came."""
        return tuple(dict.fromkeys(arm for arm, _ in self._found))

    def seeds(self, cells: Iterable[Cell]) -> tuple[int, ...]:
        """Return the seeds with which each arm was tested on each set that stands beside it."""
        found = [set(self._found.get(cell, {})) for cell in cells]
        return tuple(sorted(set.intersection(*found))) if found else ()

    def table(self, cells: Iterable[Cell], seeds: Iterable[int]) -> Floats:
        """Return the losses, shape ``(seeds, rows)``, averaged over sets of the same rows."""
        seeds = list(seeds)
        found = [[self._mean(cell, seed) for seed in seeds] for cell in cells]
        mean: Floats = np.mean(found, axis=0)
        return mean

    def _mean(self, cell: Cell, seed: int) -> Floats:
        mean: Floats = np.mean([one.values for one in self._found[cell][seed]], axis=0)
        return mean

    def by_draw(self, cell: Cell, seeds: Iterable[int]) -> Floats:
        """Return the mean loss of each draw and seed: shape ``(draws, seeds)``.

        Only as many draws as all of the seeds have.
        """
        found = [[one.values.mean() for one in self._found[cell][seed]] for seed in seeds]
        least = min(map(len, found), default=0)
        return np.array([draws[:least] for draws in found], np.float64).T

    def sources(self, name: str) -> npt.NDArray[np.int64] | None:
        """Return which source each row of a set is from, by number; None where none is known."""
        found = next(iter(self._of_set(name)), None)
        if found is None or found.sources is None:
            return None
        return np.unique(np.asarray(found.sources), return_inverse=True)[1].astype(np.int64)

    def __bool__(self) -> bool:
        return bool(self._found)

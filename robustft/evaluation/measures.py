"""How what models say is measured: classes, numbers and answers, one row at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from robustft.data.task import Task, TaskType
from robustft.scoring.answers import AnswerScores, answer_metrics
from robustft.scoring.effects import effects_of_accuracies, standardised_mean
from robustft.scoring.metrics import (
    classification_metrics,
    correct,
    f1_change,
    mean_change,
    regression_change,
    regression_metrics,
    squared_error,
)
from robustft.scoring.statistics import (
    Difference,
    Estimate,
    Test,
    accuracy_change,
    mcnemar,
    share,
)

__all__ = ["Measure", "Said", "measure_of"]

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


class Said(Protocol):
    """What a model said about the rows of a set."""

    def __len__(self) -> int:
        """How many rows there are."""
        ...

    @property
    def predictions(self) -> Array:
        """What is measured, a row each: codes, numbers, or the scores of answers."""
        ...

    @property
    def token_hash(self) -> npt.NDArray[np.uint64]:
        """A hash of all that the model saw of each row."""
        ...

    @property
    def truncated(self) -> npt.NDArray[np.bool_]:
        """Whether a row was longer than the model reads."""
        ...

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The tokens of each row as a whole, also where it was truncated; 0 where unknown."""
        ...


class Measure(Protocol):
    """The metrics of one kind of task, for `Said.predictions` of the same rows."""

    @property
    def metric(self) -> str:
        """The metric that tests and verdicts are about."""
        ...

    @property
    def seed(self) -> int:
        """Keys the resampling."""
        ...

    def metrics(self, said: Array) -> dict[str, Estimate]:
        """Return all metrics with their intervals."""
        ...

    def advantage(self, first: Array, second: Array) -> tuple[dict[str, Difference], Test]:
        """Return by metric how much better `first` is than `second`, and the test of it."""
        ...

    def score(self, said: Array) -> Estimate:
        """Return the first metric alone."""
        ...

    def change(self, first: Array, second: Array) -> tuple[Difference, Test]:
        """Return how much better `first` is than `second` by the first metric, and the test."""
        ...

    def effects(self, first: Array, second: Array) -> dict[str, Estimate]:
        """Return how large the advantage of `first` is, whatever the number of rows."""
        ...

    def flips(self, first: Array, second: Array) -> Estimate | None:
        """Return the share of rows about which something else was said; None where that is moot."""
        ...

    def loss(self, said: Array) -> Floats:
        """Return what each row lacks: the lower, the better."""
        ...

    def among(self, rows: npt.NDArray[Any]) -> Measure:
        """Return the measure of some of the rows: a mask, or places."""
        ...

    @property
    def sources(self) -> Array | None:
        """Which rows share a source; None: none do."""
        ...

    def repeated(self, times: int) -> Measure:
        """Return the measure of the rows, all of them once and then again.

        What is said of a row the second time shares its source, so that a mean over the draws of
        a set has the interval of as many rows as there are, not of `times` as many.
        """
        ...


def measure_of(labels: Array, task: Task, seed: int, sources: Array | None = None) -> Measure:
    """Return the measure of a task, for rows with these labels; `sources` says which share one."""
    if task.type is TaskType.QUESTION_ANSWERING:
        return _Answers(len(labels), seed, sources)
    kind = _Numbers if task.type is TaskType.REGRESSION else _Classes
    return kind(labels, seed, sources)


def _sources_of(sources: Array | None, rows: int, times: int) -> Array | None:
    if times == 1:
        return sources
    return np.tile(np.arange(rows) if sources is None else sources, times)


def _mean(values: Floats, seed: int, sources: Array | None) -> Estimate:
    made, _ = mean_change(values, seed=seed, sources=sources)
    return Estimate(
        value=made.value,
        low=made.low,
        high=made.high,
        level=made.level,
        method=made.method,
        n=made.n,
        reason=made.reason,
        sources=made.sources,
        caution=made.caution,
    )


@dataclass(frozen=True, eq=False)
class _Labelled:
    labels: Array
    seed: int
    sources: Array | None = None

    def among(self, rows: npt.NDArray[Any]) -> Self:
        chosen = None if self.sources is None else self.sources[rows]
        return replace(self, labels=self.labels[rows], sources=chosen)

    def repeated(self, times: int) -> Self:
        again = _sources_of(self.sources, len(self.labels), times)
        return replace(self, labels=np.tile(self.labels, times), sources=again)


@dataclass(frozen=True, eq=False)
class _Classes(_Labelled):
    """Right or wrong; predictions are codes."""

    metric: str = "accuracy"

    def metrics(self, said: Array) -> dict[str, Estimate]:
        return classification_metrics(self.labels, said, seed=self.seed, sources=self.sources)

    def advantage(self, first: Array, second: Array) -> tuple[dict[str, Difference], Test]:
        a, b = correct(self.labels, first), correct(self.labels, second)
        f1, _ = f1_change(self.labels, first, second, seed=self.seed, sources=self.sources)
        return {"accuracy": accuracy_change(a, b, sources=self.sources), "macro_f1": f1}, mcnemar(
            a, b, sources=self.sources
        )

    def score(self, said: Array) -> Estimate:
        return share(correct(self.labels, said), sources=self.sources)

    def change(self, first: Array, second: Array) -> tuple[Difference, Test]:
        a, b = correct(self.labels, first), correct(self.labels, second)
        changed = accuracy_change(a, b, sources=self.sources)
        return changed, mcnemar(a, b, sources=self.sources)

    def effects(self, first: Array, second: Array) -> dict[str, Estimate]:
        a, b = correct(self.labels, first), correct(self.labels, second)
        return effects_of_accuracies(a, b, sources=self.sources)

    def flips(self, first: Array, second: Array) -> Estimate | None:
        return share(first != second, sources=self.sources)

    def loss(self, said: Array) -> Floats:
        return 1.0 - correct(self.labels, said).astype(np.float64)


@dataclass(frozen=True, eq=False)
class _Numbers(_Labelled):
    """The squared error."""

    metric: str = "mse"

    def metrics(self, said: Array) -> dict[str, Estimate]:
        return regression_metrics(self.labels, said, seed=self.seed, sources=self.sources)

    def advantage(self, first: Array, second: Array) -> tuple[dict[str, Difference], Test]:
        # A smaller error is better, so the order turns for it and stays for R².
        changes = regression_change(
            self.labels, second, first, seed=self.seed, sources=self.sources
        )
        error, test = changes["mse"]
        return {"mse": error, "r2": -changes["r2"][0]}, test

    def score(self, said: Array) -> Estimate:
        return _mean(self.loss(said), self.seed, self.sources)

    def change(self, first: Array, second: Array) -> tuple[Difference, Test]:
        worse = self.loss(second) - self.loss(first)
        return mean_change(worse, seed=self.seed, sources=self.sources)

    def effects(self, first: Array, second: Array) -> dict[str, Estimate]:
        better = self.loss(second) - self.loss(first)
        made = standardised_mean(better, seed=self.seed, sources=self.sources)
        return {"cohens_dz": made}

    def flips(self, first: Array, second: Array) -> Estimate | None:
        del first, second
        return None

    def loss(self, said: Array) -> Floats:
        return squared_error(self.labels, said)


@dataclass(frozen=True, eq=False)
class _Answers:
    """F1 over the words of the answers; predictions are `AnswerScores.to_array`."""

    rows: int
    seed: int
    sources: Array | None = None
    metric: str = "f1"

    def metrics(self, said: Array) -> dict[str, Estimate]:
        return answer_metrics(AnswerScores.from_array(said), seed=self.seed, sources=self.sources)

    def advantage(self, first: Array, second: Array) -> tuple[dict[str, Difference], Test]:
        a, b = AnswerScores.from_array(first), AnswerScores.from_array(second)
        f1, test = mean_change(a.f1 - b.f1, seed=self.seed, sources=self.sources)
        exact = accuracy_change(a.exact_match > 0.5, b.exact_match > 0.5, sources=self.sources)
        return {"f1": f1, "exact_match": exact}, test

    def score(self, said: Array) -> Estimate:
        return _mean(AnswerScores.from_array(said).f1, self.seed, self.sources)

    def change(self, first: Array, second: Array) -> tuple[Difference, Test]:
        better = self.loss(second) - self.loss(first)
        return mean_change(better, seed=self.seed, sources=self.sources)

    def effects(self, first: Array, second: Array) -> dict[str, Estimate]:
        better = self.loss(second) - self.loss(first)
        made = standardised_mean(better, seed=self.seed, sources=self.sources)
        return {"cohens_dz": made}

    def flips(self, first: Array, second: Array) -> Estimate | None:
        del first, second  # the texts of answers stand in other words where contexts do
        return None

    def loss(self, said: Array) -> Floats:
        return 1.0 - AnswerScores.from_array(said).f1

    def among(self, rows: npt.NDArray[Any]) -> _Answers:
        # Predictions hold the scores; gold answers are not needed again.
        kept = np.arange(self.rows)[rows]
        chosen = None if self.sources is None else self.sources[rows]
        return replace(self, rows=len(kept), sources=chosen)

    def repeated(self, times: int) -> _Answers:
        again = _sources_of(self.sources, self.rows, times)
        return replace(self, rows=self.rows * times, sources=again)

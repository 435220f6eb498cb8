"""How what models say is measured: classes, numbers and answers, one row at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from robustft.data.task import Task, TaskType
from robustft.scoring.answers import AnswerScores, answer_metrics
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

    def flips(self, first: Array, second: Array) -> Estimate | None:
        """Return the share of rows about which something else was said; None where that is moot."""
        ...

    def loss(self, said: Array) -> Floats:
        """Return what each row lacks: the lower, the better."""
        ...

    def among(self, rows: npt.NDArray[np.bool_]) -> Measure:
        """Return the measure of some of the rows."""
        ...


def measure_of(labels: Array, task: Task, seed: int) -> Measure:
    """Return the measure of a task, for rows with these labels."""
    if task.type is TaskType.QUESTION_ANSWERING:
        return _Answers(seed)
    return _Numbers(labels, seed) if task.type is TaskType.REGRESSION else _Classes(labels, seed)


@dataclass(frozen=True)
class _Classes:
    """Right or wrong; predictions are codes."""

    labels: Array
    seed: int
    metric: str = "accuracy"

    def metrics(self, said: Array) -> dict[str, Estimate]:
        return classification_metrics(self.labels, said, seed=self.seed)

    def advantage(self, first: Array, second: Array) -> tuple[dict[str, Difference], Test]:
        a, b = correct(self.labels, first), correct(self.labels, second)
        f1, _ = f1_change(self.labels, first, second, seed=self.seed)
        return {"accuracy": accuracy_change(a, b), "macro_f1": f1}, mcnemar(a, b)

    def flips(self, first: Array, second: Array) -> Estimate | None:
        return share(first != second)

    def loss(self, said: Array) -> Floats:
        return 1.0 - correct(self.labels, said).astype(np.float64)

    def among(self, rows: npt.NDArray[np.bool_]) -> Measure:
        return replace(self, labels=self.labels[rows])


@dataclass(frozen=True)
class _Numbers:
    """The squared error."""

    labels: Array
    seed: int
    metric: str = "mse"

    def metrics(self, said: Array) -> dict[str, Estimate]:
        return regression_metrics(self.labels, said, seed=self.seed)

    def advantage(self, first: Array, second: Array) -> tuple[dict[str, Difference], Test]:
        # A smaller error is better, so the order turns for it and stays for R².
        changes = regression_change(self.labels, second, first, seed=self.seed)
        error, test = changes["mse"]
        return {"mse": error, "r2": -changes["r2"][0]}, test

    def flips(self, first: Array, second: Array) -> Estimate | None:
        del first, second
        return None

    def loss(self, said: Array) -> Floats:
        return squared_error(self.labels, said)

    def among(self, rows: npt.NDArray[np.bool_]) -> Measure:
        return replace(self, labels=self.labels[rows])


@dataclass(frozen=True)
class _Answers:
    """F1 over the words of the answers; predictions are `AnswerScores.to_array`."""

    seed: int
    metric: str = "f1"

    def metrics(self, said: Array) -> dict[str, Estimate]:
        return answer_metrics(AnswerScores.from_array(said), seed=self.seed)

    def advantage(self, first: Array, second: Array) -> tuple[dict[str, Difference], Test]:
        a, b = AnswerScores.from_array(first), AnswerScores.from_array(second)
        f1, test = mean_change(a.f1 - b.f1, seed=self.seed)
        exact = accuracy_change(a.exact_match > 0.5, b.exact_match > 0.5)
        return {"f1": f1, "exact_match": exact}, test

    def flips(self, first: Array, second: Array) -> Estimate | None:
        del first, second  # the texts of answers stand in other words where contexts do
        return None

    def loss(self, said: Array) -> Floats:
        return 1.0 - AnswerScores.from_array(said).f1

    def among(self, rows: npt.NDArray[np.bool_]) -> Measure:
        del rows  # predictions hold the scores; gold answers are not needed again
        return self

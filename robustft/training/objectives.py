"""What a model is trained for: the loss of a batch, and the scores of a split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from robustft.data.task import Task, TaskType
from robustft.scoring.metrics import classification_scores, regression_scores
from robustft.training.batching import Rows
from robustft.training.examples import Examples

__all__ = ["Classification", "Collected", "Objective", "Regression", "Scores", "objective_of"]

# A regression whose predictions spread less than this share of the targets' says one number.
_FLAT = 0.01

Collected = Sequence[tuple[Rows, torch.Tensor]]
"""For each batch of a split its rows and what was kept of the model's outputs."""


@dataclass(frozen=True)
class Scores:
    """Mean loss a row, the task's metrics, and whether all rows were given the same answer."""

    loss: float
    metrics: dict[str, float | None]
    constant: bool


class Objective(Protocol):
    """The loss and the scores of one kind of task."""

    @property
    def metric(self) -> str:
        """The name of the score by which the best epoch is chosen."""
        ...

    @property
    def lower_is_better(self) -> bool:
        """Whether a lower value of that score is better."""
        ...

    def loss_sum(self, outputs: Any, labels: torch.Tensor, *, training: bool) -> torch.Tensor:
        """Return the loss of a batch, summed over what `Examples.weight` counts."""
        ...

    def collect(self, outputs: Any) -> torch.Tensor | None:
        """Return what `score` needs of a batch's outputs, or None."""
        ...

    def score(self, collected: Collected, data: Examples, loss: float) -> Scores:
        """Return the scores of a split from all that was collected and the mean loss."""
        ...


@dataclass(frozen=True)
class Classification:
    """Cross entropy; accuracy and macro-F1."""

    num_labels: int
    metric: str = "accuracy"
    lower_is_better: bool = False

    def loss_sum(self, outputs: Any, labels: torch.Tensor, *, training: bool) -> torch.Tensor:
        """Return the cross entropy, summed over rows."""
        return torch.nn.functional.cross_entropy(outputs.logits.float(), labels, reduction="sum")

    def collect(self, outputs: Any) -> torch.Tensor:
        """Return the logits, shape (rows, labels)."""
        logits: torch.Tensor = outputs.logits
        return logits.float().cpu()

    def score(self, collected: Collected, data: Examples, loss: float) -> Scores:
        """Return accuracy and macro-F1."""
        labels = _labels(data)
        predicted = _joined(collected, len(data)).argmax(-1)
        constant = len(np.unique(predicted)) == 1 and len(np.unique(labels)) > 1
        return Scores(loss, classification_scores(labels, predicted), constant)


@dataclass(frozen=True)
class Regression:
    """Squared error; MSE, R² and Spearman's rank correlation."""

    metric: str = "mse"
    lower_is_better: bool = True

    def loss_sum(self, outputs: Any, labels: torch.Tensor, *, training: bool) -> torch.Tensor:
        """Return the squared error, summed over rows."""
        predicted = outputs.logits.float().squeeze(-1)
        return torch.nn.functional.mse_loss(predicted, labels, reduction="sum")

    def collect(self, outputs: Any) -> torch.Tensor:
        """Return the predictions, shape (rows, 1)."""
        logits: torch.Tensor = outputs.logits
        return logits.float().cpu()

    def score(self, collected: Collected, data: Examples, loss: float) -> Scores:
        """Return MSE, R² and Spearman's correlation; None where the predictions are no numbers."""
        labels = _labels(data)
        values = _joined(collected, len(data))[:, 0]
        if not np.isfinite(values).all():
            return Scores(loss, {"mse": None, "r2": None, "spearman": None}, constant=False)
        flat = len(values) > 1 and np.ptp(labels) > 0 and values.std() < _FLAT * labels.std()
        return Scores(loss, regression_scores(labels, values), bool(flat))


def objective_of(task: Task) -> Objective:
    """Return the objective of a task on texts."""
    if task.type is TaskType.REGRESSION:
        return Regression()
    return Classification(task.num_labels)


def _labels(data: Any) -> npt.NDArray[Any]:
    labels: npt.NDArray[Any] = data.labels.numpy()
    return labels


def _joined(collected: Collected, rows: int) -> npt.NDArray[Any]:
    """Return what was collected in the order of the rows: shape (rows, outputs)."""
    outputs = np.empty((rows, collected[0][1].shape[1]), np.float32)
    for index, values in collected:
        outputs[index] = values.numpy()
    return outputs

"""What a model is trained for: the loss of a batch, and the scores of a split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from robustft.data.task import Task, TaskType
from robustft.errors import UsageError, suggest
from robustft.scoring.metrics import classification_scores, regression_scores
from robustft.training.arguments import parse_class_weights
from robustft.training.batching import Rows
from robustft.training.examples import Examples

__all__ = [
    "Classification",
    "Collected",
    "Objective",
    "Regression",
    "Scores",
    "class_weights_of",
    "objective_of",
    "placed",
]

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
    """Cross entropy; accuracy and macro-F1.

    Attributes
    ----------
    class_weights
        What each class counts in the training loss, float32, shape (labels,); None for 1 each.
        The examples' weights must be those of their classes, so that the loss is a mean.
    label_smoothing
        Share of each training target that is spread over all classes (Szegedy et al., 2016,
        Rethinking the Inception Architecture for Computer Vision, section 7).
    """

    num_labels: int
    metric: str = "accuracy"
    lower_is_better: bool = False
    class_weights: torch.Tensor | None = None
    label_smoothing: float = 0.0

    def loss_sum(self, outputs: Any, labels: torch.Tensor, *, training: bool) -> torch.Tensor:
        """Return the cross entropy, summed over rows; weighted and smoothed in training alone."""
        logits = outputs.logits.float()
        if not training:
            return torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
        weights = self.class_weights
        return torch.nn.functional.cross_entropy(
            logits,
            labels,
            weight=None if weights is None else weights.to(logits.device),
            label_smoothing=self.label_smoothing,
            reduction="sum",
        )

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


def objective_of(
    task: Task, *, class_weights: torch.Tensor | None = None, label_smoothing: float = 0.0
) -> Objective:
    """Return the objective of a task on texts.

    Raises
    ------
    UsageError
        The task is a regression, and classes are weighed or labels smoothed.
    """
    if task.type is not TaskType.REGRESSION:
        return Classification(
            task.num_labels, class_weights=class_weights, label_smoothing=label_smoothing
        )
    if label_smoothing:
        raise UsageError(
            f"label_smoothing: expected to be left out of a regression, got {label_smoothing:g}"
        )
    return Regression()


def placed(objective: Objective, device: torch.device) -> Objective:
    """Return the objective with what its loss reads on the device, so that no step copies it."""
    if isinstance(objective, Classification) and objective.class_weights is not None:
        return replace(objective, class_weights=objective.class_weights.to(device))
    return objective


def class_weights_of(given: str | None, labels: torch.Tensor, task: Task) -> torch.Tensor | None:
    """Return the weight of each class, float32, shape (labels,); None when none are `given`.

    ``balanced`` gives a class with c of n rows n / (number of classes * c), as scikit-learn's
    `compute_class_weight` does; ``neg=1,pos=2`` says it itself. A class that is not named, or of
    which there are no rows, counts 1.

    Raises
    ------
    UsageError
        A class is unknown, or the task has no classes.
    """
    if given is None:
        return None
    if task.type is not TaskType.CLASSIFICATION:
        raise UsageError(
            f"class_weights: expected to be left out for {task.type.value}, got {given!r}"
        )
    weights = torch.ones(task.num_labels)
    if given == "balanced":
        from sklearn.utils.class_weight import compute_class_weight

        present = np.unique(labels.numpy())
        shares = compute_class_weight("balanced", classes=present, y=labels.numpy())
        weights[torch.from_numpy(present)] = torch.from_numpy(shares).float()
        return weights
    for name, weight in parse_class_weights(given).items():
        if name not in task.label_names:
            raise UsageError(
                f"class_weights: expected names of {', '.join(task.label_names)}, got {name!r}"
                f"{suggest(name, task.label_names)}"
            )
        weights[task.label_names.index(name)] = weight
    return weights


def _labels(data: Any) -> npt.NDArray[Any]:
    labels: npt.NDArray[Any] = data.labels.numpy()
    return labels


def _joined(collected: Collected, rows: int) -> npt.NDArray[Any]:
    """Return what was collected in the order of the rows: shape (rows, outputs)."""
    outputs = np.empty((rows, collected[0][1].shape[1]), np.float32)
    for index, values in collected:
        outputs[index] = values.numpy()
    return outputs

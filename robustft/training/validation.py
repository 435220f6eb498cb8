"""Scores of the model as it stands, on a split that it does not learn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from robustft.data.task import TaskType
from robustft.scoring.metrics import classification_scores, regression_scores
from robustft.training.batching import plan_batches
from robustft.training.setup import LabelledTokens, Setup, loss_sum

__all__ = ["Scores", "is_better", "validate"]

# Rows a batch, at least: no gradients are kept, so more fit than in training.
_ROWS = 32
# A regression whose predictions spread less than this share of the targets' says one number.
_FLAT = 0.01


@dataclass(frozen=True)
class Scores:
    """Mean loss a row, the task's metrics, and whether all rows were given the same answer."""

    loss: float
    metrics: dict[str, float | None]
    constant: bool


def validate(setup: Setup, data: LabelledTokens) -> Scores:
    """Score the model on `data`; dropout is off."""
    task = setup.loaded.task
    setup.model.eval()
    total = torch.zeros((), device=setup.device)
    outputs = torch.empty((len(data), task.num_labels))
    with torch.inference_mode():
        size = max(_ROWS, setup.arguments.batch_size or 0)
        for rows in plan_batches(data.tokens.lengths, size):
            index = torch.from_numpy(rows)
            logits = setup.model(**data.tokens.collate(rows, setup.device)).logits
            total += loss_sum(logits, data.labels[index].to(setup.device), task)
            outputs[index] = logits.float().cpu()
    loss = total.item() / len(data)
    labels = data.labels.numpy()
    if task.type is TaskType.REGRESSION:
        values = outputs[:, 0].numpy()
        flat = len(values) > 1 and np.ptp(labels) > 0 and values.std() < _FLAT * labels.std()
        return Scores(loss, _regression(labels, values), bool(flat))
    predicted = outputs.argmax(-1).numpy()
    constant = len(np.unique(predicted)) == 1 and len(np.unique(labels)) > 1
    return Scores(loss, classification_scores(labels, predicted), constant)


def is_better(new: Scores, best: Scores | None, metric: str) -> bool:
    """Tell whether `new` beats `best`: by the task's metric, then by loss; else the earlier stays.

    Accuracy goes first because the loss of a fine-tuned model often rises, through overconfidence,
    while it still gets more rows right.
    """
    if best is None:
        return True
    sign = -1.0 if metric == "mse" else 1.0
    a, b = new.metrics[metric], best.metrics[metric]
    first = (sign * (np.nan if a is None else a), -new.loss)
    second = (sign * (np.nan if b is None else b), -best.loss)
    return first > second


def _regression(labels: np.ndarray, values: np.ndarray) -> dict[str, float | None]:
    if not np.isfinite(values).all():
        return {"mse": None, "r2": None, "spearman": None}
    return regression_scores(labels, values)

"""Scores of the model as it stands, on a split that it does not learn from."""

from __future__ import annotations

import numpy as np
import torch

from robustft.training.batching import plan_batches
from robustft.training.examples import Examples
from robustft.training.frozen_part import FrozenExamples
from robustft.training.objectives import Objective, Scores
from robustft.training.packed import PackedExamples
from robustft.training.setup import Setup

__all__ = ["Scores", "is_better", "validate"]

# Rows a batch, at least: no gradients are kept, so more fit than in training.
_ROWS = 32


def validate(setup: Setup, data: Examples) -> Scores:
    """Score the model on `data`; dropout is off."""
    setup.model.eval()
    total = torch.zeros((), device=setup.device)
    weight = 0.0
    collected = []
    with torch.inference_mode():
        size = max(_ROWS, setup.arguments.batch_size or 0)
        plan = plan_batches(data.computed, size)
        for rows in data.scored() if isinstance(data, PackedExamples) else plan:
            inputs, labels = data.batch(rows, setup.device, 0)
            outputs = setup.model(**inputs)
            total += setup.objective.loss_sum(outputs, labels, training=False)
            weight += data.weight(rows, 0)
            kept = setup.objective.collect(outputs)
            if kept is not None:
                collected.append((rows, kept))
    rows_themselves = data.whole if isinstance(data, FrozenExamples) else data
    return setup.objective.score(collected, rows_themselves, total.item() / max(weight, 1e-12))


def is_better(new: Scores, best: Scores | None, objective: Objective) -> bool:
    """Tell whether `new` beats `best`: by the task's metric, then by loss; else the earlier stays.

    Accuracy goes first because the loss of a fine-tuned model often rises, through overconfidence,
    while it still gets more rows right.
    """
    if best is None:
        return True
    return _rank(new, objective) > _rank(best, objective)


def _rank(scores: Scores, objective: Objective) -> tuple[float, float]:
    """Return what grows with quality; a score that is undefined is below all others."""
    value = scores.metrics[objective.metric]
    if value is None:
        return -np.inf, -scores.loss
    return (-value if objective.lower_is_better else value), -scores.loss

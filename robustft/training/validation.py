"""Scores of the model as it stands, on a split that it does not learn from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch

from robustft.model.processes import gather, share
from robustft.training.batching import Rows, plan_batches
from robustft.training.examples import Examples
from robustft.training.frozen_part import FrozenExamples
from robustft.training.objectives import Objective, Scores
from robustft.training.packed import PackedExamples
from robustft.training.setup import Setup

__all__ = ["Scores", "is_better", "validate"]

# Rows a batch, at least: no gradients are kept, so more fit than in training.
_ROWS = 32


def validate(setup: Setup, data: Examples) -> Scores:
    """Score the model on `data`; dropout is off. Of several processes each computes its part."""
    setup.model.eval()
    total = torch.zeros((), device=setup.device)
    weight = 0.0
    collected: list[tuple[int, Rows, torch.Tensor]] = []
    with torch.inference_mode(setup.team.divided is None), torch.no_grad():
        size = max(_ROWS, setup.arguments.batch_size or 0)
        plan: Iterable[Rows] = plan_batches(data.computed, size)
        if isinstance(data, PackedExamples):
            plan = data.scored()
        for number, rows, counts in setup.team.batches(plan):
            inputs, labels = data.batch(rows, setup.device, 0)
            outputs = setup.model(**inputs)
            if not counts:
                continue
            total += setup.objective.loss_sum(outputs, labels, training=False)
            weight += data.weight(rows, 0)
            kept = setup.objective.collect(outputs)
            if kept is not None:
                collected.append((number, rows, kept))
    parts = gather((total.item(), weight, collected))
    return share(lambda: _scored(setup, data, parts))


def _scored(
    setup: Setup,
    data: Examples,
    parts: Sequence[tuple[float, float, list[tuple[int, Rows, torch.Tensor]]]],
) -> Scores:
    """Score what the processes have computed."""
    total, weight = (sum(each) for each in list(zip(*parts, strict=True))[:2])
    collected = sorted((part for *_, kept in parts for part in kept), key=lambda part: part[0])
    rows_themselves = data.whole if isinstance(data, FrozenExamples) else data
    return setup.objective.score(
        [(rows, kept) for _, rows, kept in collected], rows_themselves, total / max(weight, 1e-12)
    )


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

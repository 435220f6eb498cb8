"""Can the model learn at all? Train on a few rows until it knows them by heart."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from robustft.data.dataset import sample
from robustft.data.split import Split
from robustft.errors import UsageError
from robustft.model.load import LoadedModel, seeded_torch
from robustft.model.processes import together
from robustft.training.arguments import (
    TrainingArguments,
    default_learning_rate,
    resolve_arguments,
    suit_task,
)
from robustft.training.loop import train_epoch
from robustft.training.progress import TrainingBar
from robustft.training.setup import prepare
from robustft.training.validation import Scores, validate

__all__ = ["OverfitResult", "overfit"]

# Far more passes than a sound model needs for a few rows.
_EPOCHS = 100
# The default rate of fine-tuning is gentle on purpose; this is not about generalising.
_LEARNING_RATE = 1e-4
_R2 = 0.9


@dataclass(frozen=True)
class OverfitResult:
    """Whether the model learned `rows` rows, and where it got to.

    Attributes
    ----------
    learned
        All rows are classified or answered rightly; for regression, 90 % of the variance is
        explained.
    metrics
        ``loss`` and the task's metrics on the very rows it learned from.
    """

    learned: bool
    rows: int
    epochs: int
    metrics: dict[str, float | None]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "learned": self.learned,
            "rows": self.rows,
            "epochs": self.epochs,
            "metrics": self.metrics,
        }


def overfit(
    loaded: LoadedModel,
    train: Split,
    arguments: TrainingArguments,
    n: int,
    *,
    progress: bool = True,
) -> OverfitResult:
    """Train on `n` rows until the model knows them, at most 100 times over.

    A model that cannot is broken, or its inputs, labels or learning rate are.

    Raises
    ------
    UsageError
        Fewer than two rows are asked for, or an argument does not fit the model.
    """
    if n < 2:
        raise UsageError(f"overfit: expected at least 2 rows, got {n}")
    few = sample(train, n, seed=arguments.seed)
    default = default_learning_rate(arguments, from_scratch=loaded.from_scratch)
    if arguments.learning_rate is None and (default is None or default[0] < _LEARNING_RATE):
        arguments = arguments.model_copy(update={"learning_rate": _LEARNING_RATE})
    # How long the real run is to be does not matter here.
    arguments, _ = resolve_arguments(
        suit_task(arguments, loaded.task).model_copy(update={"epochs": _EPOCHS, "max_steps": None}),
        from_scratch=loaded.from_scratch,
        max_positions=loaded.max_positions,
    )
    return together(_learn, loaded, few, arguments, progress)


def _learn(
    loaded: LoadedModel, few: Split, arguments: TrainingArguments, progress: bool
) -> OverfitResult:
    """Train in each of the processes; see `robustft.model.processes`."""
    setup = prepare(loaded, few, few, arguments)
    setup.team.replicate(setup)
    total, shown = _EPOCHS * setup.steps_per_epoch, progress and setup.team.leads
    with ExitStack() as stack:
        stack.enter_context(seeded_torch(arguments.seed))
        bar = stack.enter_context(TrainingBar(f"overfit {len(few)}", total, 0, shown=shown))
        for epoch in range(_EPOCHS):
            train_epoch(setup, epoch, bar)
            scores = validate(setup, setup.train)
            if _knows(scores):
                break
    return OverfitResult(
        learned=_knows(scores),
        rows=len(few),
        epochs=epoch + 1,
        metrics={"loss": scores.loss, **scores.metrics},
    )


def _knows(scores: Scores) -> bool:
    for name in ("accuracy", "exact_match"):
        if name in scores.metrics:
            return scores.metrics[name] == 1.0
    explained = scores.metrics.get("r2")
    return explained is not None and explained >= _R2

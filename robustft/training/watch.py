"""What a run shows while it trains: its learning curve, and signs that it goes wrong.

Two signs are looked for, both typical of a learning rate that is too high for pretrained weights:
a training loss that rises well above where it began, and a model that gives every row the same
answer. A loss that is no longer a number stops the run elsewhere.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch

from robustft.training.arguments import TrainingArguments
from robustft.training.examples import Examples
from robustft.training.frozen_part import FrozenExamples
from robustft.training.objectives import Classification, Objective, Regression, Scores

__all__ = ["EpochLosses", "Track", "Watch", "constant_loss", "high_rate_warning"]

# Peak rates from which pretrained layers are known to be destroyed rather than tuned, AdamW.
_HIGH_RATE = 5e-4
# A loss this many times as high as at the start (or as that of one answer for all) has diverged.
_RISEN = 1.5
# One that is this much above that of one answer for all at the end has learned nothing.
_ABOVE = 1.05


def high_rate_warning(arguments: TrainingArguments, *, pretrained_layers: bool) -> str | None:
    """Return what to say before pretrained layers are trained at a rate far above the usual."""
    rate = arguments.learning_rate
    if not pretrained_layers or arguments.optimizer != "adamw" or arguments.adapter is not None:
        return None
    if rate is None or rate < _HIGH_RATE:
        return None
    return (
        f"learning rate {rate:g}: pretrained layers mostly train at 2e-5 to 5e-5; one so high "
        "may destroy what they have learned (a loss that rises, or one answer for all rows)"
    )


def constant_loss(objective: Objective, data: Examples) -> float | None:
    """Return the mean training loss of the best answer that is the same for all rows.

    The entropy of the labels (weighted and smoothed as the objective does), or the variance of
    the targets; None for other tasks.
    """
    rows = data.whole if isinstance(data, FrozenExamples) else data
    labels = getattr(rows, "labels", None)
    if not isinstance(labels, torch.Tensor) or not len(labels):
        return None
    if isinstance(objective, Regression):
        return float(labels.double().var(correction=0))
    if not isinstance(objective, Classification):
        return None
    counts = torch.bincount(labels, minlength=objective.num_labels).double()
    weights = torch.ones_like(counts)
    if objective.class_weights is not None:
        weights = objective.class_weights.double().cpu()
    own, spread = counts * weights, counts.sum() * weights / objective.num_labels
    smoothing = objective.label_smoothing
    # PyTorch weighs what is spread over a class by that class, so that these may not sum to 1.
    shares = ((1 - smoothing) * own + smoothing * spread) / own.sum()
    total = shares.sum()
    return float(torch.special.entr(shares).sum() + total * total.log())


@dataclass
class Watch:
    """Looks at losses and scores as they come; plain values, so that a resumed run goes on.

    Attributes
    ----------
    window
        Steps over which the training loss is averaged before it is judged.
    baseline
        The loss of one answer for all rows, where it is known.
    cause
        What to say of the likely cause.
    high
        Whether the learning rate was far above the usual from the beginning.
    varied
        Whether the answers have differed after some epoch.
    constant
        The epochs after which they did not, though they had or the rate is high. Without either,
        the model has merely not learned yet.
    """

    window: int
    baseline: float | None
    cause: str
    high: bool = False
    start: float | None = None
    recent: list[float] = field(default_factory=list)
    last_mean: float | None = None
    diverged: str | None = None
    varied: bool = False
    constant: list[int] = field(default_factory=list)

    def losses(self, values: list[float], step: int) -> str | None:
        """Take in the losses of the steps up to `step`; return a warning, the first time."""
        self.recent += values
        warning = None
        while len(self.recent) >= self.window:
            mean = float(np.mean(self.recent[: self.window]))
            self.recent = self.recent[self.window :]
            self.last_mean = mean
            if self.start is None:
                self.start = mean
            reference = max(self.start, self.baseline or 0.0)
            if self.diverged is None and mean > _RISEN * reference:
                warning = self.diverged = (
                    f"the training loss has risen to {mean:.4g} by step {step}, from "
                    f"{self.start:.4g} at the start: training diverges; {self.cause}"
                )
        return warning

    def scored(self, scores: Scores, epoch: int) -> str | None:
        """Take in the scores after an epoch; return a warning when the answers have become one."""
        if not scores.constant or not (self.varied or self.high):
            self.varied |= not scores.constant
            return None
        self.constant.append(epoch)
        return f"after epoch {epoch} every validation row gets the same answer; {self.cause}"

    def notices(self) -> list[str]:
        """Return what the user should know in the end."""
        said = [] if self.diverged is None else [self.diverged]
        if self.constant:
            epochs = ", ".join(str(epoch) for epoch in self.constant)
            said.append(
                f"every validation row got the same answer after epoch {epochs}; {self.cause}"
            )
        above = self.baseline is not None and self.last_mean is not None
        if above and not said and (self.last_mean or 0) > _ABOVE * (self.baseline or 0):
            said.append(
                f"the training loss ended at {self.last_mean:.4g}, above the {self.baseline:.4g} "
                f"of one answer for all rows: the model has learned nothing; {self.cause}"
            )
        return said


@dataclass
class Track:
    """The learning curve of a run, what it sums up next, and the watch over it."""

    watch: Watch
    curve: list[dict[str, Any]] = field(default_factory=list)
    loss: float = 0.0
    weight: float = 0.0

    @classmethod
    def start(
        cls,
        arguments: TrainingArguments,
        objective: Objective,
        train: Examples,
        total_steps: int,
        *,
        pretrained_layers: bool,
    ) -> Track:
        """Return the track of a new run."""
        window = max(5, min(50, total_steps // 20))
        high = high_rate_warning(arguments, pretrained_layers=pretrained_layers)
        cause = (
            f"the likely cause is the learning rate {arguments.learning_rate:g}, far above the "
            "2e-5 to 5e-5 that pretrained layers bear (--lr)"
            if high
            else f"another --lr than {arguments.learning_rate:g} may help"
        )
        return cls(Watch(window, constant_loss(objective, train), cause, high=high is not None))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Track:
        """Return the track that `to_dict` wrote."""
        return cls(**{**plain, "watch": Watch(**plain["watch"])})

    def add(self, losses: EpochLosses) -> None:
        """Sum up what of an epoch the curve has not shown yet."""
        loss, weight = losses.since_shown()
        self.loss += loss
        self.weight += weight

    def show(self, step: int, scores: Scores) -> dict[str, Any]:
        """Put an entry on the curve and return it; what comes after counts for the next."""
        entry = {
            "step": step,
            "train_loss": self.loss / max(self.weight, 1e-12),
            "loss": scores.loss,
            **scores.metrics,
        }
        self.curve.append(entry)
        self.loss = self.weight = 0.0
        return entry


class EpochLosses:
    """The losses of one epoch's steps, which stay on the device until somebody asks."""

    def __init__(self) -> None:
        self._sums: list[torch.Tensor] = []
        self._weights: list[float] = []
        self._read = self._shown = 0

    def add(self, mean: torch.Tensor, weight: float) -> None:
        """Add the mean loss of a step and what it is the mean of."""
        self._sums.append(mean * weight)
        self._weights.append(weight)

    def mean(self) -> float:
        """Return the mean over the epoch."""
        return self._sum(0) / max(sum(self._weights), 1e-12)

    def unread(self) -> list[float]:
        """Return the mean loss of each step since the last call."""
        if self._read == len(self._sums):
            return []
        sums = torch.stack(self._sums[self._read :]).tolist()
        weights = self._weights[self._read :]
        self._read = len(self._sums)
        return [loss / max(weight, 1e-12) for loss, weight in zip(sums, weights, strict=True)]

    def since_shown(self) -> tuple[float, float]:
        """Return the sum of losses and of weights since the last call."""
        start, self._shown = self._shown, len(self._sums)
        return self._sum(start), sum(self._weights[start:])

    def _sum(self, start: int) -> float:
        rest = self._sums[start:]
        return torch.stack(rest).sum().item() if rest else 0.0

"""Where a training run stands, and what it came to."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from robustft.training.arguments import TrainingArguments
from robustft.training.configure import count_parameters, describe_tensors
from robustft.training.setup import Setup, peak_memory_mb

__all__ = ["RunState", "TrainingResult", "make_result"]


@dataclass(frozen=True)
class TrainingResult:
    """What a training run came to.

    Attributes
    ----------
    best
        The folder of the best model, as transformers reads it.
    best_epoch
        Counted from 1.
    metrics
        Of the best model on the validation split: ``loss`` and the task's metrics.
    history
        One entry an epoch: ``epoch``, ``train_loss``, ``loss`` and the metrics.
    curve
        One entry every ``eval_steps`` optimizer steps: ``step``, ``train_loss`` (the mean since
        the entry before), and ``loss`` and the metrics on the validation split.
    parameters
        How many there are and how many train, in all and by component.
    tensors
        Findings on where the weights came from and which of them training changed.
    tensor_states
        The table behind them, a row a tensor; see `robustft.model.tensors`.
    padding
        Share of the computed training tokens that were padding.
    truncated
        Share of the training texts that were cut at the maximum length.
    rows_per_second, tokens_per_second
        Training throughput over the whole run; tokens are the texts' own, not padding.
    """

    best: Path
    best_epoch: int
    metrics: dict[str, float | None]
    history: list[dict[str, Any]]
    steps: int
    minutes: float
    peak_memory_mb: float
    padding: float
    truncated: float
    rows_per_second: float
    tokens_per_second: float
    device: str
    precision: str
    arguments: TrainingArguments
    notices: tuple[str, ...] = ()
    curve: list[dict[str, Any]] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    tensors: tuple[str, ...] = ()
    tensor_states: list[dict[str, Any]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return all but the folder and the table of tensors, as JSON holds it."""
        left_out = ("best", "tensor_states", "arguments")
        kept = {key: value for key, value in vars(self).items() if key not in left_out}
        return {
            **kept,
            "arguments": self.arguments.model_dump(),
            "tensors": list(self.tensors),
            "notices": list(self.notices),
        }


@dataclass
class RunState:
    """Where a run stands after `epoch` epochs; all that a resumed one needs besides tensors.

    Attributes
    ----------
    best
        The scores of the best epoch.
    track
        Of `robustft.training.watch.Track`.
    """

    epoch: int = 0
    best_epoch: int = 0
    best: dict[str, Any] | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    rows: int = 0
    tokens: int = 0
    computed: int = 0
    track: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def make_result(
    setup: Setup, state: RunState, best: Path, curve: list[dict[str, Any]], notices: list[str]
) -> TrainingResult:
    """Sum up a finished run; its model has the weights of the last epoch."""
    scores = state.best or {}
    said = list(notices)
    if scores.get("constant"):
        said.append(
            "the model gives every validation row the same answer: it has learned nothing; "
            "another --lr or more --epochs may help, and --overfit 32 tells whether it can learn"
        )
    seconds = max(state.seconds, 1e-9)
    findings, rows = describe_tensors(setup.configured)
    return TrainingResult(
        best=best,
        best_epoch=state.best_epoch,
        metrics={"loss": scores.get("loss"), **scores.get("metrics", {})},
        history=state.history,
        steps=min(state.epoch * setup.steps_per_epoch, setup.total_steps),
        minutes=round(state.seconds / 60, 4),
        peak_memory_mb=round(peak_memory_mb(setup.device), 1),
        padding=1 - state.tokens / max(1, state.computed),
        truncated=float(np.mean(setup.train.truncated)),
        rows_per_second=round(state.rows / seconds, 2),
        tokens_per_second=round(state.tokens / seconds, 1),
        device=setup.device.type,
        precision=setup.precision,
        arguments=setup.arguments,
        notices=tuple(dict.fromkeys(said)),
        curve=curve,
        parameters=count_parameters(setup.loaded.model, setup.configured.trained),
        tensors=findings,
        tensor_states=rows,
    )

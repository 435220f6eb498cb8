"""Fine-tuning, read top to bottom: epochs, batches, steps; then what is kept.

The same data, seed, device and thread count give the same weights, to the bit, also when the run
was killed and started again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import torch

from robustft.data.dataset import Split
from robustft.data.run_folder import RunFolder
from robustft.errors import ModelError
from robustft.model.load import LoadedModel, seeded_torch
from robustft.seeding import fold_in
from robustft.training.arguments import TrainingArguments, resolve_arguments
from robustft.training.batching import Rows, plan_epoch, slice_batch
from robustft.training.checkpoint import (
    clear_resume,
    keep_best,
    load_resume,
    save_best,
    save_resume,
)
from robustft.training.dropout import fast_dropout
from robustft.training.optimizers import set_learning_rates
from robustft.training.progress import TrainingBar
from robustft.training.schedules import learning_rate_factor
from robustft.training.setup import Setup, peak_memory_mb, prepare
from robustft.training.validation import Scores, is_better, validate

__all__ = ["TrainingResult", "fit", "fit_setup", "run_identity", "train_epoch", "train_step"]

# Reading the loss makes a GPU wait, so it is read this often there; a CPU has nothing to wait for.
_READ_EVERY = 20
_LOGGED_STEPS = 100

Log = Callable[[Mapping[str, Any]], None]


def _no_log(event: Mapping[str, Any]) -> None:
    """Forget an event."""
    del event


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

    def to_dict(self) -> dict[str, Any]:
        """Return all but the folder, as JSON holds it."""
        kept = {key: value for key, value in asdict(self).items() if key != "best"}
        return {**kept, "arguments": self.arguments.model_dump(), "notices": list(self.notices)}


@dataclass
class _State:
    """Where a run stands after `epoch` epochs; all that a resumed one needs besides tensors."""

    epoch: int = 0
    best_epoch: int = 0
    best: dict[str, Any] | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    tokens: int = 0
    computed: int = 0


def fit(
    loaded: LoadedModel,
    train: Split,
    validation: Split,
    arguments: TrainingArguments,
    folder: Path,
    *,
    progress: bool = True,
    title: str = "training",
) -> TrainingResult:
    """Fine-tune `loaded` on `train`; the epoch that does best on `validation` is kept.

    The best model is written to ``folder/checkpoints/best``, events to ``folder/log.jsonl``. A
    run that was stopped goes on after its last finished epoch when called again with the same
    data and arguments. `loaded.model` ends with the weights of the last epoch.

    Raises
    ------
    ModelError
        The loss is no longer finite.
    DataError
        A split is empty, unlabelled or labelled with what the task does not have.
    KeyboardInterrupt
        Passed on, with a message that says where the run stopped.
    """
    arguments, notices = resolve_arguments(
        arguments, from_scratch=loaded.from_scratch, max_positions=loaded.max_positions
    )
    setup = prepare(loaded, train, validation, arguments)
    identity = run_identity(
        arguments.model_dump(), loaded.name, train.fingerprint, validation.fingerprint
    )
    return fit_setup(
        setup, folder, identity=identity, progress=progress, title=title, notices=notices
    )


def fit_setup(
    setup: Setup,
    folder: Path,
    *,
    identity: str,
    progress: bool = True,
    title: str = "training",
    notices: tuple[str, ...] = (),
) -> TrainingResult:
    """Train what `prepare` has made ready, whatever the task; see `fit`.

    Parameters
    ----------
    identity
        What tells whether a checkpoint in `folder` belongs to this run: see `run_identity`.
    """
    checkpoints = folder / "checkpoints"
    checkpoints.mkdir(parents=True, exist_ok=True)
    log = RunFolder(folder, folder, {}).log
    state = _resumed(checkpoints, setup, identity)
    epochs, steps = setup.arguments.epochs, setup.steps_per_epoch
    with ExitStack() as stack:
        stack.enter_context(seeded_torch(setup.arguments.seed))
        bar = TrainingBar(title, epochs * steps, state.epoch * steps, shown=progress)
        stack.enter_context(bar)
        try:
            while state.epoch < epochs:
                loss = train_epoch(setup, state.epoch, bar, log)
                state = _validated(setup, state, loss, bar, checkpoints, log)
                if state.epoch < epochs:
                    kept = {**asdict(state), "identity": identity}
                    save_resume(checkpoints, setup.loaded.model, setup.optimizer, kept)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"{title}: stopped in epoch {state.epoch + 1} of {epochs}; the same command goes "
                f"on after epoch {state.epoch}"
                if state.epoch
                else f"{title}: stopped in epoch 1 of {epochs}; the same command starts it again"
            ) from None
    clear_resume(checkpoints)
    return _result(setup, state, checkpoints / "best", notices)


def train_epoch(setup: Setup, epoch: int, bar: TrainingBar, log: Log = _no_log) -> float:
    """Pass once over the training split; return the mean loss a row."""
    arguments = setup.arguments
    key = fold_in(arguments.seed, "epoch", epoch)
    torch.manual_seed(key % 2**63)
    setup.model.train()
    lengths = setup.train.lengths
    total_steps = arguments.epochs * setup.steps_per_epoch
    log_every = max(1, total_steps // _LOGGED_STEPS)
    losses: list[torch.Tensor] = []
    weight = 0.0
    with ExitStack() as stack:
        if setup.device.type == "cpu":
            stack.enter_context(fast_dropout(setup.model, setup.dropout))
        for index, rows in enumerate(plan_epoch(lengths, arguments.rows_per_step, key)):
            step = epoch * setup.steps_per_epoch + index
            counted = setup.train.weight(rows, _step_key(setup, step))
            losses.append(train_step(setup, rows, step, total_steps) * counted)
            weight += counted
            last = index + 1 == setup.steps_per_epoch
            loss = None
            if setup.split or last or index % _READ_EVERY == 0:
                loss = losses[-1].item() / max(counted, 1e-12)
                _check_finite(losses, step, total_steps, arguments)
                if step % log_every == 0:
                    log({"event": "step", "step": step + 1, "of": total_steps, "loss": loss})
            bar.step(len(rows), int(lengths[rows].sum()), loss)
    return torch.stack(losses).sum().item() / max(weight, 1e-12)


def train_step(setup: Setup, rows: Rows, step: int, total_steps: int) -> torch.Tensor:
    """Learn from one batch; return its mean loss, still on the device."""
    arguments, data = setup.arguments, setup.train
    factor = learning_rate_factor(arguments.schedule, step, total_steps, arguments.warmup_ratio)
    set_learning_rates(setup.optimizer, factor)
    key = _step_key(setup, step)
    setup.dropout.reseed(key)
    batch_loss = torch.zeros((), device=setup.device)
    lengths = data.computed[rows]
    max_rows = arguments.batch_size or len(rows)
    # The mean over the batch, not over the slice: slices then add up to the batch's gradient.
    weight = max(data.weight(rows, key), 1e-12)
    for part in slice_batch(lengths, max_rows=max_rows, split=setup.split):
        inputs, labels = data.batch(rows[part], setup.device, key)
        loss = setup.objective.loss_sum(setup.model(**inputs), labels, training=True) / weight
        setup.accelerator.backward(loss)
        batch_loss += loss.detach()
        setup.computed += int(lengths[part].max()) * len(part)
    setup.tokens += int(lengths.sum())
    if arguments.max_grad_norm > 0:
        setup.accelerator.clip_grad_norm_(setup.model.parameters(), arguments.max_grad_norm)
    setup.optimizer.step()
    setup.optimizer.zero_grad(set_to_none=True)
    return batch_loss


def _step_key(setup: Setup, step: int) -> int:
    return fold_in(setup.arguments.seed, "dropout", step)


def _validated(
    setup: Setup,
    state: _State,
    train_loss: float,
    bar: TrainingBar,
    checkpoints: Path,
    log: Log,
) -> _State:
    """Score the epoch that has just ended, keep the model if it is the best, and move on."""
    scores = validate(setup, setup.validation)
    epoch, metric = state.epoch + 1, setup.objective.metric
    best = None if state.best is None else Scores(**state.best)
    better = is_better(scores, best, setup.objective)
    if better and epoch < setup.arguments.epochs:  # after the last one the model itself is it
        keep_best(checkpoints, setup.loaded.model, setup.optimizer, epoch)
    entry = {"epoch": epoch, "train_loss": train_loss, "loss": scores.loss, **scores.metrics}
    seconds = state.seconds + bar.lap()
    log({"event": "epoch", **entry, "constant": scores.constant, "seconds": round(seconds, 3)})
    value = scores.metrics[metric]
    bar.line(
        f"epoch {epoch} of {setup.arguments.epochs}: loss {train_loss:.4f}, validation loss "
        f"{scores.loss:.4f}, {metric} {'undefined' if value is None else format(value, '.4f')}"
    )
    return _State(
        epoch=epoch,
        best_epoch=epoch if better else state.best_epoch,
        best=asdict(scores) if better else state.best,
        history=[*state.history, entry],
        seconds=seconds,
        tokens=setup.tokens,
        computed=setup.computed,
    )


def _resumed(checkpoints: Path, setup: Setup, identity: str) -> _State:
    found = load_resume(checkpoints, setup.loaded.model, setup.optimizer, identity)
    if found is None:
        return _State()
    state = _State(**{key: value for key, value in found.items() if key != "identity"})
    setup.tokens, setup.computed = state.tokens, state.computed
    return state


def run_identity(*parts: Any) -> str:
    """Return a hash of what decides a run's result; a checkpoint of another run is not used."""
    return blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=8).hexdigest()


def _check_finite(
    losses: list[torch.Tensor], step: int, total_steps: int, arguments: TrainingArguments
) -> None:
    """Stop at the first loss that is no number; the steps since the last look are searched."""
    recent = [loss.item() for loss in losses[-_READ_EVERY:]]
    if math.isfinite(recent[-1]):
        return
    first = step - len(recent) + 1 + next(i for i, x in enumerate(recent) if not math.isfinite(x))
    raise ModelError(
        f"training: expected a finite loss, got {recent[first - step - 1]} at step {first + 1} of "
        f"{total_steps}; the learning rate {arguments.learning_rate:g} may be too high (--lr)"
    )


def _result(setup: Setup, state: _State, best: Path, notices: tuple[str, ...]) -> TrainingResult:
    scores = state.best or {}
    said = [*setup.notices, *notices]
    if scores.get("constant"):
        said.append(
            "the model gives every validation row the same answer: it has learned nothing; "
            "another --lr or more --epochs may help, and --overfit 32 tells whether it can learn"
        )
    truncated = float(np.mean(setup.train.truncated))
    rows = len(setup.train) * state.epoch
    seconds = max(state.seconds, 1e-9)
    return TrainingResult(
        best=best,
        best_epoch=state.best_epoch,
        metrics={"loss": scores.get("loss"), **scores.get("metrics", {})},
        history=state.history,
        steps=state.epoch * setup.steps_per_epoch,
        minutes=round(state.seconds / 60, 4),
        peak_memory_mb=round(peak_memory_mb(setup.device), 1),
        padding=1 - state.tokens / max(1, state.computed),
        truncated=truncated,
        rows_per_second=round(rows / seconds, 2),
        tokens_per_second=round(state.tokens / seconds, 1),
        device=setup.device.type,
        precision=setup.precision,
        arguments=setup.arguments,
        notices=tuple(said),
    )

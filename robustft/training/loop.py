"""Fine-tuning, read top to bottom: epochs, batches, steps; then what is kept.

The same data, seed, device and thread count give the same weights, to the bit, also when the run
was killed and started again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch

from robustft.data.run_folder import RunFolder
from robustft.data.split import Split
from robustft.errors import TrainingError
from robustft.model.freezing import apply_gradual, trainable_names
from robustft.model.load import LoadedModel, seeded_torch
from robustft.model.prefix import frozen_digest
from robustft.model.processes import add, together, world
from robustft.seeding import fold_in
from robustft.training.arguments import (
    TrainingArguments,
    parse_unfreeze,
    resolve_arguments,
    suit_task,
)
from robustft.training.batching import Rows, plan_epoch
from robustft.training.checkpoint import (
    clear_resume,
    keep_best,
    load_resume,
    save_best,
    save_resume,
)
from robustft.training.distributed import Piece
from robustft.training.dropout import fast_dropout
from robustft.training.examples import Batch
from robustft.training.optimizers import set_learning_rates
from robustft.training.progress import TrainingBar
from robustft.training.result import RunState, TrainingResult, make_result
from robustft.training.schedules import learning_rate_factor
from robustft.training.setup import Material, Setup, prepare_material, read_splits
from robustft.training.validation import Scores, is_better, validate
from robustft.training.watch import EpochLosses, Track

__all__ = ["TrainingResult", "fit", "fit_setup", "run_identity", "train_epoch", "train_step"]

# Reading the loss makes a GPU wait, so it is read this often there; a CPU has nothing to wait for.
_READ_EVERY = 20
_LOGGED_STEPS = 100

Log = Callable[[Mapping[str, Any]], None]


def _no_log(event: Mapping[str, Any]) -> None:
    """Forget an event."""
    del event


def fit(
    loaded: LoadedModel,
    train: Split,
    validation: Split,
    arguments: TrainingArguments,
    folder: Path,
    *,
    progress: bool = True,
    title: str = "training",
    cache: Path | None = None,
) -> TrainingResult:
    """Fine-tune `loaded` on `train`; the epoch that does best on `validation` is kept.

    The best model is written to ``folder/checkpoints/best``, events to ``folder/log.jsonl``. A
    run that was stopped goes on after its last finished epoch when called again with the same
    data and arguments. `loaded.model` ends with the weights of the last epoch.

    Parameters
    ----------
    cache
        Where the output of a frozen part that is computed once may lie, for other runs too.

    Raises
    ------
    ModelError
        The model does not fit an argument; a `TrainingError` if the loss is no longer finite.
    DataError
        A split is empty, unlabelled or labelled with what the task does not have.
    UsageError
        An argument does not fit the task or the model.
    KeyboardInterrupt
        Passed on, with a message that says where the run stopped.
    """
    arguments, notices = resolve_arguments(
        suit_task(arguments, loaded.task),
        from_scratch=loaded.from_scratch,
        max_positions=loaded.max_positions,
    )
    material = read_splits(loaded, train, validation, arguments)
    identity = run_identity(
        arguments.model_dump(), loaded.name, train.fingerprint, validation.fingerprint
    )
    how = {"identity": identity, "progress": progress, "title": title, "notices": notices}
    return together(_fit, loaded, material, arguments, cache, folder, how)


def _fit(
    loaded: LoadedModel,
    material: Material,
    arguments: TrainingArguments,
    cache: Path | None,
    folder: Path,
    how: Mapping[str, Any],
) -> TrainingResult:
    """Train in each of the processes; see `robustft.model.processes`."""
    setup = prepare_material(
        loaded, material, arguments, cache=cache, progress=how["progress"] and world().leads
    )
    return fit_setup(setup, folder, **how)


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
    leads = setup.team.leads
    if leads:
        checkpoints.mkdir(parents=True, exist_ok=True)
    log = RunFolder(folder, folder, {}).log if leads else _no_log
    # What is frozen is not in a checkpoint: it must be what it was.
    identity = run_identity(identity, frozen_digest(setup.loaded.model))
    state, track = _resumed(checkpoints, setup, identity)
    total, done = setup.total_steps, state.epoch * setup.steps_per_epoch
    setup.team.replicate(setup)
    with ExitStack() as stack:
        stack.enter_context(seeded_torch(setup.arguments.seed))
        bar = stack.enter_context(TrainingBar(title, total, done, shown=progress and leads))
        try:
            while not _is_over(setup, state):
                loss = train_epoch(setup, state.epoch, bar, log, track)
                state = _validated(setup, state, loss, bar, checkpoints, log, track)
                if not _is_over(setup, state):
                    kept = {**state.to_dict(), "identity": identity}
                    save_resume(checkpoints, setup.loaded.model, setup.optimizer, kept)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_stopped(title, state.epoch, setup.epochs)) from None
    best = save_best(
        checkpoints,
        setup.loaded.model,
        setup.loaded.tokenizer,
        best_epoch=state.best_epoch,
        epoch=state.epoch,
    )
    clear_resume(checkpoints)
    said = [*setup.all_notices, *notices, *_cut_short(setup, state), *track.watch.notices()]
    return make_result(setup, state, best, track.curve, said)


def train_epoch(
    setup: Setup, epoch: int, bar: TrainingBar, log: Log = _no_log, track: Track | None = None
) -> float:
    """Pass once over the training split; return the mean loss a row.

    The last epoch of a run with a number of steps ends with them.
    """
    arguments, total = setup.arguments, setup.total_steps
    key = fold_in(arguments.seed, "epoch", epoch)
    torch.manual_seed(setup.team.key(key) % 2**63)
    _open_layers(setup, epoch)
    setup.model.train()
    lengths, first = setup.train.lengths, epoch * setup.steps_per_epoch
    plan = plan_epoch(lengths, arguments.rows_per_step, key)[: total - first]
    log_every = max(1, total // _LOGGED_STEPS)
    losses, computed = EpochLosses(), setup.computed
    with ExitStack() as stack:
        if setup.device.type == "cpu":
            stack.enter_context(fast_dropout(setup.model, setup.dropout))
        for index, rows in enumerate(plan):
            step = first + index
            counted = setup.train.weight(rows, _step_key(setup, step))
            losses.add(train_step(setup, rows, step, total), counted)
            loss = None
            if setup.split or index + 1 == len(plan) or index % _READ_EVERY == 0:
                recent = losses.unread()
                loss = recent[-1]
                _check_finite(recent, step, total, arguments)
                if step % log_every == 0:
                    log({"event": "step", "step": step + 1, "of": total, "loss": loss})
                if track is not None:
                    _warn(track.watch.losses(recent, step + 1), bar, log)
            bar.step(len(rows), int(lengths[rows].sum()), loss)
            if track is not None and _is_due(arguments, step):
                _show(setup, step, losses, log, track)
    setup.computed = computed + setup.team.total(setup.computed - computed)
    if track is not None:
        track.add(losses)
    return losses.mean()


def train_step(setup: Setup, rows: Rows, step: int, total_steps: int) -> torch.Tensor:
    """Learn from the rows of one step; return their mean loss, still on the device."""
    arguments, data = setup.arguments, setup.train
    factor = learning_rate_factor(arguments.schedule, step, total_steps, arguments.warmup_ratio)
    set_learning_rates(setup.optimizer, factor)
    key = _step_key(setup, step)
    setup.dropout.reseed(setup.team.key(key))
    lengths = data.computed[rows]
    max_rows = arguments.batch_size or len(rows)
    # The mean over the batch, not over the slice: slices then add up to the batch's gradient.
    weight = max(data.weight(rows, key), 1e-12)
    pieces = setup.team.pieces(lengths, max_rows=max_rows, split=setup.split)
    batches = (data.batch(rows[piece.rows], setup.device, key) for piece in pieces)
    own = (lengths[piece.rows] for piece in pieces if piece.counts)
    setup.computed += sum(map(setup.with_padding, own))
    setup.tokens += int(lengths.sum())
    setup.rows += len(rows)
    if setup.recorded is not None and len(pieces) == 1:
        return setup.recorded.step(partial(_learn, setup, pieces), next(batches), weight)
    return add(_learn(setup, pieces, batches, weight))


def _learn(
    setup: Setup, pieces: Sequence[Piece], batches: Iterable[Batch], weight: Any
) -> torch.Tensor:
    """Move the weights by the gradient of the mean loss; return this process's part of it."""
    mean = torch.zeros((), device=setup.device)
    for piece, (inputs, labels) in zip(pieces, batches, strict=True):
        with setup.team.learning(setup.model, piece) as model:
            loss = setup.objective.loss_sum(model(**inputs), labels, training=True) / weight
            setup.accelerator.backward(setup.team.share_of(loss, piece))
        if piece.counts:
            mean += loss.detach()
    if setup.arguments.max_grad_norm > 0:
        setup.accelerator.clip_grad_norm_(setup.model.parameters(), setup.arguments.max_grad_norm)
    setup.optimizer.step()
    setup.optimizer.zero_grad(set_to_none=True)
    return mean


def _step_key(setup: Setup, step: int) -> int:
    return fold_in(setup.arguments.seed, "dropout", step)


def _open_layers(setup: Setup, epoch: int) -> None:
    """Open the layers that gradual unfreezing has reached."""
    if setup.arguments.unfreeze is not None:
        every = parse_unfreeze(setup.arguments.unfreeze)
        apply_gradual(setup.loaded.model, epoch, every, ceiling=setup.configured.trained)


def _is_due(arguments: TrainingArguments, step: int) -> bool:
    return arguments.eval_steps is not None and (step + 1) % arguments.eval_steps == 0


def _show(setup: Setup, step: int, losses: EpochLosses, log: Log, track: Track) -> None:
    """Score the model within an epoch, for the learning curve; nothing random is drawn."""
    track.add(losses)
    entry = track.show(step + 1, validate(setup, setup.validation))
    log({"event": "curve", **entry})
    setup.model.train()


def _validated(
    setup: Setup,
    state: RunState,
    train_loss: float,
    bar: TrainingBar,
    checkpoints: Path,
    log: Log,
    track: Track,
) -> RunState:
    """Score the epoch that has just ended, keep the model if it is the best, and move on."""
    scores = validate(setup, setup.validation)
    setup.team.collect(setup.loaded.model)
    epoch, metric = state.epoch + 1, setup.objective.metric
    best = None if state.best is None else Scores(**state.best)
    better = is_better(scores, best, setup.objective)
    if better and epoch < setup.epochs:  # after the last one, the model itself is it
        keep_best(checkpoints, setup.loaded.model, setup.optimizer, epoch)
    entry = {"epoch": epoch, "train_loss": train_loss, "loss": scores.loss, **scores.metrics}
    seconds = state.seconds + bar.lap()
    log({"event": "epoch", **entry, "constant": scores.constant, "seconds": round(seconds, 3)})
    value = scores.metrics[metric]
    bar.line(
        f"epoch {epoch} of {setup.epochs}: loss {train_loss:.4f}, validation loss "
        f"{scores.loss:.4f}, {metric} {'undefined' if value is None else format(value, '.4f')}"
    )
    _warn(track.watch.scored(scores, epoch), bar, log)
    return RunState(
        epoch=epoch,
        best_epoch=epoch if better else state.best_epoch,
        best=asdict(scores) if better else state.best,
        history=[*state.history, entry],
        seconds=seconds,
        rows=setup.rows,
        tokens=setup.tokens,
        computed=setup.computed,
        track=track.to_dict(),
    )


def _warn(warning: str | None, bar: TrainingBar, log: Log) -> None:
    if warning is not None:
        log({"event": "warning", "message": warning})
        bar.line(warning)


def _is_over(setup: Setup, state: RunState) -> bool:
    """Tell whether all epochs are done, or the last ones brought nothing."""
    return state.epoch >= setup.epochs or _without_gain(setup, state)


def _without_gain(setup: Setup, state: RunState) -> bool:
    patience = setup.arguments.early_stopping
    return patience is not None and state.epoch - state.best_epoch >= patience


def _cut_short(setup: Setup, state: RunState) -> list[str]:
    """Say that a run ended before its time, or before all layers were open."""
    said = []
    if state.epoch < setup.epochs:
        said.append(
            f"stopped after epoch {state.epoch} of {setup.epochs}: none since epoch "
            f"{state.best_epoch} was better (--early-stopping {setup.arguments.early_stopping})"
        )
    shut = len(setup.configured.trained) - len(trainable_names(setup.loaded.model))
    if setup.arguments.unfreeze is not None and shut:
        said.append(
            f"gradual unfreezing ended before it was through: {shut} of "
            f"{len(setup.configured.trained)} tensors stayed frozen (more --epochs open them)"
        )
    return said


def _stopped(title: str, done: int, epochs: int) -> str:
    where = f"{title}: stopped in epoch {done + 1} of {epochs}; the same command"
    return f"{where} goes on after epoch {done}" if done else f"{where} starts it again"


def _resumed(checkpoints: Path, setup: Setup, identity: str) -> tuple[RunState, Track]:
    """Return where an unfinished run stopped, or the start of a new one."""
    found = load_resume(checkpoints, setup.loaded.model, setup.optimizer, identity)
    setup.team.hand_out(setup.loaded.model)
    if found is None:
        return RunState(seconds=setup.seconds), Track.start(
            setup.arguments,
            setup.objective,
            setup.train,
            setup.total_steps,
            pretrained_layers=setup.configured.pretrained_layers,
        )
    state = RunState(**{key: value for key, value in found.items() if key != "identity"})
    state.seconds += setup.seconds
    setup.rows, setup.tokens, setup.computed = state.rows, state.tokens, state.computed
    return state, Track.from_dict(state.track or {})


def run_identity(*parts: Any) -> str:
    """Return a hash of what decides a run's result; a checkpoint of another run is not used."""
    return blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=8).hexdigest()


def _check_finite(
    recent: list[float], step: int, total_steps: int, arguments: TrainingArguments
) -> None:
    """Stop at the first loss that is no number; `recent` are those of the steps up to `step`."""
    first = next((i for i, loss in enumerate(recent) if not math.isfinite(loss)), None)
    if first is None:
        return
    raise TrainingError(
        f"training: expected a finite loss, got {recent[first]} at step "
        f"{step - len(recent) + first + 2} of {total_steps}; the learning rate "
        f"{arguments.learning_rate:g} may be too high (--lr)"
    )

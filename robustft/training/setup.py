"""All that a training loop works with, made ready once: data, model, optimizer, device."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from robustft.data.split import Split
from robustft.data.task import TaskType
from robustft.errors import UsageError
from robustft.model.device import resolve_device, resolve_precision
from robustft.model.load import LoadedModel
from robustft.model.processes import machine_first
from robustft.training.arguments import TrainingArguments
from robustft.training.configure import Configured, configure
from robustft.training.distributed import Team
from robustft.training.dropout import MaskStream
from robustft.training.examples import Examples, tokenize_split
from robustft.training.fast import fast_path
from robustft.training.features import Reused, reuse_frozen
from robustft.training.frozen_part import FrozenExamples
from robustft.training.objectives import (
    Classification,
    Objective,
    class_weights_of,
    objective_of,
    placed,
)
from robustft.training.optimizers import make_optimizer, make_recordable
from robustft.training.packed import PackedExamples
from robustft.training.recorded import RecordedSteps

__all__ = [
    "Material",
    "Setup",
    "peak_memory_mb",
    "prepare",
    "prepare_examples",
    "prepare_material",
    "read_splits",
]


@dataclass(frozen=True)
class Material:
    """What a model is to learn, read and tokenized: once, however many processes train it."""

    objective: Objective
    train: Examples
    validation: Examples
    notices: tuple[str, ...] = ()


@dataclass
class Setup:
    """What the loop and the validation share, and what they count as they go.

    Attributes
    ----------
    model
        What computes: the whole model, or the part of it that `train` and `validation` are for.
    split
        Whether a batch may be computed in slices to save padding (on a CPU alone: a GPU is
        faster on one large batch).
    configured
        What was done to the loaded model before training.
    notices
        What the user should know.
    seconds
        What computing the frozen part's output took.
    recorded
        Where whole steps are launched as one.
    team
        The processes that train the model.
    rows, tokens, computed
        Rows that training has seen, tokens that were texts, and tokens that were computed,
        padding included.
    """

    configured: Configured
    arguments: TrainingArguments
    accelerator: Accelerator
    model: Any
    optimizer: Any
    objective: Objective
    train: Examples
    validation: Examples
    precision: str
    notices: tuple[str, ...] = ()
    seconds: float = 0.0
    recorded: RecordedSteps | None = None
    dropout: MaskStream = field(default_factory=MaskStream)
    team: Team = field(default_factory=Team)
    rows: int = 0
    tokens: int = 0
    computed: int = 0

    @property
    def loaded(self) -> LoadedModel:
        """The whole model, which is saved."""
        return self.configured.loaded

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return torch.device(self.accelerator.device)

    @property
    def split(self) -> bool:
        """Whether slicing a batch pays."""
        return self.device.type == "cpu" and not isinstance(self.train, PackedExamples)

    def with_padding(self, lengths: npt.NDArray[np.int64]) -> int:
        """Return how many tokens are computed for a batch with these row `lengths`."""
        if isinstance(self.train, PackedExamples):
            return self.train.with_padding(lengths)
        return int(lengths.max()) * len(lengths)

    @property
    def all_notices(self) -> tuple[str, ...]:
        """What the user should know, and came up in training too."""
        return self.notices + (() if self.recorded is None else self.recorded.notices)

    @property
    def reuses(self) -> bool:
        """Whether `model` is the part above frozen layers."""
        return isinstance(self.train, FrozenExamples)

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps an epoch."""
        return -(-len(self.train) // self.arguments.rows_per_step)

    @property
    def epochs(self) -> int:
        """Passes over the training split; the last may be partial where the steps are given."""
        if self.arguments.max_steps is None:
            return self.arguments.epochs
        return -(-self.arguments.max_steps // self.steps_per_epoch)

    @property
    def total_steps(self) -> int:
        """Optimizer steps of the whole run."""
        return self.arguments.max_steps or self.arguments.epochs * self.steps_per_epoch


def prepare(
    loaded: LoadedModel,
    train: Split,
    validation: Split,
    arguments: TrainingArguments,
    *,
    cache: Path | None = None,
    progress: bool = False,
) -> Setup:
    """Tokenize the data, make the model what is to be trained, make the optimizer.

    Parameters
    ----------
    arguments
        They must be resolved.
    cache
        Where the output of a frozen part that is computed once may lie.
    progress
        Whether to show a bar while it is computed.

    Raises
    ------
    DataError
        A split is empty or without labels.
    UsageError
        An option does not fit the task or the model.
    """
    material = read_splits(loaded, train, validation, arguments)
    return prepare_material(loaded, material, arguments, cache=cache, progress=progress)


def read_splits(
    loaded: LoadedModel, train: Split, validation: Split, arguments: TrainingArguments
) -> Material:
    """Tokenize the data, whatever the task; see `prepare`."""
    if loaded.task.type is TaskType.QUESTION_ANSWERING:
        from robustft.training.qa import read_questions

        return read_questions(loaded, train, validation, arguments)
    length = arguments.max_length or 256
    rows, held_out = (tokenize_split(loaded.tokenizer, s, length) for s in (train, validation))
    weights = class_weights_of(arguments.class_weights, rows.labels, loaded.task)
    if weights is not None:
        rows = replace(rows, row_weights=weights[rows.labels])
    objective = objective_of(
        loaded.task, class_weights=weights, label_smoothing=arguments.label_smoothing
    )
    return Material(objective, rows, held_out)


def prepare_material(
    loaded: LoadedModel, material: Material, arguments: TrainingArguments, **settings: Any
) -> Setup:
    """Make ready what learns from `material`; `settings` are for `prepare_examples`."""
    setup = prepare_examples(
        loaded, material.objective, material.train, material.validation, arguments, **settings
    )
    setup.notices = tuple(dict.fromkeys([*setup.notices, *material.notices]))
    return setup


def prepare_examples(
    loaded: LoadedModel,
    objective: Objective,
    train: Examples,
    validation: Examples,
    arguments: TrainingArguments,
    *,
    cache: Path | None = None,
    progress: bool = False,
) -> Setup:
    """Make ready what `fit_setup` trains, for examples of any task; see `prepare`."""
    _check_objective(objective, arguments)
    configured = configure(loaded, arguments)
    loaded, arguments = configured.loaded, configured.arguments
    device = resolve_device(arguments.device)
    precision = resolve_precision(arguments.precision, device)
    accelerator = _accelerator(device, precision)
    team = Team()
    # Where weights are divided they need not fit on one device.
    place: Any = "cpu" if team.world.sharded else accelerator.device
    loaded.model.to(place)
    if team.world.sharded:
        view = team.divide(loaded.model, arguments, accelerator.device)
        said = ("--fast: the plain path is taken: weights are divided (FSDP)",)
        reused: Reused | None = Reused(view, train, validation, said if arguments.fast else ())
        optimizer = make_optimizer(view, arguments, device)
    else:
        with machine_first():
            reused = reuse_frozen(
                loaded, train, validation, arguments, cache, precision=precision, progress=progress
            )
        if arguments.fast:
            here = accelerator.device
            reused = fast_path(
                loaded, train, validation, arguments, here, precision=precision, reused=reused
            )
        view = loaded.model if reused is None else reused.model
        optimizer = make_optimizer(loaded.model, arguments, device)
    recorded = _recorded(reused, arguments, accelerator, optimizer)
    if recorded is not None:
        make_recordable(optimizer, accelerator.device)
    # The team sums gradients: accelerate need not wrap the model for it.
    prepared = accelerator.prepare_model(view, evaluation_mode=True)
    optimizer = accelerator.prepare_optimizer(optimizer)
    return Setup(
        configured=configured,
        arguments=arguments,
        accelerator=accelerator,
        model=prepared,
        optimizer=optimizer,
        objective=placed(objective, device),
        train=train if reused is None else reused.train,
        validation=validation if reused is None else reused.validation,
        precision=precision,
        notices=configured.notices + (() if reused is None else reused.notices),
        seconds=0.0 if reused is None else reused.seconds,
        recorded=recorded,
        team=team,
    )


def _recorded(
    fast: Reused | None,
    arguments: TrainingArguments,
    accelerator: Accelerator,
    optimizer: torch.optim.Optimizer,
) -> RecordedSteps | None:
    """Return what records steps where all of them are alike and one process computes them."""
    packed = fast is not None and isinstance(fast.train, PackedExamples) and fast.train.static
    alike = arguments.optimizer == "adamw" and arguments.unfreeze is None
    alike = alike and arguments.gradient_accumulation == 1
    if not (packed and alike and accelerator.device.type == "cuda"):
        return None
    if accelerator.num_processes > 1:
        return None
    return RecordedSteps(accelerator.device, optimizer)


def _check_objective(objective: Objective, arguments: TrainingArguments) -> None:
    """Refuse what only a classification has a meaning for."""
    if isinstance(objective, Classification):
        return
    for name in ("label_smoothing", "class_weights"):
        if getattr(arguments, name):
            raise UsageError(
                f"{name}: expected to be left out for what is no classification, "
                f"got {getattr(arguments, name)}"
            )


def peak_memory_mb(device: torch.device) -> float:
    """Return the most memory in use so far, in MiB: of the GPU, else of the process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    try:
        import resource
    except ImportError:  # Windows has no such module.
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts KiB, macOS bytes.
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _accelerator(device: torch.device, precision: str) -> Accelerator:
    """Return an accelerator for this device; accelerate allows one setting a process at a time."""
    state = AcceleratorState._shared_state
    if state:
        AcceleratorState._reset_state(reset_partial_state=True)
    return Accelerator(
        cpu=device.type == "cpu", mixed_precision="bf16" if precision == "bf16" else "no"
    )

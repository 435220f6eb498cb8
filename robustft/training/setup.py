"""All that a training loop works with, made ready once: data, model, optimizer, device."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from robustft.data.dataset import Split
from robustft.model.device import resolve_device, resolve_precision
from robustft.model.load import LoadedModel
from robustft.training.arguments import TrainingArguments
from robustft.training.dropout import MaskStream
from robustft.training.examples import Examples, tokenize_split
from robustft.training.objectives import Objective, objective_of

__all__ = ["Setup", "peak_memory_mb", "prepare", "prepare_examples"]


@dataclass
class Setup:
    """What the loop and the validation share, and what they count as they go.

    Attributes
    ----------
    loaded
        The whole model, which is saved.
    model
        What computes: the whole model, or the part of it that `train` and `validation` are for.
    split
        Whether a batch may be computed in slices to save padding (on a CPU alone: a GPU is
        faster on one large batch).
    tokens, computed
        Tokens that were texts, and tokens that were computed, padding included, in training.
    """

    loaded: LoadedModel
    arguments: TrainingArguments
    accelerator: Accelerator
    model: Any
    optimizer: Any
    objective: Objective
    train: Examples
    validation: Examples
    precision: str
    dropout: MaskStream = field(default_factory=MaskStream)
    tokens: int = 0
    computed: int = 0

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return torch.device(self.accelerator.device)

    @property
    def split(self) -> bool:
        """Whether slicing a batch pays."""
        return self.device.type == "cpu"

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps an epoch."""
        return -(-len(self.train) // self.arguments.rows_per_step)


def prepare(
    loaded: LoadedModel, train: Split, validation: Split, arguments: TrainingArguments
) -> Setup:
    """Tokenize the data, move the model, make the optimizer. The arguments must be resolved.

    Raises
    ------
    DataError
        A split is empty or without labels.
    """
    length = arguments.max_length or 256
    data = [tokenize_split(loaded.tokenizer, split, length) for split in (train, validation)]
    return prepare_examples(loaded, objective_of(loaded.task), data[0], data[1], arguments)


def prepare_examples(
    loaded: LoadedModel,
    objective: Objective,
    train: Examples,
    validation: Examples,
    arguments: TrainingArguments,
) -> Setup:
    """Move the model and make the optimizer, for examples of any task."""
    device = resolve_device(arguments.device)
    precision = resolve_precision(arguments.precision, device)
    accelerator = _accelerator(device, precision)
    model = loaded.model.to(accelerator.device)
    prepared, optimizer = accelerator.prepare(model, _optimizer(model, arguments, device))
    return Setup(
        loaded=loaded,
        arguments=arguments,
        accelerator=accelerator,
        model=prepared,
        optimizer=optimizer,
        objective=objective,
        train=train,
        validation=validation,
        precision=precision,
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
    if state and state.get("num_processes", 1) == 1:
        AcceleratorState._reset_state(reset_partial_state=True)
    return Accelerator(
        cpu=device.type == "cpu", mixed_precision="bf16" if precision == "bf16" else "no"
    )


def _optimizer(
    model: torch.nn.Module, arguments: TrainingArguments, device: torch.device
) -> torch.optim.Optimizer:
    """Return AdamW; weight decay is for matrices, not for biases and the scales of norms."""
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": arguments.weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=arguments.learning_rate or 0.0,
        fused=device.type in {"cpu", "cuda"},
    )

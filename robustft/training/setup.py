"""All that a training loop works with, made ready once: data, model, optimizer, device."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from robustft.data.dataset import Split
from robustft.data.task import Task, TaskType
from robustft.errors import DataError
from robustft.model.device import resolve_device, resolve_precision
from robustft.model.load import LoadedModel
from robustft.training.arguments import TrainingArguments
from robustft.training.batching import TokenizedTexts, tokenize
from robustft.training.dropout import MaskStream

__all__ = ["LabelledTokens", "Setup", "loss_sum", "peak_memory_mb", "prepare", "tokenize_split"]


@dataclass(frozen=True)
class LabelledTokens:
    """A tokenized split with its labels: int64 codes, or float32 targets for regression."""

    tokens: TokenizedTexts
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.tokens)


@dataclass
class Setup:
    """What the loop and the validation share, and what they count as they go.

    Attributes
    ----------
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
    train: LabelledTokens
    validation: LabelledTokens
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
    device = resolve_device(arguments.device)
    precision = resolve_precision(arguments.precision, device)
    accelerator = _accelerator(device, precision)
    length = arguments.max_length or 256
    data = [tokenize_split(loaded, split, length) for split in (train, validation)]
    model = loaded.model.to(accelerator.device)
    prepared, optimizer = accelerator.prepare(model, _optimizer(model, arguments, device))
    return Setup(
        loaded=loaded,
        arguments=arguments,
        accelerator=accelerator,
        model=prepared,
        optimizer=optimizer,
        train=data[0],
        validation=data[1],
        precision=precision,
    )


def tokenize_split(loaded: LoadedModel, split: Split, max_length: int) -> LabelledTokens:
    """Tokenize a labelled split.

    Raises
    ------
    DataError
        It has no rows, no labels, or a label that the task does not have.
    """
    if not len(split):
        raise DataError(f"{split.name}: expected rows to train or validate on, got none")
    if split.labels is None:
        raise DataError(f"{split.name}: expected labels, got a split without any")
    labels = np.asarray(split.labels)
    tokens = tokenize(loaded.tokenizer, split.texts, max_length)
    return LabelledTokens(tokens, _label_tensor(labels, split.name, loaded.task))


def loss_sum(logits: torch.Tensor, labels: torch.Tensor, task: Task) -> torch.Tensor:
    """Return the loss summed over rows: cross entropy, or squared error for regression."""
    if task.type is TaskType.REGRESSION:
        error: torch.Tensor = torch.nn.functional.mse_loss(
            logits.float().squeeze(-1), labels, reduction="sum"
        )
        return error
    return torch.nn.functional.cross_entropy(logits.float(), labels, reduction="sum")


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


def _label_tensor(labels: npt.NDArray[Any], where: str, task: Task) -> torch.Tensor:
    if task.type is TaskType.REGRESSION:
        targets = labels.astype(np.float32)
        bad = np.flatnonzero(~np.isfinite(targets))
        if len(bad):
            raise DataError(
                f"{where}: row {bad[0]}: expected a finite target, got {labels[bad[0]]}"
            )
        return torch.from_numpy(targets)
    codes = labels.astype(np.int64)
    bad = np.flatnonzero((codes < 0) | (codes >= task.num_labels))
    if len(bad):
        raise DataError(
            f"{where}: row {bad[0]}: expected a label code from 0 to {task.num_labels - 1}, "
            f"got {labels[bad[0]]}"
        )
    return torch.from_numpy(codes)


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

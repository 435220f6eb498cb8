"""The fast path: the same training, from packed batches, with little for the host to do.

What ``--fast`` changes is how a step is computed, not which: the rows of each batch, their order,
the loss, the optimizer and its settings are those of the plain path, and in 32 bits without dropout
so are the losses and gradients, to rounding. Dropout has the same rates everywhere, attention
weights included, and other random numbers, so a run differs from a plain one as it does from one
with another seed.

- **Packed batches** (`robustft.model.packing`): no token is padding.
- **Texts on the device** (`robustft.training.packed`): a batch is gathered by index.
- **Layers compiled**, on CUDA where a run is long enough to pay for it: one layer is compiled, for
  any number of tokens, and stands for all (PyTorch's regional compilation).
- **Steps recorded** (`robustft.training.recorded`), on CUDA: forward, backward, clipping and the
  optimizer's step are launched as one.

Before training, packed outputs are compared with plain ones on a few texts; where they differ, or
anything fails, the plain path is taken, and the reason said.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from robustft.errors import first_line
from robustft.model.flops import training_flops
from robustft.model.load import LoadedModel
from robustft.model.packing import PackedModel, has_kernel, padding_before, why_not_packed
from robustft.model.seeded import seeded_torch
from robustft.training.arguments import TrainingArguments
from robustft.training.batching import TokenizedTexts
from robustft.training.examples import Examples
from robustft.training.features import Reused
from robustft.training.frozen_part import TokenExamples
from robustft.training.packed import FlatTokens, PackedExamples, place_tokens, to_device

__all__ = ["compare_packed", "fast_path", "pack_examples"]

# How far packed outputs may lie from plain ones: rounding, and more of it in 16 bits.
_TOLERANCE = {"fp32": 1e-4, "bf16": 5e-2}
# A run with less to compute ends before a compiled layer has paid for its compilation: 10 s or so
# against a third of a run at some 300 TFLOP/s.
WORTH_COMPILING = 1e16


def fast_path(
    loaded: LoadedModel,
    train: Examples,
    validation: Examples,
    arguments: TrainingArguments,
    device: torch.device,
    *,
    precision: str,
    reused: Reused | None = None,
) -> Reused | None:
    """Return the model and the examples of the fast path, and what to say of it.

    Parameters
    ----------
    loaded
        Its model is on the device.
    reused
        What stands for the model and the examples already, because a part of it is frozen: that
        goes before, and so does whatever else cannot be packed. The notice says so.
    """
    reason = "its frozen layers are done once (--frozen reuse)" if reused else None
    reason = reason or _why_not(loaded.model, train, validation)
    if reason is None:
        assert isinstance(train, TokenExamples)
        assert isinstance(validation, TokenExamples)
        compiled = _pays(loaded.model, train, arguments, device, precision)
        try:
            return _packed(loaded.model, train, validation, device, precision, compiled=compiled)
        except Exception as problem:
            reason = first_line(problem)
    said = f"--fast: the plain path is taken: {reason}"
    if reused is not None:
        return replace(reused, notices=(*reused.notices, said))
    return Reused(loaded.model, train, validation, (said,))


def _why_not(model: Any, *splits: Examples) -> str | None:
    if not all(isinstance(split, TokenExamples) for split in splits):
        return "what it learns from is not the same tokens each time"
    return why_not_packed(model)


def _pays(
    model: Any,
    train: TokenExamples,
    arguments: TrainingArguments,
    device: torch.device,
    precision: str,
) -> bool:
    """Tell whether compiling pays for itself within the run."""
    if device.type != "cuda" or precision != "bf16":
        return False
    passes = float(arguments.epochs)
    if arguments.max_steps is not None:
        passes = arguments.max_steps * arguments.rows_per_step / len(train)
    return passes * training_flops(model, train.lengths) >= WORTH_COMPILING


def _packed(
    model: Any,
    train: TokenExamples,
    validation: TokenExamples,
    device: torch.device,
    precision: str,
    *,
    compiled: bool,
) -> Reused:
    """Pack model and examples, and try both."""
    notices: list[str] = []
    fast = PackedModel(model, compiled=compiled)
    rows, held_out = (
        pack_examples(model, split, device, precision) for split in (train, validation)
    )
    if compiled:
        try:
            _rehearse(fast, rows, precision)
        except Exception as problem:
            notices.append(f"--fast: not compiled: {first_line(problem)}")
            fast = PackedModel(model)
    compare_packed(model, fast, train.tokens, rows.flat, precision)
    return Reused(fast, rows, held_out, tuple(notices))


def pack_examples(
    model: Any, data: TokenExamples, device: torch.device, precision: str
) -> PackedExamples:
    """Put the rows of a split on the device and pack their batches."""
    flat: FlatTokens = place_tokens(data.tokens, device, padding_before(model))
    labels = to_device(data.labels.numpy(), device)
    varlen = has_kernel(device, precision)
    return PackedExamples(data, flat, labels, static=varlen, varlen=varlen)


def _rehearse(model: PackedModel, data: PackedExamples, precision: str) -> None:
    """Compile both directions on two batches of different sizes; nothing is learned."""
    model.train()
    try:
        with seeded_torch(0):
            for count in (1, 3):
                rows = np.arange(min(count, len(data)))
                inputs, _ = data.batch(rows, data.flat.device, 0)
                with _automatic(data.flat.device, precision):
                    model(**inputs).logits.float().sum().backward()
    finally:
        for parameter in model.parameters():
            parameter.grad = None


def compare_packed(
    model: Any, fast: PackedModel, tokens: TokenizedTexts, flat: FlatTokens, precision: str
) -> None:
    """Compare packed with plain outputs on three texts of different lengths.

    Raises
    ------
    RuntimeError
        They differ.
    """
    order = np.argsort(tokens.lengths, kind="stable")
    rows = np.unique(order[[0, len(order) // 2, -1]])
    model.eval()
    fast.eval()
    varlen = has_kernel(flat.device, precision)
    with torch.no_grad(), _automatic(flat.device, precision):
        wanted = model(**tokens.collate(rows, flat.device)).logits.float()
        found = fast(**flat.pack(rows, static=varlen, varlen=varlen)).logits.float()
    difference = float((wanted - found).abs().max())
    if not difference <= _TOLERANCE[precision] * max(1.0, float(wanted.abs().max())):
        raise RuntimeError(f"packed and plain outputs differ by {difference:.2g}")


def _automatic(device: torch.device, precision: str) -> torch.autocast:
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")

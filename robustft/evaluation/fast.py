"""Prediction from packed batches: many texts in one row of tokens, none of them padding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from robustft.errors import first_line
from robustft.evaluation.spread import taken
from robustft.model.packing import PackedModel, has_kernel, padding_before
from robustft.training.batching import Rows, TokenizedTexts
from robustft.training.frozen_part import batches_by_length
from robustft.training.packed import place_tokens, scored_at_once

__all__ = ["not_packed", "packed_logits", "problem_with"]

Floats = npt.NDArray[np.float32]


def not_packed(reason: str | None) -> tuple[str, ...]:
    """Return the sentence for a model that is to be packed and cannot be."""
    return () if reason is None else (f"--fast: texts are not packed: {reason}",)


def problem_with(model: Any, tokens: TokenizedTexts, rows: Rows, precision: str) -> str | None:
    """Compute one of `rows` packed; return what fails (as a missing kernel does), or None."""
    try:
        for _ in packed_logits(model, taken(tokens, rows[:1]), np.zeros(1, np.int64), precision):
            pass
    except Exception as problem:
        return first_line(problem)
    return None


def packed_logits(
    model: Any, tokens: TokenizedTexts, rows: Rows, precision: str
) -> Iterator[tuple[Rows, Floats]]:
    """Yield positions in `rows` and their logits, longest texts first.

    Autocast is the caller's. The host waits for a batch once the next one is on its way.
    """
    device = next(model.parameters()).device
    varlen = has_kernel(device, precision)
    packed = PackedModel(model).eval()
    flat = place_tokens(tokens, device, padding_before(model))
    before: tuple[Rows, torch.Tensor] | None = None
    for batch in batches_by_length(tokens.lengths[rows], scored_at_once(device)):
        inputs = flat.pack(rows[batch], static=False, varlen=varlen)
        logits = packed(**inputs).logits.float()
        if before is not None:
            yield before[0], before[1].cpu().numpy()
        before = batch, logits
    if before is not None:
        yield before[0], before[1].cpu().numpy()

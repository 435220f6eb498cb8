"""What a processor can compute at most, and what a model asks of it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from robustft.model.packed import PackedLinears

__all__ = ["encoder_flop", "matrix_limit"]


def encoder_flop(config: Any, lengths: npt.NDArray[np.int64]) -> float:
    """Return the operations of one forward pass over texts of these lengths in tokens.

    Counted are matrix products alone, two operations (multiply, add) each: of a layer its four
    square products of attention, its two wide ones, and the two between tokens. Padding, norms and
    activations count nothing, so what is computed for nothing lowers the share of the limit. A
    training step is three times as much (Kaplan et al., 2020, Scaling Laws for Neural Language
    Models, section 2.1: the backward pass is two forward passes).
    """
    wide, inner = config.hidden_size, config.intermediate_size
    a_token = 4 * wide * wide + 2 * wide * inner
    tokens = lengths.astype(np.float64)
    products = a_token * tokens.sum() + 2 * wide * (tokens**2).sum()
    return float(2 * config.num_hidden_layers * products)


def matrix_limit(
    precision: str = "fp32", *, size: int = 2048, times: int = 3, clock: Any = time.perf_counter
) -> float:
    """Return operations a second of the product of two large square matrices, the best of some.

    It is the faster of two libraries: what PyTorch takes for a plain product (MKL, or oneDNN in
    bfloat16), and oneDNN with weights laid out before. Threads are as torch has been told.
    """
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    values, layer = torch.rand(size, size).to(dtype), torch.nn.Linear(size, size)
    other = torch.rand(size, size).to(dtype)
    best = 0.0
    with torch.inference_mode(), PackedLinears(layer).used(dtype):
        for product in (lambda: values @ other, lambda: layer(values)):
            product()
            for _ in range(times):
                started = clock()
                product()
                best = max(best, 2 * size**3 / (clock() - started))
    return best

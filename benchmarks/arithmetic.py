"""What a processor can compute at most."""

from __future__ import annotations

import time
from typing import Any

import torch

from robustft.model.packed import PackedLinears

__all__ = ["matrix_limit"]


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

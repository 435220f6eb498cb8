"""Randomness of PyTorch that comes from a key and leaves no trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["seeded_torch"]


@contextmanager
def seeded_torch(key: int) -> Iterator[None]:
    """Run a block with torch's generators seeded by `key`, and leave them as they were."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(key % 2**63)
        yield

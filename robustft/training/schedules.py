"""How the learning rate moves over training, as a factor of its peak."""

from __future__ import annotations

__all__ = ["warmup_linear"]


def warmup_linear(step: int, total: int, warmup_ratio: float) -> float:
    """Return the factor for `step` (from 0) of `total`: up linearly, then down linearly to 0.

    The first step already learns (factor 1/warm-up steps), and so does the last.

    >>> [round(warmup_linear(step, 10, 0.2), 3) for step in (0, 1, 2, 9)]
    [0.5, 1.0, 1.0, 0.125]
    """
    warmup = round(total * warmup_ratio)
    if step < warmup:
        return (step + 1) / warmup
    return (total - step) / max(1, total - warmup)

"""How the learning rate moves over training, as a factor of its peak: pure functions of the step.

Steps count from 0 to ``total - 1``; every factor lies in [0, 1]. Linear, constant and cosine warm
up over a share of the steps that the user sets; the others rise in their own way.
"""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = [
    "SCHEDULES",
    "WARMED",
    "constant",
    "cosine",
    "cyclical",
    "learning_rate_factor",
    "one_cycle",
    "slanted_triangular",
    "warm_restarts",
    "warmup_linear",
]

# One cycle: the share of steps that rise, and the first and last factor; as in PyTorch and fastai.
_RISE, _FIRST, _LAST = 0.3, 1 / 25, 1 / 25 / 1e4
# Triangles: how many in a run, and their lowest factor (Smith, section 3.3: a third or a quarter).
_TRIANGLES, _LOWEST = 4, 1 / 4
# Restarts: the first period is a seventh of the run, so that three periods, each twice as long as
# the one before (T_mult = 2 in the paper's figures), fill it.
_SHARES = 1 + 2 + 4
# Howard and Ruder, section 3.2.
_CUT_FRACTION, _RATIO = 0.1, 32


def learning_rate_factor(schedule: str, step: int, total: int, warmup_ratio: float) -> float:
    """Return the factor of a named schedule; `warmup_ratio` counts where it has a warm-up."""
    if schedule in WARMED:
        return WARMED[schedule](step, total, warmup_ratio)
    return _SHAPED[schedule](step, total)


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


def constant(step: int, total: int, warmup_ratio: float) -> float:
    """Return the factor of a rate that warms up and then stays."""
    return min(1.0, (step + 1) / max(1, round(total * warmup_ratio)))


def cosine(step: int, total: int, warmup_ratio: float) -> float:
    """Return the factor of a rate that warms up, then falls along half a cosine.

    Source: Loshchilov and Hutter (2017), SGDR: Stochastic Gradient Descent with Warm Restarts,
    equation 5, without restarts.
    """
    warmup = round(total * warmup_ratio)
    if step < warmup:
        return (step + 1) / warmup
    return _half_cosine((step - warmup) / max(1, total - warmup))


def one_cycle(step: int, total: int) -> float:
    """Return the factor of a rate that rises over 30 % of the steps and falls far below its start.

    Both along half a cosine, from 1/25 to 1 to 1/250,000, as `torch.optim.lr_scheduler.OneCycleLR`
    does by default; momentum stays as it is.

    Source: Smith and Topin (2018), Super-Convergence: Very Fast Training of Neural Networks Using
    Large Learning Rates.
    """
    peak, last = max(0.0, _RISE * total - 1), max(1, total - 1)
    if step <= peak:
        return 1.0 if peak == 0 else 1 - (1 - _FIRST) * _half_cosine(step / peak)
    return _LAST + (1 - _LAST) * _half_cosine(min(1.0, (step - peak) / (last - peak)))


def cyclical(step: int, total: int) -> float:
    """Return the factor of a rate that rises and falls linearly, between 1/4 and 1, four times.

    Source: Smith (2017), Cyclical Learning Rates for Training Neural Networks: the triangular
    policy.
    """
    phase = step * _TRIANGLES / total % 1.0
    return _LOWEST + (1 - _LOWEST) * (1 - abs(2 * phase - 1))


def warm_restarts(step: int, total: int) -> float:
    """Return the factor of a rate that falls along half a cosine three times, each twice as long.

    Source: Loshchilov and Hutter (2017), SGDR, equation 5 with T_mult = 2.
    """
    period = -(-total // _SHARES)
    while step >= period:
        step -= period
        period *= 2
    return _half_cosine(step / period)


def slanted_triangular(step: int, total: int) -> float:
    """Return the factor of a rate that rises steeply from 1/32 to 1, then falls slowly back.

    The fall ends with the run also where a tenth of its steps is no whole number; elsewhere this
    is the paper's formula.

    Source: Howard and Ruder (2018), Universal Language Model Fine-tuning for Text Classification,
    equation 3 (cut_frac 0.1, ratio 32).
    """
    cut = max(1, int(total * _CUT_FRACTION))
    share = step / cut if step < cut else 1 - (step - cut) / max(1, total - cut)
    return (1 + share * (_RATIO - 1)) / _RATIO


def _half_cosine(share: float) -> float:
    """Fall from 1 to 0 as `share` rises from 0 to 1."""
    return (1 + math.cos(math.pi * share)) / 2


WARMED: dict[str, Callable[[int, int, float], float]] = {
    "linear": warmup_linear,
    "constant": constant,
    "cosine": cosine,
}
"""The schedules with a warm-up."""

_SHAPED: dict[str, Callable[[int, int], float]] = {
    "one-cycle": one_cycle,
    "cyclical": cyclical,
    "warm-restarts": warm_restarts,
    "slanted-triangular": slanted_triangular,
}

SCHEDULES: tuple[str, ...] = (*WARMED, *_SHAPED)
"""The names of all schedules."""

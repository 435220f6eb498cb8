"""Dropout that costs little on a CPU.

PyTorch draws one Bernoulli number per element on the CPU; for a BERT that takes over a quarter of
a training step, most of it for attention weights. Here four elements share one 64-bit draw of
NumPy's SFC64 (16 bits each, so the rate is exact to 1/65536), about ten times as fast. It is the
same operation: each element is dropped independently with probability p, the others are scaled by
1/(1-p). The masks depend on a key alone, not on thread count or on what ran before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
import torch
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

__all__ = ["FastDropout", "MaskStream", "fast_dropout"]

_ATTENTION = "robustft_cpu"
_STEPS = 65536


class MaskStream:
    """A stream of dropout masks that belongs to one key."""

    def __init__(self, key: int = 0) -> None:
        self.reseed(key)

    def reseed(self, key: int) -> None:
        """Start again from `key`."""
        self._bits = np.random.SFC64(key)

    def draws(self, shape: torch.Size) -> torch.Tensor:
        """Return 16-bit integers of `shape`, each value equally likely."""
        size = shape.numel()
        words = np.asarray(self._bits.random_raw((size + 3) // 4))
        return torch.from_numpy(words.view(np.int16)[:size]).view(shape)


class FastDropout(torch.nn.Dropout):
    """A drop-in for `torch.nn.Dropout` whose masks come from a `MaskStream`."""

    def __init__(self, p: float, stream: MaskStream) -> None:
        super().__init__(p)
        self._stream = stream

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - torch's own name
        """Drop elements of `input` when in training mode."""
        if not self.training or self.p == 0.0:
            return input
        return _drop(input, self.p, self._stream)


class _Drop(torch.autograd.Function):
    """Keep what was drawn at or above a threshold, scaled; forget the rest.

    The draws are saved, not the mask: two bytes an element where a mask in 32 bits, which
    multiplies fastest, takes four.
    """

    @staticmethod
    def forward(
        ctx: Any, values: torch.Tensor, draws: torch.Tensor, threshold: int, scale: float
    ) -> torch.Tensor:
        ctx.save_for_backward(draws)
        ctx.threshold, ctx.scale = threshold, scale
        return _masked(values, draws, threshold, scale)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:
        (draws,) = ctx.saved_tensors
        return _masked(gradients[0], draws, ctx.threshold, ctx.scale), None, None, None


def _masked(
    values: torch.Tensor, draws: torch.Tensor, threshold: int, scale: float
) -> torch.Tensor:
    mask = torch.empty(values.shape, dtype=values.dtype)
    torch.ge(draws, threshold, out=mask)
    return torch.addcmul(values.new_zeros(()), values, mask, value=scale)


def _drop(values: torch.Tensor, p: float, stream: MaskStream) -> torch.Tensor:
    if p >= 1.0:
        return values * 0.0
    threshold = round(p * _STEPS) - _STEPS // 2
    apply: Callable[..., torch.Tensor] = _Drop.apply
    return apply(values, stream.draws(values.shape), threshold, 1.0 / (1.0 - p))


_active: ContextVar[MaskStream | None] = ContextVar("robustft_dropout", default=None)


def _attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    is_causal: bool | None = None,
    **rest: Any,
) -> tuple[torch.Tensor, None]:
    """Scaled dot-product attention; ours where plain attention drops weights, else PyTorch's."""
    stream = _active.get()
    causal = getattr(module, "is_causal", True) if is_causal is None else is_causal
    plain = not causal and query.shape[1] == key.shape[1] and rest.get("position_bias") is None
    if stream is None or dropout == 0.0 or not plain:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout, scaling, is_causal, **rest
        )
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    scores = torch.matmul(query * scale, key.transpose(2, 3))
    if attention_mask is not None:
        # Added, not filled in: weights of 0 as well, and a pass over the scores less going back.
        scores = scores + _bias(attention_mask, scores.dtype)
    weights = _drop(torch.softmax(scores, dim=-1), dropout, stream)
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), None


def _bias(mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return what is added to the scores for a mask that says where to look, or is added itself."""
    if mask.dtype != torch.bool:
        return mask
    return torch.zeros(mask.shape, dtype=dtype).masked_fill_(~mask, torch.finfo(dtype).min)


AttentionInterface.register(_ATTENTION, _attention)
AttentionMaskInterface.register(_ATTENTION, sdpa_mask)


@contextmanager
def fast_dropout(model: PreTrainedModel, stream: MaskStream) -> Iterator[None]:
    """Let `model` draw its dropout masks from `stream` within the block.

    The model's structure and its weights are as before when the block ends. Attention is only
    replaced where the model would use PyTorch's; other implementations are left alone.
    """
    replaced = [
        (parent, name, child)
        for parent in list(model.modules())
        for name, child in list(parent.named_children())
        if type(child) is torch.nn.Dropout
    ]
    for parent, name, child in replaced:
        setattr(parent, name, FastDropout(child.p, stream).train(child.training))
    before = model.config._attn_implementation
    if before == "sdpa":
        model.set_attn_implementation(_ATTENTION)
    token = _active.set(stream)
    try:
        yield
    finally:
        _active.reset(token)
        if before == "sdpa":
            model.set_attn_implementation(before)
        for parent, name, child in replaced:
            setattr(parent, name, child.train(parent.training))

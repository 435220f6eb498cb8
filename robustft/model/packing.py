"""Many texts in one row of tokens: nothing is padding, and attention stays within each text.

A packed batch is one row of all the tokens of its texts. What a layer does to each token alone is
the same whatever stands beside it; attention is told where the texts begin. On a CUDA device in 16
bits that is FlashAttention's kernel for sequences of different lengths (Dao, 2024,
FlashAttention-2), which PyTorch carries. Elsewhere, and in 32 bits, queries, keys and values are
laid out in rows for the attention alone: the same numbers, with padding there.

The kernel is called by PyTorch's own operator and not through `torch.nn.attention.varlen`, which
leaves out the dropout of attention weights that the operator has: without it, training in packed
batches would be another experiment.

A model is packed by a view of it (`robustft.model.prefix`): the very modules and parameters, but
for the highest layer, which passes on one vector a text, so that pooler and head, whatever they
are, see what they would see of a batch of texts of one token each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from transformers import AttentionInterface, AttentionMaskInterface

from robustft.errors import ModelError
from robustft.model.anatomy import anatomy, canonical
from robustft.model.prefix import layer_list, shared_view

__all__ = ["ARCHITECTURES", "PackedModel", "has_kernel", "padding_before", "why_not_packed"]

_ATTENTION = "robustft_packed"
ARCHITECTURES = (
    "bert",
    "camembert",
    "distilbert",
    "electra",
    "modernbert",
    "roberta",
    "xlm-roberta",
)
"""Model types of transformers whose layers look at other tokens through attention alone."""
# Those whose positions begin behind the padding id, and pass over padding.
_OFFSET = ("camembert", "roberta", "xlm-roberta")
_NEEDED = (8, 0)


def why_not_packed(model: Any) -> str | None:
    """Say why a model cannot be packed; None where it can."""
    config: Any = model.config
    kind = type(model.get_base_model() if hasattr(model, "get_base_model") else model).__name__
    if config.model_type not in ARCHITECTURES:
        return f"packing is known for {', '.join(ARCHITECTURES)}, not for {config.model_type}"
    if not kind.endswith("SequenceClassification"):
        return f"packing is known for classification and regression, not for {kind}"
    if getattr(config, "is_decoder", False):
        return "it is a decoder, which reads from left to right"
    if getattr(config, "position_embedding_type", "absolute") not in (None, "absolute"):
        return f"its positions are {config.position_embedding_type}, not absolute"
    return None


def padding_before(model: Any) -> int | None:
    """Return the padding id where positions begin behind it and pass over it; else None."""
    config: Any = model.config
    return int(config.pad_token_id) if config.model_type in _OFFSET else None


def has_kernel(device: torch.device, precision: str) -> bool:
    """Tell whether PyTorch has a kernel for texts of different lengths here."""
    if device.type != "cuda" or precision != "bf16":
        return False
    return torch.cuda.get_device_capability(device) >= _NEEDED


class PackedModel(nn.Module):
    """A sequence classifier as a function of a packed batch.

    It is called with ``input_ids`` and ``position_ids``, shape (1, tokens), ``token_type_ids``
    where there are any, ``bounds`` (int32, shape (texts + 1,)): where each text begins, and the
    end; ``firsts`` (int64, shape (rows,)): where the texts begin that are to be answered;
    ``longest``: the tokens of the longest text, or more; ``varlen``: whether the device has the
    kernel. No text may be empty. The logits have the shape (rows, outputs).

    Parameters
    ----------
    compiled
        Whether each layer is compiled: once for all of them, and for any number of tokens.

    Raises
    ------
    ModelError
        The model cannot be packed.
    """

    def __init__(self, model: Any, *, compiled: bool = False) -> None:
        super().__init__()
        reason = why_not_packed(model)
        if reason is not None:
            raise ModelError(
                f"{type(model).__name__}: expected a model that can be packed: {reason}"
            )
        parts = anatomy(model)
        where, layers = layer_list(model, parts, 1)
        if compiled:
            made: list[Any] = [torch.compile(layer, dynamic=True) for layer in layers]
            layers = made
        if parts.pools_first_token:
            layers = [*layers[:-1], _FirstTokens(layers[-1])]
        view: Any = shared_view(model, {where: nn.ModuleList(layers)})
        if not parts.pools_first_token:
            base = _path_of(view, parts.base)
            view = shared_view(view, {base: _Means(view.get_submodule(base))})
        self.model = view

    @property
    def config(self) -> Any:
        """The model's configuration."""
        return self.model.config

    def set_attn_implementation(self, name: str) -> None:
        """Set how the model attends outside of packed batches."""
        self.model.set_attn_implementation(name)

    def forward(self, **inputs: Any) -> Any:
        """Return the model's outputs for a packed batch."""
        with _attending(self.config):
            return self.model(**inputs)


@contextmanager
def _attending(config: Any) -> Iterator[None]:
    """Let a model attend within texts alone inside the block."""
    before = config._attn_implementation
    config._attn_implementation = _ATTENTION
    try:
        yield
    finally:
        config._attn_implementation = before


class _FirstTokens(nn.Module):
    """The highest layer; of each text it passes on its first token, shape (rows, 1, hidden)."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def __getattr__(self, name: str) -> Any:
        # A model may ask a layer which kind of attention it has (ModernBERT).
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("layer"), name)

    def forward(self, *args: Any, firsts: torch.Tensor, **kwargs: Any) -> Any:
        hidden = self.layer(*args, **kwargs)
        if isinstance(hidden, tuple):
            return (_chosen(hidden[0], firsts), *hidden[1:])
        return _chosen(hidden, firsts)


def _chosen(hidden: torch.Tensor, firsts: torch.Tensor) -> torch.Tensor:
    return hidden[0].index_select(0, firsts)[:, None]


class _Means(nn.Module):
    """A base model; of each text it passes on the mean over its tokens, shape (rows, 1, hidden)."""

    def __init__(self, base: nn.Module) -> None:
        super().__init__()
        self.base = base

    def forward(self, *args: Any, bounds: torch.Tensor, firsts: torch.Tensor, **kwargs: Any) -> Any:
        outputs = self.base(*args, bounds=bounds, firsts=firsts, **kwargs)
        hidden = outputs.last_hidden_state[0]
        lengths = bounds.diff()[: len(firsts)]
        texts = torch.arange(len(firsts), device=hidden.device)
        member = text_of_token(bounds, len(hidden)) == texts[:, None]
        # In 32 bits whatever autocast says, as a model's own mean over hidden states is.
        with torch.autocast(hidden.device.type, enabled=False):
            means = member.to(torch.float32) @ hidden.float() / lengths[:, None]
        outputs.last_hidden_state = means.to(hidden.dtype)[:, None]
        return outputs


def text_of_token(bounds: torch.Tensor, tokens: int) -> torch.Tensor:
    """Return the number of the text that each token belongs to, shape (tokens,)."""
    places = torch.arange(tokens, dtype=bounds.dtype, device=bounds.device)
    return torch.searchsorted(bounds[1:], places, right=True)


def _path_of(view: nn.Module, base: str) -> str:
    """Return the name of the base model's module, which adapters may have put deeper."""
    return next(str(name) for name, _ in view.named_modules() if canonical(name) == base)


def _attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    *,
    bounds: torch.Tensor,
    longest: int,
    varlen: bool,
    sliding_window: int | None = None,
    **rest: Any,
) -> tuple[torch.Tensor, None]:
    """Attention within each text; as `transformers.AttentionInterface` calls it."""
    del module, attention_mask, rest
    # (1, heads, tokens, size) -> (tokens, heads, size)
    heads = [part[0].transpose(0, 1) for part in (query, key, value)]
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    # A window of w reaches w - 1 tokens to each side.
    reach = None if sliding_window is None else sliding_window - 1
    attend = _varlen if varlen else _in_rows
    return attend(heads, bounds, longest, dropout, scale, reach)[None], None


def _varlen(
    heads: Sequence[torch.Tensor],
    bounds: torch.Tensor,
    longest: int,
    dropout: float,
    scale: float,
    reach: int | None,
) -> torch.Tensor:
    """FlashAttention for texts of different lengths; half precision on CUDA alone."""
    outputs: torch.Tensor = torch.ops.aten._flash_attention_forward(
        *heads,
        bounds,
        bounds,
        longest,
        longest,
        dropout,
        False,  # is_causal
        False,  # return_debug_mask
        scale=scale,
        window_size_left=reach,
        window_size_right=reach,
    )[0]
    return outputs


def _in_rows(
    heads: Sequence[torch.Tensor],
    bounds: torch.Tensor,
    longest: int,
    dropout: float,
    scale: float,
    reach: int | None,
) -> torch.Tensor:
    """The same with a row a text, padded, and a mask; nothing waits for the device."""
    tokens, places = len(heads[0]), torch.arange(longest, device=bounds.device)
    inside = places < bounds.diff()[:, None]
    index = (bounds[:-1, None] + places).clamp(max=tokens - 1)
    mask = inside[:, None, None, :]
    if reach is not None:
        mask = mask & ((places[:, None] - places).abs() <= reach)
        # A place behind the text may see nothing then, and would be no number.
        mask = mask | ~inside[:, None, :, None]
    query, key, value = (part[index].transpose(1, 2) for part in heads)
    outputs = nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=mask, dropout_p=dropout, scale=scale
    )
    text = text_of_token(bounds, tokens)
    place = torch.arange(tokens, device=bounds.device) - bounds[text]
    return outputs.transpose(1, 2)[text, place]


def _no_mask(*args: Any, **kwargs: Any) -> None:
    """Build no mask: attention is told where the texts begin."""
    del args, kwargs


AttentionInterface.register(_ATTENTION, _attention)
AttentionMaskInterface.register(_ATTENTION, _no_mask)

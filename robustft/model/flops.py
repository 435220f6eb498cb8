"""How many floating-point operations training on texts takes, and which share of a device that is.

A matrix product of shapes (m, k) and (k, n) counts 2 m k n. The formula is that of Chowdhery et al.
(2022), PaLM: Scaling Language Modeling with Pathways, appendix B, for an encoder: with N weights in
matrices that each token passes, L layers, H hidden numbers and a text of T tokens, going forward
takes

    2 N T + 4 L H T²        (PaLM: 2 N + 4 L H Q T a token; here heads times head size is H)

and training three times that, because going back takes twice as much: 6 N T + 12 L H T². Counted
are the real tokens of each text, so that neither padding nor anything else that a model need not
compute makes a share look larger. Embeddings are looked up and do not count; norms, activations,
softmax and the optimizer do not count either, here as there. Pooler and head see one vector a text.
Where attention reaches w tokens to each side only (ModernBERT), T² is the number of pairs within
reach.

The share of what the device could do in the same time is the model FLOP utilisation. Layers that
do not train take less than is counted here; the share is meant for full fine-tuning.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from robustft.model.anatomy import Component, anatomy

__all__ = ["PEAK_TFLOPS", "forward_flops", "peak_flops", "training_flops", "utilisation"]

PEAK_TFLOPS = {"H200": 989.0, "H100 PCIe": 756.0, "H100": 989.0, "A100": 312.0}
"""Dense bf16 products with sums in 32 bits, in TFLOP/s, by the makers' data sheets."""

Ints = npt.NDArray[np.int64]


def forward_flops(model: Any, lengths: Ints) -> float:
    """Return the operations of one forward pass over texts of `lengths` tokens each.

    Raises
    ------
    ModelError
        The parts of the model cannot be told apart.
    """
    per_token, per_text = _matrix_weights(model)
    tokens = lengths.astype(np.float64)
    attention = sum(float(_pairs(tokens, reach).sum()) for reach in _reaches(model))
    products = per_token * float(tokens.sum()) + per_text * len(lengths)
    return 2.0 * products + 4.0 * int(model.config.hidden_size) * attention


def training_flops(model: Any, lengths: Ints) -> float:
    """Return the operations of one forward and backward pass over texts of `lengths` tokens."""
    return 3.0 * forward_flops(model, lengths)


def peak_flops(device: torch.device) -> float | None:
    """Return the operations a second that a CUDA device can do in bfloat16; None if unknown."""
    if device.type != "cuda":
        return None
    name = torch.cuda.get_device_name(device)
    return next((1e12 * rate for part, rate in PEAK_TFLOPS.items() if part in name), None)


def utilisation(flops: float, seconds: float, device: torch.device) -> float | None:
    """Return the share of the device's peak that `flops` in `seconds` are; None if unknown."""
    peak = peak_flops(device)
    return None if peak is None else flops / seconds / peak


def _matrix_weights(model: Any) -> tuple[int, int]:
    """Return the weights of linear maps that each token passes, and those that each text does."""
    parts = anatomy(model)
    counted = {True: 0, False: 0}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            once = parts.component(name) in (Component.POOLER, Component.HEAD)
            counted[once] += module.weight.numel()
    return counted[False], counted[True]


def _reaches(model: Any) -> list[int | None]:
    """Return for each layer how many tokens attention reaches to each side; None for all."""
    config: Any = model.config
    kinds = getattr(config, "layer_types", None) or ["full_attention"] * config.num_hidden_layers
    return [config.sliding_window if kind == "sliding_attention" else None for kind in kinds]


def _pairs(tokens: npt.NDArray[np.float64], reach: int | None) -> npt.NDArray[np.float64]:
    """Return the pairs of tokens of each text that attend to each other."""
    if reach is None:
        return tokens**2
    near = np.minimum(tokens - 1, reach)
    within: npt.NDArray[np.float64] = tokens + 2 * near * tokens - near * (near + 1)
    return within

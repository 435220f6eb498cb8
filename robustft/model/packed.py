"""Linear layers whose weights lie as a CPU's cache wants them, for as long as they do not change.

PyTorch multiplies 32-bit matrices with MKL, which lays out the weights again in every call, and on
some processors stays well below what they can do; in bfloat16 autocast converts them again in every
call. Here each weight is converted and laid out once, for oneDNN (which PyTorch contains and its
own compiler uses this way), and used by every forward pass without gradients. The products are the
same, summed in another order: an output moves by rounding.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import torch

from robustft.model.seeded import seeded_torch

__all__ = ["PackedLinears", "can_pack"]

# Rows that the layout is chosen for; measured, it serves from 8 to 4096 rows as well as any.
_ROWS = 256
# With fewer weights, calling the product takes longer than the product.
_SMALLEST = 2**16
# A second copy of the weights is no waste up to this size; beyond, memory is what is scarce.
_LIMIT = 2**31


@cache
def can_pack(dtype: torch.dtype = torch.float32) -> bool:
    """Tell whether this processor and this build of PyTorch have what it takes for `dtype`."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    if not torch.backends.mkldnn.is_available():
        return False
    try:
        with seeded_torch(0):  # a trial layer's weights are drawn: the caller's numbers are not
            made = _packed(torch.nn.Linear(16, 16), dtype)(torch.ones(2, 16))
    except (AttributeError, RuntimeError):  # operators that are not public may go
        return False
    return bool(torch.isfinite(made).all())


class PackedLinears:
    """The linear layers of a model on the CPU, packed when first used and again when changed."""

    def __init__(self, model: torch.nn.Module) -> None:
        self._model = model
        self._packed: dict[torch.nn.Linear, tuple[Any, Any]] = {}

    @contextmanager
    def used(self, dtype: torch.dtype) -> Iterator[None]:
        """Compute the model's linear layers in `dtype` from packed weights within the block.

        For inference alone: no gradient passes. The model is as before when the block ends.
        """
        layers = self._layers(dtype)
        try:
            for layer in layers:
                layer.forward = self._forward(layer, dtype)  # type: ignore[method-assign]
            yield
        finally:
            for layer in layers:
                layer.__dict__.pop("forward", None)

    def _layers(self, dtype: torch.dtype) -> list[torch.nn.Linear]:
        found = [
            module
            for module in self._model.modules()
            if type(module) is torch.nn.Linear
            and module.weight.device.type == "cpu"
            and module.weight.dtype is torch.float32
            and module.weight.numel() >= _SMALLEST
            and "forward" not in module.__dict__
        ]
        size = sum(layer.weight.numel() for layer in found) * dtype.itemsize
        return found if size <= _LIMIT and can_pack(dtype) else []

    def _forward(self, layer: torch.nn.Linear, dtype: torch.dtype) -> Any:
        state = (dtype, *map(_version, (layer.weight, layer.bias)))
        known, forward = self._packed.get(layer, (None, None))
        if known != state:
            forward = _packed(layer, dtype)
            self._packed[layer] = state, forward
        return forward


def _version(tensor: torch.Tensor | None) -> tuple[int, int] | None:
    """Return what is another when a tensor was written to, or replaced."""
    return None if tensor is None else (tensor.data_ptr(), tensor._version)


def _packed(layer: torch.nn.Linear, dtype: torch.dtype) -> Any:
    with torch.no_grad():
        weight = torch.ops.mkldnn._reorder_linear_weight(layer.weight.to(dtype), _ROWS)
        return partial(_multiply, weight, _in(dtype, layer.bias), dtype)


def _in(dtype: torch.dtype, bias: torch.Tensor | None) -> torch.Tensor | None:
    return None if bias is None else bias.detach().to(dtype)


def _multiply(
    weight: torch.Tensor, bias: torch.Tensor | None, dtype: torch.dtype, values: torch.Tensor
) -> torch.Tensor:
    product: torch.Tensor = torch.ops.mkldnn._linear_pointwise(
        values.to(dtype), weight, bias, "none", [], ""
    )
    return product

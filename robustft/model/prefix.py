"""A model cut in two at a layer: the frozen part below, and the part above that trains.

Both parts are views: they hold the very modules and parameters of the model, so that training the
upper part trains the model, which can be saved at any time. Only the modules on the way from the
model to the cut are copied, without what they hold.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

import torch
from torch import nn

from robustft.errors import ModelError
from robustft.model.anatomy import Anatomy, anatomy, canonical

__all__ = ["Prefix", "frozen_digest", "suffix_model", "weights_digest"]


class Prefix:
    """Embeddings and the lowest layers of a model, as a function of its inputs.

    It always runs in evaluation mode, whatever the model is in: there is no dropout in what it
    returns, so a text has the same hidden states each time.

    Parameters
    ----------
    layers
        How many layers it holds, at least 1.
    """

    def __init__(self, model: nn.Module, layers: int) -> None:
        parts = anatomy(model)
        where, modules = layer_list(model, parts, layers)
        names = {canonical(name): name for name, _ in model.named_modules()}
        self._evaluated = [model.get_submodule(names[e]) for e in parts.embeddings if e in names]
        self._evaluated += modules[:layers]
        last = _Last(modules[layers - 1])
        self._model = shared_view(model, {where: nn.ModuleList([*modules[: layers - 1], last])})
        for module in _path(self._model, where):
            module.training = False

    def __call__(self, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return the hidden states of the highest layer, shape (rows, tokens, hidden)."""
        for module in self._evaluated:
            module.eval()
        try:
            self._model(**inputs)
        except _ReachedError as reached:
            return reached.hidden
        raise ModelError(
            f"{type(self._model).__name__}: expected to pass its layers, got past them"
        )


def suffix_model(model: nn.Module, layers: int) -> Any:
    """Return the part of `model` above its lowest `layers` layers, as a model of the same class.

    It is called with ``inputs_embeds``, the hidden states that a `Prefix` of as many layers gives,
    and with the attention mask where there is padding.

    Raises
    ------
    ModelError
        The model has no such layers or no embeddings of its own.
    """
    parts = anatomy(model)
    where, modules = layer_list(model, parts, layers)
    replaced: dict[str, nn.Module] = {where: nn.ModuleList(modules[layers:])}
    for name, module in model.named_modules():
        beside = canonical(name).rpartition(".")[0] == parts.base
        if (
            beside
            and canonical(name) in parts.embeddings
            and any(True for _ in module.parameters())
        ):
            replaced[name] = _Given()
    if len(replaced) == 1:
        raise ModelError(f"{type(model).__name__}: expected embeddings beside its layers, got none")
    return shared_view(model, replaced)


def weights_digest(named: Iterable[tuple[str, torch.Tensor]]) -> str:
    """Return a hash of tensors: their names, shapes, types and bytes."""
    digest = blake2b(digest_size=16)
    for name, tensor in named:
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        plain = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        digest.update(plain.numpy().data)
    return digest.hexdigest()


def frozen_digest(model: nn.Module) -> str:
    """Return a hash of the weights that do not train."""
    return weights_digest((n, p) for n, p in model.named_parameters() if not p.requires_grad)


class _ReachedError(Exception):
    """Carries hidden states past the part of the model that is not to run."""

    def __init__(self, hidden: torch.Tensor) -> None:
        super().__init__()
        self.hidden = hidden


class _Last(nn.Module):
    """The highest layer of a prefix: what it returns ends the pass through the model."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer
        self.training = False

    def __getattr__(self, name: str) -> Any:
        # A model may ask a layer which kind of attention it has (ModernBERT).
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("layer"), name)

    def forward(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        outputs = self.layer(*args, **kwargs)
        raise _ReachedError(outputs[0] if isinstance(outputs, tuple) else outputs)


class _Given(nn.Module):
    """Stands for embeddings whose work is done: returns the hidden states that it is given."""

    def forward(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        for value in (kwargs.get("inputs_embeds"), *args, *kwargs.values()):
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                return value
        raise ModelError("a model's upper part: expected hidden states (inputs_embeds), got none")


def layer_list(model: nn.Module, parts: Anatomy, layers: int) -> tuple[str, list[nn.Module]]:
    """Return the name and the entries of the list of layers."""
    wanted = {name.rpartition(".")[0] for name in parts.layers}
    found = [name for name, _ in model.named_modules() if canonical(name) in wanted]
    if len(found) != 1 or parts.passes != len(parts.layers):
        raise ModelError(
            f"{type(model).__name__}: expected one list of layers, each passed once, got another"
        )
    modules = list(model.get_submodule(found[0]).children())
    if not 1 <= layers <= len(modules):
        raise ModelError(
            f"{type(model).__name__}: expected to cut above layer 1 to {len(modules)}, got {layers}"
        )
    return found[0], modules


def shared_view(module: nn.Module, replaced: Mapping[str, nn.Module]) -> nn.Module:
    """Return a copy of `module` that shares what it holds, with other modules at some names."""
    twin = copy.copy(module)
    for kept in ("_parameters", "_buffers", "_modules"):
        twin.__dict__[kept] = twin.__dict__[kept].copy()
    twin.__dict__.pop("forward", None)  # accelerate wraps it for the whole model
    below: dict[str, dict[str, nn.Module]] = {}
    for path, part in replaced.items():
        name, _, rest = path.partition(".")
        below.setdefault(name, {})[rest] = part
    for name, parts in below.items():
        twin._modules[name] = (
            parts[""] if "" in parts else shared_view(module.get_submodule(name), parts)
        )
    return twin


def _path(module: nn.Module, where: str) -> list[nn.Module]:
    """Return the module and those on the way to `where`, that one left out."""
    names = where.split(".")
    return [module.get_submodule(".".join(names[:depth])) for depth in range(len(names))]

"""Adapters: few new weights that train in place of the many that the model came with.

Whatever the kind, this trains: the adapters, the pooler and the head. All else is frozen, except
that with Houlsby adapters the norms of the encoder train too, as in the paper (those of its layers;
the norm of the embeddings stays, so that the embeddings are frozen as a whole).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from torch import nn
from transformers import PreTrainedModel

from robustft.errors import ModelError
from robustft.model.adapter_spec import ADAPTERS, AdapterSpec, parse_adapter
from robustft.model.anatomy import Component, anatomy, is_added, is_within
from robustft.model.houlsby import houlsby_size, insert_houlsby, write_houlsby
from robustft.model.lora import insert_peft, peft_spec, write_peft
from robustft.model.seeded import seeded_torch
from robustft.seeding import fold_in

if TYPE_CHECKING:
    from robustft.model.load import LoadedModel

__all__ = [
    "ADAPTERS",
    "AdapterSpec",
    "adapter_of",
    "adapter_weights",
    "add_adapter",
    "attach_adapter",
    "describe_adapter",
    "parse_adapter",
    "train_adapter",
    "write_model",
]


def attach_adapter(loaded: LoadedModel, spec: AdapterSpec, seed: int) -> LoadedModel:
    """Give a loaded model adapters of `spec`, drawn from `seed`, and freeze its base.

    A model that already has them (its folder was saved with them) goes on from those it has. The
    model is changed in place; what is returned also names the new weights and says what trains.

    Raises
    ------
    ModelError
        The model has other adapters, or an architecture that cannot be adapted.
    MissingExtraError
        The kind needs peft, which is not installed.
    """
    before = adapter_of(loaded.model)
    if before is None:
        add_adapter(loaded.model, spec, seed)
    elif before == spec:
        train_adapter(loaded.model)
    else:
        raise ModelError(
            f"{loaded.name}: expected a model without adapters or with {spec}, "
            f"got one with {before}"
        )
    new = () if before else adapter_weights(loaded.model)
    return replace(
        loaded,
        adapter=spec,
        new_weights=tuple(sorted({*loaded.new_weights, *new})),
        notices=(*loaded.notices, describe_adapter(loaded.model)),
    )


def add_adapter(model: PreTrainedModel, spec: AdapterSpec, seed: int) -> PreTrainedModel:
    """Put adapters of `spec` into `model`, in place, and leave only what is to train unfrozen.

    The model's output is as before for the kinds of peft, nearly so for Houlsby. The adapters'
    weights depend on `seed` and on the architecture alone.

    Raises
    ------
    ModelError
        The model has adapters already, or an architecture that cannot be adapted.
    MissingExtraError
        The kind needs peft, which is not installed.
    """
    before = adapter_of(model)
    if before is not None:
        raise ModelError(f"adapter: expected a model without adapters, got one with {before}")
    with seeded_torch(fold_in(seed, "adapter")):
        if spec.kind == "houlsby":
            insert_houlsby(model, spec.size or 1)
        else:
            insert_peft(model, spec)
    train_adapter(model)
    return model


def adapter_of(model: nn.Module) -> AdapterSpec | None:
    """Return the kind and size of the adapters in `model`; None when it has none."""
    size = houlsby_size(model)
    return peft_spec(model) if size is None else AdapterSpec("houlsby", size)


def adapter_weights(model: nn.Module) -> tuple[str, ...]:
    """Return the names of the weights that adapters brought into `model`."""
    return tuple(name for name, _ in model.named_parameters() if is_added(name))


def train_adapter(model: PreTrainedModel) -> None:
    """Freeze all of an adapted model but its adapters, its pooler and head, and (Houlsby) norms."""
    parts = anatomy(model)
    norms = _encoder_norms(model) if houlsby_size(model) is not None else ()
    for name, parameter in model.named_parameters():
        top = parts.component(name) in (Component.POOLER, Component.HEAD)
        parameter.requires_grad_(top or is_added(name) or is_within(name, norms))


def describe_adapter(model: nn.Module) -> str:
    """Say how much of an adapted model trains.

    ``adapter houlsby:64 trains 1.4 M of 23.5 M parameters (6.1 %)``
    """
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    total = sum(size for size, _ in sizes)
    trained = sum(size for size, trains in sizes if trains)
    percent = 100 * trained / total
    share = f"{percent:.0f}" if percent >= 10 else f"{percent:.2g}"
    return (
        f"adapter {adapter_of(model)} trains {_count(trained)} of {_count(total)} parameters "
        f"({share} %)"
    )


def write_model(model: PreTrainedModel, folder: Path) -> None:
    """Write a model's configuration and weights to a folder that is there; `model` stays as it is.

    Without adapters, as transformers does. With LoRA, its kin or IA3: the same for the merged
    model, whose predictions agree up to rounding, and peft's own files in ``adapter``. With
    Houlsby adapters: all weights, adapters included, in files that `load_finetuned` reads and
    that transformers alone refuses.
    """
    spec = adapter_of(model)
    if spec is None:
        model.save_pretrained(folder)
    elif spec.kind == "houlsby":
        write_houlsby(model, folder)
    else:
        write_peft(model, folder, _trained_in_full(model))


def _trained_in_full(model: PreTrainedModel) -> tuple[str, ...]:
    """Return the names of the modules of pooler and head, each the outermost.

    peft adds the usual names of heads to its own list, and cannot have one within another.
    """
    parts = anatomy(model)
    outermost = {
        name if is_within(name, (parts.base,)) else name.partition(".")[0]: None
        for name in (*parts.pooler, *parts.head)
    }
    return tuple(outermost)


def _encoder_norms(model: PreTrainedModel) -> tuple[str, ...]:
    """Return the names of the norms of the encoder's layers and of the one behind the last."""
    parts = anatomy(model)
    return tuple(
        name
        for name, module in model.named_modules()
        if "Norm" in type(module).__name__ and parts.component(name) is Component.ENCODER
    )


def _count(number: int) -> str:
    return f"{number / 1e6:.1f} M" if number >= 1_000_000 else f"{number:,}"

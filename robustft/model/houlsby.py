"""Bottleneck adapters (Houlsby et al., 2019, *Parameter-Efficient Transfer Learning for NLP*).

Two in every layer of the encoder: behind the projection that ends the attention and behind the one
that ends the feed-forward part, each time before the skip connection and the norm. An adapter
projects down to a few units, applies GELU, projects up again and adds what it was given. Both
projections start from a normal distribution of standard deviation 0.01, cut at two deviations,
with biases of zero, as in the paper: the network first computes nearly what it did without them.

One difference: the paper applies a layer's dropout before the adapter, here it comes behind it.
An adapted projection therefore stays one linear layer, and every weight of the base its name.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import nn
from transformers import PreTrainedModel
from transformers.utils.hub import cached_file

from robustft.errors import ModelError
from robustft.model.adapter_spec import AdapterSpec

__all__ = [
    "VARIANT",
    "AdaptedLinear",
    "Bottleneck",
    "houlsby_size",
    "insert_houlsby",
    "projections",
    "read_adapter_json",
    "restore_houlsby",
    "write_houlsby",
]

# Weights are written as model.houlsby.safetensors. A library that knows nothing of the adapters
# looks for model.safetensors and stops; under that name it would load the base and drop them.
VARIANT = "houlsby"
_DEVIATION = 0.01

# Within a layer: the projection that ends the attention, the one that ends the feed-forward part.
_PROJECTIONS = (
    ("attention.output.dense", "output.dense"),  # BERT, RoBERTa, ELECTRA, DeBERTa and kin
    ("attention.out_lin", "ffn.lin2"),  # DistilBERT
    ("attn.Wo", "mlp.Wo"),  # ModernBERT
    ("attention.attn.o", "output.dense"),  # MPNet
)

_README = """\
# A classifier with Houlsby adapters

`adapter.json` says of which size. robustft loads this folder as any other model
(`robustft eval FOLDER`). transformers alone cannot: it has no such adapters, and without them the
weights of this model mean nothing. So that nobody loads it by mistake, the weights are in
`model.houlsby.safetensors`, not in `model.safetensors`.
"""


class Bottleneck(nn.Module):
    """``x + up(gelu(down(x)))`` over the last axis of ``x``, which keeps its shape."""

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.down = nn.Linear(width, size)
        self.up = nn.Linear(size, width)
        for linear in (self.down, self.up):
            limit = 2 * _DEVIATION
            nn.init.trunc_normal_(linear.weight, std=_DEVIATION, a=-limit, b=limit)
            nn.init.zeros_(linear.bias)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return `hidden` and what the bottleneck adds to it."""
        added: torch.Tensor = self.up(nn.functional.gelu(self.down(hidden)))
        return hidden + added


class AdaptedLinear(nn.Linear):
    """A linear layer followed by a `Bottleneck`; it holds the very weight and bias of `linear`."""

    def __init__(self, linear: nn.Linear, size: int) -> None:
        bias = linear.bias is not None
        super().__init__(linear.in_features, linear.out_features, bias, device="meta")
        self.weight, self.bias = linear.weight, linear.bias
        self.adapter = Bottleneck(linear.out_features, size).to(linear.weight)
        self.train(linear.training)

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 - torch's own name
        """Project `input`, then adapt it."""
        adapted: torch.Tensor = self.adapter(super().forward(input))
        return adapted


def projections(model: PreTrainedModel) -> tuple[str, ...]:
    """Return the names of the projections that are adapted, bottom to top.

    Raises
    ------
    ModelError
        The layers of this architecture are laid out in a way that is not known.
    """
    linear = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    for attention, feed_forward in _PROJECTIONS:
        ends = [
            re.compile(rf"(?:^|.*\.)layers?\.\d+\.{re.escape(end)}")
            for end in (attention, feed_forward)
        ]
        found = [[name for name in linear if end.fullmatch(name)] for end in ends]
        if found[0] and len(found[0]) == len(found[1]):
            return tuple(name for pair in zip(*found, strict=True) for name in pair)
    raise ModelError(
        f"adapter: expected layers like those of BERT, RoBERTa, ELECTRA, DistilBERT, ModernBERT or "
        f"MPNet, got the architecture {model.config.model_type!r}; --adapter lora finds linear "
        "layers by itself"
    )


def insert_houlsby(model: PreTrainedModel, size: int) -> None:
    """Adapt every projection of `model` in place; new weights come from torch's generator."""
    for name in projections(model):
        parent, _, last = name.rpartition(".")
        linear = model.get_submodule(name)
        assert isinstance(linear, nn.Linear)
        setattr(model.get_submodule(parent), last, AdaptedLinear(linear, size))


def houlsby_size(model: nn.Module) -> int | None:
    """Return the size of the model's bottlenecks; None when it has none."""
    sizes = (m.adapter.down.out_features for m in model.modules() if isinstance(m, AdaptedLinear))
    return next(sizes, None)


def write_houlsby(model: PreTrainedModel, folder: Path) -> None:
    """Write the whole state of an adapted model, and a note for who finds the folder."""
    model.save_pretrained(folder, variant=VARIANT)
    fields = {"kind": "houlsby", "size": houlsby_size(model), "weights": _weights_name()}
    (folder / "adapter.json").write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(_README, encoding="utf-8")


def read_adapter_json(name: str, *, offline: bool) -> AdapterSpec | None:
    """Return which adapters a model (a folder, or a name on a hub) was saved with, if any.

    Raises
    ------
    ModelError
        Its ``adapter.json`` cannot be read.
    """
    path = _file(name, "adapter.json", offline)
    if path is None:
        return None
    try:
        fields = json.loads(Path(path).read_text(encoding="utf-8"))
        kind, size = fields["kind"], fields["size"]
    except (OSError, ValueError, KeyError, TypeError) as bad:
        raise ModelError(f"{name}: expected an adapter.json of kind and size, got: {bad}") from None
    if kind != "houlsby" or type(size) is not int or size < 1:
        raise ModelError(
            f"{name}: expected kind houlsby and a size of at least 1 in adapter.json, "
            f"got {kind!r} and {size!r}"
        )
    return AdapterSpec(kind, size)


def restore_houlsby(model: PreTrainedModel, spec: AdapterSpec, name: str, *, offline: bool) -> None:
    """Insert the adapters that the folder or the name on a hub holds into its base model.

    Raises
    ------
    ModelError
        The file lacks an adapter, or holds one of another shape.
    """
    insert_houlsby(model, spec.size or 0)
    wanted = {key: tensor for key, tensor in model.named_parameters() if ".adapter." in key}
    path = _file(name, _weights_name(), offline)
    try:
        with safe_open(str(path), framework="pt") as file, torch.no_grad():
            for key, tensor in wanted.items():
                held = file.get_tensor(key)
                if held.shape != tensor.shape:
                    raise ModelError(
                        f"{name}: expected {key} of shape {tuple(tensor.shape)}, as adapter.json "
                        f"says, got {tuple(held.shape)}"
                    )
                tensor.copy_(held)
    except (OSError, SafetensorError) as problem:
        raise ModelError(f"{name}: expected adapters of {spec}, got: {problem}") from None


def _weights_name() -> str:
    return f"model.{VARIANT}.safetensors"


def _file(name: str, file: str, offline: bool) -> str | None:
    """Return where a file of a model is; None when the model has no such file."""
    path: str | None = cached_file(
        name,
        file,
        local_files_only=offline,
        _raise_exceptions_for_gated_repo=False,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
    )
    return path

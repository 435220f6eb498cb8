"""Low-rank adapters and IA3 by peft, put into a transformers model without wrapping it.

peft's layers are injected, so the model keeps its class, its configuration and its names; only a
layer that is adapted has its weights under ``.base_layer`` instead. LoRA (Hu et al., 2022), its
rank-stabilised scaling (Kalajdzievski, 2023), DoRA (Liu et al., 2024) and IA3 (Liu et al., 2022)
are peft's own. LoRA's alpha equals the rank, as in the GLUE runs of its paper (table 9).

Saving writes two things: the model with the adapters merged into its weights, which any version of
transformers loads, and beside it what peft needs to put them onto the base model again.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import save_file
from torch import nn
from transformers import PreTrainedModel

from robustft.errors import MissingExtraError, ModelError
from robustft.model.adapter_spec import AdapterSpec

if TYPE_CHECKING:
    from peft import PeftConfig

__all__ = ["insert_peft", "merged_state", "peft_spec", "write_peft"]

_NAME = "default"  # what peft calls an adapter that nobody named

# Architectures that peft's tables leave out and that have the very layers of another.
_SAME_LAYERS = {
    "camembert": "roberta",
    "data2vec-text": "roberta",
    "electra": "bert",
    "ernie": "bert",
    "xlm-roberta": "roberta",
    "xlm-roberta-xl": "roberta",
}
# The same places in DistilBERT: queries and values for LoRA; keys, values and the second projection
# of the feed-forward part for IA3.
_DISTILBERT = {"lora": ["q_lin", "v_lin"], "ia3": ["k_lin", "v_lin", "lin2"]}
_DISTILBERT_FEED_FORWARD = ["lin2"]


def insert_peft(model: PreTrainedModel, spec: AdapterSpec) -> None:
    """Inject adapters of `spec` in place; new weights come from torch's generator.

    Raises
    ------
    ModelError
        The architecture has no linear layers to adapt.
    MissingExtraError
        peft is not installed.
    """
    try:
        from peft import inject_adapter_in_model
    except ImportError:
        raise MissingExtraError(
            f"adapter {spec}: expected peft to be installed, got no such package; install it "
            "with: pip install peft"
        ) from None
    inject_adapter_in_model(_config(model, spec), model)


def peft_spec(model: nn.Module) -> AdapterSpec | None:
    """Return the kind and size of the adapters that peft put into `model`; None without any."""
    configs: Mapping[str, Any] | None = getattr(model, "peft_config", None)
    if not configs:
        return None
    config = configs[_NAME]
    if config.peft_type == "IA3":
        return AdapterSpec("ia3", None)
    kind = "dora" if config.use_dora else "rslora" if config.use_rslora else "lora"
    return AdapterSpec(kind, config.r)


def merged_state(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """Return the weights of a plain model that computes what `model` does, up to rounding.

    Each adapted layer is merged in a copy of its own: `model` is not touched, and no second model
    has to fit into memory.
    """
    from peft.tuners.tuners_utils import BaseTunerLayer

    state: dict[str, torch.Tensor] = dict(model.state_dict())
    for name, layer in model.named_modules():
        if not isinstance(layer, BaseTunerLayer):
            continue
        assert isinstance(layer, nn.Module)
        merged = copy.deepcopy(layer)
        merged.merge()
        for key in [key for key in state if key.startswith(f"{name}.")]:
            del state[key]
        plain = merged.get_base_layer().state_dict()
        state.update({f"{name}.{key}": tensor for key, tensor in plain.items()})
    return state


def write_peft(model: PreTrainedModel, folder: Path, trained_in_full: tuple[str, ...]) -> None:
    """Write the merged model to `folder`, and peft's own files to its folder ``adapter``.

    Parameters
    ----------
    trained_in_full
        Names of the modules that train without an adapter (head and pooler). Their weights are
        part of what peft's files hold, so that these and the base model are the whole model.
    """
    from peft import get_peft_model_state_dict

    model.save_pretrained(folder, state_dict=merged_state(model))
    adapter = folder / "adapter"
    adapter.mkdir()
    state = get_peft_model_state_dict(model, save_embedding_layers=False)
    for name in trained_in_full:
        module = model.get_submodule(name).state_dict()
        state.update({f"{name}.{key}": tensor for key, tensor in module.items()})
    # peft names weights as its wrapper does, a model within a tuner within the wrapper.
    wrapped = {f"base_model.model.{key}": t.contiguous().cpu() for key, t in state.items()}
    save_file(wrapped, adapter / "adapter_model.safetensors", metadata={"format": "pt"})
    configs: Any = model.peft_config
    fields = configs[_NAME].to_dict() | {
        "base_model_name_or_path": _base_name(model),
        "inference_mode": True,
        "modules_to_save": list(trained_in_full),
    }
    # A set has no order that is the same in every process.
    text = json.dumps(fields, default=sorted, indent=2, sort_keys=True)
    (adapter / "adapter_config.json").write_text(text + "\n", encoding="utf-8")


def _config(model: PreTrainedModel, spec: AdapterSpec) -> PeftConfig:
    """Return peft's settings for `spec`; a layer that is adapted keeps its bias as it is."""
    from peft import IA3Config, LoraConfig

    task = _task_type(model)
    if spec.kind == "ia3":
        targets, feed_forward = _targets(model, "ia3")
        return IA3Config(task_type=task, target_modules=targets, feedforward_modules=feed_forward)
    rank = spec.size or 1
    return LoraConfig(
        task_type=task,
        target_modules=_targets(model, "lora")[0],
        r=rank,
        lora_alpha=rank,
        lora_dropout=0.0,
        use_dora=spec.kind == "dora",
        use_rslora=spec.kind == "rslora",
    )


def _targets(model: PreTrainedModel, kind: str) -> tuple[list[str], list[str]]:
    """Return the ends of the names of the layers to adapt, and which of them IA3 scales before.

    Taken from peft's tables where they know the architecture; else every linear layer of the
    encoder, by its name within its layer.
    """
    from peft.utils import constants

    architecture = model.config.model_type
    if architecture == "distilbert":
        return _DISTILBERT[kind], _DISTILBERT_FEED_FORWARD
    table = getattr(constants, f"TRANSFORMERS_MODELS_TO_{kind.upper()}_TARGET_MODULES_MAPPING")
    if architecture not in table:
        architecture = _SAME_LAYERS.get(architecture, architecture)
    known = table.get(architecture)
    if known is not None:
        scaled = constants.TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING
        return known, scaled.get(architecture, [])
    numbered = re.compile(rf"{re.escape(model.base_model_prefix)}\..*\.\d+\.(?P<name>[^\d].*)")
    ends = {
        found["name"]
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and (found := numbered.fullmatch(name))
    }
    if not ends:
        raise ModelError(
            "adapter: expected an encoder with numbered layers of linear modules, "
            f"got the architecture {architecture!r}"
        )
    return sorted(ends), []


def _task_type(model: PreTrainedModel) -> str:
    return "QUESTION_ANS" if type(model).__name__.endswith("QuestionAnswering") else "SEQ_CLS"


def _base_name(model: PreTrainedModel) -> str | None:
    """Return the hub name of the base model; None for a folder, whose path is nobody's business."""
    name: str = model.config._name_or_path or ""
    return name if re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name) and not Path(name).exists() else None

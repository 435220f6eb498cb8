"""What a killed run needs to go on, and the model that a finished one leaves.

Tensors are stored by safetensors and everything else as JSON: loading executes nothing. A
checkpoint is written under another name and renamed, so that one that is there is whole. No
random state is stored: each epoch's randomness is folded from the seed and the epoch.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from robustft.errors import RunError
from robustft.model.adapters import write_model
from robustft.model.hub import quiet_transformers

__all__ = ["clear_resume", "load_resume", "save_model", "save_resume"]

_RESUME = "resume-"


def save_model(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write model and tokenizer to `folder` as `load_finetuned` reads them; replace what is there.

    A model without adapters, or with adapters that can be merged into its weights, is written as
    transformers reads it. The model itself is not changed.
    """
    fresh = _fresh(folder)
    with quiet_transformers():
        write_model(model, fresh)
        tokenizer.save_pretrained(fresh)
    if folder.exists():
        shutil.rmtree(folder)
    fresh.rename(folder)


def save_resume(
    folder: Path, model: Any, optimizer: torch.optim.Optimizer, state: Mapping[str, Any]
) -> None:
    """Write all that the next epoch depends on to a folder of its own; drop the one before."""
    target = folder / f"{_RESUME}{state['epoch']:04d}"
    fresh = _fresh(target)
    save_file(_tensors(model), fresh / "model.safetensors")
    save_file(_optimizer_tensors(optimizer), fresh / "optimizer.safetensors")
    (fresh / "state.json").write_text(json.dumps(state, indent=2), encoding="utf-8")
    fresh.rename(target)
    for older in _resumable(folder)[:-1]:
        shutil.rmtree(older)


def load_resume(
    folder: Path, model: Any, optimizer: torch.optim.Optimizer, identity: str
) -> dict[str, Any] | None:
    """Put model and optimizer where the last finished epoch left them and return its state.

    None when there is nothing to go on from. What a run with another `identity` left is removed.

    Raises
    ------
    RunError
        The checkpoint cannot be read.
    """
    found = _resumable(folder)
    if not found:
        return None
    last = found[-1]
    try:
        state: dict[str, Any] = json.loads((last / "state.json").read_text(encoding="utf-8"))
        if state.get("identity") != identity:
            clear_resume(folder)
            return None
        weights = load_file(last / "model.safetensors")
        moments = load_file(last / "optimizer.safetensors")
        with torch.no_grad():
            for name, tensor in _tensors(model).items():
                tensor.copy_(weights[name])
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as problem:
        raise RunError(
            f"{last}: expected a checkpoint to go on from, got: {problem}; "
            "delete that folder to start again"
        ) from problem
    _restore_optimizer(optimizer, moments)
    return state


def clear_resume(folder: Path) -> None:
    """Remove what only an unfinished run needs."""
    for path in _resumable(folder):
        shutil.rmtree(path)


def _resumable(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob(f"{_RESUME}[0-9]*") if path.suffix != ".part")


def _fresh(folder: Path) -> Path:
    part = folder.with_name(folder.name + ".part")
    if part.exists():
        shutil.rmtree(part)
    part.mkdir(parents=True)
    return part


def _tensors(model: Any) -> dict[str, torch.Tensor]:
    """Return parameters and buffers, each once however many names it has."""
    return {
        **{name: tensor.detach() for name, tensor in model.named_parameters()},
        **{name: tensor.detach() for name, tensor in model.named_buffers()},
    }


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    entries = optimizer.state_dict()["state"]
    return {
        f"{index}.{name}": torch.as_tensor(value)
        for index, entry in entries.items()
        for name, value in entry.items()
    }


def _restore_optimizer(
    optimizer: torch.optim.Optimizer, moments: Mapping[str, torch.Tensor]
) -> None:
    whole = optimizer.state_dict()
    whole["state"] = {}
    for key, tensor in moments.items():
        index, _, name = key.partition(".")
        whole["state"].setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict(whole)

"""What a killed run needs to go on, and the model that a finished one leaves.

Only what trains is written while a run goes on: with a frozen part that is little, and the frozen
part is where it was loaded from. The whole model is written once, at the end, with the weights of
the best epoch. So a run folder holds

    checkpoints/resume-0003/       what trains after epoch 3, the optimizer, the state
    checkpoints/best-0002.safetensors   what trained after epoch 2, the best one so far
    checkpoints/best/              in the end: the model of the best epoch, whole; all else goes

Tensors are stored by safetensors and everything else as JSON: loading executes nothing. A
checkpoint is written under another name and renamed, so that one that is there is whole. No
random state is stored: each epoch's randomness is folded from the seed and the epoch.

Of several processes that train one model all call these functions; the main one alone touches
files.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from robustft.data.files import atomic_path
from robustft.errors import RunError
from robustft.model.adapters import write_model
from robustft.model.hub import quiet_transformers
from robustft.model.processes import share, world
from robustft.training.distributed import like, whole

__all__ = ["clear_resume", "keep_best", "load_resume", "save_best", "save_model", "save_resume"]

_RESUME, _BEST = "resume-", "best-"


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


def keep_best(folder: Path, model: Any, optimizer: torch.optim.Optimizer, epoch: int) -> None:
    """Keep what trains as it is after `epoch`, the best one so far.

    The one before stays until `save_resume` no longer needs it.
    """
    if not world().leads:
        return
    with atomic_path(_best(folder, epoch), "the weights of an epoch") as part:
        save_file(_trained(model, optimizer), part)


def save_best(folder: Path, model: Any, tokenizer: Any, *, best_epoch: int, epoch: int) -> Path:
    """Write the whole model of `best_epoch` to ``best`` in `folder` and return that folder.

    `model` stands after `epoch`, and does so again at the end: the weights of the best epoch are
    put in its place to be written.

    Raises
    ------
    RunError
        The weights of the best epoch cannot be read.
    """
    target = folder / "best"
    if not world().leads:
        return target
    if best_epoch == epoch:
        save_model(model, tokenizer, target)
        return target
    kept = _best(folder, best_epoch)
    with _readable(kept, delete="the folder it is in"):
        weights = load_file(kept)
        before = {name: tensor.clone() for name, tensor in _tensors(model).items()
                  if name in weights}  # fmt: skip
        _put(model, weights)
    save_model(model, tokenizer, target)
    _put(model, before)
    return target


def save_resume(
    folder: Path, model: Any, optimizer: torch.optim.Optimizer, state: Mapping[str, Any]
) -> None:
    """Write all that the next epoch depends on to a folder of its own; drop the one before.

    Parameters
    ----------
    state
        ``epoch``, ``identity`` and whatever else JSON can hold; ``best_epoch`` says which of what
        `keep_best` wrote is still needed.
    """
    target = folder / f"{_RESUME}{state['epoch']:04d}"
    moments = _optimizer_tensors(optimizer)
    if not world().leads:
        return
    fresh = _fresh(target)
    save_file(_trained(model, optimizer), fresh / "model.safetensors")
    save_file(moments, fresh / "optimizer.safetensors")
    (fresh / "state.json").write_text(json.dumps(state, indent=2), encoding="utf-8")
    fresh.rename(target)
    for older in _resumable(folder)[:-1]:
        shutil.rmtree(older)
    for path in folder.glob(f"{_BEST}[0-9]*.safetensors"):
        if path != _best(folder, state.get("best_epoch", 0)):
            path.unlink()


def load_resume(
    folder: Path, model: Any, optimizer: torch.optim.Optimizer, identity: str
) -> dict[str, Any] | None:
    """Put model and optimizer where the last finished epoch left them and return its state.

    None when there is nothing to go on from. What a run with another `identity` left is removed.
    What does not train is left as it is: the identity should stand for it too.

    Raises
    ------
    RunError
        The checkpoint cannot be read.
    """
    found = share(lambda: _read_resume(folder, _trained(model, optimizer).keys(), identity))
    if found is None:
        return None
    state, weights, moments = found
    _put(model, weights)
    _restore_optimizer(optimizer, moments)
    return state


def _read_resume(
    folder: Path, trained: Collection[str], identity: str
) -> tuple[dict[str, Any], dict[str, torch.Tensor], dict[str, torch.Tensor]] | None:
    """Return the state, the weights and the optimizer's tensors of the last finished epoch."""
    found = _resumable(folder)
    if not found:
        return None
    last = found[-1]
    with _readable(last):
        state: dict[str, Any] = json.loads((last / "state.json").read_text(encoding="utf-8"))
        if state.get("identity") != identity:
            clear_resume(folder)
            return None
        weights = load_file(last / "model.safetensors")
        moments = load_file(last / "optimizer.safetensors")
        missing = trained - weights.keys()
        if missing:
            raise KeyError(f"no tensor {min(missing)}")
    return state, weights, moments


def clear_resume(folder: Path) -> None:
    """Remove what only an unfinished run needs."""
    if not world().leads:
        return
    for path in _resumable(folder):
        shutil.rmtree(path)
    for path in folder.glob(f"{_BEST}[0-9]*.safetensors"):
        path.unlink()


def _resumable(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob(f"{_RESUME}[0-9]*") if path.suffix != ".part")


def _best(folder: Path, epoch: int) -> Path:
    return folder / f"{_BEST}{epoch:04d}.safetensors"


def _fresh(folder: Path) -> Path:
    part = folder.with_name(folder.name + ".part")
    if part.exists():
        shutil.rmtree(part)
    part.mkdir(parents=True)
    return part


@contextmanager
def _readable(path: Path, delete: str = "that folder") -> Iterator[None]:
    """Name what cannot be read, and the way out."""
    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as problem:
        raise RunError(
            f"{path}: expected a checkpoint to go on from, got: {problem}; "
            f"delete {delete} to start again"
        ) from problem


def _tensors(model: Any) -> dict[str, torch.Tensor]:
    """Return parameters and buffers, each once however many names it has."""
    return {
        **{name: tensor.detach() for name, tensor in model.named_parameters()},
        **{name: tensor.detach() for name, tensor in model.named_buffers()},
    }


def _trained(model: Any, optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Return what a step may change: what has a gradient or is the optimizer's; and buffers.

    With gradual unfreezing the optimizer holds what will only train later.
    """
    moved = {id(p) for group in optimizer.param_groups for p in group["params"]}
    frozen = {
        name
        for name, parameter in model.named_parameters()
        if not parameter.requires_grad and id(parameter) not in moved
    }
    return {name: tensor for name, tensor in _tensors(model).items() if name not in frozen}


def _put(model: Any, weights: Mapping[str, torch.Tensor]) -> None:
    """Copy `weights` into the model's tensors of these names."""
    tensors = _tensors(model)
    with torch.no_grad():
        for name, values in weights.items():
            tensors[name].copy_(values)


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    entries = optimizer.state_dict()["state"]
    return {
        f"{index}.{name}": whole(torch.as_tensor(value))
        for index, entry in entries.items()
        for name, value in entry.items()
    }


def _restore_optimizer(
    optimizer: torch.optim.Optimizer, moments: Mapping[str, torch.Tensor]
) -> None:
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    kept = optimizer.state_dict()
    kept["state"] = {}
    for key, tensor in moments.items():
        index, _, name = key.partition(".")
        divided = like(parameters[int(index)], tensor)
        kept["state"].setdefault(int(index), {})[name] = divided
    optimizer.load_state_dict(kept)

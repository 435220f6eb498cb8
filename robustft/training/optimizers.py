"""The optimizer of a run: what it moves, at which rate, and what decays."""

from __future__ import annotations

from typing import Any

import torch

from robustft.errors import ModelError
from robustft.model.anatomy import anatomy
from robustft.training.arguments import TrainingArguments

__all__ = ["make_optimizer", "make_recordable", "parameter_groups", "set_learning_rates"]

_NESTEROV_MOMENTUM = 0.9


def make_optimizer(
    model: torch.nn.Module, arguments: TrainingArguments, device: torch.device
) -> torch.optim.Optimizer:
    """Return the optimizer of all parameters that train, each group with its own base rate.

    AdamW (Loshchilov and Hutter, 2019, Decoupled Weight Decay Regularization); SGD; SGD with
    Nesterov's momentum (Sutskever et al., 2013), whose weight decay is part of the gradient.

    Raises
    ------
    ModelError
        Nothing trains.
    """
    groups = parameter_groups(model, arguments)
    if not groups:
        raise ModelError(f"{type(model).__name__}: expected parameters that train, got none")
    rate = arguments.learning_rate or 0.0
    if arguments.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=rate, fused=device.type in {"cpu", "cuda"})
    nesterov = arguments.optimizer == "nesterov"
    momentum = arguments.momentum
    if momentum is None:
        momentum = _NESTEROV_MOMENTUM if nesterov else 0.0
    # Not fused: that wants all momenta at once, and layers may open one by one.
    return torch.optim.SGD(groups, lr=rate, momentum=momentum, nesterov=nesterov)


def parameter_groups(model: torch.nn.Module, arguments: TrainingArguments) -> list[dict[str, Any]]:
    """Return the parameters that train in groups of one base rate (``initial_lr``) and one decay.

    With ``layer_lr_decay`` d, a parameter at depth k of L layers has the rate times
    d^(L + 1 - k): pooler and head (depth L + 1) the whole, embeddings (depth 0) the smallest;
    an adapter has the depth of its layer. ``head_lr`` replaces the rate of pooler and head alone.
    Weight decay is for matrices, not for biases and the scales of norms.

    Source of rates by depth: Howard and Ruder (2018), Universal Language Model Fine-tuning for
    Text Classification, section 3.2 (discriminative fine-tuning; they divide by 2.6).
    """
    rate, decay = arguments.learning_rate or 0.0, arguments.layer_lr_decay
    parts = anatomy(model) if decay < 1 or arguments.head_lr is not None else None
    groups: dict[tuple[float, bool], dict[str, Any]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        own = rate
        if parts is not None:
            below_top = len(parts.layers) + 1 - parts.depth(name)
            own = rate * decay**below_top
            if below_top == 0 and arguments.head_lr is not None:
                own = arguments.head_lr
        matrix = parameter.ndim >= 2
        group = groups.setdefault(
            (own, matrix),
            {
                "params": [],
                "weight_decay": arguments.weight_decay if matrix else 0.0,
                "lr": own,
                "initial_lr": own,
            },
        )
        group["params"].append(parameter)
    return [groups[key] for key in sorted(groups, reverse=True)]


def set_learning_rates(optimizer: Any, factor: float) -> None:
    """Give each group its base rate times the schedule's `factor`."""
    for group in optimizer.param_groups:
        rate = group["initial_lr"] * factor
        if isinstance(group["lr"], torch.Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def make_recordable(optimizer: torch.optim.Optimizer, device: torch.device) -> None:
    """Let AdamW read its rates from the device, so that a recorded step sees them change."""
    for group in optimizer.param_groups:
        group["capturable"] = True
        group["lr"] = torch.tensor(float(group["lr"]), device=device)

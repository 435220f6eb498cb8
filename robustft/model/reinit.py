"""Draw the weights of the pooler or the head anew, as the architecture itself initialises them.

Published checkpoints mostly ship a trained pooler. Starting from a random one recreates the
condition that Wang (2023, *On Finetuning Large Language Models*, Political Analysis) found in
ConfliBERT, whose checkpoint has none.
"""

from __future__ import annotations

import copy
from typing import Any

import torch

from robustft.errors import UsageError, suggest
from robustft.model.anatomy import Component, anatomy, canonical
from robustft.model.load import seeded_torch
from robustft.seeding import fold_in

__all__ = ["REINITS", "parse_reinit", "reinit"]

REINITS = (Component.POOLER, Component.HEAD)


def parse_reinit(text: str) -> tuple[Component, ...]:
    """Read ``pooler``, ``head`` or both, parted by a comma.

    Raises
    ------
    UsageError
        A name is neither.
    """
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in set(REINITS):
            raise UsageError(
                f"reinit: expected pooler, head or pooler,head, got {name!r}"
                f"{suggest(name, map(str, REINITS))}"
            )
    return tuple(part for part in REINITS if part in names)


def reinit(model: Any, what: str, seed: int) -> tuple[str, ...]:
    """Draw the weights of the parts in `what` anew and return their names, sorted.

    Weights come from the architecture's own initialisation (for most a normal distribution with
    the deviation ``config.initializer_range``): biases are zero, norms start at one. They depend
    on the seed alone, not on the device nor on what else is drawn. A weight that is tied to
    another part (the decoder of a masked-LM head) belongs to that part and stays.

    Raises
    ------
    UsageError
        The name of a part is unknown, or the model has no such part.
    """
    wanted = parse_reinit(what)
    parts = anatomy(model)
    targets = {name: p for name, p in model.named_parameters() if parts.component(name) in wanted}
    for part in wanted:
        if not any(parts.component(name) is part for name in targets):
            raise UsageError(
                f"reinit: expected a model with a {part}, got {type(model).__name__}, "
                "which has none"
            )
    own = model.get_base_model() if hasattr(model, "get_base_model") else model
    # A whole model of the same shape: some architectures (ModernBERT) initialise a layer by where
    # it stands, so that a lone one could not be told how. Always on the CPU: same numbers anywhere.
    with seeded_torch(fold_in(seed, "reinit")), torch.device("cpu"):
        fresh = dict(type(own)(copy.deepcopy(own.config)).named_parameters())
    drawn = {name: fresh[canonical(name)] for name in targets if canonical(name) in fresh}
    with torch.no_grad():
        for name, values in drawn.items():
            targets[name].copy_(values)
    return tuple(sorted(drawn))

"""Which parameters train: ``--freeze`` by name of the part, and layers that open one by one.

Freezing only closes: it takes parameters out of training and never puts one back, so that it can
follow on adapters, which have frozen their base already.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from torch import nn

from robustft.errors import UsageError, suggest
from robustft.model.anatomy import Anatomy, Component, anatomy, canonical

__all__ = [
    "FREEZES",
    "Freeze",
    "apply_gradual",
    "freeze",
    "frozen_layers",
    "open_depths",
    "parse_freeze",
    "trainable_names",
]

Kind = Literal["none", "embeddings", "encoder", "all-but-head", "first", "except"]

# What can be given, and what it freezes.
FREEZES: dict[str, str] = {
    "none": "nothing: everything trains",
    "embeddings": "the embeddings",
    "encoder": "embeddings and encoder: pooler and head train",
    "all-but-head": "everything but the head, the pooler too",
    "first:K": "the embeddings and the lowest K layers",
    "except:REGEX": "every parameter of which the name does not match (re.search)",
}
_PARTS: dict[str, tuple[Component, ...]] = {
    "none": (),
    "embeddings": (Component.EMBEDDINGS,),
    "encoder": (Component.EMBEDDINGS, Component.ENCODER),
    "all-but-head": (Component.EMBEDDINGS, Component.ENCODER, Component.POOLER),
}


@dataclass(frozen=True)
class Freeze:
    """A parsed ``--freeze``: its kind, with the number of layers or the expression if it has one.

    >>> str(parse_freeze("first:6"))
    'first:6'
    """

    kind: Kind
    layers: int = 0
    pattern: str = ""

    def __str__(self) -> str:
        if self.kind == "first":
            return f"first:{self.layers}"
        return f"except:{self.pattern}" if self.kind == "except" else self.kind


def parse_freeze(text: str) -> Freeze:
    """Read one of `FREEZES`.

    Raises
    ------
    UsageError
        The name is unknown, K is no whole number, or the expression does not compile.
    """
    kind, _, value = text.strip().partition(":")
    if kind == "first":
        if not re.fullmatch(r"[0-9]+", value):
            raise UsageError(f"freeze: expected first:K with a whole number K, got {text!r}")
        return Freeze("first", layers=int(value))
    if kind == "except":
        try:
            re.compile(value)
        except re.error as problem:
            raise UsageError(
                f"freeze: expected except: with a regular expression, got {value!r} ({problem})"
            ) from None
        if not value:
            raise UsageError("freeze: expected except: with a regular expression, got none")
        return Freeze("except", pattern=value)
    if text.strip() not in _PARTS:
        near = suggest(kind, [name.partition(":")[0] for name in FREEZES])
        raise UsageError(f"freeze: expected one of {', '.join(FREEZES)}, got {text!r}{near}")
    return Freeze(kind)  # type: ignore[arg-type]


def freeze(model: nn.Module, spec: str | Freeze) -> None:
    """Freeze what `spec` says, by setting ``requires_grad`` to False.

    A weight that two parts share (a masked-LM head and the table of word pieces) goes with the
    part that comes first in the model.

    Raises
    ------
    UsageError
        The specification cannot be read, asks for more layers than there are, matches no
        parameter, or leaves nothing to train.
    ModelError
        The model has no anatomy that we can find.
    """
    parsed = parse_freeze(spec) if isinstance(spec, str) else spec
    if parsed.kind == "none":
        return
    named = list(model.named_parameters())
    closed = _closed(parsed, [name for name, _ in named], anatomy(model))
    if not any(p.requires_grad and name not in closed for name, p in named):
        raise UsageError(
            f"freeze: expected something left to train, got {str(parsed)!r}, "
            f"which freezes all of {type(model).__name__}"
        )
    for name, parameter in named:
        if name in closed:
            parameter.requires_grad_(False)


def _closed(parsed: Freeze, names: list[str], parts: Anatomy) -> set[str]:
    """Return the names to freeze."""
    if parsed.kind == "except":
        kept = {name for name in names if re.search(parsed.pattern, canonical(name))}
        if not kept:
            raise UsageError(
                f"freeze: expected an expression that matches parameters, got {parsed.pattern!r}, "
                f"which matches none of {len(names)}, such as {canonical(names[-1])}"
            )
        return set(names) - kept
    if parsed.kind == "first":
        if parsed.layers > len(parts.layers):
            shared = ""
            if parts.passes > len(parts.layers):
                shared = f", shared by {parts.passes} passes"
            many = f"{len(parts.layers)} layer{'s' if len(parts.layers) > 1 else ''}"
            raise UsageError(
                f"freeze: expected first:K with K of at most {len(parts.layers)} "
                f"(the model has {many}{shared}), got first:{parsed.layers}"
            )
        return {name for name in names if parts.depth(name) <= parsed.layers}
    return {name for name in names if parts.component(name) in _PARTS[parsed.kind]}


def frozen_layers(model: nn.Module) -> int:
    """Return K: the embeddings and the lowest K layers are wholly frozen; 0 if embeddings train.

    What these K layers give for a text stays the same throughout training, so that it can be
    computed once. A norm behind the last layer counts as part of it.
    """
    parts = anatomy(model)
    depths = [parts.depth(name) for name, p in model.named_parameters() if p.requires_grad]
    return min(max(min(depths, default=len(parts.layers) + 1) - 1, 0), len(parts.layers))


def trainable_names(model: nn.Module) -> frozenset[str]:
    """Return the names of the parameters that train: the ceiling of gradual unfreezing."""
    return frozenset(name for name, p in model.named_parameters() if p.requires_grad)


def open_depths(depths: Collection[int], epoch: int, every: int = 1) -> frozenset[int]:
    """Return which of `depths` train in `epoch` (from 0): the topmost, and one more every E epochs.

    >>> sorted(open_depths({0, 1, 2, 3}, epoch=2))
    [1, 2, 3]
    """
    return frozenset(sorted(set(depths), reverse=True)[: 1 + epoch // every])


def apply_gradual(
    model: nn.Module, epoch: int, every: int = 1, *, ceiling: Collection[str]
) -> frozenset[str]:
    """Open the layers that gradual unfreezing has reached in `epoch`; return what trains now.

    Howard and Ruder (2018), *Universal Language Model Fine-tuning for Text Classification*: first
    the top alone trains, then one more layer from the top every `every` epochs, the embeddings
    last. Nothing outside of `ceiling` is opened: take it with `trainable_names` once the model
    has been frozen and has its adapters, before the first call. Depths without a parameter in the
    ceiling are passed over, so that every step opens something.

    An optimizer should be made with all of the ceiling and leave out parameters without gradient,
    as those of torch do.

    Raises
    ------
    UsageError
        `every` is below 1, or the ceiling holds no parameter of the model.
    """
    if every < 1:
        raise UsageError(f"unfreeze: expected gradual:E with E of at least 1, got {every}")
    parts = anatomy(model)
    depths = {name: parts.depth(name) for name, _ in model.named_parameters() if name in ceiling}
    if not depths:
        raise UsageError("unfreeze: expected parameters that may train, got none")
    reached = open_depths(set(depths.values()), epoch, every)
    opened = frozenset(name for name, depth in depths.items() if depth in reached)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name in opened)
        if name not in opened:
            parameter.grad = None  # a stale gradient would still move it
    return opened

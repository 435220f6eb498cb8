"""What became of each parameter tensor: where it came from, whether it trained, whether it moved.

Wang (2023, *On Finetuning Large Language Models*, Political Analysis, appendix, section 4) showed
so that the pooler of a published model had never been trained: it was missing from the checkpoint,
its bias was zero before and after, and it was frozen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any

import torch
from torch import nn

from robustft.model.anatomy import Component, anatomy, canonical, is_added

__all__ = [
    "DRAWN",
    "LOADED",
    "MISSING",
    "ZERO_BIAS",
    "Snapshot",
    "TensorState",
    "snapshot",
    "summarize",
    "tensor_states",
    "to_rows",
]

MISSING = "missing from the checkpoint"
LOADED = "loaded"
ZERO_BIAS = "loaded, bias exactly zero"
DRAWN = "drawn anew"

# For each parameter: the hash of its bytes, and whether all of it is zero.
Snapshot = Mapping[str, tuple[str, bool]]


@dataclass(frozen=True)
class TensorState:
    """One parameter tensor of a model.

    Attributes
    ----------
    source
        Where its first values came from: `MISSING` (so drawn at random), `LOADED`, `ZERO_BIAS`,
        or `DRAWN` (random although the checkpoint may have had it).
    trained
        Whether training was to change it.
    unchanged
        Whether it is bit-identical to what it was before; None where there is nothing to compare.
    """

    name: str
    component: str
    shape: tuple[int, ...]
    count: int
    source: str
    trained: bool
    unchanged: bool | None

    @property
    def random(self) -> bool:
        """Whether its first values were random rather than pretrained."""
        return self.source in (MISSING, DRAWN)


def snapshot(model: nn.Module) -> dict[str, tuple[str, bool]]:
    """Return the BLAKE2b hash (RFC 7693, 16 bytes, hex) of each parameter, and whether it is zero.

    The hash is over the bytes as they lie in memory, so that -0.0 and 0.0 differ.
    """
    taken = {}
    for name, parameter in model.named_parameters():
        values = parameter.detach().to("cpu").contiguous()
        raw = values.reshape(-1).view(torch.uint8).numpy().data
        taken[name] = (blake2b(raw, digest_size=16).hexdigest(), not bool(values.any()))
    return taken


def tensor_states(
    before: Snapshot,
    model: nn.Module,
    new_weights: Iterable[str],
    redrawn: Iterable[str] = (),
    *,
    trained: Collection[str] | None = None,
) -> tuple[TensorState, ...]:
    """Compare a model with what it was `before` training; one row a tensor, in the model's order.

    Parameters
    ----------
    new_weights
        Names of the weights that the checkpoint did not hold (`LoadedModel.new_weights`).
    redrawn
        Names of the weights drawn anew (what `reinit` returned).
    trained
        Names of the parameters that were to train. None: those that require a gradient now, which
        is right unless layers were opened along the way.
    """
    after = snapshot(model)
    missing = {canonical(name) for name in new_weights}
    anew = {canonical(name) for name in redrawn}
    parts = anatomy(model)
    return tuple(
        TensorState(
            name=name,
            component=str(parts.component(name)),
            shape=tuple(parameter.shape),
            count=parameter.numel(),
            source=_source(name, missing, anew, zero=before.get(name, ("", False))[1]),
            trained=parameter.requires_grad if trained is None else name in trained,
            unchanged=before[name][0] == after[name][0] if name in before else None,
        )
        for name, parameter in model.named_parameters()
    )


def _source(name: str, missing: set[str], anew: set[str], *, zero: bool) -> str:
    if canonical(name) in anew:
        return DRAWN
    if is_added(name) or canonical(name) in missing:
        return MISSING
    return ZERO_BIAS if zero and name.endswith("bias") else LOADED


def to_rows(states: Iterable[TensorState]) -> list[dict[str, Any]]:
    """Return the rows as plain values, for JSON or a data frame."""
    return [{**asdict(state), "shape": list(state.shape)} for state in states]


def summarize(states: Iterable[TensorState]) -> tuple[str, ...]:
    """Return what the table shows, in sentences: first how many tensors train, then the findings.

    Findings: a pooler (or head) that was drawn at random and never trained, a pooler whose loaded
    bias is exactly zero, what trained without changing, and what was frozen and changed.
    """
    rows = tuple(states)
    sentences = [_counts(rows)]
    for part in (Component.POOLER, Component.HEAD):
        own = [row for row in rows if row.component == part and not is_added(row.name)]
        sentences += _about(part, own)
    still = [row for row in rows if row.trained and row.unchanged]
    if still:
        sentences.append(
            f"{_tensors(still)} could train and did not change by a bit: {_some(still)}."
        )
    moved = [row for row in rows if not row.trained and row.unchanged is False]
    if moved:
        sentences.append(f"{_tensors(moved)} changed although frozen: {_some(moved)}.")
    return tuple(sentences)


def _counts(rows: tuple[TensorState, ...]) -> str:
    trained = [row for row in rows if row.trained]
    frozen = [row for row in rows if not row.trained]
    text = (
        f"{_tensors(trained)} of {len(rows)} trained ({_sum(trained):,} of {_sum(rows):,} values)"
    )
    if frozen and all(row.unchanged for row in frozen):
        text += f"; the {len(frozen)} frozen ones are bit-identical to what they were before"
    return f"{text}."


def _about(part: Component, own: list[TensorState]) -> list[str]:
    """Return the findings on the pooler or the head."""
    if not own:
        return []
    if all(row.random for row in own):
        start = f"The {part} ({_sum(own):,} values) was drawn at random"
        if any(row.source == DRAWN for row in own):
            start += " anew"
        if any(row.trained and row.unchanged is not True for row in own):
            return [f"{start} and trained."]
        return [f"{start} and never trained."]
    zero = [row for row in own if row.source == ZERO_BIAS]
    if part is not Component.POOLER or not zero:
        return []
    finding = (
        f"The bias of the {part} was exactly zero in the checkpoint, as one is that was "
        f"initialised and never trained: {_some(zero)}."
    )
    return [finding]


def _sum(rows: Iterable[TensorState]) -> int:
    return sum(row.count for row in rows)


def _tensors(rows: Collection[TensorState]) -> str:
    return f"{len(rows)} tensor{'' if len(rows) == 1 else 's'}"


def _some(rows: list[TensorState], most: int = 4) -> str:
    names = ", ".join(row.name for row in rows[:most])
    return names if len(rows) <= most else f"{names} and {len(rows) - most} more"

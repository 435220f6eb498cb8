"""Predictions of one model by several processes: each computes its part of the texts.

The main process asks; the others hold a copy of the model that was asked last. Other texts share a
batch than in one process, so that outputs differ by rounding.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from robustft.evaluation.memory import Floats, Rows
from robustft.model.processes import gather, helpers, together, world
from robustft.training.batching import TokenizedTexts

__all__ = ["Compute", "spread", "taken"]

M = TypeVar("M")
Compute = Callable[[M, TokenizedTexts, Rows], Iterator[tuple[Rows, Floats]]]
"""Computes outputs of some rows, batch by batch: positions among these rows, and outputs."""

# Rows of a process at a time: so often outputs come back, are kept and shown.
_ROWS = 512
# Fewer rows, as an attack asks for at a time, are often sooner computed than sent.
_FEW = 256

# What this process computes with: in the main one only while it does.
_held: Any = None
# What the others hold, as the main process knows.
_sent: weakref.ref[Any] | None = None


def spread(
    model: M, compute: Compute[M], tokens: TokenizedTexts, rows: Rows
) -> Iterator[tuple[Rows, Floats]]:
    """Yield what ``compute(model, tokens, rows)`` would, with the help of all processes.

    Parameters
    ----------
    model
        Can be pickled: the others make a copy of it.
    compute
        A function of a module.
    """
    global _held, _sent  # noqa: PLW0603 - one model at a time
    count = helpers() + 1
    if count == 1 or len(rows) < _FEW:
        yield from compute(model, tokens, rows)
        return
    if _sent is None or _sent() is not model:
        together(_hold, model)
        _held, _sent = None, weakref.ref(model)
    # The longest first, dealt out in turn, so that all have about as much to do.
    order = np.argsort(-tokens.lengths[rows], kind="stable").astype(np.int64)
    for start in range(0, len(order), count * _ROWS):
        places = order[start : start + count * _ROWS]
        _held = model
        try:
            parts = together(_computed, compute, taken(tokens, rows[places]))
        finally:
            _held = None
        failure = next((part for part in parts if isinstance(part, Exception)), None)
        if failure is not None:
            raise failure
        for rank, part in enumerate(parts):
            for batch, outputs in part:
                yield places[rank::count][batch], outputs


def _hold(model: Any) -> None:
    """Keep a copy of the model that is asked."""
    global _held  # noqa: PLW0603
    _held = model


def _computed(compute: Compute[Any], tokens: TokenizedTexts) -> list[Any]:
    """Compute this process's part; the main one gets what each has, or the error that it met."""
    here = world()
    mine = np.arange(here.rank, len(tokens), here.size, dtype=np.int64)
    found: Any
    try:
        found = list(compute(_held, tokens, mine)) if len(mine) else []
    except Exception as problem:
        found = problem
    return gather(found)


def taken(tokens: TokenizedTexts, rows: Rows) -> TokenizedTexts:
    """Return some of the texts, in this order."""
    starts, lengths = tokens.offsets[rows], tokens.lengths[rows]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    source = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
    return TokenizedTexts(
        ids=np.asarray(tokens.ids[source]),
        offsets=offsets,
        truncated=tokens.truncated[rows],
        pad_id=tokens.pad_id,
        type_ids=None if tokens.type_ids is None else np.asarray(tokens.type_ids[source]),
        whole=tokens.whole[rows],
    )

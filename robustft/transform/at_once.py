"""The common course of a step: the units on top of each text's rank change, all of them at once.

Most transforms pass over few units, and no constraint has a say. Then what a step does to a text
is known as soon as the units on top are; a text in which one of them is passed over goes through
its units one by one, from the top again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import repeat

import numpy as np
import numpy.typing as npt

from robustft.text.document import Batch, Unit, Units
from robustft.text.edits import Edit
from robustft.transform.base import Proposal, Transform
from robustft.transform.candidates import Queue

__all__ = ["Made", "change_at_once", "make_edit", "make_unit"]

Ints = npt.NDArray[np.int64]
Made = dict[int, tuple[Edit, ...]]
"""By text, the edits of a step."""

# From a tuple of their fields: several times faster than a call of the class.
make_edit = partial(tuple.__new__, Edit)
make_unit = partial(tuple.__new__, Unit)


def change_at_once(
    transform: Transform, batch: Batch, queue: Queue, wanted: Ints
) -> tuple[Made, dict[int, list[Proposal]]] | None:
    """Ask for the first `wanted` candidates of each text, shape ``(len(batch),)``, together.

    Returns
    -------
    The edits of the texts in which each of them changes its unit, and the answers for the others,
    in rank order; None if the transform does not work out many at once.
    """
    if type(transform).at_once is Transform.at_once or not wanted.any():
        return None
    texts = np.flatnonzero(wanted)
    goals = wanted[texts]
    firsts = np.cumsum(goals) - goals
    rows = np.arange(int(goals.sum())) + np.repeat(queue.first[texts] - firsts, goals)
    start, end, _, keys = (column[rows] for column in queue.columns)
    owner = np.repeat(texts, goals)
    offset = batch.starts[owner]
    units = Units(owner, start + offset, end + offset)
    proposals = transform.at_once(batch, units, keys)
    if len(proposals) != len(units):
        raise ValueError(f"{len(proposals)} replacements for {len(units)} units")
    changes = _change(batch, units, proposals)
    whole = np.logical_and.reduceat(changes, firsts)
    spans = zip(texts.tolist(), firsts.tolist(), (firsts + goals).tolist(), strict=True)
    others = {
        text: list(proposals[low:high])
        for (text, low, high), fine in zip(spans, whole.tolist(), strict=True)
        if not fine
    }
    kept = np.flatnonzero(np.repeat(whole, goals))
    kept = kept[np.argsort(units.start[kept])]
    return _by_text(transform.name, texts[whole], goals[whole], start, end, proposals, kept), others


def _change(batch: Batch, units: Units, proposals: Sequence[Proposal]) -> npt.NDArray[np.bool_]:
    """Tell which proposals are other texts for their units."""
    spans = zip(units.start.tolist(), units.end.tolist(), proposals, strict=True)
    buffer = batch.buffer
    other = (isinstance(made, str) and buffer[start:end] != made for start, end, made in spans)
    return np.fromiter(other, np.bool_, len(units))


def _by_text(
    name: str,
    texts: Ints,
    goals: Ints,
    start: Ints,
    end: Ints,
    proposals: list[Proposal],
    kept: Ints,
) -> Made:
    """Return the edits of each text; `kept` are the candidates in the order of the buffer."""
    made = (proposals[i] for i in kept.tolist())
    columns = zip(start[kept].tolist(), end[kept].tolist(), made, repeat((name,)), strict=False)
    edits = list(map(make_edit, columns))
    last = np.cumsum(goals)
    bounds = zip(texts.tolist(), (last - goals).tolist(), last.tolist(), strict=True)
    return {text: tuple(edits[low:high]) for text, low, high in bounds}

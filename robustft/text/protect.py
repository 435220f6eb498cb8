"""Protected spans: what a transform must leave alone unless it says that it opens that kind.

The spans of a whole batch are kept as one bit mask over its buffer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from robustft.text.characters import (
    APOSTROPHE,
    EDGE,
    EMOJI,
    MARK,
    NEWLINE,
    SPACE,
    UPPER,
)
from robustft.text.document import Batch, Units
from robustft.text.lexicon import Lexicon
from robustft.text.patterns import mark_numbers, mark_triggered
from robustft.text.spans import BIT, Marker, SpanKind

__all__ = [
    "NEGATORS",
    "SpanKind",
    "closed_to",
    "negators_in",
    "protected_mask",
    "protected_spans",
]

_NEGATORS = (
    "not no never nobody none nor neither nothing nowhere cannot without n't cant dont wont isnt "
    "arent wasnt werent doesnt didnt hasnt havent hadnt couldnt wouldnt shouldnt aint"
)
NEGATORS = Lexicon(_NEGATORS.split())
"""Words that negate, contracted forms without their apostrophe included."""


def _mark_emoji(batch: Batch, marker: Marker) -> None:
    bits = batch.classes[:-1]
    if not (bits & EMOJI).any():
        return
    # Joiners, variation selectors and keycaps belong to the symbol that they follow.
    inside = np.zeros(len(bits) + 2, np.int8)
    inside[1:-1] = (bits & (EMOJI | MARK)) != 0
    steps = np.diff(inside)
    runs = batch.spans(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1))
    marker.add_units(SpanKind.EMOJI, runs.where(batch.any_in((bits & EMOJI) != 0, runs)))


def _mark_negation(batch: Batch, marker: Marker) -> None:
    marker.add_units(SpanKind.NEGATION, negators_in(batch))


def negators_in(batch: Batch) -> Units:
    """Return the words that negate: those of `NEGATORS` and what ends in n't."""
    words = batch.words
    negates = batch.is_in(NEGATORS)
    at = np.flatnonzero((batch.classes[1:-2] & APOSTROPHE) != 0) + 1
    codes = batch.folded
    at = at[(codes[at - 1] == ord("n")) & (codes[at + 1] == ord("t"))]
    holder = np.searchsorted(words.start, at, side="right") - 1
    # The word must end in n't and say what is negated: "didn't", not a quoted 'n'.
    negates[holder[(holder >= 0) & (words.end[holder] == at + 2)]] = True
    return words.where(negates)


def _mark_names(batch: Batch, marker: Marker) -> None:
    """Mark what looks like a name: a capital where no sentence begins, and what goes before it.

    Also short words in capitals between words that are not (acronyms). "I" and its contractions
    are no names. In doubt a word counts as a name: a name that is changed harms more than a word
    that is left.
    """
    bits = batch.classes
    words = batch.words
    words = words.where(batch.capitalised(words))
    if not len(words):
        return
    second, last = bits[words.start + 1], bits[words.end - 1]
    length = words.end - words.start
    pronoun = (batch.codes[words.start] == ord("I")) & ((second & APOSTROPHE) != 0)
    shouted = (length > 1) & (((second | APOSTROPHE) & last & UPPER) != 0)
    capital = (length > 1) & ~pronoun & ~shouted
    first = _begins_sentence(batch, words)
    name = capital & ~first
    adjoins = np.zeros(len(words) + 1, np.bool_)
    adjoins[1:-1] = words.start[1:] - words.end[:-1] == 1
    # At the beginning of a sentence a capital tells nothing, unless a name goes on from it.
    name[:-1] |= capital[:-1] & adjoins[1:-1] & name[1:]
    # Words in capitals beside each other are shouting; a short one alone is an acronym.
    loud = np.concatenate([[False], shouted, [False]])
    beside = (loud[:-2] & adjoins[:-1]) | (loud[2:] & adjoins[1:])
    name |= shouted & (length <= 4) & ~beside & ~first
    marker.add_units(SpanKind.NAME, words.where(name))


def _begins_sentence(batch: Batch, words: Units) -> npt.NDArray[np.bool_]:
    """Tell for each unit whether it may begin a sentence: what stands before it allows it."""
    before = words.start - 1
    for _ in range(_WIDEST_GAP):
        hidden = (batch.classes[before] & (SPACE | NEWLINE)) == SPACE
        if not hidden.any():
            break
        before -= hidden
    first: npt.NDArray[np.bool_] = before < batch.starts[words.text]
    first |= (batch.classes[before] & (EDGE | NEWLINE | SPACE)) != 0
    return first


_WIDEST_GAP = 8


_ALWAYS = (mark_triggered, mark_numbers, _mark_emoji)
_UNLESS_OPEN = ((SpanKind.NEGATION, _mark_negation), (SpanKind.NAME, _mark_names))


def protected_mask(
    batch: Batch,
    task_spans: Sequence[Iterable[tuple[int, int]]] | None = None,
    opens: Iterable[SpanKind] = (),
) -> npt.NDArray[np.uint16]:
    """Return the kinds of protected span at each code point of the batch's buffer, as bits.

    Parameters
    ----------
    batch
        The texts.
    task_spans
        For each text, the spans that its task protects (an answer, an entity).
    opens
        Kinds that need not be looked for.

    Returns
    -------
    uint16, shape ``(len(batch.buffer),)``; test it with `closed_to`.
    """
    mask = np.zeros(len(batch.codes), np.uint16)
    if not len(mask):
        return mask
    marker = Marker()
    opened = set(opens)
    for find in (*_ALWAYS, *(find for kind, find in _UNLESS_OPEN if kind not in opened)):
        find(batch, marker)
    for start, spans in zip(batch.starts.tolist(), task_spans or (), strict=False):
        for low, high in spans:
            marker.add(SpanKind.TASK, start + low, start + high)
    marker.write(mask)
    return mask


def closed_to(opens: Iterable[SpanKind]) -> int:
    """Return the bits of the kinds that a transform with these `opens` must not touch."""
    return sum(BIT.values()) & ~sum(BIT[kind] for kind in set(opens))


def protected_spans(text: str) -> list[tuple[int, int, SpanKind]]:
    """Return the protected spans of one text, sorted; one entry a kind, so spans may overlap.

    >>> protected_spans("mail bob@example.com")
    [(5, 20, <SpanKind.EMAIL: 'email'>)]
    """
    mask = protected_mask(Batch([text]))
    found = []
    for kind in SpanKind:
        inside = np.zeros(len(mask) + 2, np.int8)
        inside[1:-1] = (mask & BIT[kind]) != 0
        steps = np.diff(inside)
        starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
        found += [(a, b, kind) for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
    return sorted(found)

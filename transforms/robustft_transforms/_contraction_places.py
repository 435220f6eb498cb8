"""Where a batch holds contractions, pairs of words that could be one, and speech in dialect."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from robustft.text import Batch, Lexicon
from robustft.text.characters import APOSTROPHE, WORD
from robustft_transforms._contracting import PAIRS
from robustft_transforms._expansion import EXPANDABLE

__all__ = ["expandable", "in_dialect", "pairs"]

Ints = npt.NDArray[np.int64]
Spans = tuple[Ints, Ints]

_FIRST = {pair.split()[0] for pair in PAIRS}
_SECOND = {pair.split()[1] for pair in PAIRS}
# Speech that is written as it sounds keeps its contractions: "didn't rob nothin'", "tell ya".
_DIALECT = frozenset(
    "ya ya'll ya're ya've ya'd gonna wanna gotta ain't y'all kinda outta dunno".split()
)
_WORDS = Lexicon(_FIRST | _SECOND | _DIALECT | {"cannot", *EXPANDABLE})
_NEAR = 40


def _numbered(words: list[str]) -> tuple[dict[str, int], npt.NDArray[np.bool_]]:
    """Return the number of each word, and which pairs of numbers are in `PAIRS`."""
    number = {word: i for i, word in enumerate(words)}
    joined = np.zeros((len(words) + 1, len(words) + 1), np.bool_)  # -1: another word
    for pair in PAIRS:
        first, second = pair.split()
        joined[number[first], number[second]] = True
    return number, joined


def _which(words: list[str], among: frozenset[str] | set[str]) -> npt.NDArray[np.bool_]:
    return np.array([*(word in among for word in words), False])  # -1: another word


_NUMBER, _JOINED = _numbered(_WORDS.words)
_NOT, _CANNOT = _NUMBER["not"], _NUMBER["cannot"]
_IS_EXPANDABLE = _which(_WORDS.words, set(EXPANDABLE))
_IS_DIALECT = _which(_WORDS.words, _DIALECT)


@lru_cache(maxsize=2)
def _numbers(batch: Batch) -> Ints:
    """Return the number of each word of a batch among `_WORDS`, or -1."""
    return batch.places_in(_WORDS)


def expandable(batch: Batch) -> Spans:
    """Return the spans of the contractions that might be written out."""
    forms = batch.words.where(_IS_EXPANDABLE[_numbers(batch)])
    return forms.start, forms.end


def pairs(batch: Batch) -> Spans:
    """Return the spans of the pairs in `PAIRS` with one space between; "it is not" is one span."""
    words, number = batch.words, _numbers(batch)
    alone = np.flatnonzero(number == _CANNOT)
    at = np.flatnonzero((number[:-1] >= 0) & (number[1:] >= 0))
    at = at[_JOINED[number[at], number[at + 1]]]
    near = (words.start[at + 1] - words.end[at] == 1) & (batch.codes[words.end[at]] == ord(" "))
    at = at[near]
    # Where two pairs share a word, the first is taken, together with a "not" that follows it.
    follows = np.isin(at, at + 1)
    last = at + 1
    denied = number[np.minimum(at + 2, len(words) - 1)] == _NOT
    last = np.where(np.isin(at + 1, at) & denied, at + 2, last)[~follows]
    at = at[~follows]
    start = np.concatenate([words.start[at], words.start[alone]])
    end = np.concatenate([words.end[last], words.end[alone]])
    return start, end


@lru_cache(maxsize=2)
def in_dialect(batch: Batch) -> frozenset[int]:
    """Return where contractions begin that have dialect within 40 characters, in their text."""
    forms = batch.spans(*expandable(batch))
    low = np.maximum(forms.start - _NEAR, batch.starts[forms.text])
    high = np.minimum(forms.end + _NEAR, batch.ends[forms.text])
    spoken, to = _dialect(batch)
    first = np.searchsorted(spoken, low)
    near = first < len(spoken)
    near[near] = to[first[near]] <= high[near]
    return frozenset(forms.start[near].tolist())


def _dialect(batch: Batch) -> Spans:
    """Return the spans of speech that is written as it sounds: *gonna*, and *-in'* for *-ing*."""
    words, bits, folded = batch.words, batch.classes, batch.folded
    forms = words.where(_IS_DIALECT[_numbers(batch)])
    marks = np.flatnonzero((bits[:-1] & APOSTROPHE) != 0)
    marks = marks[(marks > 2) & ((bits[marks + 1] & WORD) == 0)]
    marks = marks[(folded[marks - 1] == ord("n")) & (folded[marks - 2] == ord("i"))]
    marks = marks[(bits[marks - 3] & WORD) != 0]
    start = words.start[np.searchsorted(words.start, marks, side="right") - 1]
    start, end = np.concatenate([forms.start, start]), np.concatenate([forms.end, marks + 1])
    order = np.argsort(start, kind="stable")
    return start[order], end[order]

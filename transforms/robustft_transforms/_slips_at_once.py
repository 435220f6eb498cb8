"""What `_slips` does to one word, for many words of a batch at once."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from robustft.seeding import mix
from robustft.text import Batch, Units
from robustft_transforms._keyboard import neighbours
from robustft_transforms._lexicons import load_words
from robustft_transforms._slips import (
    BOUNDS,
    FIRST_LETTER,
    NEGATORS,
    REST,
    TRIES,
    Kind,
    draw_of,
)

__all__ = ["mistype_all"]

Codes = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

_A, _LOWER = np.uint32(ord("a")), np.uint32(32)
_OMISSION, _NEIGHBOUR, _TRANSPOSITION, _DOUBLING, _INSERTION = range(len(BOUNDS))


class _Slips(NamedTuple):
    """One slip in each of some words: the buffer's ``low .. high`` becomes `made`, if it can."""

    low: Ints
    high: Ints
    made: list[str]
    possible: Mask


def mistype_all(batch: Batch, units: Units, keys: Keys, kind: Kind = "all") -> list[str | None]:
    """Return each word of `units` with one slip, or None: what `mistype` makes of it and its draw.

    The words consist of ASCII letters, three of them or more.
    """
    typos: list[str | None] = [None] * len(units)
    buffer, taken = batch.buffer, _taken()
    left = np.arange(len(units))
    for attempt in range(TRIES):
        start, end = units.start[left], units.end[left]
        slips = _slips(batch, start, end, mix(keys[left], attempt), kind)
        columns = (start, slips.low, slips.high, end)
        rows = zip(*(column.tolist() for column in columns), slips.made, strict=True)
        made = [buffer[a:b] + letters + buffer[c:d] for a, b, c, d, letters in rows]
        words = map(taken.__contains__, map(str.lower, made))
        good = slips.possible & ~np.fromiter(words, np.bool_, len(made))
        for row, typo, kept in zip(left.tolist(), made, good.tolist(), strict=True):
            if kept:
                typos[row] = typo
        left = left[~good]
        if not len(left):
            break
    return typos


@cache
def _taken() -> frozenset[str]:
    """What no slip may make: English words, and forms of negators."""
    return load_words() | NEGATORS


def _slips(batch: Batch, start: Ints, end: Ints, bits: Keys, kind: Kind) -> _Slips:
    """Make the slips that `bits` stand for."""
    which, place, pick = (
        ((bits >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.int64) for shift in (0, 16, 32)
    )
    if kind != "all":
        which[:] = draw_of(kind)
    slip = np.searchsorted(BOUNDS, which, side="right")
    last = end - start - 1
    at = np.where(place >= FIRST_LETTER, 1 + (place - FIRST_LETTER) * last // REST, 0)
    low, codes = start + at, batch.codes
    letter, after = codes[low], np.where(at < last, codes[np.minimum(low + 1, end - 1)], 0)
    before = np.where(at > 0, codes[low - 1], 0)
    upper = letter < _A
    shouted = _shouted(batch, start, end, upper)
    near = _near(letter, pick)
    possible = np.select(
        [slip == _OMISSION, slip == _TRANSPOSITION, slip == _DOUBLING],
        [
            (at > 0) | ~upper | shouted,
            (at < last) & (letter | _LOWER != after | _LOWER),
            (letter != before) & (letter != after),
        ],
        default=True,
    )
    # Of a swap, the capital stays where it was.
    case = letter & _LOWER
    swapped = (after & ~_LOWER) | case, (letter & ~_LOWER) | after & _LOWER
    second = np.where(shouted, np.uint32(0), _LOWER)
    made = np.zeros((len(start), 2), "<u4")
    for number, letters in (
        (_NEIGHBOUR, (near, 0)),
        (_TRANSPOSITION, swapped),
        (_DOUBLING, (letter, letter | second)),
        (_INSERTION, (letter, near | second)),
    ):
        rows = slip == number
        for column, values in enumerate(letters):
            made[rows, column] = values[rows] if isinstance(values, np.ndarray) else values
    high = low + 1 + (slip == _TRANSPOSITION)
    return _Slips(low, high, made.view("<U2").ravel().tolist(), possible)


def _shouted(batch: Batch, start: Ints, end: Ints, upper: Mask) -> Mask:
    """Tell which words are in capitals alone, among those hit at a capital."""
    found = np.zeros(len(start), np.bool_)
    for row in np.flatnonzero(upper).tolist():
        found[row] = batch.buffer[start[row] : end[row]].isupper()
    return found


def _near(letter: Codes, pick: Ints) -> Codes:
    """Return a neighbour of each letter on the keyboard, in the letter's case."""
    table, count = _keys()
    row = (letter | _LOWER) - _A
    near: Codes = (table[row, pick * count[row] >> 16] & ~_LOWER) | (letter & _LOWER)
    return near


@cache
def _keys() -> tuple[Codes, Ints]:
    """Return the neighbours of each letter from a to z, shape ``(26, most)``, and how many."""
    near = [[ord(key) for key in neighbours()[chr(int(_A) + i)]] for i in range(26)]
    count = np.array([len(keys) for keys in near])
    table = np.zeros((26, int(count.max())), np.uint32)
    for row, keys in zip(table, near, strict=True):
        row[: len(keys)] = keys
    return table, count

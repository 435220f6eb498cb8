"""Facts about code points, looked up for whole arrays at once.

Two tables over all of Unicode give each code point its class bits and its folded form. They are
filled on demand, from `unicodedata`, with the code points that really occur.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt

__all__ = [
    "APOSTROPHE",
    "DIGIT",
    "EDGE",
    "EMOJI",
    "LETTER",
    "MARK",
    "NEWLINE",
    "PLAIN",
    "SPACE",
    "TRIGGER",
    "UPPER",
    "WORD",
    "classes",
    "folded",
    "without_surrogates",
]

LETTER, MARK, DIGIT, WORD = 1, 2, 4, 8
"""A letter; a combining mark or joiner; a digit; anything that a word may be made of."""
UPPER, SPACE, NEWLINE, APOSTROPHE = 16, 32, 64, 128
EDGE, TRIGGER, EMOJI = 256, 512, 1024
"""A mark after which a sentence may begin; a mark that may stand in a protected span; an emoji."""
PLAIN = 2048
"""A letter from a to z, of either case."""
_KNOWN = 1 << 15

_SIZE = 0x110000
_APOSTROPHES = "'\u2019"
_EDGES = ".!?:;\"'\u201c\u201d\u2018\u2019([{>*\u2022\u2013\u2014-\u2026\u00bf\u00a1|/~"
_TRIGGERS = "@#<&[{%/\\:.$\u00a3\u20ac"
_JOINERS = "\u200c\u200d"


@cache
def _class_table() -> npt.NDArray[np.uint16]:
    return np.zeros(_SIZE, np.uint16)


@cache
def _fold_table() -> npt.NDArray[np.uint32]:
    return np.arange(_SIZE, dtype=np.uint32)


def _class_of(char: str) -> int:
    category = unicodedata.category(char)
    bits = _KNOWN
    if category[0] == "L":
        bits |= LETTER | WORD
        bits |= UPPER * (category in ("Lu", "Lt")) | PLAIN * char.isascii()
    elif category[0] == "M" or char in _JOINERS:
        bits |= MARK | WORD
    elif category[0] == "N":
        bits |= DIGIT | WORD
    elif char == "_":
        bits |= WORD
    elif char.isspace():
        bits |= SPACE
    elif category == "So" or 0x1F3FB <= ord(char) <= 0x1F3FF:
        bits |= EMOJI
    if char in "\n\r\v\f\x85\u2028\u2029":
        bits |= NEWLINE
    if char in _APOSTROPHES:
        bits |= APOSTROPHE
    if char in _EDGES:
        bits |= EDGE
    if char in _TRIGGERS or bits & DIGIT:
        bits |= TRIGGER
    return bits


def _fold_of(char: str) -> int:
    """Lower case, with the typographic apostrophe as the plain one; code points stay one to one."""
    if char in _APOSTROPHES:
        return ord("'")
    lower = char.lower()
    return ord(lower) if len(lower) == 1 else ord(char)


def classes(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint16]:
    """Return the class bits of each code point, same shape as `codes`."""
    table = _class_table()
    # Code points never leave the table, so nothing wraps; in this mode numpy looks up the fastest.
    bits = table.take(codes, mode="wrap")
    if codes.size and not bits.all():
        for code in np.unique(codes[bits == 0]).tolist():
            # The fold is written first: a thread that sees the class may rely on it.
            _fold_table()[code] = _fold_of(chr(code))
            table[code] = _class_of(chr(code))
        bits = table.take(codes, mode="wrap")
    return bits


def folded(
    codes: npt.NDArray[np.uint32], bits: npt.NDArray[np.uint16] | None = None
) -> npt.NDArray[np.uint32]:
    """Return the lower-case form of each code point, with the plain apostrophe for either.

    `bits` are their classes, where they are known already.
    """
    if bits is None:
        classes(codes)  # fills both tables
    return _fold_table().take(codes, mode="wrap")


_SURROGATE = re.compile("[\ud800-\udfff]")


def without_surrogates(text: str) -> str:
    """Return a text of the same length in which U+FFFD stands for halves of surrogate pairs.

    They have no UTF-8, so tokenizers and services cannot read them.
    """
    return _SURROGATE.sub("\ufffd", text)

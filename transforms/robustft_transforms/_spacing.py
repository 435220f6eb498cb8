"""Gaps between words, and what becomes of a text when one is lost or one is put into a word."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import numpy.typing as npt

from robustft.seeding import Draw, mix
from robustft.text import Batch, Lexicon, Units
from robustft.text.characters import LETTER, SPACE
from robustft.text.protect import NEGATORS
from robustft.transform.base import Skip
from robustft_transforms._lexicons import load_words

__all__ = [
    "JOINED",
    "after_mark",
    "careless",
    "gaps",
    "is_among",
    "joined_pairs",
    "lone_gaps",
    "lose",
    "part",
]

# A space that is lost after a mark: not before a digit or a lone letter (an emoticon's), and after
# a full stop only where a capital still shows that a sentence begins.
_AFTER_MARK = re.compile(
    r" (?:(?<=[,;:!?] )(?=[A-Za-z][a-z])|(?<=\.\.\. )(?=[A-Za-z][a-z])|(?<=[a-z]\. )(?=[A-Z][a-z]))"
)
_ADDRESS = re.compile(r"(?:://|www\.|@|&)\S*\Z")
_LONGEST = 40
_DOUBLED = "  "

# What people write as one word, though no dictionary has it.
JOINED = frozenset(
    "a lot|at least|as well|of course|in fact|in front|in spite|in order|in between|even though|"
    "each other|every time|after all|thank you|right away|up to|a bit|a little|more so|on top|"
    "due to|best friend".split("|")
)
# Words so short and frequent that a missing space beside them is read over.
_SHORT = frozenset(
    "the of to in it is was for on at be as by and that with his her this its are you my we he "
    "she they or from but so all if an a i me us".split()
)
# Before an adjective these would be prefixes that deny it.
_PREFIXES = frozenset("a an in".split())
_LEFT = re.compile(r"(?<![\w'’.@/&-])[A-Za-z][a-z]*\Z")
_RIGHT = re.compile(r"[a-z]+(?=[\s,;!?)\"”’<]|[.:](?!\S)|\Z)")
_TRIES = 8


def gaps(batch: Batch) -> Units:
    """Return the single spaces that part words and marks of a line."""
    bits = batch.classes
    at = np.flatnonzero(batch.codes == ord(" "))
    text = np.searchsorted(batch.starts, at, side="right") - 1
    inside = (at > batch.starts[text]) & (at + 1 < batch.ends[text])
    inside &= ((bits[at - 1] | bits[at + 1]) & SPACE) == 0
    at = at[inside]
    return batch.spans(at, at + 1)


def lone_gaps(batch: Batch) -> Units:
    """Return some of the spaces between two letters: no two in a row, so that pairs alone join."""
    units = gaps(batch)
    bits = batch.classes
    units = units.where((bits[units.start - 1] & bits[units.start + 1] & LETTER) != 0)
    ordinal = np.arange(len(units)) - np.searchsorted(units.text, units.text)
    # Of each run those are taken whose number, scrambled, is higher than both neighbours'.
    rank = np.zeros(len(units) + 2, np.uint64)
    rank[1:-1] = mix(np.zeros(1, np.uint64), ordinal)
    return units.where((rank[1:-1] > rank[:-2]) & (rank[1:-1] > rank[2:]))


def after_mark(batch: Batch) -> Units:
    """Return the spaces after a mark that a hurried writer leaves out."""
    return batch.find(_AFTER_MARK)


@cache
def _lexicon(position: int) -> Lexicon:
    return Lexicon({pair.split()[position] for pair in JOINED})


def joined_pairs(batch: Batch) -> Units:
    """Return the spaces within the pairs of `JOINED`."""
    words = batch.words
    at = np.flatnonzero(batch.is_in(_lexicon(0))[:-1] & batch.is_in(_lexicon(1))[1:])
    at = at[words.start[at + 1] - words.end[at] == 1]
    spans = zip(words.start[at].tolist(), words.end[at + 1].tolist(), strict=True)
    at = at[np.array([batch.buffer[low:high].lower() in JOINED for low, high in spans], np.bool_)]
    return batch.spans(words.end[at], words.end[at] + 1)


def is_among(units: Units, others: Units) -> npt.NDArray[np.bool_]:
    """Tell for each unit whether `others` has one that begins where it does."""
    return np.isin(units.start, others.start)


def lose(text: str, start: int) -> str | Skip:
    """Return what becomes of the space at `start` if the writer leaves it out: "" or a reason."""
    before = text[max(0, start - _LONGEST) : start]
    if not before[-1].isalpha():
        return Skip("beside an address") if _ADDRESS.search(before) else ""
    left, right = _LEFT.search(before), _RIGHT.match(text, start + 1, start + 1 + _LONGEST)
    if left is None or right is None:
        return Skip("no two plain words")
    first, second = left.group().lower(), right.group()
    if f"{first} {second}" in JOINED:
        return ""
    if first != left.group() and first not in _SHORT:
        return Skip("may be a name")
    if first in NEGATORS or second in NEGATORS:
        return Skip("beside a negator")
    short = (first in _SHORT, second in _SHORT)
    if not any(short) or (first in _PREFIXES and not short[1]):
        return Skip("hard to read as one word")
    return Skip("another word") if first + second in load_words() else ""


def careless(text: str, start: int, draw: Draw) -> str | Skip:
    """Return what a careless writer makes of the space at `start`: none, or two of them."""
    if _AFTER_MARK.match(text, start):
        # Behind a sentence two are a habit; behind a comma one is forgotten.
        lost = draw.integers(4) < (2 if text[start - 1] in ".!?" else 3)
        return lose(text, start) if lost else _DOUBLED
    word = text[max(0, start - _LONGEST) : start].rsplit(" ", 1)[-1]
    follows = text[start + 1 : start + _LONGEST].split(" ", 1)[0]
    return lose(text, start) if f"{word} {follows}".lower() in JOINED else _DOUBLED


def part(word: str, draw: Draw) -> str | Skip:
    """Return a word with a space in it, so that neither part is a word of its own."""
    words, low = load_words(), word.lower()
    for _ in range(_TRIES):
        at = 2 + draw.integers(len(word) - 3)
        first, second = low[:at], low[at:]
        harmless = all(len(p) == 2 or p not in words for p in (first, second))
        if harmless and first not in NEGATORS and second not in NEGATORS:
            return f"{word[:at]} {word[at:]}"
    return Skip("each part is a word")

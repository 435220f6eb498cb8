"""One slip of the finger in one word. Where the proportions come from: see `typos`."""

from __future__ import annotations

from typing import Literal, get_args

from robustft.seeding import Draw
from robustft_transforms._keyboard import neighbours
from robustft_transforms._lexicons import load_words

__all__ = ["BOUNDS", "FIRST_LETTER", "NEGATORS", "REST", "TRIES", "Kind", "draw_of", "mistype"]

Kind = Literal["all", "omission", "neighbour", "transposition", "doubling", "insertion"]

# Upper bounds of a 16-bit draw for each kind, in the order of `Kind`: 45/20/15/10/10 %.
BOUNDS = _OMISSION, _NEIGHBOUR, _TRANSPOSITION, _DOUBLING, _ = tuple(
    round(65536 * share) for share in (0.45, 0.65, 0.80, 0.90, 1.0)
)
FIRST_LETTER = round(65536 * 0.033)
REST = 65536 - FIRST_LETTER
# Forms of negators that are no dictionary words, which a slip might make.
NEGATORS = frozenset("dont cant wont isnt arent aint nor".split())
TRIES = 8


def draw_of(kind: Kind) -> int:
    """Return a draw that stands for one kind of slip."""
    return BOUNDS[get_args(Kind).index(kind) - 1] - 1


def mistype(word: str, draw: Draw, bits: int, kind: Kind = "all") -> str | None:
    """Return `word`, of three ASCII letters or more, with one slip.

    `bits` are 64 random bits: the lowest 16 choose the kind of slip, the next 16 the place, the
    next 16 the neighbour. None if they and a few further draws give an English word, a negator
    or no slip at all (a letter swapped with its like, a third letter beside a double one).
    """
    words = load_words()
    last = len(word) - 1
    for _ in range(TRIES):
        which = bits & 0xFFFF if kind == "all" else draw_of(kind)
        place = (bits >> 16) & 0xFFFF
        at = 1 + (place - FIRST_LETTER) * last // REST if place >= FIRST_LETTER else 0
        typo = _slip(word, at, which, (bits >> 32) & 0xFFFF)
        if typo:
            low = typo.lower()
            if low not in words and low not in NEGATORS:
                return typo
        bits = draw.bits()
    return None


def _slip(word: str, at: int, which: int, pick: int) -> str | None:
    """Make the slip at letter `at` that the draw `which` stands for, or None if it cannot be."""
    letter = word[at]
    before, after = word[:at], word[at + 1 :]
    if which < _OMISSION:
        # Who leaves out the first letter of a name rarely leaves out the capital: no such slip.
        return before + after if at or letter.islower() or word.isupper() else None
    if which < _NEIGHBOUR:
        return before + _near(letter, pick) + after
    if which < _TRANSPOSITION:
        if not after or letter.lower() == after[0].lower():
            return None
        return before + _swap(letter, after[0]) + after[1:]
    if which < _DOUBLING:
        # A letter that is double already is not doubled again.
        if letter in (word[at - 1 : at], after[:1]):
            return None
        return before + letter + (letter if word.isupper() else letter.lower()) + after
    near = _near(letter, pick)
    return before + letter + (near if word.isupper() else near.lower()) + after


def _near(letter: str, pick: int) -> str:
    low = letter.lower()
    keys = neighbours()[low]
    near = keys[pick * len(keys) >> 16]
    return near if letter == low else near.upper()


def _swap(first: str, second: str) -> str:
    """Swap two letters and leave the capital where it was."""
    if first.isupper() and second.islower():
        return second.upper() + first.lower()
    if first.islower() and second.isupper():
        return second.lower() + first.upper()
    return second + first

"""Leetspeak: digits that look like letters stand for them (gr34t)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, Unit, Units
from robustft.transform.base import LabelKind, Level, Skip, Transform
from robustft_transforms._numerals import NUMBER_WORDS

Strength = Literal["light", "medium", "heavy"]

_SHORTEST = 3
# Each sign stands for one letter alone, so that a word can be read back. That bars 1 for l.
_VOWELS = {"a": "4", "e": "3", "i": "1", "o": "0"}
_SIGNS = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7", "b": "8"}


class _Style(NamedTuple):
    """What a strength replaces: the signs, from which letter on, and what share of a word."""

    signs: Mapping[str, str]
    begin: int
    share: float


_STYLES: dict[str, _Style] = {
    "light": _Style(_VOWELS, 1, 0.0),
    "medium": _Style(_VOWELS, 1, 0.5),
    "heavy": _Style(_SIGNS, 0, 0.6),
}


@dataclass(frozen=True, kw_only=True)
class Leetspeak(Transform):
    """Write digits for the letters that they look like: "gr34t", "m0v13".

    Where it occurs: chats of players, names of accounts, spam, and words that are meant to pass
    a filter.

    What it does: vowels of a word give way to digits of a like shape, the same vowel to the same
    digit all through the word, but never the first letter, and at most half of a word unless one
    letter makes up more ("t00"). Every sign stands for one letter alone, so that words can be
    read back. Number words, negators, names and words of one or two letters stay.

    What it may break: the exact spelling (no kept label of acceptability), and any tokenizer:
    words fall apart into digits and rests. Readers cope: a word flashed in this form (M4T3R14L)
    primes itself nearly as well as in plain letters.

    Source: Perea, Duñabeitia and Carreiras (2008), *R34D1NG W0RD5 W1TH NUMB3R5*, Journal of
    Experimental Psychology: Human Perception and Performance 34(1); as a test of models, Eger et
    al. (2019), *Text processing like humans do*, NAACL. The rates are ours.

    Parameters
    ----------
    strength
        ``light`` (one vowel a word: "gre4t"), ``medium`` ("gr34t") or ``heavy`` (more than half
        of a word, its first letter too, b, s and t as well, and signs such as @, $ and !).
    """

    strength: Strength = "medium"

    name: ClassVar[str] = "leetspeak"
    level: ClassVar[Level] = Level.CHARACTER
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind) - {LabelKind.ACCEPTABILITY}
    rates: ClassVar[Mapping[int, float]] = {1: 0.01, 2: 0.03, 3: 0.06, 4: 0.12, 5: 0.4}
    example: ClassVar[str] = "A great performance, and a surprising ending."

    def units(self, batch: Batch) -> Units:
        """Return the words of three ASCII letters or more with a letter that has a sign."""
        signs, begin, _ = _STYLES[self.strength]
        words = batch.alphabetic_words(_SHORTEST)
        words = words.where(~np.isin(words.start, batch.words_in(NUMBER_WORDS).start))
        replaceable = np.isin(batch.folded, np.array([ord(letter) for letter in signs], np.uint32))
        inner = Units(words.text, words.start + begin, words.end)
        return words.where(batch.any_in(replaceable, inner))

    def replacement(
        self, document: Document, unit: Unit, draw: Draw
    ) -> str | Skip | tuple[Edit, ...]:
        """Return the word with signs for some of its letters."""
        signs, begin, share = _STYLES[self.strength]
        low = unit.text.lower()
        body = low[begin:]
        most = int(len(low) * share)
        table: dict[str, str] = {}
        replaced = 0
        letters = draw.shuffled(sorted(signs.keys() & body))
        for letter in sorted(letters, key=_is_consonant):
            replaced += body.count(letter)
            if table and replaced > most:
                break
            # At an edge "@", "$" and "!" would be a mention, a price and an exclamation.
            at_edge = letter in (low[0], low[-1])
            table[letter] = signs[letter][0] if at_edge else draw.choice(signs[letter])
        made = [table.get(letter, unit.text[begin + at]) for at, letter in enumerate(body)]
        return unit.text[:begin] + "".join(made)


def _is_consonant(letter: str) -> bool:
    return letter not in _VOWELS

"""Diacritics: marks left out, put back, added for show, or encoded otherwise."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import ClassVar, Literal, NamedTuple

from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, Lexicon, SpanKind, Unit, Units
from robustft.text.characters import LETTER, MARK
from robustft.transform.base import LabelKind, Level, Skip, Transform
from robustft_transforms._lexicons import load_words

Mode = Literal["both", "remove", "restore", "decorate", "encode"]
Form = Literal["nfc", "nfd"]

_SHORTEST_DECORATED = 4
_LONG = 7
_FIRST_MARKED = 0xC0
# Letters that Unicode does not take apart, and what is written where they are missing.
_PLAIN = {"ø": "o", "ł": "l", "đ": "d", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe"}
_PLAIN |= {"Ø": "O", "Ł": "L", "Đ": "D", "Æ": "Ae", "Œ": "Oe"}
# Acute, grave, circumflex, diaeresis; tilde and ring where some language has them.
_MARKS = {
    "a": "\u0301\u0300\u0302\u0308\u0303\u030a",
    "e": "\u0301\u0300\u0302\u0308",
    "i": "\u0301\u0300\u0302\u0308",
    "o": "\u0301\u0300\u0302\u0308\u0303",
    "u": "\u0301\u0300\u0302\u0308",
}
# With marks these are other words than without.
_OTHER_WORDS = frozenset("divorce expose exposes lame mate pate pique resume resumes rose".split())
_SENTENCE_BEGINS = re.compile(r"(?:\A|[.!?>\n])[\s\"'“‘(]*\Z")


class _Words(NamedTuple):
    """The list: what has marks for what has none, and the plain words that are no others."""

    marked: Mapping[str, str]
    plain: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Diacritics(Transform):
    """Leave out accents and other marks, or put them back: café and cafe, naïve and naive.

    Where it occurs: keyboards without those keys, old forms and file names, text that was forced
    into ASCII; carefully edited text the other way round. Marks for show ("Mötley Crüe") occur in
    names of bands, in spam, and in the pseudo-translations that testers of software use. The
    decomposed form (NFD) comes from file names of macOS and out of PDF files.

    What it does: by default, words that English writes either way change sides. Marks go from
    any word in Latin script, names too (José, Buñuel), unless what is left would be another
    English word (résumé, exposé, rosé). They come back only where the plain word can be nothing
    else, by a list: "cafe", not "resume", not "Andre".

    What it may break: next to nothing for a reader. An uncased BERT strips marks and sees no
    change at all; other tokenizers break the word up. The spelling that ``decorate`` makes is
    wrong, so no label of acceptability is kept.

    Source: in some 96,000 IMDB reviews, cliché is written with its accent in 81 %, café in 51 %,
    naïve in 10 %. Forms: Unicode Standard Annex #15. The list is hand-made; the rates are ours,
    and few reviews have a place.

    Parameters
    ----------
    mode
        ``both``, ``remove``, ``restore``, ``decorate`` (marks for show: "wönderfúl") or
        ``encode`` (nothing but the other Unicode form of what is there, as `normalize` says).
    normalize
        The form of what is written: ``nfc`` (é is one code point) or ``nfd`` (e and a mark).
    """

    mode: Mode = "both"
    normalize: Form = "nfc"

    name: ClassVar[str] = "diacritics"
    level: ClassVar[Level] = Level.CHARACTER
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind) - {LabelKind.ACCEPTABILITY}
    opens: ClassVar[frozenset[SpanKind]] = frozenset({SpanKind.NAME})
    rates: ClassVar[Mapping[int, float]] = {1: 0.005, 2: 0.01, 3: 0.02, 4: 0.04, 5: 1.0}
    example: ClassVar[str] = "A naive cliche: they meet in a café in Málaga."

    def units(self, batch: Batch) -> Units:
        """Return the words that have marks, could have them, or both."""
        if self.mode == "decorate":
            return batch.alphabetic_words(_SHORTEST_DECORATED)
        words = batch.words
        beyond = (batch.codes >= _FIRST_MARKED) & ((batch.classes[:-1] & (LETTER | MARK)) != 0)
        marked = batch.any_in(beyond, words)
        if self.mode in ("remove", "encode"):
            return words.where(marked)
        plain = batch.is_in(_lexicon())
        return words.where(plain if self.mode == "restore" else plain | marked)

    def replacement(
        self, document: Document, unit: Unit, draw: Draw
    ) -> str | Skip | tuple[Edit, ...]:
        """Return the word with more or fewer marks, in the form asked for."""
        word = unit.text
        if self.mode == "decorate":
            made = _decorated(word, draw)
        elif self.mode == "encode":
            made = word
        elif word.isascii() or word.lower().replace("’", "'") in _read().marked:
            made = _restored(document.text, unit)
        else:
            made = _stripped(word)
        if isinstance(made, Skip):
            return made
        return unicodedata.normalize("NFC" if self.normalize == "nfc" else "NFD", made)


def _stripped(word: str) -> str | Skip:
    """Return a word without its marks."""
    parts = (_PLAIN.get(char, char) for char in unicodedata.normalize("NFD", word))
    made = "".join(part for part in parts if not unicodedata.combining(part[0]))
    if not made.replace("’", "'").isascii():
        return Skip("a script that has no plain letters")
    if word.isupper():
        made = made.upper()
    low = made.lower().replace("’", "'")
    # A capital may be a name's: Martín is no bird without his accent.
    if low in _OTHER_WORDS or (
        word[0].islower() and low not in _read().plain and low in load_words()
    ):
        return Skip("another word without its marks")
    return made


def _restored(text: str, unit: Unit) -> str | Skip:
    """Return a plain word with the marks that it is known to have."""
    word = unit.text
    made = _read().marked[word.lower().replace("’", "'")]
    if "’" in word:
        made = made.replace("'", "’")
    if word.islower():
        return made.lower()
    if word.isupper():
        return made.upper()
    if not (word[0].isupper() and word[1:].islower()):
        return Skip("mixed case")
    if made[0].islower() and not _SENTENCE_BEGINS.search(text[max(0, unit.start - 9) : unit.start]):
        return Skip("part of a name")
    return made[0].upper() + made[1:]


def _decorated(word: str, draw: Draw) -> str | Skip:
    """Return a word with marks on one of its letters, or on two if it is long."""
    low = word.lower()
    if low in _OTHER_WORDS or low in _read().marked:
        return Skip("another word with marks")
    places = [at for at, letter in enumerate(low) if letter in _MARKS]
    if not places:
        return Skip("no vowel")
    letters = list(word)
    for at in draw.shuffled(places)[: 1 + (len(word) >= _LONG)]:
        letters[at] += draw.choice(_MARKS[low[at]])
    return "".join(letters)


@cache
def _lexicon() -> Lexicon:
    return Lexicon(_read().marked)


@cache
def _read() -> _Words:
    text = (files(__package__) / "data" / "diacritics.txt").read_text(encoding="utf-8")
    listed = [w for line in text.splitlines() if line[0] != "#" for w in line.split()]
    marked, plain = {}, set()
    for entry in listed:
        word = unicodedata.normalize("NFC", entry.lstrip("-"))
        bare = "".join(
            c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c)
        )
        plain.add(bare.lower())
        if entry[0] != "-":
            marked[bare.lower()] = word
    return _Words(marked, frozenset(plain))

"""Word order: two neighbours change places, an adverb ends up where it does not belong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, Lexicon, Unit, Units
from robustft.text.characters import APOSTROPHE, DIGIT, LETTER
from robustft.transform.base import LabelKind, Level, Proposal, Skip, Transform
from robustft_transforms._articles import takes_an
from robustft_transforms._grammar import before
from robustft_transforms._sections import section

Kind = Literal["all", "swap", "adverb"]
Mask = npt.NDArray[np.bool_]

_DATA = "word_order.txt"
# How many words before and after it a negator keeps in their places.
_KEPT_AFTER, _KEPT_BEFORE = 4, 2
_FARTHEST = 3
_SPARED = 0.25
_LONGEST_ARTICLE = 4
_LONGEST = 24
_WORD = r"[^\W\d_]+(?:['’][^\W\d_]+)*"
_NEXT = re.compile(rf" ({_WORD})(?![\w'’-])")
_PREVIOUS = re.compile(rf"(?<![\w'’-])({_WORD}) \Z")
_ARTICLE = re.compile(r"(?<![\w'’-])(an?) \Z", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class WordOrder(Transform):
    """Put words in the wrong order: "a film great", "I liked really it".

    Where it occurs: texts of people who write English as a second language, sentences half
    rewritten and not read again, output of weak translation systems.

    What it does: two neighbouring words within a clause change places, or an adverb moves by one
    to three words. Nothing moves across a mark, a conjunction or a comparison, near a negator or
    what weakens as one does ("hardly", "lack", "too"), nor do numbers, names and hyphenated words.
    The capital stays at the beginning of the sentence, *a* and *an* follow the word after them.

    What it may break: grammar, and who does what to whom; only what a text is about and whether
    it speaks well of it are kept.

    Source: Pham, Bui, Mai and Nguyen (2021), *Out of order: how important is the sequential order
    of words in a sentence in natural language understanding tasks?*, Findings of ACL, and Sinha et
    al. (2021), *Masked language modeling and the distributional hypothesis: order word matters
    pre-training for little*, EMNLP, on how little models mind the order. The rates are ours.

    Parameters
    ----------
    kind
        ``swap`` (two neighbours), ``adverb`` (an adverb moves), or ``all``.
    """

    kind: Kind = "all"

    name: ClassVar[str] = "word_order"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset[LabelKind]] = frozenset({LabelKind.SENTIMENT, LabelKind.TOPIC})
    rates: ClassVar[Mapping[int, float]] = {1: 0.01, 2: 0.02, 3: 0.04, 4: 0.08, 5: 0.2}

    def units(self, batch: Batch) -> Units:
        """Return the words that may change places with the next, and adverbs that may move."""
        words = batch.words
        found = np.zeros(len(words), np.bool_)
        if len(words) < 2:
            return words.where(found)
        movable = _movable(batch)
        # A subject pronoun begins a clause, whose boundary no mark may show: "so bad it's good".
        begins = batch.is_in(_lexicon("subjects"))
        gap = batch.codes[words.end[:-1]] == ord(" ")
        gap &= words.start[1:] - words.end[:-1] == 1
        found[:-1] = movable[:-1] & movable[1:] & ~begins[1:] & gap
        if self.kind != "swap":
            adverb = _adverbs(batch) & movable
            after = np.roll(found, 1) & adverb
            found = after | (found & (adverb | (self.kind == "all")))
        return words.where(found)

    def weights(self, batch: Batch, units: Units) -> npt.NDArray[np.float64]:
        """Return what spares articles and prepositions, which readers miss most in their place."""
        words = batch.words
        small = batch.is_in(_lexicon("small words"))
        small[:-1] |= small[1:] & (words.text[1:] == words.text[:-1])
        return np.where(small[np.searchsorted(words.start, units.start)], _SPARED, 1.0)

    def replacement(self, document: Document, unit: Unit, draw: Draw) -> Proposal:
        """Return the edits that move the word."""
        text, start, end = document.text, unit.start, unit.end
        if self.kind != "swap" and _is_adverb(unit.text.lower()) and not unit.text[0].isupper():
            distance = 1 + draw.integers(_FARTHEST)
            if draw.integers(2):
                start = _leftwards(text, start, distance)
            if start == unit.start:
                end = _rightwards(text, end, distance)
        else:
            end = _rightwards(text, end, 1)
        if end - start == len(unit.text):
            return Skip("no word to change places with")
        # One side of the span is the word, the other what it moves across.
        if start < unit.start:
            made = f"{unit.text} {text[start : unit.start - 1]}"
        else:
            made = _rightly_cased(text, unit, text[unit.end + 1 : end])
        article = _ARTICLE.search(text, max(0, start - _LONGEST_ARTICLE), start)
        if article and made.partition(" ")[0] in section(_DATA, "small words"):
            return Skip("an article would lose its noun")
        return (*_fitted(article, made), Edit(start, end, made))


def _rightly_cased(text: str, unit: Unit, following: str) -> str:
    """Write a word behind those that follow it, the capital of the sentence kept in front."""
    if unit.text[0].isupper() and before(text, unit.start).begins_sentence:
        moved = unit.text if unit.text[0] == "I" and unit.text[1:2] in ("", "'", "’") else ""
        return f"{following[0].upper()}{following[1:]} {moved or unit.text.lower()}"
    return f"{following} {unit.text}"


def _rightwards(text: str, end: int, distance: int) -> int:
    """Return the end of up to `distance` words after `end` that a word may move across."""
    for _ in range(distance):
        found = _NEXT.match(text, end)
        if found is None or _stays(found[1]):
            break
        end = found.end()
    return end


def _leftwards(text: str, start: int, distance: int) -> int:
    for _ in range(distance):
        found = _PREVIOUS.search(text, max(0, start - _LONGEST), start)
        if found is None or _stays(found[1]) or found[1][0].isupper():
            break
        start = found.start()
    return start


_STAYING = ("fixed", "numbers", "negations", "subjects")


def _stays(word: str) -> bool:
    low = word.lower().replace("’", "'")
    return (
        low.endswith("n't")
        or any(low in section(_DATA, name) for name in _STAYING)
        or not (word.islower() or low.startswith("i'") or low == "i")
    )


def _fitted(article: re.Match[str] | None, made: str) -> tuple[Edit, ...]:
    """Return the edit that fits *a* or *an* to the word that is now after it."""
    if article is None:
        return ()
    fits = "an" if takes_an(made) else "a"
    if article[1][0].isupper():
        fits = fits.capitalize()
    return () if fits == article[1] else (Edit(article.start(1), article.end(1), fits),)


def _movable(batch: Batch) -> Mask:
    """Tell which words may move: in lower case, of letters, free of negators around them."""
    words = batch.words
    letters = (batch.classes[:-1] & (LETTER | APOSTROPHE)) != 0
    movable: Mask = ~batch.any_in(~letters, words) & ~batch.hyphenated(words)
    capital = batch.capitalised(words)
    movable &= ~capital | batch.is_in(_lexicon("openers", "fillers.txt"))
    number = batch.is_in(_lexicon("numbers")) | ((batch.classes[words.start] & DIGIT) != 0)
    movable &= ~batch.is_in(_lexicon("fixed")) & ~number
    movable[1:] &= ~(number[:-1] & (words.text[1:] == words.text[:-1]))
    denies = batch.is_in(_lexicon("negations")) | _ends_in(batch, "n't")
    for distance in range(min(_KEPT_AFTER + 1, len(words))):
        same = words.text[distance:] == words.text[: len(words) - distance]
        movable[distance:] &= ~(denies[: len(words) - distance] & same)
        if 0 < distance <= _KEPT_BEFORE:
            movable[:-distance] &= ~(denies[distance:] & same)
    return movable


def _adverbs(batch: Batch) -> Mask:
    long = batch.words.end - batch.words.start > len("only")
    ends = _ends_in(batch, "ly") & long & ~batch.is_in(_lexicon("no adverbs"))
    found: Mask = ends | batch.is_in(_lexicon("adverbs"))
    return found


def _is_adverb(word: str) -> bool:
    if word in section(_DATA, "adverbs"):
        return True
    return (
        word.endswith("ly") and len(word) > len("only") and word not in section(_DATA, "no adverbs")
    )


def _ends_in(batch: Batch, ending: str) -> Mask:
    words = batch.words
    found: Mask = words.end - words.start >= len(ending)
    for back, letter in enumerate(reversed(ending), 1):
        found &= batch.folded[np.maximum(words.end - back, 0)] == ord(letter)
    return found


@cache
def _lexicon(name: str, file: str = _DATA) -> Lexicon:
    return Lexicon(section(file, name))

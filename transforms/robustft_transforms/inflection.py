"""Inflection: errors of agreement, number, tense and degree, as learners make them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from robustft.seeding import Draw
from robustft.text import Batch, Document, Lexicon, Unit, Units
from robustft.text.characters import DIGIT
from robustft.transform.base import LabelKind, Level, Proposal, Skip, Transform
from robustft_transforms._inflection_errors import (
    KINDS,
    adverbs,
    candidates,
    errors_of,
    plurals,
    quantifiers,
)

Kind = Literal["all", "agreement", "number", "tense", "degree"]

_OF = Lexicon(["of"])
_OF_REACH = 5


@dataclass(frozen=True, kw_only=True)
class Inflection(Transform):
    """Inflect words wrongly, one at a time: "he go", "two movie", "informations", "she goed".

    Where it occurs: texts of people who write English as a second language, and of children.

    What it does: a verb loses or gets its *-s* after a subject that shows what it should have
    (``agreement``, with *was* and *were*, *this* and *these*); a noun loses its plural after a
    numeral or *many*, gets one after *each*, mass nouns and irregular plurals get an *-s*
    (``number``); a past is made by rule, becomes the base form after its subject, a past stands
    for a participle after *have*, and after *did* a past for the base form (``tense``); a
    comparative gets *more* or *most* (``degree``). A verb is changed only after a pronoun or a
    noun that can only be its subject, a noun only where a word before it says how many. No error
    makes another word, and contractions and negators stay.

    What it may break: the time that a text is about, so the relation and the likeness of two
    texts are not kept; nor is acceptability. How many there are is said by the words that stay.

    Source: the kinds of error are those that corpora of learners' English count most often for
    verbs and nouns (Ng et al., 2014, *The CoNLL-2014 shared task on grammatical error correction*:
    subject-verb agreement, noun number, verb form, verb tense). The lists and rates are ours.

    Parameters
    ----------
    kind
        One kind of error instead of ``all``: ``agreement``, ``number``, ``tense`` or ``degree``.
    """

    kind: Kind = "all"

    name: ClassVar[str] = "inflection"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind) - {
        LabelKind.ACCEPTABILITY,
        LabelKind.ENTAILMENT,
        LabelKind.SIMILARITY,
    }
    rates: ClassVar[Mapping[int, float]] = {1: 0.005, 2: 0.01, 3: 0.02, 4: 0.04, 5: 1.0}
    example: ClassVar[str] = "He goes to see two movies, and she thought that they were better."

    def units(self, batch: Batch) -> Units:
        """Return the words that an error could hit, where a word before them may show it."""
        words, kinds = batch.words, KINDS if self.kind == "all" else (self.kind,)
        if not len(words):
            return words
        before = _word_before(batch)
        found = np.zeros(len(words), np.bool_)
        for kind in kinds:
            for lefts, lexicon in _lexicons(kind):
                shown = batch.is_in(lexicon)
                if lefts is not None:
                    shown &= batch.is_in(lefts)[before] & (before >= 0)
                found |= shown
            if kind == "number":
                found |= _counted(batch, before)
        return words.where(found)

    def replacement(self, document: Document, unit: Unit, draw: Draw) -> Proposal:
        """Return the word with an error in it."""
        word = unit.text
        kinds = KINDS if self.kind == "all" else (self.kind,)
        made = errors_of(kinds, document.text, unit.start, unit.end)
        if not made:
            return Skip("nothing before it shows how it is inflected")
        error = draw.choice(made)
        if word.islower():
            return error
        if word.istitle():
            return error.capitalize()
        return error.upper() if word.isupper() else Skip("mixed case")


@cache
def _lexicons(kind: str) -> list[tuple[Lexicon | None, Lexicon]]:
    return [
        (None if lefts is None else Lexicon(lefts), Lexicon(words))
        for lefts, words in candidates(kind)
    ]


def _word_before(batch: Batch) -> npt.NDArray[np.int64]:
    """Return for each word the one before it in its phrase, an adverb looked through, or -1."""
    words = batch.words
    joined = np.zeros(len(words), np.bool_)
    joined[1:] = words.start[1:] - words.end[:-1] == 1
    joined[1:] &= batch.codes[words.end[:-1]] == ord(" ")
    before = np.where(joined, np.arange(len(words)) - 1, -1)
    adverb = batch.is_in(_lexicon(adverbs))[before] & joined[before] & (before >= 0)
    return before - adverb


def _counted(batch: Batch, before: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Tell which words may be plurals after a number, or after "one of the ..."."""
    words = batch.words
    number = batch.is_in(_lexicon(quantifiers)) | ((batch.classes[words.start] & DIGIT) != 0)
    found: npt.NDArray[np.bool_] = number[before] & (before >= 0)
    found &= batch.folded[words.end - 1] == ord("s")
    of, near = batch.is_in(_OF), np.zeros(len(words), np.bool_)
    for distance in range(1, min(_OF_REACH, len(words))):
        shows = of | number if distance == 2 else of  # an adjective may part it from its number
        same = words.text[distance:] == words.text[:-distance]
        near[distance:] |= shows[:-distance] & same
    return found | (near & batch.is_in(_lexicon(plurals)))


@cache
def _lexicon(words: Callable[[], frozenset[str]]) -> Lexicon:
    return Lexicon(words())

"""Homoglyphs: letters of other scripts that look the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, SpanKind, Unit, Units
from robustft.transform.base import LabelKind, Level, Skip, Transform

Script = Literal["cyrillic", "greek", "mixed", "fullwidth", "mathematical"]
Letters = Literal["one", "all"]

_SHORTEST = 3
_FULL_LENGTH = 8

# Written as escapes, so that a reader of this file sees which is which. Left out are letters that
# Unicode lists as confusable and common typefaces draw differently: Greek alpha, Cyrillic ka.
_CYRILLIC = dict(
    zip(
        "ABCEHIJMOPSTXaceijopsxy",
        "\u0410\u0412\u0421\u0415\u041d\u0406\u0408\u041c\u041e\u0420\u0405\u0422\u0425"
        "\u0430\u0441\u0435\u0456\u0458\u043e\u0440\u0455\u0445\u0443",
        strict=True,
    )
)
_GREEK = dict(
    zip(
        "ABEHIKMNOPTXYZov",
        "\u0391\u0392\u0395\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a7\u03a5\u0396"
        "\u03bf\u03bd",
        strict=True,
    )
)
_MIXED = {
    letter: _CYRILLIC.get(letter, "") + _GREEK.get(letter, "") for letter in _CYRILLIC | _GREEK
}
_LOOKALIKES = {"cyrillic": _CYRILLIC, "greek": _GREEK, "mixed": _MIXED}


def _alphabet(capital_a: int, small_a: int) -> dict[int, str]:
    """Return a whole alphabet by where its capital A and its small a stand, for `str.translate`."""
    capitals = {ord(letter): chr(capital_a + at) for at, letter in enumerate(ascii_uppercase)}
    return capitals | {ord(letter): chr(small_a + at) for at, letter in enumerate(ascii_lowercase)}


# The mathematical alphabet is the bold one, the dearest to advertisers.
_ALPHABETS = {
    "fullwidth": _alphabet(0xFF21, 0xFF41),
    "mathematical": _alphabet(0x1D400, 0x1D41A),
}


@dataclass(frozen=True, kw_only=True)
class Homoglyphs(Transform):
    """Write letters of another script that look the same: a Cyrillic о in "bоring".

    Where it occurs: spam, phishing and posts that evade a filter; text from broken PDF fonts and
    from keyboards left on another layout. Mathematical and fullwidth letters are the "fancy
    fonts" of profiles and of advertising.

    What it does: a letter of a word gives way to one that the usual typefaces draw alike. Longer
    words are drawn more often, as an evader hides the words that carry the message. Negators,
    addresses and numbers stay; names do not: brands are what is faked most.

    What it may break: nothing for a reader, who sees the same text, and so every label stays;
    everything for a machine. BERT's WordPiece has most of these Cyrillic and Greek letters as
    pieces of their own, so that "bоring" falls into ``b ##о ##ring``; for a letter that it does
    not know (Cyrillic ѕ, all fullwidth and mathematical ones) the whole word is ``[UNK]``.
    Byte-level tokenizers (GPT-2, RoBERTa) spell the letter in bytes. SentencePiece models that
    normalise by NFKC (T5, XLM-R) fold fullwidth and mathematical letters back and see no change;
    Cyrillic and Greek stay. No search and no word list finds the word any more.

    Source: Unicode Technical Standard #39, *Unicode security mechanisms* (``confusables.txt``),
    of which those pairs are kept that Liberation and DejaVu, sans and serif, draw alike, all but
    a few (Cyrillic у, Greek ν) to the pixel; as attacks, Boucher et al. (2022), *Bad characters:
    imperceptible NLP attacks*, IEEE S&P. The rates are ours.

    Parameters
    ----------
    script
        ``cyrillic``, ``greek`` (which has look-alikes of most capitals, but only of o and v
        among the small letters), ``mixed`` (either), ``fullwidth`` or ``mathematical`` (bold).
    letters
        ``one`` letter of a word, or ``all`` that have a look-alike. Fullwidth and mathematical
        letters always write out the whole word.
    """

    script: Script = "cyrillic"
    letters: Letters = "one"

    name: ClassVar[str] = "homoglyphs"
    level: ClassVar[Level] = Level.CHARACTER
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind)
    opens: ClassVar[frozenset[SpanKind]] = frozenset({SpanKind.NAME})
    rates: ClassVar[Mapping[int, float]] = {1: 0.01, 2: 0.03, 3: 0.06, 4: 0.12, 5: 0.4}
    example: ClassVar[str] = "A wonderful performance, and a surprising ending."

    def units(self, batch: Batch) -> Units:
        """Return the words of three ASCII letters or more with a letter that has a look-alike."""
        words = batch.alphabetic_words(_SHORTEST)
        table = _LOOKALIKES.get(self.script)
        if table is None:
            return words
        has_one = np.isin(batch.codes, np.array([ord(letter) for letter in table], np.uint32))
        return words.where(batch.any_in(has_one, words))

    def weights(self, batch: Batch, units: Units) -> npt.NDArray[np.float64]:
        """Return what favours long words, up to a length."""
        length = np.minimum(units.end - units.start, _FULL_LENGTH)
        weights: npt.NDArray[np.float64] = length.astype(np.float64)
        return weights

    def replacement(
        self, document: Document, unit: Unit, draw: Draw
    ) -> str | Skip | tuple[Edit, ...]:
        """Return the word with look-alikes in it."""
        word = unit.text
        if self.script in _ALPHABETS:
            return word.translate(_ALPHABETS[self.script])
        table = _LOOKALIKES[self.script]
        if self.letters == "all":
            return "".join(draw.choice(table.get(letter, letter)) for letter in word)
        at = draw.choice([at for at, letter in enumerate(word) if letter in table])
        return word[:at] + draw.choice(table[word[at]]) + word[at + 1 :]

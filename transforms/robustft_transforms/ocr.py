"""Text recognition: letters misread by a scanner (rn for m, l for I)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, Unit, Units
from robustft.transform.base import LabelKind, Level, Skip, Transform
from robustft_transforms._numerals import NUMBER_WORDS
from robustft_transforms._scanning import Kind, misread, place_weights

_SHORTEST = 3
_LONGEST = 40  # each place of a word is tried: what is longer is no word


@dataclass(frozen=True, kw_only=True)
class Ocr(Transform):
    """Misread words as optical character recognition does, one place a word.

    Where it occurs: digitised newspapers and books, scanned forms and receipts, faxes, text in
    pictures, PDF files without a text layer or with ligatures in it.

    What it does: a letter, or two or three, give way to what looks alike in print: "m" to "rn"
    and "rn" to "m", "t" to "l" or "c", "e" to "c", "I" to "l" or "1", "o" to "0", "h" to "b" or
    "ll", "fi" to its ligature. Words are hit as often as their letters are misread, the pronoun
    "I" most of all. A misreading that makes another English word ("modem" for "modern", "dear"
    for "clear") is never taken, so that the sense can be guessed. Numbers, in digits or in words,
    negators and names stay.

    What it may break: the exact spelling (no kept label of acceptability). Word counts and word
    order stay; scanners also join and split words, for which there is `whitespace`.

    Source: ``tools/measure_ocr.py`` set 252 pages of film reviews in nine typefaces, printed and
    scanned them well or badly, and had them read by Tesseract 5.3, Ocrad 0.28 and GOCR 0.52; the
    rates in ``_scanning.py`` come from their 12,598 isolated errors. How far such errors carry:
    Lopresti (2009), *Optical character recognition errors and their effects on natural language
    processing*, IJDAR 12(3). The rates of the severities are ours.

    Parameters
    ----------
    kind
        ``all``, or misreadings of one kind: ``letters`` for letters, ``digits`` (and signs) for
        letters ("1ike"), or ``ligatures`` (one code point for "fi", "fl", "ff", "ffi", "ffl", as
        PDF files have them; tokenizers that normalise by NFKC do not see these).
    """

    kind: Kind = "all"

    name: ClassVar[str] = "ocr"
    level: ClassVar[Level] = Level.CHARACTER
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind) - {LabelKind.ACCEPTABILITY}
    rates: ClassVar[Mapping[int, float]] = {1: 0.01, 2: 0.025, 3: 0.05, 4: 0.1, 5: 0.2}
    example: ClassVar[str] = "I think the modern film is a little better, and its ending firm."

    def units(self, batch: Batch) -> Units:
        """Return the words of three ASCII letters or more that can be misread, and "I"."""
        words = batch.alphabetic_words()
        length = words.end - words.start
        pronoun = (length == 1) & (batch.codes[words.start] == ord("I"))
        words = words.where(((length >= _SHORTEST) & (length <= _LONGEST)) | pronoun)
        words = words.where(~np.isin(words.start, batch.words_in(NUMBER_WORDS).start))
        return words.where(self._weights(batch, words) > 0)

    def weights(self, batch: Batch, units: Units) -> npt.NDArray[np.float64]:
        """Return how often something in a word is misread."""
        return self._weights(batch, units)

    def _weights(self, batch: Batch, words: Units) -> npt.NDArray[np.float64]:
        total = np.zeros(len(batch.codes) + 1)
        np.cumsum(place_weights(batch.codes, self.kind), out=total[1:])
        weights: npt.NDArray[np.float64] = total[words.end] - total[words.start]
        return weights

    def replacement(
        self, document: Document, unit: Unit, draw: Draw
    ) -> str | Skip | tuple[Edit, ...]:
        """Return the word with one place misread."""
        seen = misread(unit.text, draw, self.kind)
        return Skip("each misreading makes a word") if seen is None else seen

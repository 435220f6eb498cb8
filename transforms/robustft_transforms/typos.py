"""Typos: the slips of a hurried typist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from robustft.seeding import Draw
from robustft.text import Batch, Document, Unit, Units
from robustft.transform.base import LabelKind, Level, Proposal, Skip, Transform
from robustft_transforms._slips import Kind, mistype
from robustft_transforms._slips_at_once import mistype_all

_FULL_LENGTH = 8
_LENGTH_POWER = 2.5
_WEIGHTS = (np.arange(_FULL_LENGTH + 1) / _FULL_LENGTH) ** _LENGTH_POWER
_SKIP = Skip("each slip drawn makes a word")


@dataclass(frozen=True, kw_only=True)
class Typos(Transform):
    """Mistype words as fingers on a QWERTY keyboard do, one slip a word.

    Where it occurs: reviews, chats, mails and search queries typed in a hurry and not read again.

    What it does: a letter is left out, replaced by a neighbouring key, swapped with the next,
    doubled, or hit together with a neighbour. Case is kept, first letters and short words are
    hit rarely, and a slip that makes another English word is drawn again, so that the text stays
    readable and its sense can be guessed. Only words of the letters a to z are touched.

    What it may break: the exact spelling (no kept label of acceptability), names and rare words
    that a reader cannot guess. Word counts and word order stay.

    Source of the proportions: one slip a word, omission first, and doubling as the chief kind of
    insertion are what Pollock and Zamora (1983, JASIS 34:51-58) found in 50,000 misspellings
    (90 to 95 % hold a single mistake). In 48,882 IMDB reviews ``tools/measure_typos.py`` finds,
    among slips of these five kinds in words of eight letters and more, 62 % omissions, 14 %
    transpositions, 9 % doublings, 9 % neighbours inserted and 7 % neighbours typed instead; the
    first letter is hit in 3 %, and slips grow with between the square and the power 2.5 of a
    word's length (1,456 in a million words of eight letters, 2,883 of twelve, 5,799 of fourteen),
    which is carried on to shorter words: one of four letters is hit a sixth as often as one of
    eight. Those are errors that their writers overlooked. While typing, slower typists above all
    replace letters (Dhakal et al. 2018, CHI, on 136 million keystrokes), so we lift replacement
    to 20 % at the expense of omission, 45 %; this mixture, 45/20/15/10/10, is our choice. The
    keyboard's geometry is in ``_keyboard.py``.

    Parameters
    ----------
    kind
        One kind of slip instead of ``all``: ``omission``, ``neighbour``, ``transposition``,
        ``doubling`` or ``insertion``.
    """

    kind: Kind = "all"

    name: ClassVar[str] = "typos"
    level: ClassVar[Level] = Level.CHARACTER
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind) - {LabelKind.ACCEPTABILITY}
    rates: ClassVar[Mapping[int, float]] = {1: 0.01, 2: 0.025, 3: 0.05, 4: 0.1, 5: 0.2}
    example: ClassVar[str] = "A wonderful performance, and a surprising ending."

    def units(self, batch: Batch) -> Units:
        """Return the words of at least three letters, ASCII letters alone."""
        return batch.alphabetic_words(3)

    def weights(self, batch: Batch, units: Units) -> npt.NDArray[np.float64]:
        """Return what spares short words: their writers slip less, and see it when they do."""
        weights: npt.NDArray[np.float64] = _WEIGHTS[
            np.minimum(units.end - units.start, _FULL_LENGTH)
        ]
        return weights

    def replacement(self, document: Document, unit: Unit, draw: Draw) -> Proposal:
        """Return the word with one slip in it."""
        typo = mistype(unit.text, draw, draw.bits(), self.kind)
        return _SKIP if typo is None else typo

    def at_once(self, batch: Batch, units: Units, keys: npt.NDArray[np.uint64]) -> list[Proposal]:
        """Return each word with one slip in it."""
        return [
            _SKIP if typo is None else typo for typo in mistype_all(batch, units, keys, self.kind)
        ]

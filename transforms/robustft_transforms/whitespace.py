"""White space: spaces doubled, forgotten, misplaced, or of another kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, Unit, Units
from robustft.transform.base import LabelKind, Level, Skip, Transform
from robustft_transforms._spacing import (
    after_mark,
    careless,
    gaps,
    is_among,
    joined_pairs,
    lone_gaps,
    lose,
    part,
)

Kind = Literal[
    "sloppy",
    "doubled",
    "missing",
    "merged",
    "split",
    "tabs",
    "nonbreaking",
    "line_breaks",
    "zero_width",
]

_SHORTEST_SPLIT = 5
_SHORTEST_HIDDEN = 4
# The last space before each 72nd column, as mail programs and plain-text files wrap lines.
_WRAP = re.compile(r"(?=[^\n\x00]{73})[^\n\x00]{0,71}[^\s\x00]( )(?=[^\s\x00])")
# Zero-width space, word joiner, zero-width no-break space (a byte-order mark in the middle).
_ZERO_WIDTH = "\u200b\u2060\ufeff"
_MARKED, _JOINED = 10.0, 30.0


@dataclass(frozen=True, kw_only=True)
class Whitespace(Transform):
    """Handle spaces as careless writers, word processors and converters of files do.

    Where it occurs: everywhere. Two spaces after a full stop are a typist's habit; "film,but" and
    "alot" a hurried one; tabs and hard line breaks come from tables, mails and PDF files, split
    and merged words from text recognition and from PDF files, non-breaking spaces from web pages,
    invisible characters from word processors and from people who evade a filter.

    What it does, by `kind`: ``sloppy`` doubles spaces, leaves them out after marks, and joins
    what people take for one word ("alot", "atleast"). The others do one thing each. No two words
    are joined into a third ("a part"), or where one of them negates; no word is split so that a
    part of it is a word ("the rapist", "un happy"). Tags such as ``<br />`` stay whole, and line
    breaks that are there stay.

    What it may break: the division into words, so that labels of single tokens and of good form
    are not kept. BERT's tokenizer drops doubled and invisible characters and sees no change;
    others make tokens of them.

    Source: in 48,882 IMDB reviews the space is missing after 1.4 % of commas and of full stops,
    and after half of the ellipses (48 %) between words. Zero-width characters as an attack:
    Boucher et al. (2022), *Bad characters: imperceptible NLP attacks*, IEEE S&P. The rates are
    ours.

    Parameters
    ----------
    kind
        ``sloppy``, ``doubled``, ``missing`` (after a mark), ``merged`` (also beside any short
        word: "inthe"), ``split`` ("perfor mance"), ``tabs``, ``nonbreaking`` (U+00A0),
        ``line_breaks`` (lines of at most 72 columns; how many of them are broken depends on the
        rate) or ``zero_width`` (an invisible character inside a word).
    """

    kind: Kind = "sloppy"

    name: ClassVar[str] = "whitespace"
    level: ClassVar[Level] = Level.CHARACTER
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind) - {
        LabelKind.ACCEPTABILITY,
        LabelKind.TOKEN_TAGS,
    }
    rates: ClassVar[Mapping[int, float]] = {1: 0.01, 2: 0.02, 3: 0.05, 4: 0.1, 5: 0.3}
    example: ClassVar[str] = "Well, it's a lot of fun. In fact, I loved it."

    def units(self, batch: Batch) -> Units:
        """Return the spaces, or for the kinds that are put into words, the words."""
        if self.kind == "split":
            words = batch.alphabetic_words(_SHORTEST_SPLIT)
            return words.where(~batch.hyphenated(words))
        if self.kind == "zero_width":
            return batch.alphabetic_words(_SHORTEST_HIDDEN)
        if self.kind == "line_breaks":
            return batch.find(_WRAP, 1)
        if self.kind == "missing":
            return after_mark(batch)
        return lone_gaps(batch) if self.kind == "merged" else gaps(batch)

    def weights(self, batch: Batch, units: Units) -> npt.NDArray[np.float64] | None:
        """Return what favours, for the careless writer, the places that are really mishandled."""
        if self.kind not in ("sloppy", "merged"):
            return None
        weights = np.where(is_among(units, joined_pairs(batch)), _JOINED, 1.0)
        if self.kind == "sloppy":
            weights[is_among(units, after_mark(batch))] = _MARKED
        return weights

    def replacement(
        self, document: Document, unit: Unit, draw: Draw
    ) -> str | Skip | tuple[Edit, ...]:
        """Return what stands in place of a space or of a word."""
        if self.kind == "split":
            return part(unit.text, draw)
        if self.kind == "zero_width":
            at = 1 + draw.integers(len(unit.text) - 1)
            return unit.text[:at] + draw.choice(_ZERO_WIDTH) + unit.text[at:]
        if self.kind in _INSTEAD:
            return _INSTEAD[self.kind]
        if self.kind in ("missing", "merged"):
            return lose(document.text, unit.start)
        return careless(document.text, unit.start, draw)


_INSTEAD = {"doubled": "  ", "tabs": "\t", "nonbreaking": "\u00a0", "line_breaks": "\n"}

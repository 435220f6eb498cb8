"""Contractions: "it is" to "it's", "don't" to "do not", and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, Lexicon, SpanKind, Unit, Units
from robustft.transform.base import LabelKind, Level, Skip, Transform
from robustft_transforms._contracting import PAIRS, contract
from robustft_transforms._expansion import EXPANDABLE, expand

Ints = npt.NDArray[np.int64]
Mode = Literal["both", "expand", "contract"]


@cache
def _lexicon(which: str) -> Lexicon:
    if which == "expand":
        return Lexicon(EXPANDABLE)
    if which in ("not", "cannot"):
        return Lexicon([which])
    position = ("first", "second").index(which)
    return Lexicon({pair.split()[position] for pair in PAIRS})


@dataclass(frozen=True, kw_only=True)
class Contractions(Transform):
    """Write contractions out, join full words to contractions, or both.

    Where it occurs: the same writer mixes both forms; style guides, editors, speech transcripts
    and generated text favour one of them. Uncontracted text reads formal, contracted text like
    speech.

    What it does: each pronoun or auxiliary with a clitic, and each pair that could be one, is a
    place. What 's and 'd stand for is decided by the words that follow; where these do not
    decide (possessives, "he's gone", "I'd put"), in titles and where English allows no
    contraction (at the end of a clause, under stress, with "have" as main verb) the place is
    passed over. The apostrophe follows the text's own kind, the letter case that of the words.

    What it may break: emphasis ("I did not" is firmer than "I didn't") and the number of words,
    so labels that hang on words or character positions are not kept. Negation stays.

    Source: Quirk, Greenbaum, Leech and Svartvik (1985), *A Comprehensive Grammar of the English
    Language*, 3.21-3.40. The word lists are hand-made. The rates are ours: a review of 230 words
    offers some eight places, so that severity 3 changes most of them.

    Parameters
    ----------
    mode
        ``expand`` ("don't" to "do not"), ``contract`` ("it is" to "it's") or ``both``.
    """

    mode: Mode = "both"

    name: ClassVar[str] = "contractions"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind) - {
        LabelKind.ANSWER_SPAN,
        LabelKind.TOKEN_TAGS,
    }
    # "It's John's" looks like a name; titles are told apart here. Only not and n't are negators
    # that stand in a place.
    opens: ClassVar[frozenset[SpanKind]] = frozenset({SpanKind.NEGATION, SpanKind.NAME})
    rates: ClassVar[Mapping[int, float]] = {1: 0.005, 2: 0.01, 3: 0.03, 4: 0.06, 5: 1.0}
    example: ClassVar[str] = "It is a film I didn't expect to like, but it's been a joy."

    def units(self, batch: Batch) -> Units:
        """Return the contractions, the pairs that could be one, or both."""
        nothing = np.zeros(0, np.int64)
        spans = [(nothing, nothing)]
        if self.mode != "contract":
            forms = batch.words_in(_lexicon("expand"))
            spans.append((forms.start, forms.end))
        if self.mode != "expand":
            spans.append(_pairs(batch))
        start = np.concatenate([s for s, _ in spans])
        end = np.concatenate([e for _, e in spans])
        order = np.argsort(start, kind="stable")
        return batch.spans(start[order], end[order])

    def replacement(
        self, document: Document, unit: Unit, draw: Draw
    ) -> str | Skip | tuple[Edit, ...]:
        """Return the other form of `unit`, or why it has none here."""
        if " " in unit.text or unit.text.lower() == "cannot":
            return contract(document.text, unit.start, unit.end, draw)
        return expand(document.text, unit.start, unit.end)


def _pairs(batch: Batch) -> tuple[Ints, Ints]:
    """Return the spans of the pairs in `PAIRS` with one space between; "it is not" is one span."""
    words = batch.words
    alone = np.flatnonzero(batch.is_in(_lexicon("cannot")))
    second = batch.is_in(_lexicon("second"))
    first = batch.is_in(_lexicon("first"))
    at = np.flatnonzero(first[:-1] & second[1:])
    near = (words.start[at + 1] - words.end[at] == 1) & (batch.codes[words.end[at]] == ord(" "))
    at = at[near]
    pairs = zip(words.start[at].tolist(), words.end[at + 1].tolist(), strict=True)
    at = at[np.array([batch.buffer[s:e].lower() in PAIRS for s, e in pairs], np.bool_)]
    # Where two pairs share a word, the first is taken, together with a "not" that follows it.
    follows = np.isin(at, at + 1)
    last = at + 1
    denied = batch.is_in(_lexicon("not"))[np.minimum(at + 2, len(words) - 1)]
    last = np.where(np.isin(at + 1, at) & denied, at + 2, last)[~follows]
    at = at[~follows]
    start = np.concatenate([words.start[at], words.start[alone]])
    end = np.concatenate([words.end[last], words.end[alone]])
    return start, end

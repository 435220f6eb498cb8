"""Contractions: "it is" to "it's", "don't" to "do not", and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from robustft.seeding import Draw
from robustft.text import Batch, Document, SpanKind, Unit, Units
from robustft.transform.base import LabelKind, Level, Proposal, Transform
from robustft_transforms._contracting import contract
from robustft_transforms._contraction_places import expandable, in_dialect, pairs
from robustft_transforms._expansion import expand

Mode = Literal["both", "expand", "contract"]


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
        spans = [expandable(batch)] if self.mode != "contract" else []
        spans += [pairs(batch)] if self.mode != "expand" else []
        start = np.concatenate([s for s, _ in spans])
        end = np.concatenate([e for _, e in spans])
        order = np.argsort(start, kind="stable")
        return batch.spans(start[order], end[order])

    def replacement(self, document: Document, unit: Unit, draw: Draw) -> Proposal:
        """Return the other form of `unit`, or why it has none here."""
        at = int(document.batch.starts[document.index]) + unit.start
        return _put(document.batch, document.index, unit.start, unit.end, at, draw)

    def at_once(self, batch: Batch, units: Units, keys: npt.NDArray[np.uint64]) -> list[Proposal]:
        """Return the other form of each unit, or why it has none."""
        offset = batch.starts[units.text]
        columns = (units.text, units.start - offset, units.end - offset, units.start, keys)
        *spans, drawn = (column.tolist() for column in columns)
        return list(map(_put, repeat(batch), *spans, map(Draw, drawn)))


def _put(batch: Batch, index: int, start: int, end: int, at: int, draw: Draw) -> Proposal:
    """Return the other form of the words of a text at ``start .. end``, `at` in the buffer."""
    text = batch.texts[index]
    form = text[start:end]
    if " " in form or form.lower() == "cannot":
        return contract(text, start, end, draw)
    return expand(text, start, end, dialect=at in in_dialect(batch))

"""Fillers: "Honestly, the acting is terrible", "The acting is, you know, terrible"."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal

import numpy as np

from robustft.seeding import Draw
from robustft.text import Batch, Document, SpanKind, Unit, Units
from robustft.transform.base import LabelKind, Level, Proposal, Skip, Transform
from robustft_transforms._discourse import inside_quotation, words_of
from robustft_transforms._filler_places import (
    Place,
    gives_opinion,
    has_filler,
    places_in,
    removable,
    removal,
)
from robustft_transforms._sections import lines_of

Mode = Literal["insert", "remove", "both"]
Kind = Literal["words", "sounds"]

_DATA = "fillers.txt"
_TURNS = 2
_NEAR = 120


@dataclass(frozen=True, kw_only=True)
class Fillers(Transform):
    """Add what speakers say to win time or seem sincere: "well", "you know", "to be honest".

    Where it occurs: speech and its transcripts, chats, reviews written as people talk.

    What it does: a sentence that states something gets one filler: before it ("Honestly, the
    acting ..."), after *but* or *and* before a clause of its own, between *be* and what it
    ascribes ("is, you know, terrible"), or at its end ("..., to be honest."). Questions, commands,
    headings, quotations, and sentences whose first word may be part of a name stay. The word that
    was first loses its capital, unless it is *I* or a name. Or fillers are removed.

    What it may break: register. Fillers that weaken what is said ("I think", "kind of", "maybe")
    or set it against what went before are left out, so the strength of an opinion stays. Judges of
    acceptability may mind them.

    Source: Fox Tree and Schrock (2002), *Basic meanings of you know and I mean*, Journal of
    Pragmatics 34; Clark and Fox Tree (2002), *Using uh and um in spontaneous speaking*,
    Cognition 84. The lists and the rates are ours.

    Parameters
    ----------
    mode
        ``insert`` fillers, ``remove`` those that are there, or ``both``.
    kind
        ``words``, or ``sounds`` ("uh", "um"), as a transcript has them.
    """

    mode: Mode = "insert"
    kind: Kind = "words"

    name: ClassVar[str] = "fillers"
    level: ClassVar[Level] = Level.SENTENCE
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind) - {LabelKind.ACCEPTABILITY}
    # "Nothing works" loses its capital, no more.
    opens: ClassVar[frozenset[SpanKind]] = frozenset({SpanKind.NEGATION})
    rates: ClassVar[Mapping[int, float]] = {1: 0.03, 2: 0.07, 3: 0.15, 4: 0.3, 5: 0.6}
    example: ClassVar[str] = "The acting is terrible, but the music is superb."

    def units(self, batch: Batch) -> Units:
        """Return the sentences, as empty spans where they begin."""
        starts = batch.sentences
        if self.mode == "remove":
            found = batch.find(removable())
            holders = np.searchsorted(starts.start, found.start, side="right") - 1
            starts = starts.where(np.unique(holders[holders >= 0]))
        return Units(starts.text, starts.start, starts.start)

    def replacement(self, document: Document, unit: Unit, draw: Draw) -> Proposal:
        """Return the edits that add a filler to the sentence, or take one out."""
        text, sentences = document.text, document.sentences
        number = bisect_left(sentences, (unit.start, unit.start))
        start, end = sentences[number]
        if self.mode != "insert":
            edits = list(removal(text, start, end))
            if edits:
                return (draw.choice(edits),)
            if self.mode == "remove":
                return Skip("no filler")
        if "?" in text[end - 4 : end]:
            return Skip("question")
        if has_filler(text, start, end):
            return Skip("has a filler")
        opinion = gives_opinion(text, start, end)
        turn = (number + len(text)) % _TURNS if len(sentences) > 1 else None
        offers = [
            (place, offered)
            for place in places_in(text, start, end)
            if (offered := self._offered(place, number, opinion, turn))
        ]
        if not offers:
            return Skip("no place for a filler")
        place, offered = draw.choice(offers)
        if inside_quotation(text, place.at):
            return Skip("inside a quotation")
        near = " ".join(words_of(text, max(0, start - _NEAR), end + _NEAR))
        fresh = [f for f in offered if f" {f.removeprefix(', ').lower()} " not in f" {near} "]
        if not fresh:
            return Skip("the same filler stands near")
        return place.edits(text, draw.choice(fresh))

    def _offered(self, place: Place, number: int, opinion: bool, turn: int | None) -> list[str]:
        """Return the fillers for a place in sentence `number`, those of one turn alone."""
        offered: Iterable[str] = lines_of(_DATA, place.section)
        if self.kind == "sounds":
            offered = lines_of(_DATA, "sounds") if place.section != "at the end" else ()
        left_out = () if opinion else lines_of(_DATA, "only with an opinion")
        if not number and place.section == "at the start":
            left_out += lines_of(_DATA, "not first in a text")
        return [
            filler for filler in offered if filler not in left_out and turn in (None, _turn(filler))
        ]


@cache
def _turn(filler: str) -> int:
    """Return which sentences take a filler: every other, so that no two neighbours share one."""
    fillers = lines_of(_DATA, "in turn")
    return fillers.index(filler.removeprefix(", ")) % _TURNS

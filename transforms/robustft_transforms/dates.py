"""Dates: *9 May 2020* to *May 9, 2020*, *May 9th* to *May 9*, *Jan. 9* to *January 9*, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal

import numpy as np

from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, Lexicon, SpanKind, Unit, Units
from robustft.text.characters import DIGIT
from robustft.transform.base import LabelKind, Level, Skip, Transform
from robustft_transforms._date_context import edits, look_around, reason_to_leave
from robustft_transforms._date_forms import (
    ANCHORS,
    DATES,
    Order,
    Way,
    parse,
    ways,
)

Style = Literal["any", "day-first", "month-first", "ordinal", "plain", "short", "long", "iso"]

_REACH = 48
# How often a way is taken where several are open; one that is named is always taken.
_WEIGHTS: Mapping[Way, int] = {
    "day-first": 4,
    "month-first": 4,
    "ordinal": 1,
    "plain": 2,
    "short": 1,
    "long": 2,
    "iso": 1,
}


@dataclass(frozen=True, kw_only=True)
class Dates(Transform):
    """Write calendar dates in another of the usual ways.

    Where it occurs: British and American writers put day and month in another order; agencies
    shorten months, letters and invitations use ordinals, forms and logs digits.

    What it does: turns day and month round ("9 May 2020", "May 9, 2020"), puts or drops the
    ordinal ("May 9th", "the 9th of May"), shortens or spells out the month ("Jan. 9"), and writes
    out dates in digits. Ranges and pairs ("9-12 May", "30 April and 2 May") go together. The comma
    that American English wants after the year comes and goes with the form, weekdays stay.

    What stays: "03/04/2020" unless `order` says which is the day, dates that are names ("July 4",
    "the September 11 attacks", "July 7 Street") or stand before a noun, "May" and "March" as
    another word or a name, a day-first date that would begin a sentence with a numeral, and days
    that no calendar has.

    What it may break: nothing that a reader relies on, since the day is the same. The number of
    words may change, so labels that hang on single words are not kept.

    Source: *The Chicago Manual of Style* (17th edition, 6.38 on the commas, 9.31 on the day-first
    form) and the AP Stylebook (months) for the American forms, ISO 8601 for 2020-05-09; the rates
    are ours.

    Parameters
    ----------
    style
        ``any`` of the usual ways, or one: ``day-first``, ``month-first``, ``ordinal`` or
        ``plain`` (with ordinals or without), ``short`` or ``long`` (months), ``iso``.
    order
        How "03/04/2020" is meant: ``day-first``, ``month-first`` or ``unknown``. With a number
        above 12 there is no doubt.
    """

    style: Style = "any"
    order: Order = "unknown"

    name: ClassVar[str] = "dates"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind) - {LabelKind.TOKEN_TAGS}
    opens: ClassVar[frozenset[SpanKind]] = frozenset(
        {SpanKind.DATE, SpanKind.NUMBER, SpanKind.NAME}
    )
    rates: ClassVar[Mapping[int, float]] = {1: 0.005, 2: 0.01, 3: 0.02, 4: 0.04, 5: 1.0}
    example: ClassVar[str] = "On 9 May 2020 she left, and came back on August 12th."

    def units(self, batch: Batch) -> Units:
        """Return the dates, two together where they are a range or a pair."""
        words = batch.words
        if not len(words):
            return words
        bits = batch.classes
        mark = np.append(batch.codes, np.zeros(2, np.uint32))
        # A year in digits stands beside a mark in 2020-05-09 and 9/5/2020.
        year = (words.end - words.start == 4) & ((bits[words.start] & DIGIT) != 0)
        year &= np.isin(mark[words.end], _MARKS) | np.isin(mark[words.start - 1], _MARKS)
        anchors = words.where(year | batch.is_in(_months()))
        low = batch.starts[anchors.text].tolist()
        high = batch.ends[anchors.text].tolist()
        spans = list(_spans(batch.buffer, anchors.start.tolist(), low, high))
        start, end = np.array(spans, np.int64).reshape(-1, 2).T
        return batch.spans(start, end)

    def replacement(
        self, document: Document, unit: Unit, draw: Draw
    ) -> str | Skip | tuple[Edit, ...]:
        """Return the date written another way, or why it stays."""
        read = parse(unit.text, self.order)
        if isinstance(read, str):
            return Skip(read)
        place = look_around(document, unit.start)
        reason = reason_to_leave(document.text, unit.start, unit.end, read, place)
        if reason:
            return Skip(reason)
        reason = "written so already"
        made: dict[Way, tuple[Edit, ...]] = {}
        for way in ways(read.dates[0]) if self.style == "any" else (self.style,):
            done = edits(document, unit.start, unit.end, read, way, place)
            if isinstance(done, str):
                reason = reason or done
            else:
                made[way] = done
        if not made:
            return Skip(reason or "written so already")
        return list(made.values())[draw.weighted([_WEIGHTS[way] for way in made])]


_MARKS = tuple(map(ord, "-/."))


@cache
def _months() -> Lexicon:
    return Lexicon(ANCHORS)


def _spans(
    buffer: str, anchors: list[int], low: list[int], high: list[int]
) -> Iterator[tuple[int, int]]:
    """Yield the span of the date that each anchor is part of; one found holds later anchors."""
    reached = 0
    for anchor, first, last in zip(anchors, low, high, strict=True):
        if anchor < reached:
            continue
        begin = max(first, reached, anchor - _REACH)
        for found in DATES.finditer(buffer, begin, min(last, anchor + 2 * _REACH)):
            if found.end() > anchor:
                if found.start() <= anchor:
                    yield found.span()
                    reached = found.end()
                break

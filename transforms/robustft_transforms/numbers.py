"""Numbers: *12 people* to *twelve people*, *5%* to *5 percent*, *1st* to *first*, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import ClassVar, Literal

import numpy as np

from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, Lexicon, SpanKind, Unit, Units
from robustft.text.characters import DIGIT
from robustft.transform.base import LabelKind, Level, Skip, Transform
from robustft_transforms._number_context import (
    Site,
    follows,
    look_around,
    numbers_list,
    reason_to_leave,
    sentence_around,
    writes_small,
)
from robustft_transforms._number_forms import TO_WORDS, Way, find, parse, span_of, ways, write
from robustft_transforms._number_rules import refuses
from robustft_transforms._numerals import CARDINALS, ORDINALS, SCALES, TENS

Mode = Literal["digits", "words", "both"]

_ONE_SCALE = re.compile(r"\Aone (?=hundred|thousand)")
_MANY = 12
_A_SCALE = re.compile(r"(?<!\w)a (?:hundred|thousand)(?!\w)", re.IGNORECASE)
_PERCENT = re.compile(r"%|\bper ?cent\b", re.IGNORECASE)
_MILLIONS = re.compile(r"\b[mb]illion", re.IGNORECASE)
_DECIMAL = re.compile(r"\d\.\d")


@dataclass(frozen=True, kw_only=True)
class Numbers(Transform):
    """Write numbers in digits or in words.

    Where it occurs: style guides differ on where words end and digits begin (at ten, at a
    hundred), writers differ more; news, forms and notes on the phone prefer digits.

    What it does: counts ("12 people", "twelve people"), ordinals ("1st", "first" before what is
    numbered), percentages ("5%", "5 percent", "five percent"), millions ("5 million",
    "5,000,000") and the comma of thousands. The numbers of a sentence that can go the same way
    go together, so that no sentence mixes what its writer did not. A number that begins a
    sentence stays in words, or goes there with a capital.

    What stays: years, dates, times, decimals and amounts of money in words, scores ("10/10"),
    ranges with a dash, versions, telephone numbers, lists, titles and names ("Ocean's Eleven",
    "Apollo 13"), labels ("chapter 3"), "one" where it may be a pronoun, idioms, and numbers that
    would be long in words.

    What it may break: nothing that a reader relies on, since values never change. The number of
    words does, so labels that hang on single words are not kept.

    Source: the choice between words and digits as *The Chicago Manual of Style* (17th edition,
    9.2-9.7) and the
    AP Stylebook (numerals) discuss it; the word lists are hand-made; the rates are ours.

    Parameters
    ----------
    mode
        ``words``, ``digits`` (the percent sign and more digits for "5 million", too) or ``both``.
    """

    mode: Mode = "both"

    name: ClassVar[str] = "numbers"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind) - {LabelKind.TOKEN_TAGS}
    opens: ClassVar[frozenset[SpanKind]] = frozenset({SpanKind.NUMBER})
    rates: ClassVar[Mapping[int, float]] = {1: 0.005, 2: 0.01, 3: 0.02, 4: 0.04, 5: 1.0}
    example: ClassVar[str] = "After 12 years, 5% of us still care."

    def units(self, batch: Batch) -> Units:
        """Return the numbers, each with its scale, its percent sign and the number joined to it."""
        words = batch.words
        if not len(words):
            return words
        chosen = (batch.classes[words.start] & DIGIT) != 0
        if self.mode != "words":
            chosen |= batch.is_in(_lexicon("cardinals"))
            # "one" and the ordinals are seldom numbers: the next word tells in most cases.
            chosen[:-1] |= (
                batch.is_in(_lexicon("ordinals"))[:-1] & batch.is_in(_lexicon("nouns"))[1:]
            )
            ones = batch.is_in(_lexicon("one"))
            chosen[:-1] |= ones[:-1] & ~batch.is_in(_lexicon("after a pronoun"))[1:]
        starts, limits = words.start[chosen], batch.ends[words.text[chosen]]
        spans = list(_spans(batch.buffer, starts.tolist(), limits.tolist()))
        start, end = np.array(spans, np.int64).reshape(-1, 2).T
        return batch.spans(start, end)

    def replacement(
        self, document: Document, unit: Unit, draw: Draw
    ) -> str | Skip | tuple[Edit, ...]:
        """Return the number in another form, and those of its sentence in the same, or why not."""
        site = _site(document, unit.start, unit.end)
        if isinstance(site, Skip):
            return site
        made: list[tuple[Edit, ...]] = []
        reasons: list[Skip] = []
        for way in ways(site.number):
            if self.mode != "both" and (way in TO_WORDS) != (self.mode == "words"):
                continue
            edits = _with_companions(document, site, way)
            if isinstance(edits, Skip):
                reasons.append(edits)
            else:
                made.append(edits)
        if made:
            return draw.choice(made)
        return reasons[0] if reasons else Skip(f"in {self.mode} already")


@cache
def _lexicon(which: str) -> Lexicon:
    words = {
        "cardinals": [*CARDINALS.keys() - {"one"}, *SCALES],
        "ordinals": [*ORDINALS, *TENS],
        "one": ["one"],
        "nouns": numbers_list("ordinal nouns"),
        "after a pronoun": numbers_list("after a pronoun"),
    }
    return Lexicon(words[which])


def _spans(buffer: str, starts: list[int], limits: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the span of each number; a word or digit inside of one begins no other."""
    reached = 0
    for start, limit in zip(starts, limits, strict=True):
        if start < reached:
            continue
        begin = start - 2 if _A_SCALE.match(buffer, max(0, start - 2)) else start
        reached = span_of(buffer, begin, limit)
        if reached > begin:
            yield begin, reached


def _site(document: Document, start: int, end: int) -> Site | Skip:
    """Return a number with what surrounds it, or why it stays in whatever form."""
    number = parse(document.text[start:end])
    if number is None:
        return Skip("no plain number")
    place = look_around(document, start)
    reason = reason_to_leave(document.text, start, end, place)
    return Skip(reason) if reason else Site(document.text, start, end, number, place)


def _with_companions(document: Document, site: Site, way: Way) -> tuple[Edit, ...] | Skip:
    """Rewrite a number, together with those of its sentence that can go the same way."""
    own = _rewritten(site, way)
    if isinstance(own, Skip):
        return own
    text = document.text
    low, high = sentence_around(text, site.start, site.end)
    if way == "words" and _DECIMAL.search(text, low, high):
        return Skip("beside a decimal number")
    spans = list(islice(find(text, low, high), _MANY + 1))
    if len(spans) > _MANY:
        return Skip("one of many numbers")
    edits, percentages = [own], int(bool(site.number.percent))
    for start, end in spans:
        if site.start < end and start < site.end:
            continue
        other = _site(document, start, end)
        made = other if isinstance(other, Skip) else _rewritten(other, way)
        if way in ("words", "digits") and _differs(other, made, site):
            return Skip("beside a number that stays")
        if isinstance(other, Site) and isinstance(made, Edit):
            edits.append(made)
            percentages += bool(other.number.percent)
    if site.number.percent and len(_PERCENT.findall(text, low, high)) != percentages:
        return Skip("beside another percentage")
    if way == "in full" and len(_MILLIONS.findall(text, low, high)) != len(edits):
        return Skip("beside other millions")
    return tuple(sorted(edits))


def _differs(other: Site | Skip, made: Edit | Skip, site: Site) -> bool:
    """Tell whether another count of the sentence would stay in the form that this one leaves."""
    if isinstance(other, Skip) or isinstance(made, Edit):
        return False
    same_form = other.number.amounts[0].digits == site.number.amounts[0].digits
    return same_form and made.reason in ("counts nothing", "begins a sentence")


def _rewritten(site: Site, way: Way) -> Edit | Skip:
    """Rewrite one number; its article, its capital and its hyphen follow."""
    reason = refuses(site, way)
    if reason:
        return Skip(reason)
    made = write(site.number, way)
    text, end = site.text, site.end
    if site.before in ("a", "an"):
        made = _ONE_SCALE.sub("", made)
    if not made or (text[end : end + 1] == "-" and _is_long(made, text[end : end + 12])):
        return Skip("long in words")
    if site.span.startswith("a ") and follows(text, end) in ("old", "measure"):
        made = f"a {made}"
    if site.place.begins:
        if made[0].isdigit():
            return Skip("begins a sentence")
        if not writes_small(text):
            made = made[0].upper() + made[1:]
    return Edit(site.start, end, made)


def _is_long(words: str, rest: str) -> bool:
    """Tell whether a compound would not read well: "thirty-three-yard"; ages are an exception."""
    return " " in words or (words.count("-") > 0 and "-old" not in rest)

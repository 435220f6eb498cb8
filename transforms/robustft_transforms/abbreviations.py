"""Abbreviations: *information* to *info*, *you* to *u*, *Doctor Smith* to *Dr. Smith*, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal

import numpy as np

from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, Lexicon, SpanKind, Unit, Units
from robustft.transform.base import LabelKind, Level, Skip, Transform
from robustft_transforms._abbreviating import (
    Entry,
    ends_sentence,
    entries,
    reason_to_keep,
    reason_to_keep_title,
)
from robustft_transforms._number_context import look_around

Style = Literal["chat", "standard", "both"]
Mode = Literal["shorten", "expand", "both"]


@dataclass(frozen=True, kw_only=True)
class Abbreviations(Transform):
    """Shorten words and phrases as people do, write short forms out, or both.

    Where it occurs: chats and reviews typed on a phone ("u", "ppl", "b/c", "imo"), notes and
    forms ("approx.", "dept."), everyday clippings ("info", "TV", "exam"), titles ("Dr. Smith").

    What it does: a word of the list is shortened, in its own case; a short form is written out
    where it can mean one thing only. Titles change before a name alone. The stop of an
    abbreviation and that of its sentence are one, as they should be.

    What stays: names and titles of works ("Doctor Who", "Alien vs. Predator"), parts of longer
    forms ("u-turn"), verbs ("to photograph", "to please"), short forms with several readings
    ("ur", "exam room"), negators, units and months.

    What it may break: register. In `chat` style also the spelling that a label of acceptability
    asks for; the number of words changes with phrases, so labels that hang on single words are
    not kept.

    Source: the list is hand-made; the chat forms are those found in a corpus of some 71,000 film
    reviews, with their regular kin. The rates are ours.

    Parameters
    ----------
    style
        ``standard`` (what editors accept in notes, and clippings), ``chat`` or ``both``.
    mode
        ``shorten``, ``expand`` or ``both``.
    """

    style: Style = "both"
    mode: Mode = "both"

    name: ClassVar[str] = "abbreviations"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind) - {
        LabelKind.ACCEPTABILITY,
        LabelKind.TOKEN_TAGS,
    }
    # "TV" looks like a name, and so does the title of "Doctor Smith".
    opens: ClassVar[frozenset[SpanKind]] = frozenset({SpanKind.NAME, SpanKind.NUMBER})
    rates: ClassVar[Mapping[int, float]] = {1: 0.005, 2: 0.01, 3: 0.02, 4: 0.04, 5: 1.0}
    example: ClassVar[str] = "Do you need more information about Doctor Smith, by the way?"

    def units(self, batch: Batch) -> Units:
        """Return the forms of the table, the longest where several begin together."""
        words = batch.words
        if not len(words):
            return words
        single, first, second = _lexicons(self.style, self.mode)
        chosen = batch.is_in(single)
        chosen[:-1] |= batch.is_in(first)[:-1] & batch.is_in(second)[1:]
        starts, limits = words.start[chosen], batch.ends[words.text[chosen]]
        pattern = _pattern(self.style, self.mode)
        spans = list(_spans(pattern, batch.buffer, starts.tolist(), limits.tolist()))
        start, end = np.array(spans, np.int64).reshape(-1, 2).T
        return batch.spans(start, end)

    def replacement(
        self, document: Document, unit: Unit, draw: Draw
    ) -> str | Skip | tuple[Edit, ...]:
        """Return the other form, or why this one stays."""
        text, start, end = document.text, unit.start, unit.end
        place = look_around(document, start)
        title = _titles(self.style, self.mode).get(unit.text)
        reason = ""
        if title is not None:
            reason = reason_to_keep_title(text, end, place)
            if not reason:
                return draw.choice(title.made)
        entry = _words(self.style, self.mode).get(unit.text.lower().replace("’", "'"))
        if entry is None:
            return Skip(reason or "no form of the table")
        reason = reason_to_keep(text, start, end, entry, place)
        if reason:
            return Skip(reason)
        made = _cased(unit.text, draw.choice(entry.made), entry, begins=place.begins)
        return _with_stop(text, unit, made, entry)


@cache
def _words(style: Style, mode: Mode) -> dict[str, Entry]:
    parts = ("standard", "chat") if style == "both" else (style,)
    return {form: entry for part in parts for form, entry in entries(part, mode).items()}


@cache
def _titles(style: Style, mode: Mode) -> dict[str, Entry]:
    return {} if style == "chat" else entries("titles", mode)


@cache
def _pattern(style: Style, mode: Mode) -> re.Pattern[str]:
    """Return the pattern of the forms where they begin; titles have their capital."""
    words = "|".join(_escaped(_words(style, mode)))
    titles = "|".join(_escaped(_titles(style, mode))) or r"(?!)"
    return re.compile(rf"(?:(?:{titles})|(?i:{words}))(?!\w)")


def _escaped(forms: dict[str, Entry]) -> list[str]:
    return [re.escape(f).replace("'", "['’]") for f in sorted(forms, key=len, reverse=True)]


@cache
def _lexicons(style: Style, mode: Mode) -> tuple[Lexicon, Lexicon, Lexicon]:
    """Return the single words of the table, and the first and second words of its phrases."""
    forms = [*_words(style, mode), *_titles(style, mode)]
    parts = [re.findall(r"[\w']+", form) for form in forms]
    phrases = [words for words in parts if len(words) > 1]
    return (
        Lexicon(words[0] for words in parts if len(words) == 1),
        Lexicon(words[0] for words in phrases),
        Lexicon(words[1] for words in phrases),
    )


def _spans(
    pattern: re.Pattern[str], buffer: str, starts: list[int], limits: list[int]
) -> Iterator[tuple[int, int]]:
    reached = 0
    for start, limit in zip(starts, limits, strict=True):
        found = pattern.match(buffer, start, limit) if start >= reached else None
        if found is not None:
            reached = found.end()
            yield start, reached


def _cased(form: str, made: str, entry: Entry, *, begins: bool) -> str:
    """Return `made` in the letter case of `form`."""
    shouted = form.isupper() and sum(map(str.isalpha, form)) > 1
    if shouted and not entry.expands:
        return made.upper()
    capital = begins if shouted else form[0].isupper()
    initials = not entry.expands and " " in form and made.isalpha()
    if capital and initials:  # IMO, BTW
        return made.upper()
    return made[0].upper() + made[1:] if capital else made


def _with_stop(text: str, unit: Unit, made: str, entry: Entry) -> str | Skip:
    """Return `made` with the stop that its place asks for: one, where a sentence ends too."""
    end = unit.end
    if made.endswith(".") and text[end : end + 1] == ".":
        return made[:-1]
    if entry.expands and "gloss" in entry.conditions and text[end : end + 1] == " ":
        return f"{made},"
    if not entry.expands or not unit.text.endswith("."):
        return made
    ends = ends_sentence(text, end)
    if ends == "unclear":
        return Skip("an abbreviation or the end of a sentence")
    return made + "." if ends == "yes" else made

"""Sentence order: neighbouring sentences that stand by themselves change places."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, SpanKind, Unit, Units
from robustft.text.characters import NEWLINE, SPACE
from robustft.transform.base import LabelKind, Level, Proposal, Skip, Transform
from robustft_transforms._discourse import goes_on, inside_quotation, refers_back, words_of
from robustft_transforms._grammar import word_list
from robustft_transforms._whole import is_lower

# A pronoun, wherever it stands, may have what it stands for in the sentence before; so may a word
# that compares or goes on.
_TIES = frozenset(
    "it its it's itself he she him her hers his they them their theirs this these those one ones "
    "that's such here same former latter above following second third next previous he's she's "
    "they're they've they'd it'd it'll now then even still yet already else rest remaining another "
    "other others".split()
)
# "Afraid of that.", "that point": but not "I know that he left".
_POINTING = re.compile(
    r"\bthat(?=[,.;:!]| (?:is|was|point|way|time|scene|part|moment|kind|sort|type|day|year|night|"
    r"idea|thing|said)\b)|\b(?:two|three|some|few|any|no) more\b",
    re.IGNORECASE,
)
_DEFINITE = re.compile(r"\b(?:the|such|said)\s+(\w+)(?:\s+(\w+))?", re.IGNORECASE)
_CAPITAL = re.compile(r"[A-Z][\w'’]+")
_NAME = re.compile(rf"(?<=[\w,;:] ){_CAPITAL.pattern}")
_ENDED = re.compile(r"[^.!?…\s] ?(?:\.|!+)[\"'”’)]*\Z")
_QUOTES = "\"“”''‘’"
_OPINIONS = frozenset(
    "was were liked loved enjoyed hated wished expected laughed cried wanted preferred noticed "
    "admired appreciated missed disliked need".split()
)
_THIRD_PERSON = {"ies": ("y",), "es": ("", "e"), "s": ("",)}
_Span = tuple[int, int]
_FEWEST_WORDS = 4
_AUXILIARIES = frozenset(
    "is are was were am be has have had do does did will would can could may might shall should "
    "must isn't aren't wasn't weren't hasn't haven't hadn't don't doesn't didn't won't wouldn't "
    "can't couldn't shouldn't i'm you're we're i've we've you've i'd we'd you'd i'll we'll you'll "
    "there's cannot".split()
)


@dataclass(frozen=True, kw_only=True)
class SentenceOrder(Transform):
    """Let neighbouring sentences change places where neither needs the other before it.

    Where it occurs: reviews and reports whose writers set down their points as they come; no
    order of "The cast is fine." and "The sets look cheap." is the right one.

    What it does: two sentences of a paragraph are exchanged if both are whole ones, and neither
    they nor the sentence behind them begin with a pronoun or a connective; if they hold no pronoun
    of the third person and no "also", "other" or "even", tell nothing that the writer did, do not
    speak of "the boat" where the one before brought in "a boat", share no name, ask and answer
    nothing, and stand in no quotation, bracket or list. The first sentence, which says what the
    text is about, and the last, which concludes, stay where they are. The shorter of the two is
    the one that is moved. In doubt both stay: of a hundred gaps in film reviews about one is left.

    What it may break: the order of events that somebody tells, and so what follows from a text
    or how near it is to another; positions, so answer spans and token tags are not kept.

    Source: the conditions, and the rates, here the share of the gaps between sentences, are ours;
    for the ties between sentences see ``_discourse.py``.
    """

    name: ClassVar[str] = "sentence_order"
    level: ClassVar[Level] = Level.SENTENCE
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(
        {
            LabelKind.SENTIMENT,
            LabelKind.TOPIC,
            LabelKind.QUANTITY,
            LabelKind.INTENT,
            LabelKind.ACCEPTABILITY,
        }
    )
    # What is moved is not changed.
    opens: ClassVar[frozenset[SpanKind]] = frozenset(SpanKind) - {SpanKind.TASK}
    rates: ClassVar[Mapping[int, float]] = {1: 0.05, 2: 0.1, 3: 0.2, 4: 0.4, 5: 1.0}
    example: ClassVar[str] = (
        "We spent a week at the hotel. The beds were hard. Breakfast was cold every morning. "
        "I would never go again."
    )

    def units(self, batch: Batch) -> Units:
        """Return the gaps between two sentences that are neither first nor last in their text."""
        sentences = batch.sentences
        text = sentences.text
        inner = np.zeros(max(len(sentences) - 1, 0), np.bool_)
        inner[1:-1] = (text[1:-2] == text[:-3]) & (text[2:-1] == text[3:])
        inner &= text[1:] == text[:-1]
        gaps = Units(text[:-1][inner], sentences.end[:-1][inner], sentences.start[1:][inner])
        blank = (batch.classes[:-1] & (SPACE | NEWLINE)) == SPACE
        return gaps.where((gaps.end > gaps.start) & ~batch.any_in(~blank, gaps))

    def replacement(self, document: Document, unit: Unit, draw: Draw) -> Proposal:
        """Return two edits: the shorter sentence goes, and comes again beyond its neighbour."""
        text, sentences = document.text, document.sentences
        at = bisect_left(sentences, (unit.end, unit.end))
        before, first, second, after = sentences[at - 2 : at + 2]
        reason = _why_not(text, before, first, second, after)
        if reason:
            return Skip(reason)
        start, middle, end = text[slice(*first)], unit.text, text[slice(*second)]
        if len(start) <= len(end):
            return Edit(first[0], second[0], ""), Edit(second[1], second[1], middle + start)
        return Edit(first[0], first[0], end + middle), Edit(first[1], second[1], "")


def _form(text: str, start: int, end: int) -> str:
    """Return why a sentence cannot be moved by what it looks like, or an empty string."""
    if not _ENDED.search(text, max(start, end - 8), end):
        return "a question, or no end mark"
    begin = start + (text[start] in _QUOTES)
    if not text[begin].isalpha() or (text[begin].islower() and not is_lower(text)):
        return "begins with a mark, a number or a small letter"
    if begin > start and text[end - 1] in _QUOTES:
        return "speech"
    return "holds a tag" if text.find("<", start, end) >= 0 else ""


def _why_not(text: str, before: _Span, first: _Span, second: _Span, after: _Span) -> str:
    """Return why two sentences must stay as they are, or an empty string."""
    reason = _form(text, *first) or _form(text, *second)
    if reason:
        return reason
    if "?" in text[before[1] - 3 : before[1]]:
        return "an answer"
    if goes_on(text, *after) or any(refers_back(text, *span) for span in (first, second)):
        return "refers back"
    if any(inside_quotation(text, place) for place in (first[0], first[1], second[1])):
        return "inside a quotation"
    return _tie(text, first, second)


def _tie(text: str, first: _Span, second: _Span) -> str:
    """Return what ties two sentences to each other or to what precedes, or an empty string."""
    words = words_of(text, *first), words_of(text, *second)
    if not all(map(_is_whole, words)):
        return "no whole sentence"
    if any(map(_tells, words)):
        return "tells what happened"
    for span, inside in zip((first, second), words, strict=True):
        if not _TIES.isdisjoint(inside) or _POINTING.search(text, *span):
            return "may refer back"
    known = {_stem(word) for word in words[0] if len(word) > 3} - _AUXILIARIES
    for found in _DEFINITE.finditer(text, *second):
        if not known.isdisjoint(_stem(word.lower()) for word in found.groups("")):
            return "takes up a noun"
    names = set(_NAME.findall(text, *first))
    return "the two share a name" if not names.isdisjoint(_CAPITAL.findall(text, *second)) else ""


def _tells(words: list[str]) -> bool:
    """Tell whether words begin with what the writer did: "I went home", not "I liked the cast"."""
    if words[0] not in ("i", "we"):
        return False
    past = (word for word in words[1:3] if word not in _OPINIONS)
    return any(word.endswith("ed") or word in word_list("past forms") for word in past)


def _stem(word: str) -> str:
    return word.removesuffix("s")


def _is_whole(words: list[str]) -> bool:
    """Tell whether words make a sentence rather than a fragment: there are some, with a verb."""
    return len(words) >= _FEWEST_WORDS and any(_is_finite(word) for word in words)


def _is_finite(word: str) -> bool:
    """Tell whether a word may well be a finite verb, by its ending and the lists."""
    if word in _AUXILIARIES or (word.endswith("ed") and len(word) > 4):
        return True
    if word in word_list("past forms") or word in word_list("irregular participles"):
        return True
    for ending, stems in _THIRD_PERSON.items():
        if word.endswith(ending):
            stem = word.removesuffix(ending)
            return any(stem + more in word_list("base verbs") for more in stems)
    return False

"""What surrounds a number, and why some numbers stay as they are whatever they are worth.

A number may as well be part of a name, a label, a time, a score or one of a list. The word lists
are in ``data/numbers.txt``.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import lru_cache
from typing import NamedTuple

from robustft.text import Document
from robustft_transforms._grammar import word_list
from robustft_transforms._number_forms import NUMBER_WORD, Number
from robustft_transforms._numerals import CARDINALS, ORDINALS

__all__ = [
    "Place",
    "Site",
    "follows",
    "is_function_word",
    "look_around",
    "numbers_list",
    "reason_to_leave",
    "sentence_around",
    "writes_small",
]

_WINDOW = 40
_FAR = 300
_QUOTED = 1000
_OPENING = '"“('
_MARKS = ",;:.!?…)\"'”’>(—"

_LAST_WORD = re.compile(r"[A-Za-z][A-Za-z'’.-]*\Z")
_NEXT_WORD = re.compile(r"[ \n]([A-Za-z][A-Za-z'’-]*)")
_LATER_WORD = re.compile(r",?[ \n]([A-Za-z][A-Za-z'’-]*)")
_NO_CAPITALS = re.compile(r"[.!?]\s+[\"“(]?[a-z]|\s[.!?]\s*\Z|[^.!?)\"'”’\s]\s*\Z")
_STOP = re.compile(r"[.!?][\"'”’)]*\s|[<>\n]")

# "10, 11 and 12": one number beside another. A year and a comma before a number is no list.
_LINK = r"and|or|to|(?:out )?of(?: the)?|by|for|x|plus|minus|in"
_NUMBER_WORDS = frozenset([*CARDINALS, *ORDINALS])
_NUMBER_BEFORE = re.compile(
    rf"(?:\d(?:st|nd|rd|th)?|\b{NUMBER_WORD})[%,;-]?(?:\s+(?:{_LINK})|\s[-–—&+/])?\s+\Z",
    re.IGNORECASE,
)
_YEAR_BEFORE = re.compile(r"\b(?:1\d|20)\d\d,\s\Z")
_NUMBER_AFTER = re.compile(
    rf"(?:[,;]?\s+|,?\s(?:{_LINK})\s+|\s[-–—&+/]\s|\s?\()(?:[$£€]?\d|{NUMBER_WORD}\b)"
    r"|\s+(?:and|&)\s+(?:an?\s+)?(?:half|quarter|third)|\s*[½⅓¼¾⅔]"
    r"|\s(?:point|halves|thirds|quarters|fourths|fifths|(?:six|seven|eigh|nin|ten|hundred)ths)\b",
    re.IGNORECASE,
)
# "1 hour and 30 minutes", "6 feet 2"
_UNIT = r"(?:hour|minute|second|feet|foot|inch|year|month|week|day|pound|ounce|degree)(?:e?s)?"
_ANY_NUMBER = rf"(?:\d+|{NUMBER_WORD}\b|an? half)"
_LONGER_MEASURE = re.compile(
    rf" {_UNIT}(?: {_ANY_NUMBER}|,? (?:and )?{_ANY_NUMBER} {_UNIT}\b)", re.IGNORECASE
)
_IN_LONGER_MEASURE = re.compile(
    rf"(?:\d|{NUMBER_WORD}) {_UNIT}(?P<link>,? (?:and )?)\Z", re.IGNORECASE
)
_UNIT_AFTER = re.compile(rf" {_UNIT}\b")
_TIME_AFTER = re.compile(r"\s*(?:[ap]\.?m\b|noon\b|midnight\b|o['’]?clock\b)", re.IGNORECASE)
_HYPHEN_AFTER = re.compile(r"-([a-z]+)")
_QUOTE = re.compile(r'(?<!\d)"')
_SIGN_AFTER = re.compile(r"\s?(?:[+*/×÷=<>&%$£€#@|~^°_\\]|[-–—](?![\w ])|[-–—] ?\d)")
_CLOSES = re.compile(r"[.,;:!?…)\"'”’]*(?:\s|<|\Z)")


def numbers_list(name: str) -> frozenset[str]:
    """Return the section `name` of ``data/numbers.txt``."""
    return word_list(name, "numbers.txt")


class Place(NamedTuple):
    """What stands before a number."""

    word: str
    """The word before it, or the mark where there is none; empty at the text's beginning."""
    begins: bool
    """Whether a sentence, or a quotation with a capital of its own, begins with the number."""
    joined: str
    """What is written directly before it."""
    gap: str
    """The white space before it, or before the quote or bracket that opens with it."""


class Site(NamedTuple):
    """A number and where it stands."""

    text: str
    start: int
    end: int
    number: Number
    place: Place

    @property
    def span(self) -> str:
        """The number as it is written."""
        return self.text[self.start : self.end]

    @property
    def before(self) -> str:
        """The word before it in lower case, with a straight apostrophe."""
        return self.place.word.lower().replace("’", "'")

    @property
    def after(self) -> str:
        """The word after it in lower case; empty where none follows."""
        found = _NEXT_WORD.match(self.text, self.end)
        return found[1].lower() if found else ""


def look_around(document: Document, start: int) -> Place:
    """Return what stands before ``document.text[start]``."""
    lead = document.text[max(0, start - _WINDOW) : start]
    joined = lead[-1:] if lead and not lead[-1].isspace() else ""
    opened = lead.rstrip(_OPENING) if joined and joined in _OPENING else lead
    trimmed = opened.rstrip()
    gap = opened[len(trimmed) :]
    found = _LAST_WORD.search(trimmed)
    mark = trimmed[-1:]
    begins = not trimmed or (joined in ('"', "“") and mark in (",", ":"))
    if not begins and (mark in ".!?…>\"'”’)" or "\n" in gap):
        begins = _is_sentence(document, start - len(lead) + len(opened))
    return Place(found[0] if found else mark, begins, joined, gap)


@lru_cache(maxsize=8)
def writes_small(text: str) -> bool:
    """Tell whether a text without capitals does so on purpose: its sentences begin small, too."""
    return text.islower() and _NO_CAPITALS.search(text) is not None


def _is_sentence(document: Document, start: int) -> bool:
    spans = document.sentences
    at = bisect_left(spans, (start,))
    return at < len(spans) and spans[at][0] == start


def sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """Return roughly where the sentence around ``text[start:end]`` begins and ends."""
    low = max(0, start - _FAR)
    for stop in _STOP.finditer(text, low, start):
        low = stop.end()
    after = _STOP.search(text, end, end + _FAR)
    return low, after.start() if after else min(len(text), end + _FAR)


def reason_to_leave(text: str, start: int, end: int, place: Place) -> str:
    """Return why the number ``text[start:end]`` stays as it is, or nothing."""
    word, joined, begins = place.word, place.joined, place.begins
    if joined and joined not in _OPENING and joined != "—" and not (joined == ">" and begins):
        return "joined to what precedes"
    if "\n" in place.gap and not begins:
        return "begins a line"
    if word and not word[0].isalnum() and word not in _MARKS:
        return "beside a sign"
    lead = text[max(0, start - _WINDOW) : start]
    return (
        ("" if begins else _reason_in_word_before(word, lead))
        or _reason_in_number_before(lead, text, end)
        or _reason_after(text, start, end, place)
    )


def _reason_in_word_before(word: str, lead: str) -> str:
    low = word.lower().replace("’", "'")
    if low.rstrip(".") in numbers_list("labels"):
        return "a label's number"
    friday = low == "the" and lead.rstrip().lower().endswith("friday the")
    if friday or (word[:1].isupper() and low not in numbers_list("capitalised")):
        return "may belong to a name"
    return ""


def _reason_in_number_before(lead: str, text: str, end: int) -> str:
    if lead.endswith(("out of ", "Out of ")):
        return "beside another number"
    if not _holds_number(lead):
        return ""
    if _NUMBER_BEFORE.search(lead) and not _YEAR_BEFORE.search(lead):
        return "beside another number"
    longer = _IN_LONGER_MEASURE.search(lead)
    if longer and (longer["link"] == " " or _UNIT_AFTER.match(text, end)):
        return "part of a longer measure"
    return ""


def _holds_number(lead: str) -> bool:
    """Look quickly whether there may be a number among the last words, before a search for it."""
    words = lead.lower().replace("-", " ").replace(",", " ").split()
    return any(map(str.isdigit, lead)) or not _NUMBER_WORDS.isdisjoint(words)


def _reason_after(text: str, start: int, end: int, place: Place) -> str:
    rest = text[end : end + _WINDOW]
    mark = rest[:1]
    if mark and mark in '"”' and place.joined in _OPENING[:2] and place.joined:
        return "in quotes by itself"
    if mark == ")" and (place.joined == "(" or place.begins or not place.word[:1].isalnum()):
        return "in brackets by itself"
    if mark in (".", ":", ")") and place.begins:
        return "numbers a list"
    for pattern, reason in _REASONS_AFTER:
        if pattern.match(rest):
            return reason
    if mark == "-":
        found = _HYPHEN_AFTER.match(rest)
        known = found and found[1].removesuffix("s") in numbers_list("measures")
        return "" if known else "part of a longer form"
    # An inch or a foot, or the genitive of a decade, rather than a closing quote.
    inch = mark == '"' and len(_QUOTE.findall(text, max(0, start - _QUOTED), start)) % 2 == 0
    if inch or mark in ("'", "’") or not _CLOSES.match(rest):
        return "joined to what follows"
    return _reason_in_word(rest)


_REASONS_AFTER = (
    (_NUMBER_AFTER, "beside another number"),
    (_LONGER_MEASURE, "part of a longer measure"),
    (_TIME_AFTER, "a time of day"),
    (_SIGN_AFTER, "beside a sign"),
)


def _reason_in_word(rest: str) -> str:
    found = _NEXT_WORD.match(rest)
    if found is None:
        return ""
    word = found[1].lower()
    if found[1][0].isupper() and word not in numbers_list("demonyms") and word != "i":
        return "may belong to a name"
    return "a unit in short" if word in numbers_list("units in short") else ""


def follows(text: str, end: int) -> str:
    """Say what the number that ends at `end` goes with.

    ``plural`` (a plural noun within three words), ``measure`` ("year" of "a ten year plan"),
    ``old`` ("12 year old"), ``word`` (another word), ``function`` (a function word), ``end`` (no
    word at all).
    """
    position, first = end, ""
    for _ in range(3):
        found = (_LATER_WORD if first else _NEXT_WORD).match(text, position)
        if found is None:
            break
        word = found[1].lower().replace("’", "'")
        if _is_plural(word.rstrip("'")):
            return "plural"
        if is_function_word(word):
            return "function" if not first else _kind(first)
        position = found.end()
        if not first:
            first = word
            if _is_age(word, text[position : position + 4]):
                return "old"
    return _kind(first) if first else "end"


def _kind(word: str) -> str:
    return "measure" if word in numbers_list("measures") else "word"


def _is_age(word: str, rest: str) -> bool:
    unit = word.partition("-")[0].removesuffix("s")
    return unit in ("year", "month", "week", "day") and (rest in (" old", "-old") or "-old" in word)


def _is_plural(word: str) -> bool:
    if word in numbers_list("irregular plurals"):
        return True
    return (
        word.endswith("s")
        and len(word) > 2
        and not word.endswith(("ss", "us", "is", "'s"))
        and word not in numbers_list("not plurals")
    )


def is_function_word(word: str) -> bool:
    """Tell whether a lower-case word is none that a number could count or a noun's attribute."""
    return word in numbers_list("function words") or any(word in word_list(n) for n in _CLOSED)


_CLOSED = (
    "prepositions",
    "conjunctions",
    "determiners",
    "subject pronouns",
    "object pronouns",
    "modals",
)

"""The places that a text names, each with all mentions, or the reason to leave one alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from robustft_transforms._capitals import Part, Run
from robustft_transforms._gazetteer import (
    Place,
    by_first_word,
    cities_in,
    places_list,
    state_of,
)
from robustft_transforms._lexicons import load_words
from robustft_transforms._name_context import around, lead_word
from robustft_transforms._sections import lines_of
from robustft_transforms._whole import is_lower, is_upper

__all__ = ["Mention", "Named", "find_places"]


class Mention(NamedTuple):
    """``text[start:end]`` is form number `form` of a place."""

    start: int
    end: int
    form: int


class Named(NamedTuple):
    """A place that a text names: all mentions in order, and why not to touch them."""

    place: Place
    mentions: tuple[Mention, ...]
    reason: str


_BEFORE = re.compile(r"([\w'’-]+|(?:St|Ft|Mt|Mr|Mrs|Dr)\.) {1,2}\Z")
_AFTER = re.compile(r" {1,2}([\w'’-]+)")
_OF = re.compile(r"([A-Z][\w]*) (?:of|de|del|di|da|do) (?:(?:the|la|los|las) )?\Z")
_AMOUNTS = frozenset(
    "hundreds thousands millions dozens most some all many much one two out because instead north "
    "south east west people citizens inhabitants natives parts half outside".split()
)
_PARTICLES = frozenset("de del di da do dos la upon".split())
_WITHIN = re.compile(
    r"\b(?:district|province|village|area|city|town|county|sector|region|municipality|state)"
    r"(?: ?\(|, )\Z"
)
_COMMA_BEFORE = re.compile(r"([A-Z][\w'’-]+), \Z")
_COMMA_AFTER = re.compile(r", ([A-Z][\w'’-]+(?: [A-Z][a-z]+)?)")
# Up to three words, none of which ends a phrase, and then a capital.
_ON_TO_CAPITAL = (
    r"(?:(?!(?:and|or|but|from|in|of|to|is|was|are|were|at|with|for|by|on|who|that|as)\b)[a-z-]+ )"
)
_PERSON = re.compile(rf"['’]s? {_ON_TO_CAPITAL}{{0,2}}[A-Z]")
_PERSON_AFTER_ADJECTIVE = re.compile(rf" {_ON_TO_CAPITAL}{{1,3}}[A-Z]")
_DATELINE = re.compile(r"(?:,? [\w.,]{1,20}){0,3} ?(?:\(|-|–|—|:)")
_LEAD = 40
_LANGUAGE_NEAR = 40
_BEFORE_LANGUAGE = frozenset("in into from of to learn learns learnt".split())
_ARTICLES = frozenset("a an another every no any the like unlike than next".split())
_ON_THE_MAP = frozenset(
    "coast coasts coastline coastal shore shores border borders island islands bay beach beaches "
    "desert mountains river valley peninsula".split()
)
_TITLE_VERBS = frozenset(
    "is was has had does did must marked stars features tells follows ranks opens begins ends "
    "remains works fails succeeds deserves".split()
)
_CLAUSE_WORDS = frozenset(
    "and or but with without so as is was are were which while to for that he she they it i we "
    "by at on because if when then too either not".split()
)


def find_places(text: str, words: Iterable[tuple[int, int]]) -> list[Named]:
    """Return the places that `text` names, given the spans of words they may begin with."""
    found: dict[Place, list[Mention]] = {}
    reasons: dict[Place, str] = {}
    located: set[Place] = set()
    end = 0
    for start, stop in words:
        if start < end:
            continue
        named = _named(text, start, stop)
        if named is None:
            continue
        place, mention = named
        end = mention.end
        found.setdefault(place, []).append(mention)
        reason = _speaks_against(text, place, mention)
        if reason:
            reasons.setdefault(place, reason)
        lead = lead_word(text, start)
        if lead in places_list("prepositions of place") or _is_dateline(text, *mention[:2]):
            located.add(place)
    return [
        Named(
            place,
            tuple(mentions),
            reasons.get(place, "") or _against_all(text, place, mentions, place in located),
        )
        for place, mentions in found.items()
    ]


def _named(text: str, start: int, stop: int) -> tuple[Place, Mention] | None:
    word = text[start:stop]
    if word[-2:] in ("'s", "’s", "'S", "’S"):
        word = word[:-2]
    for form, place, number in by_first_word().get(word.lower(), ()):
        end = start + len(form)
        if text[start:end].lower() != form.lower() or text[end : end + 1].isalnum():
            continue
        written = text[start:end]
        lower = is_lower(text) and written not in places_list("not in lower case")
        if written == form or written == form.upper() or lower:
            return place, Mention(start, end, number)
    return None


def _speaks_against(text: str, place: Place, mention: Mention) -> str:
    """Return why a mention may not be of the place, or not by itself; or an empty string."""
    start, end, form = mention
    before = _BEFORE.search(text, max(0, start - _LEAD), start)
    after = _AFTER.match(text, end)
    shouted = is_upper(text)
    if text[start:end].isupper() and not shouted:
        return "" if _is_dateline(text, start, end) else "may be a title"
    return (
        around(text, start, end)
        or (not shouted and _longer(text, start, before, after))
        or _in_phrase(text, place, mention, _low(before), _low(after))
        or (_person_beside(text, end, form) and "somebody's")
        or _beside_comma(text, place, start, end)
    )


def _is_dateline(text: str, start: int, end: int) -> bool:
    return _BEFORE.search(text, max(0, start - _LEAD), start) is None and bool(
        text[start:end].isupper() and _DATELINE.match(text, end)
    )


def _low(found: re.Match[str] | None) -> str:
    return found[1].lower() if found else ""


def _longer(
    text: str, start: int, before: re.Match[str] | None, after: re.Match[str] | None
) -> str:
    """Tell whether a capital beside it makes it part of a longer name."""
    if after and after[1][0].isupper():
        return "part of a longer name"
    if before and before[1][0].isupper() and not _opens(text, before):
        return "part of a longer name"
    found = _OF.search(text, max(0, start - _LEAD), start)
    if _low(after) in _PARTICLES or (found and found[1].lower() not in _AMOUNTS):
        return "part of a longer name"
    return ""


def _in_phrase(text: str, place: Place, mention: Mention, before: str, after: str) -> str:
    """Return what the words beside it make of it other than a place, or an empty string."""
    start, end, form = mention
    if f"{text[start:end].lower()} {after}" in _fixed():
        return "a fixed expression"
    if form == 0 and before in _ARTICLES:
        return "stands for a kind"
    if after in _ON_THE_MAP:
        return "tied to the map"
    if form == 1 and _is_language(before, after, text, end):
        return "may be the language"
    if form == 1 and before == "the" and after in ("is", "was", "has", "does"):
        return "stands for a thing"
    located = before in places_list("prepositions of place")
    titled = place.kind != "country" or place.forms[0].lower() in places_list("works")
    if titled and not located and after in _TITLE_VERBS:
        return "may be a title"
    return ""


def _opens(text: str, before: re.Match[str]) -> bool:
    """Tell whether the word before begins a sentence, and is one that may."""
    part = Part.of(before.start(1), before[1])
    return Run.of(text, [part]).begins and part.key in load_words()


def _is_language(before: str, after: str, text: str, end: int) -> bool:
    """Tell whether an adjective may name a language: "in Italian", "translated from Greek"."""
    mark = text[end : end + 1]
    if mark == ":" or _language().search(text, max(0, end - _LANGUAGE_NEAR), end + _LANGUAGE_NEAR):
        return True
    ends = (mark and not mark.isspace()) or after in _CLAUSE_WORDS or not after
    return before in _BEFORE_LANGUAGE and bool(ends)


@cache
def _language() -> re.Pattern[str]:
    words = "|".join(sorted(places_list("language")))
    return re.compile(rf"\b(?:{words})\b", re.IGNORECASE)


def _person_beside(text: str, end: int, form: int) -> bool:
    """Tell whether a name follows that goes with it: "Italy's Prodi"."""
    return bool(_PERSON.match(text, end) or (form and _PERSON_AFTER_ADJECTIVE.match(text, end)))


def _beside_comma(text: str, place: Place, start: int, end: int) -> str:
    """Return what a name beside it, parted by a comma, says against: "Paris, Texas"."""
    before = _COMMA_BEFORE.search(text, max(0, start - _LEAD), start)
    if before and not _is_listed(before[1], place) and not _opens(text, before):
        return "a place in it is named"
    if _WITHIN.search(text, max(0, start - _LEAD), start):
        return "a place in it is named"
    after = _COMMA_AFTER.match(text, end)
    if after and place.kind == "city" and not _is_listed(after[1].split()[0], place):
        plain = after[1].split()[0].lower() in load_words() and not after[1].isupper()
        return "" if plain or after[1] == place.group else "of that state or country"
    return ""


def _is_listed(word: str, place: Place) -> bool:
    """Tell whether a word is a place of the same kind, as in a list of them."""
    known = by_first_word().get(word.lower(), ())
    return any(other.kind == place.kind for _, other, _ in known)


def _against_all(text: str, place: Place, mentions: list[Mention], located: bool) -> str:
    """Return what the text as a whole says against changing a place, or an empty string."""
    name = place.forms[0]
    if name.lower() in places_list("works") and not located and all(m.form == 0 for m in mentions):
        return "may be a title"
    low = text.lower()
    if any(title in low for title in lines_of("places.txt", "fixed titles")):
        return "may be a title"
    if place.kind == "country" and any(
        re.search(rf"\b{word}\b", low) for word in places_list("history") if word in low
    ):
        return "a matter of history"
    if place.kind == "city":
        if name.lower() in places_list("capitals") and "capital" in low:
            return "a capital"
        state = state_of(name)
        return "its state is named" if state and state.lower() in low else ""
    if any(city.lower() in low for city in cities_in(name)):
        return "its city is named"
    known = {text[mention.start : mention.end].lower() for mention in mentions}
    for found in re.finditer(rf"\b{re.escape(name[:4])}\w*", text):
        if found[0].lower().removesuffix("'s") not in known and found[0] not in place.forms:
            return "a form of it is not known"
    return ""


@cache
def _fixed() -> frozenset[str]:
    return frozenset(lines_of("places.txt", "fixed phrases"))

"""The table of abbreviations, and when a form may be shortened or written out where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from robustft_transforms._context import Rule
from robustft_transforms._grammar import word_list
from robustft_transforms._number_context import Place, is_function_word
from robustft_transforms._sections import lines_of, section

__all__ = ["Entry", "ends_sentence", "entries", "reason_to_keep", "reason_to_keep_title"]

_FILE = "abbreviations.txt"

_VERB_FOLLOWS = (
    r"\b(?:to|will|would|can|could|may|might|must|should|shall|do|does|did|not|let's|i|you|we|they|"
    r"he|she|who|n['’]t) "
)
_RULES = {
    # "I photograph it": a verb has no short form.
    "noun": Rule(not_left=_VERB_FOLLOWS),
    # "to please him", "he wants to thank you".
    "polite": Rule(not_left=_VERB_FOLLOWS.replace("you|", "")),
    "letter": Rule(
        not_left=r"[\d.]\s?|\b(?:[a-z]|an|the|letter|vowel|vitamin) ",
        not_right=r"[.]\w|\s?\d| [b-hj-z]\b",
    ),
    # "300 bc", "my cuz".
    "cause": Rule(not_left=r"\d\s?|\b(?:a|the|my|your|his|her|our|their) "),
    "thanks": Rule(not_right=r" sound\b"),
    # "never especially good", "an examination of guilt".
    "aside": Rule(left=r"(?:[(,;—–-] ?|\band |\bbut )"),
    "whole": Rule(not_right=r" (?:of|into)\b"),
    # "an approx. value" is an approximate one.
    "number": Rule(
        right=r"\s(?:[$£€]?\d|(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|half|twelve|"
        r"twenty|thirty|forty|fifty)\b)"
    ),
    # "Tulsa, OK".
    "okay": Rule(not_right=r" \d{5}\b"),
}
_NEXT_WORD = re.compile(r"[ \n]([A-Za-z][A-Za-z'’-]*)")
_CAPITALISED = word_list("capitalised", "numbers.txt")
_NAME = re.compile(r" ([A-Z][a-z'’]+[a-zA-Z'’-]*)")
_JOINED_BEFORE = "|-'’/\\@#_&.*^~+="
_JOINED_AFTER = re.compile(r"[|'’/\\@_&*=+-]|\.\w")
_END = re.compile(r"\s+[\"“‘'(]?[A-Z]|[\"”’]|\s*\n|<")


class Entry(NamedTuple):
    """What a form may become: a full form its short ones, a short form its full one."""

    made: tuple[str, ...]
    expands: bool
    conditions: tuple[str, ...]


@cache
def entries(part: str, mode: str) -> dict[str, Entry]:
    """Return the forms of a part of the table (``standard``, ``chat`` or ``titles``) in a mode.

    The keys are in lower case, but for titles.
    """
    table: dict[str, Entry] = {}
    for full, shorts, clear, conditions in _lines(part):
        if mode != "expand" and shorts:
            table[_key(full, part)] = Entry(shorts, expands=False, conditions=conditions)
        if mode != "shorten":
            for short in clear:
                table[_key(short, part)] = Entry((full,), expands=True, conditions=conditions)
    return table


def _key(form: str, part: str) -> str:
    return form if part == "titles" else form.lower()


def _lines(part: str) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]]:
    """Yield the lines of a part: full form, its short forms, the clear ones of them, conditions."""
    for line in lines_of(_FILE, part):
        fields = [field.strip() for field in line.split("|")]
        full, shorts, clear, conditions = fields + [""] * (4 - len(fields))
        short = tuple(filter(None, shorts.split(", ")))
        known = short if clear == "=" else tuple(filter(None, clear.split(", ")))
        yield full, short, known, tuple(conditions.split())


def reason_to_keep(text: str, start: int, end: int, entry: Entry, place: Place) -> str:
    """Return why the form ``text[start:end]`` stays as it is, or nothing."""
    if _is_joined(text, start, end):
        return "part of a longer form"
    form = text[start:end]
    found = _NEXT_WORD.match(text, end)
    following = found[1] if found else ""
    if _may_be_name(text, end, form, following, entry, place):
        return "may belong to a name"
    for condition in entry.conditions:
        if condition == "head":
            noun = bool(following) and not is_function_word(following.lower())
            if entry.expands and noun:
                return "before another noun"
        elif condition == "apart":
            if not (following[:1].islower() and place.word[:1].islower()):
                return "may belong to a name"
        elif condition == "gloss":
            if not _is_aside(text, start, end, entry):
                return "no aside"
        elif not _allows(_RULES[condition], text, start, end):
            return _REASONS.get(condition, "may be another word")
    return ""


def _may_be_name(
    text: str, end: int, form: str, following: str, entry: Entry, place: Place
) -> bool:
    """Tell whether capitals or quotes say that a form is a name's or a title's."""
    if place.joined in ('"', "“") and (
        text[end : end + 1] in ('"', "”") or following[:1].isupper()
    ):
        return True
    named = following[:1].isupper() and following not in ("I", "I'm", "I've", "I'd", "I'll")
    if not (form.isupper() and len(form) > 1):
        return form[0].isupper() and (named or not place.begins)
    if not entry.expands:
        return False
    # "BTW" and "TV" are written so; "MSG" and "THX" are something else.
    common = " " in entry.made[0] or form in _WRITTEN_SO
    return not common or named or _is_name(place)


_WRITTEN_SO = ("TV", "TVS", "OK", "O.K.")
_REASONS = {"noun": "may be a verb", "polite": "may be a verb"}


def _allows(rule: Rule, text: str, start: int, end: int) -> bool:
    return not rule.barred(text, start, end) and rule.shown(text, start, end)


def _is_aside(text: str, start: int, end: int, entry: Entry) -> bool:
    """Tell whether an example follows what it is one of: "(e.g. this)", not "for example, is"."""
    before, after = text[max(0, start - 2) : start].strip(), text[end : end + 1]
    if entry.expands or before[-1:] == "(":
        return before[-1:] in tuple("(,;:—–-") and after not in tuple(".!?;)")
    return before[-1:] in tuple(",;:—–") and after == " "


def _is_joined(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - 2) : start]
    if before[-1:] in ("'", "’"):
        return before[:1].isalnum() and len(before) == 2
    return (before[-1:] != "" and before[-1] in _JOINED_BEFORE) or bool(
        _JOINED_AFTER.match(text, end)
    )


def _is_name(place: Place) -> bool:
    """Tell whether the word before looks like a name: a capital that no sentence asks for."""
    capital = place.word[:1].isupper() and not place.begins
    return capital and place.word.lower() not in _CAPITALISED


def reason_to_keep_title(text: str, end: int, place: Place) -> str:
    """Return why the title that ends at `end` stays as it is, or nothing."""
    name = _NAME.match(text, end)
    if name is None or text[end - 1 : end + 1] == "..":
        return "no name follows"
    if place.joined and place.joined not in "(>":
        return "part of a longer form"
    if not place.begins and _is_name(place):
        return "part of a longer name"
    known = name[1].lower().replace("’", "'").removesuffix("'s") in section(_FILE, "names")
    return "part of a name" if known else ""


def ends_sentence(text: str, end: int) -> str:
    """Say whether a stop before `end` is the sentence's, too: ``yes``, ``no``, ``unclear``."""
    rest = text[end : end + 4]
    if not rest.strip():
        return "yes"
    return "unclear" if _END.match(text, end) else "no"

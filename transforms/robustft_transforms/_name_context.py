"""What stands around a name, and what in it speaks against taking the name for a person's."""

from __future__ import annotations

import re

from robustft_transforms._capitals import Run
from robustft_transforms._known_names import is_fixed, names_list
from robustft_transforms._whole import holds

__all__ = ["ARTICLE", "around", "begins_with_vowel", "lead_word", "speaks_against"]


ARTICLE = re.compile(r"(?<!\w)an? \Z", re.IGNORECASE)
"""The article that goes by the sound of the word behind it."""

_VOWEL_SOUND = re.compile(r"[aio]|e(?!u)|u(?!k|[glr][aeiouy]|ni|sa)", re.IGNORECASE)

_LAST_WORD = re.compile(r"([^\W_]+(?:['’][^\W_]+)?)[\s\"“'‘]*\Z")
_NEXT_WORD = re.compile(r"(?:['’]s)?[\s\"”]+([^\W_]+)")
_YEAR = re.compile(r" ?\((?:19|20)\d\d")
_EPITHET = re.compile(
    r" (?:the|of(?: the)?) [A-Z]|,? \d|:\d|\s+[A-Z][a-z]|"
    r", (?:King|Queen|Duke|Elector|Prince|Earl)\b| and (?:Me|The|His|Her)\b"
)
_POSSESSIVE_TITLE = re.compile(r"['’]s [A-Z][a-z]+")
_JOINED = re.compile(r" (?:and|&|n|'n'|or|to|vs\.?) ([A-Z][\w'’]+)")
_QUOTED = re.compile(r"[\"“'‘*_][^\"“”'‘’*_<>\n]{0,60}\Z")
_CAPITALISED = re.compile(r"(?:[A-Z0-9]\S*|and|of|the|in|a|an|to|for|on|at|with|from|by|or|vs\.?)")
_COMPARING = frozenset("like unlike than à la another any every no next".split())
_ARTICLES = frozenset(("a", "an", "another", "any", "every", "no", "some"))
_LONGEST_LEAD = 30


def speaks_against(text: str, run: Run) -> str:
    """Return why the run may not be, or should not be taken for, a person; or an empty string."""
    parts = run.parts
    start, end = parts[0].start, parts[-1].end
    keys = tuple(part.key for part in parts)
    if is_fixed(keys) or (run.title and _fixed_with_title(text, start, keys)):
        return "a title or fixed name"
    reason = around(text, start, end)
    if reason:
        return reason
    lead = lead_word(text, start)
    if not run.title and _is_kind(text, lead, end, len(parts)):
        return "stands for a kind"
    if len(parts) == 1 and not run.title:
        if holds(text, "urricane"):
            return "may be a storm"
        if lead in names_list("before a title"):
            return "may be a title"
        return _beside_single(text, keys[0], end)
    return ""


def around(text: str, start: int, end: int) -> str:
    """Return why a name may be part of a longer form or a title, or an empty string."""
    before, after = text[start - 1 : start], text[end : end + 1]
    if before in tuple("-–&/@#") or after in tuple("-–&/@") or text[end : end + 3] == " & ":
        return "part of a longer form"
    if text[max(0, start - 2) : start] == "& ":
        return "part of a longer form"
    if _is_quoted(text, start, end) or _YEAR.match(text, end):
        return "may be a title"
    return "may be a title" if lead_word(text, start) in names_list("works") else ""


def begins_with_vowel(name: str) -> bool:
    """Tell whether *an* goes before a name: Austria and Ursula, but not Ukraine, Uganda, Eugene."""
    return _VOWEL_SOUND.match(name) is not None


def lead_word(text: str, start: int) -> str:
    """Return the word before `start`, in lower case, quotes looked through."""
    found = _LAST_WORD.search(text, max(0, start - _LONGEST_LEAD), start)
    return found[1].lower() if found else ""


def _fixed_with_title(text: str, start: int, keys: tuple[str, ...]) -> bool:
    found = re.search(r"(\w+)\.? \Z", text[max(0, start - 12) : start])
    return found is not None and is_fixed((found[1].lower(), *keys))


def _is_kind(text: str, lead: str, end: int, words: int) -> bool:
    """Tell whether a name is compared with: "a Tom Cruise", "like Tom Cruise"."""
    if lead in _COMPARING and lead not in _ARTICLES:
        return True
    following = _NEXT_WORD.match(text, end)
    attributive = following is not None and following[1].lower() in names_list("attributive")
    if lead in _ARTICLES:
        return not attributive
    return lead == "the" and words == 1 and not attributive


def _beside_single(text: str, key: str, end: int) -> str:
    """Return why a first name by itself may be part of something else."""
    if _EPITHET.match(text, end):
        return "part of a longer name"
    if _POSSESSIVE_TITLE.match(text, end):
        return "may be a title"
    following = _NEXT_WORD.match(text, end)
    if following and following[1] in names_list("never behind a person"):
        return "part of a longer form"
    joined = _JOINED.match(text, end)
    if joined and joined[1].lower() == key:  # Melinda and Melinda
        return "may be a title"
    if joined and is_fixed((key, joined[1].lower()), pair=True):
        return "a famous pair"
    found = re.search(r"(\w+) (?:and|&) \Z", text[max(0, end - len(key) - 24) : end - len(key)])
    if found and is_fixed((found[1].lower(), key), pair=True):
        return "a famous pair"
    return ""


def _is_quoted(text: str, start: int, end: int) -> bool:
    """Tell whether the run stands in quotes, italics or a tag that may hold a title."""
    if (
        text[start - 1 : start] == ">"
        and text[end : end + 2] == "</"
        and text[max(0, start - 4) : start] != "/>"
    ):
        return True
    opening = _QUOTED.search(text, max(0, start - 62), start)
    if opening is None or not opening[0]:
        return False
    mark = opening[0][0]
    closing = {"“": "”", "‘": "’"}.get(mark, mark)
    if mark in "'’" and text[opening.start() - 1 : opening.start()].isalnum():
        return False
    stop = text.find(closing, end, end + 60)
    if stop < 0:
        return False
    inside = text[opening.start() + 1 : stop].rstrip(".,")
    return all(map(_CAPITALISED.fullmatch, inside.split()))

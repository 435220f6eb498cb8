"""The persons whom a text names, each with all mentions, or the reason to leave one alone.

A capitalised run of words is read as titles, first name, initial and surname. Only what can
hardly be anything but a person counts; any place where a word of a name stands in another kind
of company (a longer name, a title, a comparison) speaks against touching that person at all,
since a person must be called the same all over a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from robustft_transforms._capitals import Part, Run, runs
from robustft_transforms._gazetteer import is_place_word
from robustft_transforms._grammar import word_list
from robustft_transforms._known_names import (
    Role,
    gender,
    is_given,
    is_sure,
    is_surname,
    is_word,
    known_firsts,
    names_list,
    short_forms,
)
from robustft_transforms._name_context import speaks_against
from robustft_transforms._sections import section

__all__ = ["Mention", "Person", "find_people"]


class Mention(NamedTuple):
    """One word of a name: ``text[start:end]``; `key` is the word in lower case."""

    start: int
    end: int
    key: str
    role: Role


class Person(NamedTuple):
    """A person, or several who share a name: all mentions in order, and why not to touch them."""

    mentions: tuple[Mention, ...]
    reason: str


_UNCASED_RUN = re.compile(r"(?<![\w'’@#&-])[^\W\d_]{2,}(?: [^\W\d_]{2,})*(?![\w-])")
_UNCASED_PART = re.compile(r"[^\W\d_]+")
_SUFFIXES = frozenset("jr sr ii iii iv".split())
_ROMAN = frozenset("ii iii iv v vi vii viii ix x xi xii xiii xiv".split())


class _Reading(NamedTuple):
    """A run read as a person: the words that are its name, with their roles."""

    parts: list[tuple[Part, Role]]
    run: Run


class _Finder:
    """Gathers mentions and objections by word, and joins the words of a name."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.roles: dict[str, Role] = {}
        self.parent: dict[str, str] = {}
        self.mentions: list[Mention] = []
        self.objections: dict[str, str] = {}
        self.words: set[str] = set()
        """The capitalised words of the text, in lower case."""

    def object_to(self, key: str, reason: str) -> None:
        self.objections.setdefault(key, reason)

    def root(self, key: str) -> str:
        while self.parent[key] != key:
            key = self.parent[key]
        return key

    def take(self, reading: _Reading, reason: str) -> None:
        """Record a reading: its words are names, belong together, and are mentioned here."""
        keys = []
        for part, role in reading.parts:
            key = part.key
            if role != "initial":
                known = self.roles.setdefault(key, role)
                self.parent.setdefault(key, key)
                keys.append(key)
                # "Allen" alone, where there is a Woody Allen, is he.
                if known != role and len(reading.parts) > 1:
                    self.object_to(key, "first name and surname alike")
            self.mentions.append(Mention(part.start, part.end, key, self.roles.get(key, role)))
            if reason and role != "initial":
                self.object_to(key, reason)
        for key in keys[1:]:
            self.parent[self.root(key)] = self.root(keys[0])
        if len(keys) < len(reading.parts):
            self.check_initial(reading)

    def check_initial(self, reading: _Reading) -> None:
        """An initial must be that of a first name which goes with the surname elsewhere."""
        initial, last = reading.parts[0][0], reading.parts[-1][0].key
        firsts = [
            key
            for key, role in self.roles.items()
            if role != "last" and self.root(key) == self.root(last)
        ]
        if firsts and {first[0] for first in firsts} != {initial.key}:
            self.object_to(last, "initials in doubt")

    def people(self) -> list[Person]:
        """Join mentions that share a word into persons, in the order of their first mentions."""
        found: dict[str, list[Mention]] = {}
        reasons: dict[str, str] = {}
        for key, reason in self.objections.items():
            reasons.setdefault(self.root(key), reason)
        initials: list[Mention] = []
        for mention in sorted(set(self.mentions)):
            if mention.role == "initial":
                initials.append(mention)
                continue
            mentions = found.setdefault(self.root(mention.key), [])
            mentions += [*initials, mention]  # an initial belongs to the surname behind it
            initials.clear()
        return [
            Person(tuple(mentions), reasons.get(key, "") or self._short_form(mentions))
            for key, mentions in found.items()
        ]

    def _short_form(self, mentions: list[Mention]) -> str:
        firsts = {mention.key for mention in mentions if mention.role not in ("last", "initial")}
        others = set().union(*map(short_forms, firsts)) - firsts
        return "a short form may be meant" if not others.isdisjoint(self.words) else ""


def find_people(text: str) -> list[Person]:
    """Return the persons of `text` in the order of their first mentions."""
    finder = _Finder(text)
    if text.islower() or text.isupper():
        for reading in _uncased(text):
            finder.take(reading, speaks_against(text, reading.run))
        _place_uncased(finder)
        return finder.people()
    rest: list[Run] = []
    singles: list[_Reading] = []
    for run in runs(text):
        finder.words.update(part.key for part in run.parts)
        found = None if run.shouted else _read(run)
        if found is None:
            rest.append(run)
        elif len(found.parts) == 1:
            singles.append(found)
        else:
            finder.take(found, speaks_against(text, found.run))
    for reading in singles:
        finder.take(reading, speaks_against(text, reading.run))
    if finder.roles:
        names = finder.roles.keys() | {f"{key}s" for key in finder.roles}
        for run in rest:
            if not names.isdisjoint(part.key for part in run.parts):
                _place(finder, run)
        _place_uncased(finder)
    return finder.people()


def _read(run: Run) -> _Reading | None:
    """Read a run as a person, if it can hardly be anything else."""
    parts, begins = list(run.parts), run.begins
    if len(parts) == 1 and parts[0].key not in known_firsts():
        return None
    if begins and len(parts) > 1 and _is_plain(parts[0]):
        if parts[0].key.endswith("ing"):  # Finding Forrester, Being John Malkovich
            return None
        parts, begins = parts[1:], False
    title = ""
    while len(parts) > 1 and _title(parts[0].key):
        title, parts, begins = _title(parts[0].key), parts[1:], False
    if len(parts) > 1 and parts[-1].key in _SUFFIXES:
        parts = parts[:-1] if len(parts) > 2 else []
    if title == "royal" or not 0 < len(parts) < 5:
        return None
    named = _single(parts[0], title, begins) if len(parts) == 1 else _full(parts, begins)
    return _Reading(named, run._replace(parts=parts, title=title)) if named else None


def _is_plain(part: Part) -> bool:
    """Tell whether a word may begin a sentence without belonging to the name behind it."""
    return is_word(part.key) and not _title(part.key) and part.key not in known_firsts()


def _title(key: str) -> str:
    for kind in ("titles before a surname", "titles before a name", "royal titles"):
        if key in names_list(kind):
            return kind.split()[0] if kind.startswith("royal") else kind
    return ""


def _single(part: Part, title: str, begins: bool) -> list[tuple[Part, Role]]:
    """Read one word: a surname behind a title, or a first name by itself."""
    key, role = part.key, gender(part.key)
    if title.endswith("surname"):
        return [(part, "last")] if is_surname(key) and len(key) > 2 else []
    if role and is_sure(key, begins, alone=True):
        return [(part, role)]
    return [(part, "last")] if title and is_surname(key) and not is_word(key) else []


def _full(parts: list[Part], begins: bool) -> list[tuple[Part, Role]]:
    """Read several words: a first name or initial, something between, a surname."""
    first, *between, last = parts
    if not _may_be_surname(last, first):
        return []
    particle = bool(between) and all(part.key in names_list("particles") for part in between)
    middle = len(between) == 1 and (_is_initial(between[0]) or between[0].key in known_firsts())
    if between and not particle and not middle:
        return []
    if _is_initial(first):
        named = is_surname(last.key) and not is_word(last.key) and not between
        return [(first, "initial"), (last, "last")] if named else []
    role = gender(first.key)
    if role is None:
        return []
    surely = is_sure(first.key, True, alone=False)
    likely = not begins and is_surname(last.key) and not is_word(last.key)
    return [(first, role), (last, "last")] if surely or likely else []


def _may_be_surname(part: Part, first: Part) -> bool:
    key = part.key
    if len(key) < 2 or key in _ROMAN or part.text.endswith(".") or key in names_list("no names"):
        return False
    if is_place_word(key) or is_given(key):
        return False
    if key in names_list("organisation words") or first.key in names_list("no names"):
        return False
    if part.text.isupper() != first.text.isupper() and len(first.text) > 2:
        return False
    return is_surname(key) or not is_word(key)


def _is_initial(part: Part) -> bool:
    return len(part.text) == 2 and part.text[1] == "."


@cache
def _openers() -> frozenset[str]:
    """Return the small words that a sentence may begin with before a name."""
    lists = ("conjunctions", "prepositions", "determiners", "clause openers", "adverbs", "modals")
    return frozenset().union(section("discourse.txt", "openers"), *map(word_list, lists))


def _place(finder: _Finder, run: Run) -> None:
    """See whether a run that was not read holds a name that is known from elsewhere."""
    known = [part for part in run.parts if part.key in finder.roles]
    plural = [part for part in run.parts if part.key.removesuffix("s") in finder.roles]
    if not known:
        for part in plural:
            finder.object_to(part.key.removesuffix("s"), "in the plural")
        return
    parts = [part for part in run.parts if not _title(part.key)]
    reason = speaks_against(finder.text, run)
    if any(_title(part.key) == "royal" for part in run.parts):
        reason = reason or "royal or holy"
    if len(parts) > len(known) and not (
        len(known) == 1 and run.begins and len(parts) == 2 and parts[0].key in _openers()
    ):
        reason = reason or "part of a longer name"
    if run.begins and run.parts[0] in known and is_word(known[0].key):
        reason = reason or "may be a word"
    named: list[tuple[Part, Role]] = [(part, finder.roles[part.key]) for part in known]
    if len(parts) == 2 and _is_initial(parts[0]) and parts[1] in known:
        named, reason = [(parts[0], "initial"), *named], speaks_against(finder.text, run)
    finder.take(_Reading(named, run), reason)


def _place_uncased(finder: _Finder) -> None:
    """Find the names, if they are no words, where the writer forgot the capital, or shouts."""
    shouted = finder.text.isupper()
    for key, role in list(finder.roles.items()):
        form = key.upper() if shouted else key
        if is_word(key) or form not in finder.text:
            continue
        for found in re.finditer(rf"(?<![\w'’@#/.-]){re.escape(form)}(?![\w@/-])", finder.text):
            finder.mentions.append(Mention(found.start(), found.end(), key, role))


def _uncased(text: str) -> Iterator[_Reading]:
    """Read names in a text without capitals, or with nothing else: a first name and a surname.

    Neither may be an English word; beside them no word may stand that is none either.
    """
    for found in _UNCASED_RUN.finditer(text):
        parts = [
            Part.of(part.start(), part[0])
            for part in _UNCASED_PART.finditer(text, found.start(), found.end())
        ]
        at = 0
        while at < len(parts):
            end = at
            while end < len(parts) and not is_word(parts[end].key):
                end += 1
            if end > at:
                reading = _read_uncased(text, parts[at:end]) if end > at + 1 else None
                if reading is not None:
                    yield reading
            at = end + 1


def _read_uncased(text: str, parts: list[Part]) -> _Reading | None:
    first, *between, last = parts
    role = gender(first.key)
    if role is None or not is_sure(first.key, True, alone=False) or len(parts) not in (2, 3):
        return None
    if between and between[0].key not in known_firsts():
        return None
    if len(last.key) < 3 or not _may_be_surname(last, first):  # "britney wo n't"
        return None
    return _Reading([(first, role), (last, "last")], Run.of(text, parts))

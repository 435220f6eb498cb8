"""Which words are names of persons, how surely, and what stands in for them."""

from __future__ import annotations

from functools import cache
from typing import Literal

from robustft_transforms._gazetteer import is_place_word
from robustft_transforms._lexicons import load_words, read_data
from robustft_transforms._sections import lines_of, section

__all__ = [
    "Role",
    "gender",
    "is_fixed",
    "is_given",
    "is_sure",
    "is_surname",
    "is_word",
    "known_firsts",
    "names_list",
    "pool",
    "short_forms",
]

Role = Literal["female", "male", "either", "last", "initial"]

_FILE = "names.txt"


@cache
def _census() -> dict[str, frozenset[str]]:
    lines = read_data("census_names.txt.xz").splitlines()
    return {
        title.strip("[]"): frozenset(names.split())
        for title, names in zip(lines[::2], lines[1::2], strict=True)
    }


def names_list(name: str) -> frozenset[str]:
    """Return the section `name` of ``data/names.txt``."""
    return section(_FILE, name)


@cache
def known_firsts() -> frozenset[str]:
    """Return all first names that are known, in lower case."""
    census = _census()
    return (census["female"] | census["male"] | census["either"]) - names_list("no names")


def gender(name: str) -> Role | None:
    """Return whose first name `name` (lower case) is, or None."""
    if name not in known_firsts():
        return None
    census = _census()
    if name in names_list("of either sex"):
        return "either"
    return "female" if name in census["female"] else "male" if name in census["male"] else "either"


def is_word(name: str) -> bool:
    """Tell whether `name` (lower case) is an English word as well."""
    return name in load_words()


@cache
def _sure() -> frozenset[str]:
    plain = {
        name
        for name in known_firsts()
        if len(name) > 2 and not is_word(name) and not is_place_word(name)
    }
    return frozenset(plain - names_list("doubtful although no words")) | names_list(
        "sure although words"
    )


def is_sure(name: str, begins: bool, alone: bool) -> bool:
    """Tell whether `name`, with a capital, can hardly be but a first name.

    `begins` says that a sentence begins with it, `alone` that no surname follows: then it must
    not be a surname about as often.
    """
    if alone and name in _census()["often surnames"]:
        return False
    return name in _sure() or (not begins and name in names_list("sure within a sentence"))


def is_surname(name: str) -> bool:
    """Tell whether `name` (lower case) is among the frequent surnames."""
    return name in _census()["surnames"]


def is_given(name: str) -> bool:
    """Tell whether `name` (lower case) is a first name far more often than a surname."""
    return name in known_firsts() and name not in _census()["often surnames"]


@cache
def _fixed() -> frozenset[str]:
    return frozenset(line.lower() for line in lines_of(_FILE, "fixed names"))


@cache
def _pairs() -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(line.lower().split()) for line in lines_of(_FILE, "pairs"))


def is_fixed(names: tuple[str, ...], pair: bool = False) -> bool:
    """Tell whether names (lower case) are those of a work, a character, a firm, a famous pair."""
    if pair:
        return names in _pairs() or names[::-1] in _pairs()
    return " ".join(names) in _fixed()


@cache
def _short_forms() -> dict[str, frozenset[str]]:
    related: dict[str, set[str]] = {}
    for line in lines_of(_FILE, "short forms"):
        group = set(line.lower().split())
        for name in group:
            related.setdefault(name, set()).update(group - {name})
    return {name: frozenset(others) for name, others in related.items()}


def short_forms(name: str) -> frozenset[str]:
    """Return the names (lower case) that may mean the same person as the first name `name`."""
    return _short_forms().get(name, frozenset())


@cache
def pool(role: str) -> tuple[str, ...]:
    """Return what may stand in for a name of this role, in the order of the list."""
    title = {"last": "new surnames"}.get(role, f"new {role}")
    return tuple(name for line in lines_of(_FILE, title) for name in line.split())

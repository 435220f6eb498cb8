"""Conditions on the words beside a word, by which other senses and fixed expressions are told.

``.`` stands for no word (punctuation, or the end of the text), ``'s`` for a possessive or a noun
with a contracted verb, ``n't`` for a negated auxiliary; other words are named in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

__all__ = ["PRONOUN_IS", "SIGNS", "Beside", "Neighbour", "make_beside", "neighbours"]

SIGNS = (".", "'s", "n't")
# The 's of these is a verb; they are named as they are.
PRONOUN_IS = frozenset("it's that's he's she's there's what's who's here's let's".split())

# One space parts words that stand in a phrase together; anything else parts phrases.
_LAST = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?\Z")
_FIRST = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?(?![\w'’]*-)")
_LONGEST = 24


class Neighbour(NamedTuple):
    """What one neighbouring word must be (None: any) and must not be.

    ``.`` stands for no word (punctuation, or the end of the text), ``'s`` for a possessive or a
    noun with a contracted verb, ``n't`` for a negated auxiliary.
    """

    among: frozenset[str] | None = None
    barred: frozenset[str] = frozenset()

    def allows(self, word: str) -> bool:
        """Tell whether a neighbour (in lower case, or one of the signs) meets the condition."""
        return (self.among is None or word in self.among) and word not in self.barred


_ANY = Neighbour()


class Beside(NamedTuple):
    """The conditions on the two words before and the two after a word, the nearer ones first."""

    before: Neighbour = _ANY
    after: Neighbour = _ANY
    second_before: Neighbour = _ANY
    second_after: Neighbour = _ANY


_SLOTS = {"<": "before", ">": "after", "<<": "second_before", ">>": "second_after"}


def make_beside(conditions: Iterable[str], classes: Mapping[str, Sequence[str]]) -> Beside:
    """Read conditions such as ``<+the,ADJ`` or ``>>-of``: lists of words and names of classes."""
    among: dict[str, frozenset[str]] = {}
    barred: dict[str, frozenset[str]] = {}
    for condition in conditions:
        words = condition.lstrip("<>")
        slot = _SLOTS[condition[: -len(words)]]
        named = frozenset(w for word in words[1:].split(",") for w in classes.get(word, (word,)))
        (among if words[0] == "+" else barred)[slot] = named
    return Beside(
        **{
            slot: Neighbour(among.get(slot), barred.get(slot, frozenset()))
            for slot in among.keys() | barred.keys()
        }
    )


def neighbours(text: str, start: int, end: int) -> tuple[str, str]:
    """Return the words on both sides of a span as the conditions name them.

    ``.`` stands for no word: punctuation, a line's or the text's end.
    """
    left = right = "."
    if text[start - 1 : start] == " ":
        low = max(0, start - _LONGEST)
        left = text[max(low, text.rfind(" ", low, start - 1) + 1) : start - 1]
        left = left.lower() if left.isalpha() else _named(_LAST.search(left))
    if text[end : end + 1] == " ":
        space = text.find(" ", end + 1, end + _LONGEST)
        right = text[end + 1 : space] if space > 0 else ""
        right = right.lower() if right.isalpha() else _named(_FIRST.match(text, end + 1))
    return left, right


def _named(found: re.Match[str] | None) -> str:
    """Return a word as the conditions name it: lower case, ``'s``, ``n't``."""
    if found is None:
        return "."
    lower = found.group().lower().replace("’", "'")
    if "'" in lower:
        if lower.endswith("n't"):
            return "n't"
        if lower.endswith("'s") and lower not in PRONOUN_IS:
            return "'s"
    return lower

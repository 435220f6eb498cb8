"""What surrounds a word: its neighbours, and the word lists that say what they may be.

The lists are small and hand-made (``data/grammar.txt``). They tell a participle from a base verb
and a clause's beginning from its middle well enough to act when the case is clear, and to say
so when it is not.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

__all__ = [
    "Clause",
    "asks",
    "before",
    "inside_longer_form",
    "is_participle",
    "next_word",
    "skip_adverbs",
    "word_list",
]

_NEXT = re.compile(r"\s+([A-Za-z]+(?:['’][A-Za-z]+)*)")
_LAST = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)*$")
_PRONOUN_BEFORE = re.compile(r"(?<![A-Za-z])(?:I|you|he|she|it|we|they)\s+$", re.IGNORECASE)
_END_OF_SENTENCE = re.compile(r"[.!?\n<]")
_COORDINATE = ("and", "or")
_OPENING = "\"'“”‘’([*_"
_LONGEST_WORD = 30


@cache
def _sections(file: str) -> dict[str, frozenset[str]]:
    text = (files(__package__) / "data" / file).read_text(encoding="utf-8")
    parts = re.split(r"^\[(.+)\]$", text, flags=re.MULTILINE)
    return {
        name: frozenset(body.split()) for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


@cache
def word_list(name: str, file: str = "grammar.txt") -> frozenset[str]:
    """Return the section `name` of a file of the data folder."""
    return _sections(file)[name]


class Clause:
    """What comes before a position: the previous word, or the mark that parts it from one.

    `word` is the previous word in lower case, or empty where the clause begins: at the start of
    the text or a line, after a mark, a tag or a bracket. `mark` is then that mark, or empty.
    `coordinates` tells whether it joins a pronoun before it to what follows, as in "he or she".
    """

    __slots__ = ("coordinates", "mark", "word")

    def __init__(self, word: str, mark: str, coordinates: bool = False) -> None:
        self.word = word
        self.mark = mark
        self.coordinates = coordinates

    @property
    def begins(self) -> bool:
        return not self.word

    @property
    def begins_sentence(self) -> bool:
        """Whether a capital is due here; a comma or a semicolon asks for none."""
        return not self.word and self.mark not in (",", ";")


def before(text: str, start: int) -> Clause:
    """Return what stands before ``text[start]``, quotes and brackets looked through."""
    lead = text[max(0, start - _LONGEST_WORD) : start].rstrip(" \t")
    quoted = lead.rstrip(_OPENING)
    if len(quoted) < len(lead) and (not quoted or quoted[-1].isspace()):
        # An opening quote begins a clause of its own.
        return Clause("", lead[-1])
    if not lead or not lead[-1].isalnum():
        return Clause("", lead[-1:])
    last = lead.split()[-1]
    if not (last.isalpha() and last.isascii()):  # something hangs on the word
        found = _LAST.search(last)
        if found is None:
            return Clause("", lead[-1])
        last = found[0]
    word = last.lower().replace("’", "'")
    paired = word in _COORDINATE and _PRONOUN_BEFORE.search(lead[: -len(last)]) is not None
    return Clause(word, lead[-1], paired)


def inside_longer_form(text: str, start: int, end: int) -> bool:
    """Tell whether a hyphen or an apostrophe ties ``text[start:end]`` to a neighbour."""
    if text[end : end + 1] in ("-", "'", "’", "*"):
        return True
    return start > 1 and text[start - 1] in "-'’" and text[start - 2].isalnum()


def next_word(text: str, end: int) -> tuple[str, int]:
    """Return the lower-case word that follows `end` after white space alone, and where it ends.

    The word is empty where a mark, a digit or the end of the text follows.
    """
    found = _NEXT.match(text, end)
    if found is None:
        return "", end
    return found[1].lower().replace("’", "'"), found.end()


def skip_adverbs(text: str, end: int, limit: int = 3) -> tuple[str, int]:
    """Like `next_word`, but look through up to `limit` adverbs."""
    adverbs = word_list("adverbs")
    word, position = next_word(text, end)
    while limit and (word in adverbs or (word.endswith("ly") and len(word) > 4)):
        limit -= 1
        word, position = next_word(text, position)
    return word, position


def asks(text: str, end: int) -> bool:
    """Tell whether the sentence around `end` ends with a question mark."""
    found = _END_OF_SENTENCE.search(text, end)
    return found is not None and found[0] == "?"


def is_participle(word: str) -> bool:
    """Tell whether `word` may be a past participle: irregular, or a regular one in -ed."""
    if word in word_list("irregular participles"):
        return True
    return (
        word.endswith("ed")
        and len(word) > 4
        and not word.endswith("eed")
        and word not in word_list("not participles")
    )

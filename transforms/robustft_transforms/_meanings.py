"""Near meanings and polarity: what may stand for a word where a language model agrees.

The tables are ``data/meanings.txt.xz`` (facts of WordNet) and ``data/polarity.txt`` (made by hand);
``data/README.md`` says more.
"""

from __future__ import annotations

import re
from functools import cache, cached_property
from importlib.resources import files
from typing import NamedTuple

from robustft.text import Lexicon
from robustft_transforms._lexicons import read_data

__all__ = ["Near", "load_meanings", "load_polarity", "polarity"]

# The inflections of each part of speech in the order of the table; the lemma itself is the first.
_PAST, _PARTICIPLE = 3, 4


class Near(NamedTuple):
    """A word of a near meaning in the same inflection."""

    word: str
    pos: str
    """WordNet's n, v, a or r: how the word that it stands for was read."""
    participle: bool | None
    """False for a past tense that is no participle (began), True for the contrary (begun)."""


class _Entry(NamedTuple):
    lemma: str
    pos: str
    forms: tuple[str, ...]
    near: tuple[str, ...]


class Meanings:
    """The table of near meanings, by word form."""

    def __init__(self, text: str) -> None:
        self._entries: dict[tuple[str, str], _Entry] = {}
        self._places: dict[str, list[tuple[str, str]]] = {}
        table, _, phrases = text.partition("\n\n")
        rows = (line.split(" ") for line in phrases.split("\n"))
        self._phrases = {first: frozenset(seconds) for first, *seconds in rows}
        for line in table.split("\n"):
            lemma, pos, spelt, near = line.split("\t")
            forms = (lemma, *(_form(lemma, code) for code in spelt.split(" ")))
            self._entries[lemma, pos] = _Entry(lemma, pos, forms, tuple(near.split()))
            for form in set(forms) - {""}:
                self._places.setdefault(form, []).append((lemma, pos))

    @cached_property
    def lexicon(self) -> Lexicon:
        """The forms for which there may be another word."""
        return Lexicon(
            form
            for form, places in self._places.items()
            if any(self._entries[place].near for place in places)
        )

    def lemmas(self, form: str) -> tuple[str, ...]:
        """Return what a form may be a form of."""
        return tuple(lemma for lemma, _pos in self._places.get(form, ()))

    def is_adjective(self, form: str) -> bool:
        """Tell whether a form is an adjective and nothing else."""
        return {pos for _lemma, pos in self._places.get(form, ())} == {"a"}

    def is_phrase(self, first: str, second: str) -> bool:
        """Tell whether two words beside one another have an entry of their own (home movie)."""
        seconds = {"on" if second == "upon" else second, *self.lemmas(second)}
        return any(
            not seconds.isdisjoint(self._phrases.get(word, ()))
            for word in {first, *self.lemmas(first)}
        )

    def near(self, form: str) -> tuple[Near, ...]:
        """Return the words that may stand for a form, of the same inflection and polarity.

        One that is near in several parts of speech comes once for each.
        """
        found: dict[Near, None] = {}
        lemmas = set(self.lemmas(form))
        for place in self._places.get(form, ()):
            entry = self._entries[place]
            slots = [i for i, own in enumerate(entry.forms) if own == form]
            for lemma in entry.near:
                other = self._entries[lemma, entry.pos]
                if polarity(form, entry.lemma) != polarity(other.lemma):
                    continue
                for slot in slots:
                    word = other.forms[slot]
                    # A noun (thinking) may be a form of the very verb (thought).
                    if word and lemmas.isdisjoint(self.lemmas(word)):
                        found[Near(word, entry.pos, _kind(other.forms, slot))] = None
        return tuple(found)


def _kind(forms: tuple[str, ...], slot: int) -> bool | None:
    if slot < _PAST or forms[_PAST] == forms[_PARTICIPLE]:
        return None
    return slot == _PARTICIPLE


def _form(lemma: str, code: str) -> str:
    """Read a form: ``2an`` makes *began* of *begin*; ``-`` is none."""
    return "" if code == "-" else lemma[: len(lemma) - int(code[0])] + code[1:]


@cache
def load_meanings() -> Meanings:
    """Return the table that ``tools/build_meanings.py`` writes."""
    return Meanings(read_data("meanings.txt.xz"))


@cache
def load_polarity() -> dict[str, frozenset[str]]:
    """Return ``positive`` and ``negative`` with their words."""
    text = (files(__package__) / "data" / "polarity.txt").read_text(encoding="utf-8")
    parts = re.split(r"^\[(.+)\]$", text, flags=re.MULTILINE)
    return {
        name: frozenset(body.split()) for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def polarity(*words: str) -> frozenset[str]:
    """Return the lists that hold one of `words` (a form and its lemma): both, one or none."""
    return frozenset(name for name, words_of in load_polarity().items() if words_of & set(words))

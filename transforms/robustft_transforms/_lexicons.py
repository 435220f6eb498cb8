"""The lexicons that several transforms share, read once from the package's data folder.

Where each comes from, its licence and how it was made: ``data/README.md``.
"""

from __future__ import annotations

import lzma
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

__all__ = ["Beside", "SynonymReading", "load_synonyms", "load_words", "parse_beside", "read_data"]


def read_data(name: str) -> str:
    """Return the text of an xz-compressed UTF-8 file of the package's data folder."""
    return lzma.decompress((files(__package__) / "data" / name).read_bytes()).decode("utf-8")


@cache
def load_words() -> frozenset[str]:
    """Return the lower-case English word forms: lemmas of WordNet, inflections, function words."""
    return frozenset(read_data("words.txt.xz").split("\n"))


class Beside(NamedTuple):
    """What must and must not stand before and after a word; None asks nothing.

    ``.`` in a set stands for no word: punctuation, or the end of the text.
    """

    before: frozenset[str] | None = None
    not_before: frozenset[str] | None = None
    after: frozenset[str] | None = None
    not_after: frozenset[str] | None = None

    def allows(self, before: str, after: str) -> bool:
        """Tell whether the words (lower case, or ``.``) on both sides meet the conditions."""
        need, bar, need_after, bar_after = self
        return (
            (need is None or before in need)
            and (bar is None or before not in bar)
            and (need_after is None or after in need_after)
            and (bar_after is None or after not in bar_after)
        )


class SynonymReading(NamedTuple):
    """One way to read a word form: what may stand for it, how alike (0 to 1), and beside what."""

    substitutes: tuple[str, ...]
    scores: tuple[float, ...]
    beside: Beside


_SLOTS = {"<+": "before", "<-": "not_before", ">+": "after", ">-": "not_after"}


@cache
def load_synonyms() -> dict[str, tuple[SynonymReading, ...]]:
    """Return the synonym table: for each lower-case form its readings, in order of preference."""
    return parse_synonyms(read_data("synonyms.txt.xz"))


def parse_synonyms(text: str) -> dict[str, tuple[SynonymReading, ...]]:
    """Parse the table that ``tools/build_synonyms.py`` writes."""
    classes: dict[str, list[str]] = {}
    rules: list[Beside] = []
    table: dict[str, tuple[SynonymReading, ...]] = {}
    for line in text.split("\n"):
        if line[0] == "@":
            name, *words = line[1:].split(" ")
            classes[name] = words
        elif line[0] == "%":
            rules.append(parse_beside(line[1:].split(" "), classes))
        else:
            form, offered, rule = line.split("\t")
            pairs = [pair.partition(":") for pair in offered.split(" ")]
            reading = SynonymReading(
                tuple(pair[0] for pair in pairs),
                tuple(int(pair[2]) / 100 for pair in pairs),
                rules[int(rule)] if rule else Beside(),
            )
            table[form] = (*table.get(form, ()), reading)
    return table


def parse_beside(conditions: Iterable[str], classes: Mapping[str, Iterable[str]]) -> Beside:
    """Parse conditions such as ``<+a,the`` or ``>-DET``, where DET is one of the `classes`."""
    slots = {}
    for condition in conditions:
        words: set[str] = set()
        for word in condition[2:].split(","):
            words.update(classes.get(word, (word,)))
        slots[_SLOTS[condition[:2]]] = frozenset(words)
    return Beside(**slots)

"""What a table of synonyms holds: word forms, what may stand for them, how surely, beside what.

`_neighbours` asks a table about whole batches of text; `_own_synonyms` and `_wordnet` make tables
of other sources than the built-in one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal, NamedTuple

from robustft.seeding import fold_in
from robustft_transforms._beside import Beside, make_beside
from robustft_transforms._lexicons import read_data

__all__ = [
    "CONTEXT_OF_POS",
    "Half",
    "Readings",
    "SynonymReading",
    "beside_of_pos",
    "half_of",
    "load_classes",
    "load_synonyms",
    "parse_classes",
    "parse_synonyms",
    "select",
]

Half = Literal["both", "a", "b"]
Readings = Mapping[str, Sequence["SynonymReading"]]


class SynonymReading(NamedTuple):
    """One way to read a word form."""

    substitutes: tuple[str, ...]
    scores: tuple[float, ...]
    """How surely each may stand for the word, 0 to 1."""
    halves: str
    """The half of the table, ``a`` or ``b``, that each belongs to."""
    beside: Beside = Beside()


def half_of(substitute: str) -> str:
    """Return the half of a table, ``a`` or ``b``, that a substitute belongs to."""
    return "ab"[fold_in(0, "synonyms", substitute) & 1]


# Where a word is read as a noun, a verb or an adjective, if nothing else is known of it.
CONTEXT_OF_POS = {
    "n": ("<+ADJ,DET", ">+END"),
    "v": ("<+VERB",),
    "a": ("<+ADJ,ADV,BE,DET",),
    "r": (),
}


@cache
def beside_of_pos(pos: str) -> Beside:
    """Return the conditions under which a word is read as a part of speech: n, v, a or r."""
    return make_beside(CONTEXT_OF_POS[pos], load_classes())


def parse_classes(text: str) -> dict[str, list[str]]:
    """Return the classes of neighbouring words that a table names."""
    lines = (line[1:].split(" ") for line in text.split("\n") if line.startswith("@"))
    return {name: words for name, *words in lines}


def parse_synonyms(text: str) -> dict[str, list[SynonymReading]]:
    """Parse the table that ``tools/build_synonyms.py`` writes."""
    classes = parse_classes(text)
    rules: list[Beside] = []
    table: dict[str, list[SynonymReading]] = {}
    for line in text.split("\n"):
        if line[0] == "%":
            rules.append(make_beside(line[1:].split(" "), classes))
        elif line[0] != "@":
            form, offered, rule = line.split("\t")
            pairs = [pair.partition(":") for pair in offered.split(" ")]
            reading = SynonymReading(
                tuple(pair[0] for pair in pairs),
                tuple(int(pair[2][:-1]) / 100 for pair in pairs),
                "".join(pair[2][-1] for pair in pairs),
                rules[int(rule)] if rule else Beside(),
            )
            table.setdefault(form, []).append(reading)
    return table


@cache
def load_synonyms() -> dict[str, list[SynonymReading]]:
    """Return the built-in table: for each lower-case form its readings, in order of preference."""
    return parse_synonyms(read_data("synonyms.txt.xz"))


@cache
def load_classes() -> dict[str, list[str]]:
    """Return the classes of neighbouring words of the built-in table."""
    return parse_classes(read_data("synonyms.txt.xz"))


def select(table: Readings, min_score: float, half: Half) -> Readings:
    """Return the part of a table at or above a score, and of one half."""
    if min_score <= 0 and half == "both":
        return table
    chosen = {}
    for form, readings in table.items():
        kept = [part for reading in readings if (part := _part(reading, min_score, half))]
        if kept:
            chosen[form] = kept
    return chosen


def _part(reading: SynonymReading, min_score: float, half: Half) -> SynonymReading | None:
    kept = [
        i
        for i, score in enumerate(reading.scores)
        if score >= min_score and half in ("both", reading.halves[i])
    ]
    if not kept:
        return None
    return SynonymReading(
        tuple(reading.substitutes[i] for i in kept),
        tuple(reading.scores[i] for i in kept),
        "".join(reading.halves[i] for i in kept),
        reading.beside,
    )

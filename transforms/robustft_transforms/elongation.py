"""Elongation: words drawn out as in speech (soooo, greaaat)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from robustft.errors import SpecError
from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, Lexicon, Unit, Units
from robustft.text.protect import NEGATORS
from robustft.transform.base import LabelKind, Level, Skip, Transform
from robustft_transforms._beside import Beside, make_beside, neighbours

_SHORTEST_RUN = 3
_LONGEST_RUN = 12
# How often runs of 3, 4, 5 ... letters were counted; each further letter is half as frequent.
_RUNS = (41, 22, 15, 7, 4, 3, 1, 1, 1, 1)
_OFTEN = 8.0
_WORDS_BEFORE = 3
# Who weakens a word does not draw it out.
_HEDGES = frozenset(
    "quite pretty almost of fairly rather somewhat bit little slightly relatively reasonably "
    "mildly moderately less least mostly partly nearly hardly barely scarcely seldom rarely".split()
)


class _Word(NamedTuple):
    """The letters of a word that are drawn out, and what must stand beside it."""

    places: tuple[int, ...]
    beside: Beside
    often: bool


@dataclass(frozen=True, kw_only=True)
class Elongation(Transform):
    """Draw words out as a speaker does: "soooo", "greaaat", "slooow".

    Where it occurs: chats, posts, reviews with a temper.

    What it does: a word that people lengthen has one letter repeated, the one that is heard longer:
    the stressed vowel, or a last letter that can be held. Expressive words alone are on the list
    (so, way, long, slow, boring, awful, great, wow), with what may stand beside them: "so good"
    is drawn out and "so that" is not, "way too" and not "the way". A word that is negated or
    weakened ("not so good", "quite good") stays, and so do negators.

    What it may break: the exact spelling (no kept label of acceptability). It stresses: the
    strength of an opinion grows, its direction stays. That may be more than a premise says, so
    entailment is not kept.

    Source: in 48,882 IMDB reviews ``tools/measure_elongation.py`` finds 811 lengthened words in
    10.7 million: above all so, oh, way, ah, long, bad and slow; 41 % of the runs are of three
    letters, 22 % of four, 15 % of five. Brody and Diakopoulos (2011), *Using word lengthening to
    detect sentiment in microblogs*, EMNLP, show that the words which are lengthened are those
    that carry the sentiment. The list is hand-made; the rates are ours, and capped by what a text
    offers.

    Parameters
    ----------
    longest
        The longest run of the repeated letter, 3 to 12.
    """

    longest: int = 6

    name: ClassVar[str] = "elongation"
    level: ClassVar[Level] = Level.CHARACTER
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind) - {
        LabelKind.ACCEPTABILITY,
        LabelKind.ENTAILMENT,
    }
    rates: ClassVar[Mapping[int, float]] = {1: 0.005, 2: 0.01, 3: 0.02, 4: 0.04, 5: 1.0}
    example: ClassVar[str] = "The film is so boring, and way too long."

    def __post_init__(self) -> None:
        super().__post_init__()
        if not _SHORTEST_RUN <= self.longest <= _LONGEST_RUN:
            raise SpecError(
                f"elongation: expected longest from {_SHORTEST_RUN} to {_LONGEST_RUN}, "
                f"got {self.longest}"
            )

    def units(self, batch: Batch) -> Units:
        """Return the words of the list that no hyphen joins to another."""
        units = batch.words_in(_lexicon())
        return units.where(~batch.hyphenated(units))

    def weights(self, batch: Batch, units: Units) -> npt.NDArray[np.float64]:
        """Return what favours the few words that are lengthened most."""
        often = np.isin(units.start, batch.words_in(_lexicon(often=True)).start)
        return np.where(often, _OFTEN, 1.0)

    def replacement(
        self, document: Document, unit: Unit, draw: Draw
    ) -> str | Skip | tuple[Edit, ...]:
        """Return the word with one of its letters repeated."""
        text, word = document.text, unit.text
        entry = _table()[word.lower()]
        before, after = neighbours(text, unit.start, unit.end)
        if not (entry.beside.before.allows(before) and entry.beside.after.allows(after)):
            return Skip("another sense or no stress on it")
        if before in _HEDGES:
            return Skip("hedged")
        if _negated(text, unit.start):
            return Skip("negated")
        at = draw.choice(entry.places)
        letter = word[at].lower()
        begin, end = at, at + 1
        while begin and word[begin - 1].lower() == letter:
            begin -= 1
        run = _SHORTEST_RUN + draw.weighted(_RUNS[: self.longest - _SHORTEST_RUN + 1])
        added = max(1, run - (end - begin))
        return word[:end] + (word[at] if word.isupper() else letter) * added + word[end:]


def _negated(text: str, start: int) -> bool:
    """Tell whether one of the few words before `start` negates."""
    before = text[max(0, start - 40) : start].lower().replace("’", "'").split()
    return any(word in NEGATORS or word.endswith("n't") for word in before[-_WORDS_BEFORE:])


@cache
def _lexicon(often: bool = False) -> Lexicon:
    return Lexicon(word for word, entry in _table().items() if entry.often or not often)


@cache
def _table() -> dict[str, _Word]:
    text = (files(__package__) / "data" / "elongation.txt").read_text(encoding="utf-8")
    classes: dict[str, list[str]] = {}
    table: dict[str, _Word] = {}
    for line in text.splitlines():
        head, *rest = line.split()
        if head[0] == "@":
            classes[head[1:]] = rest
        elif head[0] != "#":
            ways = head.lstrip("!").split("/")
            places = tuple(way.index("+") - 1 for way in ways)
            beside = make_beside(rest, classes)
            table[ways[0].replace("+", "")] = _Word(places, beside, head[0] == "!")
    return table

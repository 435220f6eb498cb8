"""Misspellings: the errors of people who are not sure how a word is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import ClassVar

from robustft.errors import SpecError
from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, Lexicon, Unit, Units
from robustft.transform.base import LabelKind, Level, Skip, Transform


@dataclass(frozen=True, kw_only=True)
class Misspellings(Transform):
    """Write words as people misspell them: "definately", "recieve", "suprise".

    Where it occurs: everywhere that people write without a spelling checker; unlike typos, the
    same person makes the same error again.

    What it does: a word of the list gets one of its known misspellings, in its own case and
    inflection ("Receiving" to "Recieving"). No misspelling is another English word, unless
    `homophones` asks for those confusions too ("their" for "there", "its" for "it's").

    What it may break: the exact spelling, so no label of acceptability is kept; with homophones
    also the reading of short texts.

    Source: a hand-made list of some 900 words, each pair checked to occur in a corpus of film
    reviews or to be known to the codespell project; inflections are derived. Real texts hold
    fewer: Pollock and Zamora (1983, JASIS 34:51-58) counted 0.2 % of misspelt words in scientific
    text. The rates are ours; one word in eleven of a review is on the list, so severity 3
    misspells two of nine of those.

    Parameters
    ----------
    homophones
        Also confuse words that sound alike and are both English.
    """

    homophones: bool = False

    name: ClassVar[str] = "misspellings"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind) - {LabelKind.ACCEPTABILITY}
    rates: ClassVar[Mapping[int, float]] = {1: 0.005, 2: 0.01, 3: 0.02, 4: 0.04, 5: 1.0}
    example: ClassVar[str] = "I definitely recommend it, although the beginning was weird."

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.homophones, bool):
            raise SpecError(
                f"misspellings: expected homophones to be true or false, got {self.homophones!r}"
            )

    def units(self, batch: Batch) -> Units:
        """Return the words that the list knows."""
        return batch.words_in(_lexicon(self.homophones))

    def replacement(
        self, document: Document, unit: Unit, draw: Draw
    ) -> str | Skip | tuple[Edit, ...]:
        """Return a misspelling in the case of the word."""
        word = unit.text
        wrong = draw.choice(_table(self.homophones)[word.lower().replace("’", "'")])
        if "’" in document.text and "'" not in document.text:
            wrong = wrong.replace("'", "’")
        if word.islower():
            return wrong
        if word.isupper():
            return wrong.upper()
        if (word[0].isupper() and word[1:].islower()) or "'" in word or "’" in word:
            return wrong[0].upper() + wrong[1:]
        return Skip("mixed case")


@cache
def _lexicon(homophones: bool) -> Lexicon:
    return Lexicon(_table(homophones))


@cache
def _table(homophones: bool) -> dict[str, tuple[str, ...]]:
    """Return for each word, in lower case, what is written in its place."""
    table = _read("misspellings.txt")
    if homophones:
        for word, confused in _read("homophones.txt").items():
            table[word] = tuple(dict.fromkeys(table.get(word, ()) + confused))
    return table


def _read(name: str) -> dict[str, tuple[str, ...]]:
    text = (files(__package__) / "data" / name).read_text(encoding="utf-8")
    table: dict[str, tuple[str, ...]] = {}
    for line in text.lower().splitlines():
        if line.startswith("#"):
            continue
        word, wrong, *endings = line.split()
        for ending in ["", *endings]:
            table[_join(word, ending)] = tuple(_join(w, ending) for w in wrong.split("/"))
    return table


def _join(stem: str, ending: str) -> str:
    return stem[:-1] + ending[1:] if ending.startswith("-") else stem + ending

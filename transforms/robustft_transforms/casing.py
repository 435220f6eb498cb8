"""Casing: missing capitals, shouted words, texts all in one case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import ClassVar, Literal

import numpy as np

from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, Lexicon, SpanKind, Unit, Units
from robustft.text.characters import UPPER
from robustft.transform.base import LabelKind, Level, Skip, Transform

Mode = Literal["sloppy", "lower", "upper", "title", "swap"]


@dataclass(frozen=True, kw_only=True)
class Casing(Transform):
    """Change the letter case of words.

    Where it occurs: posts typed on a phone or in a hurry (no capitals), reviews that SHOUT what
    matters, headlines, forms filled in with caps lock on, text from speech recognition.

    What it does: by default it is a careless writer, who leaves capitals out and shouts emphatic
    words ("the WORST film"). Other modes write whole words in one way; with ``rate=1.0`` they
    give a text all in lower or upper case or in Title Case. Only letters change, never their
    number: words whose case forms differ in length are passed over.

    What it may break: what only a capital tells apart ("US" and "us", "Polish" and "polish"), so
    models of names and acronyms lose a cue. An uncased tokenizer sees no change at all.

    Source: the word list of emphatic words is hand-made; the rates are ours.

    Parameters
    ----------
    mode
        ``sloppy``, ``lower``, ``upper``, ``title`` (each word with a capital) or ``swap`` (the
        other case for each letter, as with caps lock left on).
    """

    mode: Mode = "sloppy"

    name: ClassVar[str] = "casing"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind)
    opens: ClassVar[frozenset[SpanKind]] = frozenset({SpanKind.NEGATION, SpanKind.NAME})
    rates: ClassVar[Mapping[int, float]] = {1: 0.01, 2: 0.03, 3: 0.06, 4: 0.12, 5: 1.0}
    example: ClassVar[str] = "The plot is very good, but I hate the ending."

    def units(self, batch: Batch) -> Units:
        """Return the words that have a letter of the case to change."""
        words = batch.words
        if not len(words):
            return words
        upper = (batch.classes[:-1] & UPPER) != 0
        capitals = batch.any_in(upper, words)
        if self.mode == "lower":
            return words.where(capitals)
        first = batch.capitalised(words)
        if self.mode == "title":
            return words.where(~first)
        if self.mode != "sloppy":
            return words
        # Acronyms, shouted words, names such as McDonald and letters ("plan B") keep theirs.
        length = words.end - words.start
        later = Units(words.text, np.minimum(words.start + 1, words.end), words.end)
        pronoun = (length == 1) & (batch.codes[words.start] == ord("I"))
        missing = first & ((length > 1) | pronoun) & ~batch.any_in(upper, later)
        return words.where(missing | (~capitals & batch.is_in(_emphatic())))

    def replacement(
        self, document: Document, unit: Unit, draw: Draw
    ) -> str | Skip | tuple[Edit, ...]:
        """Return the word in its new case."""
        word = unit.text
        if self.mode == "sloppy":
            made = word.lower() if word[0].isupper() else word.upper()
        elif self.mode == "lower":
            made = word.lower()
        elif self.mode == "upper":
            made = word.upper()
        elif self.mode == "title":
            made = word[0].upper() + word[1:]
        else:
            made = word.swapcase()
        return made if len(made) == len(word) else Skip("case changes the length")


@cache
def _emphatic() -> Lexicon:
    text = (files(__package__) / "data" / "emphasis.txt").read_text(encoding="utf-8")
    return Lexicon(w for line in text.splitlines() if line[0] != "#" for w in line.split())

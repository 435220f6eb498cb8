"""Small transforms that tests can name as ``PATH:Class``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from robustft.text import Document, Edit, Unit
from robustft.transform.base import (
    BatchedTransform,
    LabelKind,
    Level,
    RewriteTransform,
    Skip,
    Transform,
)

RATES = {1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4, 5: 0.5}


@dataclass(frozen=True, kw_only=True)
class Shout(Transform):
    mark: Literal["none", "!"] = "none"

    name: ClassVar[str] = "shout"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset[LabelKind]] = frozenset({LabelKind.SENTIMENT})
    rates: ClassVar[Mapping[int, float]] = RATES

    def units(self, batch):
        return batch.alphabetic_words(2)

    def replacement(self, document, unit, draw):
        if unit.text.isupper():
            return Skip("loud already")
        return unit.text.upper() + ("" if self.mark == "none" else "!")


@dataclass(frozen=True, kw_only=True)
class Swap(Shout):
    """Replaces a word and, as far as it can, the one before it."""

    name: ClassVar[str] = "swap"

    def replacement(self, document, unit, draw):
        before = [w for w in document.words if w[1] < unit.start]
        if not before:
            return Skip("first word")
        low, high = before[-1]
        return (
            Edit(low, high, unit.text),
            Edit(unit.start, unit.end, document.text[low:high]),
        )


@dataclass(frozen=True, kw_only=True)
class Bracket(Shout):
    """Sets a hyphen before sentences: a transform whose places are fewer than its words."""

    name: ClassVar[str] = "bracket"
    level: ClassVar[Level] = Level.SENTENCE

    def units(self, batch):
        return batch.find(re.compile(r"\b[A-Z]\w*"))

    def replacement(self, document, unit, draw):
        return f"- {unit.text}"


@dataclass(frozen=True, kw_only=True)
class Moody(Shout):
    """Shouts some words, skips others, and reaches over to the word before at times."""

    name: ClassVar[str] = "moody"

    def replacement(self, document, unit, draw):
        mood = draw.integers(5)
        if mood < 2:
            return Skip(("tired", "shy")[mood])
        if mood == 2 and unit.start > 3:
            start = unit.start - 3
            return (Edit(start, unit.end, document.text[start : unit.end].upper() + "!"),)
        return unit.text.upper() + str(draw.integers(10))


@dataclass(frozen=True, kw_only=True)
class MoodyBatch(BatchedTransform):
    """The same, asked for many units at once."""

    name: ClassVar[str] = "moody"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset[LabelKind]] = frozenset()
    rates: ClassVar[Mapping[int, float]] = RATES
    asked: ClassVar[list[int]] = []

    def units(self, batch):
        return batch.alphabetic_words(2)

    def replacements(self, batch, units, draws):
        self.asked.append(len(units))
        assert (units.start[1:] > units.start[:-1]).all()
        rows = zip(units.text.tolist(), units.start.tolist(), units.end.tolist(), strict=True)
        made = []
        for (text, start, end), draw in zip(rows, draws, strict=True):
            offset = int(batch.starts[text])
            unit = Unit(start - offset, end - offset, batch.buffer[start:end], 0)
            made.append(Moody().replacement(Document(batch, text), unit, draw))
        return made


@dataclass(frozen=True, kw_only=True)
class Short(MoodyBatch):
    def replacements(self, batch, units, draws):
        return ["too few"]


@dataclass(frozen=True, kw_only=True)
class Erase(RewriteTransform):
    name: ClassVar[str] = "erase"
    level: ClassVar[Level] = Level.DOCUMENT
    preserves: ClassVar[frozenset[LabelKind]] = frozenset()
    rates: ClassVar[Mapping[int, float]] = RATES

    def rewrite(self, texts, draws):
        return ["" for _ in texts]


@dataclass(frozen=True, kw_only=True)
class Crash(Shout):
    name: ClassVar[str] = "crash"

    def replacement(self, document, unit, draw):
        raise KeyError("lost")


@dataclass(frozen=True, kw_only=True)
class Outside(Shout):
    name: ClassVar[str] = "outside"

    def replacement(self, document, unit, draw):
        return (Edit(0, 10_000, "x"),)


class Incomplete(Transform):
    name: ClassVar[str] = "incomplete"


def film(text):
    return text.replace("movie", "film").replace("3:30", "4:00")

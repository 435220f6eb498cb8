"""*and* is written as *&* or *+*."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from robustft.seeding import Draw
from robustft.text import Batch, Document, Lexicon, Unit, Units
from robustft.transform.base import LabelKind, Level, Skip, Transform

_AND = Lexicon(["and"])


@dataclass(frozen=True, kw_only=True)
class Ampersand(Transform):
    """Write *and* as a sign, as in notes and short messages.

    Where it occurs: chats, notes, headlines. What it may break: the register of formal prose.

    Parameters
    ----------
    sign
        What is written instead.
    """

    sign: Literal["&", "+"] = "&"

    name: ClassVar[str] = "orthography/ampersand"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind) - {LabelKind.ACCEPTABILITY}
    rates: ClassVar[Mapping[int, float]] = {1: 0.005, 2: 0.01, 3: 0.02, 4: 0.04, 5: 1.0}
    example: ClassVar[str] = "Bread and butter and jam."

    def units(self, batch: Batch) -> Units:
        """Return every *and*."""
        return batch.words_in(_AND)

    def replacement(self, document: Document, unit: Unit, draw: Draw) -> str | Skip:
        """Return the sign; a sentence does not begin with one."""
        return self.sign if unit.text == "and" else Skip("begins a sentence or is in capitals")

"""A transform of your own: declare it, check it, use it beside the built-in ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import robustft
from robustft.seeding import Draw
from robustft.testing import check_transform
from robustft.text import Batch, Document, Unit, Units
from robustft.transform import LabelKind, Level, Skip, Transform


@dataclass(frozen=True, kw_only=True)
class Shout(Transform):
    """Write words in capitals, as forum posts do; nothing that a reader relies on is lost."""

    name: ClassVar[str] = "shout"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind)
    rates: ClassVar[Mapping[int, float]] = {1: 0.01, 2: 0.02, 3: 0.05, 4: 0.1, 5: 0.2}

    def units(self, batch: Batch) -> Units:
        """Offer every word of three letters or more."""
        return batch.alphabetic_words(min_length=3)

    def replacement(self, document: Document, unit: Unit, draw: Draw) -> str | Skip:
        """Return the word in capitals."""
        return Skip("loud already") if unit.text.isupper() else unit.text.upper()


def main() -> None:
    check_transform(Shout())  # raises AssertionError where it breaks the contract
    chain = [Shout(severity=5), "typos"]
    print(robustft.perturb(["A transform of my own, and typos after it."], chain)[0].text)


if __name__ == "__main__":
    main()

"""Whole texts in lower case: the simplest `RewriteTransform`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from robustft.seeding import Draw
from robustft.transform.base import LabelKind, Level, RewriteTransform


@dataclass(frozen=True, kw_only=True)
class LowerCase(RewriteTransform):
    """Write a text without capitals, names and other protected spans apart.

    Where it occurs: search queries, speech recognition. What it may break: what capitals say.
    """

    name: ClassVar[str] = "orthography/lower_case"
    level: ClassVar[Level] = Level.DOCUMENT
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind) - {LabelKind.ACCEPTABILITY}
    rates: ClassVar[Mapping[int, float]] = {1: 0.1, 2: 0.25, 3: 0.5, 4: 0.75, 5: 1.0}

    def rewrite(self, texts: Sequence[str], draws: Sequence[Draw]) -> list[str]:
        """Return each text in lower case."""
        return [text.lower() for text in texts]

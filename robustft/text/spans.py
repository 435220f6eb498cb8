"""The kinds of protected span, and what gathers such spans into a mask over a buffer."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import numpy.typing as npt

from robustft.text.document import Units

__all__ = ["BIT", "Marker", "SpanKind"]

Ints = npt.NDArray[np.int64]


class SpanKind(StrEnum):
    """What a protected span holds."""

    URL = "url"
    EMAIL = "email"
    MENTION = "mention"
    HASHTAG = "hashtag"
    HTML = "html"
    PLACEHOLDER = "placeholder"
    NUMBER = "number"
    DATE = "date"
    EMOJI = "emoji"
    NAME = "name"
    NEGATION = "negation"
    TASK = "task"


BIT = {kind: 1 << position for position, kind in enumerate(SpanKind)}
"""The bit of each kind in a mask."""


class Marker:
    """Gathers spans by kind and writes them into the mask, each kind at once."""

    def __init__(self) -> None:
        self._single: dict[SpanKind, list[int]] = {}
        self._many: dict[SpanKind, list[tuple[Ints, Ints]]] = {}

    def add(self, kind: SpanKind, start: int, end: int) -> None:
        self._single.setdefault(kind, []).extend((start, end))

    def add_spans(self, kind: SpanKind, start: Ints, end: Ints) -> None:
        self._many.setdefault(kind, []).append((start, end))

    def add_units(self, kind: SpanKind, units: Units) -> None:
        self.add_spans(kind, units.start, units.end)

    def write(self, mask: npt.NDArray[np.uint16]) -> None:
        for kind, flat in self._single.items():
            start, end = np.array(flat, np.int64).reshape(-1, 2).T
            self.add_spans(kind, start, end)
        for kind, spans in self._many.items():
            for start, end in spans:
                length = end - start
                last = np.cumsum(length)
                inside = np.arange(last[-1] if len(last) else 0)
                inside += np.repeat(start - last + length, length)
                # |= through repeated indices is safe: each writes the same bit.
                mask[inside] |= BIT[kind]

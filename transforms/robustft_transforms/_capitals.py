"""Runs of capitalised words, which may be names, and where in a sentence they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

__all__ = ["Part", "Run", "runs"]


class Part(NamedTuple):
    """One word of a run: ``text[start:end]``, and the same in lower case without a stop."""

    start: int
    end: int
    text: str
    key: str

    @classmethod
    def of(cls, start: int, text: str) -> Self:
        """Make the part that begins at `start`."""
        return cls(start, start + len(text), text, text.rstrip(".").lower())


class Run(NamedTuple):
    """Words that may be a name, whether a sentence begins with them, whether all are capitals."""

    parts: Sequence[Part]
    begins: bool
    shouted: bool
    title: str = ""
    """What kind of title, if any, went before `parts` and was set aside."""

    @classmethod
    def of(cls, text: str, parts: Sequence[Part]) -> Self:
        """Look at what stands before some words."""
        start = parts[0].start
        lead = text[max(0, start - 4) : start].rstrip(_BEFORE_BEGINNING)
        shouted = any(len(part.text) > 2 for part in parts) and all(
            part.text.isupper() for part in parts if len(part.text) > 2
        )
        return cls(parts, not lead or lead[-1] in _ENDS, shouted)


_BEFORE_BEGINNING = " \t\"'“‘([*_-–—`"
_ENDS = ".!?…:;>\n"
_UPPER = "A-Z" + "".join(chr(code) for code in range(0xC0, 0x180) if chr(code).isupper())
_CAPITAL = rf"[{_UPPER}](?:[^\W\d_]|['’](?=[{_UPPER}][^\W\d_])|-(?=[{_UPPER}]))*+(?!\w)"
_PARTICLE = r"(?:(?:de|di|da|del|della|du|la|le|van|von|der|den|ter) )"
_SHORTENED = r"(?:Mr|Mrs|Ms|Dr|St|Sgt|Lt|Capt|Col|Gen|Prof|Rev|Sen|Rep|Gov|Del|Jr|Sr|[A-Z])\."
_ELEMENT = rf"(?:{_SHORTENED}|{_CAPITAL})"
_RUN = re.compile(rf"(?<![\w'’&@#]){_ELEMENT}(?: {{1,2}}{_PARTICLE}{{0,2}}{_ELEMENT})*")
_PART = re.compile(rf"{_ELEMENT}|[a-z]+")


def runs(text: str) -> Iterator[Run]:
    """Yield the runs of capitalised words of `text`, joined by spaces and small particles."""
    for found in _RUN.finditer(text):
        start, words = found.start(), found[0]
        if " " not in words:
            parts = [Part.of(start, words)]
        else:
            parts = [Part.of(start + part.start(), part[0]) for part in _PART.finditer(words)]
        last = parts[-1].text
        if last.isupper() and len(last) > 2 and last[-2] in "'’":  # JOHN'S
            parts[-1] = Part.of(parts[-1].start, last[:-2])
        yield Run.of(text, parts)

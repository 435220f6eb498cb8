"""Compounds: written open, with a hyphen or closed, and confused ("alot", "every day life")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from robustft.seeding import Draw
from robustft.text import Batch, Document, Lexicon, Unit, Units
from robustft.transform.base import LabelKind, Level, Proposal, Skip, Transform
from robustft_transforms._compound_forms import HYPHENS, Kind, Place, forms_of, place_of

__all__ = ["Compounds"]

_FREQUENT = Lexicon(
    "into something another however although anything anyone everything instead everyone someone "
    "maybe himself already itself throughout themselves myself sometimes anyway within yourself "
    "overall outside somewhat herself inside".split()
)
_SPARED = 0.1


@dataclass(frozen=True, kw_only=True)
class Compounds(Transform):
    """Write compounds open, with a hyphen or closed: "film maker", "film-maker", "filmmaker".

    Where it occurs: everywhere; dictionaries differ, usage moves (*web site*, *website*), and
    writers who are not sure part what is one word or join what is two.

    What it does: variants that dictionaries and style guides allow (*low budget film*,
    *low-budget film*; *any more*, *anymore*), and errors that people make ("alot", "highschool",
    "sound track", "any body", *everyday* for *every day*). Hyphens of modifiers come and go before
    a noun or after *be* only; pairs that could stand beside each other by chance (*want any more*,
    *at any time*, *to cease fire*) stay.

    What it may break: the number of words, so labels that hang on words or positions are not
    kept, nor, because of the errors, those of acceptability. Negators stay.

    Source: a hand-made list of some 700 compounds. The rates are ours: about one word in forty-five
    of a review has another form.

    Parameters
    ----------
    kind
        ``variants`` (both forms are right), ``errors`` (the new form is wrong) or ``all``.
    """

    kind: Kind = "all"

    name: ClassVar[str] = "compounds"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind) - {
        LabelKind.ACCEPTABILITY,
        LabelKind.ANSWER_SPAN,
        LabelKind.TOKEN_TAGS,
    }
    rates: ClassVar[Mapping[int, float]] = {1: 0.003, 2: 0.006, 3: 0.012, 4: 0.025, 5: 1.0}
    example: ClassVar[str] = "Every day I see a lot of low-budget films by a well-known film maker."

    def units(self, batch: Batch) -> Units:
        """Return the compounds that have another form, however they are written."""
        closed = batch.words_in(_lexicon(self.kind))
        spans = [*zip(closed.start.tolist(), closed.end.tolist(), strict=True)]
        spans += _of_several_words(batch, self.kind)
        found, last = [], 0
        for start, end in sorted(spans):
            if start >= last:
                found.append((start, end))
                last = end
        positions = np.array(found, np.int64).reshape(-1, 2)
        return batch.spans(positions[:, 0], positions[:, 1])

    def weights(self, batch: Batch, units: Units) -> npt.NDArray[np.float64]:
        """Return what spares words so frequent that they would leave little room for others."""
        frequent = np.isin(units.start, batch.words_in(_FREQUENT).start)
        return np.where(frequent, _SPARED, 1.0)

    def replacement(self, document: Document, unit: Unit, draw: Draw) -> Proposal:
        """Return another form of the compound, in its own case."""
        text, word = document.text, unit.text
        if text[unit.end : unit.end + 1] in HYPHENS or text[unit.start - 1 : unit.start] in HYPHENS:
            return Skip("part of a longer compound")
        source = forms_of(self.kind)[_plain(word)]
        place = place_of(text, unit.start, unit.end, source)
        if place is Place.OTHER:
            return Skip("another construction")
        made = source.made(place, self.kind)
        if not made:
            return Skip("no other form here")
        return _in_case(word, draw.choice(made))


def _plain(form: str) -> str:
    return form.lower().replace("\u2010", "-").replace("\u2011", "-")


def _in_case(word: str, made: str) -> str | Skip:
    if word.islower():
        return made
    if word[1:].islower():
        return made[0].upper() + made[1:]
    return made.upper() if word.isupper() else Skip("may belong to a title")


def _of_several_words(batch: Batch, kind: Kind) -> Iterator[tuple[int, int]]:
    """Yield the spans in the buffer of the compounds that are written open or with hyphens."""
    words = batch.words
    if len(words) < 2:
        return
    gap = batch.codes[np.minimum(words.end[:-1], len(batch.codes) - 1)]
    joined = (words.start[1:] - words.end[:-1] == 1) & np.isin(
        gap, [ord(c) for c in (" ", *HYPHENS)]
    )
    for length in (2, 3):
        first, second, beginnings = _beginnings(kind, length)
        at = np.flatnonzero(batch.is_in(first)[:-1] & batch.is_in(second)[1:] & joined)
        pairs = zip(words.start[at].tolist(), words.end[at + 1].tolist(), strict=True)
        for start, end in pairs:
            pair = _plain(batch.buffer[start:end])
            for form in beginnings.get(pair.replace("-", " "), ()):
                stop = start + len(form)
                after = batch.buffer[stop : stop + 1]
                if _plain(batch.buffer[start:stop]) == form and not after.isalnum():
                    yield start, stop


@cache
def _beginnings(kind: Kind, length: int) -> tuple[Lexicon, Lexicon, dict[str, tuple[str, ...]]]:
    """Return the open and hyphenated forms by their first two words, and these words.

    `length` is the number of parts; 3 stands for 3 and more.
    """
    table: dict[str, tuple[str, ...]] = {}
    for form in forms_of(kind):
        parts = form.replace("-", " ").split(" ")
        if len(parts) > 1 and min(len(parts), 3) == length:
            two = " ".join(parts[:2])
            table[two] = (*table.get(two, ()), form)
    first, second = (Lexicon(two.split(" ")[side] for two in table) for side in (0, 1))
    return first, second, table


@cache
def _lexicon(kind: Kind) -> Lexicon:
    return Lexicon(form for form in forms_of(kind) if "-" not in form and " " not in form)

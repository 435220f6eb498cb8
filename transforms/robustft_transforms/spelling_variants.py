"""Spelling variants: British "colour" and "realise", American "color" and "realize"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import ClassVar, Literal, NamedTuple

from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, Lexicon, Unit, Units
from robustft.transform.base import LabelKind, Level, Proposal, Skip, Transform
from robustft_transforms._variants_context import reason_against

Variety = Literal["uk", "us"]
To = Literal["uk", "us", "other"]

_FAMILY_LETTERS = 6
# Mentions change together within the length of a long review, not over a whole book.
_REACH, _MOST_MENTIONS = 8_000, 40
_GLUED_BEFORE = tuple("@#/\\._=&<[{%~")
_GLUED_AFTER = re.compile(r"[/@_=\]}>~]|\.\w")


class Variant(NamedTuple):
    """The other spelling of a form, the variety it belongs to, and what it shares with its kin."""

    made: str
    to: Variety
    family: str


@dataclass(frozen=True, kw_only=True)
class SpellingVariants(Transform):
    """Write words in the other of the two standard spellings of English, British or American.

    Where it occurs: everywhere; a British and an American reviewer of the same opinion write
    *colour* and *color*. A model trained on reviews from one country reads those of the other.

    What it does: a word that differs between the two (-our/-or, -ise/-ize, -re/-er, -lled/-led,
    -ence/-ense, ae/e, and words that follow no rule) is written in the other spelling, with its
    inflection and case. All mentions of a word and of its kin in a text change together, so that
    no text has *colour* here and *color* there that had not before. Words that have another
    spelling in one sense only (meter, check, tire, program, practice, license, story, curb) change
    where the words beside them show that sense, and stay otherwise. Names and titles stay.

    What it may break: nothing that a label hangs on; both spellings are right. The British
    spelling is the one in -ise; that in -ize, which Oxford prefers, counts as American.

    Source: hand-made lists of stems and rules (some 6,000 forms), after the variants that
    dictionaries give; no count of them in real text is claimed, and the rates are ours.

    Parameters
    ----------
    to
        ``uk`` or ``us``: only words of the other variety change; ``other``: each word changes.
    """

    to: To = "other"

    name: ClassVar[str] = "spelling_variants"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind)
    rates: ClassVar[Mapping[int, float]] = {1: 0.003, 2: 0.01, 3: 0.03, 4: 0.1, 5: 1.0}
    example: ClassVar[str] = "My favorite colour is gray, as I realized at the theatre."

    def units(self, batch: Batch) -> Units:
        """Return the words that another spelling is known for."""
        return batch.words_in(_lexicon(self.to))

    def replacement(self, document: Document, unit: Unit, draw: Draw) -> Proposal:
        """Return the other spelling, for all mentions of the word in the text."""
        text = document.text
        variant, made = _other(unit.text, self.to)
        reason = reason_against(text, unit.start, unit.end, variant.to)
        if not made or reason:
            return Skip(reason or "mixed case")
        edits = [Edit(unit.start, unit.end, made), *_elsewhere(text, unit.start, variant)]
        return made if len(edits) == 1 else tuple(sorted(edits))


def _elsewhere(text: str, at: int, variant: Variant) -> Iterator[Edit]:
    """Yield the edits of the other mentions of a word and its kin around `at`."""
    low, high = max(0, at - _REACH), at + _REACH
    near = text[low:high]
    folded = near.lower()
    shared, pattern = _kin(variant.to)[variant.family]
    if len(folded) != len(near) or not 1 < folded.count(shared) <= _MOST_MENTIONS:
        return
    for found in re.finditer(pattern, folded):
        start, end = found.start() + low, found.end() + low
        if start != at and not reason_against(text, start, end, variant.to):
            _, made = _other(text[start:end], variant.to)
            # Part of an address, a hashtag or a tag's attribute: protected, unlike the others.
            glued = text[start - 1 : start] in _GLUED_BEFORE or _GLUED_AFTER.match(text, end)
            if made and not glued:
                yield Edit(start, end, made)


def _other(word: str, to: To) -> tuple[Variant, str]:
    """Return what is known of `word` and its other spelling in its own case, or an empty string."""
    low = word.lower()
    clitic = low[-2:] if low[-2] in "'’" else ""
    variant = _table(to)[low.removesuffix(clitic)]
    made = variant.made + clitic
    if word == low:
        return variant, made
    if word.isupper():
        return variant, made.upper()
    if word[0].isupper() and word[1:] == low[1:]:
        return variant, made[0].upper() + made[1:]
    return variant, ""


@cache
def _kin(to: Variety) -> dict[str, tuple[str, str]]:
    """Return for each family what its forms begin with, and a pattern that finds them."""
    families: dict[str, list[str]] = {}
    for form, variant in _table(to).items():
        families.setdefault(variant.family, []).append(form)
    return {
        family: (
            _shared_beginning(min(forms), max(forms)),
            rf"(?<![\w'’])(?:{'|'.join(forms)})(?:['’]s)?(?![\w'’])",
        )
        for family, forms in families.items()
    }


def _shared_beginning(first: str, last: str) -> str:
    parted = (n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return first[: next(parted, len(first))]


@cache
def _lexicon(to: To) -> Lexicon:
    return Lexicon(form + clitic for form in _table(to) for clitic in ("", "'s"))


@cache
def _table(to: To) -> dict[str, Variant]:
    """Return for each form, in lower case, its other spelling; `other` takes both directions."""
    if to == "other":
        return _table("uk") | _table("us")
    text = (files(__package__) / "data" / "spelling_variants.txt").read_text(encoding="utf-8")
    table: dict[str, Variant] = {}
    for uk, us, only in _pairs(text):
        if only in ("", to):
            form, made = (us, uk) if to == "uk" else (uk, us)
            table[form] = Variant(made, to, uk[:_FAMILY_LETTERS])
    return table


def _pairs(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield British form, American form, and the only direction they hold in, if not both."""
    for section in re.split(r"^\[", text, flags=re.MULTILINE)[1:]:
        header, _, body = section.partition("]\n")
        if "=" in header:
            rules = [rule.split("=") for rule in header.split()]
            for stem in body.split():
                for uk, us in rules:
                    yield stem + uk, stem + us, ""
            continue
        for line in body.splitlines():
            uk, us, *endings = line.split() or [""] * 2
            for ending in ["", *endings] if uk else []:
                yield uk + ending, us + ending, header.removeprefix("to ").replace("pairs", "")

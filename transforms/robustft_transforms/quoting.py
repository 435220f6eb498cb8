"""Quoting: straight and curly quotes, dashes and ellipses, as other keyboards make them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, SpanKind, Unit, Units
from robustft.transform.base import LabelKind, Level, Proposal, Skip, Transform
from robustft_transforms._quotes import Role, find_marks, pairs

Kind = Literal["typographic", "quotes", "dashes", "swap", "guillemets", "whole"]

_QUOTE = r"[\"'“”„‘’`«»]"
_DASH = r"(?:--|—|–|…|\.\.\.| - )"
_HOLDS = {
    "typographic": re.compile(rf"{_QUOTE}|{_DASH}"),
    "quotes": re.compile(_QUOTE),
    "dashes": re.compile(_DASH),
    "swap": re.compile(_QUOTE),
    "guillemets": re.compile(r"[\"“«`]"),
    "whole": re.compile(r"\w+"),
}
_TYPOGRAPHIC_QUOTE = re.compile(r"[“”„‘’«»`]|''")
_TYPOGRAPHIC_DASH = re.compile(r"(?<=\w)—(?=\w)|(?<=[\w.,!?\"'”’] )[—–](?= \S)|…")
# No list item, no minus and no range: a letter or a mark must stand before a dash.
_PLAIN_DASH = re.compile(
    r"(?<=[^\W\d])--(?=[^\W\d])|(?<=[\w.,!?\"'”’] )--?(?= [^\s\d])|(?<!\.)\.\.\.(?!\.)"
)
_APART = re.compile(r"<[^<>]*>|\[[^\[\]\n]{1,60}\]|(?:https?://|www\.)\S+")
_CURLY = {
    Role.OPEN: "“",
    Role.CLOSE: "”",
    Role.OPEN_SINGLE: "‘",
    Role.CLOSE_SINGLE: "’",
    Role.APOSTROPHE: "’",
}
_STRAIGHT = {role: '"' if role in (Role.OPEN, Role.CLOSE) else "'" for role in Role}
_DASHES = {"--": "—", "-": "–", "...": "…", "—": "--", "–": "-", "…": "..."}
_OTHER = {
    '"': "'", "'": '"', "“": "‘", "”": "’", "‘": "“", "’": "”", "``": "`", "''": "'", "`": "``",
}  # fmt: skip
_FEWEST_WORDS = 4


@dataclass(frozen=True, kw_only=True)
class Quoting(Transform):
    """Set quotes, apostrophes, dashes and ellipses as another writer's software would.

    Where it occurs: text typed into a form has straight quotes, text that went through a word
    processor or a newsroom has curly ones, translated text may have guillemets; a British
    publisher quotes 'thus', an American one "thus"; treebanks quote ``thus''.

    What it does, to all marks of a text at once, since nobody mixes them: ``typographic`` turns
    straight quotes, apostrophes, ``--`` and ``...`` into the typographic signs, or, where the text
    has any of those, back into plain ones. ``quotes`` and ``dashes`` do one half of that. ``swap``
    exchanges double and single quotation marks, ``guillemets`` uses « and », ``whole`` puts the
    whole text in quotation marks, as somebody's words. A text where a mark may be an apostrophe or
    a quotation mark, opens or closes, is left alone; so are feet and inches, list dashes, minus
    signs and what stands in a tag, an address or a placeholder. No word that was not quoted is
    put in quotes: that would cast doubt on it.

    What it may break: nothing that a reader relies on.

    Source: the conventions are those of *The Chicago Manual of Style* (double quotes first) and
    *New Hart's Rules* (single quotes first); the Penn Treebank's are in its tokenisation rules.
    The rates, here the share of the texts, are ours.

    Parameters
    ----------
    kind
        ``typographic``, ``quotes``, ``dashes``, ``swap``, ``guillemets`` or ``whole``.
    """

    kind: Kind = "typographic"

    name: ClassVar[str] = "quoting"
    level: ClassVar[Level] = Level.DOCUMENT
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind)
    # "Smith's" and, for the kind of its apostrophe alone, "don't".
    opens: ClassVar[frozenset[SpanKind]] = frozenset({SpanKind.NAME, SpanKind.NEGATION})
    rates: ClassVar[Mapping[int, float]] = {1: 0.2, 2: 0.4, 3: 0.6, 4: 0.8, 5: 1.0}
    example: ClassVar[str] = "\"It's a 'must' -- go and see it...\" he wrote."

    def units(self, batch: Batch) -> Units:
        """Return an empty span before the first mark of the kind, one in each text that has any."""
        found = batch.find(_HOLDS[self.kind])
        first = np.append(True, np.diff(found.text) > 0)[: len(found)]
        return Units(found.text[first], found.start[first], found.start[first])

    def replacement(self, document: Document, unit: Unit, draw: Draw) -> Proposal:
        """Return an edit for each mark of the text."""
        text = document.text
        if self.kind == "whole":
            return _whole(text, draw)
        if self.kind == "swap":
            return _swapped(text)
        if self.kind == "guillemets":
            return _guillemets(text)
        edits: list[Edit] = []
        plain = _is_typographic(text, self.kind)
        if self.kind != "quotes":
            edits += _dashes(text, _TYPOGRAPHIC_DASH if plain else _PLAIN_DASH)
        if self.kind != "dashes":
            marks = find_marks(text)
            if marks is None:
                return Skip("a quotation mark is in doubt")
            signs = _STRAIGHT if plain else _CURLY
            edits += [Edit(start, end, signs[role]) for start, end, role in marks]
        return tuple(edits) or Skip("no mark to change")


def _is_typographic(text: str, kind: Kind) -> bool:
    """Tell whether any sign of the kind is one that a plain keyboard lacks."""
    quotes = kind != "dashes" and _TYPOGRAPHIC_QUOTE.search(text) is not None
    return quotes or (kind != "quotes" and _TYPOGRAPHIC_DASH.search(text) is not None)


def _dashes(text: str, pattern: re.Pattern[str]) -> list[Edit]:
    apart = [found.span() for found in _APART.finditer(text)] if "<" in text or "[" in text else []
    return [
        Edit(found.start(), found.end(), _DASHES[found[0]])
        for found in pattern.finditer(text)
        if not any(low <= found.start() < high for low, high in apart)
    ]


def _swapped(text: str) -> Proposal:
    """Return single marks for double ones and the other way round."""
    marks = find_marks(text)
    joined = pairs(marks) if marks is not None else None
    if joined is None:
        return Skip("a quotation mark is in doubt")
    edits = [
        Edit(mark.start, mark.end, _OTHER.get(text[mark.start : mark.end], ""))
        for pair in joined
        for mark in pair
    ]
    if any(not edit.replacement for edit in edits):
        return Skip("guillemets have no single form here")
    return tuple(edits) or Skip("no quotation")


def _guillemets(text: str) -> Proposal:
    """Return guillemets for double quotation marks, or the other way round."""
    marks = find_marks(text)
    if marks is None:
        return Skip("a quotation mark is in doubt")
    double = [mark for mark in marks if mark.role in (Role.OPEN, Role.CLOSE)]
    back = any(text[mark.start] in "«»" for mark in double)
    signs = _CURLY if back else {Role.OPEN: "«", Role.CLOSE: "»"}
    return tuple(Edit(start, end, signs[role]) for start, end, role in double) or Skip(
        "no quotation"
    )


def _whole(text: str, draw: Draw) -> Proposal:
    """Return the marks that put a whole text of one paragraph in quotation marks."""
    start = len(text) - len(text.lstrip())
    end = len(text.rstrip())
    if len(text.split()) < _FEWEST_WORDS:
        return Skip("a few words in quotes look doubted")
    if re.search(r"[\"“”«»<\n]|``|''", text):
        return Skip("quotation marks or paragraphs inside")
    if not text[start].isalnum():
        return Skip("begins with a mark")
    if text[end - 1] not in ".!?…":
        return Skip("the text has no end mark")
    opening, closing = ('"', '"') if draw.integers(2) and "’" not in text else ("“", "”")
    apart = " " if text[end - 2 : end - 1].isspace() else ""
    return Edit(start, start, opening + apart), Edit(end, end, apart + closing)

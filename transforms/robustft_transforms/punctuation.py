"""Punctuation: marks left out, doubled or misplaced, quotes of another kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, SpanKind, Unit, Units
from robustft.transform.base import LabelKind, Level, Skip, Transform

Style = Literal["sloppy", "missing", "excited", "typographic"]

# A mark that ends a word and has a space, a quote, a bracket, a tag or nothing behind it: no part
# of a number, an address, an emoticon, an abbreviation's middle or an ellipsis. Every pattern
# begins with a set of characters, which is what makes a search fast.
_AFTER_WORD = r"(?<=[^\W_]{2}[.,!?;])(?=[\s\x00<)\"'”’]|\Z)"
_CLITIC = r"(?<=[A-Za-z]['’])(?=(?:s|m|ve|re)\b)"
_PATTERNS = {
    "sloppy": rf"[.,!?;'’](?:{_AFTER_WORD}|{_CLITIC})",
    "missing": rf"[.,;'’](?:{_AFTER_WORD}|{_CLITIC})",
    "excited": rf"[.!?]{_AFTER_WORD}",
    "typographic": (
        r"['’\"“”.…-](?:(?<=\w['’])(?=\w)|(?<![\w<=/]\")(?<=\")(?=\w)|(?<=[\w.,!?]\")(?![\w>=/])"
        r"|(?<=[“”…])|(?<= -)-?(?= )|(?<!\.\.)(?<=\.)\.\.(?!\.))"
    ),
}
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st sr jr vs etc no vol ed eds inc ltd co corp dept fig gen col sgt capt "
    "lt gov sen rep rev hon ave blvd approx est jan feb mar apr jun jul aug sep sept oct nov "
    "dec".split()
)
# Without their apostrophe these are other words.
_OTHER_WORDS = frozenset("we're he'll she'll we'll i'll we'd she'd i'd who're".split())


@dataclass(frozen=True, kw_only=True)
class Punctuation(Transform):
    """Handle punctuation as careless writers, excited ones or typesetters do.

    Where it occurs: chats and reviews written in a hurry (missing marks), enthusiastic posts
    ("!!!"), text that went through a word processor (curly quotes, dashes, one-sign ellipses).

    What it does, by `style`: ``sloppy`` leaves out commas, final full stops and apostrophes
    ("its", "Im"), doubles "!" and "?", puts "..." for a full stop or a space before a mark.
    ``missing`` only leaves out. ``excited`` only repeats. ``typographic`` swaps straight for
    curly quotes and the like, or back. Numbers, addresses, emoticons, abbreviations and ellipses
    are not touched, and a question stays a question.

    What it may break: the division into sentences and clauses, so labels that hang on positions
    or on good grammar are not kept.

    Source: the kinds and the rates are ours; no count of such slips is claimed.

    Parameters
    ----------
    style
        ``sloppy``, ``missing``, ``excited`` or ``typographic``.
    """

    style: Style = "sloppy"

    name: ClassVar[str] = "punctuation"
    level: ClassVar[Level] = Level.CHARACTER
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind) - {
        LabelKind.ACCEPTABILITY,
        LabelKind.ANSWER_SPAN,
        LabelKind.TOKEN_TAGS,
    }
    # "Smith's" and, for the kind of its apostrophe alone, "don't".
    opens: ClassVar[frozenset[SpanKind]] = frozenset({SpanKind.NAME, SpanKind.NEGATION})
    rates: ClassVar[Mapping[int, float]] = {1: 0.01, 2: 0.02, 3: 0.04, 4: 0.08, 5: 1.0}
    example: ClassVar[str] = "Well, it's a great film, isn't it? I loved it."

    def units(self, batch: Batch) -> Units:
        """Return the marks that the style may change."""
        return batch.find(_COMPILED[self.style])

    def replacement(
        self, document: Document, unit: Unit, draw: Draw
    ) -> str | Skip | tuple[Edit, ...]:
        """Return what stands in place of the mark."""
        text, mark = document.text, unit.text
        if self.style == "typographic":
            return _other_kind(text, unit.start, mark)
        if mark in "'’":
            return _without_apostrophe(text, unit.start)
        ends = _ends_paragraph(text, unit.end)
        if mark == ".":
            word = text[max(0, unit.start - 12) : unit.start].split()[-1:]
            if word and word[0].lower().lstrip("(\"'“‘") in _ABBREVIATIONS:
                return Skip("abbreviation")
        if self.style == "missing":
            return "" if mark in ",;" or ends else Skip("a full stop parts two sentences")
        if self.style == "excited":
            return mark * (2 + draw.integers(2)) if mark != "." else "!" * (1 + draw.integers(3))
        return _sloppy(mark, ends, text[unit.end : unit.end + 1], draw)


_COMPILED = {style: re.compile(pattern) for style, pattern in _PATTERNS.items()}


def _sloppy(mark: str, ends: bool, after: str, draw: Draw) -> str | Skip:
    pick = draw.integers(8)
    if mark == ",":
        # Mostly forgotten; at times the space goes before it, or is missing behind it.
        return " ," if pick == 0 and after == " " else ""
    if mark == ";":
        return ","
    if mark == "!":
        return "!!" if pick < 4 else "!!!" if pick < 7 else " !"
    if mark == "?":
        return "??" if pick < 5 else " ?"
    if ends:
        return "" if pick < 6 else "..."
    return "..." if pick < 6 else ".." if pick < 7 else " ."


def _without_apostrophe(text: str, at: int) -> str | Skip:
    start = at
    while start and text[start - 1].isalpha():
        start -= 1
    word = text[start : at + 3].lower().replace("’", "'").rstrip(" .,;:!?")
    return Skip("another word without its apostrophe") if word in _OTHER_WORDS else ""


def _ends_paragraph(text: str, end: int) -> bool:
    """Tell whether the text, a line or an HTML paragraph ends at `end`."""
    rest = text[end : end + 3].lstrip(" \t")
    return rest[:1] in ("", "\n", "\r", "<") and (bool(rest) or not text[end:].strip())


def _other_kind(text: str, at: int, mark: str) -> str:
    """Return the straight sign for a typographic one, and the other way round."""
    straight = {"“": '"', "”": '"', "’": "'", "…": "...", "...": "…", "-": "–", "--": "—", "'": "’"}
    if mark != '"':
        return straight[mark]
    return "“" if not at or text[at - 1].isspace() or text[at - 1] in "([>" else "”"

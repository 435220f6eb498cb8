"""Quotation marks and apostrophes of a text: which is which, and which belong together.

A straight mark says neither whether it opens or closes nor whether it is an apostrophe. What
stands on both sides tells, together with the marks before it; where it does not, nothing is said
about the text at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

__all__ = ["Mark", "Role", "find_marks", "pairs"]


class Role(Enum):
    """What a mark does."""

    OPEN = "open"
    CLOSE = "close"
    OPEN_SINGLE = "open single"
    CLOSE_SINGLE = "close single"  # or the apostrophe of "the dogs' bones"
    APOSTROPHE = "apostrophe"


class Mark(NamedTuple):
    """One mark of a text, ``text[start:end]``."""

    start: int
    end: int
    role: Role


# Tags, addresses and placeholders are looked over; so are feet and inches.
_MARK = re.compile(
    r"""<[^<>]*>|\[[^\[\]\n]{1,60}\]|(?:https?://|www\.)\S+|\d+(?:'\d+"?|'(?=\s\d))"""
    r"""|(?P<mark>``|''|["“”„«»'‘’`])|(?P<paragraph>\n\s*\n)"""
)
_BREAK = re.compile(r"<(?:br|/?p|/?div|/?li)\b", re.IGNORECASE)
_OPENING = {"“": Role.OPEN, "„": Role.OPEN, "«": Role.OPEN, "``": Role.OPEN}
_CLOSING = {"”": Role.CLOSE, "»": Role.CLOSE}
# A word that begins with an apostrophe, or a clitic that a tokeniser has cut off.
_CLIPPED = re.compile(
    r"(?:\d0s?|\d\ds|\d\d(?!\d)|em|til|till|cause|cos|coz|n|bout|tis|twas|nuff|ere|nother|round|kay|splainin|"
    r"(?:s|t|d|ll|ve|re|m))\b",
    re.IGNORECASE,
)
_BEFORE_OPENING = "([{<>-–—/*_“‘\"'`«"
_AFTER_CLOSING = ".,;:!?)]}<>-–—/*_…”’\"'»"


def find_marks(text: str) -> list[Mark] | None:
    """Return the marks of `text` in order, or None where their roles are in doubt."""
    marks: list[Mark] = []
    open_double = False
    for found in _MARK.finditer(text):
        mark = found["mark"]
        if mark is None:
            if open_double and (found["paragraph"] or _BREAK.match(found[0])):
                return None  # a quotation that goes on over paragraphs, or a stray mark
            continue
        start, end = found.span()
        role = _role(text, start, end, mark, open_double)
        if role is None:
            return None
        if role in (Role.OPEN, Role.CLOSE):
            if open_double == (role is Role.OPEN):
                return None
            open_double = role is Role.OPEN
        marks.append(Mark(start, end, role))
    return None if open_double else marks


def _role(text: str, start: int, end: int, mark: str, open_double: bool) -> Role | None:
    """Return what the mark ``text[start:end]`` does, or None if that is in doubt."""
    if mark in _OPENING or mark in _CLOSING:
        return _OPENING.get(mark) or _CLOSING[mark]
    if mark == "‘":
        return Role.OPEN_SINGLE
    before, after = text[start - 1 : start], text[end : end + 1]
    may_open = not before or before.isspace() or before in _BEFORE_OPENING
    may_close = not after or after.isspace() or after in _AFTER_CLOSING
    if mark in ('"', "''"):
        if not open_double:
            return Role.OPEN if may_open else None
        apart = before.isspace() and after and not after.isspace()
        return Role.CLOSE if may_close and not apart else None
    if before.isalnum() and (after.isalnum() or mark == "`"):
        return Role.APOSTROPHE
    if may_open and _CLIPPED.match(text, end):
        return Role.APOSTROPHE
    if mark != "’" and may_open and after and not after.isspace():
        # In "('yes')" the second may open by what stands before it alone.
        return Role.OPEN_SINGLE if not may_close or after in '"“*_<' else None
    return Role.CLOSE_SINGLE if before and not before.isspace() and may_close else None


def pairs(marks: Sequence[Mark]) -> list[tuple[Mark, Mark]] | None:
    """Return the pairs of opening and closing marks, or None where an apostrophe may be one."""
    made: list[tuple[Mark, Mark]] = []
    double: Mark | None = None
    single: Mark | None = None
    for index, mark in enumerate(marks):
        if mark.role is Role.OPEN:
            double = mark
        elif mark.role is Role.CLOSE and double is not None:
            if single is not None and single.start > double.start:
                return None
            made.append((double, mark))
            double = None
        elif mark.role is Role.OPEN_SINGLE:
            if single is not None:
                return None
            single = mark
        elif mark.role is Role.CLOSE_SINGLE:
            later = next((m for m in marks[index + 1 :] if m.role is not Role.APOSTROPHE), None)
            if single is None or (later is not None and later.role is Role.CLOSE_SINGLE):
                return None
            if double is not None and double.start > single.start:
                return None
            made.append((single, mark))
            single = None
    return None if single is not None else sorted(made)

"""Emoticons: ``:)`` to 🙂, ❤️ to ``<3``, and back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal

from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, SpanKind, Unit, Units
from robustft.transform.base import LabelKind, Level, Skip, Transform
from robustft_transforms._sections import lines_of

Mode = Literal["emoji", "emoticon", "both"]

_WINDOW = 300
_SELECTOR = "\ufe0f"
_ASKS_FOR_PICTURE = "❤"
# What may stand around: an emoticon is no part of a word, an address, a time or a formula. Eyes
# and a bracket may follow a word ("great:)"), anything else needs a space or a mark. Both look back
# from behind the first character: a pattern that begins with a set of characters is fast.
_BEFORE_FACE = r"(?<![\d:;=&/\\(\[{<|_#@-].)(?<![-=]>.)"
_BEFORE_OTHER = r"(?<![^\s\x00.,!?…\"'”’)*>].)(?<![-=]>.)"
_AFTER = r"(?=[\s\x00.,!?…\"'”’<*]|\Z)"
# An emoji by itself: no joiner before it; no joiner, selector, keycap or skin tone behind.
_ALONE = "(?<!\u200d.)\ufe0f?(?![\u200d\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff])"
_BEFORE_EMOJI = re.compile(r"[\s.,!?…\"'”’)*>]|\Z")
_AFTER_EMOJI = re.compile(r"[\s.,!?…\"'”’<*]|\Z")

_BRACKET = re.compile(r"(?P<face>[:;=][-o^'’]?[()])|[()]")
_ADDRESS = re.compile(r"(?:://|www\.|@)\S+\Z")
_HEART = re.compile(r"\s*(?:[.,!?…<\"”*]|\Z)|\s+(?:you|u|this|that|it|him|her|them|my|the|[A-Z])\b")
_BEFORE_LESS = frozenset(
    "is was are were be by of to at than p n if when age aged score level with under only".split()
)


@dataclass(frozen=True, kw_only=True)
class Emoticons(Transform):
    """Write emoticons as emoji, emoji as emoticons, or both.

    Where it occurs: chats, reviews and posts; phones and forums turn what is typed into pictures,
    exports and old systems turn pictures back or lose them.

    What it does: each emoticon has one emoji of the same mood, and each of those emoji one
    emoticon. Nothing is added or lost, and the spaces stay.

    What stays: what only looks like a face: a bracket that closes ("(see below :)"), an item of
    a list ("8)"), times and addresses, "<3" for less than three, "XD" as a name. So do drawn-out
    faces (":)))"), several emoji in a row, those that touch a word, and sequences with skin tones
    or joiners.

    What it may break: nothing for a reader; a tokenizer that does not know an emoji sees an
    unknown token, as it does in real posts.

    Source: the pairs follow the names in the Unicode Standard ("slightly smiling face", "winking
    face"); the list is hand-made, the rates are ours.

    Parameters
    ----------
    mode
        ``emoji`` (":)" to 🙂), ``emoticon`` (🙂 to ":)") or ``both``.
    """

    mode: Mode = "both"

    name: ClassVar[str] = "emoticons"
    level: ClassVar[Level] = Level.CHARACTER
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(LabelKind)
    # "XD" looks like a name, the 3 of "<3" like a number.
    opens: ClassVar[frozenset[SpanKind]] = frozenset(
        {SpanKind.EMOJI, SpanKind.NAME, SpanKind.NUMBER}
    )
    rates: ClassVar[Mapping[int, float]] = {1: 0.01, 2: 0.02, 3: 0.05, 4: 0.1, 5: 1.0}
    example: ClassVar[str] = "I loved it :) but the end made me cry 😢 and cry."

    def units(self, batch: Batch) -> Units:
        """Return what may be an emoticon, and the emoji that have one."""
        return batch.find(_pattern(self.mode))

    def replacement(
        self, document: Document, unit: Unit, draw: Draw
    ) -> str | Skip | tuple[Edit, ...]:
        """Return the other form, or why it stays."""
        typed, _ = _pairs()
        face = typed.get(unit.text.rstrip(_SELECTOR))
        if face is None:
            return _as_emoji(document.text, unit)
        reason = _reason_to_keep_emoji(document.text, unit)
        return Skip(reason) if reason else face


@cache
def _pairs() -> tuple[dict[str, str], dict[str, str]]:
    """Return the emoticon of each emoji and the emoji of each emoticon."""
    typed: dict[str, str] = {}
    pictured: dict[str, str] = {}
    for line in lines_of("emoticons.txt", "pairs"):
        emoji, *faces = line.split(" ")
        pictures = emoji.split("/")
        selector = _SELECTOR if pictures[0] in _ASKS_FOR_PICTURE else ""
        typed |= dict.fromkeys(pictures, faces[0])
        pictured |= dict.fromkeys(faces, pictures[0] + selector)
    return typed, pictured


@cache
def _pattern(mode: Mode) -> re.Pattern[str]:
    """Return a pattern: the first character, and what makes a face or an emoji of it."""
    typed, pictured = _pairs()
    rests: dict[str, list[str]] = {}
    for face in sorted(pictured if mode != "emoticon" else (), key=len, reverse=True):
        before = _BEFORE_FACE if face[-1] in "()[]" and face[0] in ":;" else _BEFORE_OTHER
        # A bracket at the end may be repeated, or be followed by one that closes.
        more = re.escape(face[-1]) + "*" if face[-1] in "()" else ""
        rests.setdefault(face[0], []).append(before + re.escape(face[1:]) + more + _AFTER)
    if mode != "emoji":
        rests |= {emoji: [_ALONE] for emoji in typed}
    found = "|".join(
        f"(?<={re.escape(first)})(?:{'|'.join(some)})" for first, some in rests.items()
    )
    return re.compile(f"[{re.escape(''.join(rests))}](?:{found})", re.DOTALL)


def _reason_to_keep_emoji(text: str, unit: Unit) -> str:
    """Return why an emoticon in place of the emoji would not be read as one, or nothing."""
    before, after = text[unit.start - 1 : unit.start], text[unit.end : unit.end + 1]
    if any(unicodedata.category(char) in ("So", "Sk", "Mn") for char in before + after):
        return "one of several in a row"
    if before.isalnum() or after.isalnum():
        return "touches a word"
    fits = _BEFORE_EMOJI.match(before) and _AFTER_EMOJI.match(after)
    return "" if fits else "touches a bracket or a sign"


def _as_emoji(text: str, unit: Unit) -> str | Skip:
    """Return the emoji for an emoticon, with the brackets that close behind it."""
    face, mouth = unit.text, unit.text[-1]
    extra = 0
    if _ADDRESS.search(text, max(0, unit.start - _WINDOW), unit.start):
        return Skip("touches an address")
    if mouth in "()":
        extra = len(face) - len(face.rstrip(mouth)) - 1
        face = face[: len(face) - extra]
    if mouth == ")":
        opened = _opened(text, unit.start)
        if extra > opened:
            return Skip("drawn out")
        if opened > extra and not _closes_later(text, unit.end):
            return Skip("may close a bracket")
    elif mouth == "(" and (extra or _closes_later(text, unit.end)):
        return Skip("drawn out" if extra else "may open a bracket")
    reason = _REASONS[face](text, unit) if face in _REASONS else ""
    return Skip(reason) if reason else _pairs()[1][face] + mouth * extra


def _opened(text: str, end: int) -> int:
    """Count the brackets that are open at `end`, those that are part of faces left out."""
    start = max(0, end - _WINDOW)
    start = max(text.rfind("\n", start, end), text.rfind("<br", start, end), start)
    depth = 0
    for found in _BRACKET.finditer(text, start, end):
        if not found["face"]:
            depth = depth + 1 if found[0] == "(" else max(0, depth - 1)
    return depth


def _closes_later(text: str, start: int) -> bool:
    """Tell whether a bracket that is open at `start` closes behind it."""
    depth = 0
    for found in _BRACKET.finditer(text, start, start + _WINDOW):
        if found["face"]:
            continue
        if found[0] == ")" and not depth:
            return True
        depth += 1 if found[0] == "(" else -1
    return False


def _less_than(text: str, unit: Unit) -> str:
    """Return why "<3" may be no heart."""
    before = text[max(0, unit.start - _WINDOW) : unit.start].split()
    numeric = before and (before[-1][-1].isdigit() or before[-1].lower() in _BEFORE_LESS)
    return "" if _HEART.match(text, unit.end) and not numeric else "may mean less than three"


def _abbreviation(text: str, unit: Unit) -> str:
    """Return why "XD" may be no laughing face: it is one at the end of a sentence or a line."""
    rest = text[unit.end : unit.end + 2]
    closes = (
        not rest.strip() or rest[0] in ".!?<\n" or text[unit.start - 2 : unit.start - 1] in "!?.)"
    )
    follows = text[max(0, unit.start - _WINDOW) : unit.start].strip()
    return "" if closes and follows else "may be a name"


_REASONS = {"<3": _less_than, "XD": _abbreviation}

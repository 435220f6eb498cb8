"""Sentence boundaries by rule: good enough to know where a sentence begins, and fast."""

from __future__ import annotations

import regex

__all__ = ["sentence_spans"]

_SHORTENED = (
    "mr mrs ms dr prof sr jr st vs etc inc ltd co corp gen col lt sgt capt rev hon rep sen gov "
    "no vol fig al approx est dept e.g i.e u.s u.k a.m p.m ph.d jan feb mar apr jun jul aug sep "
    "sept oct nov dec"
)
_ABBREVIATIONS = frozenset(_SHORTENED.split())

_BOUNDARY = regex.compile(
    r"""(?P<stop>[.!?\u2026]+)(?P<close>["'\u201d\u2019)\]]*)(?:\s+|(?=<br\s*/?>)|\Z)
      | \s*\n\s*\n\s*
      | (?:\s*<br\s*/?>\s*)+""",
    regex.VERBOSE | regex.IGNORECASE,
)
_LAST_WORD = regex.compile(r"[\p{L}.]+\Z")


def _ends(text: str, match: regex.Match[str]) -> bool:
    """Tell whether a match is a boundary, not the stop of an abbreviation or an initial."""
    if match["stop"] is None:
        return True
    following = text[match.end() : match.end() + 2].lstrip("\"'\u201c\u2018([")
    if match["stop"] == ".":
        before = _LAST_WORD.search(text, max(0, match.start() - 12), match.start())
        word = before.group().lower() if before else ""
        if word in _ABBREVIATIONS or (len(word) == 1 and word != "i" and following):
            return False
    return (
        not following or not following[0].islower() or not match["stop"].endswith((".", "\u2026"))
    )


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return the spans of the sentences of `text`, without the white space around them.

    A sentence ends at ``.``, ``!``, ``?`` or an ellipsis followed by space, unless the stop
    belongs to an abbreviation or initial or a lower-case word follows a full stop; at a blank
    line; and at an HTML line break.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _BOUNDARY.finditer(text):
        if not _ends(text, match):
            continue
        end = match.end("close") if match["stop"] is not None else match.start()
        _append(spans, text, start, end)
        start = match.end()
    _append(spans, text, start, len(text))
    return spans


def _append(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end > start:
        spans.append((start, end))

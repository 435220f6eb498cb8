"""A changed text as a page shows it: what stood there, what went, what came, cut to what matters.

A long text is cut to windows around its edits; every gap says how many characters it holds, and
edits that find no room are counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

__all__ = ["Change", "Shown", "are_edits", "show"]

_CONTEXTS = (240, 120, 80, 50, 25)
_GAP = 12  # a gap shorter than this is not worth its mark


class Change(NamedTuple):
    """One edit over the original: code points, what comes in, and by which transforms.

    `needed` has a bit for each model whose prediction does not flip without this edit.
    """

    start: int
    end: int
    replacement: str
    by: int = 0
    needed: int = 0


Piece = str | int | list[str | int]
"""Text as it was; the length of a gap; or [removed, added, transforms, needed]."""


class Shown(NamedTuple):
    """The pieces of a text in order, and how many of its edits they hold."""

    pieces: list[Piece]
    edits: int


def are_edits(found: Any) -> bool:
    """Tell whether something read from a file is a list of edits: where, and what came in."""
    return isinstance(found, list) and all(
        isinstance(edit, dict)
        and isinstance(edit.get("start"), int)
        and isinstance(edit.get("end"), int)
        and isinstance(edit.get("replacement"), str)
        for edit in found
    )


def show(text: str, edits: Sequence[Change], limit: int, *, first: Iterable[int] = ()) -> Shown:
    """Return a text with its edits in at most about `limit` characters.

    Parameters
    ----------
    edits
        Sorted, disjoint edits over `text`.
    first
        Positions of the edits that must not be left out, as long as there is room.
    """
    added = sum(len(edit.replacement) for edit in edits)
    if len(text) + added <= limit:
        return Shown(_pieces(text, edits, [(0, len(text))], limit), len(edits))
    if not edits:
        end = _word_end(text, limit)
        return Shown(_pieces(text, (), [(0, end)], limit), 0)
    for context in _CONTEXTS:
        spans = _around(text, edits, context)
        if _cost(spans, edits) <= limit:
            return Shown(_pieces(text, edits, spans, limit), len(edits))
    urgent = dict.fromkeys([*first, *range(len(edits))])
    chosen: list[Change] = []
    left = limit
    for position in urgent:
        left -= _edit_cost(edits[position], limit) + 2 * _CONTEXTS[-1]
        if chosen and left < 0:
            break
        chosen.append(edits[position])
    chosen.sort()
    return Shown(_pieces(text, chosen, _around(text, chosen, _CONTEXTS[-1]), limit), len(chosen))


def _edit_cost(edit: Change, limit: int) -> int:
    return min(edit.end - edit.start, limit) + min(len(edit.replacement), limit)


def _cost(spans: Sequence[tuple[int, int]], edits: Sequence[Change]) -> int:
    return sum(end - start for start, end in spans) + sum(len(e.replacement) for e in edits)


def _around(text: str, edits: Sequence[Change], context: int) -> list[tuple[int, int]]:
    """Return the spans around edits, cut between words and joined where they nearly meet."""
    spans: list[tuple[int, int]] = []
    for edit in edits:
        start = _word_start(text, max(0, edit.start - context))
        end = _word_end(text, min(len(text), edit.end + context))
        start, end = min(start, edit.start), max(end, edit.end)
        if spans and start - spans[-1][1] < _GAP:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((0 if start < _GAP else start, end))
    if spans and len(text) - spans[-1][1] < _GAP:
        spans[-1] = (spans[-1][0], len(text))
    return spans


def _word_start(text: str, at: int) -> int:
    """Return where the first whole word from `at` on begins."""
    if at == 0 or text[at - 1].isspace():
        return at
    space = text.find(" ", at, at + 24)
    return at if space < 0 else space + 1


def _word_end(text: str, at: int) -> int:
    if at >= len(text) or text[at].isspace():
        return at
    space = text.rfind(" ", max(0, at - 24), at)
    return at if space < 0 else space


def _pieces(
    text: str, edits: Sequence[Change], spans: Sequence[tuple[int, int]], limit: int
) -> list[Piece]:
    made: list[Piece] = []
    waiting, shown = list(edits), 0
    for start, end in spans:
        if start > shown:
            made.append(start - shown)
        position = start
        while waiting and waiting[0].end <= end and waiting[0].start >= start:
            edit = waiting.pop(0)
            if edit.start > position:
                made.append(text[position : edit.start])
            made.append(_edit(text, edit, limit))
            position = edit.end
        if end > position:
            made.append(text[position:end])
        shown = end
    if len(text) > shown:
        made.append(len(text) - shown)
    return made


def _edit(text: str, edit: Change, limit: int) -> list[str | int]:
    removed, added = text[edit.start : edit.end], edit.replacement
    made: list[str | int] = [_clipped(removed, limit), _clipped(added, limit), edit.by]
    return [*made, edit.needed] if edit.needed else made


def _clipped(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[:limit] + "…"

"""Edits: what a transform proposes, and the algebra that replays, inverts and joins them.

An edit replaces the half-open span ``[start, end)`` of a text, counted in code points. The edits
of one step are sorted by position and neither overlap nor share an insertion point, so that
their order is never in doubt. All functions here are pure.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

import regex

__all__ = [
    "Edit",
    "apply",
    "check",
    "compose",
    "diff",
    "invert",
    "make_edit",
    "map_span",
    "simplify",
    "source_span",
]


class Edit(NamedTuple):
    """Replace ``text[start:end]`` by `replacement`; `transforms` names who proposed it."""

    start: int
    end: int
    replacement: str
    transforms: tuple[str, ...] = ()


make_edit = partial(tuple.__new__, Edit)
"""Make an edit of a tuple of its fields, several times faster than a call of the class does."""


def check(edits: Sequence[Edit], length: int) -> None:
    """Raise `ValueError` unless `edits` are sorted, disjoint and within ``0 .. length``."""
    position, inserted = 0, -1
    for edit in edits:
        if not position <= edit.start <= edit.end <= length:
            raise ValueError(
                f"edits: expected sorted, disjoint spans within 0..{length}, got {edit!r} "
                f"after position {position}"
            )
        if edit.start == edit.end == inserted:
            raise ValueError(f"edits: expected one insertion at {edit.start}, got a second")
        position = edit.end
        inserted = edit.start if edit.start == edit.end else -1


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Return `text` with sorted, disjoint `edits` applied.

    >>> apply("a boring film", [Edit(0, 1, "an"), Edit(2, 8, "uninteresting")])
    'an uninteresting film'
    """
    pieces: list[str] = []
    position = 0
    for start, end, replacement, _ in edits:
        pieces.append(text[position:start])
        pieces.append(replacement)
        position = end
    pieces.append(text[position:])
    return "".join(pieces)


def invert(text: str, edits: Iterable[Edit]) -> list[Edit]:
    """Return the edits that turn ``apply(text, edits)`` back into `text`."""
    inverse = []
    shift = 0
    for start, end, replacement, transforms in edits:
        at = start + shift
        inverse.append(Edit(at, at + len(replacement), text[start:end], transforms))
        shift += len(replacement) - (end - start)
    return inverse


def simplify(text: str, edits: Iterable[Edit]) -> list[Edit]:
    """Drop the edits that leave `text` as it is."""
    return [e for e in edits if text[e.start : e.end] != e.replacement]


def compose(first: Sequence[Edit], second: Sequence[Edit]) -> list[Edit]:
    """Join two steps: one list over the original that does what `first`, then `second`, do.

    ``apply(text, compose(first, second)) == apply(apply(text, first), second)``. Edits that touch
    in the intermediate text become one, which names the transforms of both.
    """
    if not first:
        return list(second)
    if not second:
        return list(first)
    joined: list[Edit] = []
    i = j = shift = 0
    n, m = len(first), len(second)
    while i < n and j < m:
        start, end, replacement, _ = first[i]
        at, to, text, names = second[j]
        begins = start + shift
        if begins + len(replacement) < at:  # the common cases: edits that do not touch
            joined.append(first[i])
            shift += len(replacement) - (end - start)
            i += 1
        elif to < begins:
            joined.append(Edit(at - shift, to - shift, text, names))
            j += 1
        else:
            i_end, j_end = _cluster(first, second, i, j, shift)
            before = first[i:i_end]
            grown = sum(len(e.replacement) - (e.end - e.start) for e in before)
            joined += _join(before, second[j:j_end], shift, grown)
            shift += grown
            i, j = i_end, j_end
    joined += first[i:]
    joined += [Edit(at - shift, to - shift, text, names) for at, to, text, names in second[j:]]
    return joined


def _cluster(
    first: Sequence[Edit], second: Sequence[Edit], i: int, j: int, shift: int
) -> tuple[int, int]:
    """Find the end of the run of touching edits that begins with ``first[i]`` and ``second[j]``."""
    reach = min(first[i].start + shift, second[j].start)
    while True:
        if i < len(first) and first[i].start + shift <= reach:
            start, end, replacement, _ = first[i]
            reach = max(reach, start + shift + len(replacement))
            shift += len(replacement) - (end - start)
            i += 1
        elif j < len(second) and second[j].start <= reach:
            reach = max(reach, second[j].end)
            j += 1
        else:
            return i, j


def _join(before: Sequence[Edit], after: Sequence[Edit], shift: int, grown: int) -> Sequence[Edit]:
    """Write a cluster of touching edits of both steps as one edit over the original."""
    # Every point of the cluster lies in a replacement of `before` or is removed by `after`, so
    # the original text is not needed to write the result.
    made: list[tuple[int, int, str]] = []
    offset = shift
    for edit in before:
        begins = edit.start + offset
        made.append((begins, begins + len(edit.replacement), edit.replacement))
        offset += len(edit.replacement) - (edit.end - edit.start)
    low = min(made[0][0], after[0].start)
    high = max(made[-1][1], after[-1].end)
    pieces: list[str] = []
    position = low
    for edit in after:
        pieces.append(_between(made, position, edit.start))
        pieces.append(edit.replacement)
        position = edit.end
    pieces.append(_between(made, position, high))
    names = dict.fromkeys(name for e in (*before, *after) for name in e.transforms)
    return [Edit(low - shift, high - shift - grown, "".join(pieces), tuple(names))]


def _between(made: Sequence[tuple[int, int, str]], low: int, high: int) -> str:
    return "".join(text[max(low - begins, 0) : max(high - begins, 0)] for begins, _, text in made)


def map_span(edits: Iterable[Edit], start: int, end: int) -> tuple[int, int] | None:
    """Follow a span of the original into the edited text.

    Returns None when a boundary of the span falls inside an edit: what it marked is lost. Text
    that is inserted exactly at a boundary stays outside of the span.
    """
    low, high = start, end
    for at, to, replacement, _ in edits:
        if at >= end:
            break
        if at < start < to or at < end < to:
            return None
        grown = len(replacement) - (to - at)
        if to <= start:
            low += grown
        high += grown
    return low, high


def source_span(edits: Iterable[Edit], start: int, end: int) -> tuple[int, int]:
    """Follow a span of the edited text back: the least of the original that all of it came from.

    >>> source_span([Edit(0, 1, "an"), Edit(2, 8, "uninteresting")], 5, 8)
    (2, 8)
    """
    low, high, shift = start, end, 0
    for at, to, replacement, _ in edits:
        begins = at + shift
        ends = begins + len(replacement)
        if begins >= end:
            break
        grown = len(replacement) - (to - at)
        low = at if begins < start < ends else low - grown if ends <= start else low
        high = to if end < ends else high - grown
        shift += grown
    return low, high


_TOKEN = regex.compile(r"\w+|\s+|[^\w\s]")
# Beyond this many tokens the quadratic comparison costs more than a fine-grained diff is worth.
_LONG = 4_000


def diff(before: str, after: str, transforms: tuple[str, ...] = ()) -> list[Edit]:
    """Return edits, word by word, that turn `before` into `after`.

    Uses the matching of Ratcliff and Obershelp (difflib) over words, white space and marks; what
    two very long texts have in common at both ends is set aside first.
    """
    if before == after:
        return []
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    begin = len("".join(_TOKEN.findall(before)[:head]))
    if max(len(old), len(new)) > _LONG:
        removed = len("".join(old))
        return [Edit(begin, begin + removed, "".join(new), transforms)]
    starts = [begin]
    for token in old:
        starts.append(starts[-1] + len(token))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return [
        Edit(starts[a], starts[b], "".join(new[c:d]), transforms)
        for tag, a, b, c, d in matcher.get_opcodes()
        if tag != "equal"
    ]

"""Cutting texts to windows around their edits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from robustft.report.windows import Change, show

TEXTS = st.text(st.sampled_from("ab \n\U0001f600é"), min_size=1, max_size=900)


@st.composite
def edited(draw):
    text = draw(TEXTS)
    points = draw(st.lists(st.integers(0, len(text)), max_size=20, unique=True))
    points = sorted(points)[: len(points) // 2 * 2]
    edits = [
        Change(start, end, draw(st.text("xyz", max_size=9)))
        for start, end in zip(points[::2], points[1::2], strict=True)
    ]
    return text, edits


@given(edited(), st.integers(20, 1_000))
def test_what_is_shown_is_the_text_and_its_gaps_are_counted(made, limit):
    text, edits = made
    pieces, shown = show(text, edits, limit)
    position = 0
    found = []
    for piece in pieces:
        if isinstance(piece, str):
            assert text[position : position + len(piece)] == piece
            position += len(piece)
        elif isinstance(piece, int):
            assert piece > 0
            position += piece
        else:
            edit = next(e for e in edits if e.start == position and e not in found)
            found.append(edit)
            assert piece[1].rstrip("…") == edit.replacement[:limit]
            position = edit.end
    assert position == len(text)
    assert len(found) == shown
    if len(text) + sum(len(e.replacement) for e in edits) <= limit:
        assert shown == len(edits)
        assert not any(isinstance(piece, int) for piece in pieces)


@given(edited(), st.integers(60, 300))
def test_there_is_always_an_edit_and_never_much_more_than_the_limit(made, limit):
    text, edits = made
    pieces, shown = show(text, edits, limit)
    assert shown >= min(len(edits), 1)
    size = sum(
        len(p) if isinstance(p, str) else 0 if isinstance(p, int) else len(p[0]) + len(p[1])
        for p in pieces
    )
    assert size <= 4 * limit + 100


def test_an_edit_that_must_be_seen_is_seen():
    text = "word " * 400
    edits = [Change(i * 5, i * 5 + 4, "other") for i in range(0, 400, 4)]
    pieces, shown = show(text, edits, 160, first=[90])
    assert shown < len(edits)
    kept, at = [], 0
    for piece in pieces:
        if isinstance(piece, list):
            kept.append(at)
            at += len(piece[0])
        else:
            at += piece if isinstance(piece, int) else len(piece)
    assert edits[90].start in kept

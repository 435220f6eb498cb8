"""The algebra of edits, on arbitrary Unicode."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustft.text.edits import (
    Edit,
    apply,
    check,
    compose,
    diff,
    invert,
    map_span,
    simplify,
    source_span,
)


@st.composite
def edits_over(draw, text):
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    made = []
    for start, end in zip(cuts[::2], cuts[1::2], strict=False):
        if made and start == end == made[-1].start == made[-1].end:
            continue
        name = draw(st.sampled_from("abc"))
        made.append(Edit(start, end, draw(st.text(max_size=4)), (name,)))
    return made


@given(st.data(), st.text(max_size=12))
@settings(max_examples=400)
def test_compose_does_both_steps(data, text):
    first = data.draw(edits_over(text))
    middle = apply(text, first)
    second = data.draw(edits_over(middle))
    joined = compose(first, second)
    check(joined, len(text))
    assert apply(text, joined) == apply(middle, second)
    named = {name for edit in joined for name in edit.transforms}
    assert named == {name for edit in (*first, *second) for name in edit.transforms}


@given(st.data(), st.text(max_size=10))
def test_compose_is_associative_in_effect(data, text):
    steps, current = [], text
    for _ in range(3):
        steps.append(data.draw(edits_over(current)))
        current = apply(current, steps[-1])
    left = compose(compose(steps[0], steps[1]), steps[2])
    right = compose(steps[0], compose(steps[1], steps[2]))
    assert apply(text, left) == apply(text, right) == current


@given(st.data(), st.text(max_size=20))
def test_invert_restores(data, text):
    edits = data.draw(edits_over(text))
    assert apply(apply(text, edits), invert(text, edits)) == text


@given(st.data(), st.text(min_size=1, max_size=20))
def test_mapped_span_keeps_its_text_or_is_lost(data, text):
    edits = data.draw(edits_over(text))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    inside = any((start < e.end and e.start < end) or start < e.start < end for e in edits)
    cut = any(e.start < p < e.end for e in edits for p in (start, end))
    mapped = map_span(edits, start, end)
    if cut:
        assert mapped is None
    elif not inside:
        low, high = mapped
        assert apply(text, edits)[low:high] == text[start:end]


@given(st.data(), st.text(min_size=1, max_size=20))
def test_a_span_of_the_result_is_made_of_its_source(data, text):
    edits = data.draw(edits_over(text))
    after = apply(text, edits)
    start = data.draw(st.integers(0, len(after)))
    end = data.draw(st.integers(start, len(after)))
    low, high = source_span(edits, start, end)
    assert 0 <= low <= high <= len(text)
    inner = [
        e._replace(start=e.start - low, end=e.end - low)
        for e in edits
        if low <= e.start <= e.end <= high
    ]
    assert after[start:end] in apply(text[low:high], inner)


def test_map_span_follows_edits_inside_and_outside():
    edits = [Edit(0, 1, "An"), Edit(4, 4, "very "), Edit(6, 8, "xyz")]
    assert map_span(edits, 4, 6) == (10, 12)
    assert map_span(edits, 2, 9) == (3, 16)
    assert map_span(edits, 7, 9) is None


@given(st.text(max_size=30), st.text(max_size=30))
def test_diff_leads_from_before_to_after(before, after):
    edits = diff(before, after)
    check(edits, len(before))
    assert apply(before, edits) == after
    assert bool(edits) == (before != after)


def test_diff_is_word_by_word():
    assert diff("a good film.", "a great film!") == [
        Edit(2, 6, "great"),
        Edit(11, 12, "!"),
    ]


def test_diff_of_very_long_texts_is_one_edit():
    before, after = "a b " * 3_000, "c d " * 3_000
    edits = diff(before, after)
    assert apply(before, edits) == after
    assert len(edits) == 1


@given(st.data(), st.text(max_size=12))
def test_simplify_keeps_the_effect(data, text):
    edits = data.draw(edits_over(text))
    kept = simplify(text, edits)
    assert apply(text, kept) == apply(text, edits)
    assert all(text[e.start : e.end] != e.replacement for e in kept)


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ([Edit(2, 1, "")], "sorted, disjoint spans"),
        ([Edit(0, 3, ""), Edit(2, 4, "")], "sorted, disjoint spans"),
        ([Edit(0, 9, "")], "within 0..4"),
        ([Edit(1, 1, "a"), Edit(1, 1, "b")], "one insertion at 1"),
    ],
)
def test_check_names_what_is_wrong(edits, message):
    with pytest.raises(ValueError, match=message):
        check(edits, 4)

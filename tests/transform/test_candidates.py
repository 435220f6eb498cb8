"""What is accepted beside what has been accepted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from robustft.text import Edit
from robustft.transform.candidates import overlap, words_changed

SPANS = st.tuples(st.integers(0, 12), st.integers(0, 3)).map(lambda s: Edit(s[0], sum(s), "x"))


def by_definition(old, new):
    return (new.start < old.end and old.start < new.end) or new.start == old.start


@given(st.lists(SPANS), SPANS)
def test_neighbours_tell_what_all_tell(offered, new):
    accepted = []
    for edit in sorted(offered):
        if not any(by_definition(old, edit) for old in accepted):
            accepted.append(edit)
    expected = any(by_definition(old, new) for old in accepted)
    assert overlap(accepted, [new]) == ("overlaps another edit" if expected else "")


def test_an_edit_counts_the_words_on_its_larger_side():
    text = "it is not so bad"
    assert words_changed(text, Edit(3, 9, "isn't")) == 2
    assert words_changed(text, Edit(10, 12, "all that")) == 2
    assert words_changed(text, Edit(2, 3, "")) == 1

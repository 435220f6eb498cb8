"""Tags of tokens through edits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustft.text.edits import Edit, apply, map_span
from robustft.text.tags import OUTSIDE, TaggedText, entities_of, is_bio, tag_tokens

TOKENS = ["in", "New", "York", "City", "now"]
TAGS = ["O", "B-LOC", "I-LOC", "I-LOC", "O"]
#        in New York City now
#        0123456789012345678901
SENTENCE = tag_tokens(TOKENS, TAGS)


@pytest.mark.parametrize(
    ("edits", "tokens", "tags"),
    [
        ([], "in New York City now", "O B-LOC I-LOC I-LOC O"),
        ([Edit(7, 11, "Yrok")], "in New Yrok City now", "O B-LOC I-LOC I-LOC O"),
        ([Edit(9, 9, " ")], "in New Yo rk City now", "O B-LOC I-LOC I-LOC I-LOC O"),
        ([Edit(5, 5, " ")], "in Ne w York City now", "O B-LOC I-LOC I-LOC I-LOC O"),
        ([Edit(6, 7, "")], "in NewYork City now", "O B-LOC I-LOC O"),
        ([Edit(7, 7, "old ")], "in New old York City now", "O B-LOC I-LOC I-LOC I-LOC O"),
        ([Edit(3, 3, "old ")], "in old New York City now", "O O B-LOC I-LOC I-LOC O"),
        ([Edit(16, 16, " today")], "in New York City today now", "O B-LOC I-LOC I-LOC O O"),
        ([Edit(16, 16, "s")], "in New York Citys now", "O B-LOC I-LOC I-LOC O"),
        ([Edit(0, 3, "")], "New York City now", "B-LOC I-LOC I-LOC O"),
        ([Edit(6, 11, "")], "in New City now", "O B-LOC I-LOC O"),
        ([Edit(16, 17, "")], "in New York Citynow", "O B-LOC I-LOC I-LOC"),
        ([Edit(2, 3, "")], "inNew York City now", "B-LOC I-LOC I-LOC O"),
        ([Edit(0, 0, "w"), Edit(17, 20, "at once")], "win New York City at once",
         "O B-LOC I-LOC I-LOC O O"),
        ([Edit(3, 16, "Gotham")], "in Gotham now", "O B-LOC O"),
    ],
)  # fmt: skip
def test_tags_follow_the_edits(edits, tokens, tags):
    after = SENTENCE.edited(edits)
    assert after.text == " ".join(after.tokens) == tokens
    assert " ".join(after.tags) == tags


@pytest.mark.parametrize(
    "edits",
    [
        [Edit(3, 17, "")],  # no entity is left
        [Edit(3, 16, " ")],
        [Edit(0, 6, "In Old")],  # where the entity begins is not known any more
        [Edit(15, 18, "")],
    ],
)
def test_an_entity_that_is_lost_has_no_tags(edits):
    assert SENTENCE.edited(edits) is None


def test_entities_stay_apart():
    both = tag_tokens(["Paris", "London"], ["B-LOC", "B-LOC"])
    assert both.edited([Edit(5, 6, "")]) is None
    assert both.edited([Edit(5, 5, " ,")]).tags == ("B-LOC", "O", "B-LOC")
    # In IOB1 only what stands between parts two entities.
    old = tag_tokens(["Paris", "and", "London"], ["I-LOC", "O", "I-LOC"])
    assert old.edited([Edit(5, 9, "")]) is None
    assert old.edited([Edit(6, 9, "or in")]).tags == ("I-LOC", "O", "O", "I-LOC")


def test_tokens_that_touch_stay_two():
    text = TaggedText("London.", ((0, 6), (6, 7)), ("B-LOC", "O"))
    assert text.edited([Edit(1, 2, "0")]).tokens == ["L0ndon", "."]
    assert text.edited([Edit(6, 7, "?!")]).tokens == ["London", "?!"]
    assert text.edited([Edit(0, 0, "in ")]).tokens == ["in", "London", "."]
    assert text.edited([Edit(3, 3, " ")]).tags == ("B-LOC", "I-LOC", "O")


def test_tokens_may_hold_white_space_or_nothing():
    tagged = tag_tokens(["New York", "", "now", "on"], ["B-LOC", "O", "O", "O"])
    assert tagged.edited([]) is tagged
    assert tagged.edited([Edit(11, 12, "k")]).tokens == ["New York", "", "nkw", "on"]
    assert tagged.edited([Edit(4, 5, "y")]).tokens == ["New york", "", "now", "on"]
    assert tagged.edited([Edit(4, 4, " ")]).tokens == ["New ", "York", "", "now", "on"]


@pytest.mark.parametrize(
    ("tags", "entities"),
    [
        ("O O", []),
        ("B-A I-A B-A I-B", [(0, 2, "B-A"), (2, 3, "B-A"), (3, 4, "I-B")]),
        ("I-A I-A O I-A", [(0, 2, "I-A"), (3, 4, "I-A")]),
    ],
)
def test_entities_are_read_from_either_form(tags, entities):
    assert entities_of(tags.split()) == entities


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("O", True), ("B-PER", True), ("I-x", True), ("B-", False), ("NN", False), ("E-PER", False)],
)
def test_bio_tags_are_known(tag, expected):
    assert is_bio(tag) is expected


KINDS = st.sampled_from(["PER", "LOC"])
WORDS = st.text("abé'.-\u200d😀", min_size=1, max_size=6)


@st.composite
def tagged_texts(draw):
    tokens, tags = [], []
    for kind, size in draw(st.lists(st.tuples(st.none() | KINDS, st.integers(1, 3)), max_size=6)):
        tokens += draw(st.lists(WORDS, min_size=size, max_size=size))
        tags += [OUTSIDE] * size if kind is None else [f"B-{kind}"] + [f"I-{kind}"] * (size - 1)
    return tag_tokens(tokens, tags)


@st.composite
def edits_of(draw, text):
    ends = draw(st.lists(st.integers(0, len(text)), max_size=8, unique=True).map(sorted))
    return [
        Edit(start, end, draw(st.text("ab \n", max_size=4)))
        for start, end in zip(ends[::2], ends[1::2], strict=False)
    ]


@given(tagged_texts())
def test_no_edits_leave_tokens_and_tags(tagged):
    assert tagged.edited([]) == tagged
    untouched = tagged.edited([Edit(len(tagged.text), len(tagged.text), " end")])
    assert untouched.tokens == [*tagged.tokens, "end"]
    assert untouched.tags == (*tagged.tags, OUTSIDE)


@given(st.data())
def test_every_entity_is_kept_and_covers_what_it_marked(data):
    tagged = data.draw(tagged_texts())
    edits = data.draw(edits_of(tagged.text))
    after = tagged.edited(edits)
    if after is None:
        return
    assert after.text == apply(tagged.text, edits)
    assert len(after.spans) == len(after.tags)
    assert all(a[1] <= b[0] for a, b in zip(after.spans, after.spans[1:], strict=False))
    assert "".join(after.tokens) == "".join(after.text.split())
    for before, tag in zip((OUTSIDE, *after.tags), after.tags, strict=False):
        assert not tag.startswith("I-") or before[2:] == tag[2:]
    assert len(after.entities) == len(tagged.entities)
    for old, new in zip(tagged.entities, after.entities, strict=True):
        low, high = map_span(edits, old.start, old.end)
        marked = after.text[low:high]  # at its ends there may be white space now
        assert new.start <= low + len(marked) - len(marked.lstrip())
        assert new.end >= high - len(marked) + len(marked.rstrip())
        assert new.tag == old.tag


@given(st.data())
def test_edits_within_a_token_or_between_tokens_never_lose_an_entity(data):
    tagged = data.draw(tagged_texts())
    places = [*tagged.spans, *((end, end) for _, end in tagged.spans)]
    edits = (
        [
            Edit(start, end, data.draw(st.text("ab", min_size=1, max_size=3)))
            for start, end in sorted(data.draw(st.lists(st.sampled_from(places), unique=True)))
        ]
        if places
        else []
    )
    after = tagged.edited(edits)
    assert after is not None
    assert len(after.tokens) == len(tagged.tokens)

"""Transforms whose replacements are worked out in batches: the same as one by one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustft.errors import TransformError
from robustft.testing import check_transform
from robustft.transform import engine, get, perturb

TOYS = f"{Path(__file__).parent / 'toys.py'}"
ALONE, BATCHED = f"{TOYS}:Moody", f"{TOYS}:MoodyBatch"
TEXTS = st.lists(
    st.lists(st.sampled_from("a the film was very dull indeed OK 3:30 John".split()), max_size=30),
    max_size=12,
)


@settings(max_examples=60)
@given(words=TEXTS, rate=st.floats(0, 1), seed=st.integers(0, 9))
def test_a_batched_transform_gives_what_one_by_one_gives(words, rate, seed):
    texts = [" ".join(text) for text in words]
    alone = perturb(texts, get(ALONE)(rate=rate), seed=seed)
    batched = perturb(texts, get(BATCHED)(rate=rate), seed=seed)
    assert list(batched) == list(alone)
    assert batched.skips == alone.skips
    assert (batched.changed == alone.changed).all()


def test_the_size_of_the_batch_makes_no_difference(monkeypatch):
    texts = [f"some plain words to shout about in row {i}" for i in range(40)]
    whole = perturb(texts, BATCHED, severity=5)
    monkeypatch.setattr(engine, "BATCH_SIZE", 7)
    assert perturb(texts, BATCHED, severity=5).texts == whole.texts


def test_it_keeps_the_contract():
    check_transform(BATCHED)


def test_units_of_all_texts_are_asked_for_together():
    asked = get(BATCHED).asked
    asked.clear()
    made = perturb(["one two three four five six seven eight"] * 50, BATCHED, ids=range(50))
    assert asked[0] == made.target.sum()
    assert len(asked) < 6
    assert (made.changed <= made.target).all()


def test_too_few_replacements_are_an_error():
    with pytest.raises(TransformError, match=r"ValueError\('1 replacements for 3 units"):
        perturb(["one two three"], f"{TOYS}:Short:rate=1.0")

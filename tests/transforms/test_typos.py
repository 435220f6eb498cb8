"""Slips: what they do to a word, and what they never do."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from robustft_transforms._keyboard import neighbours
from robustft_transforms._lexicons import load_words
from robustft_transforms._slips import mistype
from robustft_transforms.typos import Typos

from robustft.errors import SpecError
from robustft.seeding import Draw
from robustft.transform import perturb

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
KINDS = ("omission", "neighbour", "transposition", "doubling", "insertion")


def slip(word: str, seed: int, kind: str = "all") -> str | None:
    draw = Draw(seed)
    return mistype(word, draw, draw.bits(), kind)


def test_neighbours_touch_on_a_staggered_keyboard():
    near = neighbours()
    assert set(near["s"]) == set("awedxz")
    assert set(near["g"]) == set("ftyhvb")
    assert set(near["p"]) == set("ol")
    assert set(near["m"]) == set("njk")
    assert all(a in near[b] for a, letters in near.items() for b in letters)


@example("AANn", 215167)  # swapping a letter with its capital is no slip
@given(st.text(LETTERS, min_size=3, max_size=14), st.integers(0, 2**64 - 1))
def test_a_slip_changes_the_word_into_no_word(word, seed):
    made = slip(word, seed)
    if made is not None:
        assert made != word
        assert made.lower() not in load_words()
        assert abs(len(made) - len(word)) <= 1


@given(st.text("abcdefghij", min_size=4, max_size=12), st.integers(0, 2**32))
def test_each_kind_does_what_it_says(word, seed):
    omitted, typed, swapped, doubled, added = (slip(word, seed, kind) for kind in KINDS)
    assert omitted is None or any(word[:i] + word[i + 1 :] == omitted for i in range(len(word)))
    if typed:
        (at,) = [i for i, (a, b) in enumerate(zip(word, typed, strict=True)) if a != b]
        assert typed[at] in neighbours()[word[at]]
    if swapped:
        first, second = [i for i, (a, b) in enumerate(zip(word, swapped, strict=True)) if a != b]
        assert second == first + 1
        assert sorted(swapped) == sorted(word)
    if doubled:
        assert len(doubled) == len(word) + 1
        assert all(doubled[i : i + 3] != doubled[i] * 3 for i in range(len(doubled) - 2)) or any(
            word[i : i + 3] == word[i] * 3 for i in range(len(word) - 2)
        )
    assert added is None or len(added) == len(word) + 1


def test_no_silent_no_op():
    assert slip("aaaa", 1, "transposition") is None
    assert slip("aaaa", 1, "doubling") is None


@pytest.mark.parametrize("kind", KINDS)
def test_case_is_kept(kind):
    for seed in range(200):
        upper, title = slip("WONDERFUL", seed, kind), slip("Wonderful", seed, kind)
        assert upper is not None
        assert upper.isupper()
        assert title is None or (title[0].isupper() and title[1:].islower())


def test_kinds_come_in_their_proportions_and_first_letters_are_rare():
    kinds: Counter[str] = Counter()
    first = 0
    for seed in range(6000):
        made = slip("photograqhic", seed)
        assert made is not None
        change = len(made) - len("photograqhic")
        kinds["longer" if change == 1 else "shorter" if change else "same"] += 1
        first += made[0] != "p"
    assert kinds["shorter"] / 6000 == pytest.approx(0.45, abs=0.03)
    assert kinds["same"] / 6000 == pytest.approx(0.35, abs=0.03)
    assert first / 6000 == pytest.approx(0.033 * 0.8, abs=0.02)


def test_short_words_are_hit_less_often_than_long_ones():
    text = " ".join(["cart", "photographic"] * 400)
    edits = perturb([text], "typos:rate=0.2")[0].edits
    short = sum(edit.end - edit.start == 4 for edit in edits)
    assert 0 < short < len(edits) / 3


def test_at_rate_one_all_words_of_three_letters_are_hit():
    result = perturb(["the extraordinary photographer of it"], "typos:rate=1.0")
    assert result.changed.tolist() == [3]


def test_only_words_of_ascii_letters_are_touched():
    text = "naïve snake_case variable2 don't não 10x of"
    assert perturb([text], "typos:rate=1.0")[0].text == text


def test_an_unknown_kind_is_named_with_the_nearest():
    with pytest.raises(SpecError, match=r"expected kind to be one of all.*did you mean 'omission'"):
        Typos(kind="ommission")

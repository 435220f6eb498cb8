"""Text recognition: which readings are offered, and which never are."""

from __future__ import annotations

import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from robustft_transforms._lexicons import load_words
from robustft_transforms._scanning import _readings, misread
from robustft_transforms.ocr import Ocr

from robustft.errors import SpecError
from robustft.seeding import Draw
from robustft.text.protect import NEGATORS
from robustft.transform import perturb

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def run(text: str, settings: str = "rate=1.0", seed: int = 0) -> str:
    return perturb([text], f"ocr:{settings}", seed=seed)[0].text


@given(st.text(LETTERS, min_size=3, max_size=14), st.integers(0, 2**64 - 1))
def test_a_misreading_makes_no_other_word(word, seed):
    made = misread(word, Draw(seed))
    if made is not None:
        assert made != word
        assert made.lower() not in NEGATORS
        assert made.lower() == word.lower() or made.lower() not in load_words()


@pytest.mark.parametrize(
    ("word", "other"),
    [("modern", "modem"), ("clear", "dear"), ("burn", "bum"), ("hand", "band"), ("learn", "lean")],
)
def test_readings_that_are_words_are_never_offered(word, other):
    made = _readings(word, "all").made
    assert made
    assert other not in made


def test_one_letter_is_read_as_two_and_two_as_one():
    assert "rnovie" in _readings("movie", "all").made
    assert "govemment" in _readings("government", "all").made
    assert {"ﬁlm", "hlm"} <= set(_readings("film", "all").made)


def test_frequent_confusions_come_first():
    seen = Counter(run("movie", seed=seed) for seed in range(2000))
    assert seen["movle"] > seen["m0vie"] > seen["rnovie"] > 0


def test_kinds_keep_to_their_signs():
    for seed in range(20):
        letters = run("official results offer little clues", "kind=letters,rate=1.0", seed)
        digits = run("official results offer little clues", "kind=digits,rate=1.0", seed)
        joined = run("official results offer little clues", "kind=ligatures,rate=1.0", seed)
        assert letters.isascii()
        assert not any(char.isdigit() or char == "$" for char in letters)
        assert all(sum(not char.isalpha() for char in word) == 1 for word in digits.split())
        assert unicodedata.normalize("NFKC", joined) == "official results offer little clues"
        assert joined.split()[1::2] == ["results", "little"]


def test_the_pronoun_is_misread_most_and_never_as_a_number():
    text = " ".join(["I have seen and heard people, and"] * 100)
    edits = perturb([text], "ocr:rate=0.02")[0].edits
    assert {edit.replacement for edit in edits if text[edit.start : edit.end] == "I"} == {"l", "|"}
    assert run("I can", "kind=digits,rate=1.0") == "I can"


def test_the_longest_ligature_is_taken():
    assert _readings("official", "ligatures").made == ("o\ufb03cial",)
    assert _readings("stuff", "ligatures").made == ("stu\ufb00",)


def test_case_changes_go_unseen_in_capitals():
    assert "WoW" not in _readings("WOW", "all").made
    assert "we" in _readings("We", "all").made


def test_numbers_in_words_and_short_words_stay():
    assert run("seven of ten, or half a million") == "seven of ten, or half a million"


def test_runs_of_letters_that_are_no_words_cost_nothing():
    text = "rn" * 100_000
    assert run(text) == text


def test_an_unknown_kind_is_named_with_the_nearest():
    with pytest.raises(SpecError, match=r"expected kind to be one of all.*mean 'digits'"):
        Ocr(kind="digit")

"""White space: what is put in or left out, and that no other word and no other sense arises."""

from __future__ import annotations

import re

import pytest
from robustft_transforms._lexicons import load_words
from robustft_transforms._spacing import JOINED
from robustft_transforms.whitespace import Whitespace

from robustft.errors import SpecError
from robustft.transform import perturb

TEXT = (
    "Well, the acting is a lot of fun, and in fact I loved it. It was worth the price of the "
    "ticket... at least for me! A part of it may be a bit slow; nobody, I think, will notice."
)
KINDS = (
    "sloppy doubled missing merged split tabs nonbreaking line_breaks zero_width"  # all of them
).split()


def run(text: str, kind: str = "sloppy", seed: int = 0, rate: float = 1.0) -> str:
    return perturb([text], f"whitespace:kind={kind},rate={rate}", seed=seed)[0].text


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u200b\u2060\ufeff]+", "", text)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_white_space_changes(kind):
    text = f"{TEXT}<br /><br />{TEXT}"
    for seed in range(10):
        made = run(text, kind, seed)
        assert made != text
        assert squeezed(made) == squeezed(text)
        assert made.count("<br /><br />") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_negators_stay_words_of_their_own(kind):
    text = (
        "It is not able to be no one, nor is it not there; never mind that I cannot say no to it."
    )
    for seed in range(10):
        made = run(text, kind, seed)
        for word in ("not", "no", "nor", "never", "cannot"):
            here = re.findall(rf"(?<!\w){word}(?!\w)", made)
            assert len(here) == len(re.findall(rf"\b{word}\b", text))


def test_no_pair_joins_to_a_word():
    assert all(pair.replace(" ", "") not in load_words() for pair in JOINED)
    for text in ("a part of", "may be it", "in to it", "an other", "is land", "for a", "to day"):
        assert run(text, "merged").split(" ")[0] == text.split(" ")[0]


def test_prefixes_are_not_joined_to_what_they_would_deny():
    assert run("in sincere tones, a logical and a typical man", "merged").startswith("in sincere")
    assert "a logical" in run("it was a logical end", "merged")


def test_names_are_not_joined():
    assert run("Paris is in the north", "merged") != "Paris is in the north"
    assert run("Paris is in the north", "merged").startswith("Paris is")


@pytest.mark.parametrize("word", ["therapists", "unbelievable", "manslaughter", "wonderful"])
def test_no_part_of_a_split_word_is_a_word(word):
    for seed in range(40):
        parts = run(word, "split", seed).split()
        assert len(parts) == 2
        assert all(len(part) == 2 or part not in load_words() for part in parts)


def test_words_that_have_no_harmless_split_stay():
    assert run("nowhere", "split") == "nowhere"  # a negator
    result = perturb(["onset"], "whitespace:kind=split,rate=1.0")
    assert set(result.skips) <= {"whitespace: each part is a word"}


def test_joined_words_come_in_pairs():
    for seed in range(10):
        made = run("it is as if he was in the end to be as it is in the film", "merged", seed)
        assert max(map(len, made.split())) <= len("inthe") + 1


@pytest.mark.parametrize(
    "text", ["pay 5 kg on 9 May", "a :) b", "see http://x.org/a, then", "1, 2 or 3. 4", "e. g. x"]
)
def test_no_space_is_lost_beside_numbers_emoticons_and_addresses(text):
    assert run(text, "missing") == text


def test_lines_are_at_most_72_columns_wide():
    text = " ".join([TEXT] * 5)
    made = run(text, "line_breaks")
    assert max(map(len, made.split("\n"))) <= 72
    assert made.replace("\n", " ") == text
    assert run("x" * 500, "line_breaks") == "x" * 500
    assert run(made, "line_breaks") == made


def test_careless_writers_slip_at_marks():
    text = " ".join([TEXT] * 20)
    edits = perturb([text], "whitespace:rate=0.1")[0].edits
    at_mark = sum(text[edit.start - 1] in ",.!?;:" for edit in edits)
    assert at_mark > len(edits) / 3
    assert {edit.replacement for edit in edits} == {"", "  "}


def test_spaces_that_are_doubled_already_and_line_ends_stay():
    text = "a  b\tc \n d "
    assert run(text, "doubled") == text


def test_an_unknown_kind_is_named_with_the_nearest():
    with pytest.raises(SpecError, match=r"expected kind to be one of sloppy.*mean 'doubled'"):
        Whitespace(kind="double")

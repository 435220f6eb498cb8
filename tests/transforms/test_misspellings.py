"""Misspellings: the lists are sound, case and inflection follow."""

from __future__ import annotations

import pytest
from robustft_transforms._lexicons import load_words
from robustft_transforms.misspellings import Misspellings, _table

from robustft.errors import SpecError
from robustft.transform import perturb


def run(text: str, settings: str = "", seed: int = 0) -> str:
    return perturb([text], f"misspellings:rate=1.0{settings}", seed=seed)[0].text


def test_the_list_is_long_and_holds_no_english_word():
    table = _table(False)
    assert len(table) > 1000
    assert not [wrong for many in table.values() for wrong in many if wrong in load_words()]
    assert not [word for word, many in table.items() if word in many]


def test_homophones_are_english_and_never_negate():
    words = {wrong for many in _table(True).values() for wrong in many}
    assert {"there", "it's", "your"} <= words
    assert not words & {"no", "not", "never", "none", "nor", "cannot"}


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("Receive, receive or RECEIVE", "Recieve, recieve or RECIEVE"),
        ("receives received receiving", "recieves recieved recieving"),
        ("a weird government", "a wierd goverment"),
        ("it is deFinitely nothing", "it is deFinitely nothing"),
    ],
)
def test_case_and_inflection_follow(text, made):
    assert run(text) == made


def test_several_misspellings_of_a_word_are_drawn():
    made = {run("definitely", seed=seed) for seed in range(20)}
    assert made == {"definately", "definitly"}


def test_homophones_are_off_by_default():
    assert run("your car and its owner") == "your car and its owner"
    assert run("your car and its owner", ",homophones=true") == "you're car and it's owner"
    assert run("It’s odd", ",homophones=true") == "Its odd"


def test_the_apostrophe_is_of_the_texts_kind():
    assert "it’s" in run("It’s losing its way", ",homophones=true")


def test_a_setting_of_another_type_is_refused():
    with pytest.raises(SpecError, match="expected homophones to be true or false, got 'yes'"):
        Misspellings(homophones="yes")

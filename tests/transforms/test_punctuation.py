"""Punctuation: which marks are touched, and which never are."""

from __future__ import annotations

import re

import pytest
from robustft_transforms.punctuation import Punctuation

from robustft.errors import SpecError
from robustft.transform import perturb

SEEDS = range(12)


def run(text: str, style: str = "sloppy", seed: int = 0) -> str:
    return perturb([text], f"punctuation:style={style},rate=1.0", seed=seed)[0].text


@pytest.mark.parametrize("style", ["sloppy", "missing", "excited"])
@pytest.mark.parametrize(
    "text",
    [
        "1,000.50 at 3:30 and v1.2",
        "e.g. this, i.e. that".replace(",", ""),
        "the U.S. and Mr. Smith etc. went",
        "fun :) sad ;-) wait....what ... oh",
        "https://t.co/a,b.c a.b@c.org",
        "don't",
        "we're here and she'll go",
    ],
)
def test_numbers_abbreviations_emoticons_and_addresses_stay(style, text):
    assert {run(text, style, seed) for seed in SEEDS} == {text}


def test_words_stay_as_they_are():
    text = "Well, it is a great film; really. Is it? Yes! We liked it."
    for seed in SEEDS:
        assert re.findall(r"\w+", run(text, seed=seed)) == re.findall(r"\w+", text)


def test_a_question_stays_a_question():
    for style in ("sloppy", "missing", "excited"):
        assert all("?" in run("Why did he go?", style, seed) for seed in SEEDS)


def test_missing_marks():
    text = "Well, it's a film. I liked it.<br /><br />The end."
    assert run(text, "missing") == "Well its a film. I liked it<br /><br />The end"


def test_a_full_stop_between_sentences_is_never_dropped():
    for seed in SEEDS:
        assert re.search(r"film ?\.+ I", run("A film. I liked it", seed=seed))


def test_excited_marks_are_repeated():
    assert all(run("Great!", "excited", seed) in ("Great!!", "Great!!!") for seed in SEEDS)


def test_typographic_signs_go_both_ways():
    straight = "He said \"no\" and it's fine -- don't worry..."
    curly = "He said “no” and it’s fine — don’t worry…"
    assert run(straight, "typographic") == curly
    assert run(curly.replace("—", "-"), "typographic") == straight.replace("--", "–")


def test_quotes_in_a_tag_stay():
    assert run('<a href="x">y</a>', "typographic") == '<a href="x">y</a>'


def test_an_unknown_style_is_named_with_the_nearest():
    with pytest.raises(SpecError, match=r"expected style to be one of sloppy.*mean 'missing'"):
        Punctuation(style="mising")

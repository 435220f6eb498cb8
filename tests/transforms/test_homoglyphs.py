"""Homoglyphs: that each looks like the letter it stands for, as far as data can tell."""

from __future__ import annotations

import unicodedata

import pytest
from robustft_transforms.homoglyphs import Homoglyphs

from robustft.errors import SpecError
from robustft.transform import perturb

TEXT = "The Quick Brown Fox Jumps Over A Lazy Dog, AND NOBODY EXPECTED ZEBRAS; why zigzag?"


def run(text: str, settings: str = "rate=1.0", seed: int = 0) -> str:
    return perturb([text], f"homoglyphs:{settings}", seed=seed)[0].text


def changes(settings: str, seeds: int = 30) -> set[tuple[str, str]]:
    pairs = [zip(TEXT, run(TEXT, settings, seed), strict=True) for seed in range(seeds)]
    return {(a, b) for each in pairs for a, b in each if a != b}


@pytest.mark.parametrize("script", ["cyrillic", "greek"])
def test_letters_are_of_the_script_and_of_the_same_case(script):
    for plain, lookalike in changes(f"script={script},letters=all,rate=1.0"):
        name = unicodedata.name(lookalike)
        assert name.startswith(script.upper())
        assert plain.isupper() == lookalike.isupper()


def test_mixed_takes_from_either_script():
    names = {unicodedata.name(b).split()[0] for _, b in changes("script=mixed,rate=1.0")}
    assert names == {"CYRILLIC", "GREEK"}


@pytest.mark.parametrize("script", ["fullwidth", "mathematical"])
def test_whole_alphabets_fold_back_by_nfkc(script):
    made = run(TEXT, f"script={script},rate=1.0")
    assert unicodedata.normalize("NFKC", made) == TEXT
    plain = [word for word in made.split() if word.isascii()]
    assert plain == ["A", "NOBODY"]


def test_one_letter_of_a_word_unless_all_are_asked_for():
    for seed in range(20):
        words = zip(TEXT.split(), run(TEXT, seed=seed).split(), strict=True)
        assert max(sum(map(str.__ne__, before, after)) for before, after in words) == 1
    assert "a" not in run("a banana", "letters=all,rate=1.0").replace("a ", "", 1)


def test_a_reader_of_the_code_points_finds_no_negator_changed():
    text = "It isn't bad; nobody ever said that it was not, and I never will."
    made = run(text, "letters=all,rate=1.0")
    assert all(word in made for word in ("isn't", "nobody", "not", "never"))


def test_long_words_are_hit_more_often():
    text = " ".join(["one", "photographic"] * 300)
    edits = perturb([text], "homoglyphs:rate=0.1")[0].edits
    short = sum(edit.end - edit.start == 3 for edit in edits)
    assert 0 < short < len(edits) / 2


def test_an_unknown_script_is_named_with_the_nearest():
    with pytest.raises(SpecError, match=r"expected script to be one of cyrillic.*mean 'greek'"):
        Homoglyphs(script="greeks")

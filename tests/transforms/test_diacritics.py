"""Diacritics: which words change sides, which stay, and in which Unicode form."""

from __future__ import annotations

import unicodedata

import pytest
from robustft_transforms.diacritics import Diacritics, _read

from robustft.errors import SpecError
from robustft.transform import perturb


def run(text: str, settings: str = "rate=1.0", seed: int = 0) -> str:
    return perturb([text], f"diacritics:{settings}", seed=seed)[0].text


def test_every_word_of_the_list_goes_and_comes_back():
    for plain, marked in _read().marked.items():
        assert run(marked, "mode=remove,rate=1.0").lower() == plain
        assert run(plain, "mode=restore,rate=1.0") in (marked, marked.lower())


def test_no_word_that_is_another_one_without_marks_is_on_the_list():
    assert not _read().marked.keys() & {
        "resume",
        "expose",
        "rose",
        "lame",
        "pate",
        "mate",
        "charge",
    }


@pytest.mark.parametrize("word", ["résumé", "Résumé", "exposé", "rosé", "pâté", "lamé", "für"])
def test_a_word_that_would_become_another_stays(word):
    assert run(f"the {word} it") == f"the {word} it"


def test_names_lose_their_marks_and_get_none():
    assert run("saw José, Øyvind and Łukasz") == "saw Jose, Oyvind and Lukasz"
    assert run("saw Jose, Andre and Renee") == "saw Jose, Andre and Renee"


def test_decorated_words_read_as_before_and_are_no_listed_words():
    text = "wonderful music and terrible people make unforgettable evenings"
    for seed in range(30):
        made = run(text, "mode=decorate,rate=1.0", seed)
        assert made != text
        assert "".join(c for c in unicodedata.normalize("NFD", made) if c.isascii()) == text
        assert unicodedata.is_normalized("NFC", made)


@pytest.mark.parametrize("mode", ["decorate", "restore"])
def test_the_form_asked_for_is_written(mode):
    made = run("a naive evening", f"mode={mode},normalize=nfd,rate=1.0")
    assert unicodedata.is_normalized("NFD", made)
    assert not made.isascii()


def test_encode_changes_the_form_alone():
    text = "Zoë's café, 한국어, Ελλάδα, Việt Nam"
    made = run(text, "mode=encode,normalize=nfd,rate=1.0")
    assert made == unicodedata.normalize("NFD", text) != text
    assert run(made, "mode=encode,rate=1.0") == text
    assert run(text, "mode=encode,rate=1.0") == text


def test_an_unknown_mode_is_named_with_the_nearest():
    with pytest.raises(SpecError, match=r"expected mode to be one of both.*mean 'remove'"):
        Diacritics(mode="removes")

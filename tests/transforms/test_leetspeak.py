"""Leetspeak: which letters give way, and that words can be read back."""

from __future__ import annotations

import pytest
from robustft_transforms.leetspeak import Leetspeak

from robustft.errors import SpecError
from robustft.transform import perturb

TEXT = "The brilliant cast makes a tedious story bearable, and tonight it is about solutions."
BACK = str.maketrans("430157@!$8", "aeoistaisb")


def run(text: str, settings: str = "rate=1.0", seed: int = 0) -> str:
    return perturb([text], f"leetspeak:{settings}", seed=seed)[0].text


@pytest.mark.parametrize("strength", ["light", "medium", "heavy"])
def test_every_word_can_be_read_back(strength):
    for seed in range(20):
        made = run(TEXT, f"strength={strength},rate=1.0", seed)
        assert made.lower().translate(BACK) == TEXT.lower()


def test_light_replaces_one_vowel_of_a_word():
    for seed in range(20):
        for before, after in zip(
            TEXT.split(), run(TEXT, "strength=light,rate=1.0", seed).split(), strict=True
        ):
            new = {b for b, a in zip(before, after, strict=True) if a != b}
            assert len(new) <= 1
            assert new <= set("aeio")


def test_medium_keeps_the_first_letter_and_half_of_a_word():
    for seed in range(20):
        for before, after in zip(TEXT.split(), run(TEXT, seed=seed).split(), strict=True):
            changed = [a for a, b in zip(before, after, strict=True) if a != b]
            assert after[0] == before[0]
            assert len(changed) <= len(before) / 2 or len(set(changed)) == 1


def test_the_same_letter_becomes_the_same_sign_throughout_a_word():
    for seed in range(20):
        made = run("Mississippi possesses assassins", "strength=heavy,rate=1.0", seed).split()
        assert all(len(set(word) & set("5$s")) <= 1 for word in made)
        assert all(len(set(word) & set("1!i")) <= 1 for word in made)


def test_no_word_becomes_a_mention_a_price_or_an_exclamation():
    for seed in range(50):
        made = run("awesome such assets ski alibi", "strength=heavy,rate=1.0", seed)
        assert not any(word[0] in "@$" or word[-1] in "!@$" for word in made.split())


@pytest.mark.parametrize("text", ["one of seven hundred", "it is so", "not never can't", "rhythm"])
def test_numbers_short_words_negators_and_words_without_a_vowel_stay(text):
    assert run(text) == text


def test_an_unknown_strength_is_named_with_the_nearest():
    with pytest.raises(SpecError, match=r"expected strength to be one of light.*mean 'heavy'"):
        Leetspeak(strength="heavi")

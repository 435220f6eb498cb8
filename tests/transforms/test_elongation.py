"""Elongation: which words are drawn out, on which letter, and which never are."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from robustft_transforms.elongation import Elongation, _table

from robustft.errors import SpecError
from robustft.transform import perturb


def run(text: str, settings: str = "rate=1.0", seed: int = 0) -> str:
    return perturb([text], f"elongation:{settings}", seed=seed)[0].text


def test_every_entry_of_the_list_names_a_letter_of_its_word():
    assert len(_table()) > 80
    for word, entry in _table().items():
        assert word.isalpha()
        assert all(0 <= at < len(word) for at in entry.places)


def test_only_letters_that_stand_there_are_repeated():
    text = "So awful, a great, gorgeous and really long film: wow, I love it!"
    for seed in range(30):
        made = run(text, seed=seed)
        assert re.sub(r"(.)\1+", r"\1", made) == re.sub(r"(.)\1+", r"\1", text)
        assert made != text


def test_runs_have_three_letters_at_least_and_mostly_few():
    runs: Counter[int] = Counter()
    for seed in range(400):
        runs[len(run("so boring", seed=seed).split()[0]) - 1] += 1
    assert min(runs) == 3
    assert max(runs) == 6
    assert runs[3] > runs[4] > runs[6] > 0


@pytest.mark.parametrize(("longest", "most"), [(3, 3), (12, 12)])
def test_longest_bounds_the_run(longest, most):
    made = [run("so boring", f"rate=1.0,longest={longest}", seed) for seed in range(600)]
    assert max(len(text.split()[0]) - 1 for text in made) == most


def test_case_is_kept():
    assert all(run("SO AWFUL", seed=seed).isupper() for seed in range(20))
    assert all(run("Oh, nice", seed=seed).startswith(("Ooo", "Ohh")) for seed in range(20))


@pytest.mark.parametrize(
    "text",
    [
        "no no nooo never",
        "so that, so far, and so is he",
        "by the way, all the way",
        "as long as he longs for it, for good",
        "not so good, isn't really funny, never boring",
        "quite good, fairly slow, a bit dull, kind of sad",
        "the very first, that very day",
        "a love story, so-called",
    ],
)
def test_other_senses_negated_and_weakened_words_stay(text):
    assert {run(text, seed=seed) for seed in range(5)} == {text}


def test_the_words_that_people_lengthen_most_come_first():
    text = " ".join(["so good, weird, creepy, lovely, awesome, terrible; "] * 50)
    edits = perturb([text], "elongation:rate=0.05")[0].edits
    often = sum(text[edit.start : edit.end].startswith("so") for edit in edits)
    assert often > len(edits) / 3


@pytest.mark.parametrize("longest", [2, 13])
def test_a_longest_run_out_of_bounds_is_refused(longest):
    with pytest.raises(SpecError, match=f"expected longest from 3 to 12, got {longest}"):
        Elongation(longest=longest)

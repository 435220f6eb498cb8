"""Constraints for which a model scores the changed text: by stand-ins that count letters."""

from __future__ import annotations

import difflib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustft.errors import SpecError
from robustft.testing import stand_in
from robustft.transform import Status, perturb
from robustft.transform.constraints import constraints_from
from robustft.transform.scored import MaxPerplexityRatio, MinSimilarity, differing

TOYS = f"{Path(__file__).parent / 'toys.py'}"
CHAINS = (
    f"{TOYS}:Shout:rate=1.0,mark=!",
    f"{TOYS}:Moody:rate=0.7,{TOYS}:MoodyBatch:rate=0.5",
    "typos:rate=0.4,synonyms:rate=0.5,contractions:rate=1.0",
)
SENTENCES = (
    "The movie was very dull.", "It isn't so good!", "I do not like this.", "OK.", "A great film?",
)  # fmt: skip
TEXTS = st.lists(st.lists(st.sampled_from(SENTENCES), max_size=4).map(" ".join), max_size=4)


def alike(originals, changed):
    pairs = zip(originals, changed, strict=True)
    return np.array([difflib.SequenceMatcher(None, a, b).ratio() for a, b in pairs], np.float64)


def stranger(originals, changed):
    return 1 + 3 * (1 - alike(originals, changed))


@settings(max_examples=40)
@given(TEXTS, st.sampled_from(CHAINS), st.floats(0, 1), st.sampled_from(["sentences", "text"]))
def test_no_text_is_less_similar_than_asked(texts, chain, minimum, of):
    constraint = MinSimilarity(minimum=minimum, scorer=alike, of=of)
    for row in perturb(texts, chain, constraints=[constraint]):
        parts = differing(row.original, row.text) if of == "sentences" else [row[2:4]]
        assert all(alike([a], [b])[0] > minimum - 1e-4 for a, b in parts)


@settings(max_examples=40)
@given(TEXTS, st.sampled_from(CHAINS), st.floats(1, 3))
def test_no_text_is_less_fluent_than_asked(texts, chain, maximum):
    constraint = MaxPerplexityRatio(maximum=maximum, scorer=stranger)
    for row in perturb(texts, chain, constraints=[constraint]):
        parts = differing(row.original, row.text)
        assert all(stranger([a], [b])[0] < maximum + 1e-4 for a, b in parts)


@settings(max_examples=20)
@given(TEXTS, st.sampled_from(CHAINS))
def test_bounds_that_everything_meets_change_nothing(texts, chain):
    bounds = [
        MinSimilarity(minimum=-1, scorer=alike),
        MaxPerplexityRatio(maximum=99, scorer=stranger),
    ]
    assert list(perturb(texts, chain, constraints=bounds)) == list(perturb(texts, chain))


def test_only_sentences_that_differ_are_compared_and_each_pair_once():
    seen = []

    def scorer(originals, changed):
        seen.append(list(zip(originals, changed, strict=True)))
        return np.ones(len(originals))

    texts = ["One is 1. A dull end.", "A dull end."]
    made = perturb(
        texts, f"{TOYS}:Shout:rate=1.0", constraints=[MinSimilarity(minimum=0, scorer=scorer)]
    )
    assert made.texts == ["ONE IS 1. A DULL END.", "A DULL END."]
    assert seen == [[("One is 1.", "ONE IS 1."), ("A dull end.", "A DULL END.")]]


@pytest.mark.parametrize(
    ("before", "after", "pairs"),
    [
        ("We sat. It was.", "We sat. It was.", []),
        ("We sat. It was.", "We ate. Is it?", [("We sat.", "We ate."), ("It was.", "Is it?")]),
        (
            "We sat. They ate. It was.",
            "We sat, they ate. It was.",
            [("We sat. They ate.", "We sat, they ate.")],
        ),
        (
            "We sat. It was.",
            "We sat. New here. It was.",
            [("We sat. It was.", "We sat. New here. It was.")],
        ),
    ],
)
def test_what_differs_is_found_by_sentences(before, after, pairs):
    assert differing(before, after) == pairs


def test_reasons_count_and_models_come_from_providers():
    calls = []

    def provider(model, *, device):
        calls.append((model, device))
        return alike

    constraint = MinSimilarity(minimum=0.9, model="folder", device="cpu")
    with stand_in("similarity", provider):
        made = perturb(["plain words here"] * 3, f"{TOYS}:Shout:rate=1.0", constraints=[constraint])
    assert calls == [("folder", "cpu")]
    assert made.skips == {"shout: similarity under 0.9": 9}
    assert {row.reason for row in made} == {"similarity under 0.9"}
    assert set(made.status) == {Status.UNCHANGED}


def test_they_are_written_as_plain_values():
    constraint = MinSimilarity(minimum=0.5, model="folder", device="cpu", of="text")
    plain = {"name": "min_similarity", "minimum": 0.5, "model": "folder", "of": "text"}
    assert constraint.to_dict() == plain
    assert constraints_from([plain]) == [constraint]
    passed = MaxPerplexityRatio(maximum=2, scorer=stranger).to_dict()
    assert passed == {"name": "max_perplexity_ratio", "maximum": 2, "scorer": "builtins.function"}
    with pytest.raises(SpecError, match="expected its scorer to be passed in, got its name"):
        constraints_from([passed])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MinSimilarity(minimum=0.5), "min_similarity: expected a model"),
        (lambda: MinSimilarity(minimum=2, scorer=alike), "a minimum from -1 to 1, got 2"),
        (lambda: MinSimilarity(minimum=0, scorer=alike, of="words"), "of=text, got 'words'"),
        (lambda: MaxPerplexityRatio(maximum=0, model="m"), "a maximum above 0, got 0"),
    ],
)
def test_settings_that_cannot_be_say_so(make, message):
    with pytest.raises(SpecError, match=message):
        make()

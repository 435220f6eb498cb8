"""Inflection: forms are sound, errors are of their kind, what is unclear stays."""

from __future__ import annotations

import pytest
from robustft_transforms._inflected import plural_of, singular_of, verbs
from robustft_transforms._inflection_errors import _pairs
from robustft_transforms._lexicons import load_words
from robustft_transforms.inflection import Inflection

from robustft.errors import SpecError
from robustft.transform import perturb


def run(text: str, settings: str = "rate=1.0", seed: int = 0) -> str:
    return perturb([text], f"inflection:{settings}", seed=seed)[0].text


def test_the_forms_of_verbs_are_words_and_the_pasts_by_rule_are_none():
    words = load_words()
    # Younger than WordNet 3.0, or missing there in the past.
    missing = {"dare", "rewatch", "showcase"}
    assert len(verbs()) > 400
    for verb in verbs():
        assert verb.base in missing or set(verb[:4]) <= words, verb
        assert verb.by_rule not in words, verb


def test_wrong_plurals_look_like_plurals():
    for name in ("mass nouns", "irregular plurals"):
        pairs = _pairs(name)
        assert len(pairs) > 20
        assert all(made.endswith("s") for many in pairs.values() for made in many.split("/"))
        assert not [word for word, many in pairs.items() if word in many.split("/")]


@pytest.mark.parametrize(
    ("one", "many"),
    [("movie", "movies"), ("story", "stories"), ("class", "classes"), ("day", "days")],
)
def test_regular_plurals(one, many):
    assert plural_of(one) == many
    assert singular_of(many) == one


@pytest.mark.parametrize("word", ["series", "this", "news", "famous", "glass", "always", "is"])
def test_what_only_looks_like_a_plural_has_no_singular(word):
    assert not singular_of(word)


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("agreement", "He go home, and she thought that two films were better."),
        ("number", "He goes home, and she thought that two film were better."),
        ("tense", "He goes home, and she thinked that two films were better."),
        ("degree", "He goes home, and she thought that two films were more better."),
    ],
)
def test_kinds_are_kept_apart(kind, made):
    text = "He goes home, and she thought that two films were better."
    assert run(text, f"rate=1.0,kind={kind}") == made


def test_negation_stays():
    text = (
        "He doesn't go, they aren't here, she did not like it, and nobody has never seen no film."
    )
    for seed in range(10):
        made = run(text, seed=seed)
        for negator in ("doesn't", "aren't", "not", "nobody", "never", "no"):
            assert negator in made


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("The two sides met.", "nothing eligible"),
        ("You know best.", "nothing before it shows how it is inflected"),
        ("She gOes home", "mixed case"),
    ],
)
def test_doubt_is_a_reason(text, reason):
    row = perturb([text], "inflection:rate=1.0,kind=agreement")[0]
    assert row.text == text
    assert row.reason == reason


def test_an_unknown_kind_is_refused():
    with pytest.raises(SpecError, match="expected kind to be one of all, agreement, number, tense"):
        Inflection(kind="verbs")

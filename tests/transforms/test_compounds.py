"""Compounds: the list is sound, the kinds are kept apart, chance neighbours stay."""

from __future__ import annotations

import pytest
from robustft_transforms._compound_forms import forms_of
from robustft_transforms._lexicons import load_words
from robustft_transforms.compounds import Compounds

from robustft.errors import SpecError
from robustft.text import Batch
from robustft.transform import perturb


def run(text: str, settings: str = "rate=1.0", seed: int = 0) -> str:
    return perturb([text], f"compounds:{settings}", seed=seed)[0].text


def test_the_list_is_long_and_its_closed_forms_are_mostly_in_the_dictionary():
    table = forms_of("all")
    assert len(table) > 900
    closed = [form for form in table if form.isalpha()]
    # WordNet lacks recent words (filmmaking, smartphone) and some function words (himself).
    assert sum(form in load_words() for form in closed) > 0.8 * len(closed)


def test_no_form_stands_for_itself_and_no_negator_is_on_the_list():
    for form, compound in forms_of("all").items():
        made = {*compound.right, *compound.wrong}
        assert form not in made
        assert not {"no", "not", "never", "nothing", "nobody", "cannot"} & set(form.split())


def test_kinds_are_kept_apart():
    text = "A website has a soundtrack."
    assert run(text, "rate=1.0,kind=variants") in (
        "A web site has a soundtrack.",
        "A web-site has a soundtrack.",
    )
    assert run(text, "rate=1.0,kind=errors") == "A website has a sound track."


def test_all_variants_are_drawn_in_time():
    made = {run("A filmmaker.", "rate=1.0,kind=variants", seed) for seed in range(20)}
    assert made == {"A film maker.", "A film-maker."}


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("Anymore", "Any more"),
        ("ANYMORE", "ANY MORE"),
        ("Well-being", "Well being"),
        ("a film\u2010maker", "a filmmaker"),
    ],
)
def test_case_follows(text, made):
    assert made in {run(text, "rate=1.0,kind=variants", seed) for seed in range(8)}


@pytest.mark.parametrize(
    "text",
    [
        "film\nmaker",
        "film  maker",
        "film, maker",
        "Film Maker",
        "fiLm maker",
        "a film maker-turned-critic",
        "<web site>",
        "The gas may be not cheap.",
        "They are made up to look old.",
        "You are being good looking after her.",
    ],
)
def test_what_is_no_compound_stays(text):
    assert run(text) == text


def test_longer_compounds_are_found_whole():
    assert run("a run of the mill thriller") == "a run-of-the-mill thriller"
    units = Compounds().units(Batch(["over-the-top", "over the top", "over the moon"]))
    assert units.end.tolist() == [12, 25]


def test_frequent_words_are_spared():
    """Of a frequent word and a rarer one, the rarer is nearly always drawn."""
    text = "Then he walked into the room with a soundtrack in his head all day long, it seems."
    made = [run(text, "rate=0.06,kind=errors", seed) for seed in range(60)]
    assert sum("sound track" in m for m in made) > 4 * sum("in to" in m for m in made)


def test_an_unknown_kind_is_refused():
    with pytest.raises(SpecError, match="expected kind to be one of variants, errors, all"):
        Compounds(kind="both")

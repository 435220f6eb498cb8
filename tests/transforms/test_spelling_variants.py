"""Spelling variants: the lists are sound, settings choose the direction, kin change together."""

from __future__ import annotations

import pytest
from robustft_transforms._lexicons import load_words
from robustft_transforms.spelling_variants import SpellingVariants, _table

from robustft.errors import SpecError
from robustft.transform import perturb


def run(text: str, settings: str = "rate=1.0", seed: int = 0) -> str:
    return perturb([text], f"spelling_variants:{settings}", seed=seed)[0].text


def test_the_lists_are_long_and_no_form_goes_both_ways():
    uk, us = _table("uk"), _table("us")
    assert len(uk) > 1500
    assert len(us) > 1500
    assert not set(uk) & set(us)
    assert not [form for form, variant in {**uk, **us}.items() if form == variant.made]


def test_what_the_rules_make_of_a_dictionary_word_is_one_where_the_dictionary_has_its_kin():
    """Rules make forms that no text has; a known stem must give known words in both spellings."""
    words = load_words()
    for to in ("uk", "us"):
        table = _table(to)
        known = [form for form in table if form in words]
        assert len(known) > 1000
        # WordNet holds most words in both spellings; some only in one, where no other is English.
        strange = [form for form in known if table[form].made not in words]
        assert len(strange) < 0.2 * len(known), strange


@pytest.mark.parametrize(
    "word",
    "size prize seize capsize advise surprise exercise promise wise rise four hour tour our your "
    "pour flour contour acre massacre ogre mediocre fence sentence since controlled called "
    "rebelled actor doctor mirror terror error humorous glamorous rigorous laborious honorary "
    "inquire jail medieval disc disk analyses vice".split(),
)
def test_look_alikes_are_on_no_list(word):
    assert word not in _table("other")


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("Color, color, COLOR and color's", "Colour, colour, COLOUR and colour's"),
        ("Organised, organising; an organiser’s", "Organized, organizing; an organizer’s"),
        ("cancelled, modelling, a traveller", "canceled, modeling, a traveler"),
        ("centred, centring, centres", "centered, centering, centers"),
        ("paralysed and analysing", "paralyzed and analyzing"),
    ],
)
def test_case_and_inflection_follow(text, made):
    assert run(text) == made


def test_the_direction_is_a_setting():
    text = "The colour of honor"
    assert run(text, "rate=1.0,to=uk") == "The colour of honour"
    assert run(text, "rate=1.0,to=us") == "The color of honor"
    assert run(text) == "The color of honour"


def test_all_mentions_of_a_word_change_together():
    text = "A colour film. The colours glow, Color is all, and (colourful) it is; Mr Colour agrees."
    row = perturb([text], "spelling_variants:rate=0.1,to=us", seed=0)[0]
    assert len(row.edits) == 3
    assert row.text == text.replace("colour", "color")


def test_a_protected_mention_does_not_hold_the_others_back():
    text = "A theatre review: http://theatre.uk/theatre has it, and my theatre too."
    assert run(text, "rate=0.1,to=us").count("theater") == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Please check the meter.", "sense not shown"),
        ("He reads of dorian gray.", "another sense or a name"),
        ("Harbor of Rage is a thriller.", "may belong to a name"),
        ("A coLour.", "mixed case"),
    ],
)
def test_doubt_is_a_reason(text, reason):
    row = perturb([text], "spelling_variants:rate=1.0")[0]
    assert row.text == text
    assert row.reason == reason


def test_an_unknown_variety_is_refused():
    with pytest.raises(SpecError, match="expected to to be one of uk, us, other, got 'gb'"):
        SpellingVariants(to="gb")

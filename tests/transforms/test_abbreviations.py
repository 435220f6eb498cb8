"""Abbreviations: the table is sound, case and stops follow, and names and verbs stay."""

from __future__ import annotations

import pytest
from robustft_transforms._abbreviating import _lines, entries
from robustft_transforms._articles import takes_an
from robustft_transforms.abbreviations import Abbreviations

from robustft.errors import SpecError
from robustft.text.protect import NEGATORS
from robustft.transform import LabelKind, perturb

PARTS = ("standard", "chat", "titles")


def run(text: str, settings: str = "", seed: int = 0) -> str:
    return perturb([text], f"abbreviations:rate=1.0{settings}", seed=seed)[0].text


def test_what_is_written_out_means_one_thing():
    clear = [short for part in PARTS for _, _, known, _ in _lines(part) for short in known]
    assert len(clear) > 80
    assert len(set(clear)) == len(clear)


def test_no_article_needs_to_follow():
    # Read aloud, an abbreviation is its full form; what is read as written must begin as that.
    for part in PARTS:
        for full, shorts, _, _ in _lines(part):
            spoken = [s for s in shorts if s.isalpha() and s.islower() and len(s) > 3]
            assert all(takes_an(full) == takes_an(short) for short in spoken)


def test_no_form_negates():
    for part in PARTS:
        for full, shorts, _, _ in _lines(part):
            assert not [w for form in (full, *shorts) for w in form.split() if w in NEGATORS]


@pytest.mark.parametrize("part", PARTS)
def test_what_is_shortened_can_be_written_out_again(part):
    long = entries(part, "expand")
    for full, shorts, known, _ in _lines(part):
        for short in shorts:
            if short in known:
                key = short if part == "titles" else short.lower()
                assert long[key].made == (full,)


@pytest.mark.parametrize(
    ("text", "settings", "made"),
    [
        ("More information, please.", ",mode=shorten,style=standard", "More info, please."),
        ("He works in a department.", ",mode=shorten", "He works in a dept."),
        ("A department, no less.", ",mode=shorten", "A dept., no less."),
        ("He works in a dept.", ",mode=expand", "He works in a department."),
        ("A dept. of fools.", ",mode=expand", "A department of fools."),
        ("I asked Doctor Smith.", "", "I asked Dr. Smith."),
        ("I asked Dr Smith, the doctor.", "", "I asked Doctor Smith, the doctor."),
        ("On TV or on tv.", "", "On television or on television."),
        ("TV is dead. OK, so be it.", "", "Television is dead. Okay, so be it."),
        ("BTW, it is IMO good.", "", "By the way, it is in my opinion good."),
        ("By the way, it is fine.", ",mode=shorten", "BTW, it is fine."),
        ("r u there? u r late", "", "are you there? you are late"),
        ("In films (e.g. this one).", ",style=standard", "In films (for example, this one)."),
        ("In films (e.g., this one).", ",style=standard", "In films (for example, this one)."),
        ("In one (i.e. the first).", ",style=standard", "In one (that is, the first)."),
        ("It is good vs. evil.", "", "It is good versus evil."),
        ("GREAT PEOPLE", ",mode=shorten", "GR8 PPL"),
        ("People came.", ",mode=shorten", "Ppl came."),
        ("it’s for what it’s worth", ",mode=shorten", "it’s fwiw"),
    ],
)
def test_case_and_stops_follow(text, settings, made):
    assert run(text, settings) == made


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Doctor Who met General Motors.", "part of a name"),
        ("He was a Doctor of law.", "no name follows"),
        ("I saw Mulholland Dr. Again and again.", "part of a longer name"),
        ("They photograph it.", "may be a verb"),
        ("He tried to please her.", "may be a verb"),
        ("Alien vs. Predator is it.", "may belong to a name"),
        ("He saw MSG and THX.", "may belong to a name"),
        ("Made in 300 bc, my cuz.", "may be another word"),
        ("A great-grandmother and a u-turn.", "part of a longer form"),
        ("An exam room has a lab coat.", "before another noun"),
        ("He joined the govt. The rest left.", "an abbreviation or the end of a sentence"),
        ("A serious examination of guilt.", "may be another word"),
        ("That is good, for example.", "no aside"),
    ],
)
def test_what_stays_is_said(text, reason):
    result = perturb([text], "abbreviations:rate=1.0")
    assert result[0].text == text or "exam" in text
    assert f"abbreviations: {reason}" in result.skips


def test_styles_and_modes_part_the_table():
    text = "You need information; u need info from Doctor Smith."
    assert run(text, ",style=chat,mode=shorten") == (
        "U need information; u need info from Doctor Smith."
    )
    assert run(text, ",style=standard,mode=shorten") == (
        "You need info; u need info from Dr. Smith."
    )
    assert run(text, ",mode=expand") == (
        "You need information; you need information from Doctor Smith."
    )


def test_several_short_forms_are_drawn():
    made = {run("because", ",mode=shorten", seed) for seed in range(40)}
    assert made == {"bc", "cuz", "coz", "b/c"}


def test_facts():
    assert LabelKind.ACCEPTABILITY not in Abbreviations.preserves


def test_an_unknown_style_is_named_with_the_nearest():
    with pytest.raises(SpecError, match=r"expected style to be one of chat, .*mean 'standard'"):
        Abbreviations(style="standart")

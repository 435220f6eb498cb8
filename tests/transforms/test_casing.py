"""Letter case: what each mode changes."""

from __future__ import annotations

import pytest
from robustft_transforms.casing import Casing

from robustft.errors import SpecError
from robustft.transform import LabelKind, perturb


def run(text: str, mode: str = "sloppy", rate: float = 1.0) -> str:
    return perturb([text], f"casing:mode={mode},rate={rate}")[0].text


@pytest.mark.parametrize(
    ("mode", "text", "made"),
    [
        ("sloppy", "The plot is very good, but I left.", "the plot is VERY GOOD, but i left."),
        ("sloppy", "I've met John in Paris.", "i've met john in paris."),
        ("sloppy", "NASA, McDonald, plan B", "NASA, McDonald, plan B"),
        ("sloppy", "never say it is not", "NEVER say it is NOT"),
        ("lower", "NASA and McDonald didn't", "nasa and mcdonald didn't"),
        ("upper", "It's not ok", "IT'S NOT OK"),
        ("title", "o'brien isn't in", "O'brien Isn't In"),
        ("swap", "Caps lock", "cAPS LOCK"),
    ],
)
def test_modes(mode, text, made):
    assert run(text, mode) == made


def test_words_whose_length_would_change_are_left():
    assert run("straße ﬁnd ok", "upper") == "straße ﬁnd OK"


def test_addresses_tags_and_placeholders_stay():
    text = "<B>x</B> https://A.com/B User@Example.com #Fail @Bob [Name]"
    assert run(text, "lower") == text


def test_rate_is_a_share_of_the_words():
    assert (
        sum(
            w.isupper()
            for w in run("half of these ten words go to upper case now", "upper", 0.5).split()
        )
        == 5
    )


def test_letter_case_keeps_every_label():
    assert Casing.preserves == frozenset(LabelKind)


def test_an_unknown_mode_is_named_with_the_nearest():
    with pytest.raises(SpecError, match=r"expected mode to be one of sloppy.*did you mean 'upper'"):
        Casing(mode="uper")

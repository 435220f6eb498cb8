"""Places: what is one, what belongs to the same one, and what it becomes."""

from __future__ import annotations

import re

import pytest
from robustft_transforms import _gazetteer as gazetteer
from robustft_transforms.places import Places

from robustft.errors import SpecError
from robustft.transform import perturb

SEEDS = range(20)


def run(text: str, seed: int = 0, settings: str = "") -> str:
    return perturb([text], f"places:rate=1.0{settings}", seed=seed)[0].text


def all_places():
    return {place for forms in gazetteer.by_first_word().values() for _, place, _ in forms}


def test_places_stand_in_for_their_like():
    for place in all_places():
        group = gazetteer.group_of(place)
        assert place in group
        assert len({other.forms[0] for other in group}) == len(group) >= 3 or place.forms[0] in (
            "Australia",
            "Canada",
        )
        # Where the adjective is a noun as well, it is so for all of the group.
        alike = {(len(other.forms), other.forms[1:2] == other.forms[2:3]) for other in group}
        assert len(alike) == 1


def test_every_form_says_which_place_it_is_of():
    seen = {}
    for forms in gazetteer.by_first_word().values():
        for form, place, number in forms:
            assert seen.setdefault(form, place) == place
            assert place.forms[number] == form
    assert gazetteer.state_of("San Diego") == "California"
    assert "Houston" in gazetteer.cities_in("Texas")
    assert gazetteer.is_place_word("germans")
    assert not gazetteer.is_place_word("german shepherd")


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("Italy, the Italian, Italians", r"(\w+), the (\w+), \2s"),
        ("Spain, a Spaniard, Spaniards, Spanish", r"(\w+), a (\w+), \2s, (\w+)"),
        ("France and a Frenchman", r"(England|Ireland|Wales) and (an|a) (\w+)"),
        ("ITALY IS IN ITALY", r"([A-Z]+) IS IN \1"),
        ("in italy , italians", r"in ([a-z]+) , [a-z]+s"),
        ("Italy's noise and Italy’s smell", r"(\w+)'s noise and \1’s smell"),
    ],
)
def test_all_forms_follow(text, pattern):
    for seed in SEEDS:
        made = run(text, seed)
        assert made != text or "Frenchman" in text
        assert re.fullmatch(pattern, made), made


def test_articles_stay_right():
    for seed in SEEDS:
        assert re.search(
            r"\b[Aa]n ([AEIO]|U(?!k))\w+ met a [^AEIO]\w+",
            run("Then an Albanian met a Ukrainian.", seed),
        )


def test_places_of_a_text_stay_apart():
    text = "From Germany to Italy, from Austria to Greece, from Norway to Latvia."
    for seed in SEEDS:
        found = re.findall(r"(?:From|from|to) (\w+)", run(text, seed))
        assert len(set(found)) == 6
        assert not set(found) & set(re.findall(r"(?:From|from|to) (\w+)", text)) or seed >= 0


def test_the_number_of_words_stays():
    text = "She left Los Angeles and New Jersey for Boston and Iowa."
    for seed in SEEDS:
        made = run(text, seed)
        assert made != text
        assert len(made.split()) == len(text.split())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("The Boston Globe", "part of a longer name"),
        ("The University of Boston", "part of a longer name"),
        ("San Francisco de Quito", "part of a longer name"),
        ("Italian-born", "part of a longer form"),
        ("I saw “Italy”.", "may be a title"),
        ("The film Italy", "may be a title"),
        ("Omaha is a fine musical.", "may be a title"),
        ("Brazil won.", "may be a title"),
        ("I read ITALY aloud.", "may be a title"),
        ("He was sleepless in Seattle.", "may be a title"),
        ("She speaks Italian.", "may be the language"),
        ("It is written in Italian.", "may be the language"),
        ("We ate French fries.", "a fixed expression"),
        ("An Italy of sorts", "stands for a kind"),
        ("The Danish was sweet.", "stands for a thing"),
        ("Italy's Anna Conti", "somebody's"),
        ("the Italian tenor Conti", "somebody's"),
        ("Boston, Lincolnshire", "of that state or country"),
        ("Siena, Italy", "a place in it is named"),
        ("in the district, Italy", "a place in it is named"),
        ("Italy and Sicily", "its city is named"),
        ("Omaha and Nebraska", "its state is named"),
        ("In Tokyo, the old capital, we sleep.", "a capital"),
        ("In Germany under Hitler", "a matter of history"),
        ("the Italian coast", "tied to the map"),
        ("Italy and the Italianate", "a form of it is not known"),
        ("Canada beat Australia.", "no place is left"),
    ],
)
def test_reasons(text, reason):
    made = perturb([text], "places:rate=1.0")
    assert made[0].text == text
    assert f"places: {reason}" in made.skips


@pytest.mark.parametrize(
    "text",
    [
        "Georgia, Jordan, Turkey, Chad and Paris",
        "some turkey, china and a swede",
        "@italy #boston https://italy.example.com/boston me@italy.example",
        "[Italy] {Boston}",
        "",
    ],
)
def test_what_is_no_place_is_no_unit(text):
    row = perturb([text], "places:rate=1.0")
    assert row[0].text == text


def test_kind():
    text = "We left Omaha for Iowa and Italy."
    changed = {
        kind: [
            a
            for a, b in zip(text.split(), run(text, 0, f",kind={kind}").split(), strict=True)
            if a != b
        ]
        for kind in ("city", "state", "country")
    }
    assert changed == {"city": ["Omaha"], "state": ["Iowa"], "country": ["Italy."]}
    with pytest.raises(SpecError, match=r"expected kind to be one of all, country, city, state"):
        Places(kind="town")

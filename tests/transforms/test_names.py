"""Names: who is a person, what belongs to the same one, and what is put in."""

from __future__ import annotations

import re

import pytest
from robustft_transforms import _known_names as known
from robustft_transforms._people import find_people
from robustft_transforms.names import Names

from robustft.errors import SpecError
from robustft.transform import perturb

SEEDS = range(20)


def run(text: str, seed: int = 0, settings: str = "") -> str:
    return perturb([text], f"names:rate=1.0{settings}", seed=seed)[0].text


def mentions(text: str) -> list[tuple[list[str], str]]:
    return [
        ([text[m.start : m.end] for m in person.mentions], person.reason)
        for person in find_people(text)
    ]


def test_what_is_put_in_is_surely_a_name_of_its_kind():
    for role in ("female", "male", "either"):
        names = known.pool(role)
        assert len(set(names)) == len(names)
        assert {known.gender(name.lower()) for name in names} == {role}
        assert not [name for name in names if known.is_place_word(name.lower())]
        if role != "either":
            assert len(names) > 80
            assert not [n for n in names if not known.is_sure(n.lower(), begins=True, alone=False)]
    surnames = known.pool("last")
    assert len(set(surnames)) == len(surnames) > 120
    plain = [name for name in surnames if "'" not in name]
    assert not [name for name in plain if known.is_word(name.lower())]
    assert not [name for name in plain if known.is_place_word(name.lower())]


def test_lists_are_written_as_they_are_read():
    assert not [line for line in known.lines_of("names.txt", "pairs") if len(line.split()) != 2]
    assert "bob" in known.short_forms("robert")
    assert "robert" in known.short_forms("bob")
    assert not [name for name in known.names_list("titles before a name") if name != name.lower()]


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("Tom Olsen met Tom.", [(["Tom", "Olsen", "Tom"], "")]),
        ("Tom Olsen and Ann Olsen", [(["Tom", "Olsen", "Ann", "Olsen"], "")]),
        ("Mr. Olsen met Dr. Jensen.", [(["Olsen"], ""), (["Jensen"], "")]),
        ("Tom Olsen, T. Olsen and Mr. Olsen", [(["Tom", "Olsen", "T.", "Olsen", "Olsen"], "")]),
        ("Tom Olsen, U. Olsen", [(["Tom", "Olsen", "U.", "Olsen"], "initials in doubt")]),
        ("Tom de Luca said so.", [(["Tom", "Luca"], "")]),
        ("Ann Mary Olsen said so.", [(["Ann", "Olsen"], "")]),
        ("When Ann came, we left.", [(["Ann"], "")]),
        ("He said Olsen knew.", []),
        ("Tom Olsen's Olsenesque", [(["Tom", "Olsen"], "")]),
        ("Tom Olsen met the Olsens.", [(["Tom", "Olsen"], "in the plural")]),
        ("Ann left Ann Tower Hall", [(["Ann", "Ann"], "part of a longer name")]),
        ("Young Tom Brown. Brown left.", [(["Tom", "Brown", "Brown"], "may be a word")]),
        ("Woody Allen; Allen Smith", [(["Allen", "Allen", "Smith"], "part of a longer name")]),
        ("Ann met Princess Ann.", [(["Ann", "Ann"], "royal or holy")]),
        (
            "Hurricane season: Karen and Ann",
            [(["Karen"], "may be a storm"), (["Ann"], "may be a storm")],
        ),
        ("", []),
    ],
)
def test_people(text, people):
    assert mentions(text) == people


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('"Annie Olsen" is a film.', "may be a title"),
        ("The film Karen Olsen won.", "may be a title"),
        ("Karen Olsen (1999) won.", "may be a title"),
        ("We saw Karen's Secret Garden.", "may be a title"),
        ("A Karen Olsen she is not.", "stands for a kind"),
        ("She acts like Karen Olsen.", "stands for a kind"),
        ("the Karen of the town", "stands for a kind"),
        ("Karen Olsen-like", "part of a longer form"),
        ("Olsen & Karen Olsen", "part of a longer form"),
        ("Ann of Green Gables", "part of a longer name"),
        ("Karen the Great", "part of a longer name"),
        ("John Deere rose.", "a title or fixed name"),
        ("Ms. Marple and Mr. Bean", "a title or fixed name"),
        ("Harold and Maude", "a famous pair"),
        ("Robert met Bobby.", "a short form may be meant"),
    ],
)
def test_reasons(text, reason):
    row = perturb([text], "names:rate=1.0")[0]
    assert (row.text, row.reason) == (text, reason)


def test_gender_article_and_apostrophe_are_kept():
    text = "An Adam Olsen fan met James' wife Susan Ellis' friend, Karen Dunn's aunt."
    for seed in SEEDS:
        made = run(text, seed)
        found = re.fullmatch(
            r"An ([AEIOU]\w+) (\S+) fan met (\w+s)' wife (\w+) (\w+s)' friend, "
            r"(\w+) (\S+[^s])'s aunt\.",
            made,
        )
        assert found, made
        assert {known.gender(found[n].lower()) for n in (1, 3)} == {"male"}
        assert {known.gender(found[n].lower()) for n in (4, 6)} == {"female"}


def test_persons_of_a_text_get_names_of_their_own():
    text = " ".join(
        f"{name} Olsen{ending} left."
        for name, ending in zip(
            ("Karen", "Susan", "Linda", "Nancy", "Betty", "Helen"),
            ("berg", "dorf", "heim", "stad", "bach", "feld"),
            strict=True,
        )
    )
    for seed in SEEDS:
        words = re.findall(r"(\S+) (\S+) left", run(text, seed))
        assert len({first for first, _ in words}) == len({last for _, last in words}) == 6


def test_words_keep_their_number_and_case():
    text = "KAREN OLSEN, Karen Olsen and karen met Peter van Houten."
    for seed in SEEDS:
        made = run(text, seed)
        first, last = re.match(r"(\S+) (\S+),", made).groups()
        assert made.split()[2:5] == [
            first.title(),
            last.title().replace("Mcc", "McC").replace("Mck", "McK"),
            "and",
        ]
        assert made.split()[5] == first.lower()
        assert len(made.split()) == len(text.split())


def test_part():
    text = "Karen Olsen and Karen left Olsen."
    assert re.fullmatch(r"(\w+) Olsen and \1 left Olsen\.", run(text, settings=",part=first"))
    assert re.fullmatch(r"Karen (\S+) and Karen left \1\.", run(text, settings=",part=last"))
    with pytest.raises(SpecError, match=r"expected part to be one of both, first, last"):
        Names(part="surname")


def test_a_protected_mention_keeps_all():
    text = "Karen Olsen left. Karen knew."
    kept = perturb([text], "names:rate=1.0", protect=[[(18, 23)]])[0]
    assert (kept.text, kept.reason) == (text, "protected span")


def test_a_name_among_many_and_long_texts():
    text = "Karen Olsen met Peter. " * 3_000
    assert len(run(text).split()) == len(text.split())
    assert "Karen" not in run(text)

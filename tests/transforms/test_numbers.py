"""Numbers: values never change, and what is no count stays."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from robustft_transforms._number_forms import find, parse, ways, write
from robustft_transforms._numerals import (
    CARDINALS,
    ORDINALS,
    SCALES,
    cardinal,
    grouped,
    ordinal,
    read_cardinal,
    read_ordinal,
    suffixed,
)
from robustft_transforms.numbers import Numbers

from robustft.errors import SpecError
from robustft.text import SpanKind
from robustft.transform import LabelKind, perturb


def run(text: str, mode: str = "both", seed: int = 0) -> str:
    return perturb([text], f"numbers:mode={mode},rate=1.0", seed=seed)[0].text


def why(text: str, mode: str = "both") -> str:
    return perturb([text], f"numbers:mode={mode},rate=1.0")[0].reason


# A reader that shares nothing with the transform but the words themselves.
_VALUES = CARDINALS | ORDINALS
_TOKEN = re.compile(r"\d[\d,]*(?:\.\d+)?|[a-z]+|%")


def values(text: str) -> list[Fraction]:
    """Return the values of all numbers of a text, in order; a percentage is a hundredth."""
    read: list[Fraction] = []
    group, total, active = Fraction(0), Fraction(0), False
    tokens = [*_TOKEN.findall(text.lower()), "."]
    for token, following in zip(tokens, [*tokens[1:], "."], strict=True):
        if token[0].isdigit():
            group, active = Fraction(token.replace(",", "")), True
        elif token in _VALUES and token not in ("a",):
            group, active = group + _VALUES[token], True
        elif token == "hundred":
            group, active = (group or 1) * 100, True
        elif token in SCALES:
            total, group, active = total + (group or 1) * SCALES[token], Fraction(0), True
        elif active and not (token == "and" and (following in _VALUES) and (total or group >= 100)):
            share = token in ("%", "percent") or (token == "per" and following == "cent")
            read.append((total + group) / (100 if share else 1))
            group, total, active = Fraction(0), Fraction(0), False
    return read


_COUNTS = st.one_of(
    st.integers(0, 100),
    st.integers(101, 10_000),
    st.integers(1, 99).map(lambda n: 100 * n),
    st.integers(1, 900).map(lambda n: 1000 * n),
    st.integers(1, 300).map(lambda n: 100_000 * n),
)


def _written(n: int) -> st.SearchStrategy[str]:
    forms = [str(n), grouped(n), cardinal(n)]
    if n >= 10**6 and n % 100_000 == 0:
        forms += [f"{n / 10**6:g} million"]
    return st.sampled_from(forms)


_NUMBERS = st.one_of(
    _COUNTS.flatmap(_written).map(lambda n: f"{n} people"),
    st.tuples(st.integers(0, 100), st.sampled_from(["%", " percent", " per cent"])).flatmap(
        lambda pair: st.sampled_from([str(pair[0]), cardinal(pair[0])]).map(
            lambda n: f"{n}{pair[1] if n[0].isdigit() else ' percent'} of them"
        )
    ),
    st.integers(1, 99).flatmap(
        lambda n: st.sampled_from([f"the {suffixed(n)} time", f"the {ordinal(n)} time"])
    ),
    st.tuples(st.integers(0, 10), st.integers(1, 10)).map(lambda p: f"{p[0]} out of {p[1]}"),
    st.integers(2, 90).map(lambda n: f"a {n}-year-old boy"),
    st.sampled_from(["a hundred men", "two or three days", "one hour", "between 5 and 10 dogs"]),
    st.tuples(_COUNTS, _COUNTS).map(lambda pair: f"between {pair[0]:,} and {pair[1]:,} dogs"),
)
_FILLERS = st.sampled_from(["He saw", "they say that", "and then", "but", "nearly", "with", "We"])


@settings(max_examples=200)
@given(
    parts=st.lists(st.tuples(_FILLERS, _NUMBERS), min_size=1, max_size=5),
    mark=st.sampled_from([" ", ", ", ". ", "; "]),
    mode=st.sampled_from(["digits", "words", "both"]),
    seed=st.integers(0, 50),
)
def test_every_value_is_read_back(parts, mark, mode, seed):
    text = mark.join(f"{filler} {number}" for filler, number in parts) + "."
    assert values(run(text, mode, seed)) == values(text)


@given(_COUNTS.flatmap(_written), st.sampled_from(["", "%", " percent"]))
def test_every_form_has_the_same_value(text, percent):
    number = parse(text + percent)
    for way in ways(number) if number else ():
        made = write(number, way)
        assert not made or values(made + ".") == values(text + percent + ".")


@given(st.integers(0, 10**15 - 1))
def test_cardinals_are_read_back(n):
    assert read_cardinal(cardinal(n)) == n


def test_ordinals_are_read_back():
    assert all(read_ordinal(ordinal(n)) == n for n in range(1, 100))
    assert [suffixed(n) for n in (1, 2, 3, 11, 12, 13, 21, 22, 101, 111)] == (
        "1st 2nd 3rd 11th 12th 13th 21st 22nd 101st 111th".split()
    )


@pytest.mark.parametrize(
    "words",
    ["", "a", "ten six", "hundred", "twenty hundred", "five five", "two thousand thousand", "and"],
)
def test_words_that_make_no_number_are_not_read(words):
    assert read_cardinal(words) is None


@pytest.mark.parametrize("word", ["twenty-tenth", "first-first", "thousandth", ""])
def test_words_that_make_no_ordinal_are_not_read(word):
    assert read_ordinal(word) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("He saw Apollo 13 there.", "a label's number"),
        ("He liked Rocky 4 a lot.", "may belong to a name"),
        ("He liked 12 Angry Men.", "may belong to a name"),
        ("He came in 1995 and left.", "may be a year"),
        ("See chapter 3 for more.", "a label's number"),
        ("He won by 3-1 there.", "joined to what precedes"),
        ("At 5 pm he left.", "a time of day"),
        ("It weighs 5 kg or so.", "a unit in short"),
        ("It costs $5 in all.", "joined to what precedes"),
        ("Add 2 + 3 for me.", "beside a sign"),
        ("It took 2 1/2 hours.", "beside another number"),
        ("It took 1 hour and 30 minutes.", "part of a longer measure"),
        ("1. Begin at once.", "numbers a list"),
        ("He did it (12) as well.", "in brackets by itself"),
        ('They call it "50" there.', "in quotes by itself"),
        ("It has 4.5 stars from 90 users.", "beside a decimal number"),
        ("One man and 5-10 others.", "joined to what precedes"),
        ("Agent 007 has 007 cars.", "a code"),
        ("He saw 1,234 men.", "long in words"),
    ],
)
def test_what_stays_is_said(text, reason):
    result = perturb([text], "numbers:mode=words,rate=1.0")
    assert result[0].text == text
    assert f"numbers: {reason}" in result.skips


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Twelve men died.", "begins a sentence"),
        ("The only one percent that is the one percent.", "an idiom"),
        ("I saw Ocean's Eleven with eleven friends of Seven.", ""),
        ("He said it a hundred times.", "an idiom"),
        ("I, for one party, know that one hour.", "one: a number or a pronoun"),
        ("Two men met three boys.", "beside a number that stays"),
        ("They knew the seven dwarfs.", "an idiom"),
        ("The five of them left.", "counts nothing"),
        ("He has 3 dogs.", "in digits already"),
    ],
)
def test_words_that_stay_are_said(text, reason):
    result = perturb([text], "numbers:mode=digits,rate=1.0")
    if reason:
        assert f"numbers: {reason}" in result.skips
    assert "Ocean's Eleven" in result[0].text or "Ocean" not in text


def test_the_numbers_of_a_sentence_go_together():
    text = "They saw 3 men and 4 women. He met 5 boys and 250 girls."
    changed = perturb([text], "numbers:mode=words,rate=0.1", seed=1)[0].text
    assert ("three" in changed) == ("four" in changed)
    assert run(text) == ("They saw three men and four women. He met five boys and 250 girls.")


def test_a_sentence_begins_with_a_capital_unless_its_writer_has_none():
    assert run("12 men died.") == "Twelve men died."
    assert run("12 men died .") == "twelve men died ."
    assert run("so. 12 men died. then 3 dogs") == "so. twelve men died. then three dogs"


def test_a_table_of_numbers_stays():
    text = "So " + ", ".join(f"he saw {n} men" for n in range(2, 40))
    assert run(text) == text
    assert why(text) == "one of many numbers"


def test_a_long_text_of_numbers_is_no_trouble():
    text = "12 men " * 2_000
    assert values(run(text)[:70]) == values(text[:70])


def test_find_knows_where_a_number_ends():
    text = "two hundred and five of 1,200.5"
    found = [text[start:end] for start, end in find(text, 0, len(text))]
    assert found == ["two hundred and five of 1,200.5"]


def test_facts():
    assert Numbers.opens == {SpanKind.NUMBER}
    assert LabelKind.QUANTITY in Numbers.preserves


def test_an_unknown_mode_is_named_with_the_nearest():
    with pytest.raises(SpecError, match="expected mode to be one of digits, words, both, got 'd"):
        Numbers(mode="digit")

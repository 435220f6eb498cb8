"""Dates: the day is the same afterwards, and what is no date stays."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from robustft_transforms._date_forms import DATES, parse
from robustft_transforms.dates import Dates

from robustft.errors import SpecError
from robustft.text import SpanKind
from robustft.transform import LabelKind, perturb

STYLES = ["any", "day-first", "month-first", "ordinal", "plain", "short", "long", "iso"]


def run(text: str, settings: str = "", seed: int = 0) -> str:
    return perturb([text], f"dates:rate=1.0{settings}", seed=seed)[0].text


def why(text: str, settings: str = "") -> str:
    return perturb([text], f"dates:rate=1.0{settings}")[0].reason


# A reader that shares nothing with the transform: a month's first three letters, and numbers.
_MONTHS = [name[:3].lower() for name in calendar.month_name]


def days(text: str) -> list[tuple[int, int, int]]:
    """Return year (0 if not said), month and day of each date in a text of dates alone."""
    found = []
    for part in re.split(r" ?[;–] ?", text):
        numbers = [int(n) for n in re.findall(r"\d+", part)]
        words = [w[:3].lower() for w in re.findall(r"[A-Za-z]+", part)]
        months = [_MONTHS.index(w) for w in words if w in _MONTHS[1:]]
        if months:
            year = next((n for n in numbers if n > 31), 0)
            found.append((year, months[0], next(n for n in numbers if n <= 31)))
        elif re.search(r"\d{4}-", part):
            found.append((numbers[0], numbers[1], numbers[2]))
        else:
            found.append((numbers[2], numbers[1], numbers[0]))
    return found


_DAYS = st.dates(date(1000, 1, 1), date(2099, 12, 31))
_WRITTEN = st.sampled_from(
    [
        "{d} {month} {y}",
        "{month} {d}, {y}",
        "{d}{th} {month} {y}",
        "the {d}{th} of {month} {y}",
        "{month} {d}{th}, {y}",
        "{short}. {d}, {y}",
        "{d} {short} {y}",
        "{d} {month}",
        "{month} {d}",
        "{y}-{m:02}-{d:02}",
        "{d}/{m}/{y}",
        "{d:02}.{m:02}.{y}",
    ]
)


def _form(day: date, pattern: str) -> str:
    month = calendar.month_name[day.month]
    teens = day.day in (11, 12, 13)
    th = "th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    return pattern.format(d=day.day, m=day.month, y=day.year, month=month, short=month[:3], th=th)


@settings(max_examples=300)
@given(
    first=_DAYS,
    later=st.one_of(st.none(), st.integers(1, 900)),
    pattern=_WRITTEN,
    style=st.sampled_from(STYLES),
    lead=st.sampled_from(["She came on ", "Open since ", "It was ("]),
    seed=st.integers(0, 30),
)
def test_every_day_is_read_back(first, later, pattern, style, lead, seed):
    text = _form(first, pattern)
    if later is not None and first.year < 2090:
        text += " – " + _form(first + timedelta(days=later), pattern)
    made = run(f"{lead}{text}; then.", f",style={style},order=day-first", seed)
    assert made.endswith("; then.")
    assert days(made[len(lead) : -len("; then.")]) == days(text)


@given(_DAYS, _WRITTEN)
def test_what_is_written_is_read(day, pattern):
    text = _form(day, pattern).replace("May.", "May")
    assert DATES.fullmatch(text)
    read = parse(text, "day-first")
    assert not isinstance(read, str)
    assert (read.dates[0].month, read.dates[0].days) == (day.month, (day.day,))
    assert read.dates[0].year in (0, day.year)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("It was on 03/04/2020 there.", "day and month cannot be told"),
        ("It was on 31 June 2020 there.", "no such day"),
        ("It was on 29 February 2019 there.", "no such day"),
        ("It was on 13/13/2020 there.", "no such day"),
        ("He watched it on July 4 there.", "known by its date"),
        ("After the May 9 attack he left.", "before a noun"),
        ("He fled after the Sept. 11, 2001, attacks there.", "before a noun"),
        ("Her 9 May speech was short.", "before a noun"),
        ("He lives on July 7 Street there.", "may belong to a name"),
        ("Go, march, March 5 more.", "may be no date"),
        ("In July 12 people died there.", "a day or a number"),
        ("By July 12 people had died.", "a day or a number"),
        ("On May 9 and 12 people died.", "a day or a number"),
        ("He came on 9 Jan. She left.", "an abbreviation or the end of a sentence"),
        ("Open on May 9, 10 and 11 there.", "beside another number"),
        ("Dead on 15 March 1044 BC there.", "joined to what follows"),
        ("Seen 4/20/1934, then 8/6/08 too.", "one of several dates"),
        ("We met on 3 May, 4 June and 5 July there.", "one of several dates"),
        ("Saw “9 May 2020” there.", "joined to what precedes"),
    ],
)
def test_what_stays_is_said(text, reason):
    result = perturb([text], "dates:rate=1.0")
    assert result[0].text == text
    assert f"dates: {reason}" in result.skips


@pytest.mark.parametrize(
    ("text", "style", "made"),
    [
        ("On 9 May 2020 rebels fled.", "month-first", "On May 9, 2020, rebels fled."),
        ("On 9 May 2020, rebels fled.", "month-first", "On May 9, 2020, rebels fled."),
        ("It ended (9 May 2020).", "month-first", "It ended (May 9, 2020)."),
        ("Born on May 9, 2020, in Rome.", "day-first", "Born on 9 May 2020 in Rome."),
        ("On May 9, 2020, in Rome, he died.", "day-first", "On 9 May 2020, in Rome, he died."),
        ("Later, on May 9, 2020, in Rome.", "day-first", "Later, on 9 May 2020, in Rome."),
        ("The fire of May 9, 2020, was big.", "day-first", "The fire of 9 May 2020 was big."),
        ("From 9 May 2020 to 3 June 2021.", "month-first", "From May 9, 2020, to June 3, 2021."),
        ("On Monday 9 May he left.", "month-first", "On Monday, May 9, he left."),
        ("On Monday, May 9, 2020, he left.", "day-first", "On Monday, 9 May 2020, he left."),
        ("Until 9-12 May they stay.", "month-first", "Until May 9-12 they stay."),
        ("Until May 9 and 12, 2020, all.", "day-first", "Until 9 and 12 May 2020, all."),
        ("On 9 May.", "ordinal", "On the 9th of May."),
        ("Sunday, 9 May.", "ordinal", "Sunday, 9th May."),
        ("ON MAY 9, 2020, RAIN.", "day-first", "ON 9 MAY 2020, RAIN."),
        ("on 9 january 2020 we left", "month-first", "on january 9, 2020, we left"),
        ("On 9 Jan 2020 we left.", "month-first", "On Jan. 9, 2020, we left."),
        ("On May 9, 2020, we left.", "iso", "On 2020-05-09, we left."),
        ("9 May 2020 was a Saturday.", "month-first", "May 9, 2020, was a Saturday."),
        ("May 9, 2020, was a Saturday.", "day-first", "May 9, 2020, was a Saturday."),
    ],
)
def test_commas_and_order(text, style, made):
    assert run(text, f",style={style}") == made


def test_digits_follow_the_order_that_is_given():
    assert run("On 03/04/2020.", ",order=day-first,style=long") == "On 03/04/2020."
    assert run("On 03/04/2020.", ",order=day-first") == "On 3 April 2020."
    assert run("On 03/04/2020.", ",order=month-first") == "On March 4, 2020."
    assert run("On 25/04/2020.", ",order=month-first") == "On 25 April 2020."
    assert run("On 05/05/2020.", ",style=iso") == "On 2020-05-05."


def test_a_text_full_of_months_is_no_trouble():
    text = "May 9 and " * 5_000
    assert len(run(text)) >= len(text) - 10


def test_facts():
    assert {SpanKind.DATE, SpanKind.NUMBER} <= Dates.opens
    assert LabelKind.QUANTITY in Dates.preserves


def test_an_unknown_style_is_named_with_the_nearest():
    with pytest.raises(SpecError, match=r"expected style to be one of any, .*mean 'month-first'"):
        Dates(style="month_first")

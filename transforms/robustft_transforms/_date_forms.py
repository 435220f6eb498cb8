"""Calendar dates: how they are read and in which ways they are written.

Every way keeps the day, the month and the year; ``tests/transforms/test_dates.py`` reads them
back.
"""

from __future__ import annotations

import calendar
import re
from typing import Literal, NamedTuple

from robustft_transforms._numerals import suffixed

__all__ = ["ANCHORS", "DATES", "Date", "Order", "Way", "parse", "rewrite", "ways", "write"]

Order = Literal["unknown", "day-first", "month-first"]
Way = Literal["day-first", "month-first", "ordinal", "plain", "short", "long", "iso"]

_MONTHS = tuple(calendar.month_name)[1:]
_SHORT = ("Jan", "Feb", "Mar", "Apr", "", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec")
_NUMBERS = {name.lower(): n for names in (_MONTHS, _SHORT) for n, name in enumerate(names, 1)}
_NUMBERS |= {"sep": 9}
# March to July are short enough: the AP Stylebook gives them no short form.
_SHORTENED = frozenset({1, 2, 8, 9, 10, 11, 12})
# In small letters these are other words, or may be.
_CAPITAL_ONLY = ("may", "march", "mar", "jan", "jun", "dec", "sep", "apr", "aug", "nov", "feb")

ANCHORS = tuple(_NUMBERS.keys() - {""})
"""The words, in lower case, that a date with a month's name holds."""

_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?!\d)"
_TH = r"(?:st|nd|rd|th)"
_LINK = r"(?: ?[-–] ?| (?:and|to|or|&) )"
_YEAR = r"(?:1\d|20)\d\d(?![\d%])"
_MONTH = (
    rf"(?:(?:{'|'.join(_MONTHS)})|(?:{'|'.join(_SHORT).replace('||', '|')}|Sep)\b\.?)(?![\w’'])"
)


def _one(n: int) -> str:
    """Return the pattern of one date, its groups numbered `n`."""
    days = rf"{_DAY}{_TH}?(?:{_LINK}{_DAY}{_TH}?)?"
    return (
        rf"(?:(?P<the{n}>the )?(?P<of{n}>{_DAY}{_TH}) of (?P<month_of{n}>{_MONTH})"
        rf"(?:,? (?P<year_of{n}>{_YEAR}))?"
        rf"|(?P<days{n}>{days}) (?P<month{n}>{_MONTH})(?:,? (?P<year{n}>{_YEAR}))?"
        rf"|(?P<month_us{n}>{_MONTH}) (?P<days_us{n}>{days})(?:,? (?P<year_us{n}>{_YEAR}))?"
        rf"|(?P<month_alone{n}>{_MONTH}),? (?P<year_alone{n}>{_YEAR})"
        rf"|(?P<iso{n}>{_YEAR}-\d\d-\d\d(?![\w-]))"
        rf"|(?P<numeric{n}>\d{{1,2}}(?P<mark{n}>[/.-])\d{{1,2}}(?P=mark{n}){_YEAR}))"
    )


_JOIN = r"(?P<comma>,?)(?P<join> ?[-–] ?| (?:to|and|or|until|till|through|thru) )"
DATES = re.compile(rf"(?<![\w.,/:$£€-]){_one(1)}(?:{_JOIN}{_one(2)})?(?!\w)", re.IGNORECASE)
"""One date, or two that are joined."""


class Date(NamedTuple):
    """A date as it is written; a month alone with its year has no days."""

    days: tuple[int, ...]
    link: str
    """What joins two days ("9-12 May"), or nothing."""
    month: int
    year: int
    """0 if the year is not said."""
    month_first: bool
    ordinal: bool
    of: bool
    """Whether it is "the 9th of May"."""
    short: bool
    digits: str
    """The date as it stands where it is all digits, or nothing."""
    name: str
    """The month as it stands where it is a word, whose case is kept."""


class Dates(NamedTuple):
    """One date or two, with what joins them."""

    dates: tuple[Date, ...]
    join: str
    comma: bool
    """Whether a comma goes before what joins them."""


def parse(text: str, order: Order) -> Dates | str:
    """Read a span that `DATES` found, or say why it cannot be read."""
    found = DATES.fullmatch(text)
    if found is None:
        return "no plain date"
    dates = []
    for n in (1, 2) if found["join"] else (1,):
        date = _read(found, n, order)
        if isinstance(date, str):
            return date
        dates.append(date)
    return Dates(tuple(dates), found["join"] or "", bool(found["comma"]))


def _read(found: re.Match[str], n: int, order: Order) -> Date | str:
    if found[f"numeric{n}"] or found[f"iso{n}"]:
        return _read_digits(found[f"numeric{n}"] or found[f"iso{n}"], order)
    for kind in ("_of", "", "_us", "_alone"):
        name = found[f"month{kind}{n}"]
        if name:
            break
    days = "" if kind == "_alone" else found[f"of{n}" if kind == "_of" else f"days{kind}{n}"]
    numbers = tuple(int(day) for day in re.findall(r"\d+", days))
    plain = name.rstrip(".")
    date = Date(
        days=numbers,
        link=re.sub(rf"\d+{_TH}?", "", days),
        month=_NUMBERS[plain.lower()],
        year=int(found[f"year{kind}{n}"] or 0),
        month_first=kind in ("_us", "_alone"),
        ordinal=not days[-1:].isdigit() and bool(days),
        of=kind == "_of",
        short=plain.title() not in _MONTHS,
        digits="",
        name=name,
    )
    if plain.islower() and plain in _CAPITAL_ONLY:
        return "may be no month"
    return date if _exists(date) else "no such day"


def _read_digits(text: str, order: Order) -> Date | str:
    first, second, third = (int(part) for part in re.split(r"[/.-]", text))
    if first > 31:
        year, month, day, month_first = first, second, third, False
    elif first > 12 or second > 12 or first == second or order != "unknown":
        month_first = second > 12 or (order == "month-first" and first <= 12)
        year, (month, day) = third, (first, second) if month_first else (second, first)
    else:
        return "day and month cannot be told"
    date = Date((day,), "", month, year, month_first, False, False, False, text, "")
    return date if _exists(date) else "no such day"


def _exists(date: Date) -> bool:
    if not 1 <= date.month <= 12:
        return False
    last = calendar.monthrange(date.year or 2000, date.month)[1]
    rising = all(a < b for a, b in zip(date.days, date.days[1:], strict=False))
    return rising and all(1 <= day <= last for day in date.days)


def ways(date: Date) -> tuple[Way, ...]:
    """Return the ways in which people write a date like this one otherwise.

    The rest is open on demand: "May 9th, 2020" and "9 Jan 2020" are frequent, but no editor's
    choice, and nobody writes 2020-05-09 in running text.
    """
    if date.digits:
        # Slashes tell what its writer is used to; the standard's form does not.
        orders: tuple[Way, ...] = ("day-first", "month-first")
        return orders if "-" in date.digits[4:5] else orders[date.month_first :][:1]
    if not date.days:
        return ("long",)
    turn: Way = "day-first" if date.month_first else "month-first"
    made: list[Way] = [turn]
    if date.ordinal:
        made.append("plain")
    elif not date.short and not (date.month_first and date.year):
        made.append("ordinal")
    if date.short:
        made.append("long")
    elif date.month_first:
        made.append("short")
    return tuple(made)


def rewrite(date: Date, way: Way, *, with_of: bool) -> Date | None:
    """Return a date as it is written another way, or None if that way is not open to it.

    With `with_of`, "9 May" becomes "the 9th of May"; else, "9th May".
    """
    if way == "iso":
        one = date.year and len(date.days) == 1 and date.digits[4:5] != "-"
        return date._replace(digits=_iso(date)) if one else None
    if not date.days:
        return date._replace(short=False) if way == "long" and date.short else None
    if way in ("day-first", "month-first"):
        first = way == "month-first"
        if first == date.month_first and not date.digits:
            return None
        kept = date.ordinal and not first
        return date._replace(digits="", month_first=first, ordinal=kept, of=False)
    if date.digits:
        return None
    if way in ("short", "long"):
        can = date.short if way == "long" else not date.short and date.month in _SHORTENED
        return date._replace(short=way == "short") if can else None
    if date.ordinal == (way == "ordinal") or (way == "ordinal" and len(date.days) > 1):
        return None
    of = way == "ordinal" and with_of and not date.month_first and not date.short
    return date._replace(ordinal=way == "ordinal", of=of)


def _iso(date: Date) -> str:
    return f"{date.year}-{date.month:02}-{date.days[0]:02}"


def write(date: Date) -> str:
    """Return the text of a date: the 9th of May 2020, May 9, 2020, 2020-05-09."""
    if date.digits:
        return date.digits
    name = _SHORT[date.month - 1] if date.short else _MONTHS[date.month - 1]
    if date.name.isupper() and len(date.name) > 1:
        name = name.upper()
    elif date.name.islower() and date.name:
        name = name.lower()
    if date.short and date.month_first:
        name += "."
    days = date.link.join(suffixed(day) if date.ordinal else str(day) for day in date.days)
    year = str(date.year) if date.year else ""
    if not date.days:
        return f"{name} {year}"
    if date.month_first:
        return f"{name} {days}, {year}" if year else f"{name} {days}"
    of = f"the {days} of {name}" if date.of else f"{days} {name}"
    return f"{of} {year}" if year else of

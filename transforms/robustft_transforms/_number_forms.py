"""The ways to write one number: in digits, in words, with a sign, with a scale.

All forms of a number have the same value; ``tests/transforms/test_numbers.py`` reads them back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Literal, NamedTuple

from robustft_transforms._numerals import (
    CARDINALS,
    ORDINALS,
    SCALES,
    TENS,
    cardinal,
    grouped,
    ordinal,
    read_cardinal,
    read_ordinal,
    suffixed,
)

__all__ = [
    "NUMBER_WORD",
    "TO_WORDS",
    "Amount",
    "Number",
    "Way",
    "find",
    "parse",
    "span_of",
    "ways",
    "write",
]

Way = Literal[
    "words",
    "ordinal words",
    "percent",
    "scaled",
    "digits",
    "ordinal digits",
    "sign",
    "in full",
    "regrouped",
]


def _any(words: object) -> str:
    return "|".join(sorted(words, key=len, reverse=True))  # type: ignore[call-overload]


_ONES = _any(word for word, n in CARDINALS.items() if 0 < n < 10)
_ONES_TH = _any(word for word, n in ORDINALS.items() if n < 10)
_TENS = _any(TENS)
_SIMPLE = rf"(?:(?:{_TENS})(?:[ -](?:{_ONES}))?|{_any(CARDINALS)})(?!\w)"
_SCALE = rf"(?:{_any(SCALES)})(?!\w)"
_CARDINAL = rf"(?:a(?= (?:hundred|thousand)\b)|{_SIMPLE})(?: {_SCALE}(?: (?:and )?{_SIMPLE})?)*"
_ORDINAL = rf"(?:(?:{_TENS})-(?:{_ONES_TH})|{_any(ORDINALS)})(?!\w)"
NUMBER_WORD = rf"(?:{_any([*CARDINALS, *ORDINALS])})"
"""A pattern for any word that a number in words begins with."""

_DIGITS = r"(?>\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?>\.\d+)?(?![,.:/]?\d)"


def _amount(n: int) -> str:
    year = r"(?!(?:1\d|20)\d\d\b)" if n == 2 else ""
    return (
        rf"(?:{year}(?P<digits{n}>{_DIGITS})"
        rf"(?:(?P<th{n}>st|nd|rd|th)|(?P<scale{n}>[ ]{_SCALE}))?(?!\w)"
        rf"|(?P<ordinal{n}>{_ORDINAL})|(?P<words{n}>{_CARDINAL}))"
    )


_JOIN = r"[ ](?P<join>to|or|and|(?:out[ ])?of(?:[ ]the)?|(?<=\b1[ ])in|(?<=\bone[ ])in)[ ]"
_PERCENT = r"(?P<percent>[ ]?%(?![\w%])|\s{1,3}per[ ]?cent(?!\w))"
_NUMBER = re.compile(rf"{_amount(1)}(?:{_JOIN}{_amount(2)})?{_PERCENT}?", re.IGNORECASE)

_WORD = re.compile(r"\w+")
_FIRST_WORDS = frozenset([*CARDINALS, *ORDINALS, "a"])


class Amount(NamedTuple):
    """A number as it stands in a text."""

    text: str
    value: Decimal
    """What it is worth, without the scale."""
    scale: str
    """The scale word after digits ("5 million"), or nothing."""
    digits: bool
    ordinal: bool


class Number(NamedTuple):
    """One number, or two that are joined ("seven out of ten"), with a percent sign or word."""

    amounts: tuple[Amount, ...]
    join: str
    percent: str


def span_of(buffer: str, start: int, limit: int) -> int:
    """Return where the number that begins at `start` ends, or `start` if none can be read."""
    found = _NUMBER.match(buffer, start, limit)
    return start if found is None else found.end()


def find(text: str, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of the numbers in ``text[low:high]``."""
    reached = low
    for word in _WORD.finditer(text, low, high):
        start = word.start()
        if start >= reached and (word[0][0].isdigit() or word[0].lower() in _FIRST_WORDS):
            reached = span_of(text, start, high)
            if reached > start:
                yield start, reached


def parse(text: str) -> Number | None:
    """Read a whole span that `span_of` found, or return None if it is no plain number."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    amounts = []
    for n in "12":
        amount = _read(found, n)
        if amount is not None:
            amounts.append(amount)
        elif n == "1" or found["join"]:
            return None
    return Number(tuple(amounts), found["join"] or "", found["percent"] or "")


def _read(found: re.Match[str], n: str) -> Amount | None:
    digits, words, th = (found[f"{name}{n}"] for name in ("digits", "words", "ordinal"))
    value: Decimal | int | None
    if digits:
        value = Decimal(digits.replace(",", ""))
        marked = bool(found[f"th{n}"])
        scale = (found[f"scale{n}"] or "").strip()
        return Amount(digits, value, scale, digits=True, ordinal=marked)
    if words:
        value = read_cardinal(words.lower())
        return None if value is None else Amount(words, Decimal(value), "", False, ordinal=False)
    value = read_ordinal(th.lower()) if th else None
    return None if value is None else Amount(th, Decimal(value), "", False, ordinal=True)


TO_WORDS = frozenset({"words", "ordinal words", "percent", "scaled"})
"""The ways towards words; the others lead to digits and signs."""


def ways(number: Number) -> tuple[Way, ...]:
    """Return the ways in which a number of its kind may go."""
    first = number.amounts[0]
    if first.ordinal:
        return ("ordinal words",) if first.digits else ("ordinal digits",)
    if not first.digits:
        return ("digits",)
    if number.percent:
        return "words", ("percent" if number.percent.strip() == "%" else "sign")
    more: tuple[Way, ...] = ("in full",) if first.scale else ("scaled", "regrouped")
    return "words", *(way for way in more if write(number, way))


def write(number: Number, way: Way) -> str:
    """Return `number` written in another way, or nothing where that way has no form for it."""
    if way in ("sign", "percent"):
        figures = all(amount.digits and not amount.ordinal for amount in number.amounts)
        has_sign = number.percent.strip() == "%"
        if not figures or not number.percent or has_sign != (way == "percent"):
            return ""
        amounts = [f"{a.text} {a.scale}".rstrip() for a in number.amounts]
        return f" {number.join} ".join(amounts) + ("%" if way == "sign" else " percent")
    made = [_WRITERS[way](amount) for amount in number.amounts]
    # "fifteen hundred and five thousand" would read as one number.
    fused = number.join.lower() == "and" and any(word in SCALES for word in made[0].split())
    if not all(made) or fused:
        return ""
    if not number.percent:
        return f" {number.join} ".join(made)
    percent = " percent" if number.percent.strip() == "%" else number.percent
    return f" {number.join} ".join(made) + percent


def _words(amount: Amount) -> str:
    """Return an amount in words, where they are no more than two: "three hundred"."""
    n = int(amount.value)
    if not amount.digits or amount.ordinal or n != amount.value:
        return ""
    if amount.scale:
        return f"{cardinal(n)} {amount.scale}" if 0 < n <= 100 else ""
    if 1000 < n < 2000 and n % 100 == 0:
        return f"{cardinal(n // 100)} hundred"
    words = cardinal(n) if n < 10**15 else ""
    return words if words.count(" ") < 2 else ""


def _digits(amount: Amount) -> str:
    n = int(amount.value)
    if amount.digits or amount.ordinal:
        return ""
    return (_scaled(n) if n >= 10**6 else "") or grouped(n)


def _scaled(n: int) -> str:
    """Return "5 million" or "1.5 million" for a round number from a million on, or nothing."""
    if n < 10**6 or n % 10**5 or n >= 10**15:
        return ""
    word, scale = next((w, s) for w, s in reversed(SCALES.items()) if s <= n)
    return f"{(Decimal(n) / scale).normalize():f} {word}" if n % (scale // 10) == 0 else ""


def _scaled_amount(amount: Amount) -> str:
    plain = amount.digits and not amount.ordinal and not amount.scale
    return _scaled(int(amount.value)) if plain and amount.value == int(amount.value) else ""


def _in_full(amount: Amount) -> str:
    """Return "5,000,000" for "5 million", up to a hundred million."""
    value = amount.value * SCALES.get(amount.scale.lower(), 0)
    return grouped(int(value)) if value == int(value) and 10**6 <= value < 10**8 else ""


def _regrouped(amount: Amount) -> str:
    """Return "1200" for "1,200", and back."""
    plain = amount.digits and not amount.ordinal and not amount.scale
    if not plain or not 1000 <= amount.value < 10**4 or amount.value != int(amount.value):
        return ""
    return amount.text.replace(",", "") if "," in amount.text else grouped(int(amount.text))


def _ordinal_words(amount: Amount) -> str:
    n = int(amount.value)
    return ordinal(n) if amount.ordinal and amount.digits and 0 < n < 100 else ""


def _ordinal_digits(amount: Amount) -> str:
    return suffixed(int(amount.value)) if amount.ordinal and not amount.digits else ""


_WRITERS: dict[Way, Callable[[Amount], str]] = {
    "words": _words,
    "ordinal words": _ordinal_words,
    "scaled": _scaled_amount,
    "digits": _digits,
    "ordinal digits": _ordinal_digits,
    "in full": _in_full,
    "regrouped": _regrouped,
}

"""How many people die in an invented event, and what a note says about it."""

from __future__ import annotations

import math
from typing import NamedTuple

from robustft.data._grammar import Passage, finish, read_grammar
from robustft.seeding import Draw

__all__ = ["write_note"]


class _Kind(NamedTuple):
    """A kind of event: how common it is, and the law of its fatalities.

    With probability `none` nobody dies; otherwise the number is log-normal, with the median and
    the standard deviation of the logarithm given, rounded up: fatalities in armed conflict are
    known to be zero-heavy and right-skewed.
    """

    rule: str
    weight: float
    none: float
    median: float
    spread: float
    aside: str


_KINDS = (
    _Kind("protest", 18, 0.95, 0.8, 0.5, "calm"),
    _Kind("riot", 8, 0.70, 1.5, 0.7, "calm"),
    _Kind("arrest", 8, 0.93, 0.8, 0.5, "quiet"),
    _Kind("movement", 10, 0.99, 0.8, 0.5, "quiet"),
    _Kind("abduction", 5, 0.85, 0.9, 0.5, "aside"),
    _Kind("looting", 6, 0.80, 1.2, 0.7, "aside"),
    _Kind("mine", 5, 0.25, 1.2, 0.6, "aside"),
    _Kind("skirmish", 12, 0.30, 3.5, 0.8, "battle"),
    _Kind("ambush", 9, 0.12, 4.5, 0.8, "battle"),
    _Kind("shelling", 9, 0.40, 4.0, 0.9, "aside"),
    _Kind("airstrike", 6, 0.20, 9.0, 0.9, "aside"),
    _Kind("bombing", 6, 0.15, 10.0, 0.9, "aside"),
    _Kind("massacre", 4, 0.03, 22.0, 0.8, "aside"),
)
_MOST = 400

_WORDS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
# What people say when they do not count: the phrase and the largest number that it still covers.
_VAGUE = (
    (1, ("a",)),
    (3, ("a few", "a couple of")),
    (7, ("several", "a handful of")),
    (14, ("about ten", "around a dozen", "nearly a dozen")),
    (24, ("about twenty", "some twenty")),
    (70, ("dozens of",)),
    (130, ("scores of", "nearly a hundred")),
    (_MOST, ("hundreds of", "more than a hundred")),
)


def write_note(draw: Draw) -> tuple[str, float]:
    """Return a note on an invented event and log(1 + the number of people who died in it)."""
    kind = _KINDS[draw.weighted([kind.weight for kind in _KINDS])]
    deaths = 0
    if draw.random() >= kind.none:
        deaths = min(_MOST, math.ceil(kind.median * math.exp(kind.spread * _normal(draw))))
    grammar = read_grammar("events")
    passage = Passage(draw)
    passage.given |= {
        "day": str(1 + draw.integers(28)),
        "small": _spell(2 + draw.integers(9), draw),
        "big": str(20 + 5 * draw.integers(60)),
    }
    sentences = [grammar.expand(kind.rule, "", passage)]
    passage.given["small"] = _spell(2 + draw.integers(9), draw)
    toll = _deaths(deaths, draw, passage) if deaths else _no_deaths(kind, draw, passage)
    if toll:
        sentences.append(toll)
    if not toll or draw.random() < 0.4:
        passage.given.pop("place", None)
        sentences.insert(1 + draw.integers(len(sentences)), grammar.expand(kind.aside, "", passage))
    return finish(" | ".join(sentences), draw, 0.0), math.log1p(deaths)


def _deaths(deaths: int, draw: Draw, passage: Passage) -> str:
    """Return what a note says of `deaths` people: exactly, by a bound, loosely or not at all."""
    grammar = read_grammar("events")
    said = deaths
    prefix = ""
    match draw.weighted((58, 16, 6, 14, 6)):
        case 0:
            # One report in eight is off by a few, as early reports are.
            if deaths > 3 and draw.random() < 0.125:
                said = max(1, deaths + draw.integers(5) - 2)
        case 1:
            said = max(1, round(deaths * (0.75 + 0.25 * draw.random())))
            prefix = "no fewer than " if said > 1 and draw.random() < 0.3 else "at least "
        case 2:
            low, high = max(1, round(deaths * 0.8)), deaths + 1 + round(deaths * 0.25)
            return _toll(f"between {_spell(low, draw)} and {_spell(high, draw)}", 2, draw, passage)
        case 3:
            phrases = next(phrases for most, phrases in _VAGUE if deaths <= most)
            return _toll(draw.choice(phrases), deaths, draw, passage)
        case _:
            return grammar.expand("unknown", "", passage)
    return _toll(prefix + _spell(said, draw), said, draw, passage, exact=not prefix)


def _toll(phrase: str, count: int, draw: Draw, passage: Passage, *, exact: bool = False) -> str:
    """Return a clause that says that `phrase` people died, and perhaps how many were hurt."""
    grammar = read_grammar("events")
    victim = "person" if draw.random() < 0.35 else grammar.expand("victim", "", passage)
    if count == 1:
        passage.given |= {"victims": victim, "were": "was"}
    else:
        victims = "people" if victim == "person" else f"{victim}s"
        passage.given |= {"victims": victims, "were": "were"}
    passage.given |= {"toll": phrase, "number": phrase}
    rule = "counted" if exact and draw.random() < 0.15 else "dead"
    clause = grammar.expand(rule, "", passage)
    if draw.random() < 0.4:
        passage.given["hurt"] = _spell(2 + int(draw.random() ** 2 * (3 * count + 12)), draw)
        hurt = grammar.expand("hurt_too", "", passage)
        clause += draw.choice((", and ", " | ")) + hurt
    return clause


def _no_deaths(kind: _Kind, draw: Draw, passage: Passage) -> str:
    """Return what a note says when nobody died: most often so, else nothing."""
    silent = {"quiet": 0.8, "calm": 0.6}.get(kind.aside, 0.15)
    if draw.random() < silent:
        return ""
    if kind.aside == "quiet":
        return read_grammar("events").expand("unhurt", "", passage)
    passage.given["hurt"] = _spell(2 + int(draw.random() ** 2 * 30), draw)
    return read_grammar("events").expand("nobody", "", passage)


def _spell(number: int, draw: Draw) -> str:
    """Return `number` in words or, more often the larger it is, in digits."""
    if number < 20 and draw.random() < (0.75 if number <= 12 else 0.3):
        return _WORDS[number]
    if number % 10 == 0 and 20 <= number < 100 and draw.random() < 0.3:
        return _TENS[number // 10 - 2]
    return str(number)


def _normal(draw: Draw) -> float:
    """Return a standard normal number (Box and Muller, 1958)."""
    radius = math.sqrt(-2.0 * math.log(1.0 - draw.random()))
    return radius * math.cos(2.0 * math.pi * draw.random())

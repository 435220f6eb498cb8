"""Which way a number may go where it stands: what words and what digits ask of their context."""

from __future__ import annotations

import re

from robustft_transforms._number_context import (
    Site,
    follows,
    is_function_word,
    numbers_list,
    writes_small,
)
from robustft_transforms._number_forms import NUMBER_WORD, Way

__all__ = ["refuses"]

_WINDOW = 40
_ONE_MEASURE = re.compile(r"-(?:hour|year|month|week|minute|mile|star)s?\b")
_NUMBER = rf"(?:\d|\b{NUMBER_WORD})"
_COUNTED_BEFORE = re.compile(rf"{_NUMBER} (?:(?:[a-z]+ ){{1,2}}(?:and|or)|[a-z]+,) \Z")
_COUNTED_AFTER = re.compile(rf" [a-z]+(?:,| and| or) {_NUMBER} ?[a-z]")

_OWNERS = frozenset("the a an this that his her its their my our your".split())
_BEFORE_A = frozenset("half quarter many such what not".split())
_BEFORE_ONE = frozenset("the this that any every each no".split())


def refuses(site: Site, way: Way) -> str:
    """Return why a number does not go that way where it stands, or nothing."""
    if way == "words":
        return _refuses_words(site)
    if way == "digits":
        return _refuses_digits(site)
    if way == "ordinal digits":
        return _refuses_ordinal_digits(site)
    if way == "regrouped":
        value = site.number.amounts[0].value
        if site.before == ",":
            return "beside another number"
        if value < 2200 and site.before not in numbers_list("counting"):
            return "may be a year"
        return "" if follows(site.text, site.end) == "plural" else "counts nothing"
    return "begins a sentence" if way in ("sign", "in full") and site.place.begins else ""


def _refuses_words(site: Site) -> str:
    number = site.number
    first = number.amounts[0]
    for amount in number.amounts:
        counted = amount.scale or number.percent or not amount.text.isdigit()
        if not counted and 1000 <= amount.value < 2200:
            return "may be a year"
        if amount.text[0] == "0" and len(amount.text) > 1:
            return "a code"
    if number.percent:
        return "" if first.value <= 10 or first.value % 10 == 0 else "long in words"
    if _is_fixed(site):
        return "an idiom"
    hyphen = site.text[site.end : site.end + 1] == "-"
    if hyphen or first.scale or number.join.lower() == "out of":
        return ""
    kind = follows(site.text, site.end)
    licensed = site.place.begins or _is_licensed(site)
    single = first.value == number.amounts[-1].value == 1
    fits = kind in ("plural", "old") or (single and kind in ("word", "measure"))
    return "" if fits or (licensed and kind != "word") else "counts nothing"


def _is_fixed(site: Site) -> bool:
    """Tell whether the number and the next word make a title or an idiom: "seven deadly"."""
    number = site.number.amounts[-1].text.lower()
    return f"{number}:{site.after}" in numbers_list("fixed") or site.before == "ocean's"


def _is_licensed(site: Site) -> bool:
    """Tell whether what goes before lets a number stand without a noun: "over 12", "(3 of them".

    In small letters all through, names ("scary movie 3") could not be told from counts.
    """
    if writes_small(site.text):
        return False
    apart = site.place.joined in ("(", "—") or site.before in (",", ";", ":")
    return site.before in numbers_list("licences") or (apart and site.after == "of")


def _refuses_digits(site: Site) -> str:
    number, before = site.number, site.before
    first, last = number.amounts[0].value, number.amounts[-1].value
    reason = _reason_at_start(site)
    if reason:
        return reason
    if first == last == 1:
        return _refuses_one(site)
    if number.percent or number.join.lower() == "out of":
        return ""
    if first == 1 and number.join not in ("in", "or"):
        return "one: a number or a pronoun"
    if _is_fixed(site):
        return "an idiom"
    vague = site.span.startswith("a ")
    if vague and (site.after in numbers_list("hyperbole") or before in _BEFORE_A):
        return "an idiom"
    kind = follows(site.text, site.end)
    fits = kind in ("plural", "old") or site.text[site.end : site.end + 1] == "-"
    if kind == "measure":
        fits = fits or before in _OWNERS
    elif kind in ("function", "end"):
        fits = fits or (last >= 10 and before in numbers_list("counting"))
    return "" if fits or (last >= 100 and not vague) else "counts nothing"


def _reason_at_start(site: Site) -> str:
    if site.place.begins:
        return "begins a sentence"
    return "" if site.span.islower() else "may belong to a name"


def _refuses_one(site: Site) -> str:
    """Return why "one" may be no number: it is one in "one hour", "two men and one woman"."""
    rest = site.text[site.end : site.end + _WINDOW]
    if site.number.percent:
        return "an idiom" if site.before == "the" else ""
    if rest[:1] == "-":
        return "" if _ONE_MEASURE.match(rest) else "an idiom"
    word = site.after
    counted = word in numbers_list("after one")
    if not counted and word and not is_function_word(word):
        lead = site.text[max(0, site.start - _WINDOW) : site.start]
        counted = bool(_COUNTED_BEFORE.search(lead) or _COUNTED_AFTER.match(rest))
    return "" if counted and site.before not in _BEFORE_ONE else "one: a number or a pronoun"


def _refuses_ordinal_digits(site: Site) -> str:
    owned = site.before in _OWNERS or site.before.endswith("'s")
    if site.after not in numbers_list("ordinal nouns") or not owned:
        return "not before a numbered noun"
    return _reason_at_start(site)

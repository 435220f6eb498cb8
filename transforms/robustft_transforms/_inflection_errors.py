"""The errors of inflection that a word invites where it stands, by kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import NamedTuple

from robustft_transforms._grammar import next_word, word_list
from robustft_transforms._inflected import plural_of, singular_of, verb_forms, verbs
from robustft_transforms._sections import lines_of, section

__all__ = ["KINDS", "adverbs", "candidates", "errors_of", "plurals", "quantifiers"]

_DATA = "inflection.txt"
_SINGULAR_SUBJECTS = frozenset("he she it who".split())
_PLURAL_SUBJECTS = frozenset("we you they people".split())
_SUBJECTS = frozenset("i he she it we you they who".split())
_HAVE = frozenset("have has had i've we've you've they've could've would've should've".split())
_DID = frozenset("did didn't".split())
_OWNERS = frozenset("the my your his her its our their".split())
_DETERMINERS = frozenset("the this that his her my your its our their a an".split())
_NOT_MORE = frozenset(
    "more most no any much had i'd you'd we'd they'd he'd she'd for or little".split()
)
_PLURAL_LIVES = _OWNERS | {"of", "two", "three", "many", "few", "these", "those", "whose", "and"}
_LAST = re.compile(r"([\w'’]+) \Z")
_LONGEST = 24
_OF = re.compile(
    r"\b(?:one|some|many|most|lots?|couple|plenty|kinds?|number) of "
    r"(?:(?:the|my|his|her|their|our|these|those) (?:[\w'’-]+ ){0,2})?\Z",
    re.IGNORECASE,
)
_REACH = 60


# An n't or 's that a tokeniser or a broken entity has parted from its word.
_TORN = re.compile(r"\s?(?:n['’]t|&?#39;[ts])\b|\s['’]s\b")


class _Spot(NamedTuple):
    """A word in lower case, where it stands, and the word before it in its phrase."""

    text: str
    start: int
    end: int
    word: str
    left: str
    left_start: int


def errors_of(kinds: Iterable[str], text: str, start: int, end: int) -> list[str]:
    """Return what a learner may write for the word ``text[start:end]``, in lower case, if any."""
    if _TORN.match(text, end):
        return []
    word = text[start:end].lower()
    spot = _Spot(text, start, end, word, *_left(text, start))
    made = [other for kind in kinds for other in KINDS[kind](spot)]
    return [other for other in dict.fromkeys(made) if other and other != word]


def _left(text: str, start: int) -> tuple[str, int]:
    """Return the word before `start`, one adverb looked through, and where it begins."""
    found = _LAST.search(text, max(0, start - _LONGEST), start)
    if found and found[1].lower() in adverbs():
        found = _LAST.search(text, max(0, found.start() - _LONGEST), found.start()) or found
    if found is None:
        return "", start
    return found[1].lower().replace("’", "'"), found.start()


@cache
def adverbs() -> frozenset[str]:
    """Return the adverbs that may part a verb from its subject."""
    return section(_DATA, "skipped adverbs")


@cache
def quantifiers() -> frozenset[str]:
    """Return the words that a plural follows."""
    return section(_DATA, "quantifiers")


@cache
def _nouns() -> frozenset[str]:
    return section("compounds.txt", "nouns")


@cache
def _agreeing() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return what third persons become without their -s, and base forms with one."""
    without = {verb.third: verb.base for verb in verbs()} | {"has": "have", "does": "do"}
    return without, {base: third for third, base in without.items()}


def _agreement(spot: _Spot) -> list[str]:
    text, _, end, word, left, at = spot
    without, with_s = _agreeing()
    if f"{left} {word}" in lines_of(_DATA, "fixed with a subject"):
        return []
    if left in _SINGULAR_SUBJECTS:
        return [without.get(word, ""), "were" if word == "was" and left != "who" else ""]
    if left in _PLURAL_SUBJECTS or left == "i":
        be = {"are": "is", "were": "was"} if left != "i" else {"was": "were"}
        return [with_s.get(word, ""), be.get(word, "")]
    if left == "there":
        return [{"are": "is", "were": "was"}.get(word, "")]
    if word in _DEMONSTRATIVES:
        number, other = _DEMONSTRATIVES[word]
        following, _ = next_word(text, end)
        fits = following in _nouns() if number == "one" else singular_of(following) in _nouns()
        return [other if fits else ""]
    if left in _nouns() and _left(text, at)[0] in _DETERMINERS:
        return [without.get(word, ""), {"is": "are", "was": "were"}.get(word, "")]
    return []


_DEMONSTRATIVES = {
    "this": ("one", "these"),
    "these": ("many", "this"),
    "those": ("many", "that"),
}


def _number(spot: _Spot) -> list[str]:
    text, start, end, word, left, at = spot
    made = []
    counted = left in quantifiers() or (left.isdecimal() and left != "1")
    # "Three great films": of two words that may be nouns, the second is.
    apart = not counted and left.isalpha() and _left(text, at)[0] in quantifiers()
    if counted or apart or _OF.search(text, max(0, start - _REACH), start):
        singular = singular_of(word)
        made.append(singular if counted or singular in _nouns() else "")
    if left in ("each", "every") and word in _nouns():
        made.append("" if word.endswith("s") else plural_of(word))
    if word in _pairs("mass nouns") and _ends_phrase(text, end):
        made.append(_pairs("mass nouns")[word])
    if word in _pairs("irregular plurals") and (word != "lives" or left in _PLURAL_LIVES):
        made += _pairs("irregular plurals")[word].split("/")
    return made


@cache
def _pairs(name: str) -> dict[str, str]:
    lines = (line.split() for line in lines_of(_DATA, name))
    return {line[0]: line[1] for line in lines}


_BE = frozenset("is are was were has have had".split())


def _ends_phrase(text: str, end: int) -> bool:
    """Tell whether no noun can follow: "information technology" has another head."""
    following, _ = next_word(text, end)
    if not following:
        return text[end : end + 1] not in ("-", "'", "’", "/")
    lists = ("prepositions", "conjunctions", "modals")
    return following in _BE or any(following in word_list(name) for name in lists)


def _tense(spot: _Spot) -> list[str]:
    text, _, _, word, left, at = spot
    made = []
    past = verb_forms("past").get(word)
    if past and left in _SUBJECTS:
        made.append(past.by_rule)
        if past.base not in section(_DATA, "verbs of the mind") and left != "who":
            made.append(past.base)
    elif past and word in section(_DATA, "past alone") and left not in _NOT_BEFORE_PAST:
        made.append(past.by_rule)
    participle = verb_forms("participle").get(word)
    if participle and left in _HAVE and word not in word_list("not before a noun"):
        made.append(participle.base if participle.past == word else participle.past)
    did = left in _DID or (left == "not" and _left(text, at)[0] == "did")
    if did and word in verb_forms("base"):
        made.append(verb_forms("base")[word].past)
    return made


_NOT_BEFORE_PAST = _HAVE | _OWNERS | {"a", "an", "to", "is", "was", "be", "been", "are", "were"}


# "Better off", "best friend", "larger-than-life": no degree of their own.
_NO_DEGREE = re.compile(r"-|\s(?:off|known|half|friends?|man|men|of all)\b")


def _degree(spot: _Spot) -> list[str]:
    word, left = spot.word, spot.left
    if _NO_DEGREE.match(spot.text, spot.end):
        return []
    if word in section(_DATA, "comparatives") and left not in _NOT_MORE:
        return [f"more {word}"]
    if word in section(_DATA, "superlatives") and left in _OWNERS:
        return [f"most {word}"]
    return []


KINDS: Mapping[str, Callable[[_Spot], list[str]]] = {
    "agreement": _agreement,
    "number": _number,
    "tense": _tense,
    "degree": _degree,
}


@cache
def candidates(kind: str) -> tuple[tuple[frozenset[str] | None, frozenset[str]], ...]:
    """Return words that a kind of error may hit, with those one of which must stand before them.

    None asks for no word before. Plurals after a number are not among them.
    """
    if kind == "agreement":
        without, with_s = _agreeing()
        return (
            (None, frozenset(_DEMONSTRATIVES)),
            (_SINGULAR_SUBJECTS | _nouns(), frozenset({*without, "was", "is"})),
            (_PLURAL_SUBJECTS | {"i"}, frozenset({*with_s, "are", "were", "was"})),
            (frozenset({"there"}), frozenset({"are", "were"})),
        )
    if kind == "tense":
        return (
            (None, section(_DATA, "past alone") & {*verb_forms("past")}),
            (_SUBJECTS, frozenset(verb_forms("past"))),
            (_HAVE, frozenset(verb_forms("participle"))),
            (_DID | {"not"}, frozenset(verb_forms("base"))),
        )
    if kind == "degree":
        return (None, section(_DATA, "comparatives")), (_OWNERS, section(_DATA, "superlatives"))
    uncounted = frozenset({*_pairs("mass nouns"), *_pairs("irregular plurals")})
    return (None, uncounted), (frozenset({"each", "every"}), _nouns())


@cache
def plurals() -> frozenset[str]:
    """Return plurals of nouns that can be counted."""
    return frozenset(map(plural_of, _nouns()))

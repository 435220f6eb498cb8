"""Forms of verbs and nouns by rule and from a short list, for errors that learners make."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from robustft_transforms._grammar import word_list
from robustft_transforms._lexicons import load_words
from robustft_transforms._sections import lines_of, section

__all__ = ["Verb", "plural_of", "singular_of", "verb_forms", "verbs"]

_DATA = "inflection.txt"
_NO_VERB = frozenset(
    # Auxiliaries, verbs whose forms are those of others, and forms that are mostly nouns or that a
    # subject stands before by chance ("the film stars", "you people", "they second").
    "be have do lie lay light wind rid shed split spread bet cast burst cling flee swing bore star "
    "book fit last term order market people".split()
)
_SHORT = re.compile(r"[^aeiou]*(?:qu)?[aeiou][^aeiouwxy]")
_DOUBLED = frozenset("admit commit control kidnap occur permit prefer refer regret submit".split())
_HISSES = ("s", "x", "z", "ch", "sh")


class Verb(NamedTuple):
    """The forms of a verb, and the past that a learner makes by rule, or an empty string."""

    base: str
    third: str
    past: str
    participle: str
    by_rule: str


@cache
def verbs() -> tuple[Verb, ...]:
    """Return the verbs; auxiliaries are not among them."""
    found: dict[str, Verb] = {}
    for base in sorted(word_list("base verbs") - _NO_VERB):
        past = _regular_past(base)
        found[base] = Verb(base, plural_of(base), past, past, "")
    for line in lines_of(_DATA, "irregular verbs"):
        base, past, participle, by_rule = line.split()
        found[base] = Verb(base, plural_of(base), past, participle, by_rule.strip("-"))
    for base in _NO_VERB:
        found.pop(base, None)
    return tuple(found.values())


@cache
def verb_forms(form: str) -> dict[str, Verb]:
    """Return the verbs by their `form`, a field of `Verb`."""
    return {getattr(verb, form): verb for verb in verbs() if getattr(verb, form)}


def _regular_past(base: str) -> str:
    if base.endswith("e"):
        return base + "d"
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ied"
    return base + (base[-1] if base in _DOUBLED or _SHORT.fullmatch(base) else "") + "ed"


def plural_of(word: str) -> str:
    """Return the regular plural of a noun, or the third person of a verb."""
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(_HISSES) or word in ("go", "do", "hero", "echo") else "s")


def singular_of(word: str) -> str:
    """Return the singular of a regular plural, or an empty string."""
    if len(word) < 4 or word in section(_DATA, "plural in appearance"):
        return ""
    if word.endswith("ies") and word[:-3] + "y" in load_words():
        return word[:-3] + "y"
    if word.endswith("es") and word[:-2].endswith(_HISSES):
        made = word[:-2]
    elif word.endswith("s") and word[-2] not in "siu":
        made = word[:-1]
    else:
        return ""
    return made if made in load_words() else ""

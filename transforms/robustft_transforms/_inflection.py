"""Regular English inflection, with a list of exceptions: nouns, verbs, adjectives, adverbs."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["inflections"]

_SIBILANT = re.compile(r"(?:s|x|z|ch|sh)\Z")
# One vowel before a last consonant, in one syllable: stop, stopped. Longer words that double
# theirs (admit, admitted) are exceptions.
_DOUBLES = re.compile(r"[^aeiou]*(?:qu)?[aeiou][^aeiouwxy]\Z")
# Most likely a plural itself (woods, news), or the same in the plural.
_PLURAL = re.compile(r"[^s]s\Z")
_MUTE_E = re.compile(r"[^eoy]e\Z")


def inflections(lemma: str, pos: str, irregular: Sequence[str] = ()) -> dict[str, str]:
    """Return the forms of a lemma by Penn tag.

    Parameters
    ----------
    lemma
        In lower case.
    pos
        ``n``, ``v``, ``a`` or ``r``; of adjectives and adverbs the positive alone is given.
    irregular
        The forms of this lemma that no rule makes. A verb with a past tense that does not end in
        -ed gets none, since the list does not tell its past tense from its participle.

    >>> inflections("carry", "v")
    {'VB': 'carry', 'VBZ': 'carries', 'VBG': 'carrying', 'VBD': 'carried', 'VBN': 'carried'}
    >>> inflections("begin", "v", ["began", "beginning", "begun"])
    {'VB': 'begin', 'VBZ': 'begins', 'VBG': 'beginning'}
    """
    if pos == "n":
        if _PLURAL.search(lemma):
            return {"NN": lemma}
        return {"NN": lemma, "NNS": irregular[0] if irregular else _with_s(lemma)}
    if pos == "v":
        participles = [form for form in irregular if form.endswith("ing")]
        pasts = [form for form in irregular if not form.endswith(("ing", "s"))]
        forms = {"VB": lemma, "VBZ": _with_s(lemma)}
        forms["VBG"] = participles[0] if participles else _with_ing(lemma)
        if all(form.endswith("ed") for form in pasts):
            past = pasts[0] if pasts else _with_ed(lemma)
            forms |= {"VBD": past, "VBN": past}
        return forms
    return {"JJ" if pos == "a" else "RB": lemma}


def _with_s(lemma: str) -> str:
    if lemma[-1] == "y" and lemma[-2:-1] not in tuple("aeiou"):
        return lemma[:-1] + "ies"
    return lemma + ("es" if _SIBILANT.search(lemma) else "s")


def _with_ing(lemma: str) -> str:
    if lemma.endswith("ie"):
        return lemma[:-2] + "ying"
    if _MUTE_E.search(lemma):
        return lemma[:-1] + "ing"
    return lemma + (lemma[-1] if _DOUBLES.fullmatch(lemma) else "") + "ing"


def _with_ed(lemma: str) -> str:
    if lemma.endswith("e"):
        return lemma + "d"
    if lemma[-1] == "y" and lemma[-2:-1] not in tuple("aeiou"):
        return lemma[:-1] + "ied"
    return lemma + (lemma[-1] if _DOUBLES.fullmatch(lemma) else "") + "ed"

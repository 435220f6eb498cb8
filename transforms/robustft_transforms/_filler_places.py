"""Where a filler may stand in a sentence, how it is written there, and how it is taken out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from robustft.text import Edit
from robustft_transforms._lexicons import load_words
from robustft_transforms._sections import lines_of, section

__all__ = ["Place", "gives_opinion", "has_filler", "places_in", "removable", "removal"]

_DATA = "fillers.txt"
_FEWEST_WORDS = 4
_LONGEST_OPENING = 60
_LONGEST_WORD = 24
_NEAR = 400


class Place(NamedTuple):
    """A place for a filler: which list it takes, where it goes, what is written around it.

    `lowered` is where a capital is to go, or -1; `case` is that of the sentence: ``upper``,
    ``lower``, or ``capital`` for a filler that begins a sentence, or empty.
    """

    section: str
    at: int
    lead: str
    tail: str
    case: str = ""
    lowered: int = -1

    def edits(self, text: str, filler: str) -> tuple[Edit, ...]:
        """Return the edits that write `filler` here, its commas as the text has them."""
        made = filler + self.tail
        made = made if made.startswith(", ") else self.lead + made
        if self.case == "upper":
            made = made.upper()
        elif self.case == "lower":
            made = made.lower()
        elif self.case == "capital":
            made = made[0].upper() + made[1:]
        if _is_tokenised(text[max(0, self.at - _NEAR) : self.at + _NEAR]):
            made = made.replace(",", " ,")
        if self.lowered < 0:
            return (Edit(self.at, self.at, made),)
        return (Edit(self.at, self.lowered + 1, made + text[self.lowered].lower()),)


def _is_tokenised(text: str) -> bool:
    """Tell whether a space goes before commas and full stops."""
    apart = text.count(" , ") + text.count(" . ") + text.rstrip().endswith(" .")
    return apart > 0 and 2 * apart > text.count(", ") + text.count(". ")


_WORD = re.compile(r"[a-z]+")
_OPENING = re.compile(r"([A-Za-z]+)(?:['’][A-Za-z]+)? (?=([A-Za-z])([A-Za-z]?))")
_NAMES = re.compile(r"[A-Z][a-z]+(?: [A-Z][a-z]+){1,2} ([a-z]+)\b")
_SUBJECT = r"I|it|he|she|they|we|you(?! know| see)|there"
_CONJUNCTION = re.compile(
    rf",\s(?:but(?=\s(?:{_SUBJECT}|the|this|that|these|his|her|my|its|their|our)\b)"
    rf"|and(?=\s(?:{_SUBJECT})\b))(?!\sI\smean)"
)
_LAST_WORD = re.compile(r"(?<=\s)[a-z]{2,}(?=\s?\.$)")
_NOT_LAST = frozenset(
    "etc vs jr sr inc ltd co approx though too either anyway anyways however overall honestly then "
    "please again now really well yet not never of to for with from by as at in on".split()
)
_FILLER = (
    r"(?:honestly|frankly|to be honest|truth be told|i have to say|i must say|look|well|actually|"
    r"basically|you know|i mean|like|if you ask me|uh|um|er|hmm|seriously|anyway)"
)
_BEGINS = re.compile(rf"{_FILLER}\s?,", re.IGNORECASE)
_AFTER_COMMA = re.compile(rf",\s{_FILLER}\b", re.IGNORECASE)


def has_filler(text: str, start: int, end: int) -> bool:
    """Tell whether the sentence has a filler already, or what may be one."""
    return bool(_BEGINS.match(text, start, end) or _AFTER_COMMA.search(text, start, end))


def places_in(text: str, start: int, end: int) -> list[Place]:
    """Return the places for fillers in the sentence ``text[start:end]``."""
    sentence = text[start:end]
    if len(sentence.split(None, _FEWEST_WORDS)) < _FEWEST_WORDS:
        return []
    case = "upper" if sentence.isupper() else "lower" if sentence.islower() else ""
    opening = _opening(text, start, case)
    places = [opening] if opening else []
    places += [
        Place("after a conjunction", found.end(), " ", ",", case)
        for found in _CONJUNCTION.finditer(text, start, end)
    ]
    if case != "upper":
        for found in _ascriptions(text, start, end):
            name = "before so" if found["next"] in _so() else "in the middle"
            places.append(Place(name, found.end(), ", ", ",", case))
    last = _LAST_WORD.search(text, max(start, end - _LONGEST_WORD), end)
    if opening and last and last[0] not in _NOT_LAST:
        places.append(Place("at the end", last.end(), ", ", "", case))
    return places


def gives_opinion(text: str, start: int, end: int) -> bool:
    """Tell whether the sentence judges something, or its writer speaks of themselves."""
    words = _WORD.findall(text[start:end].lower())
    known = section(_DATA, "opinion") | section(_DATA, "adjectives")
    return not known.isdisjoint(words)


def _opening(text: str, start: int, case: str) -> Place | None:
    """Return the place before a sentence that states something, if its first word tells."""
    found = _OPENING.match(text, start, start + _LONGEST_OPENING)
    if found is None:
        return None
    word, following, second = found[1].lower(), found[2], found[3]
    case = case or ("capital" if text[start].isupper() else "lower")
    titled = following.isupper() and case != "upper" and not (following == "I" and not second)
    if word in section(_DATA, "openers") and not titled:
        if _not_openers().match(text, start):
            return None
        lowered = -1 if word == "i" or case != "capital" else start
        return Place("at the start", start, "", ", ", case, lowered)
    if case == "capital" and _is_name(text, start):
        return Place("at the start", start, "", ", ", case)
    return None


def _is_name(text: str, start: int) -> bool:
    """Tell whether a name that is the subject of a verb begins at `start`."""
    found = _NAMES.match(text, start, start + _LONGEST_OPENING)
    if found:
        return found[1] in section(_DATA, "verbs")
    word, _, rest = text[start : start + _LONGEST_OPENING].partition(" ")
    verb = re.match(r"[a-z]+\b", rest)
    named = word.isalpha() and word.istitle() and word.lower() not in load_words()
    return named and verb is not None and verb[0] in section(_DATA, "verbs")


@cache
def _not_openers() -> re.Pattern[str]:
    phrases = "|".join(lines_of(_DATA, "not openers"))
    there = r"there(?! (?:is|are|was|were|has|have)\b|['’]s\b)"
    return re.compile(rf"(?:{phrases}|{there})\b", re.IGNORECASE)


@cache
def _so() -> frozenset[str]:
    return section(_DATA, "before the filler") - {"a", "an", "just", "rather", "pretty", "quite"}


@cache
def _middle() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Find the form of *be* after which an adjective or a noun phrase ascribes something.

    The first pattern is for the beginning of a sentence, the second for what comes after it.
    """
    words = "|".join(sorted(section(_DATA, "before the filler") | section(_DATA, "adjectives")))
    after = rf"(?=\s(?P<next>{words})\b(?!-|['’]|\s(?:far|than|as|like)\b))"
    hosts = r"(?:it|that|he|she|there)['’]s|they['’]re"
    return (
        re.compile(rf"(?:{hosts}){after}", re.IGNORECASE),
        re.compile(rf" (?:is|are|was|were|{hosts}){after}"),
    )


def _ascriptions(text: str, start: int, end: int) -> Iterator[re.Match[str]]:
    first, later = _middle()
    if found := first.match(text, start, end):
        yield found
    for found in later.finditer(text, start + 1, end):
        lead = text[max(start, found.start() - 8) : found.start()]
        if lead[-1:].islower() and lead.split(" ")[-1].lower() not in _NOT_BEFORE_BE:
            yield found


_NOT_BEFORE_BE = frozenset("what how as than where when why".split())
_BE = r"(?:is|are|was|were)"
_INNER = r"(?:you know|honestly|actually|basically|frankly|to be honest|uh|um|er|I mean|well)"
_LEAD = re.compile(
    r"(?:Honestly|Frankly|To be honest|Truth be told|I have to say|I must say|Look|Well|Actually|"
    r"Basically|You know|I mean|Uh|Um|Er|Hmm),\s(?=[A-Za-z])"
)
_INSIDE = re.compile(
    rf"(?:(?<=\bis)|(?<=\bare)|(?<=\bwas)|(?<=\bwere)|(?<=\bbut)|(?<=\band)), {_INNER},(?= \w)"
    rf"|(?<=\w), {_INNER},(?= {_BE}\b)"
)
_END = re.compile(
    r"(?<=\w)(?<!\bwell), (?:to be honest|honestly|you know|if you ask me|frankly)(?=[.!])"
)


@cache
def removable() -> re.Pattern[str]:
    """Return a pattern of the fillers that can be taken out, wherever a sentence begins."""
    return re.compile(f"{_LEAD.pattern}|{_INSIDE.pattern}|{_END.pattern}")


def removal(text: str, start: int, end: int) -> Iterator[Edit]:
    """Yield the edits that take a filler out of the sentence, one for each filler."""
    found = _LEAD.match(text, start, end)
    if found:
        yield Edit(start, found.end() + 1, text[found.end()].upper())
    for pattern in (_INSIDE, _END):
        for found in pattern.finditer(text, start, end):
            yield Edit(found.start(), found.end(), "")

"""Names: persons are called something else, the same all over a text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import ClassVar, Literal

import numpy as np

from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, Lexicon, SpanKind, Unit, Units
from robustft.transform.base import LabelKind, Level, Proposal, Skip, Transform
from robustft_transforms._known_names import known_firsts, names_list, pool
from robustft_transforms._name_context import ARTICLE, begins_with_vowel
from robustft_transforms._people import Mention, Person, find_people

Part = Literal["both", "first", "last"]

_FEWEST = 5
"""As many names at least are drawn from, however many persons there are."""
_AFTER_PARTICLE = {"de": "after de", "van": "after van", "von": "after von"}


@dataclass(frozen=True, kw_only=True)
class Names(Transform):
    """Give the persons of a text other names, each the same one wherever it is mentioned.

    Where it occurs: two texts that say the same of different people. What a model has learnt
    about one actor or minister should not decide what it makes of a sentence about another.

    What it does: a first name gives way to another of the same gender, a surname to a surname, in
    all mentions ("John Smith ... John ... Mr. Smith's"), with initials, possessives, plurals and
    capitals as they were, and so that "an" before it stays right. A word counts as a name only if
    it is a frequent first name and no other word, or if a title or a known surname goes with it.
    A person stays if any mention leaves doubt: in quotes or italics (a title), within a longer
    name (a street, a firm), with an article ("a Rambo"), compared with ("like Brad Pitt"), a
    known character or brand ("Forrest Gump", "John Deere"), a surname that may be a word where a
    sentence begins, a short form that may be the same person ("Bob" for Robert).

    What it may break: what everybody knows about the bearer of a famous name, and so a label that
    hangs on it: topic (a tennis player's name says "sports"), answers, the relation of two texts.
    Sentiment is kept: it does not depend on who it is that shines or fails, and comparisons are
    left alone. The names put in are frequent in the United States.

    Source: Ribeiro et al. (2020), *Beyond accuracy: behavioral testing of NLP models with
    CheckList*, ACL (invariance to names); Prabhakaran et al. (2019), *Perturbation sensitivity
    analysis to detect unintended model biases*, EMNLP. Known names are those of the US Census of
    1990; the lists of doubtful and fixed names, and the rates, are ours.

    Parameters
    ----------
    part
        Which names: ``first`` names, ``last`` names, or ``both``.
    """

    part: Part = "both"

    name: ClassVar[str] = "names"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(
        {
            LabelKind.SENTIMENT,
            LabelKind.ACCEPTABILITY,
            LabelKind.QUANTITY,
            LabelKind.INTENT,
            LabelKind.TOKEN_TAGS,
        }
    )
    opens: ClassVar[frozenset[SpanKind]] = frozenset({SpanKind.NAME})
    rates: ClassVar[Mapping[int, float]] = {1: 0.003, 2: 0.01, 3: 0.02, 4: 0.05, 5: 1.0}
    example: ClassVar[str] = "Susan Miller is superb, and Mr. Miller's Frank is not bad: go, Susan!"

    def units(self, batch: Batch) -> Units:
        """Return the first mention of each person."""
        found = [
            (index, int(batch.starts[index]) + person.mentions[0].start, person.mentions[0].end)
            for index, people in _people(batch).items()
            for person in people
        ]
        text, start, end = np.array(found, np.int64).reshape(-1, 3).T
        return Units(text, start, end + batch.starts[text])

    def replacement(self, document: Document, unit: Unit, draw: Draw) -> Proposal:
        """Return an edit for each mention of the person, or why there is none."""
        people = _people(document.batch)[document.index]
        number = next(i for i, p in enumerate(people) if p.mentions[0].start == unit.start)
        if people[number].reason:
            return Skip(people[number].reason)
        renaming = _Renaming(document.text, number, len(people), draw)
        return renaming.edits(people[number], self.part) or Skip("no name is left")


@cache
def _clues() -> Lexicon:
    names = known_firsts()
    return Lexicon(names | {f"{name}'s" for name in names} | names_list("titles before a surname"))


@lru_cache(maxsize=1)
def _people(batch: Batch) -> dict[int, list[Person]]:
    """Return the persons of each text that has any; kept for the batch at hand."""
    found = ((index, find_people(batch.texts[index])) for index in _candidates(batch))
    return {index: people for index, people in found if people}


def _candidates(batch: Batch) -> list[int]:
    """Return the texts in which a name may be: a known one with a capital, or in lower case."""
    words = batch.words_in(_clues())
    lower = np.fromiter((text.islower() for text in batch.texts), np.bool_, len(batch))
    words = words.where(batch.capitalised(words) | lower[words.text])
    found: list[int] = np.unique(words.text).tolist()
    return found


class _Renaming:
    """New names for one of the persons of a text, others than its other persons can get."""

    def __init__(self, text: str, number: int, people: int, draw: Draw) -> None:
        self.text = text
        self.lower = text.islower()
        self.number = number
        self.people = people
        self.draw = draw

    def edits(self, person: Person, part: Part) -> tuple[Edit, ...]:
        """Draw a new name for each word of the person's name, and put it in everywhere."""
        new: dict[str, str] = {}
        for mention in person.mentions:
            surname = mention.role == "last"
            wanted = part == "both" or (part == "last") == surname
            if mention.role == "initial" or mention.key in new or not wanted:
                continue
            same = [other for other in person.mentions if other.key == mention.key]
            made = self.drawn(same, set(new.values()))
            if made is None:
                return ()
            new[mention.key] = made
        edits = []
        for mention in person.mentions:
            made = new.get(mention.key)
            if mention.role == "initial":
                made = _initial(person, new, mention)
            if made is not None:
                old = self.text[mention.start : mention.end]
                edits.append(Edit(mention.start, mention.end, _cased(old, made)))
        return tuple(edits)

    def drawn(self, mentions: list[Mention], taken: set[str]) -> str | None:
        """Draw a name that the text does not hold and that fits wherever the old one stands."""
        offered = pool(self.kind(mentions))
        shares = max(1, min(self.people, len(offered) // _FEWEST))
        own = offered[(self.number + len(self.text)) % shares :: shares]
        demands = {_demand(self.text, mention) for mention in mentions} - {None}
        first = self.draw.integers(len(own))
        for name in own[first:] + own[:first]:
            if name in taken or name in self.text or (self.lower and name.lower() in self.text):
                continue
            if all(demand is None or demand(name) for demand in demands):
                return name
        return None

    def kind(self, mentions: list[Mention]) -> str:
        """Return which names may stand in; behind a particle, those that go with it."""
        if mentions[0].role == "last":
            for mention in mentions:
                particle = self.text[max(0, mention.start - 4) : mention.start].lower().strip()
                if particle in _AFTER_PARTICLE:
                    return _AFTER_PARTICLE[particle]
        return mentions[0].role


def _initial(person: Person, new: dict[str, str], mention: Mention) -> str | None:
    """Return the new initial of a first name that is spelt out elsewhere."""
    for other in person.mentions:
        if other.role != "last" and other.key in new and other.key[0] == mention.key:
            return f"{new[other.key][0]}."
    return None


def _cased(old: str, made: str) -> str:
    if old.islower():
        return made.lower()
    return made.upper() if old.isupper() and len(old) > 2 else made


_Demand = Callable[[str], bool]


def _begins_with_consonant(name: str) -> bool:
    return not begins_with_vowel(name)


def _ends_in_s(name: str) -> bool:
    return name[-1] == "s"


def _ends_otherwise(name: str) -> bool:
    return name[-1] != "s"


def _demand(text: str, mention: Mention) -> _Demand | None:
    """Return what the article before a mention, or the apostrophe behind it, asks of a new name."""
    start, end = mention.start, mention.end
    if ARTICLE.search(text, max(0, start - 4), start):
        return begins_with_vowel if begins_with_vowel(text[start:end]) else _begins_with_consonant
    if text[end : end + 1] not in ("'", "’"):
        return None
    if text[end + 1 : end + 2] in ("s", "S"):
        return None if text[end - 1] in "sS" else _ends_otherwise
    return _ends_in_s if text[end - 1] in "sS" else None

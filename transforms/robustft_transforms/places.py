"""Places: countries, cities and states are others of their kind, the same all over a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import ClassVar, Literal

import numpy as np

from robustft.seeding import Draw
from robustft.text import Batch, Document, Edit, Lexicon, SpanKind, Unit, Units
from robustft.transform.base import LabelKind, Level, Proposal, Skip, Transform
from robustft_transforms._gazetteer import Place, by_first_word, group_of
from robustft_transforms._name_context import ARTICLE, begins_with_vowel
from robustft_transforms._places import Named, find_places

Kind = Literal["all", "country", "city", "state"]


@dataclass(frozen=True, kw_only=True)
class Places(Transform):
    """Move a text elsewhere: another country, city or state, the same wherever it is mentioned.

    Where it occurs: two reports of the same kind of thing from different places. What a model has
    learnt about one country should not decide what it makes of what happens there.

    What it does: a country gives way to another of its region, with its adjective and its people
    ("Italy ... the Italian coast ... two Italians"), a city to another of its country, a state of
    the United States to another, each by a name of as many words, so that "an" before it stays
    right. Names that are as often something else (Georgia, Turkey, Jordan, Reading) are left out;
    others stay if any mention leaves doubt: within a longer name ("the Boston Globe"), in quotes
    or italics, a film's name without a preposition of place, a language ("in Italian"), a fixed
    expression ("French fries"), somebody's ("Italy's Prodi"), or beside what ties it to its place
    on the map: "Paris, Texas", a city of the country, the state of the city, "the capital",
    a matter of history.

    What it may break: what everybody knows about a place, and so a label that hangs on it: topic
    (what is said of Iraq is world news, and for a list of topics that are countries all is lost),
    answers, the relation of two texts. Numbers and what happens stay.

    Source: Ribeiro et al. (2020), *Beyond accuracy: behavioral testing of NLP models with
    CheckList*, ACL, who change locations as a test of invariance. The lists and the rates are
    ours.

    Parameters
    ----------
    kind
        Which places: ``country``, ``city``, ``state``, or ``all``.
    """

    kind: Kind = "all"

    name: ClassVar[str] = "places"
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
    example: ClassVar[str] = "We went from Chicago to Italy, where an Italian friend met us."

    def units(self, batch: Batch) -> Units:
        """Return the first mention of each place of the kind."""
        found = [
            (index, named.mentions[0].start, named.mentions[0].end)
            for index, places in _places(batch).items()
            for named in places
            if self.kind in ("all", named.place.kind)
        ]
        text, start, end = np.array(found, np.int64).reshape(-1, 3).T
        return Units(text, start + batch.starts[text], end + batch.starts[text])

    def replacement(self, document: Document, unit: Unit, draw: Draw) -> Proposal:
        """Return an edit for each mention of the place, or why there is none."""
        text, places = document.text, _places(document.batch)[document.index]
        named = next(place for place in places if place.mentions[0].start == unit.start)
        if named.reason:
            return Skip(named.reason)
        made = _drawn(text, named, places, draw)
        if made is None:
            return Skip("no place is left")
        return tuple(
            Edit(start, end, _cased(text[start:end], made.forms[form]))
            for start, end, form in named.mentions
        )


@cache
def _first_words() -> Lexicon:
    words = by_first_word().keys()
    return Lexicon({*words, *(f"{word}'s" for word in words)})


@lru_cache(maxsize=1)
def _places(batch: Batch) -> dict[int, list[Named]]:
    """Return the places of each text that names any; kept for the batch at hand."""
    words = batch.words_in(_first_words())
    lower = np.fromiter((text.islower() for text in batch.texts), np.bool_, len(batch))
    words = words.where(batch.capitalised(words) | lower[words.text])
    spans: dict[int, list[tuple[int, int]]] = {}
    for index, start, end in zip(
        words.text.tolist(),
        (words.start - batch.starts[words.text]).tolist(),
        (words.end - batch.starts[words.text]).tolist(),
        strict=True,
    ):
        spans.setdefault(index, []).append((start, end))
    found = {index: find_places(batch.texts[index], words) for index, words in spans.items()}
    return {index: places for index, places in found.items() if places}


def _drawn(text: str, named: Named, places: list[Named], draw: Draw) -> Place | None:
    """Draw a place that the text does not name, and that no other place of it can become."""
    group = [other.place for other in places if other.place[:2] == named.place[:2]]
    offered = group_of(named.place)
    number = group.index(named.place) + len(text)
    own = offered[number % len(group) :: len(group)]
    if not own:
        return None
    low = text.lower()
    sounds = {
        begins_with_vowel(text[mention.start :])
        for mention in named.mentions
        if ARTICLE.search(text, max(0, mention.start - 4), mention.start)
    }
    first = draw.integers(len(own))
    for place in own[first:] + own[:first]:
        if any(form.lower() in low for form in place.forms):
            continue
        if len(place.forms[0].split()) != len(named.place.forms[0].split()):
            continue
        if all(begins_with_vowel(form) == sound for sound in sounds for form in place.forms[1:3]):
            return place
    return None


def _cased(old: str, made: str) -> str:
    return made.lower() if old.islower() else made.upper() if old.isupper() else made

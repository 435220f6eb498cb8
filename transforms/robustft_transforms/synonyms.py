"""Words are replaced by synonyms: *a boring movie* becomes *a tedious film*."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import repeat
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from robustft.errors import SpecError
from robustft.seeding import Draw, mix, uniform, weighted_at
from robustft.text.document import Batch, Document, Unit, Units
from robustft.transform.base import LabelKind, Level, Proposal, Skip, Transform
from robustft_transforms._articles import with_article
from robustft_transforms._neighbours import SynonymTable
from robustft_transforms._own_synonyms import read_csv
from robustft_transforms._synonyms import (
    Half,
    Readings,
    SynonymReading,
    load_synonyms,
    select,
)
from robustft_transforms._wordnet import read_wordnet

__all__ = ["Synonyms"]

_ENDS_ARTICLE = frozenset("aAnN \t\n")
# Added to how sure a pair is, so that a low rate takes some of the others too.
_LEAST = 0.1
_QUOTES = frozenset("\"'“‘")
# Nobody writes "the pictures of the picture": words are one if they begin with so many letters.
_STEM, _NEAR = 6, 120
_SKIP_NEAR = Skip("the substitute stands nearby")
_SKIP_CASE = Skip("mixed case")
_APOSTROPHES = frozenset("'’")
_SKIP_PLURAL = Skip("possessive plural")
_SKIP_TITLE = Skip("perhaps a title")
_SKIP_SENSE = Skip("another sense or a fixed expression")


@cache
def _readings(lexicon: str) -> Readings:
    if lexicon == "builtin":
        return load_synonyms()
    if lexicon == "nltk":
        return read_wordnet()
    return read_csv(Path(lexicon))


@cache
def _table(lexicon: str, min_score: float, half: Half) -> SynonymTable:
    return SynonymTable(select(_readings(lexicon), min_score, half))


@dataclass(frozen=True, kw_only=True)
class Synonyms(Transform):
    """Replace words by synonyms of the same inflection, from a table that an editor has read.

    What it does: a word that means the same thing nearly always, or means it between these
    neighbours, gives way to another of its WordNet 3.0 synset, to a similar adjective, to the next
    broader noun or, in some cases, to a word that WordNet does not relate to it. Each pair was read
    in its contexts, and measured in some twenty of them by a sentence encoder and a classifier of
    sentiment. The surest pairs are drawn first: a low severity uses few others, severity 5 all.
    Number, tense, degree and case are kept; *a* and *an* before it follow the new word's sound.
    Function words (but for equals such as *someone*, *somebody*), negators, names, parts of
    hyphenated compounds and fixed expressions stay, antonyms are never offered.

    Where such text occurs: everywhere; two writers with the same opinion choose other words.
    A classifier that learnt *boring* has to know *tedious* too.

    What it may break: register (*kids*, *children*) and shades of strength (*huge*, *immense*);
    wording that somebody quotes. It keeps sentiment, topic and intent: no pair crosses polarity
    or subject. It keeps similarity and quantity: what is said to be, and how much of it, stays.
    It does not promise entailment (a near-synonym in one half of a pair may be a little broader
    than in the other), acceptability (verbs differ in the complements they take), answer spans
    and token tags (their words change). All of this is said of the built-in table.

    Parameters
    ----------
    lexicon
        Where the pairs are from. ``builtin``: the reviewed table. ``nltk``: the WordNet that NLTK
        has installed, for words with one dominant sense, told by the neighbours' parts of speech;
        nobody read its pairs. A CSV file with the columns word and substitute, and pos and score
        where wanted: words are replaced as written.
    min_score
        Leave out pairs that are less sure than this, 0 to 1: for the built-in table how near the
        two words are to an encoder in their worst contexts and out of context, on the way from a
        random word (0) to the word itself (1); for NLTK's the share of the dominant sense.
    half
        Use one half of the table, ``a`` or ``b``: each substitute, in all its inflections, is in
        one of them. With one for training and the other for testing, no replacement is in both.

    References
    ----------
    Miller (1995), *WordNet: a lexical database for English*, CACM 38(11); Fellbaum (ed., 1998),
    *WordNet: an electronic lexical database*, MIT Press. Replacement of this kind as a test of
    models: Jia et al. (2019), *Certified robustness to adversarial word substitutions*, EMNLP.
    """

    lexicon: str = "builtin"
    min_score: float = 0.0
    half: Half = "both"

    name: ClassVar[str] = "synonyms"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(
        {
            LabelKind.SENTIMENT,
            LabelKind.TOPIC,
            LabelKind.INTENT,
            LabelKind.SIMILARITY,
            LabelKind.QUANTITY,
        }
    )
    rates: ClassVar[dict[int, float]] = {1: 0.01, 2: 0.03, 3: 0.05, 4: 0.08, 5: 0.15}
    example: ClassVar[str] = "A boring movie with a talented cast."

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.min_score <= 1:
            raise SpecError(f"{self.name}: expected min_score from 0 to 1, got {self.min_score}")
        if self.lexicon != "builtin":
            _readings(self.lexicon)  # what is wrong with it should be said before any work

    @property
    def _table(self) -> SynonymTable:
        return _table(self.lexicon, self.min_score, self.half)

    def units(self, batch: Batch) -> Units:
        """Return the words that the table has a substitute for, between the neighbours they have.

        Parts of hyphenated compounds are left out.
        """
        return self._table.places(batch).units

    def weights(self, batch: Batch, units: Units) -> npt.NDArray[np.float64]:
        """Return how surely each word can be replaced: a low rate takes mostly the surest."""
        table = self._table
        places = table.places(batch)
        at = np.searchsorted(places.units.start, units.start)
        sureness: npt.NDArray[np.float64] = table.sureness[places.reading[at]]
        return (sureness + _LEAST) ** 2

    def replacement(self, document: Document, unit: Unit, draw: Draw) -> Proposal:
        """Return a substitute in the word's own case, with the article where that must change."""
        reading = self._table.reading_at(document, unit)
        if reading is None:
            return _SKIP_SENSE
        offered = reading.substitutes
        made = offered[draw.weighted(reading.scores)] if len(offered) > 1 else offered[0]
        batch, index = document.batch, document.index
        offset = int(batch.starts[index])
        start, end = offset + unit.start, offset + unit.end
        around = max(offset, start - _NEAR), min(offset + len(document.text), end + _NEAR)
        return _put(batch, index, start, end, *around, made)

    def at_once(self, batch: Batch, units: Units, keys: npt.NDArray[np.uint64]) -> list[Proposal]:
        """Return what each word becomes."""
        table = self._table
        places = table.places(batch)
        number = places.reading[np.searchsorted(places.units.start, units.start)]
        columns = (
            units.text,
            units.start,
            units.end,
            np.maximum(batch.starts[units.text], units.start - _NEAR),
            np.minimum(batch.ends[units.text], units.end + _NEAR),
        )
        offered = map(table.readings.__getitem__, number.tolist())
        made = map(_drawn, offered, uniform(mix(keys, 0)).tolist())
        return list(map(_put, repeat(batch), *(column.tolist() for column in columns), made))


def _drawn(reading: SynonymReading, point: float) -> str:
    """Return the substitute at a point in [0, 1) of all shares."""
    offered = reading.substitutes
    return offered[weighted_at(point, reading.scores)] if len(offered) > 1 else offered[0]


def _put(
    batch: Batch, index: int, start: int, end: int, low: int, high: int, made: str
) -> Proposal:
    """Return a substitute in a word's own case, with the article where that must change.

    The word stands at ``start .. end`` of the buffer; what is near it, at ``low .. high``.
    """
    buffer = batch.buffer
    if batch.lowered.find(made[:_STEM], low, high) >= 0:
        return _SKIP_NEAR
    word = buffer[start:end]
    if not word.isascii() and "’" in word:
        word, made = word.replace("’", "'"), made.replace("'", "’")
    if not word.islower():
        if word.isupper():
            made = made.upper()
        elif word != word.capitalize():
            return _SKIP_CASE
        elif buffer[start - 1 : start] in _QUOTES:
            return _SKIP_TITLE
        else:
            made = made[:1].upper() + made[1:]
    if buffer[end : end + 1] in _APOSTROPHES and word[-1:] in "sS" and not made.endswith("s"):
        return _SKIP_PLURAL
    if buffer[start - 1 : start] != " " or buffer[start - 2 : start - 1] in _ENDS_ARTICLE:
        offset = int(batch.starts[index])
        return with_article(batch.texts[index], start - offset, end - offset, made)
    return made

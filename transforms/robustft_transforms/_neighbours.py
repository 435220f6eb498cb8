"""Which words of a batch a table of synonyms can replace, told from the words beside them.

All conditions are looked up for all candidates at once: a neighbour has a number among the words
that any condition names, and a condition is a row of yes and no over these numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from robustft.text import Batch, Document, Lexicon, Unit, Units
from robustft_transforms._beside import PRONOUN_IS, Beside, Neighbour
from robustft_transforms._synonyms import Readings, SynonymReading

__all__ = ["Places", "SynonymTable"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

# Columns of the rows of yes and no: no word, a word that no condition names, then the others.
_NO_WORD, _OTHER, _NAMED = 0, 1, 2
_PRONOUN_IS = Lexicon(PRONOUN_IS)


@dataclass(frozen=True, eq=False)
class Places:
    """The words of a batch that a table can replace, and the number of the reading of each."""

    units: Units
    reading: Ints

    @cached_property
    def at(self) -> dict[int, int]:
        """The number of the reading by the position of the word in the batch's buffer."""
        return dict(zip(self.units.start.tolist(), self.reading.tolist(), strict=True))


class SynonymTable:
    """A table of synonyms, laid out so that a batch is looked up in one go.

    Parameters
    ----------
    table
        Word forms in lower case and their readings: the first whose conditions hold is used.
    """

    def __init__(self, table: Readings) -> None:
        self.readings: list[SynonymReading] = []
        self._forms = Lexicon(table)
        self._first = np.zeros(len(table), np.int64)
        self._count = np.zeros(len(table), np.int64)
        for place, form in enumerate(self._forms.words):
            self._first[place] = len(self.readings)
            self._count[place] = len(table[form])
            self.readings += table[form]
        self._vocabulary = Lexicon(_named(reading.beside for reading in self.readings))
        number = {word: i + _NAMED for i, word in enumerate(self._vocabulary.words)}
        # Both lists are looked up as one.
        self._all = Lexicon([*self._forms.words, *self._vocabulary.words])
        places = {form: place for place, form in enumerate(self._forms.words)}
        self._form_of = np.array([*(places.get(w, -1) for w in self._all.words), -1])
        self._name_of = np.array([*(number.get(w, _OTHER) for w in self._all.words), _OTHER])
        self._possessive, self._negated = number.get("'s", _OTHER), number.get("n't", _OTHER)
        self._rules, self._allow = _lay_out(self.readings, {**number, ".": _NO_WORD})
        self.sureness = np.array([max(r.scores) for r in self.readings], np.float64)

    def places(self, batch: Batch) -> Places:
        """Return where in a batch this table has a substitute."""
        return _places(self, batch)

    def reading_at(self, document: Document, unit: Unit) -> SynonymReading | None:
        """Return the reading of a word of a text, or None where the table has none for it."""
        batch = document.batch
        number = _places(self, batch).at.get(int(batch.starts[document.index]) + unit.start)
        return None if number is None else self.readings[number]

    def _look_up(self, batch: Batch) -> Places:
        known = batch.places_in(self._all)
        form = self._form_of[known]
        words = np.flatnonzero(form >= 0)
        words = words[~batch.hyphenated(batch.words.where(words))]
        form = form[words]
        beside = self._neighbours(batch, words, known)
        reading = np.full(len(words), -1, np.int64)
        left = np.arange(len(words))
        for i in range(int(self._count[form].max(initial=0))):
            left = left[(reading[left] < 0) & (self._count[form[left]] > i)]
            tried = self._first[form[left]] + i
            holds = np.ones(len(left), np.bool_)
            for slot, names in enumerate(beside):
                holds &= self._allow[self._rules[slot, tried], names[left]]
            reading[left[holds]] = tried[holds]
        found = reading >= 0
        return Places(batch.words.where(words[found]), reading[found])

    def _neighbours(self, batch: Batch, words: Ints, known: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        """Return the numbers of the words before, after, and beyond these, for words by number."""
        joined = _parted_by_a_space(batch)
        before, after = joined[words], joined[words + 1]
        names = np.append(self._names(batch, known), _NO_WORD)
        last = len(names) - 1
        return (
            np.where(before, names[words - 1], _NO_WORD),
            np.where(after, names[words + 1], _NO_WORD),
            np.where(before & joined[words - 1], names[words - 2], _NO_WORD),
            np.where(
                after & joined[np.minimum(words + 2, last)],
                names[np.minimum(words + 2, last)],
                _NO_WORD,
            ),
        )

    def _names(self, batch: Batch, known: Ints) -> Ints:
        """Return the number of each word of a batch as conditions name it."""
        names = self._name_of[known]
        words, folded = batch.words, batch.folded
        marks = np.flatnonzero(folded[:-1] == ord("'"))
        # Also where a tokenizer has parted it from its word: "film 's".
        clitic = np.searchsorted(words.end, marks + 2)
        real = clitic < len(words)
        real[real] = words.end[clitic[real]] == marks[real] + 2
        clitic, marks = clitic[real], marks[real]
        verb = batch.places_in(_PRONOUN_IS, clitic) >= 0
        names[clitic[(folded[marks + 1] == ord("s")) & ~verb]] = self._possessive
        negated = (folded[marks + 1] == ord("t")) & (folded[marks - 1] == ord("n"))
        names[clitic[negated]] = self._negated
        return names


@lru_cache(maxsize=2)
def _places(table: SynonymTable, batch: Batch) -> Places:
    """Look a batch up once: the engine asks for its units, their weights and each replacement."""
    return table._look_up(batch)


def _parted_by_a_space(batch: Batch) -> Mask:
    """Tell for each word, and for the end, whether one space alone parts it from the one before."""
    words = batch.words
    joined = np.zeros(len(words) + 1, np.bool_)
    gap = words.start[1:] - words.end[:-1]
    joined[1:-1] = (gap == 1) & (batch.codes[words.end[:-1]] == ord(" "))
    return joined


def _named(all_conditions: Iterable[Beside]) -> set[str]:
    """Return every word that a condition names, without the sign for no word."""
    found: set[str] = set()
    for neighbour in {neighbour for beside in all_conditions for neighbour in beside}:
        found |= (neighbour.among or frozenset()) | neighbour.barred
    return found - {"."}


def _lay_out(
    readings: list[SynonymReading], number: dict[str, int]
) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Return the row of each slot of each reading, shape ``(4, n)``, and the rows of yes and no."""
    row_of: dict[Neighbour, int] = {Neighbour(): 0}
    rules = np.zeros((4, len(readings)), np.int64)
    for i, reading in enumerate(readings):
        for slot, neighbour in enumerate(reading.beside):
            rules[slot, i] = row_of.setdefault(neighbour, len(row_of))
    allow = np.ones((len(row_of), len(number) + 1), np.bool_)
    for neighbour, row in row_of.items():
        if neighbour.among is not None:
            allow[row] = False
            allow[row, [number[word] for word in neighbour.among]] = True
        allow[row, [number[word] for word in neighbour.barred]] = False
    return rules, allow

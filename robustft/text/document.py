"""Texts as columns: a batch in one buffer, and light views of it for readers and authors.

`Batch` joins many texts and finds all their words with a few passes of numpy. `Document` and
`Unit` show one text and one changeable part of it, in the text's own code-point coordinates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from robustft.text import characters
from robustft.text.characters import (
    APOSTROPHE,
    DIGIT,
    LETTER,
    MARK,
    PLAIN,
    SPACE,
    UPPER,
    WORD,
)
from robustft.text.lexicon import Lexicon, hash_spans
from robustft.text.sentences import sentence_spans

__all__ = ["Batch", "Document", "Unit", "Units"]

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

# Stands between texts in the buffer. A text may hold it too: offsets, not this, part the texts.
_SEPARATOR = "\x00"
_HYPHENS = np.array([ord("-"), 0x2010, 0x2011], np.uint32)


class Unit(NamedTuple):
    """A part of a text that a transform may change: ``document.text[start:end] == text``."""

    start: int
    end: int
    text: str
    ordinal: int
    """The unit's ordinal among the units of its text."""


@dataclass(frozen=True, slots=True)
class Units:
    """Spans of a batch's buffer, in order: `text` says which text each lies in. Shapes ``(n,)``."""

    text: Ints
    start: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.start)

    def where(self, mask: npt.NDArray[Any]) -> Units:
        """Return the units for which `mask` (boolean, or indices in order) holds."""
        return Units(self.text[mask], self.start[mask], self.end[mask])


class Batch:
    """Texts joined into one buffer.

    Parameters
    ----------
    texts
        Any strings, empty ones included.

    Attributes
    ----------
    buffer : the joined text.
    codes : its code points, uint32, shape ``(len(buffer),)``.
    starts : where each text begins in it, int64, shape ``(len(texts),)``.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        self.starts: Ints = np.zeros(len(texts), np.int64)
        np.cumsum(lengths[:-1] + 1, out=self.starts[1:])
        self.ends: Ints = self.starts + lengths
        self.buffer = _SEPARATOR.join(texts)
        raw = self.buffer.encode("utf-32-le", "surrogatepass")
        self.codes: npt.NDArray[np.uint32] = np.frombuffer(raw, np.uint32)
        self._sentence_spans: dict[int, list[tuple[int, int]]] = {}

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def classes(self) -> npt.NDArray[np.uint16]:
        """Class bits of each code point (see `robustft.text.characters`), with a zero appended.

        The appended zero lets ``classes[end]`` be asked at the buffer's end, and ``classes[-1]``
        at its beginning.
        """
        out = np.zeros(len(self.codes) + 1, np.uint16)
        out[:-1] = characters.classes(self.codes)
        return out

    @cached_property
    def folded(self) -> npt.NDArray[np.uint32]:
        """The lower-case form of each code point, with the plain apostrophe for either kind."""
        return characters.folded(self.codes, self.classes)

    @cached_property
    def lowered(self) -> str:
        """The buffer in lower case, code point by code point, so that positions stay: `folded`."""
        return self.folded.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")

    @cached_property
    def words(self) -> Units:
        """All words: runs of letters, marks and digits; an apostrophe between letters joins."""
        bits = self.classes[:-1]
        inside = np.zeros(len(bits) + 2, np.bool_)
        np.not_equal(bits & WORD, 0, out=inside[1:-1])
        at = np.flatnonzero((bits[1:-1] & APOSTROPHE) != 0) + 1  # of booleans: much faster
        inside[at[((bits[at - 1] & bits[at + 1]) & LETTER) != 0] + 1] = True
        borders = np.flatnonzero(inside[1:] != inside[:-1])
        start, end = borders.reshape(-1, 2).T.copy()
        # A run that begins with a mark hangs on something that is no word (a keycap, a symbol).
        real = (bits[start] & (LETTER | DIGIT)) != 0
        if not real.all():
            start, end = start[real], end[real]
        return Units(self._texts_at(start), start, end)  # what parts texts is in no word

    @cached_property
    def gaps(self) -> Ints:
        """Where white space, or what parts two texts, stands in the buffer."""
        empty = (self.classes[:-1] & SPACE) != 0
        empty |= self.codes == 0
        return np.flatnonzero(empty)

    @cached_property
    def word_counts(self) -> Ints:
        """The number of words of each text, shape ``(len(texts),)``."""
        return np.bincount(self.words.text, minlength=len(self)).astype(np.int64)

    @cached_property
    def sentences(self) -> Units:
        """The sentences of all texts, without the white space around them."""
        spans = [self.sentence_spans(index) for index in range(len(self))]
        counts = np.fromiter(map(len, spans), np.int64, len(spans))
        text = np.repeat(np.arange(len(spans)), counts)
        flat = np.array([span for found in spans for span in found], np.int64).reshape(-1, 2)
        return Units(text, flat[:, 0] + self.starts[text], flat[:, 1] + self.starts[text])

    def sentence_spans(self, index: int) -> list[tuple[int, int]]:
        """Return the spans of the sentences of one text, in its own coordinates."""
        if index not in self._sentence_spans:
            self._sentence_spans[index] = sentence_spans(self.texts[index])
        return self._sentence_spans[index]

    def spans(self, start: Ints, end: Ints) -> Units:
        """Make units of sorted buffer positions; a span that leaves its text is dropped."""
        text = self._texts_at(start)
        inside = end <= self.ends[text] if len(start) else np.zeros(0, np.bool_)
        if not inside.all():
            text, start, end = text[inside], start[inside], end[inside]
        return Units(text, start, end)

    def _texts_at(self, positions: Ints) -> Ints:
        """Return the number of the text that each of some sorted buffer positions lies in."""
        first = np.searchsorted(positions, self.starts)
        counts = np.diff(first, append=len(positions))
        return np.repeat(np.arange(len(self), dtype=np.int64), counts)

    def find(self, pattern: Any, group: int | str = 0) -> Units:
        r"""Return the non-empty matches of a compiled pattern (`re` or `regex`) in the texts.

        The pattern runs once over the joined buffer. Texts are parted by NUL, so ``\b`` works at
        their ends; ``^``, ``$`` and ``\A`` do not.
        """
        found: list[tuple[int, int]] = []
        position: int | None = 0
        while position is not None:
            position = self._find_from(pattern, group, position, found)
        positions = np.array(found, np.int64).reshape(-1, 2)
        positions = positions[positions[:, 1] > positions[:, 0]]
        return self.spans(positions[:, 0], positions[:, 1])

    def _find_from(
        self, pattern: Any, group: int | str, position: int, found: list[tuple[int, int]]
    ) -> int | None:
        """Gather matches up to one that runs into the next text; return where to go on."""
        text, end = -1, -1
        for match in pattern.finditer(self.buffer, position):
            if match.start() > end:
                text = int(np.searchsorted(self.starts, match.start(), side="right")) - 1
                end = int(self.ends[text])
            if match.end() > end:
                return end + 1
            found.append(match.span(group))
        return None

    @cached_property
    def _word_hashes(self) -> npt.NDArray[np.uint64]:
        return hash_spans(self.folded, self.words.start, self.words.end)

    def words_in(self, lexicon: Lexicon) -> Units:
        """Return the words whose lower-case form is in `lexicon`."""
        return self.words.where(self.is_in(lexicon))

    def is_in(self, lexicon: Lexicon) -> Mask:
        """Tell for each of `words` whether it is in `lexicon`."""
        return lexicon.match(self._word_hashes)

    def places_in(self, lexicon: Lexicon, words: Ints | None = None) -> Ints:
        """Return, for all `words` or some by number, their places in the lexicon's, or -1."""
        return lexicon.find(self._word_hashes if words is None else self._word_hashes[words])

    def alphabetic_words(self, min_length: int = 1) -> Units:
        """Return the words of at least `min_length` code points that are ASCII letters alone."""
        words = self.words
        return words.where(
            (words.end - words.start >= min_length) & ~self.any_in(self._odd_in_words, words)
        )

    @cached_property
    def _odd_in_words(self) -> Mask:
        """What a word can hold besides the letters a to z."""
        held = self.classes[:-1] & (PLAIN | WORD | APOSTROPHE)
        held -= 1  # nothing becomes the greatest number
        odd: Mask = held < PLAIN - 1
        return odd

    def hyphenated(self, units: Units) -> Mask:
        """Tell for each unit whether a hyphen joins it to a neighbouring word."""
        before, after = self.codes[units.start - 1], self.codes[self._within(units.end)]
        bits = self.classes
        joined: Mask = np.isin(before, _HYPHENS) & ((bits[units.start - 2] & WORD) != 0)
        beyond = bits[np.minimum(units.end + 1, len(self.codes))]
        joined |= np.isin(after, _HYPHENS) & ((beyond & WORD) != 0)
        return joined

    def _within(self, positions: Ints) -> Ints:
        """Return buffer positions, that of the last code point for the end."""
        return np.minimum(positions, len(self.codes) - 1)

    def capitalised(self, units: Units) -> Mask:
        """Tell for each unit whether it begins with an upper-case letter."""
        found: Mask = (self.classes[units.start] & UPPER) != 0
        return found

    def splits_cluster(self, units: Units) -> Mask:
        """Tell for each unit whether a boundary of it parts a letter from its combining mark."""
        found: Mask = ((self.classes[units.start] | self.classes[units.end]) & MARK) != 0
        return found

    @staticmethod
    def any_in(flags: Mask, units: Units) -> Mask:
        """Tell for each unit whether `flags`, over the buffer, holds anywhere within it."""
        at = np.flatnonzero(flags)
        if len(at) < len(units) // 4 and bool((units.start[1:] >= units.end[:-1]).all()):
            # Disjoint units in order: a flag can only lie in the last that begins before it.
            holder = np.searchsorted(units.start, at, side="right") - 1
            few = np.zeros(len(units), np.bool_)
            few[holder[(holder >= 0) & (at < units.end[holder])]] = True
            return few
        total = np.zeros(len(flags) + 1, np.int64)
        np.cumsum(flags, out=total[1:])
        found: Mask = total[units.end] > total[units.start]
        return found


class Document:
    """One text of a batch, as the author of a transform sees it."""

    __slots__ = ("_words", "batch", "index", "text")

    def __init__(self, batch: Batch, index: int) -> None:
        self.batch = batch
        self.index = index
        self.text: str = batch.texts[index]
        self._words: list[tuple[int, int]] | None = None

    @property
    def words(self) -> list[tuple[int, int]]:
        """The spans of the text's words, in order."""
        if self._words is None:
            words = self.batch.words
            low, high = np.searchsorted(words.text, [self.index, self.index + 1])
            offset = self.batch.starts[self.index]
            self._words = list(
                zip(
                    (words.start[low:high] - offset).tolist(),
                    (words.end[low:high] - offset).tolist(),
                    strict=True,
                )
            )
        return self._words

    @property
    def sentences(self) -> list[tuple[int, int]]:
        """The spans of the text's sentences, in order."""
        return self.batch.sentence_spans(self.index)

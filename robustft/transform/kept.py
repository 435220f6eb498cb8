"""Constraints that keep some words as they are: by name, by pattern, by part of speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import regex

from robustft.errors import SpecError, suggest
from robustft.text.document import Batch, Units
from robustft.text.edits import Edit, source_span
from robustft.text.lexicon import Lexicon
from robustft.text.tagging import PARTS_OF_SPEECH, tags_between
from robustft.transform.constraints import EditConstraint, SpanConstraint
from robustft.transform.perturbed import Step

__all__ = ["KeepMatches", "KeepPartsOfSpeech", "KeepWords"]


@dataclass(frozen=True, kw_only=True)
class KeepWords(SpanConstraint):
    """Leave some words as they are, whatever their case.

    Parameters
    ----------
    words
        Words or phrases; those that hold more than letters, digits and apostrophes are looked for
        as they are written.
    """

    words: tuple[str, ...]

    name: ClassVar[str] = "keep_words"

    def __post_init__(self) -> None:
        words = tuple(sorted({_lower(word.strip()) for word in self.words} - {""}))
        if not words:
            raise SpecError("keep_words: expected words, got none")
        object.__setattr__(self, "words", words)

    def spans(self, batch: Batch) -> Units:
        """Return the words and phrases of the list."""
        single = [word for word in self.words if _is_word(word)]
        found = batch.words_in(Lexicon(single)) if single else None
        phrases = [regex.escape(word) for word in self.words if not _is_word(word)]
        if not phrases:
            assert found is not None
            return found
        pattern = regex.compile(rf"(?<!\w)(?:{'|'.join(phrases)})(?!\w)", regex.IGNORECASE)
        matches = batch.find(pattern)
        return matches if found is None else _joined(found, matches)


def _lower(word: str) -> str:
    """Return a word in lower case, or as it is where it has none of the same length (İ)."""
    lower = word.lower()
    return lower if len(lower) == len(word) else word


def _is_word(text: str) -> bool:
    """Tell whether a batch finds `text` as one word, whatever its case."""
    if len(text.lower()) != len(text):
        return False
    batch = Batch([text])
    spans = zip(batch.words.start.tolist(), batch.words.end.tolist(), strict=True)
    return list(spans) == [(0, len(text))]


def _joined(first: Units, second: Units) -> Units:
    text = np.concatenate([first.text, second.text])
    start = np.concatenate([first.start, second.start])
    order = np.argsort(start, kind="stable")
    return Units(text[order], start[order], np.concatenate([first.end, second.end])[order])


@dataclass(frozen=True, kw_only=True)
class KeepMatches(SpanConstraint):
    r"""Leave what a regular expression matches as it is.

    Parameters
    ----------
    pattern
        In the syntax of the package `regex`; ``(?i)`` in front ignores case. ``^`` and ``$`` are
        the ends of a text.
    """

    pattern: str

    name: ClassVar[str] = "keep_matches"

    def __post_init__(self) -> None:
        if not self.pattern:
            raise SpecError("keep_matches: expected a regular expression, got none")
        try:
            regex.compile(self.pattern)
        except regex.error as problem:
            raise SpecError(
                f"keep_matches: expected a regular expression, got {self.pattern!r}: {problem}"
            ) from None

    def spans(self, batch: Batch) -> Units:
        """Return the matches, found text by text."""
        compiled = regex.compile(self.pattern)
        found = [
            (number, start + match.start(), start + match.end())
            for number, (text, start) in enumerate(
                zip(batch.texts, batch.starts.tolist(), strict=True)
            )
            for match in compiled.finditer(text)
            if match.end() > match.start()
        ]
        columns = np.array(found, np.int64).reshape(-1, 3).T
        return Units(*columns)


@dataclass(frozen=True, kw_only=True)
class KeepPartsOfSpeech(EditConstraint):
    """Leave words of some parts of speech as they are, by a tagger's judgement of the original.

    Only sentences that a transform wants to change are tagged; see `robustft.text.tagging`.

    Parameters
    ----------
    tags
        Of `robustft.text.tagging.PARTS_OF_SPEECH`, such as ``NOUN``.
    """

    tags: tuple[str, ...]

    name: ClassVar[str] = "keep_parts_of_speech"

    def __post_init__(self) -> None:
        tags = tuple(sorted({tag.strip().upper() for tag in self.tags} - {""}))
        for tag in tags:
            if tag not in PARTS_OF_SPEECH:
                raise SpecError(
                    f"keep_parts_of_speech: expected some of {', '.join(PARTS_OF_SPEECH)}, "
                    f"got {tag!r}{suggest(tag, PARTS_OF_SPEECH)}"
                )
        if not tags:
            raise SpecError("keep_parts_of_speech: expected parts of speech, got none")
        object.__setattr__(self, "tags", tags)

    @property
    def reason(self) -> str:
        """Name the parts of speech."""
        return f"part of speech kept ({', '.join(self.tags)})"

    def allows(self, original: str, steps: Sequence[Step], edits: Sequence[Edit]) -> bool:
        """Look at the words of the original that stand where the edits are to be."""
        for edit in edits:
            start, end = edit.start, edit.end
            for step in reversed(steps):
                start, end = source_span(step.edits, start, end)
            if not tags_between(original, start, end).isdisjoint(self.tags):
                return False
        return True

"""Words are replaced in their context, by what a masked language model would write there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from robustft.errors import SpecError
from robustft.seeding import Draw
from robustft.text import Batch, Units
from robustft.transform.base import BatchedTransform, LabelKind, Level, Proposal, Skip
from robustft.transform.providers import provide
from robustft_transforms._articles import with_article
from robustft_transforms._meanings import load_meanings
from robustft_transforms._near_words import words_near


class _Place(NamedTuple):
    """A drawn word: its text, where it stands in it, and what may stand for it."""

    text: str
    start: int
    end: int
    words: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MaskedLm(BatchedTransform):
    """Replace words by near ones that a masked language model finds as fitting in their place.

    What it does: a content word gives way to one of a near meaning (WordNet: a synonym, a similar
    adjective, the next broader term) of the same part of speech, inflection and polarity; no
    opposites. Which of its meanings is meant, the model decides: the new word must be among the
    `top_k` that it would write there, not much less likely than the old one (so fixed expressions
    stay), and its vector must be close to the old one's in the same place. *A* and *an* follow.
    Function words, negators, names, numbers, units and parts of compounds stay.

    Where such text occurs: everywhere; it is what `synonyms` does from a reviewed table, with a
    wider reach (each sense that the context calls for) and the taste of the model you give it.

    What it may break: shades of meaning (*believe*, *think*), register, and what hangs on the very
    word. It keeps sentiment (a word that speaks well or ill of something is replaced by its like
    alone), topic and intent. It promises nothing about entailment, similarity, quantity and
    acceptability, since no editor has read what your model proposes; answer spans and token tags
    change with their words.

    Parameters
    ----------
    model
        A masked language model: a folder, or a name on the hub such as ``bert-base-uncased``.
    top_k
        How far down the list of what the model proposes, with the old word in view, the new one
        may stand.
    min_fit
        How likely the new word must be in its place with the old one hidden, compared with it:
        1 is as likely, 0 asks nothing.
    min_similarity
        How much alike the two must look to the model in their place: 0 for words that have
        nothing in common, 1 for the same word. Lower values change more words, less safely; 0
        asks nothing.
    context
        How many tokens the model reads at a time.
    device
        ``auto``, ``cuda``, ``mps`` or ``cpu``.

    References
    ----------
    Replacement by a masked language model: Garg and Ramakrishnan (2020), *BAE*, EMNLP; Li et al.
    (2020), *BERT-ATTACK*, EMNLP. That a model's vectors in context tell a substitute from a word
    that only fits: Zhou et al. (2019), *BERT-based lexical substitution*, ACL. Miller (1995),
    *WordNet: a lexical database for English*, CACM 38(11). The thresholds are ours.
    """

    model: str = ""
    top_k: int = 8
    min_fit: float = 0.2
    min_similarity: float = 0.7
    context: int = 96
    device: str = "auto"

    name: ClassVar[str] = "masked_lm"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(
        {LabelKind.SENTIMENT, LabelKind.TOPIC, LabelKind.INTENT}
    )
    rates: ClassVar[Mapping[int, float]] = {1: 0.005, 2: 0.01, 3: 0.03, 4: 0.06, 5: 0.15}
    needs: ClassVar[str] = "a masked language model: model=FOLDER, or a name on the hub"
    example: ClassVar[str] = "The movie starts slowly, but the story is remarkable."

    def __post_init__(self) -> None:
        super().__post_init__()
        for key, low, high in (("top_k", 1, 10_000), ("context", 1, 10_000)):
            value = getattr(self, key)
            if not low <= value <= high:
                raise SpecError(f"{self.name}: expected {key} from {low} to {high}, got {value}")
        for key in ("min_fit", "min_similarity"):
            if not 0 <= getattr(self, key) <= 1:
                raise SpecError(
                    f"{self.name}: expected {key} from 0 to 1, got {getattr(self, key)}"
                )

    def units(self, batch: Batch) -> Units:
        """Return the words in whose place the model proposes a near one."""
        units = batch.words_in(load_meanings().lexicon)
        units = units.where(~batch.hyphenated(units))
        found = self._proposed(list(map(_place, *_columns(batch, units))))
        return units.where(np.array([bool(words) for words in found], np.bool_))

    def replacements(self, batch: Batch, units: Units, draws: Sequence[Draw]) -> list[Proposal]:
        """Return for each word one of those that the model agrees to, drawn by how they fit."""
        places = list(map(_place, *_columns(batch, units)))
        made: list[Proposal] = []
        for place, words, draw in zip(places, self._agreed(places), draws, strict=True):
            if words:
                word = list(words)[draw.weighted(list(words.values()))]
                made.append(with_article(place.text, place.start, place.end, _cased(word, place)))
            else:
                made.append(Skip("no near word fits"))
        return made

    @property
    def _model(self) -> Any:
        return provide(
            "masked-lm", self.model, top_k=self.top_k, context=self.context, device=self.device
        )

    def _proposed(self, places: Sequence[_Place]) -> list[dict[str, float]]:
        """Return for each place the near words that the model proposes, with probabilities."""
        rows = [i for i, place in enumerate(places) if place.words]
        found: list[dict[str, float]] = [{} for _ in places]
        if rows:
            spans = [(places[i].start, places[i].end) for i in rows]
            proposals = self._model([places[i].text for i in rows], spans)
            for i, proposed in zip(rows, proposals, strict=True):
                scores = {word.lower(): score for word, score in reversed(proposed)}
                found[i] = {word: scores[word] for word in places[i].words if word in scores}
        return found

    def _agreed(self, places: Sequence[_Place]) -> list[dict[str, float]]:
        """Return what is left of the proposed words: those that are alike and fit."""
        found = self._proposed(places)
        for test, least in (("similarity", self.min_similarity), ("fit", self.min_fit)):
            asked = [(row, word) for row, words in enumerate(found) for word in words]
            if asked and least:
                scores = getattr(self._model, test)(
                    [places[row].text for row, _ in asked],
                    [(places[row].start, places[row].end) for row, _ in asked],
                    [_cased(word, places[row]) for row, word in asked],
                )
                for (row, word), score in zip(asked, scores, strict=True):
                    if score < least:
                        del found[row][word]
        return found


def _columns(batch: Batch, units: Units) -> tuple[list[str], list[int], list[int]]:
    """Return the text of each unit and where it stands in it."""
    offset = batch.starts[units.text]
    texts = [batch.texts[i] for i in units.text.tolist()]
    return texts, (units.start - offset).tolist(), (units.end - offset).tolist()


def _place(text: str, start: int, end: int) -> _Place:
    word = text[start:end]
    odd = word not in (word.lower(), word.capitalize(), word.upper())
    return _Place(text, start, end, () if odd else words_near(text, start, end))


def _cased(word: str, place: _Place) -> str:
    own = place.text[place.start : place.end]
    if own.isupper() and len(own) > 1:
        return word.upper()
    return word.capitalize() if own[0].isupper() else word

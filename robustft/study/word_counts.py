"""How often each word of a vocabulary occurs in each text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import CountVectorizer

from robustft.errors import DataError
from robustft.text.document import Batch

__all__ = ["WordCounter", "words_of"]

_TEXTS_AT_ONCE = 2_000


def words_of(texts: Sequence[str], limit: int | None = None) -> Iterator[tuple[list[str], bool]]:
    """Yield each text's words in lower case, and whether it has more than `limit` of them.

    Words are those of `robustft.text.document.Batch`: runs of letters, marks and digits, joined
    over an apostrophe.
    """
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        batch = Batch(texts[start : start + _TEXTS_AT_ONCE])
        spans = zip(batch.words.start.tolist(), batch.words.end.tolist(), strict=True)
        words = [batch.lowered[a:b] for a, b in spans]
        ends = np.cumsum(batch.word_counts).tolist()
        for a, b in zip([0, *ends], ends, strict=False):
            last = b if limit is None else min(b, a + limit)
            yield words[a:last], last < b


class WordCounter:
    """Counts of the words, and of the pairs of neighbours, that occur in enough texts.

    Parameters
    ----------
    texts
        The texts whose words make the vocabulary.
    min_documents
        How many of them a word must occur in.
    max_words
        The vocabulary's size at most; the most frequent are kept.
    ngrams
        2 counts pairs of neighbouring words as well.
    limit
        Words of a text that are read; None: all of them.

    Raises
    ------
    DataError
        No word occurs in enough texts.
    """

    def __init__(
        self,
        texts: Sequence[str],
        *,
        min_documents: int,
        max_words: int,
        ngrams: int = 1,
        limit: int | None = None,
    ) -> None:
        self._ngrams, self._limit = ngrams, limit
        self._vectorizer = CountVectorizer(
            analyzer=self._terms,
            min_df=min_documents,
            max_features=max_words,
            dtype=np.float32,
        )
        try:
            self.train_counts, self.train_truncated = self._counted(
                texts, self._vectorizer.fit_transform
            )
        except ValueError as problem:
            raise DataError(
                f"dictionary: expected words that occur in at least {min_documents} of the "
                f"{len(texts):,} training texts, got none"
            ) from problem
        self.words: list[str] = self._vectorizer.get_feature_names_out().tolist()

    def _terms(self, words: list[str]) -> list[str]:
        if self._ngrams == 1:
            return words
        return [*words, *(f"{a} {b}" for a, b in pairwise(words))]

    def _counted(self, texts: Sequence[str], count: Any) -> tuple[Any, npt.NDArray[np.bool_]]:
        cut = np.zeros(len(texts), np.bool_)

        def documents() -> Iterator[list[str]]:
            for row, (words, truncated) in enumerate(words_of(texts, self._limit)):
                cut[row] = truncated
                yield words

        return count(documents()), cut

    def counts(self, texts: Sequence[str]) -> tuple[Any, npt.NDArray[np.bool_]]:
        """Return the counts and which texts were cut.

        The counts are a sparse matrix of scipy (CSR), float32, shape ``(n, len(self.words))``.
        """
        return self._counted(texts, self._vectorizer.transform)

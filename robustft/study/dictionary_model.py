"""Predicting with a dictionary: count its words, let the trees read the counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.data.task import Task, TaskType
from robustft.evaluation.predict import Predictions
from robustft.study.count_models import Chosen
from robustft.study.word_counts import WordCounter
from robustft.study.word_list import WordList

__all__ = ["DictionaryModel"]


@dataclass(frozen=True, eq=False)
class DictionaryModel:
    """A dictionary and the trees that read its counts.

    Attributes
    ----------
    words
        The dictionary, from the highest score to the lowest.
    """

    words: WordList
    task: Task
    _counter: WordCounter
    _chosen: Chosen

    def predict(self, texts: Sequence[str]) -> Predictions:
        """Return what the model says about `texts`, in their order.

        ``logits`` are log probabilities, or the numbers predicted; ``token_hash`` stands for the
        counts, which are all that the model sees.
        """
        counts, truncated = self._counter.counts(texts)
        seen = counts[:, self._chosen.columns]
        outputs = self._chosen.outputs(counts, self.task.num_labels)
        regression = self.task.type is TaskType.REGRESSION
        return Predictions(outputs, _hashes(seen), truncated, regression)


def _hashes(counts: Any) -> npt.NDArray[np.uint64]:
    """Return one hash a row of counts: shape ``(n,)``."""
    rows = np.split(np.arange(counts.nnz), counts.indptr[1:-1])
    return np.array(
        [
            int.from_bytes(
                blake2b(
                    counts.indices[row].astype("<i8").tobytes()
                    + counts.data[row].astype("<f4").tobytes(),
                    digest_size=8,
                ).digest(),
                "little",
            )
            for row in rows
        ],
        np.uint64,
    )

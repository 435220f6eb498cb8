"""Words with scores: what a dictionary is made of, and a file that can be read."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from robustft.data.files import atomic_path
from robustft.errors import RunError

__all__ = ["WordList", "read_words", "score_words", "write_words"]

Floats = npt.NDArray[np.float64]
_WORD, _MEAN, _TEXTS = "word", "mean_attribution", "document_frequency"


@dataclass(frozen=True, eq=False)
class WordList:
    """Words, and how strongly each speaks for what.

    Attributes
    ----------
    words
        Distinct, in the order of the vocabulary or, chosen, from the highest score to the lowest.
    scores
        Shape ``(len(words), len(names))``: the sum of a word's attributions over the training
        texts, divided by the square root of the number of texts that hold it. Between the mean
        over those texts, which rare words lead by chance, and the sum over all, which is led by
        words that stand in every text.
    means
        The same shape: the mean over the texts that hold the word, in the label's unit.
    document_frequency
        Training texts that hold the word, shape ``(len(words),)``.
    names
        What a column of scores speaks for: the label's name, the second of two classes (against
        the first), or each class.
    """

    words: tuple[str, ...]
    scores: Floats
    means: Floats
    document_frequency: npt.NDArray[np.int64]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.words)

    def ranked(self) -> list[npt.NDArray[np.int64]]:
        """Return the words' indices by what they speak for, the strongest first.

        With one column of scores: from the highest, then from the lowest. Words of one score are
        in the order of the vocabulary.
        """
        columns = [self.scores[:, k] for k in range(len(self.names))]
        if len(columns) == 1:
            columns.append(-columns[0])
        return [np.argsort(-column, kind="stable").astype(np.int64) for column in columns]

    def chosen(self, size: int) -> npt.NDArray[np.int64]:
        """Return the indices of a dictionary of `size` words, in order.

        The rankings take turns, so that each gives as many words as another.
        """
        turns = np.stack(self.ranked(), 1).ravel()
        _, first = np.unique(turns, return_index=True)
        return np.sort(turns[np.sort(first)[:size]])

    def take(self, indices: npt.NDArray[np.int64]) -> WordList:
        """Return the words at `indices`, in that order."""
        return WordList(
            tuple(self.words[i] for i in indices),
            self.scores[indices],
            self.means[indices],
            self.document_frequency[indices],
            self.names,
        )

    def from_the_highest(self) -> WordList:
        """Return the same words from the highest score to the lowest; of a class, whichever."""
        return self.take(np.argsort(-self.scores.max(1), kind="stable").astype(np.int64))

    def leading(self, count: int) -> dict[str, list[str]]:
        """Return the strongest words by what they speak for, as ``highest`` and ``lowest``.

        With a column a class the keys are the classes' names.
        """
        keys = self.names if len(self.names) > 1 else ("highest", "lowest")
        return {
            key: [self.words[i] for i in order[:count]]
            for key, order in zip(keys, self.ranked(), strict=True)
        }


def score_words(
    words: Sequence[str], totals: Floats, texts: npt.NDArray[np.int64], names: tuple[str, ...]
) -> WordList:
    """Return the list of words whose attributions over all texts are `totals`.

    Numbers are rounded to six digits, as they are written, so that a list that was read again is
    the same list.
    """
    frequency = texts[:, None].astype(np.float64)
    scores, means = totals / np.sqrt(frequency), totals / frequency
    return WordList(tuple(words), _rounded(scores), _rounded(means), texts, names)


def write_words(listed: WordList, path: str | os.PathLike[str]) -> Path:
    """Write the words as csv: word, score, mean attribution, document frequency.

    With a score a class, both have a column a class (``score_NAME``).
    """
    path = Path(path)
    with (
        atomic_path(path, f"{len(listed):,} words") as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([_WORD, *_columns("score", listed), *_columns(_MEAN, listed), _TEXTS])
        for word, scores, means, texts in zip(
            listed.words,
            listed.scores.tolist(),
            listed.means.tolist(),
            listed.document_frequency.tolist(),
            strict=True,
        ):
            rows.writerow([word, *map(_digits, scores), *map(_digits, means), texts])
    return path


def read_words(path: str | os.PathLike[str], names: tuple[str, ...]) -> WordList:
    """Read what `write_words` wrote.

    Raises
    ------
    RunError
        The file is damaged or is about other labels.
    """
    width = len(names)
    try:
        with Path(path).open(encoding="utf-8", newline="") as file:
            head, *rows = csv.reader(file)
        numbers = np.array([row[1:] for row in rows], np.float64).reshape(len(rows), -1)
        if len(head) != 2 + 2 * width or numbers.shape[1] != 2 * width + 1:
            raise ValueError(f"{len(head)} columns")
    except (OSError, ValueError) as problem:
        raise RunError(f"{path}: expected a list of words with scores, got: {problem}") from problem
    return WordList(
        tuple(row[0] for row in rows),
        numbers[:, :width],
        numbers[:, width : 2 * width],
        numbers[:, -1].astype(np.int64),
        names,
    )


def _columns(stem: str, listed: WordList) -> list[str]:
    return [stem] if len(listed.names) == 1 else [f"{stem}_{name}" for name in listed.names]


def _digits(number: float) -> str:
    return f"{number:.6g}"


def _rounded(numbers: Floats) -> Floats:
    return np.array([[float(_digits(n)) for n in row] for row in numbers.tolist()]).reshape(
        numbers.shape
    )

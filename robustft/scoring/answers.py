"""How good answers to questions are: exact match, F1, BLEU, METEOR and ROUGE-L.

All values lie between 0 and 1; SQuAD's papers print 100 times as much, and so do our tables. Each
measure is that of its own library, a row at a time; only what the bootstrap needs, the same BLEU as
a function of sums, stands here, and the tests hold the two together.

Sources: Rajpurkar et al. (2016), SQuAD (exact match and F1: the official script, version 1.1; for
questions without an answer version 2.0); Papineni et al. (2002), BLEU; Lavie and Agarwal (2007),
METEOR; Lin (2004), ROUGE.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.scoring.bootstrap import Bootstrap, Floats, Ints, bootstrap_of_sums
from robustft.scoring.sources import shared_sources
from robustft.scoring.statistics import LEVEL, Estimate, share

__all__ = [
    "ANSWER_METRICS",
    "SMOOTHING",
    "AnswerScores",
    "answer_metrics",
    "answer_notes",
    "answer_scores",
    "answer_words",
    "exact_and_f1",
    "score_answers",
]

ANSWER_METRICS = ("exact_match", "f1", "bleu", "meteor", "rouge_l")
"""The measures of `answer_metrics`, in the order in which tables show them."""

SMOOTHING = "method1"
"""The smoothing of nltk (Chen and Cherry, 2014): 0.1 in place of no n-gram in common."""

_EPSILON = 0.1
_ORDER = 4
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True, eq=False)
class AnswerScores:
    """The measures of each row, and what a corpus BLEU is made of.

    Attributes
    ----------
    exact_match, f1, meteor, rouge_l
        The best over the gold answers of a row, 0 to 1, shape ``(n,)``.
    bleu_counts
        For each row the n-grams in common and the n-grams predicted, for n of 1 to 4, then the
        words predicted and those of the gold answer nearest in length, shape ``(n, 10)``; 0 for a
        row without gold answers.
    """

    exact_match: Floats
    f1: Floats
    meteor: Floats
    rouge_l: Floats
    bleu_counts: Floats

    def to_array(self) -> Floats:
        """Return all of it as one array, a row an answer."""
        columns = [self.exact_match, self.f1, self.meteor, self.rouge_l]
        return np.column_stack([*columns, self.bleu_counts])

    @classmethod
    def from_array(cls, rows: Floats) -> AnswerScores:
        """Return the scores that `to_array` wrote, or those of some of its rows."""
        exact, f1, meteor, rouge = rows[:, :4].T
        return cls(exact, f1, meteor, rouge, rows[:, 4:])

    @property
    def bleu(self) -> float | None:
        """Corpus BLEU; None for no row with a gold answer."""
        value = float(_bleu(self.bleu_counts.sum(0, keepdims=True))[0])
        return None if np.isnan(value) else value


def answer_words(text: str) -> list[str]:
    """Return the words that SQuAD compares: lower case, no punctuation, no articles.

    >>> answer_words("The U.S. Navy's flag-ship")
    ['us', 'navys', 'flagship']
    """
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def exact_and_f1(prediction: str, golds: Sequence[str]) -> tuple[float, float]:
    """Return exact match and F1 of an answer, 0 to 1, the best over the gold answers.

    Without gold answers the right answer is none: an empty text (SQuAD 2.0).
    """
    from torchmetrics.functional.text import squad

    scores = squad(
        {"id": "", "prediction_text": prediction},
        {"id": "", "answers": {"answer_start": [], "text": list(golds) or [""]}},
    )
    exact, f1 = (float(scores[name]) / 100 for name in ("exact_match", "f1"))
    if golds and not answer_words(prediction):
        f1 = 0.0  # no word in common, says version 1.1; the library follows 2.0 here
    return exact, f1


def answer_scores(predictions: Sequence[str], golds: Sequence[Sequence[str]]) -> dict[str, float]:
    """Return mean ``exact_match`` and ``f1``, for a quick look; there must be rows."""
    both = np.array([exact_and_f1(p, g) for p, g in zip(predictions, golds, strict=True)])
    return {"exact_match": float(both[:, 0].mean()), "f1": float(both[:, 1].mean())}


def score_answers(predictions: Sequence[str], golds: Sequence[Sequence[str]]) -> AnswerScores:
    """Return all measures of each row.

    Parameters
    ----------
    golds
        The gold answers of each row; none where an empty prediction is right. METEOR and ROUGE-L
        are then 1 or 0 like exact match, and BLEU passes over the row.
    """
    rows = [_row(p, list(dict.fromkeys(g))) for p, g in zip(predictions, golds, strict=True)]
    values = np.array(rows, np.float64).reshape(len(rows), 4 + 2 * _ORDER + 2)
    return AnswerScores.from_array(values)


def answer_metrics(
    scores: AnswerScores,
    *,
    seed: int,
    level: float = LEVEL,
    sources: npt.NDArray[Any] | None = None,
) -> dict[str, Estimate]:
    """Return the measures over all rows: exact match (Wilson), the others (bootstrap).

    Rows that share a source, such as the questions about one passage, are resampled together.
    """
    codes = shared_sources(sources, len(scores.f1))
    exact = share(scores.exact_match > 0.5, level, sources=codes)
    if not len(scores.f1):
        return dict.fromkeys(ANSWER_METRICS, exact)
    drawn = _resampled(scores, seed, codes)
    estimates = {
        name: drawn.estimate(output, level, "no row has a gold answer")
        for output, name in enumerate(("f1", "meteor", "rouge_l", "bleu"))
    }
    return {name: exact if name == "exact_match" else estimates[name] for name in ANSWER_METRICS}


def answer_notes() -> dict[str, str]:
    """Return how each measure is defined here, to be shown and recorded beside its value."""
    words = "SQuAD's words (lower case, no punctuation, no articles)"
    synonyms = "and synonyms of WordNet" if _wordnet()[1] else "; no WordNet here, so no synonyms"
    return {
        "exact_match": "share of answers equal to a gold answer in " + words,
        "f1": f"mean F1 over {words}, the best over the gold answers",
        "bleu": f"corpus BLEU of 1- to {_ORDER}-grams over {words}, all gold answers as "
        f"references; nltk, smoothing {SMOOTHING}",
        "meteor": f"mean METEOR over {words}, the best over the gold answers; nltk, exact words, "
        f"stems {synonyms}".replace(" ;", ";"),
        "rouge_l": "mean F-measure of ROUGE-L over runs of a-z and 0-9 in lower case, the best "
        "over the gold answers",
    }


def _row(prediction: str, golds: list[str]) -> list[float]:
    exact, f1 = exact_and_f1(prediction, golds)
    if not golds:
        return [exact, f1, exact, exact] + [0.0] * (2 * _ORDER + 2)
    words, references = answer_words(prediction), [answer_words(gold) for gold in golds]
    rouge = max(_rouge_l(prediction, gold) for gold in golds)
    return [exact, f1, _meteor(words, references), rouge, *_bleu_counts(words, references)]


def _meteor(words: list[str], references: list[list[str]]) -> float:
    from nltk.translate.meteor_score import meteor_score

    return float(meteor_score(references, words, wordnet=_wordnet()[0]))


class _NoSynonyms:
    """Stands in for WordNet where that is not installed: METEOR then matches words and stems."""

    def synsets(self, word: str) -> tuple[()]:
        """Return the synonyms of a word: none."""
        del word
        return ()


@cache
def _wordnet() -> tuple[Any, bool]:
    """Return what METEOR looks synonyms up in, and whether it knows any; nothing is downloaded."""
    from nltk.corpus import wordnet

    try:
        wordnet.ensure_loaded()
    except LookupError:
        return _NoSynonyms(), False
    return wordnet, True


def _rouge_l(prediction: str, gold: str) -> float:
    from torchmetrics.functional.text import rouge_score

    return float(rouge_score(prediction, gold, rouge_keys="rougeL")["rougeL_fmeasure"])


def _bleu_counts(words: list[str], references: list[list[str]]) -> list[float]:
    from nltk.translate.bleu_score import closest_ref_length, modified_precision

    shares = [modified_precision(references, words, n) for n in range(1, _ORDER + 1)]
    return [
        *(share.numerator for share in shares),
        *(share.denominator for share in shares),
        len(words),
        closest_ref_length(references, len(words)),
    ]


def _bleu(sums: Floats) -> Floats:
    """Return corpus BLEU from sums of `AnswerScores.bleu_counts`, shape ``(k,)``.

    As nltk's `corpus_bleu`: a weighted sum of four logarithms, times the penalty for brevity.
    """
    common, said = sums[:, :_ORDER], sums[:, _ORDER : 2 * _ORDER]
    words, gold = sums[:, -2], sums[:, -1]
    shares = np.where(common > 0, common, _EPSILON) / np.maximum(said, 1)
    mean = np.exp(np.log(shares).mean(1))
    penalty = np.exp(np.minimum(0.0, 1 - gold / np.maximum(words, 1)))
    value: Floats = np.where(common[:, 0] > 0, penalty * mean, 0.0)
    # No words said about any gold answer is a BLEU of 0; no gold answer is none at all.
    return np.where(said[:, 0] > 0, value, np.nan)


def _resampled(scores: AnswerScores, seed: int, codes: Ints | None) -> Bootstrap:
    means = [scores.f1, scores.meteor, scores.rouge_l, np.ones(len(scores.f1))]

    def measures(sums: Floats) -> Floats:
        averages = sums[:, :3] / sums[:, 3:4]
        return np.column_stack([averages, _bleu(sums[:, 4:])])

    columns = np.column_stack([*means, scores.bleu_counts])
    return bootstrap_of_sums(measures, columns, seed=seed, codes=codes)

"""From scores of starts and ends to answers: the best spans of all windows over a context.

A span is valid if it lies within the part of a window that is context and is not too long. All
valid spans of a window are compared, not just those between the best starts and the best ends.
Source: Devlin et al. (2019), BERT, sections 4.2 and 4.3 (a span's score is the sum of its start's
and its end's; no answer scores what the first special token does).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["Candidate", "SpanDecoder", "Windows", "best_spans"]

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Candidate:
    """A possible answer to a question.

    Attributes
    ----------
    text
        What stands in the context from `start` to `end`; empty for *no answer*.
    start, end
        Characters of the context; -1 for *no answer*.
    score
        Logit of the start plus logit of the end.
    probability
        Softmax of the scores of the question's candidates.
    """

    text: str
    start: int
    end: int
    score: float
    probability: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, the numbers rounded."""
        return {
            **asdict(self),
            "score": round(self.score, 4),
            "probability": round(self.probability, 6),
        }


class Windows(Protocol):
    """What a decoder needs to know of the windows over the contexts of questions."""

    @property
    def contexts(self) -> Sequence[str]:
        """The context of each question."""
        ...

    @property
    def may_be_unanswerable(self) -> bool:
        """Whether *no answer* is an answer."""
        ...

    def question_of(self, window: int) -> int:
        """Return the number of the question that a window belongs to."""
        ...

    def null_token(self, window: int) -> int:
        """Return the place of the token whose score is that of *no answer*."""
        ...

    def context_tokens(self, window: int) -> tuple[int, int]:
        """Return where in a window its part of the context begins and ends, in tokens."""
        ...

    def token_spans(self, window: int) -> tuple[Ints, Ints]:
        """Return the start and the end, in characters, of each token of that part."""
        ...


def best_spans(
    start: Floats, end: Floats, *, max_tokens: int, n: int
) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
    """Return the `n` best spans of at most `max_tokens` tokens, the best first.

    Parameters
    ----------
    start, end
        The logits of the tokens in which an answer may begin and end, shape ``(tokens,)`` both.

    Returns
    -------
    First token, last token (within the span) and score of each, shape ``(<= n,)``. Of equal
    scores, the earlier start goes first, then the shorter span. A score that is no number is that
    of no span.
    """
    tokens = len(start)
    width = min(max_tokens, tokens)
    if not width:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    last = np.arange(tokens)[:, None] + np.arange(width)
    ends = np.append(end.astype(np.float64), np.full(width, -np.inf))
    scores = (start.astype(np.float64)[:, None] + ends[last]).ravel()
    scores[np.isnan(scores)] = -np.inf
    kept = min(n, len(scores))
    least = np.partition(scores, len(scores) - kept)[len(scores) - kept]
    found = np.flatnonzero((scores >= least) & (scores > -np.inf))
    found = found[np.argsort(-scores[found], kind="stable")][:kept].astype(np.int64)
    return found // width, found // width + found % width, scores[found]


class SpanDecoder:
    """Collects the best spans of windows as their logits come, then says the answers.

    Parameters
    ----------
    windows
        What the logits belong to.
    max_answer_length
        The most tokens that an answer may have.
    n_best
        Candidates that are kept for each question.
    """

    def __init__(self, windows: Windows, *, max_answer_length: int, n_best: int) -> None:
        self._windows = windows
        self._max_tokens, self._n = max_answer_length, n_best
        count = len(windows.contexts)
        self._spans: list[dict[tuple[int, int], float]] = [{} for _ in range(count)]
        self._null = np.full(count, np.inf)

    def add(self, rows: Ints, logits: Floats) -> None:
        """Take in the logits of the windows `rows`, shape ``(rows, 2, tokens)``: starts, ends."""
        for row, (start, end) in zip(rows.tolist(), logits, strict=True):
            question, null = self._windows.question_of(row), self._windows.null_token(row)
            # A context is unanswerable as far as its least unanswerable window.
            self._null[question] = min(self._null[question], float(start[null]) + float(end[null]))
            first, after = self._windows.context_tokens(row)
            begins, ends = self._windows.token_spans(row)
            spans = self._spans[question]
            found = best_spans(
                start[first:after], end[first:after], max_tokens=self._max_tokens, n=self._n
            )
            for a, b, score in zip(*(part.tolist() for part in found), strict=True):
                place = int(begins[a]), int(ends[b])
                spans[place] = max(score, spans.get(place, -np.inf))

    def answers(self) -> list[list[Candidate]]:
        """Return the candidates of each question, the answer first; there is always one.

        Where a question may be unanswerable, *no answer* is among them.
        """
        return [self._ranked(question) for question in range(len(self._spans))]

    def _ranked(self, question: int) -> list[Candidate]:
        context = self._windows.contexts[question]
        places = sorted(self._spans[question].items(), key=lambda item: (-item[1], item[0]))
        found = [(context[a:b], a, b, score) for (a, b), score in places]
        null = float(self._null[question])
        if not found:
            return [Candidate("", -1, -1, null if np.isfinite(null) else 0.0, 1.0)]
        if self._windows.may_be_unanswerable and np.isfinite(null):
            place = sum(score >= null for *_, score in found[: self._n])
            found.insert(min(place, self._n - 1), ("", -1, -1, null))
        found = found[: self._n]
        scores = np.array([score for *_, score in found])
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        return [Candidate(*span, float(share)) for span, share in zip(found, shares, strict=True)]

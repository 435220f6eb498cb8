"""Extractive question answering: windows over contexts, what to learn from them, how to score them.

A context that is too long to be read at once is read in windows that overlap, each with the whole
question before it. A window that does not hold the whole answer says so by pointing at its first
special token (Devlin et al., 2019, section 4.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from robustft.data.split import Split
from robustft.errors import DataError, ModelError, UsageError
from robustft.model.load import LoadedModel
from robustft.scoring.answers import answer_scores
from robustft.training.arguments import QUESTION_LENGTH, TrainingArguments
from robustft.training.batching import Rows, TokenizedTexts
from robustft.training.decoding import Ints, SpanDecoder
from robustft.training.examples import Batch, Examples
from robustft.training.objectives import Collected, Scores

if TYPE_CHECKING:
    from robustft.training.setup import Material

__all__ = ["QuestionAnswering", "QuestionWindows", "make_windows", "read_questions"]

# Questions handed to the tokenizer at once; each comes back as several windows.
_CHUNK = 200


@dataclass(frozen=True)
class QuestionWindows:
    """Questions with their contexts, as windows of tokens: an example is a window.

    Attributes
    ----------
    tokens
        Question and part of the context of each window.
    spans
        Start and end in the context, in characters, of each token that is context; int32, shape
        (all tokens, 2).
    context
        Where in each window its part of the context begins and ends, in tokens; shape (windows, 2).
    questions
        The question that each window belongs to; shape (windows,).
    labels
        First and last token of the answer (both the null token where the window does not hold it)
        and the number of tokens; int64, shape (windows, 3).
    null_tokens
        The place of the first special token; shape (windows,).
    contexts, golds
        Of each question: the context as it was given, and the texts of its gold answers.
    may_be_unanswerable
        Whether there are questions without an answer.
    """

    tokens: TokenizedTexts
    spans: npt.NDArray[np.int32]
    context: Ints
    questions: Ints
    labels: torch.Tensor
    null_tokens: Ints
    contexts: list[str]
    golds: list[tuple[str, ...]]
    may_be_unanswerable: bool

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def lengths(self) -> Ints:
        """Tokens of each window."""
        return self.tokens.lengths

    @property
    def computed(self) -> Ints:
        """Tokens of each window: all are computed."""
        return self.tokens.lengths

    @property
    def truncated(self) -> npt.NDArray[np.bool_]:
        """Whether a window's question was cut; a context never is."""
        return self.tokens.truncated

    def weight(self, rows: Rows, key: int) -> float:
        """Return the number of windows."""
        return float(len(rows))

    def batch(self, rows: Rows, device: torch.device, key: int) -> Batch:
        """Return token ids and labels; nothing is random."""
        labels = self.labels[torch.from_numpy(rows)].to(device)
        return self.tokens.collate(rows, device), labels

    def question_of(self, window: int) -> int:
        """Return the number of the question that a window belongs to."""
        return int(self.questions[window])

    def null_token(self, window: int) -> int:
        """Return the place of the token whose score is that of *no answer*."""
        return int(self.null_tokens[window])

    def context_tokens(self, window: int) -> tuple[int, int]:
        """Return where in a window its part of the context begins and ends, in tokens."""
        first, after = self.context[window]
        return int(first), int(after)

    def token_spans(self, window: int) -> tuple[Ints, Ints]:
        """Return the start and the end, in characters, of each token of that part."""
        first, after = self.context[window] + self.tokens.offsets[window]
        part = self.spans[first:after].astype(np.int64)
        return part[:, 0], part[:, 1]


@dataclass(frozen=True)
class QuestionAnswering:
    """Cross entropy of an answer's start and end; exact match and F1 of the answers.

    Attributes
    ----------
    max_answer_length
        The most tokens that a predicted answer may have.
    n_best
        Candidates that are kept for each question.
    """

    max_answer_length: int = 30
    n_best: int = 20
    metric: str = "f1"
    lower_is_better: bool = False

    def loss_sum(self, outputs: Any, labels: torch.Tensor, *, training: bool) -> torch.Tensor:
        """Return the mean of both cross entropies over the window's tokens, summed over windows."""
        tokens = torch.arange(outputs.start_logits.shape[1], device=labels.device)
        padding = tokens >= labels[:, 2:]
        losses = [
            torch.nn.functional.cross_entropy(
                logits.float().masked_fill(padding, -torch.inf), labels[:, side], reduction="sum"
            )
            for side, logits in enumerate((outputs.start_logits, outputs.end_logits))
        ]
        return (losses[0] + losses[1]) / 2

    def collect(self, outputs: Any) -> torch.Tensor:
        """Return the logits, shape (windows, 2, tokens)."""
        return torch.stack([outputs.start_logits, outputs.end_logits], 1).float().cpu()

    def score(self, collected: Collected, data: Examples, loss: float) -> Scores:
        """Return exact match and F1 (0 to 1) of the best answers over all windows of a question."""
        if not isinstance(data, QuestionWindows):
            raise TypeError(f"score: expected windows, got {type(data).__name__}")
        decoder = SpanDecoder(data, max_answer_length=self.max_answer_length, n_best=self.n_best)
        for rows, logits in collected:
            decoder.add(rows, logits.numpy())
        said = [candidates[0].text for candidates in decoder.answers()]
        constant = len(set(said)) == 1 and len({golds[:1] for golds in data.golds}) > 1
        return Scores(loss, dict(answer_scores(said, data.golds)), constant)


def read_questions(
    loaded: LoadedModel, train: Split, validation: Split, arguments: TrainingArguments
) -> Material:
    """Make windows of the questions; see `robustft.training.setup.read_splits`.

    Raises
    ------
    DataError
        A split has no rows or no answers.
    ModelError
        The tokenizer cannot tell which characters a token stands for.
    """
    from robustft.training.setup import Material

    made = [
        make_windows(
            loaded.tokenizer,
            split,
            max_length=arguments.max_length or QUESTION_LENGTH,
            doc_stride=arguments.doc_stride,
        )
        for split in (train, validation)
    ]
    objective = QuestionAnswering(arguments.max_answer_length, arguments.n_best)
    return Material(objective, made[0][0], made[1][0], (*made[0][1], *made[1][1]))


def make_windows(
    tokenizer: Any, split: Split, *, max_length: int, doc_stride: int
) -> tuple[QuestionWindows, tuple[str, ...]]:
    """Cut questions with their contexts into windows; also return what the user should know.

    Parameters
    ----------
    max_length
        Tokens of a window, the question and special tokens included.
    doc_stride
        Tokens that two neighbouring windows over a context share.

    Raises
    ------
    DataError
        The split has no rows or no answers.
    ModelError
        The tokenizer cannot tell which characters a token stands for.
    UsageError
        The windows have no room for a question and a context.
    """
    if not len(split):
        raise DataError(f"{split.name}: expected questions, got no rows")
    if split.answers is None or split.pairs is None:
        raise DataError(f"{split.name}: expected questions with gold answers, got none")
    if not tokenizer.is_fast:
        raise ModelError(
            "question answering: expected a fast tokenizer, which knows the characters of each "
            f"token, got {type(tokenizer).__name__}"
        )
    room = max_length - tokenizer.num_special_tokens_to_add(pair=True)
    if room < 2:
        raise UsageError(f"max length: expected room for question and context, got {max_length}")
    most = min(max_length // 2, room - 1)
    questions, cut = _shortened(tokenizer, split.texts, most)
    notices = []
    if cut.any():
        notices.append(
            f"{split.name}: {int(cut.sum()):,} questions are longer than {most} tokens, half a "
            "window, and were cut"
        )
    stride = doc_stride if doc_stride < room - most else (room - most) // 2
    if stride != doc_stride:
        notices.append(
            f"doc stride: {stride} in place of {doc_stride}, to suit {max_length} tokens"
        )
    flat = _Flat(tokenizer)
    for start in range(0, len(split), _CHUNK):
        part = slice(start, start + _CHUNK)
        flat.add(questions[part], split.pairs[part], start, max_length, stride)
    return flat.windows(split, cut), tuple(notices)


class _Flat:
    """Windows as flat arrays, filled a portion of questions at a time."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._ids: list[npt.NDArray[np.int32]] = [np.zeros(0, np.int32)]
        self._types: list[npt.NDArray[np.int32]] = [np.zeros(0, np.int32)]
        self._spans: list[npt.NDArray[np.int32]] = [np.zeros((0, 2), np.int32)]
        self._lengths: list[int] = []
        self._context: list[tuple[int, int]] = []
        self._questions: list[int] = []
        self._nulls: list[int] = []

    def add(
        self,
        questions: list[str],
        contexts: list[str],
        first: int,
        max_length: int,
        stride: int,
    ) -> None:
        """Take in questions with their contexts; `first` is the number of the first of them."""
        encoded = self._tokenizer(
            questions,
            contexts,
            truncation="only_second",
            max_length=max_length,
            stride=stride,
            return_overflowing_tokens=True,
            return_attention_mask=False,
        )
        of = encoded["overflow_to_sample_mapping"]
        typed = "token_type_ids" in self._tokenizer.model_input_names
        for question, window in zip(of, encoded.encodings, strict=True):
            ids, sides = window.ids, window.sequence_ids
            begin = sides.index(1) if 1 in sides else len(sides)
            after = len(sides) - sides[::-1].index(1) if 1 in sides else begin
            spans = np.zeros((len(ids), 2), np.int32)
            spans[begin:after] = window.offsets[begin:after] or np.zeros((0, 2))
            self._ids.append(np.array(ids, np.int32))
            self._types.append(np.array(window.type_ids if typed else [0] * len(ids), np.int32))
            self._spans.append(spans)
            self._lengths.append(len(ids))
            self._context.append((begin, after))
            self._questions.append(first + int(question))
            special = self._tokenizer.cls_token_id
            self._nulls.append(ids.index(special) if special in ids else 0)

    def windows(self, split: Split, cut: npt.NDArray[np.bool_]) -> QuestionWindows:
        """Return all windows with their labels."""
        answers = split.answers or []
        questions = np.array(self._questions, np.int64)
        types = np.concatenate(self._types)
        labels = [
            (*_answer_tokens(spans[a:b], answers[q].span, a, null), len(spans))
            for spans, (a, b), q, null in zip(
                self._spans[1:], self._context, self._questions, self._nulls, strict=True
            )
        ]
        return QuestionWindows(
            tokens=TokenizedTexts(
                ids=np.concatenate(self._ids),
                offsets=np.concatenate([[0], np.cumsum(self._lengths)]).astype(np.int64),
                truncated=cut[questions],
                pad_id=int(self._tokenizer.pad_token_id or 0),
                type_ids=types if types.any() else None,
            ),
            spans=np.concatenate(self._spans),
            context=np.array(self._context, np.int64),
            questions=questions,
            labels=torch.tensor(labels, dtype=torch.int64),
            null_tokens=np.array(self._nulls, np.int64),
            contexts=split.pairs or [],
            golds=[found.texts for found in answers],
            may_be_unanswerable=any(not found.texts for found in answers),
        )


def _answer_tokens(
    spans: npt.NDArray[np.int32], answer: tuple[int, int] | None, first: int, null: int
) -> tuple[int, int]:
    """Return the first and the last token of an answer in a window; twice `null` if not in it.

    Parameters
    ----------
    spans
        Characters of the tokens that are context, shape (tokens, 2).
    first
        The place of the first of them in the window.
    """
    if answer is None or not len(spans) or answer[0] < spans[0, 0] or answer[1] > spans[-1, 1]:
        return null, null
    begin = int(np.searchsorted(spans[:, 0], answer[0], side="right")) - 1
    end = int(np.searchsorted(spans[:, 1], answer[1], side="left"))
    return first + begin, first + max(begin, end)


def _shortened(
    tokenizer: Any, questions: list[str], most: int
) -> tuple[list[str], npt.NDArray[np.bool_]]:
    """Return the questions, cut to `most` tokens at the end of a token, and which were cut."""
    kept, cut = list(questions), np.zeros(len(questions), np.bool_)
    left = list(range(len(questions)))
    while left:
        some, left = left[:_CHUNK], left[_CHUNK:]
        encoded = tokenizer([kept[i] for i in some], add_special_tokens=False, verbose=False)
        for i, encoding in zip(some, encoded.encodings, strict=True):
            if len(encoding.ids) > most:
                kept[i], cut[i] = kept[i][: encoding.offsets[most][0]], True
                # What is left of a word may be other tokens than before: look at it again.
                left.append(i)
    return kept, cut

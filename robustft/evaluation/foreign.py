"""Predicting with models of other makes: texts or token ids in, logits by label code out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from functools import partial
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from robustft.data.task import Task, TaskType
from robustft.errors import RobustftError
from robustft.evaluation.memory import Floats, Hashes, Memory, Rows
from robustft.evaluation.predict import DEFAULT_LENGTH, Predictions, token_hashes
from robustft.evaluation.prediction_store import PredictionStore
from robustft.model.foreign.base import TextsIn
from robustft.model.foreign.onnx import OnnxModel
from robustft.training.batching import TokenizedTexts, plan_batches, tokenize

__all__ = ["TextPredictor", "TokenPredictor", "text_hashes"]

_CPU = torch.device("cpu")


class TextPredictor:
    """A model that takes texts as they are; it has no tokens, and is asked about a text once.

    Parameters
    ----------
    batch_size
        Texts a call; by default what suits the kind of model.
    store
        Where outputs outlive the process.
    """

    max_length: int | None = None

    def __init__(
        self,
        model: TextsIn,
        task: Task,
        *,
        batch_size: int | None = None,
        store: PredictionStore | None = None,
    ) -> None:
        self._model, self._rows = model, batch_size or model.rows
        self._read = model.reader(task)
        self._regression = task.type is TaskType.REGRESSION
        self.memory = Memory(self._read.columns, store)

    @property
    def notices(self) -> Sequence[str]:
        """What was taken for granted, a sentence each."""
        return self._read.notices

    def remember(self, predictions: Predictions) -> None:
        """Take results of an earlier call, of this process or another, for known."""
        self.memory.add(predictions.token_hash, predictions.logits)

    def predict(
        self,
        texts: Sequence[str],
        progress: Callable[[int], None] = lambda _: None,
        *,
        pairs: Sequence[str] | None = None,
    ) -> Predictions:
        """Return the model's outputs for `texts`; `progress` is told the rows done since.

        Raises
        ------
        RobustftError
            The model failed; the message says how many texts of this call have their output.
        """
        hashes = text_hashes(texts, pairs)
        before = self.memory.computed
        try:
            logits = self.memory.complete(hashes, partial(self._compute, texts, pairs), progress)
        except RobustftError as problem:
            done = self.memory.computed - before
            if done:
                problem.args = (f"{problem}; {done:,} texts have their prediction, which is kept",)
            raise
        return Predictions(logits, hashes, np.zeros(len(texts), np.bool_), self._regression)

    def _compute(
        self, texts: Sequence[str], pairs: Sequence[str] | None, rows: Rows
    ) -> Iterator[tuple[Rows, Floats]]:
        """Yield positions in `rows` and their logits, batch by batch as they come."""
        places = np.argsort(rows).astype(np.int64)  # in the texts' order
        batches = [places[at : at + self._rows] for at in range(0, len(rows), self._rows)]

        def ask(batch: Rows) -> Any:
            chosen = rows[batch].tolist()
            return self._model(
                [texts[row] for row in chosen],
                None if pairs is None else [pairs[row] for row in chosen],
            )

        answers = self._in_turn if self._model.concurrency == 1 else self._at_once
        for batch, raw in answers(ask, batches):
            yield batch, self._read(raw, len(batch))

    def _in_turn(
        self, ask: Callable[[Rows], Any], batches: list[Rows]
    ) -> Iterator[tuple[Rows, Any]]:
        for batch in batches:
            yield batch, ask(batch)

    def _at_once(
        self, ask: Callable[[Rows], Any], batches: list[Rows]
    ) -> Iterator[tuple[Rows, Any]]:
        """Ask several at a time; after a failure what is under way is still taken."""
        self._model.halted = False
        pool = ThreadPoolExecutor(self._model.concurrency)
        waiting: dict[Future[Any], Rows] = {pool.submit(ask, batch): batch for batch in batches}
        problem: BaseException | None = None
        try:
            for done in as_completed(waiting):
                if done.cancelled():
                    continue
                failure = done.exception()
                if failure is None:
                    yield waiting[done], done.result()
                    continue
                problem = problem or failure
                self._model.halted = True
                for other in waiting:
                    other.cancel()
        except BaseException:  # Ctrl-C
            self._model.halted = True
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        if problem is not None:
            raise problem


class TokenPredictor:
    """An ONNX graph that reads token ids, with its tokenizer.

    Parameters
    ----------
    tokenizer
        See `robustft.model.foreign.onnx.load_tokenizer`.
    batch_size, max_length, store
        As of `Predictor`.
    """

    def __init__(
        self,
        model: OnnxModel,
        tokenizer: Any,
        task: Task,
        *,
        batch_size: int | None = None,
        max_length: int | None = None,
        store: PredictionStore | None = None,
    ) -> None:
        self._model, self._tokenizer = model, tokenizer
        self._read = model.reader(task)
        self._rows = batch_size or model.rows
        limits = (max_length or DEFAULT_LENGTH, model.length, int(tokenizer.model_max_length))
        self.max_length: int | None = min(n for n in limits if n is not None)
        self._regression = task.type is TaskType.REGRESSION
        self.memory = Memory(self._read.columns, store)

    @property
    def notices(self) -> Sequence[str]:
        """What was taken for granted, a sentence each."""
        return self._read.notices

    def remember(self, predictions: Predictions) -> None:
        """Take results of an earlier call, of this process or another, for known."""
        self.memory.add(predictions.token_hash, predictions.logits)

    def predict(
        self,
        texts: Sequence[str],
        progress: Callable[[int], None] = lambda _: None,
        *,
        pairs: Sequence[str] | None = None,
    ) -> Predictions:
        """Return the model's outputs for `texts`; `progress` is told the rows done since."""
        tokens = tokenize(self._tokenizer, texts, self.max_length or DEFAULT_LENGTH, pairs)
        hashes = token_hashes(tokens)
        logits = self.memory.complete(hashes, partial(self._compute, tokens), progress)
        return Predictions(logits, hashes, tokens.truncated, self._regression, tokens.whole)

    def _compute(self, tokens: TokenizedTexts, rows: Rows) -> Iterator[tuple[Rows, Floats]]:
        lengths = tokens.lengths[rows]
        for batch in plan_batches(lengths, self._rows):
            for same in [batch] if self._model.masks else _of_one_length(batch, lengths):
                inputs = tokens.collate(rows[same], _CPU)
                arrays = {name: tensor.numpy() for name, tensor in inputs.items()}
                at = 0
                for raw in self._model.of_tokens(arrays):
                    part = same[at : at + len(raw)]
                    yield part, self._read(raw, len(part))
                    at += len(part)


def text_hashes(texts: Sequence[str], pairs: Sequence[str] | None = None) -> Hashes:
    """Return one hash a text, with its pair if there are pairs: uint64, shape ``(n,)``."""
    made = []
    for row, text in enumerate(texts):
        raw = text.encode("utf-8", "surrogatepass")
        if pairs is not None:
            # The length tells where the first text ends.
            raw += pairs[row].encode("utf-8", "surrogatepass") + len(raw).to_bytes(8, "little")
        made.append(blake2b(raw, digest_size=8).digest())
    return np.frombuffer(b"".join(made), "<u8").astype(np.uint64)


def _of_one_length(batch: Rows, lengths: npt.NDArray[np.int64]) -> list[Rows]:
    """Cut a batch, sorted by length, where the length changes: nothing is padding then."""
    return np.split(batch, np.flatnonzero(np.diff(lengths[batch])) + 1)

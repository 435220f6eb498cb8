"""Predicting with models of other makes that take texts as they are; it needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from functools import partial
from hashlib import blake2b
from typing import Any

import numpy as np

from robustft.data.task import Task, TaskType
from robustft.errors import RobustftError
from robustft.evaluation.memory import Floats, Hashes, Memory, Rows
from robustft.evaluation.prediction_store import PredictionStore
from robustft.evaluation.predictions import Predictions
from robustft.model.foreign.base import TextsIn

__all__ = ["TextPredictor", "text_hashes"]


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

"""Predicting with graphs that read token ids: these in, logits by label code out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from robustft.data.task import Task, TaskType
from robustft.evaluation.memory import Floats, Memory, Rows
from robustft.evaluation.predict import DEFAULT_LENGTH, TokenReader
from robustft.evaluation.prediction_store import PredictionStore
from robustft.model.foreign.onnx import OnnxModel
from robustft.training.batching import TokenizedTexts, plan_batches

__all__ = ["TokenPredictor"]

_CPU = torch.device("cpu")


class TokenPredictor(TokenReader):
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
        self._model, self._rows = model, batch_size or model.rows
        self._read = model.reader(task)
        limits = (max_length or DEFAULT_LENGTH, model.length, int(tokenizer.model_max_length))
        super().__init__(
            tokenizer,
            min(n for n in limits if n is not None),
            Memory(self._read.columns, store),
            regression=task.type is TaskType.REGRESSION,
        )

    @property
    def notices(self) -> Sequence[str]:
        """What was taken for granted, a sentence each."""
        return self._read.notices

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


def _of_one_length(batch: Rows, lengths: npt.NDArray[np.int64]) -> list[Rows]:
    """Cut a batch, sorted by length, where the length changes: nothing is padding then."""
    return np.split(batch, np.flatnonzero(np.diff(lengths[batch])) + 1)

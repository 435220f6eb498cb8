"""Rows that a model learns from or is scored on, as the training loop sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from robustft.data.features import TextColumn
from robustft.data.split import Split
from robustft.data.task import Task, TaskType
from robustft.errors import DataError
from robustft.training.batching import Rows, TokenizedTexts, tokenize

__all__ = ["Batch", "Examples", "LabelledTokens", "tokenize_split"]

Batch = tuple[dict[str, Any], torch.Tensor]
"""What a model is given, by name (tensors; of a packed batch some plain values, too), and what it
should have said."""


class Examples(Protocol):
    """Rows that can be put into batches, whatever the task."""

    def __len__(self) -> int:
        """How many rows there are."""
        ...

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens a row, shape (rows,): batches are formed by these."""
        ...

    @property
    def computed(self) -> npt.NDArray[np.int64]:
        """Tokens a row that the model is given: a batch is cut into slices by these."""
        ...

    @property
    def truncated(self) -> npt.NDArray[np.bool_]:
        """Whether a row was cut at the maximum length, shape (rows,)."""
        ...

    def weight(self, rows: Rows, key: int) -> float:
        """What the summed loss of `rows` is divided by to give their mean."""
        ...

    def batch(self, rows: Rows, device: torch.device, key: int) -> Batch:
        """Return inputs and labels of `rows`; what is random in them hangs on `key` and the row."""
        ...


@dataclass(frozen=True)
class LabelledTokens:
    """A tokenized split with its labels: int64 codes, or float32 targets for regression.

    Attributes
    ----------
    row_weights
        What each row counts in the mean loss, float32, shape (rows,); None for 1 each.
    """

    tokens: TokenizedTexts
    labels: torch.Tensor
    row_weights: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each text."""
        return self.tokens.lengths

    @property
    def computed(self) -> npt.NDArray[np.int64]:
        """Tokens of each text: all are computed."""
        return self.tokens.lengths

    @property
    def truncated(self) -> npt.NDArray[np.bool_]:
        """Whether a text was cut."""
        return self.tokens.truncated

    def weight(self, rows: Rows, key: int) -> float:
        """Return the number of rows, or the sum of their weights."""
        if self.row_weights is None:
            return float(len(rows))
        return float(self.row_weights[torch.from_numpy(rows)].sum())

    def batch(self, rows: Rows, device: torch.device, key: int) -> Batch:
        """Return token ids and labels; nothing is random."""
        labels = self.labels[torch.from_numpy(rows)].to(device)
        return self.tokens.collate(rows, device), labels


def tokenize_split(tokenizer: Any, split: Split, max_length: int) -> LabelledTokens:
    """Tokenize a labelled split.

    Raises
    ------
    DataError
        It has no rows, no labels, or a label that the task does not have.
    """
    if not len(split):
        raise DataError(f"{split.name}: expected rows to train or validate on, got none")
    if split.labels is None:
        raise DataError(f"{split.name}: expected labels, got a split without any")
    columns = [TextColumn(split.table, column) for column in split.task.text_columns]
    tokens = tokenize(tokenizer, columns[0], max_length, columns[1] if columns[1:] else None)
    return LabelledTokens(tokens, _label_tensor(np.asarray(split.labels), split.name, split.task))


def _label_tensor(labels: npt.NDArray[Any], where: str, task: Task) -> torch.Tensor:
    if task.type is TaskType.REGRESSION:
        targets = labels.astype(np.float32)
        bad = np.flatnonzero(~np.isfinite(targets))
        if len(bad):
            raise DataError(
                f"{where}: row {bad[0]}: expected a finite target, got {labels[bad[0]]}"
            )
        return torch.from_numpy(targets)
    codes = labels.astype(np.int64)
    bad = np.flatnonzero((codes < 0) | (codes >= task.num_labels))
    if len(bad):
        raise DataError(
            f"{where}: row {bad[0]}: expected a label code from 0 to {task.num_labels - 1}, "
            f"got {labels[bad[0]]}"
        )
    return torch.from_numpy(codes)

"""What a model said about many texts: plain arrays, whatever the model is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

__all__ = ["Predictions"]

Floats = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Predictions:
    """A model's outputs for texts, in the texts' order.

    Attributes
    ----------
    logits
        Float32, shape ``(n, num_labels)``; the columns are the data's label codes.
    token_hash
        Uint64, shape ``(n,)``: a hash of the token ids after truncation, all that the model saw.
    truncated
        Whether the text was longer than the model reads, shape ``(n,)``.
    regression
        Whether the one output is a number to be taken as it is.
    lengths
        Int64, shape ``(n,)``: the tokens of the whole text, before it was cut; 0 where the model
        has no tokenizer, and throughout if none are given.
    """

    logits: Floats
    token_hash: Hashes
    truncated: npt.NDArray[np.bool_]
    regression: bool = False
    lengths: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    def __post_init__(self) -> None:
        if len(self.lengths) != len(self.logits):
            object.__setattr__(self, "lengths", np.zeros(len(self.logits), np.int64))

    def __len__(self) -> int:
        return len(self.logits)

    @property
    def probabilities(self) -> Floats:
        """Softmax of the logits, shape ``(n, num_labels)``; of no columns for a regression."""
        if self.regression:
            return np.empty((len(self), 0), np.float32)
        shifted = self.logits - self.logits.max(axis=1, keepdims=True)
        powers = np.exp(shifted)
        shares: Floats = powers / powers.sum(axis=1, keepdims=True)
        return shares

    @property
    def predictions(self) -> npt.NDArray[np.int64] | npt.NDArray[np.float64]:
        """The label codes predicted, int64; for a regression the numbers, float64."""
        if self.regression:
            return self.logits[:, 0].astype(np.float64)
        codes: npt.NDArray[np.int64] = self.logits.argmax(axis=1).astype(np.int64)
        return codes

    def take(self, rows: npt.NDArray[np.int64]) -> Predictions:
        """Return the predictions for `rows`, in that order."""
        return Predictions(
            self.logits[rows],
            self.token_hash[rows],
            self.truncated[rows],
            self.regression,
            self.lengths[rows],
        )

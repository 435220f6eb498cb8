"""Tokenized texts that lie on the device once, and batches of them in one row of tokens.

A batch is put together on the device by index: what travels for each is the numbers of its tokens,
not the tokens. Where batches are to have few different shapes, for a recorded step is replayed only
for the shape that it was recorded with, the row is filled up by one more text of padding, which
nothing attends to and nobody reads: it moves no loss and no gradient.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from robustft.training.batching import Rows, TokenizedTexts
from robustft.training.examples import Batch
from robustft.training.frozen_part import TokenExamples, batches_by_length

__all__ = [
    "FlatTokens",
    "PackedExamples",
    "filled_up",
    "place_tokens",
    "scored_at_once",
    "to_device",
]

# Rows are filled up to a multiple of this many tokens; of a long one to the next of 16 to 32 steps
# between one power of two and the next: 3 to 4 % more tokens for batches of 8 to 64 reviews.
_STEP = 128
_STEPS_AN_OCTAVE = 5
# Tokens that are scored at once: no gradients are kept.
_SCORED = {"cpu": 4_096}
_SCORED_ELSEWHERE = 65_536

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class FlatTokens:
    """All texts one after the other, on the device, and behind them one of padding.

    Attributes
    ----------
    ids, positions, types
        Token ids, positions within the text and segments, shape (tokens + padding,), int64;
        `types` is None when all are 0.
    offsets
        Where each text starts, and where the padding does; shape (texts + 1,), on the host.
    longest
        Tokens of the longest text.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    types: torch.Tensor | None
    offsets: Ints
    longest: int

    @property
    def device(self) -> torch.device:
        """Where they lie."""
        return self.ids.device

    def pack(self, rows: Rows, *, static: bool, varlen: bool) -> dict[str, Any]:
        """Return the inputs of a `PackedModel` for `rows`.

        Parameters
        ----------
        static
            Whether to fill up, so that few different shapes occur.
        varlen
            Whether the device has a kernel for texts of different lengths.
        """
        starts = self.offsets[rows]
        lengths = self.offsets[rows + 1] - starts
        longest = int(lengths.max())
        if static:
            fill = filled_up(int(lengths.sum())) - int(lengths.sum())
            starts = np.append(starts, self.offsets[-1])
            lengths = np.append(lengths, fill)
            longest = max(self.longest, _step(int(lengths.sum())))
        bounds = np.concatenate([[0], np.cumsum(lengths)])
        source = np.repeat(starts - bounds[:-1], lengths) + np.arange(bounds[-1])
        index = to_device(source, self.device)
        inputs: dict[str, Any] = {
            "input_ids": self.ids[index][None],
            "position_ids": self.positions[index][None],
            "bounds": to_device(bounds.astype(np.int32), self.device),
            "firsts": to_device(bounds[: len(rows)], self.device),
            "longest": longest,
            "varlen": varlen,
        }
        if self.types is not None:
            inputs["token_type_ids"] = self.types[index][None]
        return inputs


def place_tokens(
    tokens: TokenizedTexts, device: torch.device, padding_before: int | None
) -> FlatTokens:
    """Put texts on the device; see `robustft.model.packing.padding_before`.

    Raises
    ------
    ValueError
        A text has no tokens.
    """
    lengths = tokens.lengths
    if not lengths.all():
        raise ValueError("a text has no tokens")
    fill = _step(max(int(lengths.max()) * len(lengths), 1))
    ids = np.append(tokens.ids.astype(np.int64), np.full(fill, tokens.pad_id))
    offsets = np.append(tokens.offsets, len(ids))
    # Counted within each text: from 0, or from behind the padding id and only what is no padding.
    counts = np.ones(len(ids), np.int64) if padding_before is None else ids != padding_before
    before = np.concatenate([[0], np.cumsum(counts)])
    positions = before[:-1] - np.repeat(before[offsets[:-1]], np.diff(offsets))
    if padding_before is not None:
        positions = (positions + 1) * counts + padding_before
    else:
        positions[tokens.offsets[-1] :] = 0  # of padding there may be more than the model has
    types = None
    if tokens.type_ids is not None:
        types = np.append(tokens.type_ids.astype(np.int64), np.zeros(fill, np.int64))
    return FlatTokens(
        ids=to_device(ids, device),
        positions=to_device(positions, device),
        types=None if types is None else to_device(types, device),
        offsets=tokens.offsets,
        longest=int(lengths.max()),
    )


def scored_at_once(device: torch.device) -> int:
    """Return how many tokens are scored together."""
    return _SCORED.get(device.type, _SCORED_ELSEWHERE)


def to_device(values: npt.NDArray[Any], device: torch.device) -> torch.Tensor:
    """Copy an array to the device; the host does not wait for a CUDA one."""
    tensor = torch.from_numpy(values)
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def filled_up(tokens: int) -> int:
    """Return the number of tokens that a batch is filled up to, at least one more.

    >>> filled_up(100), filled_up(128), filled_up(30_000)
    (128, 256, 30720)
    """
    step = _step(tokens)
    return (tokens // step + 1) * step


def _step(tokens: int) -> int:
    return max(_STEP, 1 << max(tokens.bit_length() - _STEPS_AN_OCTAVE, 0))


@dataclass(frozen=True)
class PackedExamples:
    """Rows whose batches are packed: otherwise the very same, in the same order.

    Attributes
    ----------
    whole
        The rows themselves.
    labels
        Those of `whole`, on the device.
    static
        Whether batches are filled up to few different shapes.
    """

    whole: TokenExamples
    flat: FlatTokens
    labels: torch.Tensor
    static: bool
    varlen: bool

    def __len__(self) -> int:
        return len(self.whole)

    @property
    def tokens(self) -> TokenizedTexts:
        """Token ids of each row."""
        return self.whole.tokens

    @property
    def lengths(self) -> Ints:
        """Tokens of each text."""
        return self.whole.lengths

    @property
    def computed(self) -> Ints:
        """Tokens of each text: all are computed."""
        return self.whole.lengths

    @property
    def truncated(self) -> npt.NDArray[np.bool_]:
        """Whether a text was cut."""
        return self.whole.truncated

    def weight(self, rows: Rows, key: int) -> float:
        """Return the number of rows, or the sum of their weights."""
        return self.whole.weight(rows, key)

    def batch(self, rows: Rows, device: torch.device, key: int) -> Batch:
        """Return a packed batch and its labels; nothing is random."""
        inputs = self.flat.pack(rows, static=self.static, varlen=self.varlen)
        return inputs, self.labels[to_device(rows, device)]

    def scored(self) -> Iterator[Rows]:
        """Yield all rows in batches for scoring, longest first."""
        return batches_by_length(self.lengths, scored_at_once(self.flat.device))

    def with_padding(self, lengths: Ints) -> int:
        """Return how many tokens are computed for a batch with these row `lengths`."""
        total = int(lengths.sum())
        return filled_up(total) if self.static else total

"""Texts as flat token arrays, and batches in which almost nothing is padding.

Three steps keep padding low without making batches predictable. Rows are shuffled and cut into
windows of 50 batches; within a window they are sorted by length, so a batch holds texts of about
one length; the order of the batches is then shuffled. A corpus of a single window would give the
same batches each epoch, so there a row may also move by up to half a batch. On a CPU, where a small
matrix costs per row what a large one does, a batch whose lengths still differ is computed in
slices whose gradients add up: the same batch, the same gradient, less padding.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from robustft.errors import DataError
from robustft.seeding import fold_in, mix, uniform
from robustft.training.token_store import Encoded, is_large, joined, kept_tokens, tokens_key

__all__ = ["TokenizedTexts", "plan_batches", "plan_epoch", "slice_batch", "tokenize"]

Rows = npt.NDArray[np.int64]

_log = logging.getLogger("robustft")

# Texts handed to the tokenizer at once: enough to keep it busy, few enough to bound memory.
_CHUNK = 1_000
_WINDOW_BATCHES = 50
# What starting another slice costs on a CPU, in tokens computed: launching its operations and
# adding up its gradients. About right from a tiny model (80) to BERT-base (16).
_SLICE_TOKENS = 32


@dataclass(frozen=True)
class TokenizedTexts:
    """Token ids of many texts, special tokens included, in one array.

    Attributes
    ----------
    ids
        All token ids, one text after the other; int32, shape (tokens,). Of a large corpus they
        are mapped from a file: only what is read is in memory.
    offsets
        Where each text starts, and the end; int64, shape (texts + 1,).
    truncated
        Whether a text was cut at the maximum length; shape (texts,).
    type_ids
        Segment ids beside `ids`, int32 or int8; None when all are 0, which models assume.
    whole
        The tokens of each text before it was cut; int64, shape (texts,). By default `lengths`.
    """

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    truncated: npt.NDArray[np.bool_]
    pad_id: int
    type_ids: npt.NDArray[np.int32] | npt.NDArray[np.int8] | None = None
    whole: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def __post_init__(self) -> None:
        if len(self.whole) != len(self):
            object.__setattr__(self, "whole", self.lengths)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each text, at most the maximum length."""
        return np.diff(self.offsets)

    def collate(self, rows: Rows, device: torch.device) -> dict[str, torch.Tensor]:
        """Return model inputs for `rows`, shape (rows, longest); no mask where none is needed."""
        starts = self.offsets[rows]
        lengths = self.offsets[rows + 1] - starts
        inside = np.arange(int(lengths.max())) < lengths[:, None]
        source = (starts[:, None] + np.arange(inside.shape[1]))[inside]
        batch = {"input_ids": np.full(inside.shape, self.pad_id, dtype=np.int64)}
        batch["input_ids"][inside] = self.ids[source]
        if self.type_ids is not None:
            batch["token_type_ids"] = np.zeros(inside.shape, dtype=np.int64)
            batch["token_type_ids"][inside] = self.type_ids[source]
        if not inside.all():
            batch["attention_mask"] = inside.astype(np.int64)
        return {
            name: torch.from_numpy(array).to(device, non_blocking=True)
            for name, array in batch.items()
        }


def tokenize(
    tokenizer: Any,
    texts: Sequence[str],
    max_length: int,
    pairs: Sequence[str] | None = None,
) -> TokenizedTexts:
    """Tokenize `texts` once, cut at `max_length` tokens, into flat arrays.

    With `pairs`, a second text for each, both are read one after the other, and of what is too
    long the longer of the two is cut, token by token. A large corpus is tokenized into files of
    the cache folder, and found there by the next call with the same texts and tokenizer; where
    they cannot be written, the tokens stay in memory and a warning says so.
    """
    key = tokens_key(tokenizer, texts, max_length, pairs) if is_large(texts, pairs) else None
    if key is None:
        made = joined(_encoded(tokenizer, texts, max_length, pairs))
    else:
        try:
            made = kept_tokens(key, lambda: _encoded(tokenizer, texts, max_length, pairs))
        except DataError as problem:
            _log.warning("tokens are held in memory: %s", problem)
            made = joined(_encoded(tokenizer, texts, max_length, pairs))
    return TokenizedTexts(
        ids=made.ids,
        offsets=np.concatenate([np.zeros(1, np.int64), np.cumsum(made.lengths, dtype=np.int64)]),
        truncated=made.whole > made.lengths,
        pad_id=int(tokenizer.pad_token_id or 0),
        type_ids=made.types if made.types.any() else None,
        whole=made.whole,
    )


def _encoded(
    tokenizer: Any, texts: Sequence[str], max_length: int, pairs: Sequence[str] | None
) -> Iterator[Encoded]:
    """Yield the tokens of a thousand texts at a time."""
    for start in range(0, len(texts), _CHUNK):
        chunk = [list(part[start : start + _CHUNK]) for part in (texts, pairs) if part is not None]
        encoded = tokenizer(
            *chunk, truncation="longest_first", max_length=max_length, return_attention_mask=False
        )
        yield Encoded(
            ids=_flat(encoded["input_ids"]),
            types=_flat(encoded.get("token_type_ids", ())),
            lengths=np.array([len(row) for row in encoded["input_ids"]], np.int64),
            whole=np.array(_whole_lengths(tokenizer, encoded, chunk), np.int64),
        )


def plan_epoch(lengths: npt.NDArray[np.int64], batch_size: int, key: int) -> list[Rows]:
    """Return the batches of one epoch, as row numbers; each row is in exactly one.

    Same lengths, size and key: same plan. Another key (another epoch) mixes other rows together.
    Every batch has `batch_size` rows but one, which has what is left.
    """
    rows = np.arange(len(lengths), dtype=np.int64)
    order = rows[np.argsort(_hashes(key, "order", len(rows)), kind="stable")]
    batches: list[Rows] = []
    window = _WINDOW_BATCHES * batch_size
    for start in range(0, len(order), window):
        inside = order[start : start + window]
        inside = inside[np.argsort(lengths[inside], kind="stable")]
        if len(order) <= window:
            moved = rows + batch_size / 2 * uniform(_hashes(key, "move", len(rows)))
            inside = inside[np.argsort(moved, kind="stable")]
        batches += [inside[at : at + batch_size] for at in range(0, len(inside), batch_size)]
    shuffled = np.argsort(_hashes(key, "batches", len(batches)), kind="stable")
    return [batches[index] for index in shuffled]


def plan_batches(lengths: npt.NDArray[np.int64], batch_size: int) -> Iterator[Rows]:
    """Yield all rows, longest first, in batches for prediction, where order does not matter.

    The longest come first so that memory runs out at once or never. At the end of a run of equal
    lengths nothing special happens: neighbours in length share a batch, so little is padding.
    """
    order = np.argsort(-lengths, kind="stable").astype(np.int64)
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def slice_batch(
    lengths: npt.NDArray[np.int64], *, max_rows: int, split: bool
) -> list[npt.NDArray[np.int64]]:
    """Cut a batch with these row `lengths` into slices that are computed one after the other.

    With `split`, the cut that computes the fewest tokens is found by dynamic programming over the
    rows sorted by length, each slice costing its rows times its longest row and a fixed part.
    Without, only `max_rows` limits a slice. Returns positions in the batch.
    """
    order = np.argsort(-lengths, kind="stable").astype(np.int64)
    if not split:
        return [order[at : at + max_rows] for at in range(0, len(order), max_rows)]
    longest = lengths[order]
    if 0 < len(order) <= max_rows and longest[0] == longest[-1]:
        return [order]  # nothing is padding
    best = np.zeros(len(order) + 1, dtype=np.int64)
    cut = np.zeros(len(order) + 1, dtype=np.int64)
    for end in range(1, len(order) + 1):
        starts = np.arange(max(0, end - max_rows), end)
        costs = best[starts] + (end - starts) * longest[starts] + _SLICE_TOKENS
        choice = int(np.argmin(costs))
        best[end], cut[end] = costs[choice], starts[choice]
    slices = []
    end = len(order)
    while end > 0:
        slices.append(order[cut[end] : end])
        end = int(cut[end])
    return slices[::-1]


def _hashes(key: int, what: str, count: int) -> npt.NDArray[np.uint64]:
    return mix(np.asarray(fold_in(key, what), dtype=np.uint64), np.arange(count))


def _flat(rows: Sequence[Sequence[int]]) -> npt.NDArray[np.int32]:
    return np.fromiter(chain.from_iterable(rows), dtype=np.int32)


def _whole_lengths(tokenizer: Any, encoded: Any, texts: list[list[str]]) -> list[int]:
    """Return how many tokens each text has before it is cut."""
    lengths = [len(row) for row in encoded["input_ids"]]
    cut = list(range(len(lengths)))
    if encoded.encodings is not None:  # a fast tokenizer keeps what it cut off
        cut = [i for i, encoding in enumerate(encoded.encodings) if encoding.overflowing]
        if len(texts) == 1:
            special = tokenizer.num_special_tokens_to_add(pair=False)
            for i in cut:
                pieces = encoded.encodings[i].overflowing
                lengths[i] += sum(len(piece) - special for piece in pieces)
            return lengths
    if cut:
        rows = [[part[i] for i in cut] for part in texts]
        again = tokenizer(*rows, truncation=False, return_attention_mask=False, verbose=False)
        for i, row in zip(cut, again["input_ids"], strict=True):
            lengths[i] = len(row)
    return lengths

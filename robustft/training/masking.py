"""Masked language modelling: texts packed into blocks, and which of their tokens are hidden.

As in Devlin et al. (2019), 15 % of the tokens are to be predicted; of those 80 % are replaced by
the mask, 10 % by a random token, and 10 % stay. Which ones hangs on a key and the block's number
alone. A training step brings another key, so each epoch hides other tokens (Liu et al., 2019,
*RoBERTa*); the held-out blocks always have the same key, so perplexities can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from robustft.errors import DataError, ModelError
from robustft.seeding import fold_in, mix, uniform
from robustft.training.batching import Rows
from robustft.training.examples import Batch

__all__ = ["MASK_RATE", "Blocks", "Masked", "pack"]

MASK_RATE = 0.15
_AS_MASK, _AS_RANDOM = 0.8, 0.1
_CHUNK = 1_000

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Masked:
    """Some blocks with tokens hidden.

    Attributes
    ----------
    ids
        What the model reads; int64, shape (rows, longest).
    inside
        Which places hold a token and no padding; bool, shape (rows, longest).
    chosen
        Which tokens are to be predicted; bool, shape (rows, longest).
    labels
        The tokens that were there, row by row; int64, shape (chosen tokens,).
    """

    ids: npt.NDArray[np.int64]
    inside: npt.NDArray[np.bool_]
    chosen: npt.NDArray[np.bool_]
    labels: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Blocks:
    """Running text in blocks of one length, to learn a masked language model from.

    Attributes
    ----------
    ids, words
        Token ids, and for each token where in its block its word starts (itself for a special
        token); int32, shape (tokens,).
    offsets
        Where each block starts, and the end; int64, shape (blocks + 1,).
    special
        The ids that are never hidden.
    whole_words
        Whether all tokens of a word are hidden together.
    """

    ids: Ints
    words: Ints
    offsets: npt.NDArray[np.int64]
    special: tuple[int, ...]
    mask_id: int
    pad_id: int
    vocabulary: int
    rate: float = MASK_RATE
    whole_words: bool = False
    # The last blocks masked: the loop asks for their weight and then for them.
    _last: dict[str, Any] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each block."""
        return np.diff(self.offsets)

    @property
    def computed(self) -> npt.NDArray[np.int64]:
        """Tokens of each block: all are computed."""
        return self.lengths

    @property
    def truncated(self) -> npt.NDArray[np.bool_]:
        """Nothing is cut off: what does not fit into a block begins the next one."""
        return np.zeros(len(self), np.bool_)

    def weight(self, rows: Rows, key: int) -> float:
        """Return how many tokens of `rows` are hidden."""
        return float(len(self.masked(rows, key).labels))

    def batch(self, rows: Rows, device: torch.device, key: int) -> Batch:
        """Return inputs and the hidden tokens; ``selected`` are their places in rows x length."""
        masked = self.masked(rows, key)
        inputs = {
            "input_ids": torch.from_numpy(masked.ids).to(device),
            "selected": torch.from_numpy(np.flatnonzero(masked.chosen)).to(device),
        }
        if not masked.inside.all():
            inputs["attention_mask"] = torch.from_numpy(masked.inside.astype(np.int64)).to(device)
        return inputs, torch.from_numpy(masked.labels).to(device)

    def masked(self, rows: Rows, key: int) -> Masked:
        """Hide tokens of `rows`; a block's hidden tokens do not depend on the others."""
        known = self._last.get("masked")
        if (
            known is not None
            and self._last["key"] == key
            and np.array_equal(self._last["rows"], rows)
        ):
            return known  # type: ignore[no-any-return]
        ids, words, inside = self._rows(rows)
        chosen = self._choose(rows, key, ids, words, inside)
        masked = Masked(self._replace(rows, key, ids, chosen), inside, chosen, ids[chosen])
        self._last.update(key=key, rows=rows, masked=masked)
        return masked

    def _rows(
        self, rows: Rows
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Return token ids, word starts and which places are no padding."""
        starts = self.offsets[rows]
        lengths = self.offsets[rows + 1] - starts
        inside = np.arange(int(lengths.max())) < lengths[:, None]
        source = (starts[:, None] + np.arange(inside.shape[1]))[inside]
        ids = np.full(inside.shape, self.pad_id, np.int64)
        words = np.zeros(inside.shape, np.int64)
        ids[inside], words[inside] = self.ids[source], self.words[source]
        return ids, words, inside

    def _choose(
        self,
        rows: Rows,
        key: int,
        ids: npt.NDArray[np.int64],
        words: npt.NDArray[np.int64],
        inside: npt.NDArray[np.bool_],
    ) -> npt.NDArray[np.bool_]:
        """Rank tokens (or words) by a hash and take the first ones, as many as the rate says."""
        open_ = inside & ~np.isin(ids, self.special)
        places = np.arange(ids.shape[1])
        unit = words if self.whole_words else np.broadcast_to(places, ids.shape)
        rank = uniform(mix(_row_keys(key, "mask", rows)[:, None], unit))
        rank = np.where(open_, rank, 2.0)
        # Tokens of one word share a rank and stay side by side: the sort is stable.
        order = np.argsort(rank, axis=1, kind="stable")
        quota = np.maximum(1, np.rint(open_.sum(1) * self.rate)).astype(np.int64)
        ordered = np.take_along_axis(unit, order, 1)
        last = np.ones(ids.shape, np.bool_)  # whether a word ends at this place in the order
        last[:, :-1] = ordered[:, 1:] != ordered[:, :-1]
        # A word counts where its last token still fits; the first word counts always.
        ends = np.where(last, places, ids.shape[1])
        end = np.minimum.accumulate(ends[:, ::-1], 1)[:, ::-1]
        first = end == end[:, :1]
        taken = ((end < quota[:, None]) | first) & np.take_along_axis(open_, order, 1)
        chosen = np.zeros(ids.shape, np.bool_)
        np.put_along_axis(chosen, order, taken, 1)
        return chosen

    def _replace(
        self,
        rows: Rows,
        key: int,
        ids: npt.NDArray[np.int64],
        chosen: npt.NDArray[np.bool_],
    ) -> npt.NDArray[np.int64]:
        """Return the ids with the chosen tokens replaced by the mask, a random token, or kept."""
        places = np.arange(ids.shape[1])
        how = uniform(mix(_row_keys(key, "how", rows)[:, None], places))
        other = uniform(mix(_row_keys(key, "token", rows)[:, None], places))
        replaced = ids.copy()
        replaced[chosen & (how < _AS_MASK)] = self.mask_id
        random = chosen & (how >= _AS_MASK) & (how < _AS_MASK + _AS_RANDOM)
        replaced[random] = (other[random] * self.vocabulary).astype(np.int64)
        return replaced


def pack(
    tokenizer: Any,
    texts: Sequence[str],
    max_length: int,
    *,
    rate: float = MASK_RATE,
    whole_words: bool = False,
) -> Blocks:
    """Tokenize `texts`, join them with separators, and cut them into blocks of `max_length`.

    A block begins and ends with the tokenizer's own special tokens, and a text that does not fit
    goes on in the next block.

    Raises
    ------
    ModelError
        The tokenizer has no mask, or does not tell where words begin.
    DataError
        The texts do not fill one block.
    """
    if tokenizer.mask_token_id is None:
        raise ModelError("masked language modelling: expected a tokenizer with a mask token")
    first, last = _frame(tokenizer)
    stream, words = _stream(tokenizer, texts, last)
    body = max_length - len(first) - len(last)
    count = -(-len(stream) // body)
    if body < 1 or not count:
        raise DataError("masked language modelling: expected texts with words in them, got none")
    ids: list[Ints] = []
    starts: list[Ints] = []
    for at in range(0, len(stream), body):
        part, word = stream[at : at + body], words[at : at + body]
        ids += [first, part, last]
        # Places within the block; a word that the cut goes through begins where the block does.
        place = np.maximum(word - at, 0) + len(first)
        whole = len(first) + len(part)
        starts += [_own(0, len(first)), place.astype(np.int32), _own(whole, len(last))]
    sizes = [
        len(first) + min(body, len(stream) - at) + len(last) for at in range(0, len(stream), body)
    ]
    return Blocks(
        ids=np.concatenate(ids),
        words=np.concatenate(starts),
        offsets=np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64),
        special=tuple(sorted(set(tokenizer.all_special_ids))),
        mask_id=int(tokenizer.mask_token_id),
        pad_id=int(tokenizer.pad_token_id or 0),
        vocabulary=len(tokenizer),
        rate=rate,
        whole_words=whole_words,
    )


def _frame(tokenizer: Any) -> tuple[Ints, Ints]:
    """Return the special tokens before and after a text."""
    empty = tokenizer("", add_special_tokens=True)["input_ids"]
    half = (len(empty) + 1) // 2
    return np.asarray(empty[:half], np.int32), np.asarray(empty[half:], np.int32)


def _stream(
    tokenizer: Any, texts: Sequence[str], separator: Ints
) -> tuple[Ints, npt.NDArray[np.int64]]:
    """Return all token ids one after the other, and for each where its word starts."""
    ids: list[Ints] = [np.zeros(0, np.int32)]
    words: list[npt.NDArray[np.int64]] = [np.zeros(0, np.int64)]
    at = 0
    for start in range(0, len(texts), _CHUNK):
        chunk = list(texts[start : start + _CHUNK])
        encoded = tokenizer(
            chunk, add_special_tokens=False, return_attention_mask=False, verbose=False
        )
        if encoded.encodings is None:
            raise ModelError("masked language modelling: expected a fast tokenizer")
        for row, encoding in zip(encoded["input_ids"], encoded.encodings, strict=True):
            if not row:
                continue
            number = np.asarray([-1 if w is None else w for w in encoding.word_ids], np.int64)
            begins = np.r_[True, number[1:] != number[:-1]]
            where = np.maximum.accumulate(np.where(begins, np.arange(len(row)), 0))
            ids += [np.asarray(row, np.int32), separator]
            words += [at + where, at + len(row) + np.arange(len(separator))]
            at += len(row) + len(separator)
    return np.concatenate(ids), np.concatenate(words)


def _own(start: int, count: int) -> Ints:
    return np.arange(start, start + count, dtype=np.int32)


def _row_keys(key: int, what: str, rows: Rows) -> npt.NDArray[np.uint64]:
    return mix(np.asarray(fold_in(key, what), np.uint64), rows)

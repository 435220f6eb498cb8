"""Membership of words in a word list, for all words of a batch at once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from robustft.text import characters

__all__ = ["Lexicon", "hash_spans"]

_MULTIPLIER = np.uint64(0xD6E8FEB86659FD93)
# A word is hashed in blocks of eight code points of one byte each; nearly all words are one block.
_BLOCK, _BLOCKS = 8, 4
_INSIDE = np.array([(1 << 8 * length) - 1 for length in range(_BLOCK + 1)], np.uint64)
# How many places of a table there are for a word of its list, as a power of two, and in all.
_SPARSE, _LEAST_BITS, _MOST_BITS = 5, 10, 18
_NONE, _SEVERAL = -1, -2

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]


def hash_spans(folded: npt.NDArray[np.uint32], start: Ints, end: Ints) -> Hashes:
    """Return one 64-bit hash for each span of `folded` code points; equal spans, equal hashes.

    The spans are in order and do not overlap; none holds NUL. Spans of up to eight code points
    below 256 have a hash that no other such span has.
    """
    raw = np.zeros(len(folded) + _BLOCK * _BLOCKS, np.uint8)
    raw[: len(folded)] = folded  # what does not fit is taken care of below
    # Eight neighbouring bytes as one number, from each byte on.
    blocks = np.ndarray(len(raw) - _BLOCK + 1, "<u8", raw, strides=(1,))
    length = end - start
    hashes: Hashes = blocks[start] & _INSIDE[np.minimum(length, _BLOCK)]
    for block in range(1, _BLOCKS):
        at = np.flatnonzero(length > block * _BLOCK)
        if not len(at):
            break
        rest = np.minimum(length[at] - block * _BLOCK, _BLOCK)
        hashes[at] = _scrambled(hashes[at]) ^ (blocks[start[at] + block * _BLOCK] & _INSIDE[rest])
    hashes = _scrambled(hashes)
    for span in _unusual(folded, start, end):
        digest = blake2b(folded[start[span] : end[span]].astype("<u4").tobytes(), digest_size=8)
        hashes[span] = int.from_bytes(digest.digest(), "little")
    return hashes


def _scrambled(hashes: Hashes) -> Hashes:
    """Spread each bit over all, one to one."""
    hashes = (hashes ^ (hashes >> np.uint64(32))) * _MULTIPLIER
    hashes ^= hashes >> np.uint64(32)
    return hashes


def _unusual(folded: npt.NDArray[np.uint32], start: Ints, end: Ints) -> list[int]:
    """Return which spans hold a code point of more than a byte, or more than all blocks."""
    if not len(start):
        return []
    wide = np.flatnonzero(folded > 0xFF)
    holder = np.searchsorted(start, wide, side="right") - 1
    holder = holder[(holder >= 0) & (wide < end[holder])]
    long = np.flatnonzero(end - start > _BLOCK * _BLOCKS)
    unusual: list[int] = np.union1d(holder, long).tolist()
    return unusual


class Lexicon:
    """A set of words, matched without regard to case or to the kind of apostrophe.

    Parameters
    ----------
    words
        The words; their lower-case forms count. Words longer than one token never match.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(w.lower().replace("\u2019", "'") for w in words)

    def __len__(self) -> int:
        return len(self._words)

    def __contains__(self, word: str) -> bool:
        return word.lower().replace("\u2019", "'") in self._words

    @cached_property
    def words(self) -> list[str]:
        """The words in lower case, sorted: what the places of `find` refer to."""
        return sorted(self._words)

    @cached_property
    def _tables(self) -> tuple[Hashes, npt.NDArray[np.int32]]:
        """The hashes of `words`, and for the upper bits of a hash the place of its word.

        Where several words share these bits, which is rare, the table says so.
        """
        codes = np.frombuffer("".join(self.words).encode("utf-32-le", "surrogatepass"), np.uint32)
        ends = np.cumsum([len(w) for w in self.words], dtype=np.int64)
        starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]]) if len(ends) else ends
        hashes = hash_spans(characters.folded(codes), starts, ends)
        slots = (hashes >> self._shift).astype(np.int64)
        table = np.full(1 << (64 - int(self._shift)), _NONE, np.int32)
        table[slots] = np.arange(len(hashes))
        table[np.flatnonzero(np.bincount(slots, minlength=1) > 1)] = _SEVERAL
        return hashes, table

    @cached_property
    def _shift(self) -> np.uint64:
        bits = len(self).bit_length() + _SPARSE
        return np.uint64(64 - min(max(bits, _LEAST_BITS), _MOST_BITS))

    @cached_property
    def _sorted(self) -> tuple[Hashes, Ints]:
        """The hashes of `words` in order, and their places."""
        order = np.argsort(self._tables[0])
        return self._tables[0][order], order

    def match(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """Tell for each hash of `hash_spans` whether a word of the list has it."""
        found: npt.NDArray[np.bool_] = self.find(hashes) >= 0
        return found

    def find(self, hashes: Hashes) -> Ints:
        """Return for each hash of `hash_spans` the place in `words` of the word that has it, or -1.

        int64, the shape of `hashes`.
        """
        known, table = self._tables
        place = np.full(len(hashes), -1, np.int64)
        # The table says no to most words at the price of one look-up.
        held = table[hashes >> self._shift]
        at = np.flatnonzero(held != _NONE)
        held = held[at]
        right = known[held] == hashes[at] if len(known) else np.zeros(0, np.bool_)
        place[at[right]] = held[right]
        several = at[held == _SEVERAL]
        if len(several):
            ordered, order = self._sorted
            near = np.minimum(np.searchsorted(ordered, hashes[several]), len(ordered) - 1)
            right = ordered[near] == hashes[several]
            place[several] = np.where(right, order[near], -1)
        return place

"""Membership of words in a word list, for all words of a batch at once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import numpy as np
import numpy.typing as npt

from robustft.text import characters

__all__ = ["Lexicon", "hash_spans"]

# An odd multiplier has an inverse modulo 2**64, so the hash of any span follows from one
# running sum over the buffer (Rabin and Karp, 1987).
_BASE = 0x9E3779B97F4A7C15 | 1
_INVERSE = pow(_BASE, -1, 1 << 64)
_BITMAP_BITS = 18

Ints = npt.NDArray[np.int64]


class _Powers:
    """Powers of the base and of its inverse modulo 2**64, grown on demand."""

    def __init__(self) -> None:
        self.base = np.ones(1, np.uint64)
        self.inverse = np.ones(1, np.uint64)

    def upto(self, n: int) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
        if len(self.base) < n:
            size = 1 << (n - 1).bit_length()
            self.base, self.inverse = (_powers(b, size) for b in (_BASE, _INVERSE))
        return self.base[:n], self.inverse[:n]


def _powers(base: int, n: int) -> npt.NDArray[np.uint64]:
    out = np.full(n, base, np.uint64)
    out[0] = 1
    return np.multiply.accumulate(out)


_cache = _Powers()


def hash_spans(
    folded: npt.NDArray[np.uint32], start: npt.NDArray[np.int64], end: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint64]:
    """Return one 64-bit hash for each span of `folded` code points; equal spans, equal hashes."""
    power, inverse = _cache.upto(len(folded) + 1)
    total = np.zeros(len(folded) + 1, np.uint64)
    np.cumsum((folded.astype(np.uint64) + np.uint64(1)) * power[:-1], out=total[1:])
    hashes = (total[end] - total[start]) * inverse[start]
    # Spread the upper bits, which the polynomial alone leaves weak for short words.
    hashes ^= hashes >> np.uint64(32)
    hashes *= np.uint64(0xD6E8FEB86659FD93)
    out: npt.NDArray[np.uint64] = hashes ^ (hashes >> np.uint64(32))
    return out


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
    def _tables(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.bool_], Ints]:
        codes = np.frombuffer("".join(self.words).encode("utf-32-le", "surrogatepass"), np.uint32)
        ends = np.cumsum([len(w) for w in self.words], dtype=np.int64)
        starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]]) if len(ends) else ends
        hashes = hash_spans(characters.folded(codes), starts, ends)
        order = np.argsort(hashes)
        bitmap = np.zeros(1 << _BITMAP_BITS, np.bool_)
        bitmap[hashes >> np.uint64(64 - _BITMAP_BITS)] = True
        return hashes[order], bitmap, order

    def match(self, hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """Tell for each hash of `hash_spans` whether a word of the list has it."""
        known, bitmap, _order = self._tables
        found: npt.NDArray[np.bool_] = bitmap[hashes >> np.uint64(64 - _BITMAP_BITS)]
        # The bitmap says no to most words at the price of one look-up; the rest are searched.
        maybe = np.flatnonzero(found)
        if len(maybe):
            at = np.searchsorted(known, hashes[maybe])
            found[maybe] = known[np.minimum(at, len(known) - 1)] == hashes[maybe]
        return found

    def find(self, hashes: npt.NDArray[np.uint64]) -> Ints:
        """Return for each hash of `hash_spans` the place in `words` of the word that has it, or -1.

        int64, the shape of `hashes`.
        """
        known, _bitmap, order = self._tables
        place = np.full(len(hashes), -1, np.int64)
        mine = np.flatnonzero(self.match(hashes))
        place[mine] = order[np.searchsorted(known, hashes[mine])]
        return place

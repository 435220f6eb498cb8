"""Near-duplicates between two collections of texts, without comparing each with each.

Texts are alike when they share most of their runs of five words (shingles): by the Jaccard
similarity of the two sets. MinHash keeps a few minima of random hashes of a set, and two sets
share a minimum with a probability equal to their similarity (Broder, 1997, *On the resemblance
and containment of documents*, SEQUENCES). Banding makes candidates of texts that share all minima
of one of 20 bands of 5 (Leskovec, Rajaraman and Ullman, *Mining of Massive Datasets*, section
3.4): a pair of similarity *s* becomes one with probability ``1 - (1 - s**5)**20``, which is
0.9996 at 0.8 and all but 1 at 0.9. Candidates are then compared exactly, so that none is reported
that is less alike than asked for.

Everything is numpy over one buffer of bytes: about 10,000 reviews a second. Memory holds 20
numbers a text beside the texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from robustft.seeding import fold_in, mix

__all__ = ["ALIKE", "Matches", "jaccard", "similar"]

ALIKE = 0.8
"""From this similarity on two texts are near-duplicates."""
SHINGLE = 5
_BANDS, _ROWS = 20, 5
# Of many texts that share a band with one, so many are compared with it.
_PARTNERS = 20
# Bytes of text taken at once: small enough for the cache, and for memory.
_BYTES = 1 << 21

Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

_KEY = np.asarray(fold_in(0, "minhash"), np.uint64)
_ODD = mix(_KEY, np.arange(_BANDS * _ROWS)) | np.uint64(1)
_SHIFT = mix(_KEY + np.uint64(1), np.arange(_BANDS * _ROWS))
# A polynomial over the bytes of a word, modulo 2 ** 64; the base must be odd to have an inverse.
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
_BYTE = np.arange(256)
_IN_WORD = np.array([chr(b).isalnum() or b >= 0x80 for b in range(128)] + [True] * 128)
# The first bytes of letters that are words of their own, such as those of Chinese.
_ALONE = (_BYTE >= 0xE3) & (_BYTE <= 0xED) | (_BYTE == 0xF0)


class Matches(NamedTuple):
    """For each text its partner among the others, or -1, and how alike the two are: shape (n,)."""

    partner: Ints
    similarity: npt.NDArray[np.float64]


class _Shingles(NamedTuple):
    """The hashed shingles of texts, one text after the other; text *i* ends at ``ends[i]``."""

    hashes: Hashes
    ends: Ints


def similar(texts: Sequence[str], others: Sequence[str], *, least: float = ALIKE) -> Matches:
    """Find for each text one of the `others` that is at least so similar.

    Words are runs of letters and digits in lower case; a text of less than five is one shingle,
    one without words is like none. Bands are gone through until a partner is found: of those in
    that band the most similar is given, the first of equals. Which are found does not depend on
    the order of texts or others. Where more than 20 others share a band with a text, 20 of them
    are looked at, the same whatever the order.
    """
    partner = np.full(len(texts), -1, np.int64)
    similarity = np.zeros(len(texts))
    mine, theirs = _band_keys(texts), _band_keys(others)
    # The first column stands for all that a text says: sorted by it, places say nothing.
    order = np.argsort(theirs[:, 0], kind="stable")
    for band in range(1, _BANDS + 1):
        open_ = np.flatnonzero((partner < 0) & (mine[:, 0] != 0))
        pairs = _sharing(mine[open_, band], theirs[order, band], theirs[order, 0] != 0)
        if not len(pairs):
            continue
        rows, found = open_[pairs[:, 0]], order[pairs[:, 1]]
        alike = jaccard(texts, others, rows, found)
        # The best partner is written last.
        ranked = np.lexsort((-found, alike))
        ranked = ranked[alike[ranked] >= least]
        partner[rows[ranked]], similarity[rows[ranked]] = found[ranked], alike[ranked]
    return Matches(partner, similarity)


def _sharing(mine: Hashes, theirs: Hashes, usable: npt.NDArray[np.bool_]) -> Ints:
    """Return the pairs (i, j) with ``mine[i] == theirs[j]``, at most 20 for each i."""
    places = np.flatnonzero(usable)
    places = places[np.argsort(theirs[places], kind="stable")]
    keys = theirs[places]
    first = np.searchsorted(keys, mine, "left")
    counts = np.minimum(np.searchsorted(keys, mine, "right") - first, _PARTNERS)
    rows = np.repeat(np.arange(len(mine)), counts)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.stack([rows, places[np.repeat(first, counts) + within]], 1)


def jaccard(
    texts: Sequence[str], others: Sequence[str], rows: Ints, partners: Ints
) -> npt.NDArray[np.float64]:
    """Return the similarity of ``texts[rows[i]]`` and ``others[partners[i]]``, shape (len(rows),).

    It is exact but for a collision of hashes, which has a probability of about 2 ** -40.
    """
    left, right = _sets(texts, rows), _sets(others, partners)
    found = np.zeros(len(rows))
    for pair, (row, partner) in enumerate(zip(rows.tolist(), partners.tolist(), strict=True)):
        a, b = left[row], right[partner]
        shared = len(np.intersect1d(a, b, assume_unique=True))
        found[pair] = shared / max(len(a) + len(b) - shared, 1)
    return found


def _sets(texts: Sequence[str], rows: Ints) -> dict[int, Hashes]:
    """Return the distinct shingles of some texts."""
    wanted = np.unique(rows)
    found: dict[int, Hashes] = {}
    for part, shingles in _parts([texts[i] for i in wanted]):
        starts = np.concatenate([[0], shingles.ends[:-1]])
        for place, start, end in zip(
            range(part.start, part.stop), starts.tolist(), shingles.ends.tolist(), strict=True
        ):
            found[int(wanted[place])] = np.unique(shingles.hashes[start:end])
    return found


def _band_keys(texts: Sequence[str]) -> Hashes:
    """Return for each text a hash of its set of minima, 0 without words, and one for each band."""
    keys = np.zeros((len(texts), _BANDS + 1), np.uint64)
    for part, shingles in _parts(texts):
        counts = np.diff(shingles.ends, prepend=0)
        full = np.flatnonzero(counts)
        if not len(full):
            continue
        starts = (shingles.ends - counts)[full]
        whole = np.zeros(len(full), np.uint64)
        rows = part.start + full
        for band in range(_BANDS):
            key = np.full(len(full), band, np.uint64)
            for number in range(band * _ROWS, (band + 1) * _ROWS):
                hashed = shingles.hashes * _ODD[number] + _SHIFT[number]
                key = mix(key, np.minimum.reduceat(hashed, starts))
            keys[rows, band + 1] = key
            whole = mix(whole, key)
        keys[rows, 0] = whole | np.uint64(1)
    return keys


def _parts(texts: Sequence[str]) -> Iterator[tuple[slice, _Shingles]]:
    """Yield the shingles of some texts at a time."""
    start, size = 0, 0
    for place, text in enumerate(texts):
        size += len(text)
        if size >= _BYTES or place + 1 == len(texts):
            yield slice(start, place + 1), _shingles(texts[start : place + 1])
            start, size = place + 1, 0


def _shingles(texts: Sequence[str]) -> _Shingles:
    """Return the hashed shingles of texts, all at once."""
    words, ends = _words(texts)
    counts = np.diff(ends, prepend=0)
    last = np.repeat(ends, counts)  # where the text of each word ends
    places = np.arange(len(words))
    hashes = mix(_KEY, words)
    for step in range(1, SHINGLE):
        inside = np.flatnonzero(places + step < last)
        hashes[inside] = mix(hashes[inside], words[inside + step])
    # A shingle begins at each word that four follow, and at the first one in any case.
    begins = (places + SHINGLE <= last) | (places == last - np.repeat(counts, counts))
    return _Shingles(hashes[begins], np.cumsum(np.where(counts, np.maximum(counts - 4, 1), 0)))


def _words(texts: Sequence[str]) -> tuple[Hashes, Ints]:
    """Return hashes of the words of texts, and where the words of each text end."""
    encoded = [text.lower().encode("utf-8", "surrogatepass") for text in texts]
    raw = np.frombuffer(b"\n".join([*encoded, b""]), np.uint8)
    inside = _IN_WORD[raw]
    begins = inside & (_ALONE[raw] | ~np.concatenate([[False], inside[:-1]]))
    starts = np.flatnonzero(begins)
    # Sums wrap at 2 ** 64, and so do their differences. What is between words adds nothing, so a
    # word reaches up to the next one.
    with np.errstate(over="ignore"):
        powers = _powers(_BASE, len(raw))
        sums = np.concatenate(
            [np.zeros(1, np.uint64), np.cumsum(np.where(inside, raw, 0) * powers, dtype=np.uint64)]
        )
        reach = np.concatenate([starts[1:], [len(raw)]]) if len(starts) else starts
        hashes = (sums[reach] - sums[starts]) * _powers(_INVERSE, len(raw))[starts]
    lengths = np.array([len(part) + 1 for part in encoded], np.int64)
    ends = np.searchsorted(starts, np.cumsum(lengths))
    return mix(_KEY, hashes), ends.astype(np.int64)


def _powers(base: int, count: int) -> Hashes:
    """Return ``base ** (0, 1, ..., count - 1)`` modulo 2 ** 64."""
    factors = np.full(count, base, np.uint64)
    factors[:1] = 1
    return np.cumprod(factors, dtype=np.uint64)

"""Ids that follow from what a text says, so that shuffling or subsetting changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b

__all__ = ["content_ids"]


def content_ids(texts: Iterable[str]) -> list[str]:
    """Return one id a text: 16 hexadecimal digits of BLAKE2b, and an ordinal from its second copy.

    >>> first, second, other = content_ids(["a film", "a film", "a book"])
    >>> second == first + "-1", other == first
    (True, False)
    """
    seen: Counter[bytes] = Counter()
    ids = []
    for text in texts:
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        copies = seen[digest]
        seen[digest] += 1
        ids.append(f"{digest.hex()}-{copies}" if copies else digest.hex())
    return ids

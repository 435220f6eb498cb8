"""Ids that follow from what a text says, so that shuffling or subsetting changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b

__all__ = ["content_ids"]


def content_ids(texts: Iterable[str], seen: Counter[bytes] | None = None) -> list[str]:
    """Return one id a text: 16 hexadecimal digits of BLAKE2b, and an ordinal from its second copy.

    Parameters
    ----------
    texts
        The texts, in any order.
    seen
        Carries the ordinals on from one call to the next, for texts that come in portions.

    >>> first, second, other = content_ids(["a film", "a film", "a book"])
    >>> second == first + "-1", other == first
    (True, False)
    """
    seen = Counter() if seen is None else seen
    ids = []
    for text in texts:
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        copies = seen[digest]
        seen[digest] += 1
        ids.append(f"{digest.hex()}-{copies}" if copies else digest.hex())
    return ids

"""Facts about a whole text, worked out once though each of its units asks for them."""

from __future__ import annotations

from functools import lru_cache

__all__ = ["holds", "is_lower", "is_upper"]


@lru_cache(maxsize=4)
def is_lower(text: str) -> bool:
    """Tell whether a text has letters and no capitals."""
    return text.islower()


@lru_cache(maxsize=16)
def holds(text: str, part: str) -> bool:
    """Tell whether `part` occurs in a text."""
    return part in text


@lru_cache(maxsize=4)
def is_upper(text: str) -> bool:
    """Tell whether a text has letters and all are capitals."""
    return text.isupper()

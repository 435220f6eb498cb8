"""Conditions on what stands before and after a word, for words whose sense that decides."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

__all__ = ["Rule"]

_REACH = 40


class Rule(NamedTuple):
    """What must stand before and after a span, and what must not, as regular expressions.

    They know no case. Those for the left end where the span begins, those for the right begin
    where it ends; an empty one asks nothing.
    """

    left: str = ""
    right: str = ""
    not_left: str = ""
    not_right: str = ""

    def barred(self, text: str, start: int, end: int) -> bool:
        """Tell whether something stands beside ``text[start:end]`` that must not."""
        _, _, left, right = _compiled(self)
        return _before(left, text, start) or (right is not None and bool(right.match(text, end)))

    def shown(self, text: str, start: int, end: int) -> bool:
        """Tell whether what must stand beside ``text[start:end]`` does."""
        left, right, _, _ = _compiled(self)
        if left is not None and not _before(left, text, start):
            return False
        return right is None or bool(right.match(text, end))


def _before(pattern: re.Pattern[str] | None, text: str, start: int) -> bool:
    return pattern is not None and bool(pattern.search(text[max(0, start - _REACH) : start]))


@cache
def _compiled(rule: Rule) -> tuple[re.Pattern[str] | None, ...]:
    left, right, not_left, not_right = rule
    parts = (left and f"(?:{left})\\Z", right, not_left and f"(?:{not_left})\\Z", not_right)
    return tuple(re.compile(part, re.IGNORECASE) if part else None for part in parts)

"""Making what a page holds small enough: first shorter texts, then fewer rows."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable, Sequence
from typing import Any

from robustft.seeding import fold_in

__all__ = ["BUDGET", "fitted", "keyed", "plain_json", "script_data"]

BUDGET = 2_600_000
"""Bytes of a page that its rows may take."""

PLAIN = 300_000
_WIDTHS = (4_000, 1_600, 800, 480, 320, 220, 150, 100)
_SAMPLE = 400
_MARGIN = 0.97

Build = Callable[[Sequence[int], int], dict[str, Any]]
"""Makes the data of some rows, with so many characters of text for each."""


def fitted(order: Sequence[int], build: Build, budget: int) -> tuple[int, dict[str, Any]]:
    """Return how many rows have room, and the data of these: the first in `order`.

    The length of texts is settled on a sample of the rows, spread over `order`.
    """
    if not order:
        return 0, build((), _WIDTHS[0])
    sample = sorted(order[:: max(len(order) // _SAMPLE, 1)])
    for width in _WIDTHS:
        each = _size(build(sample, width)) / len(sample)
        if each * len(order) <= _MARGIN * budget:
            break
    kept = max(min(len(order), int(_MARGIN * budget / each)), 1)
    while True:
        data = build(sorted(order[:kept]), width)
        size = len(script_data(data)[1])
        if size <= budget or kept == 1:
            return kept, data
        kept = max(int(kept * _MARGIN * budget / size), 1)


def keyed(row: Any) -> int:
    """Return a number that hangs on an id alone, to draw a sample by."""
    return fold_in(0, "report", str(row))


def _raw(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def _size(value: Any) -> float:
    """Return the bytes of a value that is packed, whether it would be or not."""
    return len(zlib.compress(_raw(value), 6)) * 4 / 3


def plain_json(value: Any) -> str:
    """Return JSON in which no text can end a script element or open a comment."""
    plain = _raw(value).decode().replace("&", "\\u0026").replace("<", "\\u003c")
    return plain.replace(">", "\\u003e")


def script_data(value: Any) -> tuple[str, str]:
    """Return the type and the content of a script element that holds `value`.

    Small data stand there as JSON in which no text can end the element or open a comment; larger
    ones are deflated and in base64.
    """
    raw = _raw(value)
    if len(raw) <= PLAIN:
        return "application/json", plain_json(value)
    return "text/plain", base64.b64encode(zlib.compress(raw, 9)).decode()

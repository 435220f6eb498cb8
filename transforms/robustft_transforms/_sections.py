"""Hand-made lists in the package's data folder: plain text, in sections named in brackets."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

__all__ = ["lines_of", "section"]

_HEADING = re.compile(r"^\[(.+)\]$", re.MULTILINE)


@cache
def _sections(file: str) -> dict[str, str]:
    text = (files(__package__) / "data" / file).read_text(encoding="utf-8")
    parts = _HEADING.split(text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@cache
def lines_of(file: str, name: str) -> tuple[str, ...]:
    """Return the lines of the section `name` of ``data/FILE``, empty ones left out."""
    return tuple(line for line in _sections(file)[name].splitlines() if line)


@cache
def section(file: str, name: str) -> frozenset[str]:
    """Return the words of the section `name` of ``data/FILE``."""
    return frozenset(_sections(file)[name].split())

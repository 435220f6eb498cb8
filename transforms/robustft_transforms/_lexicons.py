"""The lexicons that several transforms share, read once from the package's data folder.

Where each comes from, its licence and how it was made: ``data/README.md``.
"""

from __future__ import annotations

import lzma
from functools import cache
from importlib.resources import files

__all__ = ["load_words", "read_data"]


def read_data(name: str) -> str:
    """Return the text of an xz-compressed UTF-8 file of the package's data folder."""
    return lzma.decompress((files(__package__) / "data" / name).read_bytes()).decode("utf-8")


@cache
def load_words() -> frozenset[str]:
    """Return the lower-case English word forms: lemmas of WordNet, inflections, function words."""
    return frozenset(read_data("words.txt.xz").split("\n"))

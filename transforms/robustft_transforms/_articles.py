"""*A* or *an*: the article follows the sound of the word behind it."""

from __future__ import annotations

import re

from robustft.text import Edit
from robustft_transforms.synonyms import takes_an

__all__ = ["with_article"]

# White space, quotes and brackets may part an article from its word: an "odd" thing.
_ARTICLE = re.compile(r"""(?<![\w'’-])(an?)(?=\s)[\s"'“‘(\[*_]+\Z""", re.IGNORECASE)
_LONGEST_GAP = 8


def with_article(text: str, start: int, end: int, made: str) -> str | tuple[Edit, ...]:
    """Return `made` for ``text[start:end]``, with the article before it where that must change."""
    found = _ARTICLE.search(text, max(0, start - _LONGEST_GAP), start)
    if found is None:
        return made
    at, to = found.span(1)
    article = text[at:to]
    right = "an" if takes_an(made) else "a"
    if article.lower() == right:
        return made
    if article.isupper() and (len(article) > 1 or text[start:end].isupper()):
        right = right.upper()
    elif article[0].isupper():
        right = right.capitalize()
    return Edit(at, to, right), Edit(start, end, made)

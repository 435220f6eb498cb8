"""*A* or *an*: the article follows the sound of the word behind it."""

from __future__ import annotations

import re

from robustft.text import Edit

__all__ = ["takes_an", "with_article"]

# White space, quotes and brackets may part an article from its word: an "odd" thing.
_ARTICLE = re.compile(r"""(?<![\w'’-])(an?)(?=\s)[\s"'“‘(\[*_]+\Z""", re.IGNORECASE)
_LONGEST_GAP = 8
# Vowel letters that sound like a consonant: one, European; /ju:/ in useful, unique, uranium (but
# not in uninteresting, unimaginative). And the silent h.
_CONSONANT_SOUND = re.compile(
    r"one|once|eu|ewe|uni(?!n|m)|unanim|u[bcfgkrst][aeiou]|ubiq|util|usu|uk"
)
_SILENT_H = re.compile(r"hour|honest|honou?r|heir")


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


def takes_an(word: str) -> bool:
    """Tell whether *an* goes before `word`, by its first sound (a university, an hour)."""
    lower = word.lower()
    if lower[0] == "h":
        return _SILENT_H.match(lower) is not None
    return lower[0] in "aeiou" and _CONSONANT_SOUND.match(lower) is None

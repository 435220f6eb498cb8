"""How a sentence hangs together with its neighbours: what it takes up, what it stands inside of.

The tests are one-sided: a sentence that they let pass can stand by itself, one that they do not
may be able to all the same. The classes of connectives follow Halliday and Hasan (1976),
*Cohesion in English*.
"""

from __future__ import annotations

import re
from functools import cache

from robustft_transforms._sections import lines_of, section

__all__ = ["goes_on", "inside_quotation", "refers_back", "words_of"]

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_CLITIC = re.compile(r"'(?:s|d|ll|ve|re|m)$")
_WINDOW = 8
_INDEPENDENT = ("there is ", "there are ", "there was ", "there were ", "there's ", "one of ")


def words_of(text: str, start: int, end: int) -> list[str]:
    """Return the words of ``text[start:end]`` in lower case, with the plain apostrophe."""
    return [word.lower().replace("’", "'") for word in _WORD.findall(text, start, end)]


def goes_on(text: str, start: int, end: int) -> bool:
    """Tell whether the sentence ``text[start:end]`` is tied to the one before by a connective.

    Or by a pronoun or another such word that it begins with.
    """
    words = words_of(text, start, end)
    bare = [_CLITIC.sub("", word) for word in words[:_WINDOW]]
    return (
        not bare
        or bare[0] in _list("pronouns")
        or (bare[0] in _list("openers") and not " ".join(words[:3]).startswith(_INDEPENDENT))
        or f"{' '.join(bare)} ".startswith(_opening_phrases())
        or not _list("anywhere").isdisjoint(words)
        or words[-1] in _list("at the end")
    )


def refers_back(text: str, start: int, end: int) -> bool:
    """Tell whether the sentence ``text[start:end]`` may take up what stands before it."""
    words = words_of(text, start, end)
    return (
        len(words) < 3  # an answer, an exclamation, a heading
        or any(_CLITIC.sub("", word) in _list("personal pronouns") for word in words[:_WINDOW])
        or goes_on(text, start, end)
    )


def _list(name: str) -> frozenset[str]:
    return section("discourse.txt", name)


@cache
def _opening_phrases() -> tuple[str, ...]:
    return tuple(f"{phrase} " for phrase in lines_of("discourse.txt", "opening phrases"))


_PARAGRAPHS = ("\n\n", "<br", "<BR", "<p>", "</p>")
_LONGEST_PARAGRAPH, _LONGEST_SPEECH = 4_000, 600
_SINGLE_OPEN = re.compile(r"(?<![\w'])['‘](?!(?:em|til|cause|n|bout|tis|twas)\b)(?=[^\W\d])")
_SINGLE_CLOSE = re.compile(r"(?<=[\w.,!?…])['’](?!\w)")


def inside_quotation(text: str, at: int) -> bool:
    """Tell whether a quotation or bracket that began in the paragraph is still open at `at`."""
    start = max(0, at - _LONGEST_PARAGRAPH)
    start = max(start, *(text.rfind(mark, start, at) for mark in _PARAGRAPHS))
    if text.count('"', start, at) % 2 or text.count("``", start, at) > text.count("''", start, at):
        return True
    for opening, closing in ("“”", "()", "[]", "«»"):
        if text.count(opening, start, at) > text.count(closing, start, at):
            return True
    start = max(start, at - _LONGEST_SPEECH)
    opened = max((found.start() for found in _SINGLE_OPEN.finditer(text, start, at)), default=-1)
    closed = max((found.start() for found in _SINGLE_CLOSE.finditer(text, start, at)), default=-1)
    return opened > closed

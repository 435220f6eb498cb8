"""Which near words may stand in a place, as far as the words around it tell.

A language model has the last word; these rules keep from it what grammar forbids and models do not
always see.
"""

from __future__ import annotations

import re

from robustft_transforms._grammar import before, next_word
from robustft_transforms._meanings import Near, load_meanings

__all__ = ["words_near"]

# What stands before a participle, before a past tense, before a verb and before a noun. Texts that
# are cut into tokens part the end of a contraction from its word (it 's).
_AUXILIARIES = frozenset(
    "have has had having i've you've we've they've haven't hasn't hadn't be is are was were been "
    "being isn't aren't wasn't weren't it's he's she's that's who's s ve get gets got".split()
)
_PRONOUNS = frozenset("i you he she we they who".split())
_MODALS = frozenset("will would can could may might must shall should i'll you'll we'll".split())
_DETERMINERS = frozenset(
    "a an the this these those my your his its our their some any no every each another".split()
)
_PREPOSITIONS = frozenset("from of in at with by about into for on".split())
# To try one's best, and to attempt a thing, have no equal; to try to do something has.
_BEFORE_TO = frozenset("try tries tried trying attempt attempts attempted attempting".split())
_POSSESSIVE = re.compile(r"\s*['’]s\b", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]+")
# So many letters around a place must not hold a word of the same stem.
_NEARBY = 60
_STEM = 4


def words_near(text: str, start: int, end: int) -> tuple[str, ...]:
    """Return the words of a near meaning that may stand for ``text[start:end]``.

    There are none in a phrase, and none that would repeat a word nearby.
    """
    meanings = load_meanings()
    word = text[start:end].lower().replace("’", "'")
    previous, following = before(text, start).word, next_word(text, end)[0]
    if meanings.is_phrase(previous, word) or meanings.is_phrase(word, following or "."):
        return ()
    if word in _BEFORE_TO and following != "to":
        return ()
    if _POSSESSIVE.match(text, end):
        following = "'s"
    agreeing = (n.word for n in meanings.near(word) if _agrees(n, previous, following))
    near = tuple(dict.fromkeys(agreeing))
    if not near:
        return ()
    around = text[max(0, start - _NEARBY) : start] + " " + text[end : end + _NEARBY]
    others = set(_WORD.findall(around.lower()))
    return tuple(new for new in near if not any(_repeats(new, other) for other in others))


def _agrees(near: Near, previous: str, following: str) -> bool:
    """Tell whether a word, read as it is near, may stand between these two."""
    if near.participle is not None:
        return previous not in (_PRONOUNS if near.participle else _AUXILIARIES)
    if near.pos == "v":
        if previous in _PREPOSITIONS and not near.word.endswith("ing"):
            return False
        return previous not in _DETERMINERS and not load_meanings().is_adjective(previous)
    if near.pos == "n":
        if near.word.endswith("s") and following == "'s":
            return False
        return previous not in _PRONOUNS | _MODALS
    return True


def _repeats(word: str, other: str) -> bool:
    """Tell whether two words are the same or, by how they begin, seem to be of one stem."""
    length = max(_STEM, min(len(word), len(other)) - 3)
    return word == other or (len(word) >= length and word[:length] == other[:length])

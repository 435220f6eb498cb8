"""Parts of speech, by NLTK's averaged perceptron.

It tags some 60 reviews a second, so only sentences that somebody asks about are tagged. Its data
(6 MB) are no part of NLTK's wheel and are not downloaded by themselves.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import regex

from robustft.errors import DataError
from robustft.text.sentences import sentence_spans

__all__ = ["PARTS_OF_SPEECH", "TAGGER_DATA", "has_tagger", "tags_between"]

# Penn Treebank tag, or how it begins, to the names of Universal Dependencies.
_PENN = {
    "NNP": "PROPN",
    "NN": "NOUN",
    "VB": "VERB",
    "MD": "VERB",
    "JJ": "ADJ",
    "RB": "ADV",
    "WRB": "ADV",
    "PRP": "PRON",
    "WP": "PRON",
    "EX": "PRON",
    "DT": "DET",
    "PDT": "DET",
    "WDT": "DET",
    "IN": "ADP",
    "RP": "ADP",
    "TO": "PART",
    "POS": "PART",
    "CC": "CCONJ",
    "CD": "NUM",
    "UH": "INTJ",
}
PARTS_OF_SPEECH = tuple(sorted(set(_PENN.values())))
"""The names of the parts of speech; "to" and "'s" are ``PART``, modal verbs ``VERB``."""

TAGGER_DATA = "averaged_perceptron_tagger_eng"
# The tagger was trained on words whose clitics stand apart.
_TOKEN = regex.compile(
    r"\w+?(?=n['’]t\b)|n['’]t\b|['’](?:s|re|ve|ll|d|m)\b|\w+(?:-\w+)*|[^\w\s]", regex.IGNORECASE
)


def has_tagger() -> bool:
    """Tell whether the tagger's data are installed."""
    import nltk

    try:
        nltk.data.find(f"taggers/{TAGGER_DATA}/")
    except LookupError:
        return False
    return True


@cache
def _tagger() -> Any:
    from nltk.tag.perceptron import PerceptronTagger

    try:
        return PerceptronTagger()
    except LookupError:
        raise DataError(
            f"part of speech: expected NLTK's {TAGGER_DATA} in a folder of NLTK_DATA, got none; "
            f"install it with: python -m nltk.downloader {TAGGER_DATA}"
        ) from None


@lru_cache(maxsize=4_096)
def _tagged(sentence: str) -> tuple[tuple[int, int, str], ...]:
    """Return the tokens of a sentence: where they stand, and their part of speech or nothing."""
    found = [(match.start(), match.end(), match[0]) for match in _TOKEN.finditer(sentence)]
    tags = _tagger().tag([token.replace("’", "'") for _, _, token in found])
    return tuple(
        (start, end, _PENN.get(tag[:3]) or _PENN.get(tag[:2], ""))
        for (start, end, _), (_, tag) in zip(found, tags, strict=True)
    )


_sentences = lru_cache(maxsize=1_024)(sentence_spans)


def tags_between(text: str, start: int, end: int) -> frozenset[str]:
    """Return the parts of speech of the words that a span of `text` touches.

    Only the sentences that it touches are tagged. Where it is empty, these are those of the word
    that it stands in.

    Raises
    ------
    DataError
        The tagger's data are not installed.
    """
    found = set()
    for first, last in _sentences(text):
        if first < end and start < last:
            for low, high, tag in _tagged(text[first:last]):
                if low + first < end and start < high + first and tag:
                    found.add(tag)
    return frozenset(found)

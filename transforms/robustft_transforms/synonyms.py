"""Words are replaced by synonyms: *a boring movie* becomes *a tedious film*."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from robustft.errors import SpecError
from robustft.seeding import Draw
from robustft.text.document import Batch, Document, Unit, Units
from robustft.text.edits import Edit
from robustft.text.lexicon import Lexicon
from robustft.transform.base import LabelKind, Level, Skip, Transform
from robustft_transforms._lexicons import SynonymReading, load_synonyms

__all__ = ["Synonyms", "neighbours", "takes_an"]

Table = dict[str, tuple[SynonymReading, ...]]

# One space parts words that stand in a phrase together; anything else parts phrases.
_LAST = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?\Z")
_FIRST = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?(?![\w'’]*-)")
_LONGEST = 24
# White space, quotes and brackets may part an article from its word: an "odd" thing.
_ARTICLE = re.compile(r"""(?<![\w'’-])(an?)(?=\s)[\s"'“‘(\[*_]+\Z""", re.IGNORECASE)
_LONGEST_GAP = 8
_ARTICLES = frozenset(("a", "an"))
_PRONOUN_IS = frozenset("it's that's he's she's there's what's who's here's let's".split())

# Vowel letters that sound like a consonant: one, European; /ju:/ in useful, unique, uranium (but
# not in uninteresting, unimaginative). And the silent h.
_CONSONANT_SOUND = re.compile(
    r"one|once|eu|ewe|uni(?!n|m)|unanim|u[bcfgkrst][aeiou]|ubiq|util|usu|uk"
)
_SILENT_H = re.compile(r"hour|honest|honou?r|heir")

_SKIP_PHRASE = Skip("another sense or a fixed expression")
_SKIP_CASE = Skip("mixed case")

# Idioms that the table's conditions, which see one word on each side, cannot tell apart.
_IDIOMS = frozenset(
    tuple(phrase.split())
    for phrase in (
        "at least|of course|at large|in fact|no doubt|in short|first of|so far|as far|at first|"
        "all right|for good|in general|for real|for certain|for sure|make sure|good old|good luck|"
        "bad luck|great britain|dear god|common sense|second thought|kind hearted|thank god"
    ).split("|")
)
_AFTER_PHRASE = {
    "beginning": ("in the ",),
    "movies": ("to the ", "at the "),
    "whole": ("on the ", "as a "),
    "film": ("work in ", "career in ", "on "),
    "story": ("end of ", "long "),
}
_IN_IDIOM = frozenset(word for idiom in _IDIOMS for word in idiom) | frozenset(_AFTER_PHRASE)


@cache
def _table(min_score: float) -> tuple[Table, Lexicon]:
    """Return the part of the table at or above a score, and its forms for batch look-up."""
    table = load_synonyms()
    if min_score > 0:
        table = {
            form: kept
            for form, readings in table.items()
            if (kept := tuple(r for r in (_at_least(r, min_score) for r in readings) if r))
        }
    return table, Lexicon(table)


def _at_least(reading: SynonymReading, min_score: float) -> SynonymReading | None:
    pairs = zip(reading.substitutes, reading.scores, strict=True)
    kept = [(word, score) for word, score in pairs if score >= min_score]
    if not kept:
        return None
    words, scores = zip(*kept, strict=True)
    return SynonymReading(words, scores, reading.beside)


@dataclass(frozen=True, kw_only=True)
class Synonyms(Transform):
    """Replace words by synonyms of the same inflection, from a reviewed part of WordNet.

    What it does: a word that means the same thing nearly always, or means it between these
    neighbours, gives way to another of its WordNet 3.0 synset (in a few cases to a similar
    adjective or the next broader noun). Number, tense, degree and case are kept; *a* and *an*
    before it follow the new word's sound. Function words, negators, names, parts of hyphenated
    compounds and fixed expressions stay, antonyms are never offered.

    Where such text occurs: everywhere; two writers with the same opinion choose other words.
    A classifier that learnt *boring* has to know *tedious* too.

    What it may break: register (*kids*, *children*) and shades of strength (*huge*, *immense*);
    wording that somebody quotes. It keeps sentiment, topic and intent: no pair crosses polarity
    or subject. It keeps similarity and quantity: what is said to be, and how much of it, stays.
    It does not promise entailment (a near-synonym in one half of a pair may be a little broader
    than in the other), acceptability (verbs differ in the complements they take), answer spans
    and token tags (their words change).

    Parameters
    ----------
    min_score
        Leave out pairs whose sentences, with and without the replacement, are less alike than
        this by the cosine of a sentence encoder's embeddings (0 to 1; measured when the table was
        made, 0 takes all).

    References
    ----------
    Miller (1995), *WordNet: a lexical database for English*, CACM 38(11); Fellbaum (ed., 1998),
    *WordNet: an electronic lexical database*, MIT Press. Replacement of this kind as a test of
    models: Jia et al. (2019), *Certified robustness to adversarial word substitutions*, EMNLP.
    """

    min_score: float = 0.0

    name: ClassVar[str] = "synonyms"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset[LabelKind]] = frozenset(
        {
            LabelKind.SENTIMENT,
            LabelKind.TOPIC,
            LabelKind.INTENT,
            LabelKind.SIMILARITY,
            LabelKind.QUANTITY,
        }
    )
    rates: ClassVar[dict[int, float]] = {1: 0.01, 2: 0.03, 3: 0.05, 4: 0.08, 5: 0.15}
    example: ClassVar[str] = "A boring movie with a talented cast."

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.min_score <= 1:
            raise SpecError(f"{self.name}: expected min_score from 0 to 1, got {self.min_score}")

    def units(self, batch: Batch) -> Units:
        """Return the words of the table that no hyphen joins to another."""
        units = batch.words_in(_table(self.min_score)[1])
        return units.where(~batch.hyphenated(units))

    def replacement(
        self, document: Document, unit: Unit, draw: Draw
    ) -> str | Skip | tuple[Edit, ...]:
        """Return a substitute in the word's own case, with the article where that must change."""
        text, word = document.text, unit.text
        lower = word.lower().replace("’", "'")
        left, right = neighbours(text, unit.start, unit.end)
        if lower in _IN_IDIOM and _is_idiom(text, unit.start, left, lower, right):
            return _SKIP_PHRASE
        for reading in _table(self.min_score)[0][lower]:
            if reading.beside.allows(left, right):
                break
        else:
            return _SKIP_PHRASE
        offered = reading.substitutes
        made = offered[draw.integers(len(offered))] if len(offered) > 1 else offered[0]
        if word != lower:
            if "’" in word:
                word, made = word.replace("’", "'"), made.replace("'", "’")
            if word == lower.capitalize():
                made = made.capitalize()
            elif word.isupper():
                made = made.upper()
            elif word != lower:
                return _SKIP_CASE
        if left in _ARTICLES or left == ".":
            return _with_article(text, unit, made)
        return made


def neighbours(text: str, start: int, end: int) -> tuple[str, str]:
    """Return the words on both sides of a span as the conditions name them.

    ``.`` stands for no word: punctuation, a line's or the text's end.
    """
    left = right = "."
    if text[start - 1 : start] == " ":
        low = max(0, start - _LONGEST)
        left = text[max(low, text.rfind(" ", low, start - 1) + 1) : start - 1]
        left = left.lower() if left.isalpha() else _named(_LAST.search(left))
    if text[end : end + 1] == " ":
        space = text.find(" ", end + 1, end + _LONGEST)
        right = text[end + 1 : space] if space > 0 else ""
        right = right.lower() if right.isalpha() else _named(_FIRST.match(text, end + 1))
    return left, right


def _named(found: re.Match[str] | None) -> str:
    """Return a word as the conditions name it: lower case, ``'s``, ``n't``."""
    if found is None:
        return "."
    lower = found.group().lower().replace("’", "'")
    if "'" in lower:
        if lower.endswith("n't"):
            return "n't"
        if lower.endswith("'s") and lower not in _PRONOUN_IS:
            return "'s"
    return lower


def _is_idiom(text: str, start: int, left: str, word: str, right: str) -> bool:
    if (left, word) in _IDIOMS or (word, right) in _IDIOMS:
        return True
    before = _AFTER_PHRASE.get(word)
    return before is not None and text[max(0, start - 12) : start].lower().endswith(before)


def _with_article(text: str, unit: Unit, made: str) -> str | tuple[Edit, ...]:
    """Return the replacement, together with the article before it if the sound asks for that."""
    found = _ARTICLE.search(text, max(0, unit.start - _LONGEST_GAP), unit.start)
    if found is None:
        return made
    start, end = found.span(1)
    article = text[start:end]
    right = "an" if takes_an(made) else "a"
    if article.lower() == right:
        return made
    if article.isupper() and (len(article) > 1 or unit.text.isupper()):
        right = right.upper()
    elif article[0].isupper():
        right = right.capitalize()
    return Edit(start, end, right), Edit(unit.start, unit.end, made)


def takes_an(word: str) -> bool:
    """Tell whether *an* goes before `word`, by its first sound (a university, an hour)."""
    lower = word.lower()
    if lower[0] == "h":
        return _SILENT_H.match(lower) is not None
    return lower[0] in "aeiou" and _CONSONANT_SOUND.match(lower) is None

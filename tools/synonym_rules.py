"""Read the reviewed lists of ``tools/synonyms`` and check each pair against WordNet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from wordnet import Synset, WordNet, plain

__all__ = ["POS_OF_FILE", "Rule", "parse_rule", "read_rules", "relation"]

POS_OF_FILE = {"adjectives": "a", "adverbs": "r", "nouns": "n", "verbs": "v"}
_PREFIXES = {"<+", "<-", ">+", ">-"}


@dataclass(frozen=True)
class Rule:
    """One line: a lemma, what may stand for it, and what must or must not stand beside it.

    `tags`, if any, are the only inflections (Penn tags) that the line is for. `conditions` maps
    ``<+`` (the word before must be one of), ``<-`` (must not be), ``>+`` and ``>-`` (the word
    after) to words or names of classes.
    """

    lemma: str
    pos: str
    substitutes: tuple[str, ...]
    conditions: tuple[tuple[str, tuple[str, ...]], ...]
    tags: tuple[str, ...] = ()


def parse_rule(line: str, pos: str) -> Rule:
    """Parse ``lemma[/TAG,TAG]: substitute ... [<+word,CLASS] [<-...] [>+...] [>-...]``.

    Raises
    ------
    ValueError
        When the line has another form.
    """
    head, colon, rest = line.partition(":")
    lemma, _, tags = head.partition("/")
    substitutes: list[str] = []
    conditions: dict[str, tuple[str, ...]] = {}
    for part in rest.split():
        if part[:2] in _PREFIXES:
            if part[:2] in conditions:
                raise ValueError(f"{line!r}: expected each condition once, got two {part[:2]!r}")
            conditions[part[:2]] = tuple(sorted(set(part[2:].split(","))))
        else:
            substitutes.append(part)
    if not (colon and lemma.isalpha() and substitutes and all(s.isalpha() for s in substitutes)):
        raise ValueError(f"{line!r}: expected 'lemma: substitute ... [conditions]'")
    chosen = tuple(tags.split(",")) if tags else ()
    return Rule(lemma, pos, tuple(substitutes), tuple(sorted(conditions.items())), chosen)


def read_rules(folder: Path) -> Iterator[Rule]:
    """Yield the rules of ``adjectives.txt``, ``adverbs.txt``, ``nouns.txt`` and ``verbs.txt``."""
    for stem, pos in POS_OF_FILE.items():
        for line in (folder / f"{stem}.txt").read_text(encoding="utf-8").splitlines():
            if rule := line.partition("#")[0].strip():
                yield parse_rule(rule, pos)


def relation(net: WordNet, lemma: str, other: str, pos: str) -> str:
    """Return how WordNet relates two lemmas, or an empty string.

    ``synonym``: they share a synset. ``similar``: two adjectives whose synsets are similar to
    one another, or to the same head. ``kind``: one synset is the direct hypernym of the other.
    ``derived``: two adverbs come from adjectives that are related so.
    ``antonym`` wins over all: direct, or through a cluster of similar adjectives.
    """
    if other in net.antonyms(lemma, pos) or lemma in net.antonyms(other, pos):
        return "antonym"
    first, second = (_synsets(net, word, pos) for word in (lemma, other))
    if any(other in map(plain, synset.words) for synset in first):
        return "synonym"
    keys = {synset.key for synset in second}
    for synset in first:
        near = {key for key, _source, _target in synset.pointed("&")}
        if near & keys or any(near & {k for k, _s, _t in s.pointed("&")} for s in second):
            return "similar"
        above = {key for key, _source, _target in synset.pointed("@")}
        below = {key for key, _source, _target in synset.pointed("~")}
        if (above | below) & keys:
            return "kind"
    if pos == "r":
        pairs = product(_sources(net, first, lemma), _sources(net, second, other))
        return "derived" if any(_are_synonyms(net, *pair) for pair in pairs) else ""
    return ""


def _sources(net: WordNet, synsets: list[Synset], adverb: str) -> list[str]:
    """Return the adjectives that an adverb is derived from (the pertainym pointer)."""
    return [
        plain(net.synsets[key].words[target - 1])
        for synset in synsets
        for key, source, target in synset.pointed("\\")
        if plain(synset.words[source - 1]) == adverb
    ]


def _are_synonyms(net: WordNet, lemma: str, other: str) -> bool:
    return lemma == other or relation(net, lemma, other, "a") in ("synonym", "similar")


def _synsets(net: WordNet, lemma: str, pos: str) -> list[Synset]:
    return [net.synsets[key] for key, _count in net.senses.get((lemma, pos), ())]

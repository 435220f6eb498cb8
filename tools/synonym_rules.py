"""Read the reviewed lists of ``tools/synonyms`` and check each pair against WordNet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from wordnet import Synset, WordNet, plain

__all__ = ["POS_OF_FILE", "Rule", "candidates", "parse_rule", "read_rules", "relation"]

# A candidate's sense is at least this share of the tagged uses of the word, and of the one offered.
SHARE_OF_WORD, SHARE_OF_OFFERED = 0.25, 0.2

# "c" is for closed-class words, which WordNet does not have and which are not inflected.
POS_OF_FILE = {"adjectives": "a", "adverbs": "r", "nouns": "n", "verbs": "v", "closed": "c"}
_CONDITION = re.compile(r"(<<?|>>?)[+-]")


@dataclass(frozen=True)
class Rule:
    """One line: a lemma, what may stand for it, and what must or must not stand beside it.

    `tags`, if any, are the only inflections (Penn tags) that the line is for. `conditions` maps
    ``<+`` (the word before must be one of), ``<-`` (must not be), ``>+`` and ``>-`` (the word
    after) to words or names of classes; ``<<`` and ``>>`` are the words beyond these. `own` are
    the substitutes that WordNet does not relate to the lemma, marked by ``~``.
    """

    lemma: str
    pos: str
    substitutes: tuple[str, ...]
    conditions: tuple[tuple[str, tuple[str, ...]], ...]
    tags: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()


def parse_rule(line: str, pos: str) -> Rule:
    """Parse ``lemma[/TAG,TAG]: substitute ... [<+word,CLASS] [<-...] [>+...] [>>-...]``.

    A substitute after ``~`` is one that WordNet does not relate to the lemma.

    Raises
    ------
    ValueError
        When the line has another form.
    """
    head, colon, rest = line.partition(":")
    lemma, _, tags = head.partition("/")
    substitutes: list[str] = []
    own: set[str] = set()
    conditions: dict[str, tuple[str, ...]] = {}
    for part in rest.split():
        if found := _CONDITION.match(part):
            kind = found.group()
            if kind in conditions:
                raise ValueError(f"{line!r}: expected each condition once, got two {kind!r}")
            conditions[kind] = tuple(sorted(set(part[found.end() :].split(","))))
        else:
            substitutes.append(part.removeprefix("~"))
            if part.startswith("~"):
                own.add(substitutes[-1])
    if not (colon and lemma.isalpha() and substitutes and all(s.isalpha() for s in substitutes)):
        raise ValueError(f"{line!r}: expected 'lemma: substitute ... [conditions]'")
    chosen = tuple(tags.split(",")) if tags else ()
    found = tuple(sorted(conditions.items()))
    return Rule(lemma, pos, tuple(substitutes), found, chosen, frozenset(own))


def read_rules(folder: Path) -> Iterator[Rule]:
    """Yield the rules of the reviewed lists, ``adjectives.txt`` to ``closed.txt``."""
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


def candidates(
    net: WordNet, rules: Iterable[Rule], barred: frozenset[str]
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield (lemma, part of speech, substitutes) that WordNet offers and no line has.

    For the frequent senses of tagged lemmas, most frequent lemma first: the other words of the
    synset, and those of similar adjectives, where this is a frequent sense of theirs too.
    """
    known = {(rule.lemma, other, rule.pos) for rule in rules for other in rule.substitutes}
    tagged = [(net.count(*lemma), lemma) for lemma in net.senses]
    for total, (lemma, pos) in sorted(tagged, key=lambda row: (-row[0], row[1])):
        if total < 2 or not lemma.isalpha() or lemma in barred:
            continue
        opposite = net.antonyms(lemma, pos)
        frequent = [key for key, n in net.senses[lemma, pos] if n >= SHARE_OF_WORD * total]
        if pos == "a":
            frequent += [k for key in frequent for k, _s, _t in net.synsets[key].pointed("&")]
        offered = tuple(
            word
            for key in dict.fromkeys(frequent)
            for word in net.synsets[key].words
            if word == plain(word) != lemma
            and word.isalpha()
            and word not in barred | opposite
            and (lemma, word, pos) not in known
            and _share(net, word, pos, key) >= SHARE_OF_OFFERED
        )
        if offered:
            yield lemma, pos, tuple(dict.fromkeys(offered))


def _share(net: WordNet, word: str, pos: str, key: tuple[str, int]) -> float:
    """Return the share of a word's tagged uses that one sense has, 0 if it was never tagged."""
    total = net.count(word, pos)
    return dict(net.senses[word, pos]).get(key, 0) / total if total else 0.0

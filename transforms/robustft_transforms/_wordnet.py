"""Synonyms from the WordNet that NLTK has installed: the dominant sense of tagged words alone."""

from __future__ import annotations

from collections import defaultdict
from importlib.resources import files
from typing import Any

from robustft.errors import SpecError
from robustft_transforms._inflection import inflections
from robustft_transforms._synonyms import SynonymReading, beside_of_pos, half_of

__all__ = ["read_wordnet"]

# A synset counts for a word if it is the sense of at least this share of the word's tagged uses.
DOMINANT = 0.6
SEEN = 3
_POS = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}
_EXCEPTIONS = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}

Lemma = tuple[str, str]


def read_wordnet() -> dict[str, list[SynonymReading]]:
    """Make a table of NLTK's WordNet.

    A word may stand for another if both have the same dominant sense, by the counts of WordNet's
    tagged texts over all parts of speech, and are no opposites, directly or through the adjectives
    that are similar to either. Function words, names and compounds are left out. Nouns, verbs and
    adjectives are replaced where their neighbours say that they are that, regular inflections
    included. The score is the smaller share that the sense has of the two words' uses.

    Raises
    ------
    SpecError
        If NLTK has no WordNet, with what installs it.
    """
    net = _load()
    shares = _dominant(net)
    synsets = {}
    for key, (number, _share) in shares.items():
        senses = net.synsets(*key)
        # A few counts are of senses that later versions gave up, or of inflected forms.
        if number < len(senses) and key[0] in senses[number].lemma_names():
            synsets[key] = senses[number]
    irregular = {pos: _irregular(net, name) for pos, name in _EXCEPTIONS.items()}
    table: dict[str, list[SynonymReading]] = {}
    for (lemma, pos), synset in synsets.items():
        offered = [
            other
            for other in synset.lemma_names()
            if synsets.get((other, pos)) == synset and other != lemma
        ]
        if not offered or not (offered := sorted(set(offered) - _opposites(synset))):
            continue
        others = {other: inflections(other, pos, irregular[pos][other]) for other in offered}
        for tag, form in inflections(lemma, pos, irregular[pos][lemma]).items():
            pairs = [(forms[tag], other) for other, forms in others.items() if tag in forms]
            if pairs and (form == lemma or not any((form, p) in shares for p in "nvar")):
                table.setdefault(form, []).append(
                    SynonymReading(
                        tuple(made for made, _other in pairs),
                        tuple(min(shares[lemma, pos][1], shares[o, pos][1]) for _made, o in pairs),
                        "".join(half_of(other) for _made, other in pairs),
                        beside_of_pos(pos),
                    )
                )
    return table


def _load() -> Any:
    """Return NLTK's reader of WordNet."""
    import nltk
    from nltk.corpus import wordnet

    try:
        wordnet.ensure_loaded()
    except LookupError as error:
        raise SpecError(
            "synonyms: expected NLTK's WordNet for lexicon=nltk, got none; install it with "
            "'python -m nltk.downloader wordnet', or offline unpack wordnet.zip to "
            "FOLDER/corpora/wordnet and set NLTK_DATA=FOLDER (searched: "
            f"{', '.join(nltk.data.path)})"
        ) from error
    return wordnet


def _dominant(net: Any) -> dict[Lemma, tuple[int, float]]:
    """Return, for words with a dominant sense, its number (from 0) and its share of the uses."""
    barred = _function_words()
    counts: dict[str, dict[tuple[str, int], int]] = defaultdict(lambda: defaultdict(int))
    with net.open("cntlist.rev") as lines:
        for line in lines:
            key, number, count = line.split()
            lemma, _, rest = key.partition("%")
            counts[lemma][_POS[rest[0]], int(number) - 1] += int(count)
    found = {}
    for lemma, senses in counts.items():
        (pos, number), count = max(senses.items(), key=lambda sense: (sense[1], sense[0]))
        share = count / sum(senses.values())
        written = lemma.isalpha() and len(lemma) > 2 and lemma not in barred
        if written and count >= SEEN and share >= DOMINANT:
            found[lemma, pos] = (number, share)
    return found


def _opposites(synset: Any) -> set[str]:
    """Return the antonyms of a synset, and of its cluster of similar adjectives."""
    cluster = [synset, *synset.similar_tos()]
    return {
        name
        for near in cluster
        for lemma in near.lemmas()
        for opposite in lemma.antonyms()
        for other in (opposite.synset(), *opposite.synset().similar_tos())
        for name in other.lemma_names()
    }


def _irregular(net: Any, name: str) -> dict[str, list[str]]:
    forms: dict[str, list[str]] = defaultdict(list)
    with net.open(f"{name}.exc") as lines:
        for line in lines:
            form, *lemmas = line.split()
            for lemma in lemmas:
                forms[lemma].append(form)
    return forms


def _function_words() -> frozenset[str]:
    text = (files(__package__) / "data" / "function_words.txt").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(word for line in lines for word in line.split())

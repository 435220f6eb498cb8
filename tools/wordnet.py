"""Read a WordNet 3.0 folder (wndb(5WN) files) and inflect its lemmas: what both builders need.

Only facts leave this module: lemmas, synsets, tag counts, antonyms. Formats: wndb(5WN),
senseidx(5WN). Inflection is lemminflect's (a build-time tool), with WordNet's own exception
lists (*.exc) winning over its rules for words that it does not know.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = [
    "POS_FILES",
    "Inflector",
    "Synset",
    "WordNet",
    "lemminflect_inflector",
    "plain",
    "read_exceptions",
]

POS_FILES = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
_SENSE_TYPES = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}

# lemma, part of speech -> {Penn tag: form}; only single forms that a reader would write.
Inflector = Callable[[str, str], dict[str, str]]


@dataclass(frozen=True)
class Synset:
    """One synset: its key ``(pos, offset)``, words as written, and what it points to."""

    key: tuple[str, int]
    words: tuple[str, ...]
    pointers: tuple[tuple[str, tuple[str, int], int, int], ...]  # symbol, target, from, to
    gloss: str

    def pointed(self, symbol: str) -> Iterator[tuple[tuple[str, int], int, int]]:
        """Yield (target key, source word number, target word number) for one pointer symbol."""
        for kind, key, source, target in self.pointers:
            if kind == symbol:
                yield key, source, target


@dataclass
class WordNet:
    """All synsets, and for each (lemma, pos) its synsets with their sense-tagged counts."""

    synsets: dict[tuple[str, int], Synset] = field(default_factory=dict)
    senses: dict[tuple[str, str], list[tuple[tuple[str, int], int]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    @classmethod
    def read(cls, folder: Path) -> WordNet:
        """Read ``data.*`` and ``index.sense`` of `folder`.

        Raises
        ------
        SystemExit
            When a file is missing.
        """
        net = cls()
        for pos, name in POS_FILES.items():
            for line in _lines(folder / f"data.{name}"):
                synset = parse_synset(line, pos)
                net.synsets[synset.key] = synset
        for line in _lines(folder / "index.sense"):
            sense_key, offset, _number, count = line.split()
            lemma, _, rest = sense_key.partition("%")
            pos = _SENSE_TYPES[rest[0]]
            net.senses[lemma, pos].append(((pos, int(offset)), int(count)))
        for senses in net.senses.values():
            senses.sort(key=lambda sense: (-sense[1], sense[0]))
        return net

    def count(self, lemma: str, pos: str) -> int:
        """Return how often `lemma` was sense-tagged as `pos`."""
        return sum(count for _key, count in self.senses.get((lemma, pos), ()))

    def antonyms(self, lemma: str, pos: str) -> set[str]:
        """Return what must never stand for `lemma`: its antonyms and those of its cluster.

        Adjectives form clusters: a satellite's opposite is that of the head it is similar to,
        so that *superb* (similar to *good*) is barred from *bad* and from all that is
        similar to *bad*.
        """
        found: set[str] = set()
        for key, _count in self.senses.get((lemma, pos), ()):
            for near in self._cluster(key):
                for symbol_key, _source, _target in self.synsets[near].pointed("!"):
                    for opposite in self._cluster(symbol_key):
                        found.update(plain(word) for word in self.synsets[opposite].words)
        return found

    def _cluster(self, key: tuple[str, int]) -> list[tuple[str, int]]:
        return [key, *(target for target, _s, _t in self.synsets[key].pointed("&"))]


def plain(word: str) -> str:
    """Return a word as written in a data file as a lemma: lower case, no ``(p)`` marker."""
    return word.partition("(")[0].lower()


def _lines(path: Path) -> Iterator[str]:
    if not path.is_file():
        raise SystemExit(f"{path}: expected a file of WordNet 3.0, got none")
    with path.open(encoding="utf-8") as file:
        for line in file:
            if not line.startswith("  "):  # the licence at the head is indented
                yield line


def parse_synset(line: str, pos: str) -> Synset:
    """Parse one line of a ``data.*`` file (wndb(5WN)); `pos` is n, v, a or r."""
    facts, _, gloss = line.partition("|")
    fields = facts.split()
    count = int(fields[3], 16)
    words = tuple(fields[4 + 2 * i].partition("(")[0] for i in range(count))
    at = 4 + 2 * count
    pointers = []
    for i in range(int(fields[at])):
        symbol, offset, kind, ends = fields[at + 1 + 4 * i : at + 5 + 4 * i]
        kind = "a" if kind == "s" else kind
        pointers.append((symbol, (kind, int(offset)), int(ends[:2], 16), int(ends[2:], 16)))
    return Synset((pos, int(fields[0])), words, tuple(pointers), gloss.strip())


def read_exceptions(folder: Path) -> dict[tuple[str, str], list[str]]:
    """Return irregular forms, (lemma, pos) -> forms, from the ``*.exc`` lists."""
    forms: dict[tuple[str, str], list[str]] = defaultdict(list)
    for pos, name in POS_FILES.items():
        for line in _lines(folder / f"{name}.exc"):
            form, *lemmas = line.split()
            for lemma in lemmas:
                forms[lemma, pos].append(form)
    return forms


_UPOS = {"n": "NOUN", "v": "VERB", "a": "ADJ", "r": "ADV"}
_TAGS = {
    "n": ("NN", "NNS"),
    "v": ("VB", "VBZ", "VBG", "VBD", "VBN"),
    "a": ("JJ", "JJR", "JJS"),
    "r": ("RB", "RBR", "RBS"),
}


def lemminflect_inflector() -> Inflector:
    """Return an inflector backed by lemminflect: known words by its tables, others by rule."""
    from lemminflect import getAllInflections, getAllInflectionsOOV

    def inflect(lemma: str, pos: str) -> dict[str, str]:
        if pos == "c":
            return {"NN" if lemma.endswith(("one", "body")) else "": lemma}
        known = getAllInflections(lemma, _UPOS[pos])
        if not known and pos in "nv":
            known = getAllInflectionsOOV(lemma, _UPOS[pos])
        forms = {tag: known[tag][0] for tag in _TAGS[pos] if known.get(tag)}
        if lemma.isupper():
            forms = {tag: lemma + form[len(lemma) :] for tag, form in forms.items()}
        forms.setdefault(_TAGS[pos][0], lemma)
        if "VBD" in forms:
            # lemminflect lists the participle only where it differs from the past tense.
            forms.setdefault("VBN", forms["VBD"])
        return forms

    return inflect

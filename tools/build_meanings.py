"""Make ``meanings.txt.xz``: lemmas, their inflections, and the lemmas of a near meaning.

Usage: python tools/build_meanings.py WORDNET_FOLDER VOCABULARY OUTPUT

For `masked_lm`, which leaves it to a language model to say which of the near meanings is meant in
a place: so the table holds those of all senses that are not rare. Two lemmas of a part of speech
are near when WordNet 3.0 has them in one synset, in the synsets of two similar adjectives, or in
a synset and its direct hypernym, each with at least the share of its sense-tagged uses that
`LEAST` asks for. Left out are opposites (also those of similar adjectives), words of one stem,
function words, numbers and units, verbs of many idioms, and pairs that a sentence may read as
another part of speech: near as verbs (to father, to mother) but more often nouns that are not, an
adjective for what is often an adverb (try hard, a difficult task), a participle and what is none;
and what ``vetoed.txt`` lists.
What is offered is whole in VOCABULARY, the file of a model's word pieces (``vocab.txt`` of
bert-base-uncased): a word that no model knows whole is never proposed.

Each line is ``lemma pos forms [near ...]`` with tabs between; a form is written as the number of
letters that the lemma loses and what it gets (``begin``, ``2an``). The parts of speech are those
of WordNet (n, v, a, r), the forms those of ``FORMS``. An empty line, and then the entries of two
words (*home movie*, *put on*) follow, a first word and all that go with it on a line; those that
WordNet lacks are in ``phrases.txt``.
"""

from __future__ import annotations

import lzma
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from pathlib import Path

from build_words import FUNCTION_WORDS, read_list
from wordnet import Inflector, WordNet, lemminflect_inflector, plain

FORMS = {
    "n": ("NNS",),
    "v": ("VBZ", "VBG", "VBD", "VBN"),
    "a": ("JJR", "JJS"),
    "r": ("RBR", "RBS"),
}
# The least share that the sense in common has of the tagged uses of either lemma.
LEAST = {"synonym": 0.05, "similar": 0.3, "hypernym": 0.2, "sibling": 0.5}
# So many tagged uses are often: those of the adverb "awful" (awful good) are not.
OFTEN = 5
_POINTERS = {"&": "similar", "@": "hypernym"}
# Adjectives similar to one of these are near each other too (huge, enormous).
_HEADS = frozenset("big large small little important bad good beautiful funny boring".split())
# Quantities and units: one for another would change what is said.
_QUANTITIES = frozenset(
    "dozen couple pair half quarter third double triple single score number amount year day hour "
    "minute second week weekend month decade century night morning evening afternoon noon midnight "
    "season spring summer autumn winter mile foot inch yard meter pound dollar cent penny gram ton "
    "degree percent".split()
)

# Usages (WordNet's own marks) that nobody should find in a text that had none.
_USAGES = frozenset(
    "ethnic_slur disparagement derogation obscenity vulgarism dirty_word archaism".split()
)

_RUDE = frozenset(
    "arse ass bitch bollocks boob bugger butt cock crap cum cunt dick dyke fag fanny fuck fucking "
    "negro piss prick pussy queer retard screw screwing shit slut tit turd whore".split()
)

# Verbs of so many idioms (to set something apart) that no other stands for them safely.
_LIGHT = frozenset(
    "break bring call come cut draw fall find get give go hold keep lay leave look make pass pick "
    "place play pull put run see send set show stand strike take throw turn work".split()
)

Key = tuple[str, str]
Synset = tuple[str, int]
Shares = dict[tuple[str, str, Synset], float]


def shares(net: WordNet) -> Shares:
    """Return the share of each sense in the tagged uses of its lemma, smoothed."""
    found = {}
    for (lemma, pos), senses in net.senses.items():
        total = sum(count for _, count in senses) + 0.5 * len(senses)
        for key, count in senses:
            found[lemma, pos, key] = (count + 0.5) / total
    return found


def is_rude(net: WordNet, key: Synset) -> bool:
    """Tell whether WordNet marks a synset as a slur, an obscenity or out of use."""
    return any(
        _USAGES & set(map(plain, net.synsets[usage].words))
        for usage, _source, _target in net.synsets[key].pointed(";u")
    )


def near(net: WordNet, share: Shares, lemma: str, pos: str) -> set[str]:
    """Return the lemmas of a near meaning."""
    return {
        word
        for key, _count in net.senses[lemma, pos]
        for kind, other in _related(net, key)
        if not is_rude(net, other)
        for word in net.synsets[other].words
        if word == plain(word)
        and min(share[lemma, pos, key], share[word, pos, other]) >= LEAST[kind]
    }


def _related(net: WordNet, key: Synset) -> Iterator[tuple[str, Synset]]:
    yield "synonym", key
    for symbol, kind in _POINTERS.items():
        for other, _source, _target in net.synsets[key].pointed(symbol):
            if other[0] == key[0]:
                yield kind, other
    for head, _source, _target in net.synsets[key].pointed("&"):
        if _HEADS & set(map(plain, net.synsets[head].words)):
            for sibling, _from, _to in net.synsets[head].pointed("&"):
                yield "sibling", sibling


def read_vetoes() -> frozenset[tuple[str, str]]:
    """Return the pairs of ``vetoed.txt``: a lemma, and what must not stand for it."""
    found = set()
    for line in Path(__file__).with_name("vetoed.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            first, kind, second = line.split()
            found |= {(first, second), (second, first)} if kind == "=" else {(first, second)}
    return frozenset(found)


def of_one_stem(first: str, second: str) -> bool:
    """Tell whether two lemmas are forms, spellings or derivations of one another, or seem to be."""
    if spelling(first) == spelling(second):
        return True
    return in_common(first, second) >= max(3, min(len(first), len(second)) - 2)


def spelling(word: str) -> str:
    """Return what British and American spellings have in common, not to be read by people."""
    for british, american in (("our", "or"), ("ey", "ay"), ("yse", "yze"), ("ise", "ize")):
        word = word.replace(british, american)
    return word


def in_common(first: str, second: str) -> int:
    """Return how many letters two words have in common at their beginning."""
    pairs = zip(first, second, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def is_plain(lemma: str, barred: frozenset[str]) -> bool:
    """Tell whether a lemma may stand in the table."""
    return lemma.isascii() and lemma.isalpha() and len(lemma) > 2 and lemma not in barred


def spell(lemma: str, form: str, pos: str) -> str:
    """Write a form as what the lemma loses and gets: ``2an`` makes *began* of *begin*.

    ``-`` is no single word, one that has little to do with its lemma, or the plural of a mass noun.
    """
    if form == lemma:
        return "-" if pos == "n" else "0"
    kept = in_common(lemma, form)
    lost = len(lemma) - kept
    return f"{lost}{form[kept:]}" if form.isalpha() and lost < 10 else "-"


@dataclass
class Table:
    """The lemmas that may stand in the table, with their forms and near meanings."""

    net: WordNet
    vocabulary: frozenset[str]
    vetoed: frozenset[tuple[str, str]]
    known: dict[Key, dict[str, str]] = field(default_factory=dict)
    close: dict[Key, set[str]] = field(default_factory=dict)

    @classmethod
    def gather(
        cls, net: WordNet, inflect: Inflector, vocabulary: frozenset[str], barred: frozenset[str]
    ) -> Table:
        """Inflect every lemma that is in use, and ask WordNet what is near it."""
        table, share = cls(net, vocabulary, read_vetoes()), shares(net)
        for lemma, pos in net.senses:
            if is_plain(lemma, barred) and not (pos == "v" and lemma in _LIGHT):
                forms = inflect(lemma, pos)
                if net.count(lemma, pos) or vocabulary & set(forms.values()):
                    table.known[lemma, pos] = forms
        degrees = {
            form
            for (lemma, pos), forms in table.known.items()
            for form in forms.values()
            if pos in "ar" and form != lemma
        }
        table.known = {key: f for key, f in table.known.items() if key[0] not in degrees}
        table.close = {key: near(net, share, *key) for key in table.known}
        return table

    def related(self, lemma: str, pos: str) -> list[str]:
        """Return what may stand for a lemma where a model agrees."""
        return sorted(
            word
            for word in self.close[lemma, pos]
            if self.vocabulary & set(self.known.get((word, pos), {}).values())
            and not of_one_stem(lemma, word)
            and (lemma, word) not in self.vetoed
            and word not in self.net.antonyms(lemma, pos)
            and lemma not in self.net.antonyms(word, pos)
            and not self.is_often_other(lemma, word, pos)
            and not self.is_half_verb(lemma, word, pos)
        )

    def is_often_other(self, lemma: str, word: str, pos: str) -> bool:
        """Tell whether they are often another part of speech, in which they are not near."""
        count = self.net.count
        if pos == "a" and count(lemma, "r") > max(OFTEN, count(lemma, "a") / 10):
            return word not in self.close.get((lemma, "r"), ())
        return any(
            word not in self.close[lemma, other] and count(lemma, other) >= count(lemma, pos)
            for other in FORMS
            if other != pos and (lemma, other) in self.close and (word, other) in self.close
        )

    def is_half_verb(self, lemma: str, word: str, pos: str) -> bool:
        """Tell whether one is a noun or an adjective made of a verb, and the other is not.

        *Required* is *necessary*, but who is required to do something is not necessary to do it.
        """
        tag = {"n": "VBG", "a": "VBN"}.get(pos, "")
        return tag != "" and (lemma in self.verbal[tag]) != (word in self.verbal[tag])

    @cached_property
    def verbal(self) -> dict[str, set[str]]:
        """The participles of all verbs, by their tag."""
        found: dict[str, set[str]] = {"VBG": set(), "VBN": set()}
        for (_, pos), forms in self.known.items():
            if pos == "v":
                for tag, words in found.items():
                    words.add(forms.get(tag, ""))
        return found


def serialise(table: Table) -> Iterator[str]:
    """Yield the lines of the file, sorted."""
    related = {key: table.related(*key) for key in table.known}
    offered = {(word, pos) for (_, pos), words in related.items() for word in words}
    for lemma, pos in sorted(table.known):
        if related[lemma, pos] or (lemma, pos) in offered:
            forms = table.known[lemma, pos]
            spelt = " ".join(spell(lemma, forms.get(tag, ""), pos) for tag in FORMS[pos])
            yield "\t".join([lemma, pos, spelt, " ".join(related[lemma, pos])])
    yield ""
    words = {lemma for (lemma, _), words in related.items() if words}
    yield from phrases(table.net, words, table.vocabulary)


def phrases(net: WordNet, words: set[str], vocabulary: frozenset[str]) -> Iterator[str]:
    """Yield the entries of two words one of which is in the table, by the first."""
    found: dict[str, set[str]] = defaultdict(set)
    for lemma, _pos in net.senses:
        first, _, second = lemma.replace("-", "_").partition("_")
        both = {first, second}
        if both <= vocabulary and words & both and all(map(str.isalpha, both)):
            found[first].add(second)
    own = Path(__file__).with_name("phrases.txt").read_text(encoding="utf-8").splitlines()
    for first, second in (line.split() for line in own if not line.startswith("#")):
        found[first].add(second)
    for first in sorted(found):
        yield " ".join([first, *sorted(found[first])])


def main(folder: Path, vocabulary: Path, output: Path) -> None:
    """Write the table, compressed the same way every time."""
    pieces = frozenset(vocabulary.read_text(encoding="utf-8").split())
    barred = frozenset(read_list(FUNCTION_WORDS))
    barred |= _QUANTITIES | _RUDE
    net = WordNet.read(folder)
    lines = list(serialise(Table.gather(net, lemminflect_inflector(), pieces, barred)))
    output.write_bytes(lzma.compress("\n".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{lines.index('')} lemmas, {output.stat().st_size} bytes: {output}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    main(*map(Path, sys.argv[1:]))

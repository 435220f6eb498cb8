"""Make ``synonyms/scores.tsv``: the evidence for each pair, from real sentences.

Usage: python tools/score_synonyms.py WORDNET ENCODER TEXTS PHRASES OUTPUT [--cache FILE]
       [--candidates]

TEXTS holds one passage a line, of the kinds that the table is for. For each line of the lists up to
`CONTEXTS` places are taken in which its conditions hold, and the words around them (`WINDOW`
characters on each side) are embedded by a sentence encoder: as they stand, with each substitute,
with random words of the same part of speech and inflection, and with an antonym where WordNet has
one. A substitute moves the embedding by some distance, random words by another: their ratio, taken
from 1, is the likeness in context, 1 for the word itself and 0 for any word. Its 10th percentile is
low if the pair fails in some contexts. The likeness out of context is the number of standard
deviations by which the cosine of both words stands above that of the lemma and frequent words of
its part of speech.

PHRASES holds lines of ``0`` or ``1``, a tab and a phrase with that sentiment. A logistic regression
on their embeddings tells how far a replacement moves the probability of positive sentiment.

With ``--candidates`` the pairs that WordNet offers and no list has are measured as well, in the
contexts that their part of speech asks for; what passes is for an editor to read.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from build_synonyms import Evidence, Reading, gather, read_classes, read_tags, real_tags, serialise
from build_words import FUNCTION_WORDS, read_list
from encoder import Encoder
from robustft_transforms._neighbours import SynonymTable
from robustft_transforms._synonyms import parse_synonyms
from synonym_rules import Rule, candidates, read_rules
from wordnet import POS_FILES, Inflector, WordNet, lemminflect_inflector

from robustft.seeding import Draw, fold_in
from robustft.text.document import Batch

CONTEXTS = 20
RANDOM = 2  # random words a context
FREQUENT = 400  # lemmas of each part of speech that they are drawn from
WINDOW = 50
BATCH_OF_TEXTS = 4_000

Pair = tuple[str, str, str]
Lemma = tuple[str, str]
Floats = npt.NDArray[np.float64]


@dataclass
class Context:
    """A place where a lemma stands: what is before and after it, and what may stand there."""

    before: str
    form: str
    after: str
    reading: Reading
    controls: list[str] = field(default_factory=list)
    opposite: str = ""

    def having(self, form: str) -> str:
        """Return the passage with another form in the place."""
        return f"{self.before}{form}{self.after}"

    def passages(self) -> Iterator[str]:
        """Yield all passages to embed: as it stands, substitutes, random words, an antonym."""
        offered = [form for form, _lemma in self.reading.substitutes]
        more = [self.opposite] if self.opposite else []
        yield from map(self.having, [self.form, *offered, *self.controls, *more])


def find_contexts(
    texts: Sequence[str], found: list[Reading], classes: dict[str, list[str]]
) -> Iterator[Context]:
    """Yield up to `CONTEXTS` places of each lemma in which the conditions of a line hold."""
    pairs = {(r.lemma, lemma, r.pos) for r in found for _form, lemma in r.substitutes}
    unknown = dict.fromkeys(pairs, Evidence(0, 0, 0, 0, 0, 0, 0))
    table = SynonymTable(parse_synonyms(serialise(found, classes, unknown)))
    by_number = sorted(found, key=lambda reading: reading.form)  # stable: as the table numbers them
    taken: dict[tuple[str, str, tuple[str, ...]], int] = defaultdict(int)
    for low in range(0, len(texts), BATCH_OF_TEXTS):
        batch = Batch(texts[low : low + BATCH_OF_TEXTS])
        places = table.places(batch)
        kept = ~batch.capitalised(places.units)
        units, numbers = places.units.where(kept), places.reading[kept]
        columns = (units.text.tolist(), units.start.tolist(), units.end.tolist(), numbers.tolist())
        for index, start, end, number in zip(*columns, strict=True):
            reading = by_number[number]
            line = (
                reading.lemma,
                reading.pos,
                tuple(lemma for _form, lemma in reading.substitutes),
            )
            if reading.tag == "POS":
                continue
            if taken[line] < CONTEXTS:
                taken[line] += 1
                text, offset = batch.texts[index], int(batch.starts[index])
                yield _window(text, start - offset, end - offset, reading)


def _window(text: str, start: int, end: int, reading: Reading) -> Context:
    """Cut the passage around a word at word boundaries."""
    low, high = max(0, start - WINDOW), min(len(text), end + WINDOW)
    if low:
        low = text.find(" ", low, start) + 1
    if high < len(text):
        high = text.rfind(" ", end, high) if " " in text[end:high] else high
    return Context(text[low:start], text[start:end], text[end:high], reading)


class Controls:
    """What a substitute is compared with: frequent words, and antonyms."""

    def __init__(self, net: WordNet, inflect: Inflector, barred: frozenset[str]) -> None:
        self.net, self.inflect = net, inflect
        self.frequent: dict[str, list[str]] = {}
        for pos in POS_FILES:
            lemmas = [
                lemma
                for lemma, p in net.senses
                if p == pos and lemma.isalpha() and lemma not in barred
            ]
            lemmas.sort(key=lambda lemma: (-net.count(lemma, pos), lemma))
            self.frequent[pos] = lemmas[:FREQUENT]
        self.frequent["c"] = self.frequent["r"]

    def add_to(self, context: Context, ordinal: int) -> None:
        """Draw the controls of one context of a line, by its ordinal among them."""
        reading = context.reading
        own = {reading.lemma, *(lemma for _form, lemma in reading.substitutes)}
        draw = Draw(fold_in(0, reading.lemma, reading.pos, reading.form, ordinal))
        while len(context.controls) < RANDOM:
            lemma = draw.choice(self.frequent[reading.pos])
            pos = "r" if reading.pos == "c" else reading.pos
            form = self.inflect(lemma, pos).get("RB" if pos == "r" else reading.tag)
            if form and lemma not in own:
                context.controls.append(form)
        context.opposite = self._opposite(reading)

    def _opposite(self, reading: Reading) -> str:
        """Return the most frequent antonym in the reading's inflection, or an empty string."""
        known = [w for w in self.net.antonyms(reading.lemma, reading.pos) if w.isalpha()]
        known.sort(key=lambda word: (-self.net.count(word, reading.pos), word))
        return self.inflect(known[0], reading.pos).get(reading.tag, "") if known else ""


@dataclass
class Measured:
    """What was measured of a pair: a number a context, and one out of context."""

    distance: list[float] = field(default_factory=list)
    random: list[float] = field(default_factory=list)
    beats_opposite: list[bool] = field(default_factory=list)
    shift: list[float] = field(default_factory=list)
    alone: float = 0.0

    def row(self) -> list[str]:
        """Return the columns of ``scores.tsv`` after the pair, all but the last in hundredths."""
        likeness = 1 - np.array(self.distance) / max(float(np.mean(self.random)), 1e-3)
        columns = [
            float(np.percentile(likeness, 10)),
            float(likeness.mean()),
            self.alone,
            float(np.mean(self.beats_opposite)) if self.beats_opposite else 1.0,
            float(np.mean(self.shift)),
            float(np.percentile(np.abs(self.shift), 90)),
        ]
        return [*(str(round(100 * x)) for x in columns), str(len(likeness))]


HEADER = (
    "# lemma\tsubstitute\tpart of speech\t10th percentile of likeness in context\tmean\t"
    "standard deviations out of context\tshare of contexts where nearer than an antonym\t"
    "mean shift of P(positive)\t90th percentile of its size (all in hundredths)\tcontexts"
)


def measure(
    contexts: list[Context], encoder: Encoder, sentiment: Sentiment, controls: Controls
) -> dict[Pair, Measured]:
    """Measure every substitute of every context, and every pair out of context."""
    encoder(sorted({passage for context in contexts for passage in context.passages()}))
    out: dict[Pair, Measured] = defaultdict(Measured)
    for context in contexts:
        vectors = encoder(list(context.passages()))
        distance = 1 - vectors[1:] @ vectors[0]
        offered = len(context.reading.substitutes)
        positive = sentiment(vectors[: offered + 1])
        for i, (_form, lemma) in enumerate(context.reading.substitutes):
            evidence = out[context.reading.lemma, lemma, context.reading.pos]
            evidence.distance.append(float(distance[i]))
            evidence.random += distance[offered : offered + RANDOM].tolist()
            evidence.shift.append(float(positive[i + 1] - positive[0]))
            if context.opposite:
                evidence.beats_opposite.append(bool(distance[i] < distance[-1]))
    encoder(sorted({word for lemma, other, pos in out for word in (lemma, other)}))
    for (lemma, other, pos), evidence in out.items():
        word, substitute, *frequent = encoder([lemma, other, *controls.frequent[pos]])
        cosines = np.array(frequent) @ word
        evidence.alone = float((substitute @ word - cosines.mean()) / cosines.std())
    return out


class Sentiment:
    """A logistic regression from embeddings to the probability of positive sentiment."""

    def __init__(self, phrases: Path, encoder: Encoder) -> None:
        from sklearn.linear_model import LogisticRegression

        rows = [line.split("\t") for line in phrases.read_text(encoding="utf-8").splitlines()]
        vectors = encoder([row[1] for row in rows])
        labels = np.array([int(row[0]) for row in rows])
        held_out = np.arange(len(rows)) % 10 == 0
        self.model = LogisticRegression(C=10.0, max_iter=1000)
        self.model.fit(vectors[~held_out], labels[~held_out])
        right = self.model.predict(vectors[held_out]) == labels[held_out]
        print(f"sentiment: {right.mean():.1%} of {held_out.sum()} phrases held out")

    def __call__(self, vectors: npt.NDArray[np.float32]) -> Floats:
        """Return P(positive), shape ``(n,)``."""
        positive: Floats = self.model.predict_proba(vectors)[:, 1]
        return positive


def main(arguments: list[str] | None = None) -> None:
    """Score the pairs of the reviewed lists, and candidates, and write one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("wordnet", "encoder", "texts", "phrases", "output"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--rules", type=Path, default=Path(__file__).with_name("synonyms"))
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--candidates", action="store_true")
    options = parser.parse_args(arguments)
    net, inflect = WordNet.read(options.wordnet), lemminflect_inflector()
    rules = list(read_rules(options.rules))
    barred = frozenset(read_list(FUNCTION_WORDS))
    if options.candidates:
        rules += [Rule(*offer, ()) for offer in candidates(net, rules, barred)]
    excluded = frozenset(read_list(options.rules / "excluded.txt"))
    tags = real_tags(read_tags(options.rules / "tags.tsv"), net)
    found = gather(rules, inflect, tags, excluded)
    texts = options.texts.read_text(encoding="utf-8").splitlines()
    contexts = list(find_contexts(texts, found, read_classes(options.rules / "classes.txt")))
    controls = Controls(net, inflect, barred)
    ordinals: Counter[Lemma] = Counter()
    for context in contexts:
        lemma = context.reading.lemma, context.reading.pos
        controls.add_to(context, ordinals[lemma])
        ordinals[lemma] += 1
    encoder = Encoder(options.encoder, options.cache)
    evidence = measure(contexts, encoder, Sentiment(options.phrases, encoder), controls)
    rows = ["\t".join([*pair, *seen.row()]) for pair, seen in sorted(evidence.items())]
    options.output.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    print(f"{len(evidence)} pairs, {len(contexts)} contexts: {options.output}")


if __name__ == "__main__":
    main()

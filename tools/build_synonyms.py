"""Make ``synonyms.txt.xz``: inflected word forms, what may stand for them, and beside what.

Usage: python tools/build_synonyms.py WORDNET_FOLDER OUTPUT [--rules FOLDER] [--candidates]

Reads the reviewed lists of ``tools/synonyms``, checks every pair against WordNet 3.0 (a pair that
WordNet does not relate, or calls opposites, stops the build), inflects both sides alike with
lemminflect, and adds conditions where a form is often another part of speech. ``--candidates``
prints instead the pairs that WordNet offers for lemmas without a line, for the next reviewer.
How the lists came about: ``tools/README.md``.
"""

from __future__ import annotations

import argparse
import lzma
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from build_words import FUNCTION_WORDS, read_list
from robustft_transforms._beside import PRONOUN_IS, SIGNS
from robustft_transforms._synonyms import half_of
from synonym_rules import Rule, candidates, read_rules, relation
from wordnet import Inflector, WordNet, lemminflect_inflector

# A form that the tagger reads as another part of speech more often than this needs its context.
AMBIGUOUS = 0.06
DEFAULT_BEFORE = {"n": ("ADJ", "DET"), "v": ("VERB",), "a": ("ADJ", "ADV", "BE", "DET")}
DEFAULT_AFTER = {"n": ("END",)}
SUBJECTS = tuple("he i it she that they we which who you film movie story".split())
ANY = "ANY"  # the condition before a word that says that it needs none
MORE = ("least", "less", "more", "most")
# What a pair must have to be kept: see Evidence. A pair that is less sure than SURE_OF_SIDE must be
# nearer than an antonym in half of its contexts.
LEAST_SCORE, SURE_OF_SIDE = 10, 25
LARGEST_SHIFT, LARGEST_IN_CONTEXT = 15, 35
TAGGED = ("n", "v", "a", "r", "other")

Conditions = tuple[tuple[str, tuple[str, ...]], ...]
Tags = dict[str, list[int]]
Scores = dict[tuple[str, str, str], "Evidence"]


@dataclass(frozen=True)
class Reading:
    """A form in one part of speech: its substitutes in the same inflection, and its conditions."""

    form: str
    pos: str
    tag: str
    lemma: str
    substitutes: tuple[tuple[str, str], ...]  # (form, lemma)
    conditions: Conditions


def read_tags(path: Path) -> Tags:
    """Return, for each form, how often it was tagged n, v, a, r and otherwise."""
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return {row[0]: [int(n) for n in row[1:]] for row in rows if not row[0].startswith("#")}


def real_tags(tags: Tags, net: WordNet) -> Tags:
    """Leave out the parts of speech that WordNet does not know a form as: the tagger's mistakes."""
    return {
        form: [
            count if pos == "other" or any((b, pos) in net.senses for b in _bases(form, pos)) else 0
            for pos, count in zip(TAGGED, counts, strict=True)
        ]
        for form, counts in tags.items()
    }


# What an inflected form may end in, and the lemma in place of it.
_ENDINGS = {
    "n": (("s", ""), ("es", ""), ("ies", "y")),
    "v": (("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e")),
    "a": (("er", ""), ("er", "e"), ("ier", "y"), ("est", ""), ("est", "e"), ("iest", "y")),
    "r": (),
}


def _bases(form: str, pos: str) -> Iterator[str]:
    """Yield the lemmas that a form may be a regular inflection of, itself among them."""
    yield form
    for ending, replacement in _ENDINGS[pos]:
        if form.endswith(ending):
            base = form.removesuffix(ending) + replacement
            yield base
            if base[-1:] == base[-2:-1]:  # robbed, from rob
                yield base[:-1]


@dataclass(frozen=True)
class Evidence:
    """What ``score_synonyms.py`` measured of a pair, in hundredths."""

    in_context: int
    mean: int
    alone: int
    beats_opposite: int
    shift: int
    largest: int
    contexts: int

    @property
    def score(self) -> int:
        """How sure the pair is, 1 to 99: half from its worst contexts, half from the words alone.

        Standing four standard deviations nearer than frequent words do counts as the same word.
        """
        near = min(max(self.in_context, 0), 100) + min(max(self.alone / 4, 0), 100)
        return min(max(round(near / 2), 1), 99)

    def passes(self) -> bool:
        """Tell whether the encoder and the sentiment classifier let the pair stand."""
        opposite = self.beats_opposite >= 50 or self.score >= SURE_OF_SIDE
        kept = abs(self.shift) <= LARGEST_SHIFT and self.largest <= LARGEST_IN_CONTEXT
        return self.score >= LEAST_SCORE and opposite and kept


def read_scores(path: Path) -> Scores:
    """Return the evidence by lemma, substitute and part of speech."""
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return {(r[0], r[1], r[2]): Evidence(*map(int, r[3:])) for r in rows if r[0][:1] != "#"}


def with_evidence(found: Iterable[Reading], scores: Scores) -> list[Reading]:
    """Return the readings without the pairs that were not measured or did not pass."""
    kept = []
    for reading in found:
        pairs = tuple(
            (form, lemma)
            for form, lemma in reading.substitutes
            if (seen := scores.get((reading.lemma, lemma, reading.pos))) and seen.passes()
        )
        if pairs:
            kept.append(replace(reading, substitutes=pairs))
    return kept


def check_rules(net: WordNet, rules: Iterable[Rule]) -> list[str]:
    """Return what is wrong with the rules, a line each."""
    problems = []
    for rule in rules:
        for other in rule.substitutes:
            kind = relation(net, rule.lemma, other, rule.pos)
            if kind == "antonym" or (not kind and other not in rule.own and rule.pos != "c"):
                got = kind or "no relation"
                problems.append(
                    f"{rule.lemma} -> {other} ({rule.pos}): expected synonyms, got {got}"
                )
    return problems


def unknown_neighbours(rules: Iterable[Rule], classes: dict[str, list[str]]) -> list[str]:
    """Return the neighbours that are no class and that no text can have, a line each."""
    listed = [
        (rule.lemma, word) for rule in rules for _kind, words in rule.conditions for word in words
    ]
    listed += [(name, word) for name, words in classes.items() for word in words]
    return [
        f"{where}: expected a class or a lower-case word as the transform names it, got {word!r}"
        for where, word in listed
        if word not in (*classes, *SIGNS, ANY) and not _can_stand_beside(word)
    ]


def _can_stand_beside(word: str) -> bool:
    letters = word.replace("'", "")
    if not letters.isalpha() or word != word.lower() or not (word[0] + word[-1]).isalpha():
        return False
    return not word.endswith("n't") and (not word.endswith("'s") or word in PRONOUN_IS)


def readings(rule: Rule, inflect: Inflector, tags: Tags) -> Iterator[Reading]:
    """Yield a reading for each form of the rule's lemma that keeps its inflection when replaced."""
    own = inflect(rule.lemma, rule.pos)
    theirs = {other: inflect(other, rule.pos) for other in rule.substitutes}
    for form in dict.fromkeys(own.values()):
        tags_of_form = [tag for tag, own_form in own.items() if own_form == form]
        if rule.tags and not set(tags_of_form) & set(rule.tags):
            continue
        fitting = _alike(theirs, tags_of_form)
        conditions = dict(rule.conditions)
        if not fitting and tags_of_form == ["VBD", "VBN"] and "<+" not in conditions:
            # Past tense and participle look alike here but not there (started: began, begun).
            fitting = _alike(theirs, ["VBD"])
            conditions["<+"] = SUBJECTS
        if rule.pos == "a" and "JJR" not in own and any("JJR" in f for f in theirs.values()):
            # "more intelligent" cannot become "more smart".
            conditions["<-"] = tuple(sorted({*conditions.get("<-", ()), *MORE}))
        conditions = with_context(form, rule.pos, conditions, tags)
        fitting = [pair for pair in fitting if pair[0] != form and pair[0].isalpha()]
        if fitting:
            found = tuple(sorted(conditions.items()))
            made = Reading(form, rule.pos, tags_of_form[0], rule.lemma, tuple(fitting), found)
            yield made
            if tags_of_form == ["NN"] and ">+" not in conditions:
                yield _possessive(made)


def _possessive(reading: Reading) -> Reading:
    """Return the reading with ``'s`` on both sides; what stands after it no longer matters."""
    before = tuple(pair for pair in reading.conditions if pair[0][0] == "<")
    made = tuple((form + "'s", lemma) for form, lemma in reading.substitutes)
    own = reading.form + "'s"
    return replace(reading, form=own, tag="POS", substitutes=made, conditions=before)


def _alike(theirs: dict[str, dict[str, str]], tags: list[str]) -> list[tuple[str, str]]:
    """Return (form, lemma) of the substitutes that have one form for all of `tags`."""
    made = {lemma: {forms.get(tag) for tag in tags} for lemma, forms in theirs.items()}
    return [(form, lemma) for lemma, f in made.items() if len(f) == 1 and (form := f.pop())]


def with_context(
    form: str, pos: str, conditions: dict[str, tuple[str, ...]], tags: Tags
) -> dict[str, tuple[str, ...]]:
    """Add the part of speech's own conditions when the form is often something else.

    Where the line says something of its own (``<+``; for the word after, ``>+`` or ``>-``),
    that stands alone; ``<+ANY`` says that the line was read and needs nothing.
    """
    conditions = dict(conditions)
    read = conditions.get("<+") == (ANY,)
    if read:
        del conditions["<+"]
    counts = tags.get(form, [0] * len(TAGGED))
    total = sum(counts)
    if pos in TAGGED and not read and total - counts[TAGGED.index(pos)] > AMBIGUOUS * total:
        if pos in DEFAULT_BEFORE:
            conditions.setdefault("<+", DEFAULT_BEFORE[pos])
        if pos in DEFAULT_AFTER and ">-" not in conditions:
            conditions.setdefault(">+", DEFAULT_AFTER[pos])
    return conditions


def gather(
    rules: Iterable[Rule], inflect: Inflector, tags: Tags, excluded: frozenset[str] = frozenset()
) -> list[Reading]:
    """Return all readings, by form; an adjective's line wins over the verb it is a participle of.

    `excluded` forms are left out on both sides. Readings of a form keep the order of the rules.
    """
    by_form: dict[str, list[Reading]] = defaultdict(list)
    for rule in rules:
        for reading in readings(rule, inflect, tags):
            kept = tuple(pair for pair in reading.substitutes if pair[0] not in excluded)
            if kept and reading.form not in excluded:
                by_form[reading.form].append(replace(reading, substitutes=kept))
    out = []
    for _form, found in sorted(by_form.items()):
        adjective = any(reading.pos == "a" for reading in found)
        out += [reading for reading in found if not (adjective and reading.pos == "v")]
    return out


def serialise(found: list[Reading], classes: dict[str, list[str]], scores: Scores) -> str:
    """Write the table: ``@class words``, ``%conditions``, ``form, sub:score+half ..., rule``."""
    half = halves(found)
    rules = sorted({r.conditions for r in found if r.conditions})
    number = {conditions: str(i) for i, conditions in enumerate(rules)}
    lines = [f"@{name} {' '.join(classes[name])}" for name in sorted(classes)]
    lines += ["%" + " ".join(kind + ",".join(words) for kind, words in rule) for rule in rules]
    for reading in found:
        offered = " ".join(
            f"{form}:{scores[reading.lemma, lemma, reading.pos].score}{half[lemma]}"
            for form, lemma in reading.substitutes
        )
        lines.append(f"{reading.form}\t{offered}\t{number.get(reading.conditions, '')}")
    return "\n".join(lines)


def halves(found: list[Reading]) -> dict[str, str]:
    """Return the half of the table that each lemma is in, as a substitute.

    All inflections of a lemma are in one half, and so are lemmas that share a form (*amuse* and
    *amused*): no form is in both halves.
    """
    group: dict[str, str] = {}

    def first_of(lemma: str) -> str:
        while group.setdefault(lemma, lemma) != lemma:
            lemma = group[lemma]
        return lemma

    lemma_of: dict[str, str] = {}
    for form, lemma in sorted(pair for reading in found for pair in reading.substitutes):
        same, other = sorted((first_of(lemma), first_of(lemma_of.setdefault(form, lemma))))
        group[other] = same
    return {lemma: half_of(first_of(lemma)) for lemma in group}


def read_classes(path: Path) -> dict[str, list[str]]:
    """Return the named classes of neighbouring words."""
    rows = (line.partition(":") for line in path.read_text(encoding="utf-8").splitlines())
    return {name: words.split() for name, _, words in rows if not name.startswith("#")}


def main(arguments: list[str] | None = None) -> None:
    """Build the table, or print candidates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wordnet", type=Path)
    parser.add_argument("output", type=Path, nargs="?")
    parser.add_argument("--rules", type=Path, default=Path(__file__).with_name("synonyms"))
    parser.add_argument("--candidates", action="store_true")
    options = parser.parse_args(arguments)
    net = WordNet.read(options.wordnet)
    rules = list(read_rules(options.rules))
    barred = frozenset(read_list(FUNCTION_WORDS))
    if options.candidates or not options.output:
        for lemma, pos, offered in candidates(net, rules, barred):
            print(f"{lemma} ({pos}, {net.count(lemma, pos)}): {' '.join(offered)}")
        return
    tags = real_tags(read_tags(options.rules / "tags.tsv"), net)
    excluded = frozenset(read_list(options.rules / "excluded.txt"))
    classes = read_classes(options.rules / "classes.txt")
    found = gather(rules, lemminflect_inflector(), tags, excluded)
    problems = check_rules(net, rules)
    problems += [
        f"{r.form}: expected no function word" for r in found if r.form in barred and r.pos != "c"
    ]
    problems += unknown_neighbours(rules, classes)
    if problems:
        raise SystemExit("\n".join(problems))
    scores = read_scores(options.rules / "scores.tsv")
    read, found = sum(len(r.substitutes) for r in found), with_evidence(found, scores)
    table = serialise(found, classes, scores)
    options.output.write_bytes(lzma.compress(table.encode(), preset=9 | lzma.PRESET_EXTREME))
    pairs = sum(len(reading.substitutes) for reading in found)
    forms = len({reading.form for reading in found})
    size = options.output.stat().st_size
    print(f"{len(rules)} lines, {forms} forms, {pairs} of {read} pairs, {size} bytes")


if __name__ == "__main__":
    main()

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

from build_words import read_list
from synonym_rules import Rule, read_rules, relation
from wordnet import Inflector, WordNet, lemminflect_inflector, plain

# A form that the tagger reads as another part of speech more often than this needs its context.
AMBIGUOUS = 0.06
DEFAULT_BEFORE = {"n": ("ADJ", "DET"), "v": ("VERB",), "a": ("ADJ", "ADV", "BE", "DET")}
DEFAULT_AFTER = {"n": ("END",)}
SUBJECTS = tuple("he i it she that they we which who you film movie story".split())
MORE = ("least", "less", "more", "most")
TAGGED = ("n", "v", "a", "r", "other")

Conditions = tuple[tuple[str, tuple[str, ...]], ...]
Tags = dict[str, list[int]]
Scores = dict[tuple[str, str, str], int]


@dataclass(frozen=True)
class Reading:
    """A form in one part of speech: its substitutes in the same inflection, and its conditions."""

    form: str
    pos: str
    lemma: str
    substitutes: tuple[tuple[str, str], ...]  # (form, lemma)
    conditions: Conditions


def read_tags(path: Path) -> Tags:
    """Return, for each form, how often it was tagged n, v, a, r and otherwise."""
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return {row[0]: [int(n) for n in row[1:]] for row in rows if not row[0].startswith("#")}


def read_scores(path: Path) -> Scores:
    """Return the similarity (0-100) of sentences with and without a replacement, by lemma pair."""
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return {(r[0], r[1], r[2]): int(r[3]) for r in rows if not r[0].startswith("#")}


def check_rules(net: WordNet, rules: Iterable[Rule]) -> list[str]:
    """Return what is wrong with the rules, a line each."""
    problems = []
    for rule in rules:
        for other in rule.substitutes:
            kind = relation(net, rule.lemma, other, rule.pos)
            if kind in ("", "antonym"):
                got = kind or "no relation"
                problems.append(
                    f"{rule.lemma} -> {other} ({rule.pos}): expected synonyms, got {got}"
                )
    return problems


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
            yield Reading(form, rule.pos, rule.lemma, tuple(fitting), found)
            if tags_of_form == ["NN"] and ">+" not in conditions:
                yield _possessive(Reading(form, rule.pos, rule.lemma, tuple(fitting), found))


def _possessive(reading: Reading) -> Reading:
    """Return the reading with ``'s`` on both sides; what stands after it no longer matters."""
    before = tuple(pair for pair in reading.conditions if pair[0][0] == "<")
    made = tuple((form + "'s", lemma) for form, lemma in reading.substitutes)
    return replace(reading, form=reading.form + "'s", substitutes=made, conditions=before)


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
    read = conditions.get("<+") == ("ANY",)
    if read:
        del conditions["<+"]
    counts = tags.get(form, [0] * len(TAGGED))
    total = sum(counts)
    if not read and total - counts[TAGGED.index(pos)] > AMBIGUOUS * total:
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
    """Write the table: ``@class words``, ``%conditions``, then ``form, sub:score ..., rule``."""
    rules = sorted({r.conditions for r in found if r.conditions})
    number = {conditions: str(i) for i, conditions in enumerate(rules)}
    used = {word for rule in rules for _kind, words in rule for word in words if word in classes}
    lines = [f"@{name} {' '.join(classes[name])}" for name in sorted(used)]
    lines += ["%" + " ".join(kind + ",".join(words) for kind, words in rule) for rule in rules]
    for reading in found:
        offered = " ".join(
            f"{form}:{scores.get((reading.lemma, lemma, reading.pos), 0)}"
            for form, lemma in reading.substitutes
        )
        lines.append(f"{reading.form}\t{offered}\t{number.get(reading.conditions, '')}")
    return "\n".join(lines)


def read_classes(path: Path) -> dict[str, list[str]]:
    """Return the named classes of neighbouring words."""
    rows = (line.partition(":") for line in path.read_text(encoding="utf-8").splitlines())
    return {name: words.split() for name, _, words in rows if not name.startswith("#")}


def candidates(net: WordNet, rules: list[Rule], barred: frozenset[str]) -> Iterator[str]:
    """Yield what WordNet offers for tagged lemmas without a line: dominant senses on both sides."""
    known = {(rule.lemma, rule.pos) for rule in rules}
    rows = []
    for (lemma, pos), senses in net.senses.items():
        total = net.count(lemma, pos)
        if total < 2 or not lemma.isalpha() or lemma in barred or (lemma, pos) in known:
            continue
        opposite = net.antonyms(lemma, pos)
        offered = {
            word: None
            for key, count in senses
            if count / total > 0.4
            for word in net.synsets[key].words
            if word == plain(word) != lemma
            and word.isalpha()
            and word not in barred | opposite
            and net.senses[word, pos][0][0] == key
            and net.count(word, pos) > 0
        }
        if offered:
            rows.append((-total, f"{lemma} ({pos}, {total}): {' '.join(offered)}"))
    yield from (row for _count, row in sorted(rows))


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
    barred = frozenset(read_list(Path(__file__).with_name("function_words.txt")))
    if options.candidates or not options.output:
        print("\n".join(candidates(net, rules, barred)))
        return
    tags = read_tags(options.rules / "tags.tsv")
    excluded = frozenset(read_list(options.rules / "excluded.txt"))
    found = gather(rules, lemminflect_inflector(), tags, excluded)
    problems = check_rules(net, rules)
    problems += [f"{r.form}: expected no function word" for r in found if r.form in barred]
    if problems:
        raise SystemExit("\n".join(problems))
    scores = options.rules / "scores.tsv"
    table = serialise(
        found,
        read_classes(options.rules / "classes.txt"),
        read_scores(scores) if scores.exists() else {},
    )
    options.output.write_bytes(lzma.compress(table.encode(), preset=9 | lzma.PRESET_EXTREME))
    pairs = sum(len(reading.substitutes) for reading in found)
    forms = len({reading.form for reading in found})
    size = options.output.stat().st_size
    print(f"{len(rules)} lemmas, {forms} forms, {pairs} pairs, {size} bytes: {options.output}")


if __name__ == "__main__":
    main()

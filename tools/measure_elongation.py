"""Measure how words are lengthened in real text: where the places of `elongation` come from.

    python tools/measure_elongation.py REVIEWS.parquet [--column text]

A word in which a letter stands three times or more running is taken for a lengthened one if it
is English with those letters cut to one, or to two. Printed are which words are lengthened, how
often of all their occurrences, which of their letters, and to what length.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from itertools import product

import pyarrow.parquet as pq
from robustft_transforms._lexicons import load_words

WORD = re.compile(r"(?<![\w'’.@/-])[A-Za-z]{2,30}(?![\w'’@-])")
RUN = re.compile(r"([a-z])\1{2,}")
RUNS_AT_MOST = 3
NUMERAL = re.compile(r"[ivxlcdm]+")


def plain(word: str, english: frozenset[str]) -> str | None:
    """Return the English word that `word` lengthens, or None."""
    runs = RUN.findall(word)
    if not runs or len(runs) > RUNS_AT_MOST or NUMERAL.fullmatch(word):
        return None
    for lengths in product((1, 2), repeat=len(runs)):
        left = iter(lengths)
        made = RUN.sub(lambda found: found[1] * next(left), word)  # noqa: B023
        if made in english:
            return made
    return None


def place(word: str, letter: str) -> str:
    """Name where a lengthened letter stands in a plain word."""
    at = word.rfind(letter)
    kind = "vowel" if letter in "aeiouy" else "consonant"
    if at == len(word) - 1:
        return f"final {kind}"
    return f"{'first' if word.find(letter) == 0 else 'inner'} {kind}"


def main() -> None:
    """Count, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("parquet")
    parser.add_argument("--column", default="text")
    parser.add_argument("--top", type=int, default=120)
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    table = pq.read_table(options.parquet, columns=[options.column])
    for text in table[options.column].to_pylist():
        counts.update(word.lower() for word in WORD.findall(text))
    english = load_words()
    words: Counter[str] = Counter()
    letters: Counter[tuple[str, str]] = Counter()
    places: Counter[str] = Counter()
    lengths: Counter[int] = Counter()
    for word, count in counts.items():
        base = plain(word, english)
        if base:
            words[base] += count
            for found in RUN.finditer(word):
                letters[base, found[1]] += count
                places[place(base, found[1])] += count
                lengths[min(len(found[0]), 12)] += count
    total = places.total()
    print(f"{counts.total()} words, {words.total()} lengthened")
    print("places:", {k: f"{v / total:.1%}" for k, v in places.most_common()})
    print("run lengths:", {k: f"{v / total:.1%}" for k, v in sorted(lengths.items())})
    for base, count in words.most_common(options.top):
        of = {letter: n for (word, letter), n in letters.items() if word == base}
        print(f"  {base}\t{count}\tof {counts[base]}\t{of}")


if __name__ == "__main__":
    main()

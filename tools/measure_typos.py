"""Measure how the slips in real text are made: where the proportions of `typos` come from.

    python tools/measure_typos.py REVIEWS.parquet [--column text]

Among lower-case words that are in no dictionary, those are taken for slips that lie one slip away
from exactly one frequent word of eight letters or more. (Shorter words are too often another
word, a name or slang.) Printed are the shares of the kinds, of the first letter among the places,
and how often slips occur by the length of the word.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator
from string import ascii_lowercase

import pyarrow.parquet as pq
from robustft_transforms._keyboard import neighbours
from robustft_transforms._lexicons import load_words

WORD = re.compile(r"(?<![\w'’-])[a-z]{3,}(?![\w'’-])")
FREQUENT = 100
RARE = 20
SHORTEST = 8


def sources(slip: str) -> Iterator[tuple[str, str, int]]:
    """Yield each word that `slip` may stand for, with the kind of slip and its place."""
    near = neighbours()
    for at in range(len(slip) + 1):
        for letter in ascii_lowercase:
            yield slip[:at] + letter + slip[at:], "omission", at
        if at == len(slip):
            break
        around = {slip[at - 1] if at else "", slip[at + 1] if at + 1 < len(slip) else ""} - {""}
        adjoining = any(slip[at] in near[other] for other in around)
        kind = "doubling" if slip[at] in around else "insertion" if adjoining else "insertion (far)"
        yield slip[:at] + slip[at + 1 :], kind, at
        for letter in ascii_lowercase:
            if letter != slip[at]:
                kind = "neighbour" if letter in near[slip[at]] else "substitution (far)"
                yield slip[:at] + letter + slip[at + 1 :], kind, at
        if at + 1 < len(slip) and slip[at] != slip[at + 1]:
            yield slip[:at] + slip[at + 1] + slip[at] + slip[at + 2 :], "transposition", at


def main() -> None:
    """Count, and print shares in percent."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("parquet")
    parser.add_argument("--column", default="text")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    table = pq.read_table(options.parquet, columns=[options.column])
    for text in table[options.column].to_pylist():
        counts.update(WORD.findall(text))
    english = load_words()
    frequent = {
        w: n for w, n in counts.items() if w in english and n >= FREQUENT and len(w) >= SHORTEST
    }
    kinds: Counter[str] = Counter()
    lengths: Counter[int] = Counter()
    first = 0
    for slip, n in counts.items():
        if slip in english or n > RARE:
            continue
        found = [s for s in sources(slip) if s[0] in frequent]
        if len({word for word, _, _ in found}) == 1:
            # A habit counts as three slips at most, so that no misspelling outweighs the rest.
            word, kind, at = found[0]
            kinds[kind] += min(n, 3)
            lengths[len(word)] += min(n, 3)
            first += min(n, 3) * (at == 0)
    total = kinds.total()
    print(f"{total} slips, {100 * first / total:.1f} % at the first letter")
    for kind, n in kinds.most_common():
        print(f"  {kind}: {100 * n / total:.1f} %")
    words: Counter[int] = Counter()
    for word, n in frequent.items():
        words[len(word)] += n
    for length in sorted(lengths):
        print(f"  {length} letters: {1e6 * lengths[length] / words[length]:.0f} in a million words")


if __name__ == "__main__":
    main()

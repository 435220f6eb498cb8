"""Texts in, texts and edits out: every output can be replayed, inverted and explained."""

from __future__ import annotations

import robustft
from robustft.text import apply, invert

TEXTS = [
    "It's a wonderful film, and I didn't expect to enjoy it so much.",
    "The plot is boring. Write to me@example.com if you do not agree!",
]


def main() -> None:
    result = robustft.perturb(TEXTS, "typos,synonyms,contractions", severity=5, seed=1)
    for row in result:
        print(row.original)
        print(row.text)
        for edit in row.edits:
            removed = row.original[edit.start : edit.end]
            print(f"  {'+'.join(edit.transforms)}: {removed!r} -> {edit.replacement!r}")
        # The record is exact in both directions.
        assert row.replay(row.original) == row.text
        assert apply(row.text, invert(row.original, row.edits)) == row.original


if __name__ == "__main__":
    main()

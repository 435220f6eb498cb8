"""Rows of more than one text: pairs, questions whose answers move along, tagged tokens."""

from __future__ import annotations

from typing import Any

import datasets

import robustft
from robustft.text.tags import tag_tokens

PAIRS = [
    {"id": "a", "premise": "The old bakery opens at seven.", "hypothesis": "A shop opens early."},
    {"id": "b", "premise": "Nobody remembers the answer.", "hypothesis": "Everybody remembers it."},
]
CONTEXT = "Everybody in the village knows that the old gardener planted the tree in 1843."
ANSWER = "the old gardener"
TOKENS = ["The", "harbour", "of", "porto", "alegre", "is", "beautiful", "."]
TAGS = ["O", "O", "O", "B-LOC", "I-LOC", "O", "O", "O"]


def change_pair(batch: dict[str, list[Any]]) -> dict[str, list[str]]:
    """Change both sides of a batch of pairs; the field's name gives each side its own draws."""
    return {
        side: robustft.perturb(batch[side], "typos", severity=5, ids=batch["id"], field=side).texts
        for side in ("premise", "hypothesis")
    }


def main() -> None:
    for row in datasets.Dataset.from_list(PAIRS).map(change_pair, batched=True):
        print(row["premise"], "|", row["hypothesis"])

    # An answer is protected, or follows the edits; either way it is known where it stands.
    start = CONTEXT.index(ANSWER)
    span = (start, start + len(ANSWER))
    for binding in ({"protect": [[span]]}, {"follow": [[span]]}):
        context = robustft.perturb([CONTEXT], "typos:rate=1.0", **binding)[0]
        moved = context.map_span(*span)
        assert moved is not None
        print(context.text[slice(*moved)], moved)

    # Tags follow the edits of the text that their tokens make up.
    tagged = tag_tokens(TOKENS, TAGS)
    spans = [(entity.start, entity.end) for entity in tagged.entities]
    text = robustft.perturb([tagged.text], "typos:rate=1.0", follow=[spans])[0]
    after = tagged.edited(text.edits)
    assert after is not None
    print(list(zip(after.tokens, after.tags, strict=True)))

    # Whole data sets of any of these shapes need none of this: columns are found by their names.
    answers = {"text": [ANSWER], "answer_start": [start]}
    rows = [{"question": f"who, {i}?", "context": CONTEXT, "answers": answers} for i in range(40)]
    made = robustft.augment(rows, 10, "typos", sides="context", spans="follow")
    for changed, gold in zip(made.split.pairs or (), made.split.answers or (), strict=True):
        for answer, place in zip(gold.texts, gold.starts, strict=True):
            assert changed[place : place + len(answer)] == answer
    print(f"{len(made.split)} more questions, their answers in place")


if __name__ == "__main__":
    main()

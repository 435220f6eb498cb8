"""What constraints cost and what they pass over, on one process and one thread.

    python benchmarks/constraints.py --data IMDB --similarity-model MINILM     # the real thing
    python benchmarks/constraints.py --small                                   # a quick look

`IMDB` is what `--data` takes, `MINILM` a sentence encoder. Speed is by CPU time, in rounds, or in
one round with a model that has seen nothing.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import torch
from common import NotMeasured, Results, Table, interleaved, parser

from robustft.data.dataset import load_dataset, sample
from robustft.errors import RobustftError
from robustft.model.scorers import similarity
from robustft.transform import (
    Constraint,
    KeepMatches,
    KeepPartsOfSpeech,
    KeepWords,
    Length,
    MaxChanged,
    MinSimilarity,
    NoRepeat,
    perturb,
)

CHAINS = ("synonyms", "typos,synonyms,contractions")
NONE, NOUNS = "none", "keep_pos NOUN"
BOUNDS = (0.6, 0.7, 0.8, 0.9)


def cheap() -> dict[str, list[Constraint]]:
    """Return the constraints that need no model, alone and together."""
    each: dict[str, list[Constraint]] = {
        "keep_words": [KeepWords(words=("great", "bad", "at all"))],
        "keep_matches": [KeepMatches(pattern=r"(?i)\bvery \w+")],
        "max_changed 0.2": [MaxChanged(share=0.2)],
        "no_repeat": [NoRepeat()],
        "length up to 400 words": [Length(max_words=400)],
    }
    return {NONE: [], **each, "all of these": [c for found in each.values() for c in found]}


class Cost(NamedTuple):
    """What one constraint, or none, did once."""

    speed: float
    changed: float
    refused: float


def measured(texts: Sequence[str], chain: str, constraints: Sequence[Constraint], _: int) -> Cost:
    """Return texts a second and the shares of the words that changed, and of edits refused."""
    started = time.process_time()
    made = perturb(texts, chain, constraints=constraints)
    seconds = time.process_time() - started
    reasons = tuple(c.reason for c in constraints)
    refused = sum(n for key, n in made.skips.items() if reasons and key.endswith(reasons))
    changed = int(made.changed.sum())
    return Cost(
        len(texts) / seconds,
        changed / max(int(made.words.sum()), 1),
        refused / max(refused + changed, 1),
    )


def tagged(texts: Sequence[str], chain: str, turn: int) -> Cost:
    """Return what keeping nouns costs, where the tagger is installed."""
    try:
        return measured(texts, chain, [KeepPartsOfSpeech(tags=("NOUN",))], turn)
    except RobustftError as error:
        raise NotMeasured(str(error)) from None


def show(table: Table, found: Mapping[str, list[Cost]]) -> None:
    """Note the speed under each constraint beside that under none."""
    for name, costs in found.items():
        if name == NONE:
            continue
        table.row(
            name,
            against="no constraint",
            unit="texts/s",
            better="more",
            ours=[cost.speed for cost in costs],
            peer=[cost.speed for cost in found[NONE]],
            extra={
                "words changed": f"{costs[0].changed:.1%}",
                "edits passed over": f"{costs[0].refused:.1%}",
            },
        )


def scored(texts: Sequence[str], options: argparse.Namespace, results: Results) -> None:
    """Measure the constraints that ask a model, which has seen nothing before each."""
    if not options.similarity_model:
        results.skip("min_similarity", "no --similarity-model named")
        return

    def asked(of: str, bound: float, _: int) -> Cost:
        scorer = similarity(options.similarity_model, device="cpu")
        return measured(texts, CHAINS[0], [MinSimilarity(minimum=bound, scorer=scorer, of=of)], 0)

    pairs = [(of, bound) for of in ("sentences", "text") for bound in BOUNDS]
    calls = {f"min_similarity {bound}, {of}": partial(asked, of, bound) for of, bound in pairs}
    found, _ = interleaved({NONE: partial(measured, texts, CHAINS[0], []), **calls}, 1)
    show(results.table(f"{CHAINS[0]}, with a model", f"{len(texts)} texts, one round."), found)


def main() -> None:
    """Measure, print and save."""
    arguments = parser(__doc__, rounds=5)
    arguments.add_argument("--data", default="demo")
    arguments.add_argument("--split", default="test")
    arguments.add_argument("--similarity-model", help="left out: constraints without a model alone")
    arguments.add_argument("--rows", type=int, default=1_000)
    arguments.add_argument("--scored-rows", type=int, default=100)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    if options.small:
        options.rows, options.scored_rows, options.rounds = 60, 20, 1
    results = Results(
        "constraints",
        "Constraints",
        """Texts a second of the processor's time under each constraint, on one process and one
        thread, beside none; and the shares of the words that changed and of the edits that were
        passed over. docs/constraints.md says what they mean.""",
        options,
    )
    split = load_dataset(options.data)[options.split]
    texts = sample(split, min(options.rows, len(split)), seed=0, stratify=False).texts
    for chain in CHAINS:
        perturb(texts[:10], chain)
        calls = {name: partial(measured, texts, chain, each) for name, each in cheap().items()}
        calls[NOUNS] = partial(tagged, texts, chain)
        found, missing = interleaved(calls, options.rounds, warm_up=1, shown=False)
        for name, why in missing.items():
            results.skip(name, why)
        show(results.table(chain, f"{len(texts):,} texts, severity 3."), found)
    scored(texts[: options.scored_rows], options, results)
    results.save()


if __name__ == "__main__":
    main()

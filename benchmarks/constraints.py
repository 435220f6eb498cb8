"""What constraints cost and what they pass over, on one process and one thread.

    python benchmarks/constraints.py --data IMDB --similarity-model MINILM     # the real thing
    python benchmarks/constraints.py --small                                   # a quick look

`IMDB` is what `--data` takes, `MINILM` a sentence encoder. Speed is by CPU time: the median of some
rounds, or one round with a model that has seen nothing.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from robustft.data.dataset import load_dataset, sample
from robustft.data.run_folder import versions
from robustft.model.scorers import similarity
from robustft.transform import (
    Constraint,
    KeepMatches,
    KeepWords,
    Length,
    MaxChanged,
    MinSimilarity,
    NoRepeat,
    perturb,
)

HERE = Path(__file__).parent
CHAINS = ("synonyms", "typos,synonyms,contractions")
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
    return {"none": [], **each, "all of these": [c for found in each.values() for c in found]}


def measured(
    texts: Sequence[str], chain: str, constraints: Sequence[Constraint], rounds: int
) -> dict[str, Any]:
    """Return texts a second and the shares of the words that changed, or were refused."""
    seconds = []
    for _ in range(rounds):
        started = time.process_time()
        made = perturb(texts, chain, constraints=constraints)
        seconds.append(time.process_time() - started)
    reasons = tuple(c.reason for c in constraints)
    refused = sum(n for key, n in made.skips.items() if key.endswith(reasons))
    changed = int(made.changed.sum())
    return {
        "transforms": chain,
        "texts_per_second": round(len(texts) / statistics.median(seconds), 1),
        "changed_share": round(changed / max(int(made.words.sum()), 1), 4),
        "refused_share": round(refused / max(refused + changed, 1), 4) if constraints else 0.0,
    }


def main() -> None:
    """Measure, print a table, and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="demo")
    parser.add_argument("--split", default="test")
    parser.add_argument("--similarity-model", help="left out: constraints without a model alone")
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--scored-rows", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--small", action="store_true", help="few rows and no file")
    given = parser.parse_args()
    torch.set_num_threads(1)
    split = load_dataset(given.data)[given.split]
    rows = 60 if given.small else given.rows
    texts = sample(split, min(rows, len(split)), seed=0, stratify=False).texts
    found = []
    for chain in CHAINS:
        perturb(texts[:10], chain)
        for name, constraints in cheap().items():
            row = measured(texts, chain, constraints, given.rounds)
            found.append({"constraint": name, "texts": len(texts), **row})
            print(found[-1], flush=True)
    if given.similarity_model:
        few = texts[: 20 if given.small else given.scored_rows]
        for of, bound in ((o, b) for o in ("sentences", "text") for b in BOUNDS):
            scorer = similarity(given.similarity_model, device="cpu")  # it remembers nothing yet
            similar = MinSimilarity(minimum=bound, scorer=scorer, of=of)
            row = measured(few, CHAINS[0], [similar], 1)
            name = f"min_similarity {bound}, {of}"
            found.append({"constraint": name, "texts": len(few), **row})
            print(found[-1], flush=True)
    if not given.small:
        facts = {"data": Path(given.data).name, "machine": platform.machine(), **versions()}
        path = HERE / "results/constraints.json"
        path.write_text(json.dumps({**facts, "rows": found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

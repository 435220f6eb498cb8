"""`robustft attack` beside the attacks of TextAttack: same weights, same texts, same machine.

    python benchmarks/attack.py --sst2 SST2 --sst2-model MODEL --imdb IMDB --imdb-model MODEL \
        --peers PEERS

`PEERS` is a folder with an environment ``textattack`` in it (``PEERS/textattack/bin/python``);
`NLTK_DATA` must name WordNet and stop words for it. A model is a folder of the Hugging Face kind
with two classes, or a training run of ours.

Each library reads as many tokens as the model was trained with, on as many threads. TextAttack pads
every text to the length that the tokenizer names, mostly 512 (``as it comes``; measured where no
text is longer than the model was trained with). ``padded`` is that length cut to the trained one,
``unpadded`` the best that can be had of it, each batch padded to its longest text. The time in the
model is the time in tokenizer and forward pass; all else is the search. Seconds are those of the
clock and, beside them, of the processor, which other work on the machine does not lengthen. What
random edits of as many words do is measured for ours in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from robustft.evaluation.attack.baseline import random_edits
from robustft.evaluation.attack.lockstep import Goal, Victim, attack_rows
from robustft.evaluation.attack.plan import AttackPlan, make_attack
from robustft.evaluation.predict import Predictor
from robustft.model.load import load_finetuned
from robustft.transform.proposals import Proposals, text_constraints
from transforms import machine

HERE = Path(__file__).parent
# What of ours is measured: a recipe, or the default attack.
OURS: dict[str, dict[str, Any]] = {
    "default": {},
    "default, beam": {"search": "beam"},
    "deepwordbug": {"recipe": "deepwordbug"},
    "pwws": {"recipe": "pwws"},
}
# Theirs, and which of ours is of the same kind.
THEIRS = {"deepwordbug": "deepwordbug", "pwws": "pwws"}
PADDINGS = (("tokenizer", "as it comes"), ("max_length", "padded"), ("longest", "unpadded"))


def clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


class Clocked:
    """A model with two clocks around each call."""

    def __init__(self, model: Any) -> None:
        self.model, self.max_length = model, model.max_length
        self.wall = self.cpu = 0.0

    def predict(self, texts: Any, progress: Any = lambda _: None, *, pairs: Any = None) -> Any:
        wall, cpu = clocks()
        said = self.model.predict(texts, progress, pairs=pairs)
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu
        return said


def ours(plan: AttackPlan) -> dict[str, Any]:
    """Attack the rows of a plan; loading the model is not timed, random edits are not either."""
    # Without the store of predictions: an earlier run must not answer for this one.
    loaded = load_finetuned(plan.subject.model, task=plan.split.task)
    model = Clocked(Predictor(loaded, max_length=plan.length, device="cpu"))
    split, texts = plan.split, plan.split.texts
    victim = Victim(model, Goal(np.asarray(split.labels)))
    model.predict(["It is not a bad film, and you will like it."])
    warm = Proposals(texts[:2], plan.transforms)
    warm.ask([(0, place) for place in range(len(warm.offers[0].places))])
    model.wall = model.cpu = 0.0
    wall, cpu = clocks()
    starts = victim.scores(np.arange(len(split)), texts)
    rows = [row for row, score in enumerate(starts) if not score.done]
    ids = [split.ids[row] for row in rows]
    proposals = Proposals(
        [texts[row] for row in rows], plan.transforms, seed=plan.seed, ids=ids, most=plan.most
    )
    whole = text_constraints(plan.transforms)
    made = attack_rows(victim, rows, proposals, [starts[r] for r in rows], plan.search, whole)
    seconds, of_cpu = time.perf_counter() - wall, time.process_time() - cpu
    in_model, cpu_in_model = model.wall, model.cpu
    found = [result for result, _ in made]
    drawn = random_edits(victim, rows, ids, proposals, found, seed=0, constraints=whole)
    words = sum(offer.words for offer in proposals.offers)
    done = sum(result.score.done for result in found)
    lucky = sum(random.done for random in drawn) / 5
    facts = summary(
        texts=len(split),
        attacked=len(rows),
        done=done,
        queries=[queries for _, queries in made],
        seconds=(seconds, in_model),
        cpu=(of_cpu, cpu_in_model),
    )
    chosen = sum(candidate.words for result in found for candidate in result.chosen)
    changed = sum(c.words for result in found if result.score.done for c in result.chosen)
    of = sum(o.words for o, r in zip(proposals.offers, found, strict=True) if r.score.done)
    return facts | {
        "changed_share": chosen / max(words, 1),
        "changed_share_of_successes": changed / max(of, 1),
        "random_success": lucky / max(len(rows), 1),
        "times_random": done / lucky if lucky else None,
    }


def theirs(recipe: str, padding: str, plan: AttackPlan, options: argparse.Namespace) -> Any:
    """Run a recipe of TextAttack in its environment; a string says why not."""
    python = options.peers / "textattack" / "bin" / "python" if options.peers else None
    if python is None or not python.exists():
        return "not installed"
    job = {
        "recipe": recipe,
        "model": plan.subject.model,
        "max_length": None if padding == "tokenizer" else plan.length,
        "texts": list(plan.split.texts),
        "labels": [int(label) for label in np.asarray(plan.split.labels)],
        "threads": options.threads,
        "seconds": options.seconds,
        "padding": padding,
    }
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment |= {"OMP_NUM_THREADS": str(options.threads), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [python, HERE / "peer_attacks.py"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no message"])[-1]
    answer = json.loads(done.stdout[done.stdout.index('{"rows"') :])
    options.versions |= answer["versions"]
    rows = [row for row in answer["rows"] if row["status"] != "SkippedAttackResult"]
    won = [row for row in rows if row["status"] == "SuccessfulAttackResult"]
    facts = summary(
        texts=len(answer["rows"]),
        attacked=len(rows),
        done=len(won),
        queries=[row["queries"] for row in rows],
        seconds=(answer["seconds"], answer["model_seconds"]),
        cpu=(answer["cpu"], answer["model_cpu"]),
    )
    originals = dict(enumerate(plan.split.texts))
    pairs = [
        (originals[number], row["text"])
        for number, row in enumerate(answer["rows"])
        if row["status"] == "SuccessfulAttackResult"
    ]
    words = sum(len(before.split()) for before, _ in pairs)
    changed = sum(a != b for x, y in pairs for a, b in zip(x.split(), y.split(), strict=False))
    return facts | {"changed_share_of_successes": changed / max(words, 1)}


def summary(
    *,
    texts: int,
    attacked: int,
    done: int,
    queries: list[int],
    seconds: tuple[float, float],
    cpu: tuple[float, float],
) -> dict[str, Any]:
    return {
        "texts": texts,
        "attacked": attacked,
        "success_rate": done / max(attacked, 1),
        "accuracy_before": attacked / texts,
        "accuracy_under_attack": (attacked - done) / texts,
        "queries_mean": statistics.mean(queries) if queries else 0,
        "queries_median": statistics.median(queries) if queries else 0,
        "texts_per_second": texts / seconds[0],
        "texts_per_cpu_second": texts / cpu[0],
        "search_ms_per_text": 1000 * (seconds[0] - seconds[1]) / texts,
        "search_cpu_ms_per_text": 1000 * (cpu[0] - cpu[1]) / texts,
        "model_ms_per_text": 1000 * seconds[1] / texts,
        "model_cpu_ms_per_text": 1000 * cpu[1] / texts,
    }


def ratios(mine: dict[str, Any], peer: dict[str, Any]) -> dict[str, float]:
    """Say how many times as fast ours is."""
    return {
        "texts_per_second": mine["texts_per_second"] / peer["texts_per_second"],
        "texts_per_cpu_second": mine["texts_per_cpu_second"] / peer["texts_per_cpu_second"],
        "search": peer["search_ms_per_text"] / mine["search_ms_per_text"],
        "search_cpu": peer["search_cpu_ms_per_text"] / mine["search_cpu_ms_per_text"],
        "queries": peer["queries_mean"] / max(mine["queries_mean"], 1),
    }


def corpus(name: str, data: str, model: str, split: str, texts: int, options: Any) -> Any:
    """Measure all contenders on one corpus."""
    plans: dict[str, AttackPlan] = {
        key: make_attack(
            model, data=data, split=split, max_eval=texts, seed=0, label_kind="sentiment", **how
        )
        for key, how in OURS.items()
    }
    found: dict[str, Any] = {f"robustft {key}": ours(plan) for key, plan in plans.items()}
    missing: dict[str, str] = {}
    compared: list[dict[str, Any]] = []
    for recipe, kind in THEIRS.items():
        for padding, label in PADDINGS:
            if label != "padded" and recipe != "deepwordbug":
                continue
            if label == "as it comes" and name != "SST-2":
                continue
            key = f"textattack {recipe}, {label}"
            made = theirs(recipe, padding, plans[kind], options)
            if isinstance(made, str):
                missing[key] = made
                continue
            found[key] = made
            mine = found[f"robustft {kind}"]
            compared.append({"ours": kind, "peer": key, **ratios(mine, made)})
    report(name, found, compared, missing)
    return {
        "max_length": plans["pwws"].length,
        "contenders": found,
        "ratios": compared,
        "missing": missing,
    }


def report(name: str, found: Any, compared: Any, missing: Any) -> None:
    print(f"\n{name}")
    print(
        f"{'contender':<34}{'texts':>6}{'success':>9}{'under':>8}{'queries':>9}{'changed':>9}"
        f"{'texts/s':>9}{'search ms':>11}{'x random':>10}"
    )
    for key, facts in found.items():
        times = facts.get("times_random")
        print(
            f"{key:<34}{facts['texts']:>6}{facts['success_rate']:>9.1%}"
            f"{facts['accuracy_under_attack']:>8.1%}{facts['queries_mean']:>9.1f}"
            f"{facts['changed_share_of_successes']:>9.1%}{facts['texts_per_cpu_second']:>9.2f}"
            f"{facts['search_cpu_ms_per_text']:>11.2f}"
            f"{'' if times is None else f'{times:.1f}':>10}"
        )
    for row in compared:
        print(
            f"  ours ({row['ours']}) against {row['peer']}: "
            f"{row['texts_per_cpu_second']:.1f} times the texts a second of the processor "
            f"({row['texts_per_second']:.1f} by the clock), search {row['search_cpu']:.0f} times "
            f"as fast ({row['search']:.0f}), {row['queries']:.1f} times fewer queries"
        )
    for key, reason in missing.items():
        print(f"  not measured: {key}: {reason}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--sst2", help="the folder with SST-2")
    parser.add_argument("--sst2-model", help="a model or run trained on it")
    parser.add_argument("--imdb", help="the folder with the reviews")
    parser.add_argument("--imdb-model", help="a model or run trained on them")
    parser.add_argument("--peers", type=Path, help="the folder of the peers' environments")
    parser.add_argument("--texts", type=int, default=40, help="sentences; a fifth as many reviews")
    parser.add_argument("--seconds", type=float, default=60, help="a peer's time on a corpus")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "attack.json")
    options = parser.parse_args()
    options.versions = {}
    torch.set_num_threads(options.threads)
    result: dict[str, Any] = {"threads": options.threads, "corpora": {}}
    if options.sst2_model:
        result["corpora"]["SST-2"] = corpus(
            "SST-2", options.sst2, options.sst2_model, "validation", options.texts, options
        )
    if options.imdb_model:
        result["corpora"]["IMDB"] = corpus(
            "IMDB", options.imdb, options.imdb_model, "test", max(options.texts // 5, 2), options
        )
    if not result["corpora"]:
        print("nothing to attack: name --sst2 with --sst2-model, or --imdb with --imdb-model")
        return
    result |= {"peer_versions": options.versions, "machine": machine()}
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

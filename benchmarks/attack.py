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
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import Results, ask_peer, interleaved, parser

from robustft.evaluation.attack.baseline import random_edits
from robustft.evaluation.attack.lockstep import Goal, Victim, attack_rows
from robustft.evaluation.attack.plan import AttackPlan, make_attack
from robustft.evaluation.predict import Predictor
from robustft.model.load import load_finetuned
from robustft.transform.proposals import Proposals, text_constraints

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


def theirs(
    recipe: str, padding: str, plan: AttackPlan, options: argparse.Namespace, results: Results
) -> dict[str, Any]:
    """Run a recipe of TextAttack in its environment."""
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
    answer = ask_peer(options.peers, "textattack", "peer_attacks.py", job, environment)
    results.peers |= answer["versions"]
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


def corpus(
    name: str,
    source: tuple[str, str, str],
    texts: int,
    options: argparse.Namespace,
    results: Results,
) -> None:
    """Measure all contenders on one corpus: its data, the model, the split."""
    data, model, split = source
    plans: dict[str, AttackPlan] = {
        key: make_attack(
            model, data=data, split=split, max_eval=texts, seed=0, label_kind="sentiment", **how
        )
        for key, how in OURS.items()
    }
    calls: dict[str, Any] = {
        f"robustft {key}": partial(lambda plan, _: ours(plan), plan) for key, plan in plans.items()
    }
    compared: dict[str, str] = {}
    for recipe, kind in THEIRS.items():
        for padding, label in PADDINGS:
            if label != "padded" and recipe != "deepwordbug":
                continue
            if label == "as it comes" and name != "SST-2":
                continue
            key = f"textattack {recipe}, {label}"
            compared[key] = f"robustft {kind}"
            asked = (recipe, padding, plans[kind], options, results)
            calls[key] = partial(lambda given, _: theirs(*given), asked)
    found, missing = interleaved(calls, options.rounds)
    show_speed(name, found, compared, missing, results)
    show_harm(name, found, results)
    results.detail[name] = {"max_length": plans["pwws"].length, "contenders": found}


def show_speed(
    name: str,
    found: Mapping[str, list[Any]],
    compared: dict[str, str],
    missing: dict[str, str],
    results: Results,
) -> None:
    """Note how fast ours are beside TextAttack's."""
    table = results.table(
        f"{name}: texts a second",
        """By the processor's clock. A recipe that has less to propose is done sooner and finds
        less: read it beside the table below.""",
    )
    for key, mine in compared.items():
        extra = {}
        if key in found:
            each = list(map(ratios, found[mine], found[key]))
            times = {kind: statistics.median(r[kind] for r in each) for kind in each[0]}
            extra = {
                "by the wall clock": f"{times['texts_per_second']:.1f} x",
                "the search alone": f"{times['search_cpu']:.1f} x",
                "fewer queries": f"{times['queries']:.2f} x",
            }
        table.row(
            mine,
            against=key,
            unit="texts/s",
            better="more",
            ours=[facts["texts_per_cpu_second"] for facts in found[mine]],
            peer=[facts["texts_per_cpu_second"] for facts in found.get(key, [])],
            missing=missing.get(key),
            extra=extra,
        )


def show_harm(name: str, found: Mapping[str, list[Any]], results: Results) -> None:
    """Note what the attacks did, ours and TextAttack's."""
    table = results.table(
        f"{name}: what they find",
        """Shares of the texts that were read right before; random edits are as many words, changed
        at random by the same transforms.""",
        head=("labels flipped", ""),
    )
    for key, (facts, *_) in found.items():  # every round finds the same
        times = facts.get("times_random")
        table.row(
            key,
            unit="%",
            better="more",
            ours=100 * facts["success_rate"],
            extra={
                "right under attack": f"{facts['accuracy_under_attack']:.1%}",
                "queries a text": f"{facts['queries_mean']:.1f}",
                "words changed": f"{facts['changed_share_of_successes']:.1%}",
                "times random edits": "" if times is None else f"{times:.1f}",
                "texts a second": f"{facts['texts_per_cpu_second']:.2f}",
                "ms a text outside the model": facts["search_cpu_ms_per_text"],
                "texts": facts["texts"],
            },
        )


def demo_model(folder: Path) -> str:
    """Fine-tune a toy on a few demo reviews and return its folder."""
    from robustft import train

    made = train(model="tiny", max_train=400, epochs=1, device="cpu", root=folder, progress=False)
    return str(made.clean)


def main() -> None:
    """Measure, print and save."""
    arguments = parser(__doc__, rounds=1)
    arguments.add_argument("--sst2", help="the folder with SST-2")
    arguments.add_argument("--sst2-model", help="a model or run trained on it")
    arguments.add_argument("--imdb", help="the folder with the reviews")
    arguments.add_argument("--imdb-model", help="a model or run trained on them")
    arguments.add_argument("--texts", type=int, default=40, help="sentences; a fifth of it reviews")
    arguments.add_argument("--seconds", type=float, default=60, help="a peer's time on a corpus")
    arguments.add_argument("--threads", type=int, default=1)
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    results = Results(
        "attack",
        "Attacks beside TextAttack",
        """The same weights, texts, tokens read and threads for our recipes and TextAttack's, which
        pads every text to the length that the tokenizer names (as it comes), here cut to the length
        that the model was trained with (padded), or each batch to its longest text (unpadded). The
        search alone is all time that is not spent in tokenizer and model. A recipe of TextAttack
        has a limited time, so it may do fewer texts.""",
        options,
    )
    few = max(options.texts // 5, 2)
    if options.small:
        with tempfile.TemporaryDirectory() as name:
            corpus("demo", ("demo", demo_model(Path(name)), "test"), few, options, results)
    else:
        for name, data, model, split, texts in (
            ("SST-2", options.sst2, options.sst2_model, "validation", options.texts),
            ("IMDB", options.imdb, options.imdb_model, "test", few),
        ):
            if data and model:
                corpus(name, (data, model, split), texts, options, results)
            else:
                results.skip(name, "no data or no model was named")
    results.save()


if __name__ == "__main__":
    main()

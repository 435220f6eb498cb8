"""Training a head over a frozen encoder: its output reused, recomputed, or run as plain scripts do.

Three ways of the same fine-tuning, in turning order within each round, from the same weights:

- *reuse*: what the frozen part gives for a text is computed once, in an empty cache;
- *recompute*: the frozen part runs in evaluation mode for every batch, the numbers being the same;
- *dropout*: the frozen part runs with its dropout, as in a plain fine-tuning script.

Timed is what `fit` does after tokenizing: the frozen part, all steps, validation after each epoch
and what is saved for a killed run. The learning rate is constant, so that the slow ways can stop
after ``--slow-epochs`` with the very losses that all epochs would begin with; their total is then
the first epoch and as many times the mean of the others as are left. Losses are compared over the
epochs that both have.

``--clock cpu`` counts the process's CPU seconds in place of those on the wall, for a machine that
others use too; with one thread (``OMP_NUM_THREADS=1``) they are what an idle machine would show,
but for waiting on its disk.

    python benchmarks/frozen.py --data conflict_reports/ --model MiniLM/    # the real thing
    python benchmarks/frozen.py --small                                    # a quick look, no files
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from train_cpu import machine
from transformers import AutoModelForSequenceClassification, BertConfig
from transformers.utils import logging

from robustft.data.dataset import load_dataset, sample
from robustft.data.split import Split
from robustft.model.load import LoadedModel, load_model, seeded_torch
from robustft.model.tiny import tiny_tokenizer
from robustft.training import features, progress
from robustft.training.arguments import training_arguments
from robustft.training.loop import fit

WAYS = ("reuse", "recompute", "dropout")
FREEZES = ("all-but-head", "encoder")


def read(options: argparse.Namespace) -> tuple[Split, Split]:
    """Return the rows to train and to validate on."""
    data = load_dataset(options.data or "demo")
    rows = min(options.rows, len(data.train))
    held_out = min(max(rows // 8, 8), len(data.validation))
    return sample(data.train, rows, seed=0), sample(data.validation, held_out, seed=0)


def make_model(options: argparse.Namespace, train: Split) -> LoadedModel:
    """Return the model named, or a small one with random weights."""
    if options.model is not None:
        return load_model(options.model, task=train.task, seed=0)
    tokenizer = tiny_tokenizer(train.texts)
    wide, layers = (64, 2) if options.small else (384, 6)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=wide, intermediate_size=4 * wide,
        num_hidden_layers=layers, num_attention_heads=wide // 32, num_labels=train.task.num_labels,
    )  # fmt: skip
    with seeded_torch(0):
        model = AutoModelForSequenceClassification.from_config(config)
    return LoadedModel(model, tokenizer, "random weights", train.task)


def run(
    options: argparse.Namespace, freeze: str, way: str, train: Split, held_out: Split
) -> dict[str, Any]:
    """Train once; return seconds until the end of each epoch, and the losses."""
    epochs = options.epochs if way == "reuse" else min(options.slow_epochs, options.epochs)
    loaded = make_model(options, train)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result = fit(
            loaded, train, held_out,
            training_arguments(
                epochs=epochs, freeze=freeze, frozen=way, batch_size=options.batch_size,
                learning_rate=2e-3, schedule="constant", warmup_ratio=0.0, device="cpu",
                max_length=options.max_length,
            ),
            folder, progress=False, cache=folder / "cache",
        )  # fmt: skip
        events = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    ends = [event["seconds"] for event in events if event["event"] == "epoch"]
    later = [b - a for a, b in itertools.pairwise(ends)]
    return {
        "epochs": epochs,
        "first_epoch_seconds": ends[0],
        "later_epoch_seconds": later,
        "seconds_for_all_epochs": ends[0]
        + (sum(later) / len(later)) * (options.epochs - 1 if later else 0),
        "train_loss": [entry["train_loss"] for entry in result.history],
        "validation_loss": [entry["loss"] for entry in result.history],
        "notices": list(result.notices),
    }


def largest_difference(rounds: dict[str, list[Any]]) -> float:
    """Return how far reuse and recomputing lie apart at most, over epochs and both splits."""
    return max(
        abs(a - b)
        for one, other in zip(rounds["reuse"], rounds["recompute"], strict=True)
        for split in ("train_loss", "validation_loss")
        for a, b in zip(one[split], other[split], strict=False)
    )


def summary(rounds: dict[str, list[Any]]) -> dict[str, Any]:
    """Return medians over rounds and the ratios that matter."""
    total = {
        way: statistics.median(found["seconds_for_all_epochs"] for found in each)
        for way, each in rounds.items()
    }
    later = {
        way: statistics.median(x for found in each for x in found["later_epoch_seconds"])
        for way, each in rounds.items()
    }
    return {
        "total_speed_up": total["recompute"] / total["reuse"],
        "speed_up_from_the_second_epoch_on": later["recompute"] / later["reuse"],
        "largest_loss_difference": largest_difference(rounds),
        "total_speed_up_over_plain": total["dropout"] / total["reuse"],
        "epochs_compared": min(len(found["train_loss"]) for found in rounds["recompute"]),
        "total_seconds": total,
        "epoch_seconds_from_the_second_on": later,
        "rounds": rounds,
    }


def measure(options: argparse.Namespace, train: Split, held_out: Split) -> dict[str, Any]:
    """Return the summary of every kind of freezing."""
    rounds: dict[str, dict[str, list[Any]]] = {f: {way: [] for way in WAYS} for f in FREEZES}
    for number in range(options.rounds):
        turn = number % len(WAYS)
        for freeze in FREEZES:
            for way in WAYS[turn:] + WAYS[:turn]:
                found = run(options, freeze, way, train, held_out)
                rounds[freeze][way].append(found)
                print(
                    f"round {number + 1} {freeze} {way}: {found['epochs']} epochs, first "
                    f"{found['first_epoch_seconds']:.1f} s, then "
                    f"{statistics.median(found['later_epoch_seconds']):.3f} s each",
                    flush=True,
                )
    return {freeze: summary(each) for freeze, each in rounds.items()}


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", help="texts, as robustft takes them; default: demo reviews")
    parser.add_argument("--model", help="a model folder; default: random weights, MiniLM's shape")
    parser.add_argument("--rows", type=int, default=384, help="training rows")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--slow-epochs", type=int, default=3, help="of the slow ways, 2 or more")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--max-length", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    parser.add_argument("--small", action="store_true", help="64 rows and a model of toy size")
    parser.add_argument("--out", type=Path, default=Path("frozen.json"))
    options = parser.parse_args()
    options.slow_epochs = max(2, options.slow_epochs)
    options.rows = 64 if options.small else options.rows
    logging.set_verbosity_error()
    if options.clock == "cpu":
        clock = SimpleNamespace(perf_counter=time.process_time)
        for module in (features, progress):
            module.time = clock  # type: ignore[attr-defined]
    about = machine()
    train, held_out = read(options)
    found = measure(options, train, held_out)
    settings = {k: Path(v).name if k in ("data", "model", "out") and v else v
                for k, v in vars(options).items()}  # fmt: skip
    whole = {
        **found, "rows": len(train), "validation_rows": len(held_out), "settings": settings,
        "machine": about,
    }  # fmt: skip
    options.out.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    for freeze, values in found.items():
        print(
            f"{freeze}: reuse is {values['total_speed_up']:.1f} x as fast as recomputing over "
            f"{options.epochs} epochs ({values['speed_up_from_the_second_epoch_on']:.0f} x from "
            f"the second on), {values['total_speed_up_over_plain']:.1f} x as fast as plain; "
            f"losses differ by at most {values['largest_loss_difference']:.1e} over "
            f"{values['epochs_compared']} epochs"
        )
    print(f"saved: {options.out}")


if __name__ == "__main__":
    main()

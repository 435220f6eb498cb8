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
import tempfile
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from common import Results, interleaved, matrix_speed, median, parser
from corpora import random_model
from transformers.utils import logging

from robustft.data.dataset import load_dataset, sample
from robustft.data.split import Split
from robustft.model.load import LoadedModel, load_model
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
    """Return the model named, or one with random weights."""
    if options.model is not None:
        return load_model(options.model, task=train.task, seed=0)
    made: LoadedModel = random_model(train, small=options.small)
    return made


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


def largest_losses(rounds: dict[str, list[Any]]) -> int:
    """Return over how many epochs the losses are compared."""
    return min(len(found["train_loss"]) for found in rounds["recompute"])


def measure(options: argparse.Namespace, train: Split, held_out: Split) -> dict[str, Any]:
    """Return every round of every way, by kind of freezing."""
    rounds: dict[str, dict[str, list[Any]]] = {}
    for freeze in FREEZES:
        ways = {
            way: partial(lambda f, w, _: run(options, f, w, train, held_out), freeze, way)
            for way in WAYS
        }
        rounds[freeze], _ = interleaved(ways, options.rounds)
    return rounds


def show(results: Results, rounds: dict[str, dict[str, list[Any]]], epochs: int) -> None:
    """Note the whole fine-tuning, and an epoch from the second on, beside the slow ways."""
    whole = results.table(
        f"All {epochs} epochs",
        f"They cannot be more than {epochs} times as fast: the frozen part has to be run once.",
    )
    later = results.table("An epoch from the second on")
    for freeze, found in rounds.items():
        for way, name in (("recompute", "computed anew"), ("dropout", "a plain script")):
            whole.row(
                freeze,
                against=name,
                unit="s",
                ours=[each["seconds_for_all_epochs"] for each in found["reuse"]],
                peer=[each["seconds_for_all_epochs"] for each in found[way]],
                extra={
                    "losses differ by": f"{largest_difference(found):.0e}",
                    "over epochs": largest_losses(found),
                }
                if way == "recompute"
                else {},
            )
            later.row(
                freeze,
                against=name,
                unit="s",
                ours=[median(each["later_epoch_seconds"]) for each in found["reuse"]],
                peer=[median(each["later_epoch_seconds"]) for each in found[way]],
            )


def main() -> None:
    """Measure, print and save."""
    arguments = parser(__doc__)
    arguments.add_argument("--data", help="texts, as robustft takes them; default: demo reviews")
    arguments.add_argument("--model", help="a model; default: random weights, MiniLM's shape")
    arguments.add_argument("--rows", type=int, default=384, help="training rows")
    arguments.add_argument("--epochs", type=int, default=20)
    arguments.add_argument("--slow-epochs", type=int, default=3, help="of the slow ways, 2 or more")
    arguments.add_argument("--batch-size", type=int, default=16)
    arguments.add_argument("--max-length", type=int, default=256)
    arguments.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    options = arguments.parse_args()
    options.slow_epochs = max(2, options.slow_epochs)
    if options.small:
        options.rows, options.rounds = min(options.rows, 64), 1
        options.epochs = min(options.epochs, 4)
    logging.set_verbosity_error()
    if options.clock == "cpu":
        clock = SimpleNamespace(perf_counter=time.process_time)
        for module in (features, progress):
            module.time = clock  # type: ignore[attr-defined]
    results = Results(
        "frozen",
        "Training over a frozen encoder",
        """A head, or pooler and head, train over a frozen encoder: what the frozen part gives for
        a text computed once and reused; computed anew for every batch (the same batches, masks and
        losses); or run with its dropout, as plain scripts do. Timed is what fitting does after
        tokenizing: the frozen part, all steps, validation and what is saved each epoch. The slow
        ways run some epochs at a constant rate, and their total is extended to all.""",
        options,
    )
    if not options.small:
        results.machine["gflops_fp32"] = matrix_speed()
    train, held_out = read(options)
    rounds = measure(options, train, held_out)
    show(results, rounds, options.epochs)
    results.detail = {"rows": len(train), "validation_rows": len(held_out), "rounds": rounds}
    results.save()


if __name__ == "__main__":
    main()

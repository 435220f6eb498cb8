"""Fine-tuning on a CPU, side by side: transformers' Trainer, Trainer grouping by length, robustft.

The same model, corpus, batch size and hyper-parameters, from the same weights, in turning order.
Each forms batches of the whole corpus in its own way and trains on as many of them, short ones and
long ones alike: on a few rows alone nobody can group by length well. Compared are tokens of texts
a second, padding not counted; tokenizing is timed for none. Each round measures the machine's
limit, too: the product of two large matrices by the same threads.

    python benchmarks/train_cpu.py --data IMDB --model MINILM    # real reviews, a real model
    python benchmarks/train_cpu.py --small                       # a quick look, no files

``--clock cpu`` counts the process's CPU seconds in place of those on the wall, for a machine that
others use too; with one thread (``OMP_NUM_THREADS=1``) they are what an idle machine would show.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from arithmetic import matrix_limit
from common import Results, Target, interleaved, median, parser
from corpora import generated_reviews, random_model
from transformers import DataCollatorWithPadding, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_pt_utils import LengthGroupedSampler
from transformers.utils import logging

from robustft.data.dataset import load_dataset, sample
from robustft.data.split import Split
from robustft.model.device import has_native_bfloat16
from robustft.model.flops import training_flops
from robustft.model.load import LoadedModel, load_model, seeded_torch
from robustft.seeding import fold_in
from robustft.training.arguments import training_arguments
from robustft.training.batching import plan_epoch, slice_batch
from robustft.training.examples import LabelledTokens, tokenize_split
from robustft.training.loop import train_epoch
from robustft.training.objectives import objective_of
from robustft.training.progress import TrainingBar
from robustft.training.setup import Setup, prepare_examples
from robustft.training.validation import validate

DEFAULT, GROUPED, LIMIT = "trainer", "trainer, grouped by length", "limit"
OURS, OURS_BF16 = "robustft", "robustft in bfloat16"
RATE, HELD_OUT = 2e-5, 32


def read(options: argparse.Namespace) -> tuple[Split, Split]:
    """Return the corpus and the held-out rows."""
    if options.data is None:
        rows = options.rows or 2_000
        return generated_reviews(rows), generated_reviews(HELD_OUT, seed=1)
    data = load_dataset(options.data)
    train = sample(data.train, min(options.rows or len(data.train), len(data.train)), seed=0)
    return train, sample(data.validation, HELD_OUT, seed=1)


class Rows(torch.utils.data.Dataset[dict[str, Any]]):
    """Tokenized rows as `Trainer` takes them."""

    def __init__(self, data: LabelledTokens) -> None:
        tokens = data.tokens
        self._rows = [
            {"input_ids": tokens.ids[a:b].tolist(), "labels": int(label)}
            for a, b, label in zip(
                tokens.offsets[:-1], tokens.offsets[1:], data.labels, strict=True
            )
        ]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self._rows[index]


class Counting(DataCollatorWithPadding):
    """The collator of `Trainer` that pads to the longest row of a batch, and counts."""

    computed = 0

    def __call__(self, features: list[dict[str, Any]]) -> dict[str, Any]:
        self.lengths = [*getattr(self, "lengths", []), *(len(f["input_ids"]) for f in features)]
        batch: dict[str, Any] = super().__call__(features)
        self.computed += batch["input_ids"].numel()
        return batch


def evenly(batches: list[Any], lengths: Any, steps: int, seed: int) -> list[Any]:
    """Return some full batches, at even places of their order by tokens.

    So each contender gets its short ones and its long ones, and chance, which `seed` draws, little
    to say.
    """
    size = max(map(len, batches))
    full = [rows for rows in batches if len(rows) == size]
    order = sorted(full, key=lambda rows: int(lengths[rows].sum()))
    start = np.random.default_rng(seed).random()
    return [order[int((number + start) * len(order) / steps)] for number in range(steps)]


class Drawn(Trainer):
    """A `Trainer` that trains on some batches of its sampler."""

    steps, lengths = 0, np.empty(0, np.int64)

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        order = np.array(list(super()._get_train_sampler(train_dataset)))
        size = self.args.train_batch_size
        batches = [order[at : at + size] for at in range(0, len(order), size)]
        return np.concatenate(evenly(batches, self.lengths, self.steps, self.args.seed)).tolist()


class Watch(TrainerCallback):
    """Takes the time between the first step and the last."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self.started = self._clock()

    def on_train_end(self, *_: Any, **__: Any) -> None:
        self.seconds = self._clock() - self.started


class Race:
    """All contenders, over one corpus."""

    def __init__(self, options: argparse.Namespace, train: Split, held_out: Split) -> None:
        self._options = options
        self._loaded = self._make_model(train)
        length = options.max_length
        self.data, self._held_out = (
            tokenize_split(self._loaded.tokenizer, split, length) for split in (train, held_out)
        )
        self._rows = Rows(self.data)
        self._clock = time.process_time if options.clock == "cpu" else time.perf_counter

    def _make_model(self, train: Split) -> LoadedModel:
        if self._options.model is not None:
            return load_model(self._options.model, task=train.task, seed=0)
        made: LoadedModel = random_model(train, small=self._options.small)
        return made

    def contenders(self) -> dict[str, Callable[[int], Any]]:
        found: dict[str, Callable[[int], Any]] = {
            DEFAULT: partial(self._trainer, "random"),
            GROUPED: partial(self._trainer, "group_by_length"),
            OURS: partial(self._ours, "fp32"),
        }
        if has_native_bfloat16():
            found[OURS_BF16] = partial(self._ours, "bf16")
        size = 512 if self._options.small else 2048
        found[LIMIT] = lambda _: matrix_limit(size=size, clock=self._clock)
        return found

    def _setup(self, seed: int, precision: str = "fp32") -> Setup:
        # A copy: accelerate leaves a model that it has prepared as it is, whatever the precision.
        loaded = replace(self._loaded, model=deepcopy(self._loaded.model))
        return prepare_examples(
            loaded,
            objective_of(self._loaded.task),
            self.data,
            self._held_out,
            training_arguments(
                epochs=1, batch_size=self._options.batch_size, learning_rate=RATE, device="cpu",
                max_length=self._options.max_length, seed=seed, precision=precision,
                max_steps=self._steps,
            ),
        )  # fmt: skip

    @property
    def _steps(self) -> int:
        return int(min(self._options.steps, len(self.data) // self._options.batch_size))

    def _ours(self, precision: str, turn: int) -> dict[str, Any]:
        """Train with our loop."""
        seed = max(turn, 0)
        setup = self._setup(seed, precision)
        size, lengths = self._options.batch_size, self.data.lengths
        plan = plan_epoch(lengths, size, fold_in(seed, "epoch", 0))
        drawn = evenly(plan, lengths, self._steps, seed)
        with (
            patch("robustft.training.loop.plan_epoch", lambda *_: drawn),
            seeded_torch(0),
            TrainingBar("", 1, 0, shown=False) as bar,
        ):
            started = self._clock()
            loss = train_epoch(setup, 0, bar)
            seconds = self._clock() - started
        return self._found(setup, seconds, lengths[np.concatenate(drawn)], setup.computed, loss)

    def _trainer(self, strategy: str, turn: int) -> dict[str, Any]:
        """Train with transformers' Trainer."""
        seed = max(turn, 0)
        setup, collator = self._setup(seed), Counting(self._loaded.tokenizer)
        watch = Watch(self._clock)
        with tempfile.TemporaryDirectory() as folder:
            trainer = Drawn(
                model=setup.loaded.model,
                args=TrainingArguments(
                    output_dir=folder, num_train_epochs=1, learning_rate=RATE, weight_decay=0.01,
                    per_device_train_batch_size=self._options.batch_size, warmup_steps=0.06,
                    seed=seed, max_grad_norm=1.0, lr_scheduler_type="linear", save_strategy="no",
                    logging_strategy="no", report_to=[], disable_tqdm=True, use_cpu=True,
                    train_sampling_strategy=strategy,
                ),
                train_dataset=self._rows,
                data_collator=collator,
                callbacks=[watch],
            )  # fmt: skip
            trainer.steps, trainer.lengths = self._steps, self.data.lengths
            loss = float(trainer.train().training_loss)
        lengths = np.array(collator.lengths)
        return self._found(setup, watch.seconds, lengths, collator.computed, loss)

    def _found(
        self, setup: Setup, seconds: float, lengths: Any, computed: int, loss: float
    ) -> dict[str, Any]:
        tokens = int(lengths.sum())
        return {
            "seconds": seconds,
            "rows": len(lengths),
            "tokens": tokens,
            "tokens_per_second": tokens / seconds,
            "flop_per_second": training_flops(self._loaded.model, lengths) / seconds,
            "padding": 1 - tokens / computed,
            "train_loss": loss,
            "held_out_loss": validate(setup, setup.validation).loss,
        }

    def padding_of_whole_corpus(self) -> dict[str, Any]:
        """Return what share of the computed tokens each way would waste over all rows."""
        lengths, size = self.data.lengths, self._options.batch_size

        def share(batches: list[Any]) -> float:
            computed = sum(len(rows) * int(lengths[rows].max()) for rows in batches)
            return 1 - int(lengths.sum()) / computed

        def batches(order: Any) -> list[Any]:
            return [order[at : at + size] for at in range(0, len(order), size)]

        generator = torch.Generator().manual_seed(0)
        grouped = LengthGroupedSampler(size, lengths=lengths.tolist(), generator=generator)
        planned = plan_epoch(lengths, size, 0)
        sliced = [
            b[part] for b in planned for part in slice_batch(lengths[b], max_rows=size, split=True)
        ]
        return {
            "rows": len(lengths),
            DEFAULT: share(batches(np.random.default_rng(0).permutation(len(lengths)))),
            GROUPED: share(batches(np.array(list(grouped)))),
            OURS: share(sliced),
            "robustft, before slicing": share(planned),
        }


def tell(results: Results, rounds: dict[str, list[Any]], padding: dict[str, Any]) -> None:
    """Put what was found into tables."""
    table = results.table(
        "One training run after another",
        f"""Batches of {results.options.batch_size}, at most {results.options.max_length} tokens;
        padding is that over all {padding["rows"]:,} rows of the corpus.""",
    )
    limit = median(rounds[LIMIT])

    def values(way: str, name: str) -> list[float]:
        return [found[name] for found in rounds[way]]

    def extra(way: str, other: str) -> dict[str, Any]:
        found = {}
        for whose, name in (("our", way), ("their", other)):
            losses = values(name, "held_out_loss")
            share = median(values(name, "flop_per_second")) / limit
            wasted = padding[OURS if name == OURS_BF16 else name]
            found[f"{whose} share of the limit in fp32"] = f"{share:.0%}"
            found[f"{whose} padding"] = f"{wasted:.1%}"
            found[f"{whose} held-out loss"] = f"{min(losses):.4f} to {max(losses):.4f}"
        return found

    speed, small = "tokens_per_second", results.options.small
    races = [(OURS, DEFAULT, Target(1.5)), (OURS, GROUPED, Target(1.0)), (OURS_BF16, OURS, None)]
    for way, other, target in races:
        if way in rounds:
            table.row(
                way, against=other, unit="tokens/s", better="more", ours=values(way, speed),
                peer=values(other, speed), target=None if small else target,
                extra=extra(way, other),
            )  # fmt: skip
    table.row(
        "padding over all rows", ours=100 * padding[OURS], unit="%", against=GROUPED,
        peer=100 * padding[GROUPED], target=Target(3, of="ours", bound="at most"),
    )  # fmt: skip
    results.detail = {"padding_over_all_rows": padding, "limit": limit, "rounds": rounds}


def main() -> None:
    """Measure, print and save."""
    arguments = parser(__doc__, rounds=5)
    arguments.add_argument("--data", help="reviews, as robustft takes them; default: generated")
    arguments.add_argument("--model", help="a model folder; default: random weights")
    arguments.add_argument("--rows", type=int, help="rows of the corpus; default: all")
    arguments.add_argument("--steps", type=int, default=6, help="batches that each trains on")
    arguments.add_argument("--batch-size", type=int, default=16)
    arguments.add_argument("--max-length", type=int, default=512)
    arguments.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    options = arguments.parse_args()
    if options.small:
        options.rows, options.steps = options.rows or 128, min(options.steps, 2)
    logging.set_verbosity_error()
    results = Results(
        "train_cpu", "Fine-tuning on a CPU",
        """Film reviews of natural lengths, batches formed of the whole corpus, beside `Trainer` of
        transformers at its default sampling and grouping by length, with the same hyper-parameters.
        Tokens are those of the texts, without padding.""",
        options,
    )  # fmt: skip
    race = Race(options, *read(options))
    rounds, _ = interleaved(race.contenders(), options.rounds)
    tell(results, rounds, race.padding_of_whole_corpus())
    results.save()


if __name__ == "__main__":
    main()

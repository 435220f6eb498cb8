"""Fine-tuning on a CPU, side by side: transformers' Trainer, Trainer grouping by length, robustft.

The same model, texts, batch size and hyper-parameters; each round trains all three for one epoch
from the same weights, in turning order, so that a machine whose speed drifts favours nobody.
Tokenizing is not timed for any of them. Ratios come first; everything is saved as JSON.

    python benchmarks/train_cpu.py --data imdb/ --model MiniLM/    # real reviews, a real model
    python benchmarks/train_cpu.py --rows 64 --small               # a quick look, no files

`Trainer` groups by length within windows of up to 50 batches, and of a quarter of the corpus if
that is less, so on few rows it pads more than on a whole corpus. The padding that each would have
over all rows of the data is therefore computed too, without training.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
)
from transformers.trainer_pt_utils import LengthGroupedSampler
from transformers.utils import logging

from robustft.data.dataset import load_dataset, sample
from robustft.data.run_folder import versions
from robustft.data.split import Split
from robustft.model.load import LoadedModel, load_model, seeded_torch
from robustft.model.tiny import tiny_tokenizer
from robustft.seeding import Draw, fold_in
from robustft.training.arguments import training_arguments
from robustft.training.batching import plan_epoch, slice_batch, tokenize
from robustft.training.examples import LabelledTokens
from robustft.training.loop import train_epoch
from robustft.training.progress import TrainingBar
from robustft.training.setup import prepare
from robustft.training.validation import validate

DEFAULT, GROUPED, OURS = "trainer", "trainer, grouped by length", "robustft"
RATE, HELD_OUT = 2e-5, 64


def natural_corpus(rows: int) -> Split:
    """Join demo reviews to the lengths of film reviews: log-normal, a median of 170 words."""
    demo = load_dataset("demo").train
    draw = Draw(fold_in(0, "lengths"))
    spread = np.random.default_rng(0).lognormal(np.log(170), 0.6, rows)
    texts = []
    for words in spread:
        text = ""
        while text.count(" ") < words:
            text += demo.texts[draw.integers(len(demo))] + " "
        texts.append(" ".join(text.split()[: int(words)]))
    labels = demo.labels
    assert labels is not None
    positive = [i for i, code in enumerate(labels) if code == 1]
    negative = [i for i, code in enumerate(labels) if code == 0]
    order = [(positive if i % 2 else negative)[i // 2] for i in range(rows)]
    return demo.take(order).with_columns({"text": texts})


def read(options: argparse.Namespace) -> tuple[Split, Split, Split]:
    """Return all training rows, those in use, and the held-out ones."""
    if options.data is None:
        whole = natural_corpus(max(2_000, options.rows))
        held_out = sample(natural_corpus(2_000), HELD_OUT, seed=1)
    else:
        data = load_dataset(options.data)
        whole, held_out = data.train, sample(data.validation, HELD_OUT, seed=1)
    return whole, sample(whole, options.rows, seed=0), held_out


def make_model(options: argparse.Namespace, train: Split) -> LoadedModel:
    """Return the model under test: the one named, or random weights in MiniLM's shape."""
    if options.model is not None:
        return load_model(options.model, task=train.task, seed=0)
    tokenizer = tiny_tokenizer(train.texts)
    wide, layers, heads = (64, 2, 2) if options.small else (384, 6, 12)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=wide,
        intermediate_size=4 * wide,
        num_hidden_layers=layers,
        num_attention_heads=heads,
    )
    with seeded_torch(0):
        model = AutoModelForSequenceClassification.from_config(config)
    return LoadedModel(model, tokenizer, "random weights", train.task)


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

    tokens = computed = 0

    def __call__(self, features: list[dict[str, Any]]) -> dict[str, Any]:
        batch: dict[str, Any] = super().__call__(features)
        self.tokens += int(batch["attention_mask"].sum())
        self.computed += batch["input_ids"].numel()
        return batch


def run_trainer(
    loaded: LoadedModel, data: LabelledTokens, options: argparse.Namespace, seed: int, way: str
) -> dict[str, float]:
    """Train one epoch with transformers' Trainer."""
    collator = Counting(loaded.tokenizer)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=loaded.model,
            args=TrainingArguments(
                output_dir=folder, num_train_epochs=1, learning_rate=RATE, weight_decay=0.01,
                per_device_train_batch_size=options.batch_size, warmup_steps=0.06, seed=seed,
                max_grad_norm=1.0, lr_scheduler_type="linear", save_strategy="no",
                logging_strategy="no", report_to=[], disable_tqdm=True, use_cpu=True,
                train_sampling_strategy="group_by_length" if way == GROUPED else "random",
            ),
            train_dataset=Rows(data),
            data_collator=collator,
        )  # fmt: skip
        # Its own clock, which leaves out what it prepares.
        result = trainer.train()
    return {
        "seconds": float(result.metrics["train_runtime"]),
        "tokens": collator.tokens,
        "padding": 1 - collator.tokens / collator.computed,
        "train_loss": float(result.training_loss),
    }


def run_ours(setup: Any) -> dict[str, float]:
    """Train one epoch with our loop."""
    setup.tokens = setup.computed = 0
    with seeded_torch(0), TrainingBar("", 1, 0, shown=False) as bar:
        started = time.perf_counter()
        loss = train_epoch(setup, 0, bar)
        seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "tokens": setup.tokens,
        "padding": 1 - setup.tokens / setup.computed,
        "train_loss": loss,
    }


def measure(options: argparse.Namespace, train: Split, held_out: Split) -> dict[str, list[Any]]:
    """Return every round of every contender."""
    loaded = make_model(options, train)
    start = {name: tensor.clone() for name, tensor in loaded.model.state_dict().items()}
    rounds: dict[str, list[Any]] = {DEFAULT: [], GROUPED: [], OURS: []}
    ways = list(rounds)
    for number in range(-options.warm_up, options.rounds):
        for way in ways[number % 3 :] + ways[: number % 3]:
            loaded.model.load_state_dict(start)
            setup = prepare(
                loaded,
                train,
                held_out,
                training_arguments(
                    epochs=1, batch_size=options.batch_size, learning_rate=RATE, device="cpu",
                    max_length=options.max_length, seed=max(number, 0),
                ),
            )  # fmt: skip
            if way == OURS:
                found = run_ours(setup)
            else:
                found = run_trainer(loaded, setup.train, options, max(number, 0), way)
            found["held_out_loss"] = validate(setup, setup.validation).loss
            if number >= 0:
                rounds[way].append(found)
            print(f"round {number + 1} {way}: {found['seconds']:.1f} s", flush=True)
    return rounds


def padding_of_whole_corpus(options: argparse.Namespace, whole: Split, tokenizer: Any) -> Any:
    """Return what share of the computed tokens each way would waste over all rows."""
    lengths = tokenize(tokenizer, whole.texts, options.max_length).lengths
    size = options.batch_size

    def share(batches: list[Any]) -> float:
        computed = sum(len(rows) * int(lengths[rows].max()) for rows in batches)
        return 1 - int(lengths.sum()) / computed

    def batches(order: Any) -> list[Any]:
        return [order[at : at + size] for at in range(0, len(order), size)]

    generator = torch.Generator().manual_seed(0)
    grouped = np.array(
        list(LengthGroupedSampler(size, lengths=lengths.tolist(), generator=generator))
    )
    planned = plan_epoch(lengths, size, 0)
    sliced = [
        b[part] for b in planned for part in slice_batch(lengths[b], max_rows=size, split=True)
    ]
    return {
        "rows": len(lengths),
        DEFAULT: share(batches(np.random.default_rng(0).permutation(len(lengths)))),
        GROUPED: share(batches(grouped)),
        OURS: share(sliced),
        "robustft, before slicing": share(planned),
    }


def machine() -> dict[str, Any]:
    """Return what ran, with its measured limit: a large matrix product in 32 bits."""
    model = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [
            x.split(": ")[1] for x in info.read_text().splitlines() if x.startswith("model name")
        ]
        model = names[0] if names else model
    a = torch.rand(2048, 2048)
    speeds = []
    for _ in range(5):
        started = time.perf_counter()
        a @ a
        speeds.append(2 * 2048**3 / (time.perf_counter() - started))
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load_before": os.getloadavg()[0],
        "gflops_fp32": round(max(speeds) / 1e9, 1),
        **versions(),
    }


def summary(rounds: dict[str, list[Any]]) -> dict[str, Any]:
    """Return medians, spreads and the ratios that matter."""
    medians = {way: statistics.median(r["seconds"] for r in rs) for way, rs in rounds.items()}
    contenders = {
        way: {
            "seconds": medians[way],
            "tokens_per_second": statistics.median(r["tokens"] / r["seconds"] for r in rs),
            "padding": statistics.mean(r["padding"] for r in rs),
            "train_loss": [r["train_loss"] for r in rs],
            "held_out_loss": [r["held_out_loss"] for r in rs],
        }
        for way, rs in rounds.items()
    }
    return {
        "ratio_to_trainer": medians[DEFAULT] / medians[OURS],
        "ratio_to_trainer_grouped": medians[GROUPED] / medians[OURS],
        "contenders": contenders,
    }


def main() -> None:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", help="reviews, as robustft takes them; default: generated")
    parser.add_argument("--model", help="a model folder; default: random weights, MiniLM's shape")
    parser.add_argument("--rows", type=int, default=128)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--max-length", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--warm-up", type=int, default=0, help="rounds that do not count")
    parser.add_argument("--small", action="store_true", help="a model of toy size")
    parser.add_argument("--out", type=Path, default=Path("train_cpu.json"))
    options = parser.parse_args()
    logging.set_verbosity_error()
    found: dict[str, Any] = {"machine": machine()}
    whole, train, held_out = read(options)
    rounds = measure(options, train, held_out)
    found = {
        **summary(rounds),
        "settings": {k: str(v) if isinstance(v, Path) else v for k, v in vars(options).items()},
        "padding_over_all_rows": padding_of_whole_corpus(
            options, whole, make_model(options, train).tokenizer
        ),
        **found,
        "rounds": rounds,
    }
    options.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(f"robustft is {found['ratio_to_trainer']:.2f} x Trainer, "
          f"{found['ratio_to_trainer_grouped']:.2f} x Trainer grouped by length")  # fmt: skip
    for way, values in found["contenders"].items():
        loss = values["held_out_loss"]
        print(
            f"  {way:28} {values['seconds']:8.1f} s {values['tokens_per_second']:8.0f} tokens/s  "
            f"padding {values['padding']:5.1%}  held-out loss {statistics.mean(loss):.4f} "
            f"({min(loss):.4f} to {max(loss):.4f})"
        )
    print(f"  saved: {options.out}")


if __name__ == "__main__":
    main()

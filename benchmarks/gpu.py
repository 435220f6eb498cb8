"""One GPU: fine-tuning and prediction with ``--fast``, beside transformers' Trainer and pipeline.

    python benchmarks/gpu.py                        # all of it, on one GPU: half an hour or so
    python benchmarks/gpu.py --only trainer         # one part; the others stay in the results
    python benchmarks/gpu.py --small                # a quick look, no GPU

Texts are made up and weights random, of the lengths of real corpora and the shapes of real models.
Parts: `reports` and `reviews` (whole runs, end to end), `trainer` (epoch for epoch), `utilisation`
(the share of the GPU's arithmetic), `prediction`, `profile` (busy time and launches).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import torch
from common import HERE, NotMeasured, Results, Table, Target, interleaved, parser
from gpu_data import corpus, make_model
from gpu_ways import (
    RATE,
    fine_tune,
    launches,
    made_ready,
    now,
    pipeline_seconds,
    precision,
    trainer,
)

from robustft.errors import first_line
from robustft.evaluation.predict import Predictor
from robustft.model.flops import PEAK_TFLOPS
from robustft.training.arguments import training_arguments
from robustft.training.loop import fit

TITLES = {
    "reports": "Whole run: BERT-base",
    "reviews": "Whole run: DistilBERT",
    "trainer": "Beside Trainer",
    "utilisation": "Utilisation",
    "prediction": "Prediction",
    "profile": "Profile",
}
NO_GPU = "no GPU on this machine"
# What must hold.
WHOLE = Target(90, of="ours", bound="at most")
RATIO = Target(3)
SHARE = Target(45, of="ours")
SWIFT = Target(8, of="ours", bound="at most")


class Bench:
    """The sizes of all parts and what they share."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.small = options, bool(options.small)
        self.results = Results(
            "gpu",
            "One GPU",
            "Fine-tuning and prediction on one GPU with `--fast`. Texts are made up and weights "
            "random, of the lengths of real corpora and the shapes of real models.",
            options,
        )

    def texts(self, name: str, rows: int, **how: Any) -> Any:
        """Return a corpus, or little of it."""
        rows, longest = (min(rows, 24), 64) if self.small else (rows, 512)
        return corpus(name, rows, words=395 if self.small else 30_000, longest=longest, **how)

    def held_out(self, name: str) -> Any:
        return self.texts(name, 500, seed=1, split="validation")

    def model(self, shape: str) -> Any:
        return make_model(shape, small=self.small)

    def whole(self, part: str, shape: str, rows: int, epochs: int, batch_size: int) -> None:
        """Time a run from texts to the saved model."""
        train, held_out = self.texts(part, rows), self.held_out(part)
        arguments = training_arguments(
            epochs=1 if self.small else epochs, batch_size=batch_size, learning_rate=RATE,
            max_length=512, fast=True, precision=precision(),
        )  # fmt: skip
        figures, scores = [], []
        for _ in range(self.options.rounds):
            loaded = self.model(shape)
            with tempfile.TemporaryDirectory() as folder:
                started = now()
                result = fit(loaded, train, held_out, arguments, Path(folder), progress=False)
                figures.append(now() - started)
            scores.append(result.metrics["accuracy"])
        table = self.results.table(
            TITLES[part],
            f"{arguments.epochs} epochs over {len(train):,} texts of up to 512 tokens, batch "
            f"{batch_size}, from texts to the saved model: tokenizing, scoring {len(held_out)} "
            "held-out texts after each epoch, checkpoints.",
        )
        table.row(
            f"{shape}, {len(train):,} texts", ours=figures, unit="s",
            target=None if self.small else WHOLE,
            extra={"held-out accuracy": round(min(s for s in scores if s is not None), 3)},
        )  # fmt: skip

    def reports(self) -> None:
        self.whole("reports", "bert", 3_330, 10, 8)

    def reviews(self) -> None:
        self.whole("reviews", "distilbert", 25_000, 3, 32)

    def trainer(self) -> None:
        """Take the time of one epoch, the second, for each way of training."""
        table = self.results.table(
            TITLES["trainer"],
            "The second of two epochs, the same texts, batch size, rates and precision (bf16 on a "
            "GPU). Defaults: the Trainer's own. Best: lengths grouped and padded to multiples of "
            "64, fused AdamW, torch.compile, four loading processes, pinned memory.",
        )
        for name, shape, rows, size in (
            ("reports", "bert", 3_330, 8),
            ("reviews", "distilbert", 6_400, 32),
        ):
            train, held_out = self.texts(name, rows), self.held_out(name)
            given = (partial(self.model, shape), train, held_out)
            ways = {
                "fast": lambda _, g=given, s=size: fine_tune(*g, fast=True, batch_size=s),
                "plain": lambda _, g=given, s=size: fine_tune(*g, fast=False, batch_size=s),
                "Trainer": lambda _, g=given, s=size: trainer(*g, best=False, batch_size=s),
                "Trainer at its best": lambda _, g=given, s=size: trainer(
                    *g, best=True, batch_size=s
                ),
            }
            found, missing = interleaved(ways, self.options.rounds)
            seconds = {way: [each["seconds"] for each in found.get(way, [])] for way in ways}
            loss = {way: found[way][0]["loss"] for way in found}
            for way in ("Trainer", "Trainer at its best", "plain"):
                table.row(
                    f"{shape}, {len(train):,} {name}, batch {size}",
                    ours=seconds["fast"], peer=seconds[way] or None, unit="s",
                    against="robustft without --fast" if way == "plain" else way,
                    missing=missing.get(way),
                    target=RATIO if way == "Trainer" and not self.small else None,
                    extra={"held-out loss": round(loss["fast"], 3),
                           "theirs ": round(loss[way], 3) if way in loss else ""},
                )  # fmt: skip
            self.results.detail[f"trainer, {name}"] = found

    def utilisation(self) -> None:
        """Measure the share of the GPU's arithmetic that goes into the model's own."""
        table = self.results.table(
            TITLES["utilisation"],
            "BERT-base over texts of the lengths of reviews, the second of two epochs. Counted are "
            "6 N T + 12 L H T² operations a text of T real tokens (Chowdhery et al., 2022, "
            "appendix B; N without embeddings), against the data sheet's dense bf16 rate "
            f"({PEAK_TFLOPS['H200']:.0f} TFLOP/s for an H200).",
        )
        held_out = self.held_out("reviews")
        for size in (64, 128):
            train = self.texts("reviews", 100 * size)
            for compiled in (True, False):
                if compiled and not torch.cuda.is_available():
                    continue
                found = [
                    fine_tune(
                        partial(self.model, "bert"), train, held_out,
                        fast=True, compiled=compiled, batch_size=size,
                    )
                    for _ in range(self.options.rounds)
                ]  # fmt: skip
                shares = [100 * each["utilisation"] for each in found if each["utilisation"]]
                table.row(
                    f"batch {size}, {'compiled' if compiled else 'not compiled'}",
                    ours=shares or None, unit="%", better="more",
                    missing=None if shares else NO_GPU,
                    target=SHARE if compiled else None,
                    extra={"TFLOP/s": round(found[-1]["tflops"], 3),
                           "filling": f"{found[-1]['padding']:.1%}"},
                )  # fmt: skip
                self.results.detail[f"utilisation, {size}, {compiled}"] = found

    def prediction(self) -> None:
        """Classify 25,000 reviews, tokenizing included."""
        texts = self.texts("reviews", 25_000, split="test").texts
        loaded = self.model("distilbert")

        def ours(_: int) -> dict[str, Any]:
            # A new one each time: it remembers what it computed.
            predictor = Predictor(loaded, max_length=512, precision="auto", fast=True)
            started = now()
            said = predictor.predict(texts)
            seconds = now() - started
            return {"seconds": seconds, "labels": said.predictions}

        def theirs(_: int) -> dict[str, Any]:
            return pipeline_seconds(self.model("distilbert"), list(texts), 64)

        found, missing = interleaved(
            {"ours": ours, "pipeline": theirs}, self.options.rounds, warm_up=0 if self.small else 1
        )
        seconds = {way: [each["seconds"] for each in found.get(way, [])] for way in found}
        table = self.results.table(
            TITLES["prediction"], "DistilBERT's shape, at most 512 tokens, from texts to labels."
        )
        table.row(
            f"{len(texts):,} reviews", ours=seconds["ours"], unit="s", against="pipeline",
            peer=seconds.get("pipeline"), missing=missing.get("pipeline"),
            target=None if self.small else SWIFT,
            extra={"reviews a second": round(len(texts) / min(seconds["ours"]))},
        )  # fmt: skip

    def profile(self) -> None:
        """Profile steps with and without ``--fast``."""
        if not torch.cuda.is_available():
            self.results.skip(TITLES["profile"], NO_GPU)
            return
        train, held_out = self.texts("reports", 3_330), self.held_out("reports")
        made = {}
        for fast in (True, False):
            setup = made_ready(
                self.model("bert"), train, held_out, fast=fast, epochs=3, batch_size=8
            )
            made[fast] = launches(setup, 2, 20)
        table = self.results.table(
            TITLES["profile"], "BERT-base, batch 8: 20 steps under PyTorch's profiler."
        )
        for what, name, unit, better, scale in (
            ("GPU busy", "busy", "%", "more", 100),
            ("launches a step", "launches", "", "less", 1),
            ("a step", "milliseconds", "ms", "less", 1),
        ):
            table.row(
                what, ours=scale * made[True][name], peer=scale * made[False][name], unit=unit,
                better=better, against="robustft without --fast",
            )  # fmt: skip

    def say_what_lacks(self, parts: list[str]) -> None:
        """Name what must hold and is not measured for want of a GPU."""
        for part, what, against, unit, target in (
            ("reports", "bert, 3,330 texts", "", "s", WHOLE),
            ("reviews", "distilbert, 25,000 texts", "", "s", WHOLE),
            ("trainer", "bert, 3,330 reports, batch 8", "Trainer", "s", RATIO),
            ("trainer", "distilbert, 6,400 reviews, batch 32", "Trainer", "s", RATIO),
            ("utilisation", "batch 64, compiled", "", "%", SHARE),
            ("prediction", "25,000 reviews", "", "s", SWIFT),
        ):
            if part in parts:
                known = (t for t in self.results.tables if t.title == TITLES[part])
                table = next(known, None) or self.results.table(TITLES[part])
                table.row(
                    what, ours=None, unit=unit, against=against, missing=NO_GPU, target=target
                )
        if "profile" in parts:
            self.results.skip(TITLES["profile"], NO_GPU)

    def run(self, parts: list[str]) -> None:
        """Run parts; one that fails leaves the others alone."""
        if not (self.small or torch.cuda.is_available()):
            self.say_what_lacks(parts)
            return
        for part in parts:
            try:
                getattr(self, part)()
            except NotMeasured as reason:
                self.results.skip(TITLES[part], str(reason))
            except (RuntimeError, OSError, ValueError) as problem:
                self.results.skip(TITLES[part], f"it failed: {first_line(problem)}")


def keep_others(results: Results, parts: list[str], path: Path) -> None:
    """Keep what an earlier run found of the parts that this one left out."""
    if not path.exists():
        before: dict[str, Any] = {"tables": [], "not_measured": {}}
    else:
        before = json.loads(path.read_text("utf-8"))
    others = [title for part, title in TITLES.items() if part not in parts]
    for found in before["tables"]:
        if found["title"] in others:
            kept = Table(found["title"], found["note"])
            kept.rows = found["rows"]
            results.tables.append(kept)
            others.remove(found["title"])
    for title in others:
        results.skip(title, before["not_measured"].get(title, "left out of this run"))
    order = list(TITLES.values())
    results.tables.sort(key=lambda table: order.index(table.title))


def main() -> None:
    """Measure, print and save."""
    made = parser(__doc__, rounds=3)
    made.add_argument("--only", help="the parts to run, with commas between them")
    options = made.parse_args()
    if options.small:
        options.rounds = 1
        torch.set_num_threads(1)  # a toy gains nothing from more
    parts = options.only.split(",") if options.only else list(TITLES)
    if unknown := [part for part in parts if part not in TITLES]:
        made.error(f"--only: expected some of {', '.join(TITLES)}, got {', '.join(unknown)}")
    from transformers.utils import logging

    logging.set_verbosity_error()
    bench = Bench(options)
    bench.run(parts)
    if options.only:
        keep_others(bench.results, parts, options.out or HERE / "results" / "gpu.json")
    bench.results.save()


if __name__ == "__main__":
    main()

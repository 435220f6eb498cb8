"""Prediction on a CPU, side by side: transformers' pipeline and robustft.

The same model folder, the same distinct texts in their natural order, cut at as many tokens;
tokenizing is timed for both, loading the model for neither. Laying out the weights, which robustft
does once a model, counts. Each round runs all in turning order, and measures the machine's limit:
the product of two large matrices by the same threads.

    python benchmarks/predict.py --imdb IMDB --sst2 SST2 --model FINE_TUNED    # the real thing
    python benchmarks/predict.py --small                                      # no files, seconds

``--clock cpu`` counts the process's CPU seconds in place of those on the wall, for a machine that
others use too; with one thread (``OMP_NUM_THREADS=1``) they are what an idle machine would show.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from arithmetic import matrix_limit
from common import Results, Table, Target, interleaved, median, parser
from corpora import generated_reviews, random_model, reviews, sentences
from transformers import pipeline
from transformers.utils import logging

from robustft.data.task import Task
from robustft.evaluation.predict import Predictor
from robustft.model.device import has_native_bfloat16
from robustft.model.flops import forward_flops
from robustft.model.load import load_finetuned
from robustft.training.batching import tokenize

OURS, PEER, LIMIT = "robustft", "pipeline", "limit"
UNPACKED = "robustft, weights not laid out"
NOTE = "largest difference"


def read(options: argparse.Namespace) -> dict[str, list[str]]:
    """Return the texts of each table, each once, in natural order."""
    rows = 24 if options.small else options.reviews
    name, long = reviews(options.imdb, rows)
    if options.sst2 is not None:
        short = "SST-2", sentences(options.sst2)
    else:
        made = list(generated_reviews(4 * rows, median=18, seed=1).texts)
        short = "generated sentences", made
    limits = {name: rows, short[0]: 4 * rows if options.small else options.sentences}
    found = {name: long, short[0]: short[1]}
    return {key: list(dict.fromkeys(texts))[: limits[key]] for key, texts in found.items()}


def model_folder(options: argparse.Namespace, where: Path) -> Path:
    """Return the folder of the model named, or of random weights in MiniLM's shape."""
    if options.model is not None:
        best = Path(options.model) / "checkpoints" / "best"  # of a run
        return best if best.is_dir() else Path(options.model)
    made = random_model(generated_reviews(200), small=options.small)
    made.model.save_pretrained(where)
    made.tokenizer.save_pretrained(where)
    return where


class Contest:
    """Both contenders, with one model and one precision, over one list of texts."""

    def __init__(
        self, options: argparse.Namespace, folder: Path, texts: list[str], precision: str
    ) -> None:
        self._options, self._texts, self._precision = options, texts, precision
        self._loaded = load_finetuned(folder, task=Task())
        self._length = min(options.max_length, self._loaded.max_positions or options.max_length)
        self._pipe = pipeline(
            "text-classification", model=str(folder), device="cpu", batch_size=32,
            dtype=torch.bfloat16 if precision == "bf16" else torch.float32,
        )  # fmt: skip
        self._clock = time.process_time if options.clock == "cpu" else time.perf_counter
        self.outputs: dict[str, Any] = {}
        lengths = tokenize(self._loaded.tokenizer, texts, self._length).lengths
        self.tokens = int(lengths.sum())
        self.flop = forward_flops(self._loaded.model, lengths)

    def ours(self, _: int) -> float:
        started = self._clock()
        predictor = Predictor(
            self._loaded, max_length=self._length, device="cpu", precision=self._precision
        )
        made = predictor.predict(self._texts)
        seconds = self._clock() - started
        self.outputs[OURS] = made.logits
        return seconds

    def unpacked(self, turn: int) -> float:
        with patch("robustft.model.packed.can_pack", lambda _: False):
            return self.ours(turn)

    def peer(self, _: int) -> float:
        started = self._clock()
        said = self._pipe(
            self._texts, truncation=True, max_length=self._length, top_k=None,
            function_to_apply="none",
        )  # fmt: skip
        seconds = self._clock() - started
        names = self._pipe.model.config.label2id
        rows = [{names[one["label"]]: one["score"] for one in row} for row in said]
        self.outputs[PEER] = np.array([[row[i] for i in sorted(row)] for row in rows])
        return seconds

    def limit(self, _: int) -> float:
        size = 512 if self._options.small else 2048
        return matrix_limit(self._precision, size=size, clock=self._clock)

    def contenders(self) -> dict[str, Callable[[int], float]]:
        return {
            UNPACKED: self.unpacked,
            OURS: self.ours,
            PEER: self.peer,
            LIMIT: self.limit,
        }


def softmax(logits: Any) -> Any:
    return torch.from_numpy(np.asarray(logits, np.float64)).softmax(-1).numpy()


def measure(
    options: argparse.Namespace, folder: Path, name: str, texts: list[str], precision: str,
    table: Table,
) -> dict[str, Any]:  # fmt: skip
    """Run one contest, add its row, return the details."""
    contest = Contest(options, folder, texts, precision)
    rounds, _ = interleaved(contest.contenders(), options.rounds, warm_up=0 if options.small else 1)
    made = contest.outputs
    apart = float(np.abs(made[OURS] - made[PEER]).max())
    speed = contest.flop / median(rounds[OURS])
    share = speed / median(rounds[LIMIT])
    laid_out = median(rounds[UNPACKED]) / median(rounds[OURS])
    table.row(
        f"{name}, {precision}", against="pipeline(batch_size=32)", unit="texts/s", better="more",
        ours=[len(texts) / s for s in rounds[OURS]], peer=[len(texts) / s for s in rounds[PEER]],
        target=Target(1.3) if precision == "fp32" and not options.small else None,
        extra={
            "ms a text": round(1e3 * median(rounds[OURS]) / len(texts), 2),
            "GFLOP/s": round(speed / 1e9, 1),
            "beside weights not laid out": f"{laid_out:.2f} x",
            "limit, GFLOP/s": round(median(rounds[LIMIT]) / 1e9, 1),
            "share of the limit": f"{share:.0%}",
            NOTE: f"{apart:.1e}",
        },
    )  # fmt: skip
    if precision == "fp32" and apart > 1e-4:
        raise SystemExit(f"{name}: expected outputs equal to 1e-4, got {apart:.1e}")
    return {
        "texts": len(texts),
        "tokens": contest.tokens,
        "flop": contest.flop,
        "seconds": rounds,
        "share_of_limit": share,
        "peer_share_of_limit": contest.flop / median(rounds[PEER]) / median(rounds[LIMIT]),
        "largest_difference": apart,
        "largest_difference_of_probabilities": float(
            np.abs(softmax(made[OURS]) - softmax(made[PEER])).max()
        ),
        "same_class": float((made[OURS].argmax(1) == made[PEER].argmax(1)).mean()),
    }


def main() -> None:
    """Measure, print and save."""
    arguments = parser(__doc__, rounds=3)
    arguments.add_argument("--imdb", help="reviews, as robustft takes them; default: generated")
    arguments.add_argument("--sst2", help="a folder with SST-2; default: generated sentences")
    arguments.add_argument("--model", help="a fine-tuned model; default: random weights")
    arguments.add_argument("--reviews", type=int, default=192)
    arguments.add_argument("--sentences", type=int, default=1_500)
    arguments.add_argument("--max-length", type=int, default=512)
    arguments.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    options = arguments.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    results = Results(
        "predict", "Prediction on a CPU",
        """Texts of natural lengths, cut at as many tokens, tokenizing included, beside
        `pipeline("text-classification", batch_size=32)` of transformers with the same model. The
        limit is the product of two large matrices by the same threads in the same precision;
        operations are those of the texts' own tokens.""",
        options,
    )  # fmt: skip
    table = results.table("Reviews and sentences", f"At most {options.max_length} tokens a text.")
    with tempfile.TemporaryDirectory() as where:
        folder = model_folder(options, Path(where))
        for precision in ("fp32", "bf16"):
            if precision == "bf16" and not has_native_bfloat16():
                results.skip("bf16", "this processor does not compute in bfloat16")
                continue
            for name, texts in read(options).items():
                found = measure(options, folder, name, texts, precision, table)
                results.detail[f"{name}, {precision}"] = found
    results.save()


if __name__ == "__main__":
    main()

"""How much memory it takes: the most that a process holds at once, for few rows and for many.

    python benchmarks/memory.py --model MODEL --peers PEERS     # the real thing
    python benchmarks/memory.py --small                         # a quick look, no files

Each job is a process of its own that reads how much it held at most (its *peak*: what the system
calls resident, the libraries and the texts themselves included). What a row adds is the difference
of two peaks over the difference of their rows: a job that streams adds nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import NamedTuple

from common import HERE, Results, ask_peer, interleaved, parser, run_child
from corpora import generated_reviews, named_model, random_model

from robustft.data.dataset import load_dataset


class Job(NamedTuple):
    """What is measured: ours, the peer's, and over how many rows."""

    what: str
    ours: str
    against: str
    theirs: str
    rows: tuple[int, int]
    kind: str
    note: str = ""


JOBS = [
    Job("Changing a list of sentences", "perturb", "nlpaug KeyboardAug", "nlpaug",
        (10_000, 100_000), "sentences"),
    Job("Changing a file of sentences with robustft transform", "transform", "", "",
        (10_000, 100_000), "sentences"),
    Job("Predicting labels of reviews", "predict", "transformers pipeline", "pipeline",
        (128, 512), "reviews",
        "Ours reads texts of a length together: more rows fill the batch of the longest, and what "
        "a row adds from few to many is mostly that."),
    Job("Tokenizing reviews for training", "tokens", "tokens of datasets.map", "map",
        (2_000, 10_000), "reviews"),
]  # fmt: skip
SMALL = {"sentences": (200, 1_000), "reviews": (50, 200)}
SMALL_JOBS = "perturb"


def write_texts(folder: Path, kind: str, rows: int) -> Path:
    """Write generated texts, one JSON object a line, and return the file."""
    path = folder / f"{kind}-{rows}.jsonl"
    if not path.exists():
        if kind == "reviews":
            texts = list(generated_reviews(rows).texts)
        else:
            demo = load_dataset("demo").train.texts
            texts = [f"{demo[i % len(demo)][:100]} ({i})" for i in range(rows)]
        with path.open("w", encoding="utf-8") as file:
            for i, text in enumerate(texts):
                file.write(json.dumps({"id": str(i), "text": text, "label": i % 2}) + "\n")
    return path


def peak(
    name: str, kind: str, model: Path, peers: Path | None, folder: Path, rows: int, _: int
) -> float:
    """Run a job in a process of its own; return the megabytes that it held at most."""
    path = write_texts(folder, kind, rows)
    if name == "nlpaug":
        return float(
            ask_peer(peers, "nlpaug", "memory_jobs.py", {"job": name, "path": str(path)})["peak"]
        )
    job = json.dumps({"job": name, "path": str(path), "model": str(model)})
    child = run_child([sys.executable, HERE / "memory_jobs.py", job])
    return float(json.loads(child.output.splitlines()[-1])["peak"])


def measure(
    job: Job, model: Path, folder: Path, options: argparse.Namespace, results: Results
) -> None:
    """Note the peaks of a job over few rows and over many, and what a row adds."""
    rows = SMALL[job.kind] if options.small else job.rows
    names = [name for name in (job.ours, job.theirs) if name]
    found, missing = interleaved(
        {
            f"{name} {count}": partial(peak, name, job.kind, model, options.peers, folder, count)
            for name in names
            for count in rows
        },
        options.rounds,
    )
    if broken := [why for name, why in missing.items() if name.startswith(f"{job.ours} ")]:
        raise RuntimeError(f"{job.ours}: {broken[0]}")
    table = results.table(job.what, job.note)
    reason = missing.get(f"{job.theirs} {rows[0]}") or missing.get(f"{job.theirs} {rows[1]}")
    for count in rows:
        table.row(
            f"{count:,} {job.kind}",
            against=job.against,
            unit="MB",
            ours=found[f"{job.ours} {count}"],
            peer=found.get(f"{job.theirs} {count}") if job.theirs else None,
            missing=reason,
        )
    grown = {
        name: [
            max((b - a) * 1e3 / (rows[1] - rows[0]), 0.0)
            for a, b in zip(found[f"{name} {rows[0]}"], found[f"{name} {rows[1]}"], strict=True)
        ]
        for name in names
        if f"{name} {rows[1]}" in found and f"{name} {rows[0]}" in found
    }
    table.row(
        "what a row adds",
        against=job.against,
        unit="KB",
        ours=grown[job.ours],
        peer=grown.get(job.theirs),
        missing=reason,
    )


def main() -> None:
    """Measure, print and save."""
    arguments = parser(__doc__, rounds=2)
    arguments.add_argument("--model", help="a classifier or a run; default: random weights")
    arguments.add_argument("--only", default="", metavar="JOBS", help="some jobs: perturb,predict")
    options = arguments.parse_args()
    if options.small:
        options.rounds, options.only = 1, options.only or SMALL_JOBS
    results = Results("memory", "Memory", (__doc__ or "").split("\n\n")[2], options)
    broken = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = named_model(options.model) if options.model else folder / "model"
        jobs = [job for job in JOBS if not options.only or job.ours in options.only.split(",")]
        if not options.model and any(job.kind == "reviews" for job in jobs):
            made = random_model(load_dataset("demo").train, small=options.small)
            made.model.save_pretrained(model)
            made.tokenizer.save_pretrained(model)
        for job in jobs:
            try:
                measure(job, model, folder, options, results)
            except RuntimeError as error:  # the other jobs have been measured, too
                broken.append(str(error))
                results.skip(job.what, str(error))
    results.save()
    if broken:
        raise SystemExit("\n".join(broken))


if __name__ == "__main__":
    main()

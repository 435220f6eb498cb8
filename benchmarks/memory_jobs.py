"""What runs in a process of its own, ours or a peer's, so that its memory can be read.

Takes one JSON object, ``{"job": ..., "path": a file of texts, "model": a folder}``, as its argument
or on stdin, and prints ``{"peak": megabytes}``. Standard library alone, but for what a job needs.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path


def peak():
    """Return the most that this process has held, in megabytes.

    Linux tells it of this program alone; what `getrusage` says counts the process that started it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s*(\d+) kB", status.read_text())[1]) * 1024 / 1e6
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6


def texts(job):
    with Path(job["path"]).open(encoding="utf-8") as file:
        return [json.loads(line)["text"] for line in file]


def perturb(job):
    from robustft import perturb

    return perturb(texts(job), "typos")


def transform(job):
    from robustft.cli.main import main

    with tempfile.TemporaryDirectory() as out:
        code = main(["transform", job["path"], "--with", "typos", "--out", f"{out}/out"])
    if code:
        raise SystemExit(code)


def nlpaug(job):
    from nlpaug.augmenter.char import KeyboardAug

    return KeyboardAug().augment(texts(job))


def predict(job):
    from robustft.data.task import Task
    from robustft.evaluation.predict import Predictor
    from robustft.model.load import load_finetuned

    loaded = load_finetuned(job["model"], task=Task())
    return Predictor(loaded, max_length=512, device="cpu").predict(texts(job))


def pipeline(job):
    from transformers import pipeline

    classify = pipeline("text-classification", job["model"], device="cpu")
    return classify(texts(job), batch_size=32, truncation=True, max_length=512)


def tokens(job):
    from transformers import AutoTokenizer

    from robustft.training.batching import tokenize

    return tokenize(AutoTokenizer.from_pretrained(job["model"]), texts(job), 512)


def map(job):  # noqa: A001 (named like what it calls)
    from datasets import Dataset
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(job["model"])
    data = Dataset.from_dict({"text": texts(job)})
    return data.map(
        lambda rows: tokenizer(rows["text"], truncation=True, max_length=512), batched=True
    )


JOBS = {job.__name__: job for job in (perturb, transform, nlpaug, predict, pipeline, tokens, map)}


def main() -> None:
    job = json.loads(sys.argv[1]) if len(sys.argv) > 1 else json.load(sys.stdin)
    kept = JOBS[job["job"]](job)  # what a job gives is still held when the memory is read
    sys.stdout.write(f"\n{json.dumps({'peak': peak()})}\n")
    del kept


if __name__ == "__main__":
    main()

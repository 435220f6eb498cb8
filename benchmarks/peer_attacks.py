"""What runs in TextAttack's own environment: a recipe of its over texts, timed there.

Reads one JSON object on stdin, ``{"recipe", "model", "max_length", "texts", "labels", "threads",
"seconds", "padding"}``, and prints one: for each text that it got through in that time its status,
its queries, the text it became and the seconds, in the model and outside of it; and the versions.
Importing, loading and one text to warm up are not timed.

The model is called by TextAttack's wrapper, which pads to the length that the tokenizer names; a
``"max_length"`` is put in its place. With ``"padding": "longest"`` each batch is padded to its
longest text instead, which is the best that can be had of it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path

RECIPES = {
    "pwws": "PWWSRen2019",
    "deepwordbug": "DeepWordBugGao2018",
    "textfooler": "TextFoolerJin2019",
    "bae": "BAEGarg2019",
}


def _without_flair():
    """Let textattack import where flair, which wants an older transformers, is missing."""
    path = Path(__file__).parents[1] / "robustft" / "transform" / "foreign" / "host.py"
    spec = importlib.util.spec_from_file_location("host", path)
    host = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(host)
    host.quiet_downloads()
    host.stand_in_for_flair()


def _wrapped(job):
    """Return the model in TextAttack's wrapper, with a clock around each call."""
    import transformers
    from textattack.models.wrappers import HuggingFaceModelWrapper

    tokenizer = transformers.AutoTokenizer.from_pretrained(job["model"])
    if job["max_length"]:
        tokenizer.model_max_length = job["max_length"]
    model = transformers.AutoModelForSequenceClassification.from_pretrained(job["model"]).eval()

    class Timed(HuggingFaceModelWrapper):
        seconds = cpu = 0.0
        calls = 0

        def __call__(self, texts):
            start, cpu = time.perf_counter(), time.process_time()
            if job["padding"] != "longest":
                made = super().__call__(texts)
            else:
                import torch

                inputs = self.tokenizer(
                    texts,
                    padding="longest",
                    max_length=job["max_length"],
                    truncation=True,
                    return_tensors="pt",
                )
                with torch.no_grad():
                    made = self.model(**inputs).logits
            Timed.seconds += time.perf_counter() - start
            Timed.cpu += time.process_time() - cpu
            Timed.calls += len(texts)
            return made

    return Timed(model, tokenizer), Timed


def main() -> None:
    job = json.load(sys.stdin)
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    import torch

    torch.set_num_threads(job["threads"])
    _without_flair()
    import textattack

    textattack.shared.logger.setLevel("ERROR")
    textattack.shared.utils.set_seed(0)
    wrapper, clock = _wrapped(job)
    attack = getattr(textattack.attack_recipes, RECIPES[job["recipe"]]).build(wrapper)
    attack.attack("it is not a bad film , and you will like it", 1)
    attack.clear_cache()
    clock.seconds, clock.cpu, clock.calls = 0.0, 0.0, 0
    rows = []
    start, cpu = time.perf_counter(), time.process_time()
    for text, label in zip(job["texts"], job["labels"], strict=True):
        began = time.perf_counter()
        result = attack.attack(text, label)
        rows.append(
            {
                "status": type(result).__name__,
                "queries": result.num_queries,
                "text": result.perturbed_text(),
                "seconds": time.perf_counter() - began,
            }
        )
        if time.perf_counter() - start > job["seconds"]:
            break
    total = time.perf_counter() - start
    answer = {
        "rows": rows,
        "seconds": total,
        "cpu": time.process_time() - cpu,
        "model_seconds": clock.seconds,
        "model_cpu": clock.cpu,
        "model_calls": clock.calls,
        "versions": {name: version(name) for name in ("textattack", "transformers", "torch")},
    }
    replies.write(json.dumps(answer) + "\n")
    replies.flush()


if __name__ == "__main__":
    main()

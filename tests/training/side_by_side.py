"""Jobs that a test runs in one process and in several, where this file is launched.

Usage: side_by_side.py JOB FOLDER, where FOLDER holds data and models; see test_distributed.py.
"""

import json
import os
import signal
import sys
from pathlib import Path

from robustft.errors import RobustftError
from robustft.model import processes

COMMON = {"device": "cpu", "progress": False, "max_length": 48, "batch_size": 10, "epochs": 2}
COMMON |= {"learning_rate": 5e-3, "seed": 3}
# Each differs from what one process does in another place.
RUNS = {
    # 70 rows in batches of 5 x 3: the last one has 10, an odd one of several slices before it.
    "plain": {
        "model": "plain",
        "batch_size": 5,
        "gradient_accumulation": 3,
        "class_weights": "negative=1,positive=3",
        "eval_steps": 2,
        "epochs": 3,
    },
    "lora": {"model": "plain", "adapter": "lora:2"},
    "frozen": {"model": "deep", "freeze": "first:2"},
    "unfreezing": {"model": "deep", "unfreeze": "gradual:1", "epochs": 4},
    "amounts": {"model": "plain", "data": "amounts", "batch_size": 1, "epochs": 1},
    "questions": {
        "model": "plain",
        "data": "questions",
        "doc_stride": 8,
        "max_length": 24,
        "optimizer": "sgd",
        "learning_rate": 0.1,
    },
    "packed": {"model": "plain", "fast": True, "epochs": 1},
    "dropout": {"model": "dropout"},
}


def run_of(name, folder, out, **changes):
    """Train one of `RUNS` and return its folder."""
    from robustft.training.experiment import train

    settings = {**COMMON, "data": "reviews", **RUNS[name], **changes}
    data = folder / settings.pop("data")
    settings["model"] = str(folder / settings["model"])
    return train(data, out=out / name, **settings).clean


def several(folder, out):
    """Train all of them, and pretrain."""
    from robustft.training.pretraining import pretrain

    for name in RUNS:
        run_of(name, folder, out)
    run_of("dropout", folder, out / "again")
    rest = {key: value for key, value in COMMON.items() if key != "max_length"}
    pretrain(folder / "reviews", folder / "plain", max_length=16, out=out / "masked", **rest)


def look(folder, out):
    """Evaluate what one process has trained, and note what all have computed together."""
    from robustft.evaluation import spread
    from robustft.evaluation.evaluate import evaluate

    sent, together = [], spread.together

    def noted(function, *arguments):
        sent.extend(type(model).__name__ for model in arguments if function is spread._hold)
        return together(function, *arguments)

    spread.together = noted
    for name, run in {"eval": "plain", "answers": "questions"}.items():
        transforms = "casing" if name == "eval" else None
        evaluate([folder / "one" / run], transforms=transforms, device="cpu", out=out / name)
    spread.together = together
    (out / "spread.json").write_text(json.dumps(sent))


def killed(folder, out):
    """Train until the first epoch is kept, and be killed."""
    from robustft.training import loop

    save = loop.save_resume

    def save_and_die(*arguments):
        save(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)

    loop.save_resume = save_and_die
    run_of("plain", folder, out / "killed")


def stray(folder, out):
    """Fail in a helper alone."""
    processes.together(_without_ladder, (1,))


def all_fail(folder, out):
    """Fail in all processes alike."""
    processes.together(_without_ladder, (0, 1))


def _without_ladder(ranks):
    if processes.world().rank in ranks:
        raise RobustftError("helper: expected a ladder, got none")
    processes.gather(0)


JOBS = {job.__name__: job for job in (several, look, killed, stray, all_fail)}


def main(name, folder):
    """Run jobs, one after the other."""
    out = folder / "two"
    for job in name.split(","):
        JOBS[job](folder, out)
    print(json.dumps({"done": name}))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(processes.run(lambda: main(sys.argv[1], Path(sys.argv[2]))))
    except RobustftError as problem:
        sys.exit(str(problem))

"""``robustft demo``: the whole job once, by the commands that a user would type."""

from __future__ import annotations

from robustft.cli import console
from robustft.cli.options import DeviceOption, SeedOption, WorkersOption

__all__ = ["demo"]

_AUGMENT = 5000


def demo(seed: SeedOption = 0, device: DeviceOption = "auto", workers: WorkersOption = 1) -> None:
    """Run the whole job once on built-in data, in two minutes.

    Each step is a command that you can give yourself; it is shown before its output.
    Nothing is downloaded. What was trained already is not trained again.
    """
    from robustft.cli.eval import eval_
    from robustft.cli.transform import transform
    from robustft.training.experiment import train

    extra = f" --seed {seed}" if seed else ""
    _step(
        1,
        "What do the transforms do? A few generated reviews with every edit marked.",
        f"robustft transform --preview{extra}",
    )
    transform(preview=True, seed=seed)
    _step(
        2,
        f"Train a small BERT on the reviews, and its twin with {_AUGMENT:,} transformed ones more.",
        f"robustft train --augment {_AUGMENT}{extra}",
    )
    pair = train(augment=_AUGMENT, seed=seed, device=device, workers=workers)
    for run in pair.runs:
        console.out().print(f"trained: {run}", soft_wrap=True)
    _step(
        3,
        "Test both on reviews that neither has seen, as they are and transformed by other draws.",
        "robustft eval --transformed",
    )
    # Named, lest another pair in this folder is newer.
    models = [str(run) for run in reversed(pair.runs)]
    eval_(models, transformed=True, device=device, workers=workers)
    console.note("\nYour own data and model, the same way:")
    console.note(
        "  robustft train --data reviews.csv --model distilbert-base-uncased --augment 5000"
    )
    console.note("  robustft eval --transformed")


def _step(number: int, what: str, command: str) -> None:
    console.note(f"\n{number}/3  {what}")
    console.note(f"     $ {command}\n")

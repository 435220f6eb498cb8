"""A command line that was launched in several processes, by ``accelerate launch`` or ``torchrun``.

What asks or trains a model is done by all of them; of every other command one is enough.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

__all__ = ["in_processes", "processes"]

# Those whose work `robustft.model.processes` spreads.
_SPREAD = ("train", "eval", "pretrain", "study", "attack", "demo")


def processes() -> int:
    """Return how many processes were launched with this one, itself included."""
    several = os.environ.get("WORLD_SIZE", "1"), os.environ.get("RANK", "")
    return int(several[0]) if all(part.isdigit() for part in several) else 1


def in_processes(run: Callable[[Sequence[str]], int], args: Sequence[str]) -> int:
    """Run a command line once, with the help of the other processes where they can help."""
    command = next((word for word in args if not word.startswith("-")), None)
    if command not in _SPREAD or {"--help", "-h"} & set(args):
        return run(args) if os.environ["RANK"] == "0" else 0
    from robustft.cli.failures import report
    from robustft.model.processes import run as run_in_all

    return run_in_all(lambda: run(args), lambda problem: report(problem, debug="--debug" in args))

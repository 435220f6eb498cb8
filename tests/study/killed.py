"""Run a study in processes that are killed on their way, then to its end.

Started by test_run.py as a process of its own, which forks: each child kills itself with SIGKILL
at the n-th time that it is about to rename or to log something.
"""

import os
import signal
import sys
from pathlib import Path

from robustft.data.run_folder import RunFolder
from robustft.study.recipe import load_recipe
from robustft.study.run import make_study, run_study
from robustft.study.train_row import run_train  # noqa: F401 (once, and not in each child)


def go(recipe, out):
    run_study(make_study(load_recipe(Path(recipe)), out=Path(out)), progress=False)


def kill_at(number):
    left = number

    def or_die(function):
        def called(*args, **kwargs):
            nonlocal left
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)

        return called

    Path.replace = or_die(Path.replace)
    Path.rename = or_die(Path.rename)
    RunFolder.log = or_die(RunFolder.log)


def main(recipe, out, *points):
    for point in map(int, points):
        child = os.fork()
        if not child:
            kill_at(point)
            go(recipe, out)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print("killed" if killed else f"status {status}")
    go(recipe, out)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A command that is watched: the memory of each of its processes, and when to kill it."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psutil
from children import NotMeasured

__all__ = ["Watched", "watch"]

_EVERY = 0.25
_PATIENCE = 60


@dataclass
class Watched:
    """What a command took.

    Attributes
    ----------
    seconds : of the clock.
    killed : whether it was killed on the way.
    peaks : the most bytes that any one process of a role held in memory, shared pages included.
    processes : how many processes of a role there were.
    """

    seconds: float = 0.0
    killed: bool = False
    peaks: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    processes: dict[str, int] = field(default_factory=dict)


def watch(command: Sequence[str], kill_when: Callable[[], bool] = lambda: False) -> Watched:
    """Run a command, look at its processes four times a second, and SIGKILL it when it is time.

    Raises
    ------
    NotMeasured
        It failed by itself.
    """
    found, seen = Watched(), defaultdict[str, set[int]](set)
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=said, env=_environment())
        family: list[psutil.Process] = []
        while process.poll() is None:
            family = _look(process.pid, found, seen)
            if kill_when():
                process.kill()
                found.killed = True
                break
            time.sleep(_EVERY)
        process.wait()
        found.seconds = time.perf_counter() - started
        # Those that the command started end with it; the next run is not to share the machine.
        psutil.wait_procs(family, timeout=_PATIENCE)
        found.processes = {role: len(pids) for role, pids in seen.items()}
        if process.returncode and not found.killed:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines()
            raise NotMeasured((lines or [f"exit code {process.returncode}"])[-1])
    return found


def _environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


def _look(pid: int, found: Watched, seen: Any) -> list[psutil.Process]:
    """Take down what each process of the family holds now."""
    try:
        root = psutil.Process(pid)
        family = root.children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    for member in [root, *family]:
        try:
            role = "the command" if member.pid == pid else _role(member)
            held = member.memory_info().rss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        found.peaks[role] = max(found.peaks[role], held)
        seen[role].add(member.pid)
    return family


def _role(process: psutil.Process) -> str:
    name = process.name()
    if name in ("raylet", "gcs_server"):
        return f"Ray's {name}"
    words = process.cmdline()
    if words and words[0].startswith("ray::"):
        return "Ray worker"
    if any("/ray/" in word for word in words):
        return "Ray's helpers"
    return "worker"

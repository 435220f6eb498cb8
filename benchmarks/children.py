"""Processes of their own: the Python of another library, and commands whose time is taken."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Child", "NotMeasured", "ask_peer", "peer_python", "run_child"]

HERE = Path(__file__).parent


class NotMeasured(Exception):  # noqa: N818 (no error: a peer is not there)
    """A contender cannot run here; the reason is what the tables say."""


def peer_python(peers: Path | None, library: str) -> Path:
    """Return the Python of a library's environment: ``PEERS/LIBRARY/bin/python``.

    Raises
    ------
    NotMeasured
        There is none.
    """
    python = (peers or Path()) / library / "bin" / "python"
    if peers is None or not python.exists():
        raise NotMeasured(f"no {library} in PEERS")
    return python


def ask_peer(
    peers: Path | None,
    library: str,
    script: str,
    job: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Run one of our scripts in a library's environment: JSON on stdin, one line of JSON back.

    The last line that starts with a brace is the answer; a library may print whatever it likes.

    Raises
    ------
    NotMeasured
        There is no such environment, or the script failed.
    """
    done = subprocess.run(
        [peer_python(peers, library), HERE / script],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
        env=None if environment is None else dict(environment),
    )
    if done.returncode:
        raise NotMeasured(_last_words(done.stderr) or "it failed without a word")
    answers = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not answers:
        raise NotMeasured("it gave no answer")
    answer: dict[str, Any] = json.loads(answers[-1])
    return answer


@dataclass(frozen=True)
class Child:
    """What a process of its own took, and what it printed."""

    wall: float
    cpu: float
    output: str


def run_child(command: Sequence[str | Path], **settings: Any) -> Child:
    """Run a command and return its seconds, of the clock and of the processor (user and system).

    Raises
    ------
    NotMeasured
        It failed; the reason is the last line of its errors.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(list(map(str, command)), stdout=out, stderr=err, **settings)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            said = _last_words(err.read().decode(errors="replace"))
            raise NotMeasured(said or f"exit code {process.returncode}")
        printed = out.read().decode(errors="replace")
    return Child(wall, used.ru_utime + used.ru_stime, printed)


def _last_words(errors: str) -> str:
    """Return what went wrong: the error that ends a traceback, else the last line with letters."""
    lines = [line.strip() for line in errors.splitlines() if re.search(r"[^\W\d_]", line)]
    for number in range(len(lines) - 1, -1, -1):
        if re.match(r"[\w.]+(Error|Exception)\b", lines[number]):
            # Some libraries put their message below the error's name.
            return " ".join(lines[number : number + 1 + lines[number].endswith(":")])
    return lines[-1] if lines else ""

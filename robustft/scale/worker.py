"""A script under another Python that answers JSON lines, for libraries that cannot be imported."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from robustft.errors import RobustftError

__all__ = ["JsonWorker", "WorkerError"]


# Settings of this Python that would mislead another one.
_OF_OURS = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")


class WorkerError(RobustftError):
    """A worker could not be started, has ended, or answered with an error."""


class JsonWorker:
    """A process that reads one JSON object a line on stdin and answers each with one on stdout.

    An answer with the key ``error`` raises. What the process writes to stderr is kept, and its last
    line explains why it ended.

    Parameters
    ----------
    command
        The program and its arguments.
    what
        Heads the errors.

    Raises
    ------
    WorkerError
        If the program cannot be started.
    """

    def __init__(self, command: Sequence[str], what: str) -> None:
        self._what, self._lock = what, threading.Lock()
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (closed by `close`)
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                env={key: value for key, value in os.environ.items() if key not in _OF_OURS},
                text=True,
                encoding="utf-8",
            )
        except OSError as problem:
            self._said.close()
            raise WorkerError(
                f"{what}: expected a program at {command[0]}, got: {problem.strerror}"
            ) from problem
        atexit.register(self.close)

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request and wait for its answer.

        Raises
        ------
        WorkerError
            If the process has ended, or answers with an error.
        """
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        with self._lock:
            try:
                process.stdin.write(json.dumps(request) + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except (OSError, ValueError):
                line = ""
        if not line:
            raise WorkerError(f"{self._what}: expected an answer, got: {self._last_words()}")
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            raise WorkerError(
                f"{self._what}: expected an answer in JSON, got {line[:60].rstrip()!r}"
            ) from None
        if "error" in answer:
            raise WorkerError(f"{self._what}: {answer['error']}")
        return answer

    def _last_words(self) -> str:
        code = self._process.wait()
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit code {code}"

    def close(self) -> None:
        """End the process; a second call does nothing."""
        atexit.unregister(self.close)
        for pipe in (self._process.stdin, self._process.stdout):
            # What could not be written to a process that has ended is not worth an error.
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        self._process.terminate()
        self._process.wait()
        self._said.close()

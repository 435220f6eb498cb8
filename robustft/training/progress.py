"""The bar of a training run on stderr: where it is, loss, throughput, time left."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

__all__ = ["TrainingBar"]

# What is over sooner needs no bar.
_PATIENCE_SECONDS = 1.0


class TrainingBar:
    """A bar on a terminal, a line an epoch elsewhere, nothing when not `shown`.

    Throughput is counted from when this process began, so that a resumed run does not claim the
    rows of the one before.
    """

    def __init__(self, title: str, total: int, done: int, *, shown: bool) -> None:
        self._console = Console(stderr=True, highlight=False, emoji=False, markup=False)
        self._bars = shown and self._console.is_terminal
        self._lines = shown
        self._title, self._total, self._done = title, total, done
        self._started = self._lap = time.perf_counter()
        self._rows = self._tokens = 0
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    @property
    def seconds(self) -> float:
        """Seconds since the bar was made."""
        return time.perf_counter() - self._started

    def lap(self) -> float:
        """Return the seconds since the last call, or since the bar was made."""
        now = time.perf_counter()
        self._lap, passed = now, now - self._lap
        return passed

    def step(self, rows: int, tokens: int, loss: float | None) -> None:
        """Count one step; a loss of None leaves the one shown."""
        self._done += 1
        self._rows += rows
        self._tokens += tokens
        if not self._bars or self.seconds < _PATIENCE_SECONDS:
            return
        if self._progress is None or self._task is None:
            self._progress = _progress(self._console)
            self._task = self._progress.add_task(self._title, total=self._total, loss="", speed="")
            self._progress.start()
        fields: dict[str, Any] = {"speed": self._speed()}
        if loss is not None:
            fields["loss"] = f"loss {loss:.4f}"
        self._progress.update(self._task, completed=self._done, **fields)

    def _speed(self) -> str:
        seconds = self.seconds
        return f"{self._rows / seconds:,.0f} rows/s {self._tokens / seconds:,.0f} tokens/s"

    def say(self, text: str) -> None:
        """Print one line at once, before work of which nobody knows yet how long it takes."""
        if self._lines:
            self._console.print(f"{self._title}: {text}", soft_wrap=True)

    def line(self, text: str) -> None:
        """Print one line above the bar, once the run takes long enough to be watched."""
        if self.seconds >= _PATIENCE_SECONDS:
            self.say(text)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[loss]}"),
        TextColumn("{task.fields[speed]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )

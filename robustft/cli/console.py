"""The two consoles: results go to `out` (stdout), progress and remarks to `err` (stderr).

Rich is imported when one of them is first used. Both are made anew when the stream behind them
has changed, so that a captured or redirected stream is honoured.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

__all__ = ["bars", "dumps", "err", "note", "out", "print_json", "progress", "track"]

T = TypeVar("T")

_consoles: dict[str, tuple[TextIO, Console]] = {}


def _console(name: str, stream: TextIO) -> Console:
    kept = _consoles.get(name)
    if kept is not None and kept[0] is stream:
        return kept[1]
    from rich.console import Console

    # soft_wrap is left to the caller: a table wants the width, a path must not be cut.
    console = Console(file=stream, highlight=False, emoji=False, markup=False)
    _consoles[name] = (stream, console)
    return console


def out() -> Console:
    """Return the console for results; it prints strings as they are (no markup)."""
    return _console("out", sys.stdout)


def err() -> Console:
    """Return the console for progress, remarks and errors."""
    return _console("err", sys.stderr)


def note(message: str) -> None:
    """Print one remark on stderr, unwrapped, so that a path in it can be copied."""
    err().print(message, soft_wrap=True)


def dumps(value: Any) -> str:
    """Return `value` as indented JSON with its keys in the order given."""
    import json

    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def print_json(value: Any) -> None:
    """Print `value` as JSON on stdout, plain, whatever the terminal."""
    sys.stdout.write(dumps(value) + "\n")


def progress(*, shown: bool | None = None) -> Progress:
    """Return a progress display on stderr: description, bar, count, speed, time left.

    Parameters
    ----------
    shown
        None draws bars for a terminal only, so that a log file or a pipe stays clean.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = err()
    visible = console.is_terminal if shown is None else shown
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        disable=not visible,
        transient=True,
    )


@contextmanager
def bars() -> Iterator[Callable[[str, int, int], None]]:
    """Give a function that is told what is being done, the rows done since, and all rows of it.

    Each title has a bar; the same work done once more starts its bar again.
    """
    with progress() as shown:
        tasks: dict[str, Any] = {}

        def told(title: str, done: int, total: int) -> None:
            if title not in tasks or shown.tasks[shown.task_ids.index(tasks[title])].finished:
                if title in tasks:
                    shown.remove_task(tasks[title])
                tasks[title] = shown.add_task(title, total=total)
            shown.advance(tasks[title], done)

        yield told


def track(
    items: Sequence[T] | Iterable[T], description: str, total: int | None = None
) -> Iterable[T]:
    """Yield `items` while a bar on stderr shows how far along they are."""
    if total is None and isinstance(items, Sequence):
        total = len(items)
    with progress() as shown:
        yield from shown.track(items, total=total, description=description)

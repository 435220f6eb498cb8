"""Map a function over batches, in this process or several, and give the results in order."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from typing import Any, TypeVar

from robustft.errors import UsageError, first_line

__all__ = ["map_ordered"]

T = TypeVar("T")
R = TypeVar("R")

# Batches that each further process has: one that it works on, and one for when it is done sooner
# than this process.
_IN_FLIGHT = 2
# Results that may wait for an earlier one: a process that has just been started is far behind.
_WAITING = 16


def map_ordered(
    function: Callable[[T], R], batches: Iterable[T], *, workers: int = 1
) -> Iterator[R]:
    """Yield ``function(batch)`` for each batch, in the order of the batches.

    Parameters
    ----------
    function
        Importable by name (or a partial of one) if more than one worker is used.
    batches
        Read lazily: at most a few per worker are held at a time.
    workers
        Processes, this one included: it takes a batch itself whenever the others have enough.
        The others are spawned, so that threads and locks of this one (pyarrow's, torch's) are not
        copied.

    Raises
    ------
    UsageError
        The function cannot be sent to the other processes.
    """
    if workers == 1:
        yield from map(function, batches)
        return
    _check_portable(function)
    context = multiprocessing.get_context("spawn")
    others = workers - 1
    pool = ProcessPoolExecutor(others, mp_context=context, initializer=_follow_parent)
    waiting: deque[Future[R]] = deque()
    left = iter(batches)
    try:
        for batch in left:
            if _busy(waiting) < others:
                waiting.append(pool.submit(function, batch))
            else:
                own: Future[R] = Future()
                waiting.append(own)
                # While this process computes, the others should not run out of work.
                more = islice(left, max(others * _IN_FLIGHT - _busy(waiting) + 1, 0))
                waiting.extend(pool.submit(function, later) for later in more)
                _compute(own, function, batch)
            while waiting and (waiting[0].done() or len(waiting) > workers * _WAITING):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _check_portable(function: Callable[..., Any]) -> None:
    """Raise an error now: where a pool finds it out, it may wait for ever (in Python 3.11)."""
    try:
        pickle.dumps(function)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UsageError(
            "workers: expected functions and settings that other processes can import, got: "
            f"{first_line(error)}; define them in a module, or use one worker"
        ) from error


def _busy(futures: Iterable[Future[Any]]) -> int:
    return sum(not future.done() for future in futures)


def _compute(future: Future[R], function: Callable[[T], R], batch: T) -> None:
    """Compute a batch here; what goes wrong is raised when it is its turn."""
    try:
        future.set_result(function(batch))
    except Exception as problem:
        future.set_exception(problem)


def _follow_parent() -> None:
    """Leave Ctrl-C to the parent, which stops the workers, and end when it has been killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(process: Any) -> None:
    process.join()
    os._exit(1)

"""Map a function over batches, in this process or several, and give the results in order."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, TypeVar

__all__ = ["map_ordered"]

T = TypeVar("T")
R = TypeVar("R")

# Results wait for their turn: enough to keep each worker busy, few enough to bound memory.
_IN_FLIGHT_PER_WORKER = 4


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
        Processes; 1 stays in this one. Processes are spawned, so that threads and locks of this
        one (pyarrow's, torch's) are not copied.
    """
    if workers == 1:
        yield from map(function, batches)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_quiet_interrupt)
    waiting: deque[Future[R]] = deque()
    try:
        for batch in batches:
            waiting.append(pool.submit(function, batch))
            if len(waiting) >= workers * _IN_FLIGHT_PER_WORKER:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _quiet_interrupt(*_: Any) -> None:
    """Let Ctrl-C reach the parent alone: it stops the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

"""Where a function is mapped over items: in this process, in several, or on a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from robustft.errors import RunError
from robustft.scale.mapping import map_ordered

__all__ = ["Engine", "EngineName", "LocalEngine", "engine_named"]

T = TypeVar("T")
R = TypeVar("R")

EngineName = Literal["local", "ray"]


class Engine(Protocol):
    """What maps a function over items."""

    @property
    def workers(self) -> int:
        """How many items are worked on at a time."""

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield ``function(item)`` for each item as it is done, in any order.

        Items are read as they are needed. What the function raises is raised here.
        """

    def facts(self) -> dict[str, Any]:
        """Return what a log says of it."""


@dataclass(frozen=True)
class LocalEngine:
    """One process of this machine, or several."""

    workers: int = 1

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield ``function(item)`` for each item, in the order of the items.

        Raises
        ------
        RunError
            A process is killed, by the system for want of memory or by somebody.
        """
        try:
            yield from map_ordered(function, items, workers=self.workers)
        except BrokenProcessPool as error:
            raise RunError(
                "workers: expected processes that finish, got one that was killed, perhaps for "
                "want of memory; what is done is kept, and the same command goes on with it"
            ) from error

    def facts(self) -> dict[str, Any]:
        """Return what a log says of it."""
        return {"engine": "local", "workers": self.workers}


def engine_named(
    name: EngineName,
    *,
    workers: int | None = None,
    address: str | None = None,
    gpus: int = 0,
) -> AbstractContextManager[Engine]:
    """Return an engine to be used in a ``with`` statement.

    Parameters
    ----------
    workers
        Items at a time: locally one by default, on a cluster as many as it has processors.
    address
        Of a Ray cluster; see `robustft.scale.ray_engine.RayEngine`.
    gpus
        That an item needs of a cluster.

    Raises
    ------
    MissingExtraError
        Ray is wanted and not installed.
    """
    if name == "local":
        return nullcontext(LocalEngine(workers or 1))
    from robustft.scale.ray_engine import RayEngine

    return RayEngine(workers=workers, address=address, gpus=gpus)

"""Map a function over items on a Ray cluster, by Ray Data, with retries. Knows nothing of texts.

Items are the rows of a data set with a block for each, so that an item is a task: Ray Data streams
them, holds back while workers are busy, and gives the item of a worker that died to another. What
is written and read beyond the item is the function's own business: Ray Data's writers name and cut
their files by block, of which nothing can be promised.
"""

from __future__ import annotations

import logging
import os
import platform
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from types import TracebackType
from typing import Any, Self, TypeVar

from robustft.errors import RobustftError, RunError, first_line, missing_extra
from robustft.scale.cores import usable_cores

__all__ = ["RayEngine"]

T = TypeVar("T")
R = TypeVar("R")

# Items given to Ray Data at a time: far more than a cluster works on, few enough to list.
_WINDOW = 4096
# Items and results are small; what a local cluster sets aside for them.
_OBJECT_STORE = 128 << 20
_SECONDS_TO_ANSWER = 10
_SAME = ("robustft", "numpy", "pyarrow", "regex")
_FAILED, _DONE = "failed", "done"


class RayEngine:
    """A Ray cluster, from ``with`` to the end of its block.

    The package must be installed on every node, in one version. Nothing is reported to Ray's
    authors.

    Parameters
    ----------
    workers
        Items worked on at a time; by default one a processor of the cluster. A cluster that is
        started here has as many processors.
    address
        ``auto`` for the cluster that runs on this machine, ``local`` for one of its own, else the
        address of a head node. None takes what RAY_ADDRESS says, else ``local``.

    gpus
        That an item needs.

    Attributes
    ----------
    workers : how many items are worked on at a time.

    Raises
    ------
    MissingExtraError
        Ray is not installed.
    RunError
        The cluster cannot be reached or started.
    """

    def __init__(
        self, *, workers: int | None = None, address: str | None = None, gpus: int = 0
    ) -> None:
        self._wanted, self._address = workers, address or os.environ.get("RAY_ADDRESS") or "local"
        self._gpus = gpus
        self.workers = workers or 1

    def __enter__(self) -> Self:
        ray = _quiet_ray()
        local = self._address == "local"
        if not local:
            _check_reachable(self._address)
        settings: dict[str, Any] = {}
        if local:
            settings = {
                "num_cpus": self._wanted or usable_cores(),
                "object_store_memory": _OBJECT_STORE,
                "include_dashboard": False,
            }
        try:
            ray.init(
                address=self._address, log_to_driver=False, logging_level=logging.ERROR, **settings
            )
        except (ConnectionError, RuntimeError, TimeoutError, ValueError, OSError) as error:
            _leave(ray)
            raise _unreachable(self._address, error) from error
        self.workers = self._wanted or int(ray.cluster_resources().get("CPU", 1))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the cluster; one that was started here ends."""
        _leave(_quiet_ray())

    def facts(self) -> dict[str, Any]:
        """Return what a log says of the cluster."""
        ray = _quiet_ray()
        nodes = sum(node["Alive"] for node in ray.nodes())
        return {"engine": "ray", "workers": self.workers, "nodes": nodes, "ray": ray.__version__}

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield ``function(item)`` for each item as it is done, in any order.

        Parameters
        ----------
        function
            Can be pickled. It may be called again for an item whose worker died, and even while
            that worker is still at it, so two calls must do no harm to each other.
        items
            Can be pickled; read a few thousand at a time.

        Raises
        ------
        RunError
            The cluster is lost, or nodes lack the package. An item whose worker died is given to
            another as often as that takes.
        Exception
            What the function raises.
        """
        rest = iter(items)
        while window := list(islice(rest, _WINDOW)):
            yield from self._map(function, window)

    def _map(self, function: Callable[[T], R], items: list[T]) -> Iterator[R]:
        import ray.data
        from ray import cloudpickle
        from ray.exceptions import RayError

        expected = _versions()

        def call(row: dict[str, Any]) -> dict[str, bytes]:
            return {"out": cloudpickle.dumps(_outcome(function, row["item"], expected))}

        rows = [{"item": cloudpickle.dumps(item)} for item in items]
        data = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
            call, num_cpus=1, num_gpus=self._gpus or None, concurrency=self._wanted
        )
        try:
            for row in data.iter_rows():
                state, value = cloudpickle.loads(row["out"])
                if state == _FAILED:
                    raise value
                yield value
        except RayError as error:
            raise _lost(error) from error


def _outcome(
    function: Callable[[Any], Any], packed: bytes, expected: dict[str, str]
) -> tuple[str, Any]:
    """Call the function on a worker; its error is a result like another, so Ray adds nothing."""
    from ray import cloudpickle

    try:
        _check_versions(expected)
        return _DONE, function(cloudpickle.loads(packed))
    except Exception as error:
        with suppress(Exception):
            cloudpickle.loads(cloudpickle.dumps(error))
            return _FAILED, error
        return _FAILED, RuntimeError(f"{type(error).__name__}: {error}")


@cache
def _installed() -> tuple[tuple[str, str], ...]:
    found = [("python", ".".join(platform.python_version_tuple()[:2]))]
    for package in _SAME:
        with suppress(PackageNotFoundError):
            found.append((package, version(package)))
    return tuple(found)


def _versions() -> dict[str, str]:
    return dict(_installed())


def _check_versions(expected: dict[str, str]) -> None:
    """Raise a `RunError` on a node whose versions are not those of the one that gives the work."""
    here = _versions()
    for package, wanted in expected.items():
        if here.get(package) != wanted:
            raise RunError(
                f"ray node {platform.node()}: expected {package} {wanted} as on the machine that "
                f"gives the work, got {here.get(package, 'none')}"
            )


def _lost(error: Exception) -> RobustftError:
    """Return the error for what went wrong on the cluster itself."""
    text = str(error)
    if "No module named" in text:
        name = text.partition("No module named")[2].split()[0].strip("'\"")
        return RunError(
            f"ray: expected the package {name.partition('.')[0]} on every node, got none on one; "
            "install what the machine that gives the work has installed"
        )
    return RunError(
        f"ray: expected workers that finish, got {type(error).__name__}: {first_line(error)}; "
        "what is done is kept, and the same command goes on with it"
    )


def _check_reachable(address: str) -> None:
    """Raise a `RunError` if nobody listens at an address: Ray itself tries for ten minutes."""
    found = address
    if address == "auto":
        from ray._private import services

        try:
            found = str(services.canonicalize_bootstrap_address(address))
        except ConnectionError as error:
            raise _unreachable(address, error) from error
    host, _, port = found.rpartition("://")[2].rpartition(":")
    if not port.isdigit():
        return  # no address of a machine: Ray knows what to make of it, or says that it does not
    try:
        socket.create_connection((host.strip("[]"), int(port)), _SECONDS_TO_ANSWER).close()
    except (OSError, OverflowError) as error:
        raise _unreachable(
            address if found == address else f"{address} ({found})", error
        ) from error


def _unreachable(address: str, error: Exception) -> RunError:
    reason = getattr(error, "strerror", None) or first_line(error)
    return RunError(f"ray: expected a cluster at {address}, got: {reason}")


def _quiet_ray() -> Any:
    """Import Ray so that it reports nothing to anyone and logs errors alone.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    # Ray lets workers give way to all else; those of a cluster that we start are the work itself.
    os.environ.setdefault("RAY_worker_niceness", "0")
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise missing_extra("ray", "ray") from error
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    return ray


def _leave(ray: Any) -> None:
    with suppress(Exception):
        ray.shutdown()

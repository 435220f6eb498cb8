"""One command in several processes: the main one runs it, the others help where it asks them to.

Launched by ``accelerate launch`` or ``torchrun``, only the process of rank 0 runs the command: it
alone reads options, looks at files, prints and writes. The others wait until it calls `together`,
which sends them a function with its arguments; then all run it side by side and may exchange what
they found. So nothing that depends on the file system is decided twice, the machines need share no
disk, and code that knows nothing of processes runs once, as ever.

An error that all meet alike is told by the main process. One that a helper alone meets is told by
that helper, and ends them all; so does the end of a process.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from robustft.errors import RobustftError, UsageError, first_line

__all__ = [
    "World",
    "add",
    "gather",
    "helpers",
    "machine_first",
    "run",
    "share",
    "together",
    "world",
]

T = TypeVar("T")

# A helper waits while the main process transforms texts, asks people, or writes a report.
_PATIENCE = timedelta(days=30)
# Computing side by side, nobody is ever so far behind.
_STEP = timedelta(hours=1)
# How long a helper that fails waits for the main process to say the same.
_SECONDS = 3.0
_FAILED, _TOLD = "robustft/failed", "robustft/told"
_INTERRUPTED = 130


@dataclass(frozen=True)
class World:
    """The processes that compute side by side, and which of them this is.

    Attributes
    ----------
    rank, size
        The number of this process, from 0, and how many there are.
    local_rank
        The number of this process on its machine: its GPU.
    sharded
        Whether the launcher asks that weights be divided among the processes (FSDP).
    reshards
        Whether they are divided again between a layer's forward and backward pass.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    sharded: bool = False
    reshards: bool = True

    @property
    def leads(self) -> bool:
        """Whether this is the main process."""
        return self.rank == 0


@dataclass
class _Joined:
    """What this process knows of the others."""

    world: World
    control: Any
    together: bool = False
    broken: bool = False


_ALONE = World()
_joined: _Joined | None = None


def launched() -> int:
    """Return how many processes ``accelerate launch`` or ``torchrun`` started, this one included.

    >>> launched()
    1
    """
    size, rank = (os.environ.get(name, "") for name in ("WORLD_SIZE", "RANK"))
    return int(size) if size.isdigit() and rank.isdigit() else 1


def world() -> World:
    """Return the processes that run what is running now: one, unless `together` was called."""
    return _joined.world if _joined is not None and _joined.together else _ALONE


def helpers() -> int:
    """Return how many other processes wait to be asked."""
    joined = _joined
    idle = joined is not None and not joined.together and not joined.broken
    return joined.world.size - 1 if joined is not None and idle else 0


def run(
    command: Callable[[], int],
    say: Callable[[Exception], Any] = lambda problem: sys.stderr.write(f"{problem}\n"),
) -> int:
    """Join the processes that were launched with this one and return an exit code.

    The main process runs `command`; the others help until it ends.

    Parameters
    ----------
    say
        Prints an error that a helper alone meets.

    Raises
    ------
    UsageError
        The launcher asks for what there is not: DeepSpeed, more processes than GPUs.
    RobustftError
        The others cannot be met.
    """
    try:
        joined = _join()
    except UsageError:
        if os.environ.get("LOCAL_RANK", "0") != "0":  # all meet it, one says it
            return 1
        raise
    try:
        return command() if joined.world.leads else _help(joined, say)
    finally:
        _leave(joined)


def together(function: Callable[..., T], *arguments: Any) -> T:
    """Run a function in all processes and return what it gives in the main one.

    It is a function of a module, and what it is given can be pickled. With one process, or within
    another such function, it is simply called.

    Raises
    ------
    UsageError
        Several processes were launched, but not to work together.
    RobustftError
        Another process has ended.
    """
    joined = _joined
    if joined is None and launched() > 1:
        raise UsageError(
            f"processes: expected {launched()} to be joined, got each on its own; launch "
            "-m robustft, or call robustft.model.processes.run(main) in your script"
        )
    if joined is None or joined.world.size == 1 or joined.together:
        return function(*arguments)
    if joined.broken:
        raise RobustftError("processes: expected the others to go on, got an end after an error")
    _broadcast(joined, (function, arguments))
    joined.together = True
    try:
        return function(*arguments)
    except BaseException as problem:
        joined.broken = True
        _tell(problem)
        raise
    finally:
        joined.together = False


def share(make: Callable[[], T]) -> T:
    """Return to all what `make` gives in the main process; its error is raised in all."""
    joined = _joined
    if joined is None or not joined.together:
        return make()
    outcome: tuple[Any, Exception | None] = (None, None)
    if joined.world.leads:
        try:
            outcome = (make(), None)
        except Exception as problem:
            outcome = (None, problem)
    value, failure = _broadcast(joined, outcome)
    if failure is not None:
        raise failure
    return value  # type: ignore[no-any-return]


def gather(value: T) -> list[T]:
    """Return to the main process the value of each, by rank; to the others nothing."""
    joined = _joined
    if joined is None or not joined.together:
        return [value]
    found: list[Any] | None = [None] * joined.world.size if joined.world.leads else None
    dist.gather_object(value, found, dst=0, group=joined.control)
    return found or []


def add(value: torch.Tensor) -> torch.Tensor:
    """Return to all the sum of a tensor over the processes."""
    if world().size == 1:
        return value
    total = value.clone()
    dist.all_reduce(total)
    return total


@contextmanager
def machine_first() -> Iterator[None]:
    """Let one process a machine run the block before the others there, who find what it left."""
    joined = _joined
    if joined is None or not joined.together:
        yield
        return
    first = joined.world.local_rank == 0
    if not first:
        dist.barrier(group=joined.control)
    yield
    if first:
        dist.barrier(group=joined.control)


def _join() -> _Joined:
    """Connect with the processes that the launcher's environment names."""
    global _joined  # noqa: PLW0603 - a process joins once, and all its code is in it
    _check_launcher()
    local = int(os.environ.get("LOCAL_RANK", "0"))
    backend = "gloo"
    if torch.cuda.is_available() and not _asks("ACCELERATE_USE_CPU"):
        there, here = torch.cuda.device_count(), int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        if here > there:
            raise UsageError(
                f"processes: expected at most one a GPU, got {here} on a machine with {there}"
            )
        torch.cuda.set_device(local)
        backend = "cpu:gloo,cuda:nccl"
    if not dist.is_initialized():
        try:
            dist.init_process_group(backend, timeout=_STEP)
        except (ValueError, RuntimeError) as problem:
            raise RobustftError(
                f"processes: expected to meet all {launched()} that WORLD_SIZE names, "
                f"got: {first_line(problem)}"
            ) from problem
    sharded = _asks("ACCELERATE_USE_FSDP")
    # The launcher's wishes are met here; accelerate itself is not to divide the model once more.
    os.environ.pop("ACCELERATE_USE_FSDP", None)
    control = dist.new_group(backend="gloo", timeout=_PATIENCE)
    again = os.environ.get("FSDP_RESHARD_AFTER_FORWARD", "true").lower() != "false"
    found = World(dist.get_rank(), dist.get_world_size(), local, sharded, again)
    _joined = _Joined(found, control)
    return _joined


def _check_launcher() -> None:
    for name, what in (("DEEPSPEED", "DeepSpeed"), ("MEGATRON_LM", "Megatron-LM")):
        if _asks(f"ACCELERATE_USE_{name}"):
            raise UsageError(f"accelerate launch: expected DDP or FSDP, got {what}")
    for name in ("OFFLOAD_PARAMS", "ACTIVATION_CHECKPOINTING"):
        if _asks("ACCELERATE_USE_FSDP") and _asks(f"FSDP_{name}"):
            raise UsageError(f"accelerate launch: expected fsdp_{name.lower()} off, got on")


def _asks(name: str) -> bool:
    return os.environ.get(name, "").lower() in {"1", "true", "yes"}


def _leave(joined: _Joined) -> None:
    """Dismiss the helpers; after an error there may be none who listens."""
    global _joined  # noqa: PLW0603
    _joined = None
    if joined.broken:
        return
    with suppress(RuntimeError):  # interrupted, they may have gone already
        if joined.world.leads:
            _broadcast(joined, None)
        dist.destroy_process_group()


def _help(joined: _Joined, say: Callable[[Exception], Any]) -> int:
    """Run what the main process asks for until it needs nothing more; return an exit code."""
    joined.together = True
    logging.disable(logging.ERROR)  # what is to be said, the main process says
    warnings.simplefilter("ignore")
    try:
        while (task := _broadcast(joined, None)) is not None:
            function, arguments = task
            function(*arguments)
            del function, arguments, task
    except KeyboardInterrupt:
        joined.broken = True
        return _INTERRUPTED
    except Exception as problem:
        joined.broken = True
        if not _is_end_of_another(problem) and not _is_told():
            sys.stderr.write(f"process {joined.world.rank}: ")
            say(problem)
        return 1
    return 0


def _broadcast(joined: _Joined, value: Any) -> Any:
    """Return the main process's value to all; tensors arrive on the CPU."""
    packed: list[bytes | None] = [None]
    if joined.world.leads:
        buffer = io.BytesIO()
        torch.save(value, buffer)
        packed = [buffer.getvalue()]
    dist.broadcast_object_list(packed, src=0, group=joined.control)
    if joined.world.leads:
        return value
    return torch.load(io.BytesIO(packed[0] or b""), map_location="cpu", weights_only=False)


def _tell(problem: BaseException) -> None:
    """Let the helpers know that the main process says what is wrong, or make it say so."""
    store = _store()
    if store is None:
        return
    if not _is_end_of_another(problem):
        store.set(_TOLD, "1")
        return
    if store.check([_FAILED]):  # the one that failed has said why
        raise SystemExit(1) from problem
    raise RobustftError(
        "processes: expected all to go on, got the end of one (killed, or out of memory?)"
    ) from problem


def _is_told() -> bool:
    """Say that this helper fails; tell whether the main process meets the same and says why."""
    store = _store()
    if store is None:
        return False
    store.set(_FAILED, "1")
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        if store.check([_TOLD]):
            return True
        time.sleep(0.05)
    return False


def _store() -> Any:
    """Return the key-value store that the processes met at."""
    from torch.distributed.distributed_c10d import _get_default_store

    try:
        return _get_default_store()
    except ValueError:
        return None


def _is_end_of_another(problem: BaseException) -> bool:
    """Tell whether an error only says that another process has gone."""
    if isinstance(problem, dist.DistError):
        return True
    said = str(problem)
    return isinstance(problem, RuntimeError) and any(
        word in said for word in ("gloo", "NCCL", "onnection closed", "onnection reset")
    )

"""How many processor cores are ours to use."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path

__all__ = ["usable_cores"]

_ROOT = Path("/sys/fs/cgroup")
_OURS = Path("/proc/self/cgroup")


def usable_cores() -> int:
    """Return the cores that this process may use: at most those that the machine has.

    Fewer where it is bound to some of them (``taskset``, a batch system) or a container has a
    quota of processor time (``docker run --cpus``), of which a started core counts.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        cores = os.cpu_count() or 1
    quota = _quota()
    return cores if quota is None else max(1, min(cores, math.ceil(quota)))


def _quota() -> float | None:
    """Return the processor time a second that the control groups of this process allow, if any.

    Source: the Linux kernel's documentation, ``cpu.max`` of control groups version 2, and
    ``cpu.cfs_quota_us`` of version 1.
    """
    limits = []
    for _, controllers, path in _groups():
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = _ROOT / "cpu" if controllers else _ROOT
        # A group above may allow less; a container sees its own as the root, whatever its path.
        own = Path(path.lstrip("/"))
        limits += [_limit(root / part) for part in {own, *own.parents, Path()}]
    return min((limit for limit in limits if limit is not None), default=None)


def _groups() -> list[list[str]]:
    """Return number, controllers and path of each control group of this process."""
    try:
        lines = _OURS.read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux
        return []
    return [line.split(":", 2) for line in lines]


def _limit(group: Path) -> float | None:
    with suppress(OSError, ValueError):
        quota, period = (group / "cpu.max").read_text(encoding="utf-8").split()
        return None if quota == "max" else int(quota) / int(period)
    with suppress(OSError, ValueError):
        micros = int((group / "cpu.cfs_quota_us").read_text(encoding="utf-8"))
        every = int((group / "cpu.cfs_period_us").read_text(encoding="utf-8"))
        return micros / every if micros > 0 else None
    return None

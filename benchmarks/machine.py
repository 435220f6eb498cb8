"""What a benchmark runs on, in words and figures."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from robustft.data.run_folder import versions
from robustft.scale.cores import usable_cores

__all__ = ["commit", "load", "machine", "matrix_speed", "usable_cores"]

HERE = Path(__file__).parent


def commit() -> str:
    """Return the commit that is measured, with a plus sign if files differ from it."""
    said = [
        subprocess.run(["git", *words], cwd=HERE, capture_output=True, text=True, check=False)
        for words in (["rev-parse", "--short=10", "HEAD"], ["status", "--porcelain", "-uno"])
    ]
    if said[0].returncode:
        return "unknown"
    # What a benchmark itself writes changes nothing that it measures.
    changed = [line for line in said[1].stdout.splitlines() if "benchmarks/results/" not in line]
    return said[0].stdout.strip() + ("+" if changed else "")


def machine() -> dict[str, Any]:
    """Describe what a benchmark runs on: processor, memory, GPU, versions, load."""
    import psutil

    info = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.+)", info.read_text()) if info.exists() else None
    made: dict[str, Any] = {
        "cpu": model[1] if model else platform.processor() or platform.machine(),
        "cores": usable_cores(),
        "caches": _caches(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "gpu": None,
        "versions": versions(),
        "load_before": load(),
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        made["threads"] = torch.get_num_threads()
        if torch.cuda.is_available():
            made["gpu"] = torch.cuda.get_device_name()
    return made


def _caches() -> str:
    """Return the processor's caches, such as ``L1 32K, L2 1024K, L3 33792K``."""
    found = {}
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            kind, level, size = (
                (folder / name).read_text().strip() for name in ("type", "level", "size")
            )
        except OSError:
            continue
        if kind != "Instruction":
            found[f"L{level}"] = size
    return ", ".join(f"{level} {size}" for level, size in found.items())


def load() -> float | None:
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def matrix_speed(size: int = 2048, times: int = 5) -> float:
    """Return the processor's limit: GFLOP/s of a large matrix product in 32 bits, the best of some.

    Threads are as torch has been told.
    """
    import torch

    a = torch.rand(size, size)
    speeds = []
    for _ in range(times):
        started = time.perf_counter()
        a @ a
        speeds.append(2 * size**3 / (time.perf_counter() - started))
    return round(max(speeds) / 1e9, 1)

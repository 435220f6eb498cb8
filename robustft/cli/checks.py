"""What ``robustft doctor`` looks at: each check yields findings and raises nothing."""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, entry_points, requires, version
from pathlib import Path
from typing import Any, Literal, NamedTuple

from robustft.errors import RobustftError

__all__ = ["CHECKS", "Check"]

_GIB = 2**30
_ROOM = 2 * _GIB  # a run of a base-sized model keeps two checkpoints of about 0.5 GB each


class Check(NamedTuple):
    """One finding: ``ok``, a ``note``, a ``warning`` of what may go wrong, or ``broken``."""

    name: str
    state: Literal["ok", "note", "warning", "broken"]
    finding: str


def _python() -> Iterator[Check]:
    yield Check("python", "ok", f"{platform.python_version()} on {platform.platform()}")


def _packages() -> Iterator[Check]:
    """The packages that robustft requires, against the versions it asks for."""
    from packaging.requirements import Requirement

    found = [f"robustft {version('robustft')}"]
    for text in requires("robustft") or []:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            yield Check("packages", "broken", f"{requirement}: expected, got no such package")
            continue
        if not requirement.specifier.contains(installed, prereleases=True):
            yield Check("packages", "broken", f"{requirement}: expected, got {installed}")
        found.append(f"{requirement.name} {installed}")
    yield Check("packages", "ok", ", ".join(found))


def _device() -> Iterator[Check]:
    try:
        torch: Any = importlib.import_module("torch")
    except (ImportError, OSError) as error:
        yield Check("device", "broken", f"torch: expected to import, got: {error}")
        return
    cpu = _processor()
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            free, total = torch.cuda.mem_get_info(index)
            name = torch.cuda.get_device_name(index)
            room = f"{free / _GIB:.1f} of {total / _GIB:.1f} GiB free"
            yield Check("device", "ok", f"cuda:{index}, {name}, {room}")
    elif torch.backends.mps.is_available():
        yield Check("device", "ok", f"mps, and {cpu}")
    else:
        yield Check("device", "ok", cpu)
        if _has_nvidia_driver():
            yield Check("device", "warning", _mismatch(torch.__version__, torch.version.cuda))


def _processes() -> Iterator[Check]:
    """How many processes share the work, where there are or could be several."""
    from robustft.cli.launched import processes

    torch: Any = importlib.import_module("torch")
    count, gpus = processes(), torch.cuda.device_count()
    if count > 1:
        yield Check("processes", "ok", f"{count}; train, eval and pretrain share their work")
    elif gpus > 1:
        how = f"accelerate launch --multi_gpu --num_processes {gpus} -m robustft train"
        yield Check("processes", "note", f"1, which uses one of {gpus} GPUs; {how} uses all")


def _processor() -> str:
    from robustft.model.device import has_native_bfloat16
    from robustft.model.threads import settle_threads
    from robustft.scale.cores import usable_cores

    cores, usable = os.cpu_count() or 1, usable_cores()
    said = f"cpu, {settle_threads()} threads of {cores} cores"
    if usable < cores:
        said += f", of which this process may use {usable}"
    if has_native_bfloat16():
        said += "; it computes in bfloat16 (--precision bf16)"
    return said


def _has_nvidia_driver() -> bool:
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def _mismatch(torch_version: str, cuda: str | None) -> str:
    """Say why an NVIDIA GPU is not used although its driver is here."""
    if cuda is None:
        return (
            f"an NVIDIA driver is here, but torch {torch_version} is a CPU build; install a CUDA "
            f"build: pip install --force-reinstall torch=={torch_version.partition('+')[0]} "
            "--index-url https://download.pytorch.org/whl/cu126 (or another CUDA version)"
        )
    return (
        f"an NVIDIA driver is here and torch {torch_version} is built for CUDA {cuda}, but no GPU "
        "can be used; nvidia-smi shows the CUDA version that the driver supports: if it is lower, "
        "install a build for it; is CUDA_VISIBLE_DEVICES set?"
    )


def _transforms() -> Iterator[Check]:
    """Import every transform and let it change its own example, which reads its word lists."""
    from robustft.transform.discovery import GROUP, names
    from robustft.transform.engine import perturb
    from robustft.transform.registry import get

    missing = []
    for point in entry_points(group=GROUP):
        if importlib.util.find_spec(point.value.partition(".")[0]) is None:
            missing.append(point.name)
            yield Check("transforms", "broken", f"{point.name}: expected package {point.value}")
    if missing:
        return
    good: list[str] = []
    waiting: list[Check] = []
    for name in names():
        try:
            cls = get(name)
            if needs := getattr(cls, "needs", ""):
                waiting.append(Check("transforms", "note", f"{name}: not tried, it needs {needs}"))
                continue
            perturb([getattr(cls, "example", "An example.")], name, severity=5)
        except Exception as error:
            yield Check("transforms", "broken", f"{name}: expected to work, got {error!r}")
        else:
            good.append(name)
    yield Check(
        "transforms", "ok" if good else "broken", ", ".join(good) or "expected some, got none"
    )
    yield from waiting


def _providers() -> Iterator[Check]:
    """Find the modules that give models to transforms and constraints, without importing them."""
    from robustft.transform.providers import GROUP

    found = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        if importlib.util.find_spec(point.module.partition(".")[0]) is None:
            yield Check("providers", "broken", f"{point.name}: expected package {point.module}")
        else:
            found.append(point.name)
    if found:
        yield Check("providers", "ok", ", ".join(found))
    else:
        yield Check("providers", "broken", "expected some, got none; install robustft again")


def _tagger() -> Iterator[Check]:
    from robustft.text.tagging import TAGGER_DATA, has_tagger

    if has_tagger():
        yield Check("tagger", "ok", f"NLTK's {TAGGER_DATA}")
    else:
        yield Check(
            "tagger",
            "note",
            f"no NLTK {TAGGER_DATA}, which --keep-pos needs; "
            f"install it with: python -m nltk.downloader {TAGGER_DATA}",
        )


def _lexicons() -> Iterator[Check]:
    """Read the word lists of every package of transforms."""
    import lzma

    from robustft.transform.discovery import GROUP

    found = []
    for point in entry_points(group=GROUP):
        spec = importlib.util.find_spec(point.value)
        folders = spec.submodule_search_locations if spec else None
        for path in sorted(p for f in folders or () for p in Path(f).glob("data/*.xz")):
            try:
                lines = lzma.decompress(path.read_bytes()).count(b"\n")
                found.append(f"{path.name} ({lines:,})")
            except (OSError, lzma.LZMAError) as error:
                yield Check("lexicons", "broken", f"{path.name}: expected an xz file, got: {error}")
    if found:
        yield Check("lexicons", "ok", ", ".join(found) + " lines")


def _foreign() -> Iterator[Check]:
    """Where the libraries are that only their adapters need; none is required."""
    from robustft.transform.foreign import found_libraries

    for found in found_libraries():
        if not found.where:
            yield Check("foreign", "note", f"{found.library}: not installed (optional)")
        elif found.problem:
            yield Check("foreign", "warning", f"{found.library}: {found.where}: {found.problem}")
        else:
            yield Check("foreign", "ok", f"{found.library} {found.version}: {found.where}")


def _settings() -> Iterator[Check]:
    from robustft.cli.settings import FILE_NAME, read_settings

    try:
        found = read_settings()
    except RobustftError as error:
        yield Check("settings", "broken", str(error))
        return
    given = ", ".join(f"{key}={value}" for key, value in found.items())
    yield Check("settings", "note", f"{FILE_NAME}: {given}" if given else f"no {FILE_NAME} here")


def _disk() -> Iterator[Check]:
    free = shutil.disk_usage(Path()).free
    if free < _ROOM:
        yield Check(
            "disk", "warning", f"only {free / _GIB:.1f} GiB free here; checkpoints may not fit"
        )
    else:
        yield Check("disk", "ok", f"{free / _GIB:.1f} GiB free here")


def _hub() -> Iterator[Check]:
    """Ask the hub for its front page; nothing depends on the answer."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        yield Check("hub", "note", "not asked (HF_HUB_OFFLINE is set)")
        return
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    address = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    try:
        with urlopen(Request(address, method="HEAD"), timeout=3):
            pass
    except HTTPError as error:
        yield Check("hub", "note", f"{address}: answers with {error.code}")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        yield Check(
            "hub", "note", f"{address}: not reachable ({reason}); local files and tiny work without"
        )
    else:
        yield Check("hub", "ok", f"{address}: reachable")


CHECKS: list[Callable[[], Iterator[Check]]] = [
    _python,
    _packages,
    _device,
    _processes,
    _transforms,
    _lexicons,
    _providers,
    _tagger,
    _foreign,
    _settings,
    _disk,
    _hub,
]

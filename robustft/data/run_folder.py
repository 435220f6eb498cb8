"""Run folders: one place on disk that holds all that a view of a run needs.

A run is written under a temporary name (``NAME.partial``) and renamed when it is complete, so a
folder with its final name is whole. The same configuration finds its partial folder again and
goes on in it. Nothing in a run folder names a path outside of it by its absolute name.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import tomli_w

from robustft.data.files import atomic_path, cannot_write
from robustft.errors import RunError
from robustft.scale.cores import usable_cores

__all__ = [
    "CONFIG",
    "LOG",
    "MANIFEST",
    "RunFolder",
    "config_hash",
    "differences",
    "hardware",
    "load_run",
    "nameable",
    "newest",
    "portable",
    "run_name",
    "versions",
    "versions_of",
    "without_none",
]

_RECORDED = ("robustft", "numpy", "pyarrow", "datasets", "torch", "transformers", "accelerate")
CONFIG, MANIFEST, LOG = "config.toml", "manifest.json", "log.jsonl"


def without_none(value: Any) -> Any:
    """Return settings as TOML can hold them, which has no null: one that is None is left out."""
    if isinstance(value, Mapping):
        return {str(k): without_none(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [without_none(v) for v in value]
    return value if isinstance(value, str | int | float | bool) else str(value)


def config_hash(config: Mapping[str, Any]) -> str:
    """Return six hexadecimal digits that stand for a resolved configuration."""
    canonical = json.dumps(without_none(config), sort_keys=True).encode()
    return blake2b(canonical, digest_size=3).hexdigest()


def run_name(readable: str, config: Mapping[str, Any]) -> str:
    """Return a folder name: the readable part, then the hash of the configuration."""
    safe = "".join(c if c.isalnum() or c in "-_.+" else "-" for c in readable).strip("-.") or "run"
    return f"{safe[:80]}-{config_hash(config)}"


def nameable(data: Any) -> str | None:
    """Return what data can be loaded by again; None for an object in memory."""
    if data is None:
        return "demo"
    return os.fspath(data) if isinstance(data, str | os.PathLike) else None


def portable(name: str, home: Path) -> str:
    """Return a local path relative to a run folder in `home`, so that both can move together.

    What is no path here, such as a hub name, stays as it is.
    """
    path = Path(os.path.expandvars(name)).expanduser()
    if not path.exists():
        return name
    return Path(os.path.relpath(path.resolve(), home.resolve() / "run")).as_posix()


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that shape results."""
    return {"python": platform.python_version(), **versions_of(_RECORDED)}


def versions_of(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of those of the packages that are installed."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def hardware() -> dict[str, Any]:
    """Return what the run ran on; the device is named only if torch is loaded already."""
    found: dict[str, Any] = {
        "system": platform.system(),
        "machine": platform.machine(),
        "cores": os.cpu_count() or 1,
        "usable_cores": usable_cores(),
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        found["threads"] = torch.get_num_threads()
        if torch.cuda.is_available():
            found["gpu"] = torch.cuda.get_device_name()
    return found


class RunFolder:
    """A run on disk; make one with `start`, read one with `open`.

    Attributes
    ----------
    path : where it is now; `finish` changes it to its final name.
    config : the resolved configuration, as in ``config.toml``.
    """

    def __init__(self, path: Path, final: Path, config: dict[str, Any]) -> None:
        self.path, self._final, self.config = path, final, config
        self._replaces = False

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> RunFolder:
        """Read a finished run.

        Raises
        ------
        RunError
            If `path` is no run folder, or the run in it is unfinished.
        """
        folder = Path(path)
        if not (folder / MANIFEST).is_file():
            state = "an unfinished run" if (folder / CONFIG).is_file() else "no run folder"
            if not folder.exists():
                state = "nothing there"
            raise RunError(f"{folder}: expected a run folder with {MANIFEST}, got {state}")
        return cls(folder, folder, _read_config(folder))

    @classmethod
    def start(
        cls,
        kind: str,
        readable: str,
        config: Mapping[str, Any],
        *,
        out: Path | None = None,
        root: Path = Path("runs"),
    ) -> RunFolder:
        """Make the folder of a configuration, or find the one that an earlier call left.

        Parameters
        ----------
        kind
            ``train``, ``eval`` or ``transform``.
        readable
            The readable part of the folder's name.
        config
            The resolved settings: whatever changes the result and nothing else.
        out
            The folder itself; by default a name under `root`.

        Raises
        ------
        RunError
            If the folder holds a run of other settings, or something else.
        """
        resolved: dict[str, Any] = without_none({"kind": kind, **config})
        final = Path(out) if out is not None else root / run_name(readable, resolved)
        partial = final.with_name(final.name + ".partial")
        for folder in (final, partial):
            if (folder / CONFIG).is_file():
                found = _read_config(folder)
                if found != resolved:
                    differing = differences(found, resolved)
                    raise RunError(
                        f"{folder}: expected a new folder or a run of the same settings, got one "
                        f"with other {differing}; name another --out or remove it"
                    )
                return cls(folder, final, resolved)
        if final.exists() and (not final.is_dir() or any(final.iterdir())):
            raise RunError(f"{final}: expected a new or empty folder, got one with other files")
        run = cls(partial, final, resolved)
        run._write(CONFIG, tomli_w.dumps(resolved).encode())
        return run

    def again(self) -> RunFolder:
        """Return a new folder for the same run, which takes the place of this one when it ends.

        Until then this one stays as it is, whatever interrupts the other.
        """
        partial = self._final.with_name(self._final.name + ".partial")
        if partial.is_dir():
            shutil.rmtree(partial)
        run = RunFolder(partial, self._final, self.config)
        run._replaces = True
        run._write(CONFIG, tomli_w.dumps(dict(self.config)).encode())
        return run

    @property
    def finished(self) -> bool:
        """Whether the run is complete."""
        return (self.path / MANIFEST).is_file()

    @property
    def kind(self) -> str:
        """What kind of run this is: ``train``, ``eval`` or ``transform``."""
        return str(self.config["kind"])

    @property
    def manifest(self) -> dict[str, Any]:
        """What a finished run says of itself."""
        manifest = self.read_json(MANIFEST)
        if not isinstance(manifest, dict):
            raise RunError(f"{self.path / MANIFEST}: expected an object, got {manifest!r:.80}")
        return manifest

    def _write(self, name: str, content: bytes) -> None:
        with atomic_path(self.path / name) as temporary:
            temporary.write_bytes(content)

    def write_json(self, name: str, value: Any) -> None:
        """Write a value as indented JSON, whole or not at all."""
        text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
        self._write(name, (text + "\n").encode("utf-8", "surrogatepass"))

    def read_json(self, name: str) -> Any:
        """Read a JSON file of the run.

        Raises
        ------
        RunError
            If it is missing or damaged.
        """
        try:
            return json.loads((self.path / name).read_bytes())
        except FileNotFoundError:
            raise RunError(f"{self.path}: expected a file {name}, got none") from None
        except ValueError as error:
            raise RunError(f"{self.path / name}: expected JSON, got: {error}") from error

    def log(self, event: Mapping[str, Any]) -> None:
        """Append an event, with the time, to ``log.jsonl``: the only place with timestamps."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": now, **event}, ensure_ascii=False) + "\n"
        try:
            with (self.path / LOG).open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            raise cannot_write(self.path / LOG, "an event", error) from error

    def finish(self, manifest: Mapping[str, Any]) -> None:
        """Write the manifest, last, and give the folder its final name, in place of an earlier run.

        Raises
        ------
        RunError
            If another process has finished the same run meanwhile.
        """
        self.write_json(
            MANIFEST, {"format": 1, "kind": self.kind, "versions": versions(), **manifest}
        )
        if self.path == self._final:
            return
        earlier = self._final.with_name(self._final.name + ".earlier")
        try:
            if self._replaces:
                self._final.rename(earlier)
            # An empty folder that the user has made may be replaced, nothing else.
            self.path.rename(self._final)
        except OSError as error:
            raise RunError(
                f"{self._final}: expected to give the finished run this name, got: "
                f"{error.strerror}; another process may have finished the same run"
            ) from error
        self.path = self._final
        if self._replaces:
            shutil.rmtree(earlier, ignore_errors=True)


def _read_config(folder: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise RunError(f"{folder / CONFIG}: expected a run's settings, got: {error}") from error


def differences(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Return the names of the settings that differ."""
    names = [key for key in {**found, **wanted} if found.get(key) != wanted.get(key)]
    return ", ".join(names)


def load_run(path: str | os.PathLike[str]) -> RunFolder:
    """Read a finished run folder.

    Raises
    ------
    RunError
        If `path` is no run folder, or the run in it is unfinished.
    """
    return RunFolder.open(path)


def newest(root: Path, kind: str) -> list[RunFolder]:
    """Return the finished runs of a kind under `root`, the newest first."""
    runs = [RunFolder.open(p.parent) for p in sorted(root.glob(f"*/{MANIFEST}"))]
    of_kind = [run for run in runs if run.kind == kind]
    return sorted(of_kind, key=lambda r: (r.path / MANIFEST).stat().st_mtime_ns, reverse=True)

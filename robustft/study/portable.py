"""What a study's files say of the places that its settings name: no path of the machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["PATHS", "change_paths", "named_settings", "place_identity", "relative_path"]

PATHS = ("data", "model", "extra_data")
"""Settings whose value may be a local path; further data may have a label map behind it."""


def change_paths(settings: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Return settings with `change` made to what may be a local path, in lists too.

    >>> change_paths({"extra_data": ["more.csv,0=neg,1=pos"], "epochs": 2}, "here/{}".format)
    {'extra_data': ['here/more.csv,0=neg,1=pos'], 'epochs': 2}
    """

    def changed(key: str, value: Any) -> Any:
        if isinstance(value, list):
            return [changed(key, one) for one in value]
        if not isinstance(value, str):
            return value
        place, comma, names = value.partition(",")
        # A comma may belong to the name itself; a label map has an equals sign in its first part.
        mapped = key == "extra_data" and "=" in names.partition(",")[0]
        return change(place) + comma + names if mapped else change(value)

    return {k: changed(k, v) if k in PATHS else v for k, v in settings.items()}


def named_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that have a value, as results show them: places by their last name."""
    given = {key: value for key, value in settings.items() if value is not None}
    return change_paths(given, lambda name: Path(name).name)


def relative_path(path: str | os.PathLike[str], folder: Path) -> str:
    """Return a path as it is seen from a study's folder, with forward slashes."""
    return Path(os.path.relpath(Path(path).resolve(), folder.resolve())).as_posix()


def place_identity(name: str) -> str:
    """Return what stands for a place in a hash: a local one by its files, wherever it is moved to.

    Names and sizes stand for the files, which is quick for a folder of any size; what changes
    within them without changing their sizes is noticed by the runs themselves.
    """
    path = Path(os.path.expandvars(name)).expanduser()
    if path.is_file():
        return f"{path.name} {path.stat().st_size}"
    if not path.is_dir():
        return name
    files = sorted(file for file in path.rglob("*") if file.is_file())
    sizes = [f"{file.relative_to(path).as_posix()} {file.stat().st_size}" for file in files]
    return "\n".join([path.name, *sizes])

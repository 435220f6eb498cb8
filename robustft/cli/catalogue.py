"""What ``robustft list`` says about each transform, remembered from one call to the next.

The facts about a built-in transform follow from the files of its package and of the rooms below it
alone (it may import nothing else of ours), so they are kept in `cache_folder` under a key of those
files' sizes and times, much as Python decides whether its bytecode is current. Transforms of other
packages may lean on anything and are asked each time; so is all where nothing can be kept.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from robustft.data.cache import cache_folder
from robustft.transform.discovery import BUILTIN, names

if typing.TYPE_CHECKING:
    from robustft.transform.base import Transform

__all__ = ["catalogue", "describe"]

# The rooms of this package that a built-in transform may import, and what writes its facts down.
_BELOW = ("errors.py", "seeding.py", "text", "transform", "cli/catalogue.py")


def catalogue() -> list[dict[str, Any]]:
    """Return the facts about every installed transform, those of built-in ones from memory."""
    path = cache_folder() / "catalogue.json"
    key = _key()
    known = _read(path, key)
    found = [known[name] if name in known else describe(name) for name in names()]
    if not known:
        _write(path, key, [f for f in found if "/" not in f["name"] and _keeps(f)])
    return found


def describe(name: str) -> dict[str, Any]:
    """Return the facts about one transform, ready for JSON; ``error`` if it cannot be imported."""
    from robustft.transform.base import LabelKind
    from robustft.transform.registry import get

    try:
        cls: Any = get(name)
    except Exception as error:
        return {"name": name, "error": f"{error}"}
    return {
        "name": name,
        "summary": _about(cls)[0].replace("\n", " "),
        "about": _about(cls)[1:],
        "version": cls.version,
        "level": str(cls.level),
        "languages": sorted(cls.languages),
        "preserves": sorted(map(str, cls.preserves)),
        "loses": [str(kind) for kind in LabelKind if kind not in cls.preserves],
        "deterministic": cls.deterministic,
        "rates": {str(severity): cls.rates[severity] for severity in sorted(cls.rates)},
        "settings": _settings(cls),
        "needs": cls.needs,
    }


def _about(cls: type[Transform]) -> list[str]:
    """Return the paragraphs that say what a transform does, without those on its settings."""
    text = (inspect.getdoc(cls) or "").partition("\n\nParameters\n---")[0]
    return text.split("\n\n")


def _settings(cls: type[Transform]) -> list[dict[str, Any]]:
    from robustft.transform.registry import settings_of

    found = []
    for name, (hint, default) in settings_of(cls).items():
        if name in ("rate", "severity"):  # every transform has these two
            continue
        choices = list(typing.get_args(hint)) if typing.get_origin(hint) is Literal else None
        kind = "choice" if choices else getattr(hint, "__name__", str(hint))
        found.append({"name": name, "type": kind, "choices": choices, "default": default})
    return found


def _key() -> list[Any]:
    """Return what the facts about built-in transforms follow from."""
    spec = importlib.util.find_spec(BUILTIN)
    here = Path(__file__).parents[1]
    places = [*(spec.submodule_search_locations or () if spec else ()), *(here / p for p in _BELOW)]
    files = [(path, int(s.st_size), s.st_mtime_ns) for place in places for path, s in _files(place)]
    # Without docstrings (python -OO) there are no summaries.
    return [sys.version, sys.flags.optimize, *map(list, sorted(files))]


def _files(place: str | Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the Python files at a place, with what the file system says about them."""
    if os.path.isfile(place):  # noqa: PTH113 (a Path a file would take longer than the rest)
        yield str(place), os.stat(place)  # noqa: PTH116
        return
    with os.scandir(place) as entries:
        for entry in entries:
            if entry.is_dir() and entry.name != "__pycache__":
                yield from _files(entry.path)
            elif entry.name.endswith(".py"):
                yield entry.path, entry.stat()


def _keeps(facts: dict[str, Any]) -> bool:
    """Say whether facts are the same when they are read again; an error is not remembered."""
    try:
        return "error" not in facts and _again(json.loads(json.dumps(facts))) == facts
    except TypeError:
        return False


def _again(facts: dict[str, Any]) -> dict[str, Any]:
    """Return facts that were JSON, which has no tuples, as they were."""
    for setting in facts["settings"]:
        if setting["type"] == "tuple":
            setting["default"] = tuple(setting["default"])
    return facts


def _read(path: Path, key: list[Any]) -> dict[str, dict[str, Any]]:
    """Return the facts kept under this key, by name; none where there are no such."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["key"] != key:
            return {}
        return {facts["name"]: _again(facts) for facts in kept["transforms"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _write(path: Path, key: list[Any], transforms: list[dict[str, Any]]) -> None:
    """Keep the facts; where that cannot be, they are found anew the next time."""
    from robustft.data.files import atomic_path
    from robustft.errors import DataError

    try:
        with atomic_path(path, "what transforms do") as temporary:
            temporary.write_text(json.dumps({"key": key, "transforms": transforms}), "utf-8")
    except DataError:
        return

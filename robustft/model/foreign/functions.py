"""A function as a model: ``module:function``, ``./file.py:function`` or the object itself."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import Any

from robustft.data.task import Task
from robustft.errors import ModelError, RobustftError, first_line, suggest
from robustft.model.foreign.outputs import OutputReader

__all__ = ["FunctionModel", "function_name", "is_function_name", "load_function", "source_hash"]

_NAME = re.compile(r"(?:.+\.py|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


class FunctionModel:
    """Calls a function with a list of texts, and of pairs with a second list.

    Parameters
    ----------
    function
        Its attribute ``labels`` (or ``classes_``), if it has one, says what the columns of an
        array stand for.
    """

    rows = 256
    concurrency = 1
    halted = False

    def __init__(self, function: Callable[..., Any], where: str) -> None:
        self._function, self.where = function, where

    def reader(self, task: Task) -> OutputReader:
        """Return what reads its outputs for a task."""
        named = getattr(self._function, "labels", None)
        if named is None:
            named = getattr(self._function, "classes_", None)
        return OutputReader(self.where, task, classes=None if named is None else list(named))

    def __call__(self, texts: list[str], pairs: list[str] | None) -> Any:
        given = (texts,) if pairs is None else (texts, pairs)
        try:
            return self._function(*given)
        except RobustftError:
            raise
        except Exception as problem:
            takes = "texts" if pairs is None else "pairs of texts, as two lists"
            raise ModelError(
                f"{self.where}: expected outputs for {len(texts):,} {takes}, got "
                f"{type(problem).__name__}: {first_line(problem)}"
            ) from problem


def is_function_name(name: str) -> bool:
    """Say whether a name is like ``module:function`` or ``./file.py:function``."""
    return _NAME.fullmatch(name) is not None


def load_function(name: str) -> Callable[..., Any]:
    """Import what ``module:function`` or ``./file.py:function`` names.

    Modules are found in the working directory, too.

    Raises
    ------
    ModelError
        There is no such module or file, it cannot be imported, or holds no such function.
    """
    place, _, attribute = name.rpartition(":")
    module = _from_file(place) if place.endswith(".py") else _from_module(place)
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            known = [n for n, value in vars(module).items() if callable(value)]
            raise ModelError(
                f"{name}: expected a function {attribute!r} in {place}, got none"
                f"{suggest(part, known)}"
            )
        found = getattr(found, part)
    if isinstance(found, type) or not callable(found):
        raise ModelError(f"{name}: expected a function from a list of texts, got {_article(found)}")
    function: Callable[..., Any] = found
    return function


def function_name(function: Any) -> str:
    """Return what to call a function: its own name, or that of its class."""
    name = getattr(function, "__name__", None) or type(function).__name__
    return "function" if name == "<lambda>" else str(name)


def source_hash(function: Any) -> str | None:
    """Return a hash of the source file in which a function stands; None without one."""
    with suppress(TypeError, OSError):
        file = inspect.getsourcefile(inspect.unwrap(function))
        if file is not None:
            digest = blake2b(Path(file).read_bytes(), digest_size=8).hexdigest()
            return f"{function_name(function)} {digest}"
    return None


def _from_file(place: str) -> ModuleType:
    path = Path(place).expanduser()
    if not path.is_file():
        raise ModelError(f"{place}: expected a file with a function, got none")
    # Registered under a name of its own, so that dataclasses can find the module they stand in.
    name = f"robustft_model_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    with _importing(place, path.resolve().parent):
        spec.loader.exec_module(module)
    return module


def _from_module(name: str) -> ModuleType:
    with _importing(name, Path.cwd()):
        return importlib.import_module(name)


@contextmanager
def _importing(what: str, folder: Path) -> Iterator[None]:
    """Let what is imported find its neighbours, and say what goes wrong."""
    sys.path.insert(0, os.fspath(folder))
    try:
        yield
    except Exception as problem:
        raise ModelError(
            f"{what}: expected a module that can be imported, got {type(problem).__name__}: "
            f"{first_line(problem)}"
        ) from problem
    finally:
        with suppress(ValueError):
            sys.path.remove(os.fspath(folder))


def _article(found: Any) -> str:
    return "a class; name an object or a function" if isinstance(found, type) else repr(found)[:80]

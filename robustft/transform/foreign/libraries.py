"""Finding a foreign library, here or under another Python, and calling its augmenters."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from robustft.errors import SpecError, TransformError
from robustft.scale.worker import JsonWorker, WorkerError
from robustft.transform.foreign import host

__all__ = [
    "LIBRARIES",
    "Augmenter",
    "Library",
    "find_library",
    "found_libraries",
    "load_augmenter",
]

LIBRARIES = tuple(host.MODULES)
_HOST = Path(host.__file__)


@dataclass(frozen=True)
class Library:
    """A library and the Python that has it; None for this one."""

    name: str
    python: str | None

    def load(self, augmenter: str, options: Mapping[str, Any]) -> Augmenter:
        """Make an augmenter.

        Raises
        ------
        SpecError
            If there is no such augmenter, or its options do not suit it.
        """
        what = f"{self.name}:aug={augmenter}"
        try:
            if self.python is None:
                return _Here(what, host.make(self.name, augmenter, dict(options)))
            return _Elsewhere(what, self.python, self.name, augmenter, options)
        except (WorkerError, host.UnavailableError) as problem:
            said = str(problem)
            raise SpecError(said if said.startswith(what) else f"{what}: {said}") from problem
        except Exception as problem:
            raise SpecError(f"{what}: expected options that suit it, got: {problem}") from problem


class Augmenter:
    """Calls a foreign augmenter on texts; each text with a seed of its own."""

    def __call__(self, texts: Sequence[str], seeds: Sequence[int]) -> list[str]:
        """Return what the augmenter makes of each text.

        Raises
        ------
        TransformError
            If it fails.
        """
        raise NotImplementedError


class _Here(Augmenter):
    def __init__(self, what: str, call: Any) -> None:
        self._what, self._call = what, call

    def __call__(self, texts: Sequence[str], seeds: Sequence[int]) -> list[str]:
        try:
            return [self._call(text, seed) for text, seed in zip(texts, seeds, strict=True)]
        except Exception as problem:
            raise TransformError(f"{self._what}: expected a text, got: {problem}") from problem


class _Elsewhere(Augmenter):
    def __init__(
        self, what: str, python: str, library: str, augmenter: str, options: Mapping[str, Any]
    ) -> None:
        self._worker = JsonWorker([python, str(_HOST)], what)
        request = {"library": library, "name": augmenter, "options": dict(options)}
        self.version = self._worker.ask(request)["version"]

    def __call__(self, texts: Sequence[str], seeds: Sequence[int]) -> list[str]:
        try:
            answer = self._worker.ask({"texts": list(texts), "seeds": list(seeds)})
        except WorkerError as problem:
            raise TransformError(str(problem)) from problem
        made: list[str] = answer["texts"]
        return made


def load_augmenter(
    library: str, augmenter: str, *, python: str = "", options: str = ""
) -> Augmenter:
    """Return an augmenter of a library: what the providers ``nlpaug`` and ``textattack`` give.

    Parameters
    ----------
    library
        One of `LIBRARIES`.
    augmenter
        The name of a class of the library.
    python
        The Python that has the library; by default this one if it has, else that of the
        environment variable, such as ``ROBUSTFT_NLPAUG_PYTHON``.
    options
        Keyword arguments of the class as JSON.

    Raises
    ------
    SpecError
        If the library is nowhere, or has no such augmenter.
    """
    return find_library(library, python).load(augmenter, json.loads(options or "{}"))


nlpaug = partial(load_augmenter, "nlpaug")
textattack = partial(load_augmenter, "textattack")


class Found(NamedTuple):
    """Where a library is; `problem` says why it cannot be used, if so."""

    library: str
    where: str
    version: str
    problem: str


def found_libraries() -> Iterator[Found]:
    """Yield what there is of each library, for ``robustft doctor``; nothing is imported here."""
    probe = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
    for name in LIBRARIES:
        try:
            library = find_library(name, "")
        except SpecError as problem:
            yield Found(name, "", "", str(problem))
            continue
        if library.python is None:
            yield Found(name, "this Python", host.library_version(name) or "?", "")
            continue
        try:
            done = subprocess.run(
                [library.python, "-c", probe, name], capture_output=True, text=True, check=False
            )
        except OSError as error:
            yield Found(name, library.python, "", str(error))
            continue
        last = (done.stderr.strip().splitlines() or [""])[-1]
        yield Found(name, library.python, done.stdout.strip(), last if done.returncode else "")


def find_library(name: str, python: str = "") -> Library:
    """Return where a library is: in this Python, in `python`, or where its variable says.

    Raises
    ------
    SpecError
        It is nowhere.
    """
    variable = f"ROBUSTFT_{name.upper()}_PYTHON"
    if not python and importlib.util.find_spec(name) is not None:
        return Library(name, None)
    chosen = python or os.environ.get(variable, "")
    if not chosen:
        raise SpecError(
            f"{name}: expected the library in this Python ({sys.executable}), or one that has it "
            f"by {name}:python=PATH or {variable}, got none; docs/foreign_libraries.md says how to "
            "install it"
        )
    return Library(name, chosen)

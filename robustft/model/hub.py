"""Loading quietly, and finding out quickly that a hub cannot be reached."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import transformers
from huggingface_hub import constants

from robustft.data.hub import hub_answers
from robustft.errors import HubError, ModelError, first_line

__all__ = [
    "TINY_INSTEAD",
    "Source",
    "cannot_be_had",
    "find_source",
    "load_error",
    "quiet_transformers",
]

_LOOKS_LIKE_A_PATH = re.compile(r"[.~/\\]|.*\\|[^/]*/[^/]*/|.*/$")


class Source:
    """Where a model lives: a folder, or a name on a hub (offline: its cached copy alone)."""

    def __init__(self, name: str, *, folder: bool, offline: bool) -> None:
        self.name = name
        self.folder = folder
        self.offline = offline


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Silence transformers' log and loading bars, then put them back.

    What is worth knowing (the weights that are new) is reported by our own loader.
    """
    log = transformers.utils.logging
    level, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    if bars:
        log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()


def find_source(name: str) -> Source:
    """Tell a folder from a hub name, and whether the hub answers.

    Raises
    ------
    ModelError
        The name is a path, and no folder with a model in it is there.
    """
    path = Path(os.path.expandvars(name)).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise ModelError(
                f"{name}: expected a model folder (config.json, weights, tokenizer), "
                "got a folder without config.json"
            )
        return Source(str(path), folder=True, offline=True)
    if path.exists():
        raise ModelError(f"{name}: expected a model folder, got a file")
    if _LOOKS_LIKE_A_PATH.match(name):
        raise ModelError(f"{name}: expected a model folder, got no such folder")
    return Source(name, folder=False, offline=not hub_answers())


TINY_INSTEAD = "use --model tiny, which needs no download, or --model with a local folder"


def cannot_be_had(name: str, reason: str, instead: str = TINY_INSTEAD) -> HubError:
    """Return the error for a model that lives on a hub and could not be fetched."""
    return HubError(
        f"{name}: expected a model from the hub ({constants.ENDPOINT}) or its cached copy, got "
        f"{reason}; {instead}"
    )


def load_error(
    source: Source, name: str, wanted: str, problem: Exception, instead: str = TINY_INSTEAD
) -> Exception:
    """Return the error for a source from which `wanted` could not be loaded."""
    first = first_line(problem)
    if source.folder:
        return ModelError(f"{name}: expected a folder with {wanted}, got: {first}")
    if source.offline:
        return cannot_be_had(name, "no connection", instead)
    if isinstance(problem, OSError):
        return cannot_be_had(name, first, instead)
    return ModelError(f"{name}: expected {wanted}, got: {first}")

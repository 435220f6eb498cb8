"""Which parquet files make a corpus, and which split each is of."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import Any

from robustft.data.folders import split_of
from robustft.data.readers import format_of
from robustft.data.splits import in_order, split_named
from robustft.data.streaming.storage import filesystem, is_url
from robustft.errors import DataError, UsageError, first_line, suggest

__all__ = ["Corpus", "Shard", "find_corpus", "is_streamed"]

_WILD = "*?["


@dataclass(frozen=True)
class Shard:
    """One parquet file of a corpus.

    Attributes
    ----------
    number : its place among the shards of its split, from 0; names what is written for it.
    name : what it is called within the corpus.
    url : where it is read.
    size : its bytes.
    """

    number: int
    name: str
    url: str
    size: int

    @property
    def part(self) -> str:
        """The name, without an ending, of what is made of it: ``part-00000``."""
        return f"part-{self.number:05d}"


@dataclass(frozen=True)
class Corpus:
    """The shards of one split.

    Attributes
    ----------
    name : what to call it.
    split : the split's name, ``all`` where the files name none.
    shards : in the order of their names.
    """

    name: str
    split: str
    shards: tuple[Shard, ...]

    @property
    def bare(self) -> Corpus:
        """What a worker needs of it, without its shards."""
        return replace(self, shards=())

    @property
    def fingerprint(self) -> str:
        """A hash of the names and sizes of the shards: the same corpus goes on where it stopped."""
        facts = json.dumps([[shard.name, shard.size] for shard in self.shards])
        return blake2b(facts.encode(), digest_size=16).hexdigest()


def is_streamed(data: str | None) -> bool:
    """Say whether a name can only be meant for shards: a URL, or a pattern that is no file."""
    if data is None:
        return False
    return is_url(data) or (any(c in data for c in _WILD) and not Path(data).exists())


def find_corpus(data: str, split: str | None = None) -> Corpus:
    """Return the parquet files of one split under a folder, a pattern or a URL.

    A file is of the split that a folder above it, or it itself, is called after
    (``train/00.parquet``, ``test-00000-of-00004.parquet``), else of ``all``. Files in a folder
    *data*, if there is one, are taken alone; names that begin with a dot or an underscore are
    passed over.

    Parameters
    ----------
    split
        Which one; by default the test split, or the first.

    Raises
    ------
    DataError
        There are no parquet files.
    UsageError
        There is no such split.
    """
    named = data if is_url(data) else os.fspath(Path(os.path.expandvars(data)).expanduser())
    system, path = filesystem(named)
    try:
        root, found = _listed(system, path)
    except (OSError, ValueError) as error:
        raise DataError(f"{data}: expected parquet files, got: {first_line(error)}") from error
    groups: dict[str, list[tuple[str, str, int]]] = {}
    for full, size in found:
        name = full[len(root) :].lstrip("/") or PurePosixPath(full).name
        groups.setdefault(_split_in(name), []).append((name, system.unstrip_protocol(full), size))
    if not groups:
        raise DataError(
            f"{data}: expected a folder, a pattern or a URL of parquet files, got none there"
        )
    names = in_order(list(groups))
    chosen = split or ("test" if "test" in groups else names[0])
    if chosen not in groups:
        raise UsageError(
            f"--split: expected one of {', '.join(names)}, got {chosen!r}{suggest(chosen, names)}"
        )
    shards = (Shard(n, *facts) for n, facts in enumerate(sorted(groups[chosen])))
    return Corpus(_title(root or path), chosen, tuple(shards))


def _title(root: str) -> str:
    name = PurePosixPath(root).name
    return name.removesuffix(".parquet") or "corpus"


def _listed(system: Any, path: str) -> tuple[str, list[tuple[str, int]]]:
    """Return the folder that names are relative to, and the files with their sizes."""
    if any(c in path for c in _WILD) and not system.exists(path):
        found = system.glob(path, detail=True)
        steps = path.split("/")
        fixed = next(i for i, step in enumerate(steps) if any(c in step for c in _WILD))
        root = "/".join(steps[:fixed])
    elif system.isfile(path):
        found, root = {path: system.info(path)}, path.rpartition("/")[0]
        if not path.endswith(".parquet"):
            raise ValueError(f"a file that is called {PurePosixPath(path).name}")
    else:
        found, root = system.find(path, detail=True), path.rstrip("/")
    files = [
        (str(name), int(facts.get("size") or 0))
        for name, facts in found.items()
        if facts.get("type") == "file" and _is_data(str(name)[len(root) :])
    ]
    inner = f"{root}/data/"
    within = [(name, size) for name, size in files if name.startswith(inner)]
    return root, within or files


def _is_data(name: str) -> bool:
    steps = name.strip("/").split("/")
    hidden = any(step.startswith((".", "_")) for step in steps)
    return not hidden and format_of(Path(steps[-1])) == ".parquet"


def _split_in(name: str) -> str:
    path = PurePosixPath(name)
    own: Sequence[str | None] = [split_of(Path(path.name))]
    folders = [split_named(folder) for folder in reversed(path.parts[:-1])]
    return next((found for found in [*own, *folders] if found), "all")

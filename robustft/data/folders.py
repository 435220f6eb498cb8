"""A folder of splits: which of its files hold which split."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from robustft.data.readers import SUFFIXES, format_of, read_file, stem_of
from robustft.data.rows import Rows, join
from robustft.data.splits import in_order, split_named
from robustft.errors import DataError

__all__ = ["find_files", "is_saved_to_disk", "read_folder", "split_of"]

_SHARD = re.compile(r"(?P<stem>.*?)[-_.]?(?P<number>\d{5})-of-(?P<count>\d{5})")
_WORDS = re.compile(r"[^A-Za-z]+")


def is_saved_to_disk(folder: Path) -> bool:
    """Say whether `datasets.save_to_disk` wrote the folder."""
    names = ("dataset_dict.json", "state.json")
    return any((folder / name).is_file() for name in names)


def read_folder(folder: Path, where: str) -> tuple[dict[str, Rows], set[str]]:
    """Read a folder's splits.

    Returns the rows by split, and those names that are no usual names of splits though others
    are: their files may hold something else.

    Raises
    ------
    DataError
        No data file, two files for one split, or a missing part of several.
    """
    files = find_files(folder, where)
    splits = {
        name: join([read_file(path, f"{where}/{path.relative_to(folder)}") for path in files[name]])
        for name in in_order(list(files))
    }
    usual = {name for name in splits if split_named(name)}
    return splits, set(splits) - usual if usual else set()


def find_files(folder: Path, where: str) -> dict[str, list[Path]]:
    """Return the data files of a folder by split, the parts of a split in their order.

    Files with the usual names of splits are looked for in the folder, in its folder ``data``, and
    in folders called after splits, in this order. Beside them, files of the same format are
    splits named after themselves. In a folder with none of those, every data file is.
    """
    own, inner = _data_files(folder), _data_files(folder / "data")
    for files in (own, inner):
        if any(split_of(path) for path in files):
            return _grouped(files, where)
    nested = {
        name: _data_files(child)
        for child in sorted(folder.iterdir())
        if child.is_dir() and (name := split_named(child.name))
    }
    if any(nested.values()):
        return {name: _parts(paths, name, where) for name, paths in nested.items() if paths}
    files = [path for path in inner or own if format_of(path) != ".json"]
    if not files:
        names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
        held = f"only {', '.join(names[:8])}" if names else "an empty folder"
        raise DataError(
            f"{where}: expected a folder with files such as train.parquet or test.csv "
            f"({', '.join(SUFFIXES)}), got {held}"
        )
    return _grouped(files, where)


def _data_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [
        path
        for path in sorted(folder.iterdir())
        if path.is_file() and format_of(path) and not path.name.startswith((".", "_"))
    ]


def _stem(path: Path) -> str:
    stem = stem_of(path)
    shard = _SHARD.fullmatch(stem)
    return shard["stem"] if shard else stem


def split_of(path: Path) -> str | None:
    """Return the split that a file is named after: ``train.csv``, ``imdb-test.parquet``."""
    stem = _stem(path)
    found = {name for word in _WORDS.split(stem) if (name := split_named(word))}
    return found.pop() if len(found) == 1 else None


def _grouped(files: list[Path], where: str) -> dict[str, list[Path]]:
    usual = {format_of(path) for path in files if split_of(path)}
    groups: dict[str, list[Path]] = defaultdict(list)
    for path in files:
        name = split_of(path)
        if name is None and usual and format_of(path) not in usual:
            continue  # log.jsonl beside test.parquet
        groups[name or _stem(path)].append(path)
    return {name: _parts(paths, name, where) for name, paths in groups.items()}


def _parts(paths: list[Path], name: str, where: str) -> list[Path]:
    if len(paths) == 1 and not _SHARD.fullmatch(stem_of(paths[0])):
        return paths
    shards = [_SHARD.fullmatch(stem_of(path)) for path in paths]
    counts = {int(shard["count"]) for shard in shards if shard}
    numbers = {int(shard["number"]) for shard in shards if shard}
    if None in shards or len({_stem(path) + path.suffix for path in paths}) > 1 or len(counts) > 1:
        raise DataError(
            f"{where}: expected one file (or numbered parts of one) for the split {name}, "
            f"got {', '.join(path.name for path in paths)}"
        )
    missing = sorted(set(range(counts.pop())) - numbers)
    if missing:
        raise DataError(
            f"{where}: expected all parts of the split {name}, got no part {missing[0]:05d} beside "
            f"{paths[0].name}"
        )
    return paths

"""From what a user names (a file, a folder, a hub name, a data frame) to rows by split."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from robustft.data import demo
from robustft.data.features import with_class_names
from robustft.data.folders import is_saved_to_disk, read_folder
from robustft.data.hub import card_kind, is_hub_name, load_from_hub
from robustft.data.readers import SUFFIXES, format_of, read_file, stem_of
from robustft.data.rows import Rows
from robustft.data.splits import in_order, split_named
from robustft.data.values import column_of, table_of
from robustft.errors import DataError, UsageError, suggest
from robustft.transform.base import LabelKind

__all__ = ["Source", "card_of", "open_source"]

_DEMOS = ("demo", "demo:reviews", "demo:events")


@dataclass
class Source:
    """What was found under a name.

    Parameters
    ----------
    name
        What to call it.
    splits
        Rows by split. The one split of a source without splits is called ``all``.
    extras
        The splits among them that may turn out to be something else.
    label_kind
        What its card says of its labels.
    notices
        What the user should know.
    """

    name: str
    splits: dict[str, Rows]
    extras: set[str] = field(default_factory=set)
    label_kind: LabelKind | None = None
    notices: list[str] = field(default_factory=list)


def open_source(data: Any) -> Source:
    """Read whatever `data` names or is.

    Raises
    ------
    DataError
        There is nothing to read, or it cannot be read.
    HubError
        It lives on a hub that cannot be reached.
    """
    if data is None or (isinstance(data, str) and data in _DEMOS):
        return _demo(data or "demo")
    if isinstance(data, str | os.PathLike):
        return _named(os.fspath(data))
    if isinstance(data, Mapping) and data and not _is_column(next(iter(data.values()))):
        splits = {
            split_named(str(name)) or str(name): _object(value, str(name))
            for name, value in data.items()
        }
        return Source("data", {name: splits[name] for name in in_order(list(splits))})
    return Source("data", {"all": _object(data, "data")})


def _demo(name: str) -> Source:
    if name == "demo:events":
        table, _ = table_of(demo.demo_events(), name)
        kind = LabelKind.QUANTITY
    else:
        table, _ = table_of(demo.demo_reviews(), name)
        table = with_class_names(table, "label", ("negative", "positive"))
        kind = LabelKind.SENTIMENT
    return Source(name, {"all": Rows(table, ((name, len(table)),))}, label_kind=kind)


def _named(name: str) -> Source:
    if name.startswith("demo:"):
        raise UsageError(
            f"{name}: expected one of {', '.join(_DEMOS)}, got no such demo{suggest(name, _DEMOS)}"
        )
    path = Path(os.path.expandvars(name)).expanduser()
    if path.is_dir():
        return _folder(path, name.rstrip("/\\") or name)
    if path.exists():
        rows = read_file(path, name)
        stem = stem_of(path)
        split = split_named(stem)
        # A file called test is not for training on; a file called train may have to give a test.
        held_out = split in ("validation", "test", "unsupervised")
        return Source(stem, {split if split and held_out else "all": rows})
    looks_local = format_of(path) or name.startswith((".", "/", "~")) or not is_hub_name(name)
    if looks_local or path.suffix.lower() in SUFFIXES:
        raise _no_such(path, name)
    dataset, kind = load_from_hub(name)
    source = _from_datasets(dataset, name)
    source.label_kind = kind
    return source


def _no_such(path: Path, name: str) -> DataError:
    parent = path.parent
    if not parent.is_dir():
        return DataError(f"{name}: expected a file or folder, got no folder {parent}")
    near = suggest(path.name, sorted(child.name for child in parent.iterdir()))
    return DataError(f"{name}: expected a file or folder, got no such name in {parent}{near}")


def _folder(path: Path, name: str) -> Source:
    title = path.resolve().name
    kind = card_of(path)
    if is_saved_to_disk(path):
        import datasets

        try:
            source = _from_datasets(datasets.load_from_disk(str(path)), name)
        except (OSError, ValueError, pa.ArrowException) as error:
            raise DataError(
                f"{name}: expected a folder that datasets saved, got an error: {error}"
            ) from error
        source.name, source.label_kind = title, kind
        return source
    splits, extras = read_folder(path, name)
    if len(splits) == 1 and not split_named(next(iter(splits))):
        splits = {"all": next(iter(splits.values()))}
    return Source(title, splits, extras, kind)


def card_of(folder: str | os.PathLike[str]) -> LabelKind | None:
    """Return what kind of label the README of a folder names in its front matter, if it does."""
    path = Path(folder) / "README.md"
    if not path.is_file():
        return None
    from huggingface_hub import metadata_load

    try:
        card = metadata_load(path)
    # A README whose front matter is no YAML is a README all the same.
    except Exception:
        return None
    return card_kind(card if isinstance(card, dict) else None)


def _from_datasets(dataset: Any, where: str) -> Source:
    if not isinstance(dataset, Mapping):
        return Source(where, {"all": _object(dataset, where)})
    splits = {split_named(str(n)) or str(n): _object(d, f"{where}/{n}") for n, d in dataset.items()}
    return Source(where, {name: splits[name] for name in in_order(list(splits))})


def _is_column(value: Any) -> bool:
    """Say whether a mapping's value is a column of one table rather than a table."""
    return isinstance(value, list | tuple) and not (value and isinstance(value[0], Mapping))


def _object(data: Any, where: str) -> Rows:
    """Return the rows of a data frame, a `datasets.Dataset`, an Arrow table or plain objects."""
    notices: list[str] = []
    library = type(data).__module__.partition(".")[0]
    if isinstance(data, pa.Table):
        table = data
    elif library == "pandas" and hasattr(data, "columns"):
        names = [str(name) for name in data.columns]
        if len(set(names)) < len(names):
            raise DataError(f"{where}: expected distinct column names, got {', '.join(names)}")
        table = _columns({n: data.iloc[:, i] for i, n in enumerate(names)}, where, notices)
    elif library == "polars" and hasattr(data, "columns"):
        table = _columns({n: data.get_column(n) for n in data.columns}, where, notices)
    elif library == "datasets" and hasattr(data, "features"):
        table = data.with_format("arrow")[:]
    elif isinstance(data, Mapping):
        table = _columns(data, where, notices)
    elif isinstance(data, list) and all(isinstance(row, Mapping) for row in data):
        table, notices = table_of(data, where)
    else:
        raise DataError(
            f"{where}: expected a path, a hub name, a data frame, a datasets.Dataset or a list of "
            f"objects, got {type(data).__name__}"
        )
    if not len(table):
        raise DataError(f"{where}: expected rows, got none")
    return Rows(table, ((where, len(table)),), notices=tuple(notices))


def _columns(columns: Mapping[str, Any], where: str, notices: list[str]) -> pa.Table:
    arrays, fields = [], []
    for name, values in columns.items():
        if hasattr(values, "to_arrow"):  # polars
            array = values.to_arrow()
            made = pa.field(name, array.type)
        else:
            array, made = _from_series(name, values, where, notices)
        arrays.append(array)
        fields.append(made)
    lengths = sorted({len(array) for array in arrays})
    if len(lengths) > 1:
        raise DataError(
            f"{where}: expected columns of one length, got {' and '.join(map(str, lengths))} values"
        )
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _from_series(
    name: str, values: Any, where: str, notices: list[str]
) -> tuple[pa.Array, pa.Field]:
    if not isinstance(values, list | tuple):
        try:
            array = pa.array(values, from_pandas=True)
            return array, pa.field(name, array.type)
        except (pa.ArrowException, UnicodeEncodeError, OverflowError, TypeError):
            pass  # an object column of several types
    return column_of(name, list(values), where, notices)

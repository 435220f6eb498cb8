"""The runs of a study: its rows, times its data sets, times its grid, times its seeds."""

from __future__ import annotations

import itertools
import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from robustft.errors import UsageError, suggest
from robustft.study.portable import PATHS, change_paths, place_identity
from robustft.study.results import RowResult, result_name
from robustft.study.schema import Dataset, Recipe, Row
from robustft.study.settings import (
    LISTS,
    Kind,
    check_settings,
    settings_of_kind,
)

__all__ = ["RunSpec", "choose", "expand", "in_order", "override", "read_sets", "study_name"]

ALIASES = {"lr": "learning_rate"}
# Data sets that a folder's name tells.
_NAMED = 3


@dataclass(frozen=True)
class RunSpec:
    """One run: a row on a data set with a seed, its settings resolved.

    Attributes
    ----------
    row, base
        The row's name, and its name in the recipe: the two differ by the values of a grid.
    settings
        All that decides it, its seeds included; names as in `robustft.study.settings`.
    after
        The row whose model it starts from.
    extension
        Whether the source does not have it, so that it is run only when asked for.
    """

    row: str
    base: str
    label: str
    kind: Kind
    dataset: str
    number: int
    settings: Mapping[str, Any]
    after: str | None = None
    extension: bool = False

    @property
    def name(self) -> str:
        """The name of its result's file, without the ending."""
        return result_name(self.row, self.dataset, self.number).removesuffix(".json")

    @property
    def identity(self) -> str:
        """A hash of what decides the result; a study and its data can be moved together."""
        settings = change_paths(self.settings, place_identity)
        return _digest([self.kind, settings, self.after], 8)


def read_sets(items: Sequence[str]) -> dict[str, Any]:
    """Return the settings in ``key=value`` texts; values are TOML, else plain text.

    >>> read_sets(["epochs=2", "restricted.learning_rate=2e-3", "model=bert-base-uncased"])
    {'epochs': 2, 'restricted.learning_rate': 0.002, 'model': 'bert-base-uncased'}

    Raises
    ------
    UsageError
        There is no ``=``.
    """
    found = {}
    for item in items:
        key, equals, text = item.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--set: expected key=value, such as epochs=2, got {item!r}")
        found[key.strip()] = _value(text.strip())
    return found


def _value(text: str) -> Any:
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    # A date is TOML too, and no setting.
    return value if isinstance(value, bool | int | float | str | list | dict) else text


def override(recipe: Recipe, settings: Mapping[str, Any]) -> Recipe:
    """Return the recipe with settings that win: over all rows, one row or one data set.

    Parameters
    ----------
    settings
        ``epochs`` is for all rows, ``restricted.epochs`` for one, ``sst2.epochs`` for one data
        set, ``evaluation.severity`` for the evaluation; ``seeds`` is the number of runs a row. A
        list for a setting that takes none is a grid over its values.

    Raises
    ------
    UsageError
        A name is unknown or a value cannot be used.
    """
    # What is said of one row wins over what is said of all, in whatever order.
    for key in sorted(settings, key=lambda key: "." in key):
        recipe = _overridden(recipe, key, settings[key])
    return recipe


def _overridden(recipe: Recipe, key: str, value: Any) -> Recipe:
    target, _, name = key.rpartition(".")
    name = ALIASES.get(name, name)
    value = change_paths({name: value}, _local)[name]
    if target == "evaluation":
        return _with(recipe, evaluation={**recipe.evaluation.model_dump(), name: value})
    if not target and name in ("seeds", "columns"):
        return _with(recipe, **{name: value})
    if target:
        return _of_one(recipe, target, name, value)
    kinds = {row.kind for row in recipe.rows}
    if isinstance(value, list) and name not in LISTS:
        for one in value:
            check_settings(kinds, {name: one}, "--set")
        return recipe.model_copy(update={"grid": {**recipe.grid, name: value}})
    check_settings(kinds, {name: value}, "--set")
    if name == "data" and recipe.datasets:
        names = ", ".join(found.name for found in recipe.datasets)
        raise UsageError(
            f"--set data: expected the name of a data set before it ({names}), as in "
            f"--set {recipe.datasets[0].name}.data={value}"
        )
    rows = [
        row.model_copy(update={"set": {**row.set, name: value}})
        if name in settings_of_kind(row.kind) and not (name == "model" and row.model_from)
        else row
        for row in recipe.rows
    ]
    shared = {name: value} if name in ("data", "model", "task") else {}
    grid = {k: v for k, v in recipe.grid.items() if k != name}
    datasets = [
        found.model_copy(update={"set": {k: v for k, v in found.set.items() if k != name}})
        for found in recipe.datasets
    ]
    return recipe.model_copy(update={"rows": rows, "grid": grid, "datasets": datasets, **shared})


def _of_one(recipe: Recipe, target: str, name: str, value: Any) -> Recipe:
    """Set something of one row or of one data set."""
    if name in recipe.grid:
        raise UsageError(
            f"--set {target}.{name}: expected a setting with one value for all rows, got one that "
            "has a grid"
        )
    for row in recipe.rows:
        if row.name == target:
            check_settings({row.kind}, {name: value}, f"--set {target}")
            changed = row.model_copy(update={"set": {**row.set, name: value}})
            rows = [changed if r is row else r for r in recipe.rows]
            return recipe.model_copy(update={"rows": rows})
    for found in recipe.datasets:
        if found.name == target:
            check_settings({row.kind for row in recipe.rows}, {name: value}, f"--set {target}")
            changes = {"data": value} if name == "data" else {"set": {**found.set, name: value}}
            datasets = [
                found.model_copy(update=changes) if d is found else d for d in recipe.datasets
            ]
            return recipe.model_copy(update={"datasets": datasets})
    known = [*(r.name for r in recipe.rows), *(d.name for d in recipe.datasets), "evaluation"]
    raise UsageError(
        f"--set {target}.{name}: expected the name of a row or a data set "
        f"({', '.join(known)}), got {target!r}{suggest(target, known)}"
    )


def _with(recipe: Recipe, **changes: Any) -> Recipe:
    """Return the recipe with fields changed and checked."""
    from robustft.study.recipe import parse_recipe

    return parse_recipe({**recipe.model_dump(exclude_none=True), **changes}, "--set")


def _local(value: str) -> str:
    """Return the absolute path of what lies in the working directory."""
    path = Path(os.path.expandvars(value)).expanduser()
    if path.exists() or value.startswith((".", "/", "~")):
        return os.path.normpath(path.absolute())
    return value


def expand(recipe: Recipe, seeds: int | None = None) -> tuple[RunSpec, ...]:
    """Return all runs, table by table and seed by seed, each row after the one it needs.

    Seeds are the outer loop of a table, so that an unfinished study has whole tables.
    """
    found: list[RunSpec] = []
    tables: Sequence[Dataset | None] = recipe.datasets or [None]
    for dataset in tables:
        wanted = dataset.rows if dataset is not None else []
        here = [row for row in recipe.rows if not wanted or row.name in wanted]
        rows = [one for row in here for one in _gridded(recipe, row, dataset)]
        for number in range(seeds or recipe.seeds):
            # What draws nothing at random is run once.
            drawn = [s for s in rows if not number or "seed" in settings_of_kind(s.kind)]
            found += [_seeded(spec, number) for spec in drawn]
    return tuple(found)


def _gridded(recipe: Recipe, row: Row, dataset: Dataset | None) -> list[RunSpec]:
    """Return a row for each combination of the grid's values, as its first run."""
    takes = settings_of_kind(row.kind)
    settings: dict[str, Any] = {
        key: value
        for key in ("data", "model", "task", "text_column", "label_column")
        if (value := getattr(recipe, key)) is not None
    }
    settings |= recipe.defaults
    if dataset is not None:
        settings |= {"data": dataset.data} if dataset.data is not None else {}
        settings |= dataset.defaults
    settings |= row.set
    settings |= dataset.set if dataset is not None else {}
    settings = {key: value for key, value in settings.items() if key in takes}
    names = [name for name in recipe.grid if name in takes]
    specs = []
    for values in itertools.product(*(recipe.grid[name] for name in names)):
        chosen = dict(zip(names, values, strict=True))
        told = ",".join(f"{name}={_short(name, value)}" for name, value in chosen.items())
        specs.append(
            RunSpec(
                row=f"{row.name}+{told}" if told else row.name,
                base=row.name,
                label=" ".join([row.label or row.name, *([f"({told})"] if told else [])]),
                kind=row.kind,
                dataset="" if dataset is None else dataset.name,
                number=0,
                settings={**settings, **chosen},
                after=row.model_from,
                extension=row.extension,
            )
        )
    made = [spec.row for spec in specs]
    if len(set(made)) < len(made):
        raise UsageError(
            f"grid: expected values that give rows distinct names, got {', '.join(made)}"
        )
    return specs


def _seeded(spec: RunSpec, number: int) -> RunSpec:
    """Return run `number` of a row: the order of the data and the new weights by their own seeds.

    The seeds lie apart although they have the same number: they key different streams. Which
    rows are used is the same for all runs, so that they can be compared row by row.
    """
    settings = dict(spec.settings)
    takes = settings_of_kind(spec.kind)
    if "data_seed" in takes:
        settings.setdefault("data_seed", 0)
    for name in ("seed", "init_seed"):
        if name in takes:
            settings[name] = int(settings.get(name, 0)) + number
    return RunSpec(**{**spec.__dict__, "number": number, "settings": settings})


def _short(setting: str, value: Any) -> str:
    """Return a value as it may stand in a file's name; of a place its last name."""
    told = Path(value).name if setting in PATHS and isinstance(value, str) else str(value)
    return _as_name(told)


def _as_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text)


def choose(
    runs: Sequence[RunSpec], names: Iterable[str] | None, *, extension: bool = False
) -> tuple[tuple[RunSpec, ...], tuple[str, ...]]:
    """Return the runs of some rows, and the rows that were added because others start from them.

    Without names these are the source's own rows, and with `extension` all.

    Raises
    ------
    UsageError
        A name is none of a row; the nearest are given.
    """
    if names is None:
        return tuple(run for run in runs if extension or not run.extension), ()
    known = dict.fromkeys([*(r.base for r in runs), *(r.row for r in runs)])
    wanted = dict.fromkeys(names)
    for name in wanted:
        if name not in known:
            raise UsageError(
                f"--rows: expected rows of {', '.join(dict.fromkeys(r.base for r in runs))}, "
                f"got {name!r}{suggest(name, known)}"
            )
    added: dict[str, None] = {}
    while True:
        chosen = [r for r in runs if {r.base, r.row} & {*wanted, *added}]
        missing = {r.after for r in chosen if r.after} - {*wanted, *added}
        if not missing:
            return tuple(chosen), tuple(added)
        added |= dict.fromkeys(sorted(name for name in missing if name))


def in_order(recipe: Recipe, results: Iterable[RowResult]) -> list[RowResult]:
    """Return results in the recipe's order: data sets, rows, seeds; strangers are left out."""
    place = {(s.dataset, s.row): i for i, s in enumerate(expand(recipe, seeds=1))}
    kept = [r for r in results if (r.dataset, r.row) in place]
    return sorted(kept, key=lambda r: (place[r.dataset, r.row], r.seed))


def _digest(value: Any, size: int) -> str:
    canonical = json.dumps(value, sort_keys=True, default=str).encode()
    return blake2b(canonical, digest_size=size // 2).hexdigest()


def study_name(recipe: Recipe) -> str:
    """Return the name of a study's folder: recipe, model, data, and a hash of all settings.

    The number of seeds, which adds runs and changes none, is not in the hash.
    """
    runs = expand(recipe, seeds=1)
    models = dict.fromkeys(str(s.settings["model"]) for s in runs if "model" in s.settings)
    data = dict.fromkeys(s.dataset or str(s.settings.get("data", "")) for s in runs)
    parts = [recipe.name, *map(_stem, [*models][:1]), *map(_stem, [*data][:_NAMED])]
    evaluation = recipe.evaluation.model_dump(exclude={"sets"})
    digest = _digest([[s.name, s.identity] for s in runs] + [evaluation], 6)
    readable = "-".join(part for part in parts if part)
    return f"{_as_name(readable)[:80]}-{digest}"


def _stem(name: str) -> str:
    path = Path(name)
    return path.stem if path.suffix in {".csv", ".tsv", ".jsonl", ".parquet"} else path.name

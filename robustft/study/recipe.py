"""Reading recipes: strict TOML, every mistake named with its place."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import BaseModel, ValidationError

from robustft.errors import RobustftError, UsageError, suggest
from robustft.study.portable import change_paths
from robustft.study.schema import (
    Augmentation,
    Comparison,
    Dataset,
    Evaluation,
    Figure,
    Recipe,
    Row,
)
from robustft.study.settings import check_settings
from robustft.study.shipped import shipped_recipes

__all__ = [
    "Comparison",
    "Dataset",
    "Evaluation",
    "Figure",
    "Recipe",
    "Row",
    "dump_recipe",
    "find_recipe",
    "load_recipe",
    "parse_recipe",
]


def find_recipe(name: str) -> Path:
    """Return the file of a recipe: one of the package's by its name, or a path to a ``.toml``.

    Raises
    ------
    UsageError
        There is no such recipe; the nearest names are given.
    """
    known = {path.stem: path for path in shipped_recipes()}
    if name in known:
        return known[name]
    path = Path(name).expanduser()
    if path.is_dir() and (path / "recipe.toml").is_file():
        return path / "recipe.toml"
    if path.is_file():
        return path
    if path.suffix == ".toml":
        raise UsageError(f"{name}: expected a recipe, got no such file")
    raise UsageError(
        f"recipe: expected one of {', '.join(known)}, or a .toml file, "
        f"got {name!r}{suggest(name, known)}"
    )


def load_recipe(source: str | Path) -> Recipe:
    """Read a recipe and check all of it; its local paths become absolute.

    Rows that extend others have those rows' settings in the recipe that is returned.

    Raises
    ------
    UsageError
        The file is no TOML, a key is unknown, a value has the wrong type, or names do not match.
    """
    path = source if isinstance(source, Path) else find_recipe(source)
    where = path.name
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: expected a recipe, got: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{where}: expected TOML, got an error: {error}") from error
    recipe = parse_recipe(table, where)
    return _map_paths(recipe, lambda name: _absolute(name, path.parent))


def parse_recipe(table: Mapping[str, Any], where: str) -> Recipe:
    """Return the recipe in a table; `where` names it in errors."""
    try:
        recipe = Recipe.model_validate(dict(table))
    except ValidationError as problems:
        lines = [_told(problem, table) for problem in problems.errors(include_url=False)]
        raise UsageError("\n".join(f"{where}: {line}" for line in lines)) from None
    try:
        recipe = _flat(recipe)
        _check(recipe)
    except RobustftError as problem:
        raise UsageError(f"{where}: {problem}") from None
    return recipe


def dump_recipe(recipe: Recipe, folder: Path) -> str:
    """Return the recipe as TOML, its local paths relative to `folder`, where it is to be kept."""
    kept = _map_paths(recipe, lambda name: _relative(name, folder))
    return tomli_w.dumps(kept.model_dump(exclude_none=True, exclude_defaults=True))


def _told(problem: Any, table: Mapping[str, Any]) -> str:
    """Return one mistake with its place: rows and data sets are called by their names."""
    *parents, key = problem["loc"]
    here: Any = table
    model: type[BaseModel] = Recipe
    place: list[str] = []
    for part in parents:
        if isinstance(part, int):
            here = here[part]
            name = here.get("name", part + 1) if isinstance(here, Mapping) else part + 1
            place[-1] = f"{place[-1]} {name!r}"
        elif isinstance(here, Mapping):
            here = here[part]
            place.append(str(part))
        else:
            # One of the types that a value may have: it says nothing of where it stands.
            continue
        model = _PARTS.get(str(part), model)
    if problem["type"] == "extra_forbidden":
        known = model.model_fields
        prefix = "".join(f"{p}: " for p in place)
        return f"{prefix}expected one of {', '.join(known)}, got {key!r}{suggest(str(key), known)}"
    prefix = "".join(f"{p}: " for p in [*place, str(key)])
    return f"{prefix}{problem['msg'].lower()}, got {problem['input']!r}"


_PARTS: dict[str, type[BaseModel]] = {
    "rows": Row,
    "datasets": Dataset,
    "evaluation": Evaluation,
    "comparisons": Comparison,
    "figures": Figure,
    "augmentation": Augmentation,
}


def _flat(recipe: Recipe) -> Recipe:
    """Give rows that extend others their settings."""
    rows: dict[str, Row] = {}
    for row in recipe.rows:
        if row.name in rows:
            raise UsageError(f"rows: expected distinct names, got {row.name!r} twice")
        if row.extends is not None:
            parent = rows.get(row.extends)
            if parent is None:
                raise UsageError(
                    f"rows {row.name!r}: expected extends to name a row above it, "
                    f"got {row.extends!r}{suggest(row.extends, rows)}"
                )
            changes = {"set": {**parent.set, **row.set}, "extends": None}
            row = row.model_copy(update=changes)  # noqa: PLW2901
        rows[row.name] = row
    return recipe.model_copy(update={"rows": list(rows.values())})


def _check(recipe: Recipe) -> None:
    """Check names that refer to others, and every setting."""
    if not recipe.rows:
        raise UsageError("rows: expected at least one row, got none")
    names = [row.name for row in recipe.rows]
    for field, name in _references(recipe):
        if name not in names:
            raise UsageError(
                f"{field}: expected one of the rows {', '.join(names)}, "
                f"got {name!r}{suggest(name, names)}"
            )
    tables = [found.name for found in recipe.datasets]
    if len(set(tables)) < len(tables):
        raise UsageError(f"datasets: expected distinct names, got {', '.join(tables)}")
    kinds = {row.kind for row in recipe.rows}
    shared = {"defaults": recipe.defaults}
    shared |= {f"datasets {d.name!r}: defaults": d.defaults for d in recipe.datasets}
    shared |= {f"datasets {d.name!r}: set": d.set for d in recipe.datasets}
    shared |= {"inferred": dict.fromkeys(recipe.inferred)}
    for where, given in shared.items():
        check_settings(kinds, given, where)
    for row in recipe.rows:
        check_settings({row.kind}, row.set, f"rows {row.name!r}: set")
    for name, values in recipe.grid.items():
        for value in values:
            check_settings(kinds, {name: value}, "grid")


def _references(recipe: Recipe) -> Iterator[tuple[str, str]]:
    for comparison in recipe.comparisons:
        yield "comparisons: row", comparison.row
        yield "comparisons: against", comparison.against
    if recipe.augmentation is not None:
        asked = recipe.augmentation
        yield from ((f"augmentation: {arm}", row) for arm, row in asked.arms.items())
        yield from (("augmentation: left_out", row) for row in asked.left_out.values())
        yield from (("augmentation: halves", row) for row in asked.halves.values())
    for figure in recipe.figures:
        yield from (("figures: rows", name) for name in figure.rows)
    for found in recipe.datasets:
        yield from ((f"datasets {found.name!r}: published", name) for name in found.published)
        yield from ((f"datasets {found.name!r}: rows", name) for name in found.rows)
    for row in recipe.rows:
        if row.model_from is not None:
            yield f"rows {row.name!r}: model_from", row.model_from


def _map_paths(recipe: Recipe, change: Callable[[str], str]) -> Recipe:
    """Return the recipe with what may be a local path changed, wherever it stands."""

    def of(settings: Mapping[str, Any]) -> dict[str, Any]:
        return change_paths(settings, change)

    rows = [row.model_copy(update={"set": of(row.set)}) for row in recipe.rows]
    datasets = [
        d.model_copy(update={**of({"data": d.data}), "defaults": of(d.defaults), "set": of(d.set)})
        for d in recipe.datasets
    ]
    return recipe.model_copy(
        update={
            **of({"data": recipe.data, "model": recipe.model}),
            "grid": of(recipe.grid),
            "defaults": of(recipe.defaults),
            "rows": rows,
            "datasets": datasets,
        }
    )


def _absolute(name: str, base: Path) -> str:
    """Return the absolute path of what lies beside `base`; other names are a hub's."""
    path = base / Path(os.path.expandvars(name)).expanduser()
    if path.exists() or name.startswith((".", "/", "~")):
        return os.path.normpath(path.absolute())
    return name


def _relative(name: str, folder: Path) -> str:
    if not Path(name).is_absolute():
        return name
    return Path(os.path.relpath(name, folder.absolute())).as_posix()

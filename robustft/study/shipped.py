"""The recipes that come with the package, found without reading more of them than their heads."""

from __future__ import annotations

import tomllib
from pathlib import Path

__all__ = ["recipe_titles", "shipped_recipes"]

_FACTS = ("name", "title", "source", "data", "model")


def shipped_recipes() -> list[Path]:
    """Return the files of the recipes, by name."""
    return sorted((Path(__file__).parent / "recipes").glob("*.toml"))


def recipe_titles() -> list[dict[str, str]]:
    """Return name, title, source, data and model of each recipe that comes with the package.

    Nothing but TOML is read, so that a list of them is light.
    """
    tables = [tomllib.loads(path.read_text(encoding="utf-8")) for path in shipped_recipes()]
    return [{key: str(table.get(key, "")) for key in _FACTS} for table in tables]

"""The JSON schema of ``metrics.json``, made from the very types that write and read it."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any

from pydantic import TypeAdapter

from robustft.evaluation import results
from robustft.evaluation.results import FORMAT, RobustnessResult

__all__ = ["metrics_schema", "schema_text"]

_ATTRIBUTES = re.compile(r"\n+Attributes\n-+\n")
_SECTION = re.compile(r"\n\n\w+\n-+\n")


def metrics_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12); what docstrings say describes types and properties."""
    schema = TypeAdapter(RobustnessResult).json_schema(mode="serialization")
    schema["properties"].pop("folder")  # never written
    schema["properties"]["format"] = {"const": FORMAT}
    classes = dict(_classes())
    _describe(schema, RobustnessResult)
    for name, plain in schema["$defs"].items():
        if name in classes:
            _describe(plain, classes[name])
    required = {*schema.get("required", ()), "format"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:robustft:metrics:{FORMAT}",
        **schema,
        "title": "robustft metrics",
        "required": sorted(required),
    }


def schema_text() -> str:
    """Return the schema as it is published: indented, keys sorted."""
    return json.dumps(metrics_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _classes() -> Iterator[tuple[str, type]]:
    for name, value in vars(results).items():
        if isinstance(value, type) and is_dataclass(value):
            yield name, value


def _describe(plain: dict[str, Any], cls: type) -> None:
    """Put what a class says of itself and of its attributes into its schema."""
    text = inspect.getdoc(cls) or ""
    plain["description"] = _flat(_ATTRIBUTES.split(_SECTION.split(text)[0])[0])
    said = _attributes(text)
    for name, facts in plain.get("properties", {}).items():
        facts.pop("title", None)
        if name in said:
            facts["description"] = said[name]


def _attributes(text: str) -> Mapping[str, str]:
    """Return what a docstring in numpy's style says of each attribute."""
    parts = _ATTRIBUTES.split(text, maxsplit=1)
    found: dict[str, list[str]] = {}
    names: list[str] = []
    for line in _SECTION.split(parts[1])[0].splitlines() if len(parts) > 1 else ():
        if line and not line.startswith(" "):
            names = [name.strip() for name in line.split(",")]
        else:
            for name in names:
                found.setdefault(name, []).append(line)
    return {name: _flat("\n".join(lines)) for name, lines in found.items()}


def _flat(text: str) -> str:
    """Return a docstring as plain text on one line."""
    return " ".join(re.sub(r"`+", "", text).split())

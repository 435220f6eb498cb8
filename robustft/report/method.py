"""How the figures were made: data, models, transforms, statistics, versions, licences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from robustft.data.run_folder import RunFolder
from robustft.evaluation.results import RobustnessResult
from robustft.report import numbers
from robustft.report.licences import lexicons, used_transforms

__all__ = ["method_view"]

_METHODS = {
    "wilson": "Shares have Wilson's score interval (Wilson 1927).",
    "tango": "Paired differences of accuracies have Tango's score interval (Tango 1998).",
    "bca": "Other metrics have bias-corrected and accelerated bootstrap intervals (Efron 1987).",
    "percentile": "Some intervals are percentiles of the bootstrap.",
    "mcnemar exact": "Accuracies on the same rows are compared by the exact McNemar test "
    "(McNemar 1947).",
}

_ALWAYS = (
    "p-values of a family of changed sets are corrected by Holm's method (Holm 1979).",
    "Detectable is what a test finds with 80% power; of smaller drops it says nothing.",
)


def method_view(run: RunFolder, result: RobustnessResult) -> dict[str, Any]:
    """Return facts in the order in which they are read, versions, specs and licences."""
    manifest, config = run.manifest, run.config
    specs = [facts.spec for facts in result.sets if facts.spec]
    kind = result.task.get("label_kind")
    facts = {
        "Data": _told(config.get("dataset")),
        "Rows": _told(manifest.get("split"), _rows(result)),
        "Label": f"{result.task.get('label_column', 'label')}: "
        f"{', '.join(map(str, result.task.get('label_names', ()))) or result.task.get('type')}",
        "What a label is about": str(kind).replace("_", " ") if kind else "not known, not checked",
        "Seed": _told(manifest.get("seed")),
        "Fingerprint": ", ".join(map(str, manifest.get("fingerprints", {}).values())),
        "Tokens read": ", ".join(map(str, config.get("max_length", ()))),
    }
    return {
        "facts": {key: value for key, value in facts.items() if value},
        "models": [
            {"name": m.name, "role": m.role, "weights": _weights(config, m.name)}
            for m in result.models
        ],
        "sets": [s for s in config.get("sets", ()) if isinstance(s, Mapping)],
        "statistics": _statistics(result),
        "versions": dict(manifest.get("versions", {})),
        "hardware": _hardware(run),
        "lexicons": lexicons(used_transforms(specs)),
        "notices": [*manifest.get("notices", ()), *manifest.get("remarks", ())],
    }


def _told(*parts: Any) -> str:
    return ", ".join(str(part) for part in parts if part is not None and part != "")


def _rows(result: RobustnessResult) -> str:
    return numbers.count(result.sets[0].rows, "row") if result.sets else ""


def _weights(config: Mapping[str, Any], name: str) -> str:
    named = (m for m in config.get("models", ()) if isinstance(m, Mapping))
    return next((str(m.get("weights", "")) for m in named if m.get("name") == name), "")


def _hardware(run: RunFolder) -> str:
    """Return what the run ran on, from its log, where it stands."""
    import json

    try:
        lines = (run.path / "log.jsonl").read_text(encoding="utf-8").splitlines()
        events = [json.loads(line) for line in lines]
    except (OSError, ValueError):
        return ""
    for event in reversed(events):
        found = event.get("hardware")
        if isinstance(found, Mapping):
            minutes = event.get("minutes")
            took = f"; {minutes:.1f} minutes" if isinstance(minutes, float) else ""
            return ", ".join(f"{k} {v}" for k, v in found.items()) + took
    return ""


def _statistics(result: RobustnessResult) -> list[str]:
    """Return how the intervals and tests were made, by what the cells say of themselves."""
    used = [_METHODS[name] for name in dict.fromkeys(_used(result)) if name in _METHODS]
    return [*used, *_ALWAYS]


def _used(result: RobustnessResult) -> Iterable[str]:
    for cell in result.cells:
        yield from (found.method for found in cell.metrics.values())
        yield from (found.method for found in (cell.drop or {}).values())
        if cell.test is not None:
            yield cell.test.method

"""What else was found: minimal counterexamples, harmful replacements, slices, summaries, spread.

Counterexamples and harm are read as plain JSON, so that a page can be made of what another version
wrote; what is not there is left out.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from robustft.errors import DataError
from robustft.evaluation.results import RobustnessResult
from robustft.report import numbers
from robustft.report.charts import Axis, axis_over
from robustft.report.overview import Figure, Model, models_of
from robustft.report.windows import Change, are_edits, show
from robustft.scoring.statistics import Difference, Estimate

__all__ = [
    "Needed",
    "examples_view",
    "harm_view",
    "needed_edits",
    "slices_view",
    "spread_view",
    "summaries_view",
]

Needed = Mapping[tuple[str, str], Mapping[str, frozenset[tuple[int, int]]]]
"""By model and set, and id: the spans of the edits without which the prediction does not flip."""

SHOWN = 8
_WORDS = 15
_WIDTH, _NARROW, _EDGE = 200, 130, 8
_AROUND = 420


def _jsonl(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        found = [json.loads(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: expected a JSON object a line, got: {error}") from error
    for entry in found:
        if not (isinstance(entry, dict) and are_edits(entry.get("edits"))):
            raise DataError(f"{path}: expected counterexamples with edits, got {entry!r:.80}")
    return found


def _examples(folder: Path, model: str) -> list[tuple[str, dict[str, Any]]]:
    place = folder / "counterexamples" / model
    return [(path.stem, found) for path in sorted(place.glob("*.jsonl")) for found in _jsonl(path)]


def needed_edits(folder: Path, result: RobustnessResult) -> Needed:
    """Return the edits of all minimal counterexamples of an evaluation."""
    found: dict[tuple[str, str], dict[str, frozenset[tuple[int, int]]]] = {}
    for model in result.models:
        for name, entry in _examples(folder, model.name):
            spans = frozenset((int(e["start"]), int(e["end"])) for e in entry.get("edits", ()))
            found.setdefault((model.name, name), {})[str(entry.get("id"))] = spans
    return found


def examples_view(folder: Path, result: RobustnessResult) -> list[dict[str, Any]]:
    """Return for each model how few edits it takes, and the most telling examples."""
    views = []
    for model in models_of(result):
        found = _examples(folder, model.name)
        if not found:
            continue
        sizes = Counter(len(entry.get("edits", ())) for _, entry in found)
        telling = sorted(found, key=lambda item: _telling(item[1]))[:SHOWN]
        views.append(
            {
                "model": model,
                "told": _sizes(sizes),
                "count": len(found),
                "items": [_example(name, entry, result) for name, entry in telling],
            }
        )
    return views


def _telling(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    sure = min(entry.get("confidence_before") or 0.0, entry.get("confidence_after") or 0.0)
    return len(entry.get("edits", ())), -sure, str(entry.get("id"))


def _sizes(sizes: Counter[int]) -> str:
    total = sum(sizes.values())
    alone, two = sizes[1], sizes[2]
    more = total - alone - two
    told = [f"one edit alone explains {alone:,}"] if alone else []
    told += [f"two together {two:,}"] if two else []
    told += [f"three or more {more:,}"] if more else []
    return f"Of {numbers.count(total, 'failure')}, {_listed(told)}."


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _example(name: str, entry: Mapping[str, Any], result: RobustnessResult) -> dict[str, Any]:
    edits = entry.get("edits", ())
    columns = [result.task.get("text_column", "text"), result.task.get("pair_column")]
    texts = {columns[0]: entry.get("text") or "", columns[1]: entry.get("pair") or ""}
    shown = []
    for column in (c for c in columns if c is not None):
        mine = [e for e in edits if e.get("column", columns[0]) == column]
        if mine:
            original = _undone(texts[column], mine)
            changes = [Change(e["start"], e["end"], e["replacement"]) for e in mine]
            shown.append(show(original, changes, _AROUND).pieces)
    return {
        "id": entry.get("id", ""),
        "set": name,
        "swaps": [(e.get("original", ""), e.get("replacement", "")) for e in edits],
        "alone": len(edits) == 1,
        "count": len(edits),
        "all": entry.get("all_edits"),
        "by": ", ".join(dict.fromkeys(t for e in edits for t in e.get("transforms", ()))),
        "before": entry.get("before", ""),
        "after": entry.get("after", ""),
        "sure_before": numbers.percent(entry.get("confidence_before"), 0),
        "sure_after": numbers.percent(entry.get("confidence_after"), 0),
        "texts": shown,
    }


def _undone(text: str, edits: Sequence[Mapping[str, Any]]) -> str:
    """Return the original of a text whose edits are over that original."""
    parts, position, shift = [], 0, 0
    for edit in sorted(edits, key=lambda e: (e["start"], e["end"])):
        start = edit["start"] + shift
        parts += [text[position:start], edit.get("original", "")]
        position = start + len(edit["replacement"])
        shift += len(edit["replacement"]) - (edit["end"] - edit["start"])
    return "".join([*parts, text[position:]])


def harm_view(folder: Path, result: RobustnessResult) -> list[dict[str, Any]]:
    """Return for each model the replacements that break most, on a common axis."""
    found: list[tuple[Model, list[dict[str, Any]]]] = []
    for model in models_of(result):
        path = folder / "harm" / f"{model.name}.json"
        if not path.is_file():
            continue
        try:
            entries = json.loads(path.read_bytes())
        except ValueError as error:
            raise DataError(f"{path}: expected JSON, got: {error}") from error
        if not (isinstance(entries, list) and all(isinstance(e, dict) for e in entries)):
            raise DataError(f"{path}: expected a list of replacements, got {entries!r:.80}")
        entries = [e for e in entries if e.get("harmed")]
        if entries:
            found.append((model, entries))
    rates = [_rate(e) for _, entries in found for e in entries[:_WORDS]]
    axis = axis_over(rates, "share", start=_EDGE, end=_WIDTH - _EDGE, zero=True, wanted=4)
    return [
        {
            "model": model,
            "axis": axis,
            "rows": [_harm(e, axis) for e in entries[:_WORDS]],
            "more": max(len(entries) - _WORDS, 0),
        }
        for model, entries in found
    ]


def _rate(entry: Mapping[str, Any]) -> Estimate | None:
    rate = entry.get("rate")
    if not isinstance(rate, Mapping):
        return None
    return Estimate(
        value=rate.get("value"),
        low=rate.get("low"),
        high=rate.get("high"),
        level=rate.get("level", 0.95),
        method=rate.get("method", ""),
        n=rate.get("n", 0),
    )


def _harm(entry: Mapping[str, Any], axis: Axis) -> dict[str, Any]:
    p = entry.get("p_corrected")
    return {
        "original": entry.get("original"),
        "replacement": entry.get("replacement"),
        "by": ", ".join(entry.get("transforms", ())),
        "rows": entry.get("right", entry.get("rows", 0)),
        "harmed": entry.get("harmed", 0),
        "helped": entry.get("helped", 0),
        "expected": entry.get("expected"),
        "rate": Figure.of(_rate(entry), "share", axis),
        "p": _p(p),
        "sure": p is not None and p < 0.05,
        "minimal": entry.get("minimal", 0),
    }


def _p(p: float | None) -> str:
    if p is None:
        return "–"
    return "< 0.0001" if p < 0.0001 else f"{p:.2g}"


def slices_view(result: RobustnessResult) -> dict[str, Any] | None:
    """Return the drop on parts of the rows, by column, a row a part and model."""
    if not result.slices:
        return None
    metric, models = result.metric, models_of(result)
    axis = axis_over(
        [s.drop for s in result.slices],
        metric,
        start=_EDGE,
        end=_WIDTH - _EDGE,
        zero=True,
        wanted=4,
    )
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for model in models:
        for part in (s for s in result.slices if s.model == model.name):
            group = groups.setdefault(
                (part.column, part.value),
                {"column": part.column, "value": part.value, "count": part.rows, "rows": []},
            )
            test, elsewhere = part.test, part.difference_test
            group["rows"].append(
                {
                    "model": model,
                    "drop": Figure.of(part.drop, metric, axis),
                    "sure": test is not None and _below(test.p_corrected),
                    "p": _p(test.p_corrected if test else None),
                    "original": numbers.number(part.original.value, metric),
                    "small": part.small,
                    "difference": _difference(part.difference, metric),
                    "elsewhere": _p(elsewhere.p_corrected if elsewhere else None),
                    "special": elsewhere is not None and _below(elsewhere.p_corrected),
                }
            )
    return {
        "axis": axis,
        "groups": list(groups.values()),
        "set": result.slices[0].set,
        "points": numbers.is_share(metric),
        "metric": numbers.LONG_NAMES.get(metric, metric),
    }


def _below(p: float | None) -> bool:
    return p is not None and p < 0.05


def _difference(found: Difference | None, metric: str) -> str:
    return "–" if found is None else numbers.signed(found.value, metric)


def spread_view(result: RobustnessResult) -> list[dict[str, Any]]:
    """Return how far the drop moves with the draw of the edits and the training seed."""
    metric = result.metric
    causes = ("draws", "seeds", "rest")
    return [
        {
            "family": found.family,
            "set": found.set,
            "mean": numbers.number(found.mean.value, metric),
            "interval": numbers.bounds(found.mean, metric),
            "draws": len(found.values),
            "seeds": len(found.models),
            "sd": [numbers.number(found.sd.get(cause), metric) for cause in causes],
            "shares": [_part(found.shares.get(cause)) for cause in causes],
        }
        for found in result.spread
    ]


def _part(share: float | None) -> str:
    return "" if share is None else numbers.percent(share, 0)


def summaries_view(result: RobustnessResult) -> list[dict[str, Any]]:
    """Return each model over all single transforms: the mean and the worst."""
    metric, models = result.metric, {m.name: m for m in models_of(result)}
    drops: Iterable[Any] = [d for s in result.summaries for d in (s.mean_drop, s.worst_drop)]
    axis = axis_over(drops, metric, start=_EDGE, end=_NARROW - _EDGE, zero=True, wanted=3)
    return [
        {
            "model": models[found.model],
            "severity": "" if found.severity is None else str(found.severity),
            "axis": axis,
            "mean": Figure.of(found.mean_drop, metric, axis),
            "worst": Figure.of(found.worst_drop, metric, axis),
            "worst_set": found.worst_set,
            "everywhere": _share(found.everywhere),
        }
        for found in result.summaries
        if found.model in models
    ]


def _share(found: Estimate | None) -> str:
    if found is None or found.value is None:
        return ""
    return f"{numbers.number(found.value, 'share')} ({numbers.bounds(found, 'share')})"

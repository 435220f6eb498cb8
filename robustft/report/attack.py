"""One attack as its part of the page shows it: the worst case beside chance, and every row.

The attack's files are read as plain JSON, so that a page can be made of what another version wrote.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from robustft.data.run_folder import RunFolder
from robustft.errors import DataError, RunError
from robustft.report import numbers
from robustft.report.browser import browser_view, select
from robustft.report.charts import axis_over
from robustft.report.fitting import BUDGET, fitted, keyed
from robustft.report.licences import lexicons, used_transforms
from robustft.report.overview import EDGE, WIDTH, Figure
from robustft.report.windows import Change, are_edits, show
from robustft.scoring.statistics import Estimate

__all__ = ["attack_view"]

_TURNED, _HELD, _PASSED = 2, 0, 1
_KINDS = ("held", "wrong before", "turned", "", "")
_OF_STATUS = {"success": _TURNED, "failed": _HELD, "skipped": _PASSED}


def attack_view(run: RunFolder, name: str, *, parts: int = 1) -> dict[str, Any]:
    """Return what the templates show of an attack.

    Raises
    ------
    RunError
        The folder holds no summary of an attack.
    DataError
        A line of its rows cannot be read.
    """
    result = run.read_json("metrics.json")
    found = result.get("summary") if isinstance(result, dict) else None
    if not isinstance(found, dict):
        raise RunError(f"{run.path}: expected the summary of an attack, got none; attack again")
    records = _records(run.path / "attacks.jsonl")
    view: dict[str, Any] = {
        "id": name,
        "kind": "attack",
        "level": "h1" if parts == 1 else "h2",
        "title": run.path.resolve().name,
        "eyebrow": _told(
            "attack", result.get("recipe"), result.get("dataset"), result.get("split")
        ),
        "headline": _headline(result, found),
        "subline": _subline(found),
        "figures": _figures(found),
        "tiles": _tiles(result, found),
        "replacements": result.get("replacements") or [],
        "notices": list(result.get("notices") or []),
        "browser": _rows(records, result, BUDGET // parts),
        "facts": _facts(run, result),
        "versions": dict(run.manifest.get("versions", {})),
        "lexicons": lexicons(used_transforms([str(result.get("transforms", ""))])),
    }
    view["contents"] = [("verdict", "The result")]
    view["contents"] += [("harm", "What it used")] if view["replacements"] else []
    view["contents"] += [("failures", "Row by row")] if view["browser"] else []
    view["contents"] += [("method", "How this was made")]
    return view


def _told(*parts: Any) -> str:
    return " · ".join(str(part) for part in parts if part)


def _records(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    found = []
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            where = f"{path}, line {number}"
            try:
                record = json.loads(line)
            except ValueError as error:
                raise DataError(f"{where}: expected JSON, got: {error}") from error
            whole = isinstance(record, dict) and "id" in record
            if not (whole and are_edits(record.get("edits", []))):
                raise DataError(f"{where}: expected the row of an attack, got {record!r:.80}")
            found.append(record)
    return found


def _estimate(found: Any) -> Estimate | None:
    if not isinstance(found, Mapping):
        return None
    value, low, high = (found.get(key) for key in ("value", "low", "high"))
    level, n = found.get("level", 0.95), found.get("n", 0)
    return Estimate(value=value, low=low, high=high, level=level, method="", n=n)


def _headline(result: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    success, random = _estimate(found.get("success")), _estimate(found.get("random_success"))
    if success is None or success.value is None:
        return "There was nothing to attack: the model is wrong about every row as it is."
    shift = result.get("shift")
    share = numbers.percent(success.value, 0)
    what = "of the right predictions" if shift is None else f"of the predictions by {shift:g}"
    verb = "turn" if shift is None else "move"
    told = f"Chosen edits {verb} {share} {what}"
    if random is None or random.value is None:
        return f"{told}."
    return f"{told}; as many random edits {verb} {numbers.percent(random.value, 0)}."


def _subline(found: Mapping[str, Any]) -> str:
    rows, attacked = found.get("rows", 0), found.get("attacked", 0)
    return (
        f"The worst case instead of the average: of {numbers.count(rows, 'row')}, {attacked:,} "
        "were right and were attacked by a search over the edits that the transforms propose."
    )


def _figures(found: Mapping[str, Any]) -> dict[str, Any]:
    success, random = _estimate(found.get("success")), _estimate(found.get("random_success"))
    accuracy, under = _estimate(found.get("accuracy")), _estimate(found.get("under_attack"))
    lucky = found.get("random_under_attack")
    chance = None
    if lucky is not None:
        chance = Estimate(value=lucky, low=None, high=None, level=0.95, method="", n=0)
    axis = axis_over([success, random], "share", start=EDGE, end=WIDTH - EDGE, zero=True, wanted=4)
    level = axis_over([accuracy, under, chance], "share", start=EDGE, end=WIDTH - EDGE, wanted=4)
    rows = [
        ("chosen edits", success, under, found.get("changed_share"), 1),
        ("as many random edits", random, chance, found.get("random_changed_share"), 0),
    ]
    return {
        "before": Figure.of(accuracy, "share", level) if accuracy else None,
        "axis": axis,
        "level": level,
        "rows": [
            {
                "title": title,
                "index": index,
                "success": Figure.of(rate, "share", axis),
                "after": Figure.of(after, "share", level) if after else None,
                "changed": numbers.percent(changed),
            }
            for title, rate, after, changed, index in rows
            if rate is not None
        ],
    }


def _tiles(result: Mapping[str, Any], found: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return figures beside the rates: what they are called, the number, what belongs to it."""
    times = _estimate(found.get("times_random"))
    made = []
    if times is not None and times.value is not None:
        told = (
            ""
            if times.low is None or times.high is None
            else f"{times.low:.1f} to {times.high:.1f}"
        )
        made.append(("times the harm of random edits", f"{times.value:.1f}", told))
    median = f"median {found.get('queries_median', 0):g}"
    made.append(("texts asked about, per row", f"{found.get('queries_mean', 0):.1f}", median))
    seconds = (result.get("seconds_search", 0.0), result.get("seconds_model", 0.0))
    made.append(("seconds in the search", f"{seconds[0]:.1f}", f"{seconds[1]:.1f} in the model"))
    idle = found.get("without_proposals")
    if idle:
        made.append(("of rows, nothing may change", numbers.percent(idle), ""))
    return made


def _facts(run: RunFolder, result: Mapping[str, Any]) -> dict[str, str]:
    search = result.get("search") or {}
    constraints = [_settings(c) for c in result.get("constraints") or ()]
    facts = {
        "Model": result.get("model"),
        "Recipe": result.get("recipe"),
        "Transforms": result.get("transforms"),
        "Search": _settings(search),
        "Constraints": "; ".join(constraints),
        "Seed": result.get("seed", run.manifest.get("seed")),
    }
    return {key: str(value) for key, value in facts.items() if value not in (None, "")}


def _settings(given: Mapping[str, Any]) -> str:
    """Return settings in a line; those that are not in force are left out."""
    told = {key: value for key, value in given.items() if value not in (None, "", [], ())}
    return ", ".join(str(v) if k == "name" else f"{k} {v}" for k, v in told.items())


def _rows(
    records: Sequence[Mapping[str, Any]], result: Mapping[str, Any], budget: int
) -> dict[str, Any] | None:
    if not records:
        return None
    # Successes first, then rows that held, then those that were not attacked.
    order = sorted(
        range(len(records)),
        key=lambda i: (
            -_OF_STATUS.get(records[i].get("status", ""), 1) % 3,
            keyed(records[i]["id"]),
        ),
    )
    kept, data = fitted(
        order, lambda places, width: _data([records[i] for i in places], width), budget
    )
    labels = sorted({str(record.get("label")) for record in records})
    few = result.get("shift") is None and len(labels) <= 50
    settings = {
        "models": [""],
        "labels": labels if few else [],
        "kinds": _KINDS,
        "shares": False,
        "kept": f"The page holds {kept:,} of {numbers.count(len(records), 'row')}.",
    }
    selects = [
        select("outcome", "Outcome", _OUTCOMES, chosen="2"),
        select("label", "Label", [("", "all"), *((str(i), n) for i, n in enumerate(labels))])
        if few
        else select("label", "Label", []),
        select("order", "Order", _ORDER, chosen="edits"),
    ]
    told = "Each row with the edits that the search settled on, whether they turned it or not."
    return browser_view(told, selects, settings, data)


_OUTCOMES = [("", "all"), ("2", "turned"), ("0", "held"), ("1", "wrong before, not attacked")]
_ORDER = [("edits", "fewest edits first"), ("data", "as in the data")]


def _data(records: Sequence[Mapping[str, Any]], width: int) -> dict[str, Any]:
    by: dict[str, int] = {"": 0}
    cases = []
    for record in records:
        changes = [
            Change(
                e["start"],
                e["end"],
                e["replacement"],
                by.setdefault(" + ".join(e.get("transforms") or ()), len(by)),
            )
            for e in record.get("edits", ())
        ]
        made = show(str(record.get("original", "")), changes, width)
        said = [
            _OF_STATUS.get(record.get("status", ""), _PASSED),
            str(record.get("before", record.get("label"))),
            0,
            str(record.get("after", "")),
            0,
        ]
        label = str(record.get("label"))
        cases.append([str(record["id"]), 0, label, [said], [made.pieces], made.edits, len(changes)])
    return {
        "sets": [{"name": "", "transform": "", "severity": None}],
        "columns": ["text"],
        "names": [],
        "by": list(by),
        "cases": cases,
    }

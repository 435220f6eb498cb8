"""The list of rows that a reader filters and pages through: its data, its filters, its words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from robustft.evaluation.results import RobustnessResult
from robustft.report.cases import Cases, make_cases
from robustft.report.findings import needed_edits
from robustft.report.fitting import plain_json, script_data
from robustft.report.outcomes import Outcomes
from robustft.report.overview import models_of
from robustft.report.slices import read_parts

__all__ = ["browser_view", "rows_view", "select"]

# By `Outcome`.
KINDS = ("held, right", "held, wrong", "right → wrong", "wrong → right", "wrong → other wrong")
NUMERIC_KINDS = ("about the same", "about the same", "further off", "nearer", "moved")


def rows_view(
    folder: Path, result: RobustnessResult, outcomes: Outcomes | None, budget: int
) -> dict[str, Any] | None:
    """Return the rows of an evaluation; None where it has no predictions or changed no text."""
    if outcomes is None:
        return None
    needed = needed_edits(folder, result)
    parts = read_parts(folder, result)
    cases = make_cases(folder, result, outcomes, minimal=needed, parts=parts, budget=budget)
    if cases is None:
        return None
    labels = _labels(outcomes)
    settings = {
        "models": [m.short for m in models_of(result)],
        "labels": labels,
        "kinds": NUMERIC_KINDS if outcomes.numeric else KINDS,
        "shares": result.metric == "accuracy",
        "kept": _kept(cases),
    }
    selects = _selects(result, cases, labels, numeric=outcomes.numeric)
    return browser_view(_told(result, cases, outcomes), selects, settings, cases.data)


def browser_view(
    told: str, selects: Sequence[dict[str, Any]], settings: dict[str, Any], data: dict[str, Any]
) -> dict[str, Any]:
    """Return what the template needs; filters that offer no choice are left out."""
    from markupsafe import Markup

    kind, packed = script_data(data)
    return {
        "told": told,
        "selects": [s for s in selects if len(s["options"]) > (1 if s["name"] == "order" else 2)],
        "settings": Markup(plain_json(settings)),
        "type": kind,
        "data": Markup(packed),
    }


def _labels(outcomes: Outcomes) -> list[str]:
    """Return the labels that occur, in the order of the classes; none for numbers or answers."""
    if outcomes.numeric:
        return []
    return [outcomes.names[int(code)] for code in np.unique(outcomes.labels) if code >= 0]


def _told(result: RobustnessResult, cases: Cases, outcomes: Outcomes) -> str:
    what = "the error changed notably" if outcomes.numeric else "a prediction changed"
    several = any(facts.draws > 1 for facts in result.sets)
    drawn = " They are those of the first draw." if several else ""
    return (
        f"Over all changed sets, {what} in {cases.failures:,} rows; in {cases.passes:,} none did. "
        "Struck out is what the transforms took away, underlined what they put there."
        f"{drawn}"
    )


def _kept(cases: Cases) -> str:
    """Say how much of the run is in this page."""
    return (
        f"The page holds {cases.failures_shown:,} of {cases.failures:,} rows with a change of "
        f"outcome and {cases.passes_shown:,} of {cases.passes:,} without."
    )


def _selects(
    result: RobustnessResult, cases: Cases, labels: list[str], *, numeric: bool
) -> list[dict[str, Any]]:
    sets = cases.data["sets"]
    mix = next((s for s in sets if s["name"] == result.mix), sets[0])
    transforms = list(dict.fromkeys(s["transform"] for s in sets))
    severities = sorted({s["severity"] for s in sets if s["severity"] is not None})
    made = [
        select("transform", "Transform", [("", "all"), *((t, t) for t in transforms)]),
        select("severity", "Severity", [("", "all"), *((str(s), str(s)) for s in severities)]),
        select(
            "model",
            "Model",
            [("", "all"), *((str(m.index), m.short) for m in models_of(result))],
        ),
        select("outcome", "Outcome", _NUMERIC if numeric else _OUTCOMES, chosen="2"),
        select("label", "Label", [("", "all"), *((str(i), n) for i, n in enumerate(labels))]),
        select(
            "part",
            "Part of the rows",
            [("", "all"), *((str(i), name) for i, name in enumerate(cases.data["parts"]))],
        ),
        select("sure", "Confidence after", [] if result.metric != "accuracy" else _SURE),
        select("order", "Order", _ORDER if not numeric else _ORDER_NUMERIC),
    ]
    made[0]["chosen"] = mix["transform"] if len(transforms) > 1 else ""
    made[1]["chosen"] = "" if mix["severity"] is None else str(mix["severity"])
    return made


def select(
    name: str, label: str, options: list[tuple[str, str]], chosen: str = ""
) -> dict[str, Any]:
    """Return a filter: its values, what each is called, and the one that is chosen at first."""
    return {"name": name, "label": label, "options": options, "chosen": chosen}


_OUTCOMES = [
    ("", "all"),
    ("changed", "any change"),
    ("2", "right → wrong"),
    ("3", "wrong → right"),
    ("4", "wrong → other wrong"),
    ("held", "held"),
    ("0", "held, right"),
    ("1", "held, wrong"),
]
_NUMERIC = [
    ("", "all"),
    ("changed", "any change"),
    ("2", "further off"),
    ("3", "nearer"),
    ("held", "about the same"),
]
_SURE = [("", "all"), ("high", "90% or more"), ("middle", "70 to 90%"), ("low", "below 70%")]
_ORDER = [
    ("sure", "most confident first"),
    ("unsure", "least confident first"),
    ("data", "as in the data"),
]
_ORDER_NUMERIC = [
    ("unsure", "furthest off first"),
    ("sure", "nearest first"),
    ("data", "as in the data"),
]

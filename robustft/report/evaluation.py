"""One evaluation as its part of the page shows it."""

from __future__ import annotations

from typing import Any

import numpy as np

from robustft.data.run_folder import RunFolder
from robustft.evaluation.results import ORIGINAL, RobustnessResult
from robustft.report.cases import BUDGET, Cases, make_cases, script_data
from robustft.report.findings import (
    examples_view,
    harm_view,
    needed_edits,
    slices_view,
    spread_view,
    summaries_view,
)
from robustft.report.matrix import curves_view, matrix_view
from robustft.report.method import method_view
from robustft.report.outcomes import Outcomes, read_outcomes
from robustft.report.overview import cells_view, headline, models_of, subline

__all__ = ["evaluation_view"]


def evaluation_view(run: RunFolder, name: str, *, parts: int = 1) -> dict[str, Any]:
    """Return what the templates show of an evaluation; what its folder lacks is left out.

    Parameters
    ----------
    name
        What the ids of its elements begin with.
    parts
        How many runs share the page, and the space for rows.
    """
    result = RobustnessResult.from_dict(run.read_json("metrics.json"))
    outcomes = read_outcomes(run.path, result)
    view: dict[str, Any] = {
        "id": name,
        "kind": "eval",
        "level": "h1" if parts == 1 else "h2",
        "title": run.path.resolve().name,
        "eyebrow": _eyebrow(run, result),
        "headline": headline(result),
        "subline": subline(result),
        "cells": cells_view(result),
        "answers": [
            {"answer": a.answer, "question": a.question, "why": _why(a.sentence)}
            for a in result.verdict.answers
        ],
        "caveats": result.verdict.caveats,
        "models": models_of(result),
        "matrix": matrix_view(result),
        "curves": curves_view(result),
        "summaries": summaries_view(result),
        "slices": slices_view(result),
        "examples": examples_view(run.path, result),
        "harm": harm_view(run.path, result),
        "spread": spread_view(result),
        "browser": _browser(run, result, outcomes, BUDGET // parts),
        "method": method_view(run, result),
    }
    view["contents"] = [(i, title) for i, title in _CONTENTS if i in _ALWAYS or view.get(_KEY[i])]
    return view


_CONTENTS = (
    ("verdict", "The result"),
    ("matrix", "Which changes hurt"),
    ("curves", "By severity"),
    ("slices", "Where it hurts more"),
    ("minimal", "How little it takes"),
    ("harm", "Which words hurt"),
    ("spread", "What chance does"),
    ("failures", "Failures"),
    ("method", "How this was made"),
)
_ALWAYS = ("verdict", "method")
_KEY = {
    "matrix": "matrix",
    "curves": "curves",
    "slices": "slices",
    "minimal": "examples",
    "harm": "harm",
    "spread": "spread",
    "failures": "browser",
}


def _eyebrow(run: RunFolder, result: RobustnessResult) -> str:
    data = run.config.get("dataset")
    rows = next((s.rows for s in result.sets if s.name == ORIGINAL), 0)
    told = [str(data) if data else "", str(run.manifest.get("split", "")), f"{rows:,} rows"]
    return " · ".join(part for part in told if part)


def _why(sentence: str) -> str:
    """Return an answer's grounds: what its question and its badge say already is left out."""
    _, _, rest = sentence.partition(": ")
    for said in ("yes, ", "no, ", "no; ", "cannot tell; "):
        if rest.startswith(said):
            grounds = rest.removeprefix(said).replace(" -", " −")
            return grounds[0].upper() + grounds[1:]
    return sentence


def _browser(
    run: RunFolder, result: RobustnessResult, outcomes: Outcomes | None, budget: int
) -> dict[str, Any] | None:
    if outcomes is None:
        return None
    needed = needed_edits(run.path, result)
    cases = make_cases(run.path, result, outcomes, minimal=needed, budget=budget)
    if cases is None:
        return None
    from markupsafe import Markup

    labels = _labels(outcomes)
    kind, data = script_data(cases.data)
    settings = {
        "models": [m.short for m in models_of(result)],
        "labels": labels,
        "numeric": outcomes.numeric,
        "shares": result.metric == "accuracy",
        "kept": _kept(cases),
    }
    return {
        "told": _told(cases, outcomes),
        "selects": _selects(result, cases, labels, numeric=outcomes.numeric),
        "settings": Markup(script_data(settings)[1]),
        "type": kind,
        "data": Markup(data),
    }


def _labels(outcomes: Outcomes) -> list[str]:
    """Return the labels that occur, in the order of the classes; none for numbers or answers."""
    if outcomes.numeric:
        return []
    return [outcomes.names[int(code)] for code in np.unique(outcomes.labels) if code >= 0]


def _told(cases: Cases, outcomes: Outcomes) -> str:
    what = "the error changed notably" if outcomes.numeric else "a prediction changed"
    return (
        f"Over all changed sets, {what} in {cases.failures:,} rows; in {cases.passes:,} none did. "
        "Struck out is what the transforms took away, underlined what they put there."
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
        _select("transform", "Transform", [("", "all"), *((t, t) for t in transforms)]),
        _select("severity", "Severity", [("", "all"), *((str(s), str(s)) for s in severities)]),
        _select(
            "model",
            "Model",
            [("", "all"), *((str(m.index), m.short) for m in models_of(result))],
        ),
        _select("outcome", "Outcome", _NUMERIC if numeric else _OUTCOMES, chosen="2"),
        _select("label", "Label", [("", "all"), *((str(i), n) for i, n in enumerate(labels))]),
        _select("sure", "Confidence after", [] if result.metric != "accuracy" else _SURE),
        _select("order", "Order", _ORDER if not numeric else _ORDER_NUMERIC),
    ]
    made[0]["chosen"] = mix["transform"] if len(transforms) > 1 else ""
    made[1]["chosen"] = "" if mix["severity"] is None else str(mix["severity"])
    return [select for select in made if len(select["options"]) > 2]


def _select(
    name: str, label: str, options: list[tuple[str, str]], chosen: str = ""
) -> dict[str, Any]:
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

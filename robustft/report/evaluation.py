"""One evaluation as its part of the page shows it."""

from __future__ import annotations

from typing import Any

from robustft.data.run_folder import RunFolder
from robustft.evaluation.gate import GATE
from robustft.evaluation.results import ORIGINAL, RobustnessResult
from robustft.report.browser import rows_view
from robustft.report.findings import (
    examples_view,
    harm_view,
    slices_view,
    spread_view,
    summaries_view,
)
from robustft.report.fitting import BUDGET
from robustft.report.leaks import leaks_view
from robustft.report.matrix import curves_view, matrix_view
from robustft.report.method import method_view
from robustft.report.outcomes import read_outcomes
from robustft.report.overview import cells_view, headline, models_of, subline
from robustft.report.texts import read_gate

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
        "gate": read_gate(run.path / GATE),
        "models": models_of(result),
        "matrix": matrix_view(result),
        "curves": curves_view(result),
        "summaries": summaries_view(result),
        "slices": slices_view(result),
        "examples": examples_view(run.path, result),
        "harm": harm_view(run.path, result),
        "spread": spread_view(result),
        "leaks": leaks_view(result),
        "browser": rows_view(run.path, result, outcomes, BUDGET // parts),
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
    ("leaks", "Rows seen in training"),
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
    "leaks": "leaks",
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

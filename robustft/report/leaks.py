"""Test rows that a model has seen in training, or nearly: how many, and what they are worth."""

from __future__ import annotations

from typing import Any

from robustft.evaluation.results import RobustnessResult
from robustft.report import numbers
from robustft.report.overview import models_of

__all__ = ["leaks_view"]


def leaks_view(result: RobustnessResult) -> dict[str, Any] | None:
    """Return what was found and done, the scores with and without these rows, and examples."""
    leaks = result.leaks
    if leaks is None:
        return None
    metric, models = result.metric, {m.name: m for m in models_of(result)}
    done = {
        "warn": "They are in all figures of this page; below is what the figures are without them.",
        "drop": "They were left out before anything was computed.",
    }
    return {
        "told": (
            f"Of {numbers.count(leaks.rows, 'test row')}, {leaks.identical:,} have the same text "
            f"as a row of the training data, and {leaks.near:,} nearly the same (at least "
            f"{leaks.least:.0%} of their runs of five words). {done[leaks.action]}"
        ),
        "metric": numbers.LONG_NAMES.get(metric, metric),
        "scores": [
            {
                "model": models[score.model],
                "set": score.set,
                "rows": score.rows,
                "cells": [
                    (
                        numbers.number(None if n is None else n.value, metric),
                        numbers.bounds(n, metric),
                    )
                    for n in (score.metric, score.metric_without, score.drop, score.drop_without)
                ],
            }
            for score in leaks.scores
            if score.model in models
        ],
        "examples": leaks.examples,
    }

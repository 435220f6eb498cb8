"""What an evaluation found as rows of plain text, for formats that are tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from robustft.evaluation.results import ORIGINAL, Cell, ModelFacts, RobustnessResult, SetFacts
from robustft.evaluation.verdict import p_text
from robustft.report.numbers import Bounded, bounds, number, percent

__all__ = ["SetRow", "bracketed", "four_cells", "model_name", "set_rows"]


@dataclass(frozen=True, kw_only=True)
class SetRow:
    """One model on one set, in words."""

    model: str
    set: str
    severity: str
    changed: str
    metric: str
    drop: str
    p: str


def model_name(model: ModelFacts) -> str:
    """Return what a model was trained on, where that is known, else its name."""
    if model.role == "augmented":
        return f"clean + {model.augmented_rows:,} augmented"
    return "clean" if model.role == "clean" else model.name


def bracketed(found: Bounded | None, metric: str) -> str:
    """Return *87.1 [84.9, 89.0]*; an empty text for nothing."""
    if found is None:
        return ""
    ends = bounds(found, metric).replace(" to ", ", ")
    return number(found.value, metric) + (f" [{ends}]" if ends else "")


def four_cells(result: RobustnessResult) -> Iterator[tuple[str, str, str, str]]:
    """Yield for each model: its name, then the metric on the original, on the mix, and the drop.

    A last row says how much better the augmented model of a pair is.
    """
    metric, mix = result.metric, result.mix
    for model in result.models:
        there, drop = "", ""
        if mix is not None:
            cell = result.cell(model.name, mix)
            there, drop = bracketed(cell.metrics[metric], metric), _drop(cell, metric)
        original = bracketed(result.cell(model.name, ORIGINAL).metrics[metric], metric)
        yield model_name(model), original, there, drop
    if result.pair is not None:
        gains = {cell.set: bracketed(cell.gain[metric], metric) for cell in result.pair.cells}
        won = result.pair.won_back
        back = "" if won is None or won.value is None else f"{bracketed(won, 'share')} % won back"
        yield "gain", gains[ORIGINAL], "" if mix is None else gains[mix], back


def set_rows(result: RobustnessResult) -> Iterator[SetRow]:
    """Yield the matrix: each set in order, and on it each model."""
    metric = result.metric
    for facts in result.sets:
        for model in result.models:
            cell = result.cell(model.name, facts.name)
            yield SetRow(
                model=model_name(model),
                set=facts.name,
                severity="" if facts.severity is None else str(facts.severity),
                changed=_changed(facts),
                metric=bracketed(cell.metrics[metric], metric),
                drop=_drop(cell, metric),
                p="" if cell.test is None else _p(cell),
            )


def _changed(facts: SetFacts) -> str:
    return "" if facts.kind == ORIGINAL else percent(facts.changed_share)


def _drop(cell: Cell, metric: str) -> str:
    return "" if cell.drop is None else bracketed(cell.drop[metric], metric)


def _p(cell: Cell) -> str:
    assert cell.test is not None
    return p_text(cell.test, corrected=True).removeprefix("p ").removeprefix("= ")

"""How the numbers of an evaluation are written in a terminal, and the tables they stand in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table

from robustft.cli import console
from robustft.evaluation.results import Cell, ModelFacts, RobustnessResult, SetFacts
from robustft.evaluation.verdict import p_text

if TYPE_CHECKING:
    from robustft.scoring.statistics import Difference, Test

__all__ = [
    "LONG",
    "SHORT",
    "UNDEFINED",
    "add_set",
    "change_text",
    "drop_text",
    "interval_text",
    "metric_text",
    "new_table",
    "number_text",
    "print_table",
    "short_name",
    "test_text",
]

LONG = {"accuracy": "accuracy", "mse": "mean squared error", "f1": "F1 of the answers"}
SHORT = {
    "macro_f1": "macro-F1", "r2": "R²", "spearman": "Spearman", "mse": "MSE",
    "exact_match": "exact match", "f1": "F1",
}  # fmt: skip
_PERCENT = ("accuracy", "macro_f1", "flips", "exact_match", "f1")
UNDEFINED = "–"


def print_table(table: Table) -> None:
    """Print a table; a file or a pipe gets all of its width, a terminal what it has."""
    out = console.out()
    width = out.width
    if not out.is_terminal:
        out.width = max(width, 120)
    out.print(table)
    out.width = width


def short_name(model: ModelFacts) -> str:
    """Return *clean* or *augmented*, of other models the name."""
    return model.name if model.role == "model" else model.role


def new_table(title: str | None, headings: list[str]) -> Table:
    """Return an empty table of texts in the first column and numbers, never wrapped, in others."""
    table = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 0, 0, 1),
        pad_edge=False,
        show_edge=False,
    )
    for position, heading in enumerate(headings):
        number = position > 0
        table.add_column(heading, justify="right" if number else "left", no_wrap=number)
    return table


def add_set(
    table: Table, result: RobustnessResult, facts: SetFacts, line: Callable[[Cell], list[str]]
) -> None:
    """Add a set: a row a model, below the set's name where there are several."""
    several = len(result.models) > 1
    if several:
        table.add_row(facts.name)
    for model in result.models:
        name = f"  {short_name(model)}" if several else facts.name
        table.add_row(name, *line(result.cell(model.name, facts.name)))


def metric_text(cell: Cell, name: str) -> str:
    """Return a metric with its interval."""
    return interval_text(cell.metrics[name], name)


def drop_text(cell: Cell, metric: str) -> str:
    """Return the drop with its interval; nothing for the original set."""
    return "" if cell.drop is None else interval_text(cell.drop[metric], metric)


def test_text(test: Test | None) -> str:
    """Return the corrected p-value: *0.03*, *< 0.0001*."""
    if test is None:
        return ""
    return p_text(test, corrected=True).removeprefix("p ").removeprefix("= ")


def change_text(difference: Difference, metric: str) -> str:
    """Return a difference that bears its sign."""
    sign = "+" if difference.value is not None and difference.value > 0 else ""
    return sign + interval_text(difference, metric)


def interval_text(number: Any, metric: str) -> str:
    """Return *87.1 [84.9, 89.0]*: points for shares, as it is for all else."""
    if number is None or number.value is None:
        return UNDEFINED
    if number.low is None or number.high is None:
        return number_text(number.value, metric)
    low, high = number_text(number.low, metric), number_text(number.high, metric)
    return f"{number_text(number.value, metric)} [{low}, {high}]"


def number_text(value: float, metric: str) -> str:
    """Return *87.1*: points for shares, three digits for all else."""
    # Adding 0.0 turns a negative zero into one without sign.
    return f"{round(100 * value, 1) + 0.0:.1f}" if metric in _PERCENT else f"{value:.3g}"

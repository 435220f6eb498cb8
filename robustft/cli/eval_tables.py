"""The result of an evaluation on stdout: the four cells, the sets, the verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table

from robustft.cli import console
from robustft.cli.eval_examples import counterexample_lines
from robustft.evaluation.results import ORIGINAL, Cell, ModelFacts, RobustnessResult, SetFacts
from robustft.evaluation.verdict import p_text

if TYPE_CHECKING:
    from robustft.scoring.statistics import Difference

__all__ = ["show"]

_LONG = {"accuracy": "accuracy", "mse": "mean squared error", "f1": "F1 of the answers"}
_SHORT = {
    "macro_f1": "macro-F1", "r2": "R²", "spearman": "Spearman", "mse": "MSE",
    "exact_match": "exact match", "f1": "F1",
}  # fmt: skip
_PERCENT = ("accuracy", "macro_f1", "flips", "exact_match", "f1")
_OF_ANSWERS = ("exact_match", "f1")
_UNDEFINED = "–"


def show(result: RobustnessResult) -> None:
    """Print tables and verdict; numbers come with their 95 % intervals."""
    out = console.out()
    _print(_four_cells(result))
    if result.mix is not None:
        for table in (_scores(result), _changes(result), _effects(result)):
            out.print()
            _print(table)
    out.print()
    for answer in result.verdict.answers:
        out.print(f"• {answer.sentence}", soft_wrap=True)
    if result.verdict.caveats:
        out.print("\nTo read this rightly:")
    for caveat in result.verdict.caveats:
        out.print(f"- {caveat}", soft_wrap=True)
    for line in counterexample_lines(result):
        out.print(line, soft_wrap=True, markup=False, highlight=False)
    if result.folder is not None:
        out.print(f"\nfolder: {result.folder}", soft_wrap=True)


def _print(table: Table) -> None:
    """Print a table; a file or a pipe gets all of its width, a terminal what it has."""
    out = console.out()
    width = out.width
    if not out.is_terminal:
        out.width = max(width, 120)
    out.print(table)
    out.width = width


def trained_on(model: ModelFacts) -> str:
    """Return what a model was trained on; its name where that is not known."""
    if model.role == "augmented":
        return f"clean + {model.augmented_rows:,} augmented"
    return "clean" if model.role == "clean" else model.name


def _short_name(model: ModelFacts) -> str:
    return model.name if model.role == "model" else model.role


def _table(title: str | None, headings: list[str]) -> Table:
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


def _add(
    table: Table, result: RobustnessResult, facts: SetFacts, line: Callable[[Cell], list[str]]
) -> None:
    """Add a set: a row a model, below the set's name where there are several."""
    several = len(result.models) > 1
    if several:
        table.add_row(facts.name)
    for model in result.models:
        name = f"  {_short_name(model)}" if several else facts.name
        table.add_row(name, *line(result.cell(model.name, facts.name)))


def _four_cells(result: RobustnessResult) -> Table:
    """Return a row a model: original, transformed, drop; a last row compares a pair."""
    metric, mix = result.metric, result.mix
    rows = next(s.rows for s in result.sets if s.name == ORIGINAL)
    headings = ["trained on", "original"]
    if mix is not None:
        headings += [f"transformed ({mix})", "rise" if metric == "mse" else "drop"]
    table = _table(f"{_LONG[metric]} on {rows:,} rows, with 95% intervals", headings)
    table.box, table.show_edge, table.pad_edge, table.padding = box.ROUNDED, True, True, (0, 1)
    for model in result.models:
        line = [trained_on(model), _metric(result.cell(model.name, ORIGINAL), metric)]
        if mix is not None:
            cell = result.cell(model.name, mix)
            line += [_metric(cell, metric), _drop(cell, metric)]
        table.add_row(*line)
    if result.pair is not None:
        cells = {c.set: c for c in result.pair.cells}
        line = [
            "gain" if mix is None else "gain, won back",
            _change(cells[ORIGINAL].gain[metric], metric),
        ]
        if mix is not None:
            line += [_change(cells[mix].gain[metric], metric), _won(result)]
        table.add_section()
        table.add_row(*line)
    return table


def _won(result: RobustnessResult) -> str:
    won = result.pair.won_back if result.pair else None
    if won is None or won.value is None:
        return ""
    if won.low is None or won.high is None:
        return f"{won.value:.0%}"
    return f"{won.value:.0%} [{won.low:.0%}, {won.high:.0%}]"


def _scores(result: RobustnessResult) -> Table:
    """Return each model's metrics on each set, and the drop with its test."""
    metric = result.metric
    # Five measures of answers would not fit; eval --no-transformed shows them all.
    names = [name for name in result.cells[0].metrics if metric != "f1" or name in _OF_ANSWERS]
    headings = ["each set", *(_SHORT.get(n, n) for n in names)]
    headings += ["rise" if metric == "mse" else "drop", "p (Holm)"]
    table = _table(None, headings)

    def line(cell: Cell) -> list[str]:
        return [*(_metric(cell, name) for name in names), _drop(cell, metric), _p(cell)]

    for facts in result.sets:
        _add(table, result, facts, line)
    return table


def _changes(result: RobustnessResult) -> Table:
    """Return what was done to each set."""
    headings = ["what was changed", "words: target", "eligible", "changed"]
    table = _table(None, [*headings, "rows: unchanged", "rejected"])
    for facts in _transformed(result):
        level = "" if facts.severity is None else f" (severity {facts.severity})"
        shares = (
            facts.target_share,
            facts.eligible_share,
            facts.changed_share,
            facts.unchanged_share,
            facts.rejected_share,
        )
        table.add_row(facts.name + level, *(f"{share:.1%}" for share in shares))
    return table


def _effects(result: RobustnessResult) -> Table:
    """Return what the changes did to each model's view and predictions."""
    metric = result.metric
    headings = ["what the models saw"] + (["flipped"] if metric == "accuracy" else [])
    headings += ["same tokens", "drop of other rows", "cut off"]
    table = _table(None, headings)

    def line(cell: Cell) -> list[str]:
        flips = [_interval(cell.flips, "flips")] if metric == "accuracy" else []
        same = _UNDEFINED if cell.same_tokens is None else f"{cell.same_tokens:.1%}"
        others = _interval(cell.drop_of_others, metric)
        return [*flips, same, others, f"{cell.truncated:.1%}"]

    for facts in _transformed(result):
        _add(table, result, facts, line)
    return table


def _transformed(result: RobustnessResult) -> list[SetFacts]:
    return [facts for facts in result.sets if facts.kind != ORIGINAL]


def _metric(cell: Cell, name: str) -> str:
    return _interval(cell.metrics[name], name)


def _drop(cell: Cell, metric: str) -> str:
    return "" if cell.drop is None else _interval(cell.drop[metric], metric)


def _p(cell: Cell) -> str:
    if cell.test is None:
        return ""
    return p_text(cell.test, corrected=True).removeprefix("p ").removeprefix("= ")


def _change(difference: Difference, metric: str) -> str:
    """Return a difference that bears its sign."""
    sign = "+" if difference.value is not None and difference.value > 0 else ""
    return sign + _interval(difference, metric)


def _interval(number: Any, metric: str) -> str:
    """Return *87.1 [84.9, 89.0]*: points for shares, as it is for all else."""
    if number is None or number.value is None:
        return _UNDEFINED
    if number.low is None or number.high is None:
        return _number(number.value, metric)
    low, high = _number(number.low, metric), _number(number.high, metric)
    return f"{_number(number.value, metric)} [{low}, {high}]"


def _number(value: float, metric: str) -> str:
    # Adding 0.0 turns a negative zero into one without sign.
    return f"{round(100 * value, 1) + 0.0:.1f}" if metric in _PERCENT else f"{value:.3g}"

"""The result of an evaluation on stdout: the four cells, the sets, the verdict."""

from __future__ import annotations

from rich import box
from rich.table import Table

from robustft.cli import console
from robustft.cli.eval_examples import counterexample_lines
from robustft.cli.eval_formats import (
    LONG,
    SHORT,
    UNDEFINED,
    add_set,
    change_text,
    drop_text,
    interval_text,
    metric_text,
    new_table,
    print_table,
    test_text,
)
from robustft.cli.matrix_tables import (
    curve_tables,
    slice_table,
    slices_note,
    spread_lines,
    summary_lines,
)
from robustft.evaluation.results import ORIGINAL, Cell, ModelFacts, RobustnessResult, SetFacts

__all__ = ["show"]

_OF_ANSWERS = ("exact_match", "f1")


def show(result: RobustnessResult) -> None:
    """Print the four cells, the verdict, then the tables; numbers with their 95 % intervals."""
    out = console.out()
    print_table(_four_cells(result))
    out.print()
    for answer in result.verdict.answers:
        out.print(f"• {answer.sentence}", soft_wrap=True)
    if result.verdict.caveats:
        out.print("\nTo read this rightly:")
    for caveat in result.verdict.caveats:
        out.print(f"- {caveat}", soft_wrap=True)
    for line in counterexample_lines(result):
        out.print(line, soft_wrap=True, markup=False, highlight=False)
    if result.mix is not None:
        _show_matrix(result)
    if result.folder is not None:
        out.print(f"\nfolder: {result.folder}", soft_wrap=True)


def _show_matrix(result: RobustnessResult) -> None:
    """Print what was done to each set and what came of it; of curves, only these."""
    out = console.out()
    usual = [_scores(result), _changes(result), _effects(result)]
    for table in curve_tables(result) or usual:
        out.print()
        print_table(table)
    lines = summary_lines(result) + spread_lines(result)
    if lines:
        out.print()
    for line in lines:
        out.print(line, soft_wrap=True)
    parts = slice_table(result)
    if parts is not None:
        out.print()
        print_table(parts)
        out.print(slices_note(result), soft_wrap=True)


def trained_on(model: ModelFacts) -> str:
    """Return what a model was trained on; its name where that is not known."""
    if model.role == "augmented":
        return f"clean + {model.augmented_rows:,} augmented"
    return "clean" if model.role == "clean" else model.name


def _four_cells(result: RobustnessResult) -> Table:
    """Return a row a model: original, transformed, drop; a last row compares a pair."""
    metric, mix = result.metric, result.mix
    rows = next(s.rows for s in result.sets if s.name == ORIGINAL)
    headings = ["trained on", "original"]
    if mix is not None:
        headings += [f"transformed ({mix})", "rise" if metric == "mse" else "drop"]
    table = new_table(f"{LONG[metric]} on {rows:,} rows, with 95% intervals", headings)
    table.box, table.show_edge, table.pad_edge, table.padding = box.ROUNDED, True, True, (0, 1)
    for model in result.models:
        line = [trained_on(model), metric_text(result.cell(model.name, ORIGINAL), metric)]
        if mix is not None:
            cell = result.cell(model.name, mix)
            line += [metric_text(cell, metric), drop_text(cell, metric)]
        table.add_row(*line)
    if result.pair is not None:
        cells = {c.set: c for c in result.pair.cells}
        line = [
            "gain" if mix is None else "gain, won back",
            change_text(cells[ORIGINAL].gain[metric], metric),
        ]
        if mix is not None:
            line += [change_text(cells[mix].gain[metric], metric), _won(result)]
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
    headings = ["each set", *(SHORT.get(n, n) for n in names)]
    headings += ["rise" if metric == "mse" else "drop", "p (Holm)"]
    table = new_table(None, headings)

    def line(cell: Cell) -> list[str]:
        return [
            *(metric_text(cell, name) for name in names),
            drop_text(cell, metric),
            test_text(cell.test),
        ]

    for facts in result.sets:
        add_set(table, result, facts, line)
    return table


def _changes(result: RobustnessResult) -> Table:
    """Return what was done to each set."""
    headings = ["what was changed", "words: target", "eligible", "changed"]
    table = new_table(None, [*headings, "rows: unchanged", "rejected"])
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
    table = new_table(None, headings)

    def line(cell: Cell) -> list[str]:
        flips = [interval_text(cell.flips, "flips")] if metric == "accuracy" else []
        same = UNDEFINED if cell.same_tokens is None else f"{cell.same_tokens:.1%}"
        others = interval_text(cell.drop_of_others, metric)
        return [*flips, same, others, f"{cell.truncated:.1%}"]

    for facts in _transformed(result):
        add_set(table, result, facts, line)
    return table


def _transformed(result: RobustnessResult) -> list[SetFacts]:
    return [facts for facts in result.sets if facts.kind != ORIGINAL]

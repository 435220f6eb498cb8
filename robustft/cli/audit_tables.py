"""What ``robustft audit`` prints of the answers, and ``eval --audit`` of what follows from them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from robustft.cli import console
from robustft.evaluation.audit.result import AuditResult
from robustft.evaluation.audit.validity import ValidAccuracy
from robustft.scoring.statistics import Estimate

__all__ = ["show", "show_validity"]

# Under this share of right answers to controls, the judging did not work.
_WORKS = 0.8


def _percent(rate: Estimate) -> str:
    if rate.value is None or rate.low is None or rate.high is None:
        return "-"
    return f"{100 * rate.value:.1f} [{100 * rate.low:.1f}, {100 * rate.high:.1f}]"


def _table(headings: Sequence[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left")
    return table


def show(result: AuditResult) -> None:
    """Print the rates of each test set, the controls and the agreement."""
    out = console.out()
    who = ", ".join(
        f"{rater.name} ({rater.kind}, {rater.answered} of {result.pairs})"
        for rater in result.raters
    )
    out.print(f"raters: {who}", soft_wrap=True)
    out.print("\npercent of rows of which every rater said yes, with 95% intervals")
    table = _table(("transforms", "judged", "label holds", "reads naturally"))
    for source in result.sources:
        rates = (_percent(source.preserved), _percent(source.natural))
        table.add_row(source.name, str(source.judged), *rates)
    out.print(table)
    names = [rater.name for rater in result.raters]
    out.print("percent of controls judged as one must")
    table = _table(("control", *names))
    for control in result.controls:
        table.add_row(control.kind, *(_percent(control.right_by[name]) for name in names))
    out.print(table)
    if len(names) > 1:
        for question, alpha in result.agreement.items():
            value = "undefined (all answers are alike)" if alpha is None else f"{alpha:.2f}"
            out.print(f"Krippendorff's alpha, {question}: {value}")
    for control in result.controls:
        for name, rate in control.right_by.items():
            if rate.value is not None and rate.value < _WORKS:
                console.note(
                    f"{name} judged {rate.value:.0%} of the {control.kind} controls as one must: "
                    "do not rely on these answers"
                )


def show_validity(rows: Sequence[ValidAccuracy]) -> None:
    """Print the accuracy on each audited set and its bounds on the rows whose label holds."""
    headings = ("model, set", "accuracy", "invalid rows", "accuracy on valid rows")
    console.out().print("\ncorrected for rows whose label does not hold (percent)")
    table = _table(headings)
    for row in rows:
        low, high = row.bounds.low, row.bounds.high
        bounds = "-" if low is None or high is None else f"{100 * low:.1f} to {100 * high:.1f}"
        table.add_row(
            f"{row.model}, {row.set}", _percent(row.accuracy), _percent(row.invalid), bounds
        )
    console.out().print(table)

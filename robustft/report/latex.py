"""An evaluation as a LaTeX table, for a paper: booktabs, intervals, everything escaped."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from robustft.evaluation.results import ORIGINAL
from robustft.report.grid import SetRow, set_rows
from robustft.report.numbers import LONG_NAMES, count, is_share

if TYPE_CHECKING:
    from robustft.evaluation.gate import Gate
    from robustft.evaluation.results import RobustnessResult

__all__ = ["escaped", "render"]

_ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "−": "$-$", "–": "--", "²": "$^2$", "→": r"$\rightarrow$", "…": r"\dots{}",
}  # fmt: skip


def render(result: RobustnessResult, *, gate: Gate | None = None, title: str = "") -> str:
    r"""Return a ``table`` with a row a set and a block a model; it needs ``\usepackage{booktabs}``.

    Parameters
    ----------
    gate
        Not shown: a paper has no gate.
    title
        The label of the table; by default ``robustness``.
    """
    del gate
    metric, name = result.metric, LONG_NAMES.get(result.metric, result.metric)
    rows = next(facts.rows for facts in result.sets if facts.name == ORIGINAL)
    unit = " (%)" if is_share(metric) else ""
    headings = ["Set", "Words changed", f"{name[0].upper()}{name[1:]}{unit}", "Drop", "$p$"]
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escaped(_caption(result, name, rows))}}}",
        rf"\label{{tab:{_label(title or 'robustness')}}}",
        r"\begin{tabular}{lrrrr}",
        r"\toprule",
        _line([headings[0], headings[1], escaped(headings[2]), *headings[3:]]),
    ]
    by_model = sorted(set_rows(result), key=lambda row: _place(result, row))
    for model, block in groupby(by_model, key=lambda row: row.model):
        lines.append(r"\midrule")
        if len(result.models) > 1:
            lines += [rf"\multicolumn{{5}}{{l}}{{\textit{{{escaped(model)}}}}} \\"]
        lines += [
            _line([escaped(v) for v in (r.set, r.changed, r.metric, r.drop, r.p)]) for r in block
        ]
    lines += [r"\bottomrule", r"\end{tabular}", r"\end{table}"]
    return "\n".join(lines) + "\n"


def _place(result: RobustnessResult, row: SetRow) -> int:
    from robustft.report.grid import model_name

    return [model_name(model) for model in result.models].index(row.model)


def _caption(result: RobustnessResult, name: str, rows: int) -> str:
    mix = next((facts.spec for facts in result.sets if facts.name == result.mix), "")
    made = f" Transforms: {mix}." if mix else ""
    return (
        f"{name[0].upper()}{name[1:]} on {count(rows, 'row')}, original and transformed, with 95% "
        f"intervals in brackets; drops are paired by row, and p is corrected by Holm's method over "
        f"the sets.{made}"
    )


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _label(text: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in text.lower()).strip("-")


def escaped(text: str) -> str:
    """Return a text that LaTeX prints as it is."""
    flat = " ".join(text.split())
    return "".join(_ESCAPES.get(c, c) for c in flat if c.isprintable())

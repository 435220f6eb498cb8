"""An evaluation as Markdown: what stands in the comment of a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from robustft.evaluation.results import ORIGINAL
from robustft.report.grid import four_cells, set_rows
from robustft.report.numbers import LONG_NAMES, count, is_share

if TYPE_CHECKING:
    from robustft.evaluation.gate import Gate
    from robustft.evaluation.results import RobustnessResult

__all__ = ["render"]

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#])")
# @name and #12, but no address of mail.
_REFERENCE = re.compile(r"((?<!\w)@(?=\w)|#(?=\d))")
_MARKS = {"passed": "✅", "failed": "❌", "inconclusive": "⚠️"}


def render(result: RobustnessResult, *, gate: Gate | None = None, title: str = "") -> str:
    """Return the gate, the verdict, the four cells and the matrix as Markdown (GitHub's).

    Parameters
    ----------
    gate
        What the gate found of this result; see `robustft.evaluation.gate.judge_gate`.
    title
        The heading; by default *Robustness*.
    """
    metric = result.metric
    rows = next(facts.rows for facts in result.sets if facts.name == ORIGINAL)
    unit = " (%)" if is_share(metric) else ""
    parts = [f"## {_escaped(title or 'Robustness')}"]
    if gate is not None:
        parts += [_gate(gate)]
    if result.verdict.answers:
        parts.append(_list(answer.sentence for answer in result.verdict.answers))
    about = f"{LONG_NAMES.get(metric, metric)}{unit} on {count(rows, 'row')}, 95% intervals"
    headings = ["trained on", "original"]
    if result.mix is not None:
        headings += [f"transformed ({result.mix})", "rise" if metric == "mse" else "drop"]
    cells = [row[: len(headings)] for row in four_cells(result)]
    parts += [f"**{about[0].upper()}{about[1:]}**", _table(headings, cells)]
    if result.mix is not None:
        headings = ["set", "model", "severity", "words changed", metric, "drop", "p (Holm)"]
        matrix = [
            (r.set, r.model, r.severity, r.changed, r.metric, r.drop, r.p) for r in set_rows(result)
        ]
        parts.append(_folded("Each set", _table(headings, matrix)))
    if result.verdict.caveats:
        parts.append(_folded("To read this rightly", _list(result.verdict.caveats)))
    return "\n\n".join(parts) + "\n"


def _gate(gate: Gate) -> str:
    lines = [f"{_MARKS[c.outcome]} {c.finding}: {c.outcome}{c.because}" for c in gate.checks]
    return f"**{_MARKS[gate.outcome]} Gate {gate.outcome}**\n\n{_list(lines)}"


def _list(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {_escaped(sentence)}" for sentence in sentences)


def _folded(heading: str, body: str) -> str:
    # GitHub reads what stands between blank lines as Markdown.
    return f"<details>\n<summary>{heading}</summary>\n\n{body}\n\n</details>"


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column holds names, and all others numbers."""
    lines = [list(map(_escaped, headings)), ["---", *["---:"] * (len(headings) - 1)]]
    lines += [[_escaped(cell) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _escaped(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line, and that notifies nobody.

    GitHub finds names and numbers of issues in the text that is shown, where no backslash is left,
    so a space of no width parts ``@`` from a name and ``#`` from a number.
    """
    flat = " ".join(text.replace("&", "&amp;").split())
    return _REFERENCE.sub(r"\1&#8203;", _SPECIAL.sub(r"\\\1", flat))

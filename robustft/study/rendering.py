"""One table, four ways to show it: terminal, Markdown, LaTeX, CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

__all__ = [
    "Cell",
    "Column",
    "Table",
    "text_cell",
    "to_console",
    "to_csv",
    "to_latex",
    "to_markdown",
]


@dataclass(frozen=True)
class Column:
    """A column: what people read above it, and what machines do.

    Attributes
    ----------
    key
        The name of its values in CSV.
    fields
        The parts of its cells that CSV shows, each as a column ``key_field``; an empty name
        stands for the key alone.
    optional
        Whether a terminal that is too narrow may leave it out.
    """

    key: str
    heading: str
    number: bool = True
    fields: tuple[str, ...] = ("",)
    optional: bool = False


@dataclass(frozen=True)
class Cell:
    """What people read, and the values behind it in full precision, by the column's fields."""

    text: str
    raw: Mapping[str, Any] = field(default_factory=dict)
    bold: bool = False


@dataclass(frozen=True)
class Table:
    """A table, its rows in order, and what must be known to read it.

    Attributes
    ----------
    name
        Its files' name, without ending.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    footnotes: tuple[str, ...] = ()


def text_cell(text: str, value: Any = None, *, bold: bool = False) -> Cell:
    """Return a cell of one part; `value` is what CSV shows, the text if None."""
    return Cell(text, {"": text if value is None else value}, bold)


def to_console(table: Table, console: Console) -> None:
    """Print a table; a file or a pipe gets the width that it needs.

    A terminal that is too narrow gets the table without its optional columns, and is told so.
    """
    from rich.measure import Measurement
    from rich.text import Text

    wide = console.options.update(width=_WIDEST)
    keep = list(range(len(table.columns)))
    shown = _rich(table, keep)
    needs = Measurement.get(console, wide, shown).maximum
    notes = list(table.footnotes)
    if needs > console.width and console.is_terminal:
        keep = [i for i in keep if not table.columns[i].optional]
        shown = _rich(table, keep)
        if len(keep) < len(table.columns):
            notes.append(f"Columns that do not fit here stand in tables/{table.name}.md.")
    console.print(Text(table.title, style="bold"), soft_wrap=True)
    width = console.width
    if not console.is_terminal:
        console.width = max(width, needs)
    console.print(shown)
    console.width = width
    for note in notes:
        console.print(Text(note), soft_wrap=True)


_WIDEST = 10_000


def _rich(table: Table, keep: Sequence[int]) -> RichTable:
    """Return some columns of the table as rich shows them."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    shown = RichTable(box=box.ROUNDED)
    for column in (table.columns[i] for i in keep):
        side: Literal["right", "left"] = "right" if column.number else "left"
        shown.add_column(Text(column.heading), justify=side, overflow="fold")
    for row in table.rows:
        cells = (row[i] for i in keep)
        shown.add_row(*(Text(cell.text, style="bold" if cell.bold else "") for cell in cells))
    return shown


def to_markdown(table: Table) -> str:
    """Return the table as GitHub's Markdown, footnotes below as a list."""
    lines = [f"### {_markdown(table.title)}", ""]
    lines.append(_line([_markdown(column.heading) for column in table.columns]))
    lines.append(_line(["---:" if column.number else "---" for column in table.columns]))
    for row in table.rows:
        cells = [_markdown(cell.text) for cell in row]
        bold = [cell.bold and bool(cell.text) for cell in row]
        lines.append(_line([f"**{c}**" if b else c for c, b in zip(cells, bold, strict=True)]))
    if table.footnotes:
        lines += ["", *(f"- {_markdown(note)}" for note in table.footnotes)]
    return "\n".join(lines) + "\n"


def to_latex(table: Table) -> str:
    """Return the table for LaTeX with the package booktabs; all text is escaped."""
    sides = "".join("r" if column.number else "l" for column in table.columns)
    lines = [
        r"% needs \usepackage{booktabs}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_latex(table.title)}}}",
        rf"\begin{{tabular}}{{{sides}}}",
        r"\toprule",
        _latex_row([_latex(column.heading) for column in table.columns]),
        r"\midrule",
    ]
    for row in table.rows:
        cells = [_latex(cell.text) for cell in row]
        bold = [cell.bold and bool(cell.text) for cell in row]
        pairs = zip(cells, bold, strict=True)
        lines.append(_latex_row([rf"\textbf{{{c}}}" if b else c for c, b in pairs]))
    lines += [r"\bottomrule", r"\end{tabular}"]
    for note in table.footnotes:
        lines += [r"\par\footnotesize", _latex(note)]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def to_csv(table: Table) -> str:
    """Return the values in full precision: one line a row, one column a part of a cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["_".join(part for part in (c.key, f) if part) for c in table.columns for f in c.fields]
    )
    for row in table.rows:
        cells = zip(table.columns, row, strict=True)
        writer.writerow([_plain(cell.raw.get(f)) for column, cell in cells for f in column.fields])
    return out.getvalue()


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


# What Markdown reads as a mark: a cell's border, emphasis, code, the start of a tag.
_MARKS = str.maketrans({"\\": r"\\", "|": r"\|", "*": r"\*", "_": r"\_", "`": r"\`", "<": r"\<"})


def _markdown(text: str) -> str:
    return " ".join(text.translate(_MARKS).split())


_TEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"$<$",
        ">": r"$>$",
        "²": r"$^2$",
        "±": r"$\pm$",
        "−": r"$-$",
        "–": "--",
        "—": "---",
        "→": r"$\to$",
        "×": r"$\times$",
        "≥": r"$\geq$",
        "≤": r"$\leq$",
        "…": r"\dots{}",
        "†": r"\dag{}",
        "‡": r"\ddag{}",
    }
)


def _latex(text: str) -> str:
    return " ".join(text.split()).translate(_TEX)


def _latex_row(cells: list[str]) -> str:
    line = " & ".join(cells) + r" \\"
    # After the row above, a bracket or a star would be read as an option of its line break.
    return "{}" + line if line.startswith(("[", "*")) else line

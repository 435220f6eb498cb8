"""``robustft params``: where a model's parameters are, counted without loading its weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustft.cli import console
from robustft.cli.options import JsonOption

if TYPE_CHECKING:
    from rich.table import Table

    from robustft.model.parameters import ParameterRow, ParameterTable

__all__ = ["params"]

_DEFAULT = "bert-base-uncased"
_PANEL = "Counting"
_WIDTH = 120


def params(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL]...",
            show_default=False,
            help="Hub names, folders or bare config.json files; several are compared. "
            "Left out: bert-base-uncased.",
        ),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(
            "--head",
            metavar="HEAD",
            rich_help_panel=_PANEL,
            help="The head that the model gets: none, classification, regression, "
            "question-answering or masked-lm; several, parted by commas, are compared. Left out: "
            "the one that a fine-tuned model was saved with, else none.",
        ),
    ] = None,
    labels: Annotated[
        int | None,
        typer.Option(
            "--labels",
            min=2,
            metavar="N",
            rich_help_panel=_PANEL,
            help="Classes that a classification head tells apart. Left out: as many as the "
            "model's configuration names.",
        ),
    ] = None,
    freeze: Annotated[
        str,
        typer.Option(
            "--freeze",
            metavar="SPEC",
            rich_help_panel=_PANEL,
            help="Count what would train: none, embeddings, encoder, all-but-head, first:K or "
            "except:REGEX.",
        ),
    ] = "none",
    depth: Annotated[
        int,
        typer.Option(
            "--depth",
            min=1,
            max=4,
            rich_help_panel=_PANEL,
            help="1 components, 2 tables and layers, 3 the parts of a layer, 4 single modules.",
        ),
    ] = 2,
    anatomy: Annotated[
        bool,
        typer.Option(
            "--anatomy",
            rich_help_panel=_PANEL,
            help="Show what pooler and head are in each architecture, and stop.",
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Count a model's parameters by component, layer and module.

    No weights are loaded or fetched; for the best-known models not even the
    configuration is. For BERT and its kin each count stands beside the formula that
    gives it from the configuration.

      robustft params bert-base-uncased --depth 3
      robustft params bert-base-uncased --head classification,question-answering
      robustft params bert-base-uncased distilbert-base-uncased
    """
    if anatomy:
        _show_anatomy(json=json)
        return
    heads = [name.strip() for name in head.split(",")] if head is not None else []
    tables = _count(models or [_DEFAULT], heads, labels, freeze)
    if json:
        from robustft.model.parameters import compare

        found: dict[str, Any] = {"models": [table.to_dict() for table in tables]}
        if len(tables) > 1:
            found["comparison"] = compare(tables)
        console.print_json(found)
        return
    if len(tables) == 1:
        _show_one(tables[0], depth, freeze)
    else:
        _show_side_by_side(tables, freeze)
    for note in dict.fromkeys(note for table in tables for note in table.notes):
        console.out().print(f"\n{note}", soft_wrap=True)


def _count(
    models: Sequence[str], heads: Sequence[str], labels: int | None, freeze: str
) -> list[ParameterTable]:
    """Count each model with each head; remarks go to stderr."""
    from robustft.model.configuration import find_configuration
    from robustft.model.parameters import count_parameters

    tables = []
    for name in models:
        found = find_configuration(name)
        for notice in found.notices:
            console.note(notice)
        saved = "classification" if labels is not None and found.head == "none" else found.head
        for head in heads or [saved]:
            own = labels if head == "classification" or len(heads) < 2 else None
            tables.append(
                count_parameters(found.config, name=name, head=head, labels=own, frozen=freeze)
            )
    return tables


def _show_one(table: ParameterTable, depth: int, freeze: str) -> None:
    """Print one model: a line a place, down to `depth`."""
    out = console.out()
    _title(f"{table.name}: {table.architecture}")
    partly = freeze != "none"
    headings = ["part", "parameters"] + (["that train"] if partly else [])
    if table.symbols is not None:
        headings.append("formula")
    grid = _table(headings, numbers=2 if partly else 1)
    for row in _lines(table, depth):
        indent = "  " * (len(row.place) - 1)
        cells = [f"{indent}{row.place[-1]}", f"{row.count:,}"]
        cells += [f"{row.trainable:,}"] if partly else []
        if table.symbols is not None:
            cells.append(_formula(row))
        grid.add_row(*cells, style="bold" if len(row.place) == 1 else None)
    grid.add_section()
    total = ["total", f"{table.total.count:,}"]
    total += [f"{table.total.trainable:,}"] if partly else []
    grid.add_row(*total, style="bold")
    _print(grid)
    if table.symbols is not None:
        from robustft.model.formulas import SYMBOLS

        used = (k for k in table.symbols if k in (table.total.formula or ""))
        letters = (f"{k} = {table.symbols[k]:,} {SYMBOLS[k]}" for k in used)
        out.print(f"\n{', '.join(letters)}", soft_wrap=True)
        same = table.total.count == table.total.expected
        verdict = "the count of the modules" if same else "another count than the modules have"
        out.print(f"The formulas sum to {table.total.expected:,}: {verdict}.", soft_wrap=True)


def _lines(table: ParameterTable, depth: int) -> list[ParameterRow]:
    """Return the rows to show: a layer like one before it is one line that says so."""
    from dataclasses import replace

    twins: dict[tuple[str, ...], str] = {}
    seen: dict[tuple[Any, ...], str] = {}
    for layer in filter(_is_layer, table.rows):
        below = [row for row in table.rows if row.place[:2] == layer.place]
        shape = tuple((*row.place[2:], row.count, row.trainable) for row in below)
        like = seen.setdefault(shape, layer.place[1])
        if like != layer.place[1]:
            twins[layer.place] = like
    shown = []
    for row in table.rows:
        like = twins.get(row.place[:2], "")
        if len(row.place) > depth or (like and len(row.place) > 2):
            continue
        alike = replace(row, formula=None, numbers=None, note=f"as {like}")
        shown.append(alike if like else row)
    return shown


def _is_layer(row: ParameterRow) -> bool:
    return len(row.place) == 2 and row.place[1].startswith("layer ")


def _formula(row: ParameterRow) -> str:
    text = f"{row.formula} = {row.numbers}" if row.formula else ""
    return " ".join(filter(None, (text, f"({row.note})" if row.note else "")))


def _show_side_by_side(tables: Sequence[ParameterTable], freeze: str) -> None:
    """Print several models: a column each, and from the second on the difference to the first."""
    from robustft.model.parameters import compare

    several = len({table.name for table in tables}) > 1
    heads = len({table.head for table in tables}) > 1
    headings = ["part"]
    for index, table in enumerate(tables):
        name = table.name if several or not heads else ""
        head = f"head: {table.head}" if heads else ""
        headings.append("\n".join(filter(None, (name, head))))
        headings += ["difference"] if index else []
    _title("Parameters side by side; differences are to the first")
    grid = _table(headings, numbers=len(headings) - 1)
    for row in compare(tables):
        if row["part"] == "trainable" and freeze == "none":
            continue
        part, _, below = row["part"].partition("/")
        cells = [f"  {below}" if below else part, f"{row['counts'][0]:,}"]
        for count, difference in zip(row["counts"][1:], row["difference"], strict=True):
            cells += [f"{count:,}", f"{difference:+,}" if difference else "0"]
        if part == "total":
            grid.add_section()
        grid.add_row(*cells, style=None if below else "bold")
    _print(grid)


def _show_anatomy(*, json: bool) -> None:
    """Print what pooler and head are in the architectures that were looked up."""
    from robustft.model.anatomy import architecture_rows

    rows = architecture_rows()
    if json:
        console.print_json({"architectures": rows})
        return
    _title("What pooler and head of a classifier are")
    grid = _table(list(rows[0]), numbers=0)
    for row in rows:
        grid.add_row(*row.values())
    _print(grid)
    note = (
        "pretrained: whether published checkpoints ship a trained pooler, and by what task.\n"
        "Models for question answering and masked words have no pooler.\n"
        "Other architectures are read from their modules."
    )
    console.out().print(f"\n{note}", soft_wrap=True)


def _title(text: str) -> None:
    console.out().print(text, style="bold", soft_wrap=True)


def _table(headings: Sequence[str], *, numbers: int) -> Table:
    """Return an empty table whose columns 1 to `numbers` hold numbers and are never wrapped."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for position, heading in enumerate(headings):
        number = 1 <= position <= numbers
        table.add_column(
            heading, justify="right" if number else "left", no_wrap=number or not position
        )
    return table


def _print(table: Table) -> None:
    """Print a table; a file or a pipe gets a fixed width, a terminal what it has."""
    out = console.out()
    width = out.width
    if not out.is_terminal:
        out.width = max(width, _WIDTH)
    out.print(table)
    out.width = width

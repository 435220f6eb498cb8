"""What a study's models are made of: parameters by component, and what became of each tensor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from robustft.study.details import ROW
from robustft.study.gather import Gathered, Line
from robustft.study.rendering import Cell, Column, Table, text_cell
from robustft.study.results import RowResult
from robustft.study.tables import file_name, row_cell, title_of

__all__ = ["all_tensors", "parameter_tables", "tensor_tables"]


def parameter_tables(study: Gathered) -> list[Table]:
    """Return the parameters of each row's model by component: all of them, and the trained ones."""
    made = []
    for dataset in study.lines:
        lines = [line for line in study.shown(dataset) if line.good and line.good[0].parameters]
        if not lines:
            continue
        names = list(dict.fromkeys(n for line in lines for n in line.good[0].parameters))
        names.sort(key=lambda name: name == "total")
        columns = (ROW, *(Column(n, n, fields=("", "trained")) for n in names))
        rows = tuple(
            (row_cell(line), *(_count_cell(line.good[0], name) for name in names)) for line in lines
        )
        title = title_of(study, dataset, "parameters by component")
        notes = ("All parameters, and in brackets how many of them were trained.",)
        made.append(Table(file_name("parameters", dataset), title, columns, rows, notes))
    return made


def _count_cell(result: RowResult, component: str) -> Cell:
    count = result.parameters.get(component)
    if count is None:
        return Cell("")
    raw = {"": count.total, "trained": count.trained}
    return Cell(f"{count.total:,} ({count.trained:,})", raw)


_SOURCES = {
    "missing from the checkpoint": "missing",
    "drawn anew": "drawn anew",
    "loaded": "loaded",
    "loaded, bias exactly zero": "loaded, bias zero",
}


def tensor_tables(study: Gathered) -> list[Table]:
    """Return where the tensors of each component came from, and what training did to them."""
    made = []
    for dataset in study.lines:
        lines = [line for line in study.shown(dataset) if line.good and line.good[0].tensors]
        if lines:
            made.append(_tensor_table(study, dataset, lines))
    return made


def _tensor_table(study: Gathered, dataset: str, lines: Iterable[Line]) -> Table:
    words = [*_SOURCES.values(), "trained", "frozen", "bit-identical"]
    columns = (
        ROW,
        Column("component", "component", number=False),
        Column("tensors", "tensors"),
        Column("parameters", "parameters"),
        *(
            Column(word.replace(",", "").replace(" ", "_").replace("-", "_"), word)
            for word in words
        ),
    )
    rows = []
    for line in lines:
        parts: dict[str, list[dict[str, Any]]] = {}
        for tensor in line.good[0].tensors:
            parts.setdefault(str(tensor.get("component", "all")), []).append(tensor)
        for part, tensors in parts.items():
            counts = _tensor_counts(tensors)
            numbers = [len(tensors), sum(int(t["count"]) for t in tensors)]
            numbers += [counts.get(word, 0) for word in words]
            cells = [Cell(f"{n:,}" if n else "–", {"": n}) for n in numbers]
            rows.append((row_cell(line), text_cell(part), *cells))
    notes = (
        "Numbers of tensors. Missing from the checkpoint and drawn anew: random before training.",
        "Bit-identical: every bit is after training as it was before.",
        "Of the first seed of each row; each tensor by its name stands in tensors.csv.",
    )
    title = title_of(study, dataset, "what was loaded and what was trained")
    return Table(file_name("tensor-states", dataset), title, columns, tuple(rows), notes)


def _tensor_counts(tensors: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for tensor in tensors:
        words = [_SOURCES.get(str(tensor["source"]), str(tensor["source"]))]
        words.append("trained" if tensor["trained"] else "frozen")
        words += ["bit-identical"] if tensor.get("unchanged") else []
        for word in words:
            counts[word] = counts.get(word, 0) + 1
    return counts


def all_tensors(study: Gathered) -> Table | None:
    """Return every tensor of every row (first seed): too long for reading, made for CSV."""
    keys = ("name", "component", "shape", "count", "source", "trained", "unchanged")
    rows = []
    for line in study.all_lines:
        for tensor in line.good[0].tensors if line.good else []:
            shape = "x".join(str(side) for side in tensor.get("shape", []))
            values: list[Any] = [line.spec.dataset, line.spec.row]
            values += [shape if key == "shape" else tensor.get(key) for key in keys]
            rows.append(tuple(Cell(str(value), {"": value}) for value in values))
    if not rows:
        return None
    columns = tuple(Column(key, key, number=False) for key in ("dataset", "row", *keys))
    return Table("tensors", title_of(study, "", "tensors"), columns, tuple(rows))

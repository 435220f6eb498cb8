"""What a study's models are made of: parameters by component, and what became of each tensor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from robustft.study.details import ROW
from robustft.study.formats import number_text, quoted
from robustft.study.gather import Gathered, Line
from robustft.study.rendering import Cell, Column, Table, text_cell
from robustft.study.results import RowResult
from robustft.study.tables import file_name, row_cell, title_of

__all__ = ["all_tensors", "count_tables", "parameter_tables", "tensor_tables"]


def parameter_tables(study: Gathered) -> list[Table]:
    """Return the parameters of each row's model by component: all of them, and the trained ones."""
    made = []
    for dataset in study.lines:
        trained = [line for line in study.shown(dataset) if line.spec.kind != "parameters"]
        lines = [line for line in trained if line.good and line.good[0].parameters]
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


def _findings(lines: Iterable[Line]) -> list[str]:
    """Return what the comparison of each row's tensors came to, in words."""
    told = [(line, line.good[0].facts.get("findings", ())) for line in lines]
    return [f"{quoted([line.label])}: {' '.join(found)}" for line, found in told if found]


def _tensor_table(study: Gathered, dataset: str, lines: Sequence[Line]) -> Table:
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
        *_findings(lines),
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


def count_tables(study: Gathered) -> list[Table]:
    """Return the parameters of a configuration, for rows that count them: by module, by head."""
    made = []
    for line in study.all_lines:
        facts = line.good[0].facts if line.good else {}
        tables = facts.get("tables", [])
        if tables:
            name = file_name("modules", line.spec.dataset)
            made.append(_modules(study, line, tables[0], name))
            made.append(_heads(study, line, tables, facts.get("comparison", [])))
    return made


def _modules(study: Gathered, line: Line, table: Mapping[str, Any], name: str) -> Table:
    """Return each module's parameters beside the formula from the configuration."""
    columns = (
        Column("part", "part", number=False),
        Column("parameters", "parameters"),
        Column("formula", "formula", number=False),
        Column("numbers", "with its numbers", number=False, optional=True),
        Column("expected", "by the formula"),
    )
    rows = tuple(
        (
            text_cell("/".join(row["place"])),
            Cell(f"{row['count']:,}", {"": row["count"]}),
            text_cell(row["formula"] or ""),
            text_cell(row["numbers"] or ""),
            Cell("" if row["expected"] is None else f"{row['expected']:,}", {"": row["expected"]}),
        )
        for row in table["rows"]
        if not _repeats(row["place"])
    )
    symbols = ", ".join(f"{key} {value:,}" for key, value in table["symbols"].items())
    notes = (
        f"Symbols: {symbols}.",
        f"In all: {table['formula']} = {table['total']:,}.",
        "The modules of the other layers are those of layer 0.",
    )
    title = title_of(study, line.spec.dataset, f"{line.label}, parameters by module")
    return Table(name, title, columns, rows, notes)


def _repeats(place: Sequence[str]) -> bool:
    """Return whether a module is that of another layer than the lowest."""
    return len(place) > 2 and place[1].startswith("layer ") and place[1] != "layer 0"


def _heads(
    study: Gathered, line: Line, tables: Sequence[Mapping[str, Any]], parts: Sequence[Any]
) -> Table:
    """Return the same model with other heads, and what they add to the bare one."""
    heads = [table["head"] for table in tables]
    names = ["no head" if head in (None, "none") else str(head) for head in heads]
    columns = [Column("part", "part", number=False), *(Column(n, n) for n in names)]
    columns += [Column(f"{n}_difference", f"{n}: difference") for n in names[1:]]
    rows = []
    for part in parts:
        numbers = [Cell(f"{n:,}", {"": n}) for n in part["counts"]]
        apart = [Cell(number_text(n, places=0), {"": n}) for n in part["difference"]]
        rows.append((text_cell(part["part"]), *numbers, *apart))
    title = title_of(study, line.spec.dataset, f"{line.label}, parameters by head")
    name = file_name("heads", line.spec.dataset)
    return Table(name, title, tuple(columns), tuple(rows), tuple(line.good[0].notices))

"""The smaller tables of a study: times, losses by step, shifts, lengths, every run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from robustft.scoring.seeds import over_seeds
from robustft.study.formats import (
    column_parts,
    heading,
    interval_text,
    number_text,
    published_text,
)
from robustft.study.gather import Gathered, Line
from robustft.study.rendering import Cell, Column, Table, text_cell
from robustft.study.results import ORIGINAL, RowResult
from robustft.study.schema import Figure
from robustft.study.tables import file_name, number_cell, row_cell, title_of

__all__ = [
    "epoch_tables",
    "epoch_values",
    "length_tables",
    "loss_tables",
    "run_tables",
    "shift_tables",
    "timing_tables",
]

ROW = Column("row", "row", number=False, fields=("", "label", "status", "message"))


def timing_tables(study: Gathered) -> list[Table]:
    """Return the minutes of each row: the one table that is never twice the same."""
    return [t for name in study.lines if (t := _timings(study, name)) is not None]


def _timings(study: Gathered, dataset: str) -> Table | None:
    lines = [x for x in study.shown(dataset) if any(r.minutes is not None for r in x.good)]
    if not lines:
        return None
    rows = []
    for line in lines:
        taken = [r.minutes for r in line.good if r.minutes is not None]
        over = over_seeds(taken)
        text = "" if over.value is None else number_text(over.value, places=2)
        text += "" if over.sd is None else f" ± {number_text(over.sd, places=2)}"
        said = line.published_minutes
        ours = Cell(text, {"": over.value, "sd": over.sd, "seeds": over.n})
        rows.append((row_cell(line), ours, Cell(published_text(said), {"": said})))
    columns = (
        ROW,
        Column("minutes", "minutes", fields=("", "sd", "seeds")),
        Column("minutes_published", "published"),
    )
    notes = ["Minutes of training and validation.", *_hardware(study)]
    title = title_of(study, dataset, "minutes")
    return Table(file_name("timings", dataset), title, columns, tuple(rows), tuple(notes))


def _hardware(study: Gathered) -> list[str]:
    found = dict.fromkeys(hardware_text(r.facts.get("hardware", {})) for r in study.results)
    told = [text for text in found if text]
    return [f"Run on {'; '.join(told)}."] if told else []


def hardware_text(facts: Mapping[str, Any]) -> str:
    """Return the hardware in words."""
    parts = [str(facts[key]) for key in ("gpu", "system", "machine") if facts.get(key)]
    parts += [f"{facts['cores']} cores"] if facts.get("cores") else []
    return ", ".join(parts)


def loss_tables(study: Gathered) -> list[Table]:
    """Return losses side by side by step, as the recipe's figures of that kind ask."""
    figures = [f for f in study.recipe.figures if f.kind == "steps-table"]
    made = []
    for number, figure in enumerate(figures, 1):
        for dataset in study.lines:
            name = file_name("losses" if len(figures) == 1 else f"losses-{number}", dataset)
            made.append(_losses(study, figure, dataset, name))
    return [table for table in made if table is not None]


def _losses(study: Gathered, figure: Figure, dataset: str, name: str) -> Table | None:
    names = figure.rows or [line.spec.row for line in study.shown(dataset)]
    lines = [x for n in names if (x := study.line(n, dataset)) and any(r.curve for r in x.good)]
    if not lines:
        return None
    curves = {line.spec.row: step_means(line, figure.every) for line in lines}
    claims = {line.spec.row: published_steps(figure, line.spec.base) for line in lines}
    columns = [Column("step", "step")]
    for line in lines:
        columns += _loss_columns(line, said=bool(claims[line.spec.row]))
    steps = sorted({s for found in (*curves.values(), *claims.values()) for s in found})
    rows = []
    for step in steps:
        cells = [Cell(f"{step:,}", {"": step})]
        for line in lines:
            cells += _loss_cells(curves[line.spec.row].get(step))
            if claims[line.spec.row]:
                cells += _loss_cells(claims[line.spec.row].get(step))
        rows.append(tuple(cells))
    several = max(len(line.good) for line in lines)
    notes = ["Training loss: the mean since the line above; validation loss: after that step."]
    notes += [f"Means over up to {several} seeds."] if several > 1 else []
    notes += ["A row that trains for fewer steps ends earlier."] if len(lines) > 1 else []
    title = title_of(study, dataset, figure.title or "losses by step")
    return Table(name, title, tuple(columns), tuple(rows), tuple(notes))


def _loss_columns(line: Line, *, said: bool) -> list[Column]:
    label, row = line.label.partition(":")[0], line.spec.row
    pairs = [("", "")] + ([("_published", ", published")] if said else [])
    return [
        Column(f"{row}_{key}{suffix}", f"{label}: {word}{told}")
        for suffix, told in pairs
        for key, word in (("train_loss", "training"), ("loss", "validation"))
    ]


def _loss_cells(found: Mapping[str, float] | None) -> list[Cell]:
    losses = [(found or {}).get(key) for key in ("train_loss", "loss")]
    return [Cell("" if x is None else number_text(x, places=3), {"": x}) for x in losses]


def step_means(line: Line, every: int | None = None) -> dict[int, dict[str, float]]:
    """Return the losses by optimizer step, means over the seeds that have that step."""
    found: dict[int, dict[str, list[float]]] = {}
    for entry in (e for result in line.good for e in result.curve):
        for key, value in entry.items():
            if key != "step" and isinstance(value, int | float):
                of_step = found.setdefault(int(entry["step"]), {})
                of_step.setdefault(key, []).append(float(value))
    chosen = [step for step in found if every is None or step % every == 0]
    # A run that was logged at other steps, or is short, shows those it has.
    return {
        step: {key: sum(values) / len(values) for key, values in found[step].items()}
        for step in sorted(chosen if len(chosen) > 1 else found)
    }


def published_steps(figure: Figure, row: str) -> dict[int, dict[str, float]]:
    """Return the source's losses of a row by step."""
    points = [
        dict(zip(figure.points, point, strict=False)) for point in figure.published.get(row, [])
    ]
    return {int(p["step"]): {k: v for k, v in p.items() if k != "step"} for p in points}


def epoch_tables(study: Gathered) -> list[Table]:
    """Return a metric by epoch beside the source's, for the figures that have its curve."""
    made = []
    for figure in study.recipe.figures:
        if figure.kind == "learning-curves" and figure.published:
            found = (_epochs(study, figure, dataset) for dataset in study.lines)
            made += [table for table in found if table is not None]
    return made


def _epochs(study: Gathered, figure: Figure, dataset: str) -> Table | None:
    named = [x for n in figure.published if (x := study.line(n, dataset)) and x.good]
    key = column_parts(figure.metric)[1]
    columns, curves = [Column("epoch", "epoch")], []
    for line in named:
        row, place = line.spec.row, figure.points.index(key)
        claims = {int(p[0]): p[place] for p in figure.published[line.spec.base]}
        ours = {e: sum(v) / len(v) for e, v in epoch_values(line, key).items()}
        curves += [(ours, number_text), (claims, published_text)]
        columns += [Column(f"{row}_{key}", f"{line.label}: {heading(figure.metric)}")]
        columns += [Column(f"{row}_{key}_published", "published")]
    epochs = sorted({epoch for curve, _ in curves for epoch in curve})
    if not epochs:
        return None
    rows = []
    for epoch in epochs:
        found = [(curve.get(epoch), text) for curve, text in curves]
        cells = [Cell("" if x is None else text(x), {"": x}) for x, text in found]
        rows.append((text_cell(str(epoch)), *cells))
    title = title_of(study, dataset, figure.title or "by epoch")
    return Table(file_name("epochs", dataset), title, tuple(columns), tuple(rows))


def epoch_values(line: Line, key: str) -> dict[int, list[float]]:
    """Return a metric by epoch, one value a seed."""
    found: dict[int, list[float]] = {}
    for entry in (e for result in line.good for e in result.history):
        value = entry.get(key)
        if isinstance(value, int | float):
            found.setdefault(int(entry["epoch"]), []).append(float(value))
    return dict(sorted(found.items()))


def shift_tables(study: Gathered) -> list[Table]:
    """Return what the transforms do to each row: the metric on both sets, and the shift."""
    made = []
    for dataset in study.lines:
        lines = [line for line in study.shown(dataset) if any(r.drops for r in line.good)]
        rows = [r for line in lines for r in _shift_rows(study, line)]
        if not rows:
            continue
        columns = (
            ROW,
            Column("set", "set", number=False),
            Column("metric", "metric", number=False),
            *(Column(k, k, fields=_FIELDS) for k in ("original", "transformed")),
            Column("worse_by", "worse by", fields=_FIELDS),
        )
        notes = (
            "Worse by: paired on the same rows; positive is a higher error or a lower score.",
            "In brackets: 95 % interval over the test rows; ±: standard deviation over seeds.",
            *_set_notes(lines),
        )
        title = title_of(study, dataset, "shift under transforms")
        made.append(Table(file_name("shifts", dataset), title, columns, tuple(rows), notes))
    return made


_FIELDS = ("", "low", "high", "sd", "seeds", "n")


def _shift_rows(study: Gathered, line: Line) -> list[tuple[Cell, ...]]:
    drops = {name: found for r in line.good for name, found in r.drops.items()}
    sets = [s for s in study.sets if s in drops] or list(drops)
    return [
        (
            row_cell(line),
            text_cell(name),
            text_cell(heading(metric), metric),
            number_cell(line.number(f"{ORIGINAL}.{metric}")),
            number_cell(line.number(f"{name}.{metric}")),
            _drop_cell(line, name, metric),
        )
        for name in sets
        for metric in drops[name]
    ]


def _drop_cell(line: Line, name: str, metric: str) -> Cell:
    found = [r.drops[name][metric] for r in line.good if metric in r.drops.get(name, {})]
    values = [v.value for v in found if v.value is not None]
    if not values:
        return Cell("–")
    if len(values) == 1:
        only = next(v for v in found if v.value is not None)
        raw = {"": only.value, "low": only.low, "high": only.high, "seeds": 1, "n": only.n}
        return Cell(interval_text(only.value, only.low, only.high), raw)
    over = over_seeds(values)
    raw = {"": over.value, "low": over.low, "high": over.high, "sd": over.sd, "seeds": over.n}
    text = f"{number_text(over.value or 0.0)} ± {number_text(over.sd or 0.0)}"
    return Cell(text, {**raw, "n": found[0].n})


def _set_notes(lines: Iterable[Line]) -> list[str]:
    """Return how each transformed set was made, once."""
    found: dict[str, str] = {}
    for facts in (f for line in lines for r in line.good for f in r.facts.get("sets", [])):
        if facts.get("kind") == ORIGINAL:
            continue
        level = "" if facts.get("severity") is None else f", severity {facts['severity']}"
        changed = f"{facts.get('changed_share', 0.0):.1%} of the words changed"
        still = f"{facts.get('unchanged_share', 0.0):.1%} of the rows did not change at all"
        found[str(facts["name"])] = f"{facts['name']}: {facts['spec']}{level}; {changed}, {still}."
    return list(found.values())


def length_tables(study: Gathered) -> list[Table]:
    """Return the share of the texts that are longer than a row's model reads."""
    made = []
    for dataset in study.lines:
        lines = [
            line
            for line in study.shown(dataset)
            if line.good and line.good[0].truncated and line.settings.get("max_length")
        ]
        if not lines:
            continue
        known = {split for line in lines for split in line.good[0].truncated}
        splits = [split for split in ("train", "validation", ORIGINAL, "test") if split in known]
        heads = [Column(s, "tested on" if s == ORIGINAL else s) for s in splits]
        columns = (ROW, Column("max_length", "tokens read"), *heads)
        rows = []
        for line in lines:
            result = line.good[0]
            limit = result.settings["max_length"]
            shares = [result.truncated.get(split) for split in splits]
            cells = [Cell("" if s is None else f"{s:.1%}", {"": s}) for s in shares]
            rows.append((row_cell(line), text_cell(str(limit)), *cells))
        title = title_of(study, dataset, "texts that are cut")
        notes = ("The share of each split's texts that are longer than the model reads.",)
        made.append(Table(file_name("lengths", dataset), title, columns, tuple(rows), notes))
    return made


def run_tables(study: Gathered) -> list[Table]:
    """Return one line a run, seeds apart: the numbers that the means are made of."""
    made = []
    for dataset in study.lines:
        names = study.columns_of(dataset)
        columns = (
            Column("row", "row", number=False, fields=("", "label")),
            Column("seed", "seed"),
            Column("status", "status", number=False),
            Column("best_epoch", "kept epoch"),
            *(Column(n, heading(n), fields=("", "low", "high")) for n in names),
        )
        rows = tuple(
            (
                Cell(line.label, {"": line.spec.row, "label": line.label}),
                Cell(str(run.seed), {"": run.seed}),
                text_cell(run.status),
                text_cell("" if run.best_epoch is None else str(run.best_epoch)),
                *(_run_cell(run, name) for name in names),
            )
            for line in study.shown(dataset)
            for run in line.results
        )
        title = title_of(study, dataset, "every run")
        made.append(Table(file_name("runs", dataset), title, columns, rows))
    return made


def _run_cell(run: RowResult, column: str) -> Cell:
    found = run.value(column)
    if found is None:
        return Cell("")
    raw = {"": found.value, "low": found.low, "high": found.high}
    return Cell(interval_text(found.value, found.low, found.high), raw)

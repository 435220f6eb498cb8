"""The study's own table: a line a row of the recipe, ours beside what the source reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from robustft.study.formats import (
    column_parts,
    heading,
    higher_is_better,
    interval_text,
    number_text,
    published_places,
    published_text,
    quoted,
    setting_heading,
    setting_text,
)
from robustft.study.gather import Gathered, Line, Number, best, changes, main_column
from robustft.study.rendering import Cell, Column, Table, text_cell
from robustft.study.results import VALIDATION, RowResult

__all__ = [
    "dataset_title",
    "differing",
    "file_name",
    "number_cell",
    "result_tables",
    "row_cell",
    "setting_name",
    "title_of",
    "used",
]

INFERRED, EXTENSION = "†", "‡"

# What never makes a column: seeds, devices, and where texts and labels stand in the data.
_HIDDEN = frozenset(
    {
        "seed", "init_seed", "device", "precision", "force", "task", "text_column", "pair_column",
        "label_column", "id_column", "label_map", "label_kind", "eval_steps", "eval_split",
        "data_seed",
    }
)  # fmt: skip
_FIELDS = ("", "low", "high", "sd", "seeds", "n")


def result_tables(study: Gathered) -> list[Table]:
    """Return the result table of each data set, rows in the recipe's order.

    A number stands with its 95 % interval over the test rows, or, from several seeds, as mean and
    standard deviation over them. Nothing in it depends on how long a run took or on whether the
    study was interrupted.
    """
    return [_result_table(study, name) for name in study.lines]


def _result_table(study: Gathered, dataset: str) -> Table:
    shown = study.shown(dataset)
    names = differing(shown)
    columns = study.columns_of(dataset)
    heads = [Column("row", "row", number=False, fields=("", "label", "status", "message"))]
    heads += [_setting_column(study, name) for name in names]
    epochs = any(column_parts(c)[0] == VALIDATION for c in columns)
    heads += [Column("best_epoch", "kept epoch")] if epochs else []
    with_published = [c for c in columns if any(c in line.published for line in shown)]
    for column in columns:
        heads.append(Column(column, heading(column), fields=_FIELDS))
        if column in with_published:
            heads.append(Column(f"{column}_published", "published"))
    leaders = {column: best(shown, column) for column in columns}
    places = {c: published_places(x.published.get(c) for x in shown) for c in columns}
    main = main_column(columns)
    rows = []
    for line in shown:
        cells = [row_cell(line, bold=main is not None and leaders[main] is line)]
        cells += [_setting_cell(line, name) for name in names]
        cells += [_epoch_cell(line)] if epochs else []
        for position, column in enumerate(columns):
            cells.append(_metric_cell(line, column, position, bold=leaders[column] is line))
            if column in with_published:
                said = line.published.get(column)
                cells.append(Cell(published_text(said, places[column]), {"": said}))
        rows.append(tuple(cells))
    return Table(
        file_name("results", dataset),
        title_of(study, dataset),
        tuple(heads),
        tuple(rows),
        tuple(_footnotes(study, dataset, shown, leaders[main] if main else None)),
    )


def title_of(study: Gathered, dataset: str, what: str = "") -> str:
    """Return a table's title: the study's, the data set's, and what the table shows."""
    parts = (study.recipe.title or study.recipe.name, dataset_title(study, dataset), what)
    return " · ".join(part for part in parts if part)


def dataset_title(study: Gathered, dataset: str) -> str:
    """Return what people call a data set of the recipe; nothing where there is but one."""
    found = next((d for d in study.recipe.datasets if d.name == dataset), None)
    return "" if found is None else found.title or found.name


def file_name(what: str, dataset: str) -> str:
    """Return the name of a table's files, as ``results-sst2``."""
    return f"{what}-{dataset}" if dataset else what


def differing(lines: Iterable[Line]) -> list[str]:
    """Return the settings in which rows of one kind differ, in the order they were given in.

    It is the recipe's settings that count, so that a half-done study has the columns of the whole;
    of those that training filled in, the learning rate alone, which follows what trains.
    """
    lines = list(lines)
    names: dict[str, None] = {}
    for kind in dict.fromkeys(line.spec.kind for line in lines):
        mine = [line for line in lines if line.spec.kind == kind]
        settings = [line.spec.settings for line in mine]
        for name in dict.fromkeys(key for one in settings for key in one):
            if name not in _HIDDEN and len({setting_text(s.get(name)) for s in settings}) > 1:
                names[name] = None
        rates = {line.settings.get("learning_rate") for line in mine if line.good}
        if len(rates) > 1:
            names["learning_rate"] = None
    return list(names)


def inferred_names(study: Gathered) -> set[str]:
    """Return the names of the inferred settings; what stands behind a name explains it."""
    return {setting_name(entry) for entry in study.recipe.inferred}


def setting_name(entry: str) -> str:
    """Return the setting that an entry of the inferred ones is about."""
    return entry.replace("=", " ").replace(":", " ").split()[0]


def _setting_column(study: Gathered, name: str) -> Column:
    return Column(name, _marked(study, name), number=False, optional=True)


def _setting_cell(line: Line, name: str) -> Cell:
    text = setting_text(line.settings.get(name))
    return Cell(text, {"": text})


def row_cell(line: Line, *, bold: bool = False) -> Cell:
    """Return the first cell of a row: its label, marked where the source has no such row."""
    state = "ok" if line.good else "failed" if line.failed else "not run yet"
    message = "; ".join(f"seed {r.seed}: {_first_line(r.message)}" for r in line.failed)
    raw = {"": line.spec.row, "label": line.label, "status": state, "message": message}
    return Cell(line.label + (EXTENSION if line.extension else ""), raw, bold)


def _epoch_cell(line: Line) -> Cell:
    kept = [str(r.best_epoch) for r in line.good if r.best_epoch is not None]
    return text_cell(", ".join(kept if len(set(kept)) > 1 else kept[:1]))


def _metric_cell(line: Line, column: str, position: int, *, bold: bool) -> Cell:
    """Return a number; the first of a row without any says why there is none."""
    number = line.number(column)
    if number is not None:
        return number_cell(number, bold=bold)
    if line.good or position:
        return Cell("")
    return Cell(f"failed: {_clipped(line.failed[0].message)}" if line.failed else "not run yet")


def number_cell(number: Number | None, *, bold: bool = False) -> Cell:
    """Return a number with its interval, or with its spread over seeds."""
    if number is None:
        return Cell("")
    raw = {"": number.value, "low": number.low, "high": number.high}
    raw |= {"sd": number.sd, "seeds": number.seeds, "n": number.n}
    if number.sd is None:
        return Cell(interval_text(number.value, number.low, number.high), raw, bold)
    text = f"{number_text(number.value)} ± {number_text(number.sd)}"
    return Cell(text, raw, bold)


def _first_line(message: str) -> str:
    return message.strip().partition("\n")[0]


def _clipped(message: str, limit: int = 60) -> str:
    line = _first_line(message)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _footnotes(
    study: Gathered, dataset: str, lines: Sequence[Line], leader: Line | None
) -> list[str]:
    """Return what must be known to read the numbers: how sure, of what, and what was changed."""
    notes = [_what_numbers_are(study, lines)]
    if leader is not None:
        notes.append(_best_note(study, dataset))
    notes += used(result for line in lines for result in line.good)
    notes.append(_common_note(study, lines))
    told = [c for c in changes(study) if not dataset or c.concerns(dataset)]
    if told:
        notes.append("Other than in the recipe: " + "; ".join(c.text for c in told) + ".")
    if study.recipe.inferred:
        settings = ", ".join(setting_heading(i) for i in study.recipe.inferred)
        notes.append(f"{INFERRED} Inferred, for the source does not say: {settings}.")
    if any(line.extension for line in lines):
        notes.append(f"{EXTENSION} Not in the source.")
    if any(line.published for line in lines):
        notes.append("Published figures are the source's, of its own model and data.")
    for line in lines:
        for run in line.failed:
            notes.append(f"{line.label}, seed {run.seed}: failed: {_first_line(run.message)}")
    missing = sum(not line.results for line in lines)
    if missing:
        notes.append(f"{missing} of {len(lines)} rows are not run yet.")
    return [note for note in notes if note]


def _what_numbers_are(study: Gathered, lines: Sequence[Line]) -> str:
    seeds = {len(line.good) for line in lines if line.good}
    if not seeds:
        return ""
    if seeds == {1}:
        numbers = [line.number(c) for line in lines for c in study.columns_of(line.spec.dataset)]
        if not any(n is not None and n.low is not None for n in numbers):
            return ""
        return (
            "In brackets: 95 % interval over the test rows; one seed, so nothing is said of others."
        )
    several = [f"{quoted([line.label])} {len(line.good)}" for line in lines if line.good]
    if len(seeds) == 1:
        return f"Mean ± standard deviation over {seeds.pop()} seeds."
    return (
        "Mean ± standard deviation over seeds; one seed: 95 % interval over the test rows. "
        f"Seeds so far: {', '.join(several)}; {study.recipe.seeds} are asked for."
    )


def _common_note(study: Gathered, lines: Sequence[Line]) -> str:
    """Return the settings that all trained rows share."""
    trained = [line for line in lines if line.spec.kind == "train"]
    if not trained:
        return ""
    hidden = {*_HIDDEN, *differing(lines), "data", "model"}
    names = [name for name in trained[0].spec.settings if name not in hidden]
    told = []
    for name in names:
        found = {setting_text(line.settings.get(name)) for line in trained}
        if len(found) == 1 and (text := found.pop()):
            told.append(f"{_marked(study, name)} {text}")
    return f"In all trained rows: {', '.join(told)}." if told else ""


def _marked(study: Gathered, name: str) -> str:
    """Return what a setting is called, marked where it is inferred."""
    return setting_heading(name) + (INFERRED if name in inferred_names(study) else "")


def _best_note(study: Gathered, dataset: str) -> str:
    column = main_column(study.columns_of(dataset)) or ""
    shown = study.shown(dataset)
    claims = {line.label: line.published[column] for line in shown if column in line.published}
    note = f"Bold: the best value of a column, and the row with the best {heading(column)}"
    if not claims:
        return f"{note}; a difference may be chance, see the comparisons."
    top = best_published(claims, column)
    return f"{note} (published best: {quoted(top)}); it may be best by chance."


def best_published(claims: Mapping[str, float], column: str) -> list[str]:
    """Return the rows with the best published figure."""
    wanted = max(claims.values()) if higher_is_better(column) else min(claims.values())
    return [label for label, value in claims.items() if value == wanted]


def used(results: Iterable[RowResult]) -> list[str]:
    """Return what the runs really used: models, data and numbers of rows, and for which rows."""
    results = list(results)
    models = _by_row((r, r.model) for r in results)
    return [
        *(f"Model: {text}." for text in models),
        *(f"Data: {text}." for text in _by_row((r, _data_text(r)) for r in results)),
    ]


def _data_text(result: RowResult) -> str:
    """Return the data's name with the numbers of rows that were used."""
    counts = ", ".join(
        f"{result.rows[name]:,} {word}" for name, word in _ROWS.items() if result.rows.get(name)
    )
    split = result.facts.get("split")
    counts += f" ({split} split)" if split and result.rows.get("evaluated") else ""
    return ": ".join(part for part in (result.data, counts) if part)


def _by_row(told: Iterable[tuple[RowResult, str]]) -> list[str]:
    """Return distinct texts, with the rows that each is of where they differ."""
    found: dict[str, dict[str, None]] = {}
    for result, text in told:
        if text:
            found.setdefault(text, {})[result.label or result.row] = None
    if len(found) < 2:
        return list(found)
    return [f"{text} for {quoted(rows)}" for text, rows in found.items()]


# How the numbers of rows are told, by split.
_ROWS = {
    "train": "training rows",
    "augmented": "augmented",
    "validation": "validation rows",
    "evaluated": "rows tested on",
}

"""What a study's folder holds so far, row by row: what every view is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from robustft.errors import RobustftError
from robustft.scoring.seeds import over_seeds
from robustft.study.formats import column_parts, higher_is_better, setting_text
from robustft.study.grid import RunSpec, expand
from robustft.study.recipe import find_recipe, load_recipe
from robustft.study.results import ORIGINAL, VALIDATION, RowResult, load_results
from robustft.study.schema import Recipe

__all__ = ["Change", "Gathered", "Line", "Number", "best", "changes", "gather", "main_column"]

RECIPE = "recipe.toml"

# What tells runs apart without making them other rows.
_ASIDE = frozenset({"seed", "init_seed", "device", "force"})


@dataclass(frozen=True)
class Number:
    """A metric of a row, over one run or several.

    Attributes
    ----------
    value, low, high
        One run: the number and its interval over the test rows. Several: the mean over seeds and
        its t interval.
    sd
        The standard deviation over seeds; None for one run.
    seeds, n
        The runs with that number, and the test rows behind it.
    """

    value: float
    low: float | None
    high: float | None
    sd: float | None
    seeds: int
    n: int


@dataclass(frozen=True)
class Line:
    """A row of a table: what the recipe says of it, and its results by seed, as far as they are.

    Attributes
    ----------
    spec
        Its first run.
    results
        Of all seeds that were run, failed ones too, in order.
    published
        What the source reports, by column.
    """

    spec: RunSpec
    results: tuple[RowResult, ...]
    published: Mapping[str, float]
    published_minutes: float | None = None
    extension: bool = False
    note: str = ""

    @property
    def label(self) -> str:
        """What tables call the row."""
        return self.spec.label or self.spec.row

    @cached_property
    def good(self) -> tuple[RowResult, ...]:
        """The results with numbers."""
        return tuple(r for r in self.results if r.ok)

    @property
    def failed(self) -> tuple[RowResult, ...]:
        """The runs that came to nothing."""
        return tuple(r for r in self.results if not r.ok)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings that were really used; before it is run, those of the recipe."""
        return self.good[0].settings if self.good else self.spec.settings

    def number(self, column: str) -> Number | None:
        """Return a metric of the row; None where no run has it."""
        found = [v for r in self.good if (v := r.value(column)) is not None]
        found = [v for v in found if v.value is not None]
        if not found:
            return None
        first = found[0]
        if len(found) == 1 and first.value is not None:
            return Number(first.value, first.low, first.high, None, 1, first.n)
        over = over_seeds([v.value for v in found if v.value is not None])
        if over.value is None:
            return None
        return Number(over.value, over.low, over.high, over.sd, over.n, first.n)


@dataclass(frozen=True)
class Gathered:
    """A study as its folder has it.

    Attributes
    ----------
    recipe, original
        What was run, and the package's recipe of that name as it is shipped, if there is one.
    lines
        By data set (one nameless one where the recipe names none), in the recipe's order.
    """

    folder: Path
    recipe: Recipe
    original: Recipe | None
    lines: Mapping[str, tuple[Line, ...]]

    @property
    def all_lines(self) -> tuple[Line, ...]:
        """The rows of all data sets."""
        return tuple(line for lines in self.lines.values() for line in lines)

    @property
    def results(self) -> tuple[RowResult, ...]:
        """All results with numbers."""
        return tuple(result for line in self.all_lines for result in line.good)

    @property
    def finished(self) -> bool:
        """Whether every run that is shown has ended, well or not."""
        shown = [line for dataset in self.lines for line in self.shown(dataset)]
        return all(len(line.results) >= self.recipe.seeds for line in shown)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The metrics of the table: those the recipe names, else all that the results have."""
        if self.recipe.columns:
            return tuple(self.recipe.columns)
        found: dict[str, None] = {}
        for result in self.results:
            for group in (ORIGINAL, *self.sets):
                named = result.metrics.get(group, {})
                found |= dict.fromkeys(m if group == ORIGINAL else f"{group}.{m}" for m in named)
        return tuple(sorted(found, key=lambda c: column_parts(c)[0] != ORIGINAL))

    def columns_of(self, dataset: str) -> tuple[str, ...]:
        """The metrics of one data set's table."""
        found = next((d for d in self.recipe.datasets if d.name == dataset), None)
        return tuple(found.columns) if found is not None and found.columns else self.columns

    def shown(self, dataset: str) -> tuple[Line, ...]:
        """The rows of one data set's table; those the source does not have once they are run."""
        return tuple(x for x in self.lines.get(dataset, ()) if x.results or not x.extension)

    @cached_property
    def sets(self) -> tuple[str, ...]:
        """The transformed sets that tables show."""
        if self.recipe.evaluation.sets:
            return tuple(self.recipe.evaluation.sets)
        mixes = [r.facts.get("mix") for r in self.results]
        return tuple(dict.fromkeys(str(mix) for mix in mixes if mix))

    def line(self, row: str, dataset: str = "") -> Line | None:
        """Return a row by its name, or the first of a grid by its name in the recipe."""
        lines = self.lines.get(dataset, ())
        exact = [line for line in lines if line.spec.row == row]
        return next(iter(exact or [line for line in lines if line.spec.base == row]), None)


def gather(folder: Path) -> Gathered:
    """Read a study's folder.

    Raises
    ------
    RobustftError
        Its recipe or one of its results cannot be read.
    """
    recipe = load_recipe(folder / RECIPE)
    by_run: dict[tuple[str, str], list[RowResult]] = {}
    for result in load_results(folder):
        by_run.setdefault((result.dataset, result.row), []).append(result)
    lines: dict[str, list[Line]] = {}
    for spec in expand(recipe, seeds=1):
        row = recipe.row(spec.base)
        lines.setdefault(spec.dataset, []).append(
            Line(
                spec=spec,
                results=tuple(by_run.get((spec.dataset, spec.row), ())),
                published=recipe.published(spec.base, spec.dataset),
                published_minutes=row.published_minutes,
                extension=row.extension,
                note=row.note,
            )
        )
    frozen = {name: tuple(found) for name, found in lines.items()}
    return Gathered(folder, recipe, _shipped(recipe.name), frozen)


def _shipped(name: str) -> Recipe | None:
    """Return the package's own recipe of that name."""
    try:
        path = find_recipe(name)
        return load_recipe(path) if path.parent.name == "recipes" else None
    except RobustftError:
        return None


def main_column(columns: Iterable[str]) -> str | None:
    """Return the column that says which row is best: the first that is no loss."""
    columns = list(columns)
    scores = [c for c in columns if column_parts(c)[1] != "loss"]
    validation = [c for c in columns if column_parts(c)[0] == VALIDATION]
    return next(iter([*scores, *validation, *columns]), None)


def best(lines: Iterable[Line], column: str) -> Line | None:
    """Return the row with the best number in a column; the first of several equal ones."""
    found = [(line, n.value) for line in lines if (n := line.number(column)) is not None]
    if len(found) < 2:
        return None
    sign = -1.0 if higher_is_better(column) else 1.0
    return min(found, key=lambda pair: sign * pair[1])[0]


@dataclass(frozen=True)
class Change:
    """A setting that is not what the package's recipe says, and where.

    Attributes
    ----------
    rows
        The rows that have it; empty if all do that take the setting.
    datasets
        The data sets that have it; empty if all do.
    """

    setting: str
    used: str
    recipe: str
    rows: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()

    def concerns(self, dataset: str) -> bool:
        """Whether the change touches a data set's table."""
        return not self.datasets or dataset in self.datasets

    @property
    def text(self) -> str:
        """The change in words."""
        places = ", ".join((*self.datasets, *self.rows))
        where = f" ({places})" if places else ""
        return f"{self.setting} {self.used or 'none'} instead of {self.recipe or 'none'}{where}"


def changes(study: Gathered) -> list[Change]:
    """Return every setting in which the study differs from the package's recipe of its name."""
    if study.original is None:
        return []
    originals = {(s.dataset, s.base): s for s in expand(study.original, seeds=1)}
    found: dict[tuple[str, str, str], list[Line]] = {}
    takers: dict[tuple[str, str], int] = {}
    for dataset in study.lines:
        for line in study.shown(dataset):
            before = originals.get((dataset, line.spec.base))
            for setting in _names(line.spec, before):
                takers[setting, dataset] = takers.get((setting, dataset), 0) + 1
                used = setting_text(line.spec.settings.get(setting))
                said = setting_text(before.settings.get(setting)) if before else ""
                if used != said:
                    found.setdefault((setting, used, said), []).append(line)
    listed = [_change(key, lines, takers) for key, lines in found.items()]
    return [*listed, *_evaluation_changes(study.recipe, study.original)]


def _change(
    key: tuple[str, str, str], lines: list[Line], takers: Mapping[tuple[str, str], int]
) -> Change:
    """Return one change, told as shortly as can be: of all rows, of a data set's, of some."""
    setting, used, said = key
    datasets = tuple(dict.fromkeys(line.spec.dataset for line in lines))
    concerned = {dataset for name, dataset in takers if name == setting}
    whole = len(lines) == sum(takers[setting, dataset] for dataset in datasets)
    return Change(
        setting=setting,
        used=used,
        recipe=said,
        rows=() if whole else tuple(dict.fromkeys(line.spec.base for line in lines)),
        datasets=() if set(datasets) == concerned else datasets,
    )


def _names(spec: RunSpec, before: RunSpec | None) -> list[str]:
    """Return the settings to compare; a row that the package's recipe lacks has none."""
    if before is None:
        return []
    return [name for name in {**before.settings, **spec.settings} if name not in _ASIDE]


def _evaluation_changes(recipe: Recipe, original: Recipe) -> list[Change]:
    used, said = ({**r.evaluation.model_dump(), "seeds": r.seeds} for r in (recipe, original))
    return [
        Change(
            setting=name if name == "seeds" else f"evaluation {name}",
            used=setting_text(used[name]),
            recipe=setting_text(said[name]),
        )
        for name in used
        if used[name] != said[name]
    ]

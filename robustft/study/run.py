"""Run a study: one run after the other, each result on disk as soon as it is there.

A study that was stopped goes on where it was when it is started again: finished results are
kept, and the run that was cut off resumes after its last whole epoch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from robustft.data.files import atomic_path
from robustft.data.run_folder import RunFolder
from robustft.errors import RobustftError, RunError, TrainingError
from robustft.study.grid import RunSpec, choose, expand, in_order, study_name
from robustft.study.recipe import dump_recipe, load_recipe
from robustft.study.results import RowResult, load_results, write_result
from robustft.study.rows import Context, Told, failed, run_row
from robustft.study.schema import Recipe
from robustft.study.settings import check_settings

__all__ = ["RECIPE", "Study", "make_study", "run_study"]

RECIPE = "recipe.toml"

Said = Callable[[str], None]
"""Told in one line what the study is doing."""


def _quiet(line: str) -> None:
    del line


@dataclass(frozen=True)
class Study:
    """A recipe with all its settings resolved, and where its runs are kept.

    Attributes
    ----------
    runs
        What is to be run now, in order; the folder may hold more.
    """

    recipe: Recipe
    folder: Path
    runs: tuple[RunSpec, ...]
    notices: tuple[str, ...] = ()

    def results(self) -> list[RowResult]:
        """Return the results so far, in the recipe's order."""
        return in_order(self.recipe, load_results(self.folder))


def make_study(
    recipe: Recipe,
    *,
    rows: Iterable[str] | None = None,
    extension: bool = False,
    seeds: int | None = None,
    out: Path | None = None,
    root: Path = Path("studies"),
) -> Study:
    """Settle what will be run, and check it before anything is written.

    Parameters
    ----------
    rows, extension
        Run these alone; if None all rows that the source has, and with `extension` all there
        are. Rows that they start from are added.
    seeds
        Runs a row; by default the recipe's.
    out, root
        The study's folder; by default one under `root` named after the settings, so that the
        same call finds its own work again, also with other rows or more seeds.

    Raises
    ------
    UsageError
        A row is unknown.
    RunError
        The folder holds a study of other settings, or something else.
    """
    if seeds is not None:
        recipe = recipe.model_copy(update={"seeds": seeds})
    runs, added = choose(expand(recipe), rows, extension=extension)
    for spec in runs:
        check_settings({spec.kind}, spec.settings, spec.name, whole=True)
    folder = Path(root) / study_name(recipe) if out is None else Path(out)
    _check_folder(folder, recipe)
    notices = [f"also run, for other rows start from it: {name}" for name in added]
    return Study(recipe, folder, runs, tuple(notices))


def run_study(
    study: Study,
    *,
    workers: int = 1,
    progress: bool = True,
    retry: bool = False,
    told: Told | None = None,
    said: Said = _quiet,
) -> list[RowResult]:
    """Run what is not finished yet and return all results of the study, in the recipe's order.

    A row whose model cannot be trained (the loss diverges) is recorded as failed, and the study
    goes on.

    Parameters
    ----------
    retry
        Run failed rows once more.
    told, said
        Whom to tell of work inside a row, and of rows.

    Raises
    ------
    RobustftError
        Anything else that goes wrong; what is finished is kept.
    KeyboardInterrupt
        Passed on, with a message that says how far the study is.
    """
    folder, recipe = study.folder, study.recipe
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(folder / RECIPE, "the recipe") as temporary:
        temporary.write_text(dump_recipe(recipe, folder), encoding="utf-8")
    done = {r.name: r for r in load_results(folder) if r.ok or not retry}
    context = Context(folder, recipe.evaluation, done, progress=progress, workers=workers)
    if told is not None:
        context = replace(context, told=told)
    fresh = False
    for number, spec in enumerate(study.runs, 1):
        if spec.name in done and done[spec.name].identity == spec.identity:
            continue
        said(f"{number}/{len(study.runs)}  {spec.name}")
        result = _run(spec, context, f"{number - 1} of {len(study.runs)} runs are finished")
        write_result(folder, result)
        done[spec.name] = result
        if not result.ok:
            said(f"{spec.name} failed: {result.message}")
        write_views(folder)
        fresh = True
    if not fresh:  # nothing was left to run; views of an older version are made anew
        write_views(folder)
    return study.results()


def _run(spec: RunSpec, context: Context, so_far: str) -> RowResult:
    """Run one row; training that came to nothing is a result, all else stops the study."""
    log = RunFolder(context.folder, context.folder, {}).log
    log({"event": "start", "run": spec.name})
    started = time.perf_counter()
    goes_on = f"{so_far}; the same command goes on with {spec.name}"
    try:
        result = run_row(spec, context)
    except TrainingError as problem:
        result = failed(spec, str(problem))
    except RobustftError as problem:
        raise type(problem)(f"{spec.name}: {problem}\n{goes_on}") from problem
    except KeyboardInterrupt as stop:
        where = f"{stop}\n" if str(stop) else ""
        raise KeyboardInterrupt(f"{where}study: stopped; {goes_on}") from None
    minutes = round((time.perf_counter() - started) / 60, 4)
    log({"event": result.status, "run": spec.name, "minutes": minutes})
    return result


def write_views(folder: Path) -> None:
    """Write tables, figures and the page from the results that are there."""
    from robustft.study.views import write_views as write  # matplotlib, jinja2

    write(folder)


def _check_folder(folder: Path, recipe: Recipe) -> None:
    """Refuse a folder of another study, and one that is none."""
    if (folder / RECIPE).is_file():
        there = load_recipe(folder / RECIPE)
        if study_name(there) != study_name(recipe):
            raise RunError(
                f"{folder}: expected a new folder or a study of the same settings, got one of "
                f"{study_name(there)}; name another --out or remove it"
            )
        return
    # What begins with a dot is half a file of a study that was killed in its first moment.
    if folder.exists() and not (
        folder.is_dir() and all(path.name.startswith(".") for path in folder.iterdir())
    ):
        raise RunError(f"{folder}: expected a new or empty folder, got one with other files")

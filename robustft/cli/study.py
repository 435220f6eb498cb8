"""``robustft study``: a grid of runs from a recipe, its table and its plots."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustft.cli import console
from robustft.cli.options import (
    DryRunOption,
    JsonOption,
    MaxEvalOption,
    MaxTrainOption,
    WorkersOption,
)
from robustft.errors import UsageError

if TYPE_CHECKING:
    from robustft.study.run import Study

__all__ = ["study"]

_STUDY = "Study"

RecipeArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[RECIPE]",
        help="The name of a recipe (see --list), a .toml file, or a study's folder.",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        rich_help_panel=_STUDY,
        help="A setting that wins over the recipe's: epochs=2 for all rows, restricted.epochs=20 "
        "for one row, sst2.data=./sst2 for one data set, evaluation.severity=4. A list, as in "
        "learning_rate=[1e-5,2e-5], is a grid. May be repeated.",
    ),
]
RowsOption = Annotated[
    str | None,
    typer.Option(
        "--rows",
        metavar="A,B",
        rich_help_panel=_STUDY,
        help="Run these rows alone; results of others that are there are kept.",
    ),
]
ExtensionOption = Annotated[
    bool,
    typer.Option(
        "--extension",
        rich_help_panel=_STUDY,
        help="Run the rows that go beyond the published study, too.",
    ),
]
SeedsOption = Annotated[
    int | None,
    typer.Option(
        "--seeds",
        min=1,
        metavar="N",
        rich_help_panel=_STUDY,
        help="Runs a row, each with its own new weights and order of the data.",
    ),
]
StudyOutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        rich_help_panel="Run",
        help="The study's folder. Left out: one under studies/, named after the settings, so "
        "that the same command finds its own work again.",
    ),
]
StudyDataOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="DATA",
        rich_help_panel="Data",
        help="The data of all rows: a file, a folder of splits or a hub name. Left out: what the "
        "recipe says, else the built-in demo reviews.",
    ),
]
StudyModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        rich_help_panel="Model",
        help="The model of all rows: a folder, a hub name or tiny. Left out: what the recipe says.",
    ),
]
DeviceOption = Annotated[
    str | None,
    typer.Option(
        "--device",
        metavar="auto|cuda|mps|cpu",
        rich_help_panel="Run",
        help="Where the models run. Left out: what the recipe says, else auto.",
    ),
]
ListOption = Annotated[
    bool, typer.Option("--list", rich_help_panel=_STUDY, help="List the recipes and stop.")
]
RetryOption = Annotated[
    bool, typer.Option("--retry", rich_help_panel=_STUDY, help="Run failed rows once more.")
]
MeasureOption = Annotated[
    bool,
    typer.Option(
        "--measure/--no-measure",
        rich_help_panel=_STUDY,
        help="With --dry-run: whether to time a few steps of each model, to estimate the whole.",
    ),
]


def study(
    recipe: RecipeArgument = None,
    set_: SetOption = None,
    rows: RowsOption = None,
    extension: ExtensionOption = False,
    seeds: SeedsOption = None,
    data: StudyDataOption = None,
    model: StudyModelOption = None,
    max_train: MaxTrainOption = None,
    max_eval: MaxEvalOption = None,
    out: StudyOutOption = None,
    retry: RetryOption = False,
    workers: WorkersOption = 1,
    device: DeviceOption = None,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
    measure: MeasureOption = True,
    list_: ListOption = False,
) -> int:
    """Run a published study, or your own, and print its table beside the published one.

    Results are saved as they come. A study that was stopped goes on where it was when the same
    command is given again. Exit code 1 if every run failed.

    Examples:

      robustft study --list

      robustft study augmentation

      robustft study conflibert_regression --set data=./reports --set model=./minilm --dry-run

      robustft study my-study.toml --rows full,frozen --seeds 3
    """
    if list_:
        return _list(as_json=json)
    if recipe is None:
        raise UsageError("study: expected a recipe, got none; see robustft study --list")
    made = _made(
        recipe,
        [*(set_ or []), *_shared(data, model, max_train, max_eval, device)],
        rows=None if rows is None else [name.strip() for name in rows.split(",") if name.strip()],
        extension=extension,
        seeds=seeds,
        out=out,
    )
    for notice in made.notices:
        console.note(notice)
    if dry_run:
        return _dry_run(made, measure=measure, as_json=json)
    return _run(made, workers=workers, retry=retry, as_json=json)


def _list(*, as_json: bool) -> int:
    from robustft.study.shipped import recipe_titles

    found = recipe_titles()
    if as_json:
        console.print_json(found)
        return 0
    for facts in found:
        console.out().print(f"{facts['name']:<24}{facts['title']}", soft_wrap=True)
    return 0


def _shared(
    data: str | None,
    model: str | None,
    max_train: int | None,
    max_eval: int | None,
    device: str | None,
) -> list[str]:
    given = {
        "data": data,
        "model": model,
        "max_train": max_train,
        "evaluation.max_eval": max_eval,
        "device": device,
    }
    return [f"{key}={value}" for key, value in given.items() if value is not None]


def _made(name: str, sets: list[str], **chosen: Any) -> Study:
    from robustft.study.grid import override, read_sets
    from robustft.study.recipe import load_recipe
    from robustft.study.run import make_study

    recipe = override(load_recipe(name), read_sets(sets))
    return make_study(recipe, **chosen)


def _dry_run(made: Study, *, measure: bool, as_json: bool) -> int:
    from robustft.study.estimate import describe

    told = describe(made, measure=measure, said=console.note)
    if as_json:
        console.print_json(told)
        return 0
    for run in told["runs"]:
        state = "  (finished)" if run["finished"] else ""
        took = "" if run["minutes"] is None else f"  about {_span(run['minutes'])}"
        console.out().print(f"{run['name']}{took}{state}", soft_wrap=True)
        for key, value in run["settings"].items():
            console.out().print(f"    {key} = {value}", soft_wrap=True)
    console.out().print(f"folder: {told['folder']}", soft_wrap=True)
    console.out().print(f"{len(told['runs'])} runs; {told['sentence']}", soft_wrap=True)
    return 0


def _span(minutes: float) -> str:
    from robustft.study.estimate import span

    return span(minutes)


def _run(made: Study, *, workers: int, retry: bool, as_json: bool) -> int:
    from robustft.study.run import run_study

    console.note(f"study: {made.folder}")
    with console.bars() as told:
        try:
            results = run_study(made, workers=workers, retry=retry, told=told, said=console.note)
        except KeyboardInterrupt as stop:
            if str(stop):
                console.note(str(stop))
            raise
    lost = sum(not result.ok for result in results)
    if lost:
        console.note(f"{lost} of {len(results)} runs failed; --retry runs them once more")
    # Failed rows are findings of a study; one with nothing else has come to nothing.
    code = 1 if results and lost == len(results) else 0
    if as_json:
        console.print_json([result.model_dump(mode="json") for result in results])
        return code
    from robustft.study.views import print_tables

    print_tables(made.folder, console.out())
    console.note(f"page: {made.folder / 'page.md'}")
    return code

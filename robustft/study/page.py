"""The page of a study: what was run, the published table beside ours, and what follows."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from robustft.study.augmentation import Helped, augmentation_tables, helped_sentences
from robustft.study.compare import Compared
from robustft.study.details import (
    epoch_tables,
    length_tables,
    loss_tables,
    shift_tables,
    timing_tables,
)
from robustft.study.formats import heading, setting_heading, setting_text
from robustft.study.gather import Change, Gathered, changes, main_column
from robustft.study.model_tables import count_tables, parameter_tables, tensor_tables
from robustft.study.rendering import Table, to_markdown
from robustft.study.settings import settings_of_kind
from robustft.study.tables import dataset_title, result_tables, setting_name, used
from robustft.study.verdict import (
    comparison_tables,
    observed_order,
    order_sentences,
    sentence,
)

__all__ = [
    "command",
    "detail_tables",
    "limitations",
    "notices",
    "orders",
    "render_page",
    "sentences",
]

MANIFEST = "manifest.json"


def render_page(
    study: Gathered,
    compared: Sequence[Compared],
    figures: Sequence[tuple[str, str]],
    found: Sequence[Helped] = (),
) -> str:
    """Return the page as Markdown; all but its last part is the same for the same results.

    Parameters
    ----------
    figures
        The files in ``figures``, without ending, and what each shows.
    found
        What is said of augmentation, where the recipe asks.
    """
    recipe = study.recipe
    text: str = _template().render(
        title=recipe.title or recipe.name,
        source=recipe.source,
        about=recipe.about,
        finished=study.finished,
        command=command(study),
        facts=_facts(study),
        helped=helped_sentences(found),
        arms=_markdown(study, augmentation_tables(study, found)),
        results=_markdown(study, result_tables(study)),
        published=any(line.published for line in study.all_lines),
        sentences=sentences(study, compared),
        comparisons=_markdown(study, comparison_tables(study, compared)),
        orders=orders(study),
        figures=figures,
        details=_markdown(study, detail_tables(study)),
        notices=notices(study),
        inferred=[_inferred(study, entry) for entry in recipe.inferred],
        limitations=limitations(study),
        notes=[*recipe.notes, *(f"{x.label}: {x.note}" for x in _noted(study))],
        timings=_markdown(study, timing_tables(study)),
    )
    return text.rstrip() + "\n"


def detail_tables(study: Gathered) -> Iterator[Table]:
    """Return the tables behind the results, in the order in which they are shown."""
    for make in (
        length_tables,
        epoch_tables,
        loss_tables,
        shift_tables,
        count_tables,
        parameter_tables,
        tensor_tables,
    ):
        yield from make(study)


def notices(study: Gathered) -> list[str]:
    """Return what the runs themselves had to say, once each, with the rows that said it."""
    found: dict[str, dict[str, None]] = {}
    for line in (x for x in study.all_lines if x.spec.kind != "parameters"):
        for told in dict.fromkeys(n for run in line.good for n in run.notices):
            found.setdefault(told, {})[line.spec.name.removesuffix("-seed0")] = None
    return [f"{told} ({_which(study, list(rows))})" for told, rows in found.items()]


def _which(study: Gathered, rows: list[str]) -> str:
    """Return rows by their names, shortly where they are all."""
    good = [line for line in study.all_lines if line.good]
    for what, kinds in (("all rows", None), ("all trained rows", "train")):
        names = [x.spec.name.removesuffix("-seed0") for x in good if kinds in (None, x.spec.kind)]
        if len(rows) > 2 and set(rows) == set(names):
            return what
    return ", ".join(rows)


def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    source = files("robustft.study").joinpath("templates/page.md.j2").read_text(encoding="utf-8")
    # The page is Markdown, not HTML: nothing to escape for a browser.
    made = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    return made.from_string(source)


def _markdown(study: Gathered, tables: Iterable[Table]) -> list[str]:
    """Return tables without the study's title, which the page has on top."""
    title = study.recipe.title or study.recipe.name
    short = [replace(t, title=t.title.removeprefix(title).strip(" ·") or title) for t in tables]
    return [to_markdown(table) for table in short]


def sentences(study: Gathered, compared: Iterable[Compared]) -> list[str]:
    """Return what each comparison says, with the data set where there are several."""
    if len(study.lines) < 2:
        return [sentence(found) for found in compared]
    titles = {found.name: found.title or found.name for found in study.recipe.datasets}
    return [f"{titles[found.dataset]}: {sentence(found)}" for found in compared]


def command(study: Gathered) -> str:
    """Return the command that makes this study again; local data and models by their names."""
    found = changes(study)
    parts = ["robustft", "study", study.recipe.name]
    parts += [f"--seeds {change.used}" for change in found if change.setting == "seeds"]
    named: dict[str, None] = {}
    for change in found:
        if change.setting == "seeds":
            continue
        name = change.setting.replace("evaluation ", "evaluation.")
        places = () if _for_all(study, change) else change.rows or change.datasets
        for target in places or ("",):
            key = f"{target}.{name}" if target else name
            named[shlex.quote(f"{key}={change.used or 'none'}")] = None
    return " ".join([*parts, *(f"--set {setting}" for setting in named)])


def _for_all(study: Gathered, change: Change) -> bool:
    """Return whether all rows have the setting now, from whatever each had before."""
    values = [
        setting_text(line.spec.settings.get(change.setting))
        for dataset in study.lines
        for line in study.shown(dataset)
        if change.setting in settings_of_kind(line.spec.kind)
    ]
    one_data = change.setting != "data" or len(study.lines) < 2
    return one_data and bool(values) and set(values) == {change.used}


def _inferred(study: Gathered, entry: str) -> str:
    """Return an inferred setting with the values that the rows have."""
    name = setting_name(entry)
    rows = [line for dataset in study.lines for line in study.shown(dataset)]
    values = dict.fromkeys(setting_text(line.settings.get(name)) for line in rows)
    told = ", ".join(value for value in values if value)
    return f"{setting_heading(entry)}: {told}" if told else setting_heading(entry)


def _facts(study: Gathered) -> list[str]:
    """Return what was run: models, data, what is not the recipe's, versions."""
    other = [f"Other than in the recipe: {change.text}." for change in changes(study)]
    return [*used(study.results), *other, *_versions(study)]


def _versions(study: Gathered) -> list[str]:
    """Return the versions that the runs' manifests name, each once."""
    found: dict[str, dict[str, None]] = {}
    for result in study.results:
        manifest = _manifest(study.folder / result.run) if result.run else {}
        for name, version in manifest.get("versions", {}).items():
            found.setdefault(str(name), {})[str(version)] = None
    told = [f"{name} {' and '.join(versions)}" for name, versions in found.items()]
    return [f"Versions: {', '.join(told)}."] if told else []


def _manifest(folder: Path) -> Mapping[str, Any]:
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def orders(study: Gathered) -> list[dict[str, Any]]:
    """Return, for each data set, the published order of the rows beside the observed one."""
    made = []
    for dataset in study.lines:
        column = main_column(study.columns_of(dataset))
        found = observed_order(study, dataset, column) if column else None
        if found is not None and column is not None:
            place = dataset_title(study, dataset)
            name = f"{place}, {heading(column)}" if place else heading(column)
            made.append({"heading": name, "lines": order_sentences(found)})
    return made


def limitations(study: Gathered) -> list[str]:
    """Return what the study cannot tell, as far as its results show it."""
    told = []
    seeds = [len(line.good) for line in study.all_lines if line.good]
    if seeds and max(seeds) == 1:
        told.append(
            "One seed: differences between rows are between single models. Another seed can give "
            "another order; --seeds 5 shows by how much."
        )
    elif seeds:
        told.append(
            f"{max(seeds)} seeds: an interval over so few is wide, and its coverage rests on "
            "differences that are about normal."
        )
    swapped = [c for c in changes(study) if c.setting in ("data", "model")]
    if swapped:
        what = " and ".join(dict.fromkeys(c.setting for c in swapped))
        told.append(
            f"Not the source's {what}: the size of a number says little about the published one; "
            "the order of the rows and the differences are what can be compared."
        )
    epochs = [c for c in changes(study) if c.setting in ("epochs", "max_train", "max_steps")]
    if epochs:
        listed = "; ".join(c.text for c in epochs)
        told.append(f"Less or other training than in the source: {listed}.")
    if not any(c.setting == "learning_rate" for c in changes(study)):
        told.append("The learning rates are the recipe's; they were not tuned to model and data.")
    return told


def _noted(study: Gathered) -> list[Any]:
    kept = {line.spec.base: line for line in study.all_lines if line.note}
    return list(kept.values())

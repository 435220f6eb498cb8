"""All views of a study at once: tables, figures and the page, from what its folder holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from robustft.data.files import atomic_path
from robustft.study.augmentation import Helped, augmentation_tables, helped, helped_sentences
from robustft.study.compare import Compared, compare_all
from robustft.study.details import run_tables, timing_tables
from robustft.study.gather import Gathered, gather
from robustft.study.model_tables import all_tensors
from robustft.study.page import detail_tables, notices, orders, render_page, sentences
from robustft.study.plots import draw_all
from robustft.study.rendering import Table, to_console, to_csv, to_latex, to_markdown
from robustft.study.tables import result_tables
from robustft.study.verdict import comparison_tables

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["print_tables", "write_views"]

TABLES, FIGURES, PAGE, AUGMENTATION = "tables", "figures", "page.md", "augmentation.json"


def write_views(folder: Path) -> list[Path]:
    """Write tables, figures and page of a study, finished or not, and return their paths.

    In the study's folder: ``tables`` (each as Markdown, LaTeX and CSV), ``figures`` (PNG and SVG)
    and ``page.md``; of a study of augmentation ``augmentation.json`` too. Each file is written
    whole or not at all. All but ``tables/timings`` and the end of the page depend on the results
    alone, so a study that was killed and started again has the same files.

    Raises
    ------
    RobustftError
        The recipe or a result cannot be read, or a file cannot be written.
    """
    study = gather(folder)
    compared, found = compare_all(study), helped(study)
    written = [
        path for table in _tables(study, compared, found) for path in _write_table(folder, table)
    ]
    tensors = all_tensors(study)
    if tensors is not None:
        written.append(_write(folder / TABLES / "tensors.csv", to_csv(tensors)))
    if found:
        plain = json.dumps([one.to_dict() for one in found], indent=1)
        written.append(_write(folder / AUGMENTATION, plain + "\n"))
    figures = draw_all(study, folder / FIGURES)
    written += [folder / FIGURES / f"{name}.{end}" for name, _ in figures for end in ("png", "svg")]
    written.append(_write(folder / PAGE, render_page(study, compared, figures, found)))
    return written


def print_tables(folder: Path, console: Console) -> None:
    """Print a study's tables and what its comparisons say.

    Raises
    ------
    RobustftError
        The recipe or a result cannot be read.
    """
    study = gather(folder)
    compared, found = compare_all(study), helped(study)
    for line in helped_sentences(found):
        console.print(f"• {line}", soft_wrap=True, markup=False)
    for table in augmentation_tables(study, found):
        console.print()
        to_console(table, console)
    if found:
        console.print()
    for table in result_tables(study):
        to_console(table, console)
        console.print()
    for line in sentences(study, compared):
        console.print(f"• {line}", soft_wrap=True, markup=False)
    for order in orders(study):
        console.print(f"\nOrder of the rows, {order['heading']}:", soft_wrap=True, markup=False)
        for line in order["lines"]:
            console.print(f"• {line}", soft_wrap=True, markup=False)
    told = notices(study)
    if told:
        console.print("\nWhat the runs said:")
    for line in told:
        console.print(f"• {line}", soft_wrap=True, markup=False)
    for table in [*detail_tables(study), *timing_tables(study)]:
        console.print()
        to_console(table, console)


def _tables(
    study: Gathered, compared: Sequence[Compared], found: Sequence[Helped]
) -> Iterator[Table]:
    yield from augmentation_tables(study, found)
    yield from result_tables(study)
    yield from comparison_tables(study, compared)
    yield from detail_tables(study)
    yield from run_tables(study)
    yield from timing_tables(study)


def _write_table(folder: Path, table: Table) -> Iterator[Path]:
    for ending, render in (("md", to_markdown), ("tex", to_latex), ("csv", to_csv)):
        yield _write(folder / TABLES / f"{table.name}.{ending}", render(table))


def _write(path: Path, text: str) -> Path:
    with atomic_path(path, "a view") as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path

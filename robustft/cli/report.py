"""``robustft report``: what a run found, as one page or as text for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from robustft.cli import console

__all__ = ["report"]

RunsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RUN]...",
        help="Folders of evaluations or attacks; a training run stands for its newest evaluation. "
        "Several stand one after the other on a page. Left out: the newest evaluation under runs/.",
    ),
]
FileOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        rich_help_panel="Report",
        help="The file to write. Left out: report.html in the first run's folder.",
    ),
]
OpenOption = Annotated[
    bool,
    typer.Option("--open", rich_help_panel="Report", help="Show the page in a browser, too."),
]


def report(runs: RunsArgument = None, out: FileOption = None, open_: OpenOption = False) -> int:
    """Write what a run found as one page, to read, to print and to pass on.

    The page needs nothing but a browser: it opens from disk, loads nothing and sends nothing. It
    holds the verdict, the cells, what hurt and how much, and the rows themselves, failures and
    passes, to filter and to page through.

    Examples:

      robustft report

      robustft report runs/my-run --out page.html --open
    """
    from robustft.report.page import write_report

    path = write_report(runs or (), out=out)
    console.out().print(str(path), soft_wrap=True)
    if open_:
        typer.launch(path.resolve().as_uri())
    return 0

"""``robustft report``: what a run found, as one page or as text for other tools."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from robustft.cli import console
from robustft.errors import UsageError

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
        help="The file to write. Left out: report.html in the first run's folder; stdout for "
        "other formats.",
    ),
]
FormatOption = Annotated[
    Literal["html", "markdown", "latex", "junit", "json"],
    typer.Option(
        "--format",
        rich_help_panel="Report",
        help="html is the page; all others go to stdout, or to --out: markdown for a pull request, "
        "a latex table for a paper, junit for a build server, json as in metrics.json. They hold "
        "what eval's gate found last.",
    ),
]
OpenOption = Annotated[
    bool,
    typer.Option("--open", rich_help_panel="Report", help="Show the page in a browser, too."),
]


def report(
    runs: RunsArgument = None,
    format_: FormatOption = "html",
    out: FileOption = None,
    open_: OpenOption = False,
) -> int:
    """Write what a run found as one page, to read, to print and to pass on.

    The page needs nothing but a browser: it opens from disk, loads nothing and sends nothing. It
    holds the verdict, the cells, what hurt and how much, and the rows themselves, failures and
    passes, to filter and to page through.

    Examples:

      robustft report

      robustft report runs/my-run --out page.html --open

      robustft report runs/my-run --format markdown --out comment.md
    """
    if format_ != "html":
        return _as_text(runs or (), format_, out, open_=open_)
    from robustft.report.page import write_report

    path = write_report(runs or (), out=out)
    console.out().print(str(path), soft_wrap=True)
    if open_:
        typer.launch(path.resolve().as_uri())
    return 0


def _as_text(runs: Sequence[str], kind: str, out: Path | None, *, open_: bool) -> int:
    """Write a report that is no page, to a file or to stdout."""
    from robustft.data.files import atomic_path
    from robustft.report.texts import text_report

    if open_:
        raise UsageError(f"--open: expected a page to show, got --format {kind}")
    text = text_report(runs, kind)
    if out is None:
        sys.stdout.write(text)
        return 0
    with atomic_path(out, "a report") as temporary:
        temporary.write_text(text, encoding="utf-8")
    console.out().print(str(out), soft_wrap=True)
    return 0

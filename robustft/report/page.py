"""The report of one or several runs as one HTML file that needs nothing else.

The page loads nothing and sends nothing: its style and its script stand in it, and a content
security policy lets the browser run these two alone, by their hashes. What comes from data is
escaped by the templates, or travels as JSON and is shown as text.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from robustft.data.files import atomic_path
from robustft.data.run_folder import RunFolder
from robustft.report.attack import attack_view
from robustft.report.evaluation import evaluation_view
from robustft.report.sources import find_sources

__all__ = ["REPORT", "render_report", "write_report"]

REPORT = "report.html"


def write_report(
    runs: Sequence[str | os.PathLike[str]] = (),
    *,
    out: str | os.PathLike[str] | None = None,
    root: str | os.PathLike[str] = "runs",
) -> Path:
    """Write the report of some runs, whole or not at all, and return its path.

    Parameters
    ----------
    runs
        Folders of evaluations, attacks or training runs; see `find_sources`.
    out
        The file to write; by default ``report.html`` in the first folder named.
    root
        Where the newest evaluation is looked for if no run is named.

    Raises
    ------
    RunError
        There is no such run, or its results are of another format.
    DataError
        A file of a run is damaged, or the report cannot be written.
    """
    sources = find_sources(runs, root=Path(root))
    place = Path(out) if out is not None else (Path(runs[0]) if runs else sources[0].path) / REPORT
    page = render_report(sources).encode("utf-8", "replace")
    with atomic_path(place, "a report") as temporary:
        temporary.write_bytes(page)
    return place


def render_report(sources: Sequence[RunFolder]) -> str:
    """Return the page; the same files give the same page."""
    from markupsafe import Markup

    views = [
        (attack_view if run.kind == "attack" else evaluation_view)(
            run, f"r{number}", parts=len(sources)
        )
        for number, run in enumerate(sources, 1)
    ]
    style, script = _own("report.css"), _own("report.js")
    page: str = (
        _environment()
        .get_template("page.html.j2")
        .render(
            runs=views,
            title=views[0]["title"] if len(views) == 1 else f"{len(views)} runs",
            version=version("robustft"),
            style=Markup(style),
            style_hash=_hash(style),
            script=Markup(script),
            script_hash=_hash(script),
        )
    )
    return page


def _own(name: str) -> str:
    """Return a file of ours; it ends no element before its time."""
    source = importlib.resources.files("robustft.report") / "templates" / name
    return source.read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("robustft.report"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )

"""``robustft audit``: ask people whether changed texts keep their labels, and count."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from robustft.cli.options import (
    DataOption,
    JsonOption,
    LabelColumnOption,
    LabelKindOption,
    LabelMapOption,
    OutOption,
    SeedOption,
    SeverityOption,
    SidesOption,
    SpansOption,
    SplitOption,
    TextColumnOption,
    WithOption,
)
from robustft.errors import UsageError

__all__ = ["audit"]

_AUDIT = "Audit"


def audit(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[DATA|AUDIT]",
            help="What --data takes, to draw a new audit; or the folder of one, to answer or "
            "count it.",
        ),
    ] = None,
    with_: WithOption = None,
    severity: SeverityOption = None,
    rows: Annotated[
        int,
        typer.Option(
            "--rows",
            min=1,
            metavar="N",
            rich_help_panel=_AUDIT,
            help="Pairs to draw of each transform alone, and of all together.",
        ),
    ] = 50,
    unit: Annotated[
        Literal["text", "edit"],
        typer.Option(
            "--unit",
            rich_help_panel=_AUDIT,
            help="text shows a row with all its edits, edit one replacement alone.",
        ),
    ] = "text",
    controls: Annotated[
        float,
        typer.Option(
            "--controls",
            min=0,
            max=1,
            metavar="SHARE",
            rich_help_panel=_AUDIT,
            help="Pairs more that are unchanged or broken on purpose, as a share of the others; "
            "they show whether the judging works.",
        ),
    ] = 0.15,
    ask: Annotated[
        bool,
        typer.Option(
            "--ask",
            rich_help_panel=_AUDIT,
            help="Ask here, pair by pair; what is answered is kept, and the next call goes on.",
        ),
    ] = False,
    rater: Annotated[
        str,
        typer.Option(
            "--rater", metavar="NAME", rich_help_panel=_AUDIT, help="Who answers with --ask."
        ),
    ] = "rater",
    rated: Annotated[
        list[Path] | None,
        typer.Option(
            "--rated",
            metavar="FILE",
            rich_help_panel=_AUDIT,
            help="A file of answers that the form gave back; kept with the audit. Repeatable.",
        ),
    ] = None,
    out: OutOption = None,
    data: DataOption = None,
    split: SplitOption = None,
    sides: SidesOption = None,
    spans: SpansOption = None,
    text_column: TextColumnOption = None,
    label_column: LabelColumnOption = None,
    label_map: LabelMapOption = None,
    label_kind: LabelKindOption = None,
    seed: SeedOption = 0,
    json: JsonOption = False,
) -> None:
    """Ask people whether changed texts keep their labels, and count.

    Draws changed texts blind and in random order, with controls among them, and writes a form that
    opens in any browser and gives the answers back as a file. With answers, it prints the share of
    rows whose label holds, with its interval, and how far the raters agree. The texts are those
    that eval tests with the same data, transforms and seed; eval --audit uses the answers.

    Examples:

      robustft audit reviews.csv --with typos,synonyms --out audit/

      robustft audit audit/ --ask --rater kim

      robustft audit audit/ --rated kim.json --rated alex.json
    """
    from robustft.cli import audit_run

    if source is not None and data is not None:
        raise UsageError(f"data: expected it once, got {source!r} and --data {data!r}")
    if source is not None and audit_run.is_audit(source):
        folder = Path(source)
    else:
        if rated:
            raise UsageError("--rated: expected the folder of an audit, got data to draw from")
        columns: dict[str, Any] = {
            "text_column": text_column,
            "label_column": label_column,
            "label_map": label_map,
            "label_kind": label_kind,
        }
        folder = audit_run.draw(
            source or data,
            with_,
            severity,
            rows=rows,
            unit=unit,
            controls=controls,
            seed=seed,
            split=split,
            sides=sides,
            spans=spans,
            out=out,
            columns=columns,
        )
    if rated:
        audit_run.keep(folder, rated)
    if ask:
        audit_run.ask(folder, rater)
    audit_run.report(folder, as_json=json)

"""``robustft transform``: change texts and keep a record of every edit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from robustft.cli import console
from robustft.cli.constraint_options import constrained
from robustft.cli.corpus_options import (
    EngineOption,
    OutPlaceOption,
    RayAddressOption,
    StreamOption,
    Where,
    WorkersOption,
    named_corpus,
    wants_stream,
)
from robustft.cli.options import (
    DataOption,
    DryRunOption,
    ForceOption,
    JsonOption,
    LabelColumnOption,
    LabelKindOption,
    LabelMapOption,
    LimitOption,
    SeedOption,
    SeverityOption,
    SidesOption,
    SpansOption,
    SplitOption,
    TextColumnOption,
    WithOption,
)
from robustft.errors import UsageError

__all__ = ["one_chain", "one_severity", "transform"]

StreamFormat = Literal["text", "jsonl"]


def one_severity(text: str | None) -> int | None:
    """Read ``--severity`` where a single one makes sense.

    Raises
    ------
    UsageError
        If it is not a whole number from 0 to 5.
    """
    if text is None:
        return None
    if text not in ("0", "1", "2", "3", "4", "5"):
        raise UsageError(f"--severity: expected a number from 1 to 5 (0 is none), got {text!r}")
    return int(text)


def one_chain(chains: list[str] | None) -> str | None:
    """Return the one chain of ``--with``; None where it is left out.

    Raises
    ------
    UsageError
        If ``--with`` was given more than once.
    """
    if chains and len(chains) > 1:
        raise UsageError(
            f"--with: expected one chain, got {len(chains)}; "
            f"to apply all in order write --with {','.join(chains)}"
        )
    return chains[0] if chains else None


@constrained
def transform(
    source: Annotated[
        str | None,
        typer.Argument(metavar="[DATA]", help="What --data takes; - reads lines on stdin."),
    ] = None,
    with_: WithOption = None,
    severity: SeverityOption = None,
    preview: Annotated[
        bool,
        typer.Option("--preview", help="Show a handful of texts with their edits; write nothing."),
    ] = False,
    out: OutPlaceOption = None,
    data: DataOption = None,
    split: SplitOption = None,
    text_column: TextColumnOption = None,
    label_column: LabelColumnOption = None,
    label_map: LabelMapOption = None,
    label_kind: LabelKindOption = None,
    sides: SidesOption = None,
    spans: SpansOption = None,
    limit: LimitOption = None,
    seed: SeedOption = 0,
    workers: WorkersOption = None,
    stream: StreamOption = False,
    engine: EngineOption = "local",
    ray_address: RayAddressOption = None,
    constraints: Any = None,
    format_: Annotated[
        StreamFormat,
        typer.Option(
            "--format",
            help="What stdin mode prints: the new texts, or a JSON object a line with the edits.",
        ),
    ] = "text",
    force: ForceOption = False,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Change texts and keep a record of every edit.

    Without options it transforms the built-in reviews. A text that nothing could be done to comes
    back as it was, and is counted; no row is dropped, merged or moved.

    Examples:

      robustft transform --preview

      robustft transform reviews.csv --with typos:rate=0.1,synonyms --out ood/

      robustft transform nli.csv --with typos,casing --sides hypothesis

      robustft transform 's3://bucket/reviews/*.parquet' --engine ray --out s3://bucket/changed

      echo "I don't like it." | robustft transform - --with contractions --format jsonl
    """
    from robustft.data.fields import Scope
    from robustft.transform.registry import DEFAULT_TRANSFORMS, build

    if source is not None and data is not None:
        raise UsageError(f"data: expected it once, got {source!r} and --data {data!r}")
    chain, level = one_chain(with_), one_severity(severity)
    build(chain or DEFAULT_TRANSFORMS)  # a wrong spec is reported before anything is read
    scope = Scope.of(sides, spans)
    if source == "-":
        from robustft.cli.stream import Stream

        Stream(
            chain,
            level,
            seed,
            scope=scope,
            label_kind=label_kind,
            force=force,
            text_column=text_column,
            as_json=format_ == "jsonl",
            constraints=constraints or (),
        ).run()
        return
    data = source or data
    columns = {
        "text_column": text_column,
        "label_column": label_column,
        "label_map": label_map,
        "label_kind": label_kind,
    }
    if wants_stream(data, engine, stream=stream):
        from robustft.cli.transform_corpus import Options, transform_shards

        unfit = {"--limit": limit, "--preview": preview or None}
        transform_shards(
            named_corpus(data, unfit),
            Options(chain, level, seed, split, scope, force, tuple(constraints or ()), columns),
            Where(engine, workers, ray_address),
            out,
            as_json=json,
            dry_run=dry_run,
        )
        return
    from robustft.cli.transform_run import Job, export, show_preview

    job = Job.load(
        data,
        chain,
        level,
        seed=seed,
        split=split,
        limit=limit,
        scope=scope,
        force=force,
        constraints=constraints or (),
        columns=columns,
    )
    for notice in job.notices:
        console.note(notice)
    if preview:
        show_preview(job)
    else:
        place = None if out is None else Path(out)
        export(job, place, workers=workers or 1, as_json=json, dry_run=dry_run)

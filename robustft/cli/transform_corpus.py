"""What ``robustft transform`` does with a corpus of parquet files: stream it through."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from robustft.cli import console
from robustft.cli.corpus_options import Where
from robustft.data.bound import constraint_facts
from robustft.data.build import members_of, settle_transforms
from robustft.data.fields import Scope
from robustft.data.sources import card_of
from robustft.data.streaming.passes import PARTS, prepare
from robustft.data.streaming.plan import find_columns
from robustft.data.streaming.run import PlacedRun
from robustft.data.streaming.shards import Corpus, find_corpus
from robustft.data.streaming.transform import Work, transform_corpus
from robustft.scale.engines import Engine, engine_named
from robustft.transform.constraints import Constraint

__all__ = ["Options", "transform_shards"]


class Options(NamedTuple):
    """What to do with each text, and how the columns are called."""

    chain: str | None
    severity: int | None
    seed: int
    split: str | None
    scope: Scope
    force: bool
    constraints: tuple[Constraint, ...]
    columns: dict[str, Any]


def transform_shards(
    data: str, options: Options, where: Where, out: str | None, *, as_json: bool, dry_run: bool
) -> None:
    """Transform the corpus that `data` names and say what came of it."""
    corpus = find_corpus(data, options.split)
    given = {**options.columns, "card": card_of(data)}
    columns, task = find_columns(corpus, **given)
    options.scope.columns(task)
    settled, remarks = settle_transforms(options.chain, task.label_kind, force=options.force)
    chain = str(settled)
    config = {
        "data": corpus.name,
        "fingerprint": corpus.fingerprint,
        "split": corpus.split,
        "streamed": True,
        "transforms": chain,
        "transform_versions": [t.version for t in members_of(chain)],
        "severity": options.severity,
        "seed": options.seed,
        **{name: value for name, value in options.columns.items() if value is not None},
        **options.scope.facts(task),
        **constraint_facts(options.constraints, _home(out)),
    }
    if dry_run:
        console.print_json({**config, "shards": len(corpus.shards), "out": out})
        return
    names = "+".join(t.name.rsplit(":", 1)[-1] for t in members_of(chain))
    run = PlacedRun.start("transform", f"transform-{corpus.name}-{names}", config, out)
    work = Work.of(
        chain,
        constraints=options.constraints,
        severity=options.severity,
        seed=options.seed,
        scope=options.scope,
    )
    if run.finished:
        manifest = run.manifest
        run.place.remove(PARTS)
    else:
        with engine_named(where.engine, workers=where.workers, address=where.address) as engine:
            manifest = _transformed(corpus, run, work, engine, given, remarks, columns)
    _tell(corpus, run, manifest, as_json=as_json)


def _home(out: str | None) -> Path:
    return Path("runs") if out is None else Path(out).parent


def _transformed(
    corpus: Corpus,
    run: PlacedRun,
    work: Work,
    engine: Engine,
    given: dict[str, Any],
    remarks: list[str],
    columns: Any,
) -> dict[str, Any]:
    with console.bars() as bars:
        plan = prepare(corpus, columns, run.place, engine, bars, **given)
        told = [*plan.notices, *remarks]
        for remark in told:
            console.note(remark)
        title = f"transforming {corpus.split}"
        return transform_corpus(
            corpus,
            plan,
            run,
            work,
            engine,
            remarks=told,
            progress=lambda rows: bars(title, rows, plan.rows),
        )


def _tell(corpus: Corpus, run: PlacedRun, manifest: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        console.print_json({"out": str(run.place), **manifest})
        return
    counts = manifest["counts"]
    out = console.out()
    out.print(
        f"{counts['rows']:,} rows in {manifest['shards']:,} parts: {counts['changed']:,} changed, "
        f"{counts['unchanged']:,} unchanged, {counts['rejected']:,} rejected; "
        f"{manifest['changed_share']:.1%} of the words changed "
        f"(target {manifest['target_share']:.1%})",
        soft_wrap=True,
    )
    out.print(f"texts: {run.place}/data/{corpus.split}/", soft_wrap=True)
    out.print(f"edits: {run.place}/edits/{corpus.split}/", soft_wrap=True)

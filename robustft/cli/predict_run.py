"""What ``robustft predict`` does: ask a model about each shard of a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from robustft.cli import console
from robustft.cli.corpus_options import Where
from robustft.data.run_folder import portable
from robustft.data.streaming.passes import PARTS, prepare
from robustft.data.streaming.plan import find_columns
from robustft.data.streaming.run import PlacedRun
from robustft.data.streaming.shards import Corpus, find_corpus
from robustft.data.task import Task
from robustft.evaluation.corpus import Asking, predict_corpus, task_for
from robustft.evaluation.subjects import Subject, find_subjects
from robustft.model.foreign.options import ModelOptions
from robustft.scale.engines import engine_named

__all__ = ["Options", "predict_shards"]


class Options(NamedTuple):
    """How the columns are called, and how the model is asked."""

    split: str | None
    columns: dict[str, Any]
    model: ModelOptions
    batch_size: int | None
    max_length: int | None
    device: str


def predict_shards(
    model: str,
    data: str,
    options: Options,
    where: Where,
    out: str | None,
    *,
    as_json: bool,
    dry_run: bool,
) -> None:
    """Ask a model about the corpus that `data` names and say what came of it."""
    (subject,) = find_subjects([model], Path("runs"), options.model)
    corpus = find_corpus(data, options.split)
    given = {**options.columns, "task": _task_of(subject)}
    columns, _ = find_columns(corpus, **given)
    home = Path("runs") if out is None else Path(out).parent
    config = {
        "data": corpus.name,
        "fingerprint": corpus.fingerprint,
        "split": corpus.split,
        "model": portable(model, home),
        "model_fingerprint": subject.fingerprint,
        "max_length": options.max_length,
        **{name: value for name, value in options.columns.items() if value is not None},
    }
    if dry_run:
        console.print_json({**config, "shards": len(corpus.shards), "out": out})
        return
    readable = f"predict-{corpus.name}-{subject.facts.name}"
    run = PlacedRun.start("predict", readable, config, out)
    if run.finished:
        run.place.remove(PARTS)
        _tell(corpus, run, run.manifest, as_json=as_json)
        return
    several = where.engine != "local" or (where.workers or 1) > 1
    gpus = 1 if options.device == "cuda" else 0
    with (
        engine_named(
            where.engine, workers=where.workers, address=where.address, gpus=gpus
        ) as engine,
        console.bars() as bars,
    ):
        plan = prepare(corpus, columns, run.place, engine, bars, **given)
        for remark in plan.notices:
            console.note(remark)
        asking = Asking(
            _in_full(model),
            task_for(subject, plan.task),
            options.model,
            options.batch_size,
            options.max_length,
            options.device,
            threads=1 if several else None,
        )
        manifest = predict_corpus(
            corpus,
            plan,
            run,
            asking,
            engine,
            called=config["model"],
            remarks=plan.notices,
            progress=lambda rows: bars(f"predicting {corpus.split}", rows, plan.rows),
        )
    _tell(corpus, run, manifest, as_json=as_json)


def _in_full(model: str) -> str:
    """Return a model's name with its path in full: a worker may stand in another folder."""
    file, colon, name = model.rpartition(":")
    if colon and Path(file).is_file():
        return f"{Path(file).resolve()}:{name}"
    return str(Path(model).resolve()) if Path(model).exists() else model


def _task_of(subject: Subject) -> Task | None:
    return Task.from_dict(subject.run.config["task"]) if subject.run else None


def _tell(corpus: Corpus, run: PlacedRun, manifest: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        console.print_json({"out": str(run.place), **manifest})
        return
    counts = manifest["counts"]
    out = console.out()
    out.print(
        f"{counts['rows']:,} rows in {manifest['shards']:,} parts; {counts['truncated']:,} texts "
        "longer than the model reads",
        soft_wrap=True,
    )
    out.print(f"predictions: {run.place}/predictions/{corpus.split}/", soft_wrap=True)

"""Transforming a corpus shard by shard: one file of rows and one of edits for each that is read.

A shard is worked on by one task, whatever runs it. The bytes depend on the rows, the transforms
and the seed alone, so a shard that was worked on twice is no different.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import pyarrow as pa

from robustft.data.build import stream_seed
from robustft.data.change import change_rows
from robustft.data.export import manifest_of
from robustft.data.features import with_task
from robustft.data.fields import Scope
from robustft.data.records import edit_lines
from robustft.data.run_folder import hardware
from robustft.data.saving import write_parquet
from robustft.data.split import Split
from robustft.data.streaming.copies import ordinals_of
from robustft.data.streaming.passes import (
    ORDINALS,
    PARTS,
    add_up,
    note,
    work_through,
)
from robustft.data.streaming.plan import Plan, splits_of
from robustft.data.streaming.portions import joined
from robustft.data.streaming.run import PlacedRun
from robustft.data.streaming.shards import Corpus, Shard
from robustft.data.streaming.storage import Place
from robustft.scale import map_ordered
from robustft.scale.engines import Engine, LocalEngine
from robustft.transform.constraints import Constraint
from robustft.transform.registry import Transforms, bind, files_of, provide_files

__all__ = ["Work", "transform_corpus"]

# A row group: enough rows to read well, few enough to hold.
_GROUP_ROWS = 8192
_GROUP_BYTES = 64 << 20


@dataclass(frozen=True)
class Work:
    """What is done to every shard; it can be sent to another machine.

    Attributes
    ----------
    transforms : specs, each process builds its own.
    files : what stands in the files that they name.
    constraints, severity, seed, scope : as in `transform_split`.
    workers : processes for the portions of one shard, where shards are fewer than processes.
    """

    transforms: str
    files: Mapping[str, str]
    constraints: tuple[Constraint, ...]
    severity: int | None
    seed: int
    scope: Scope
    workers: int = 1

    @classmethod
    def of(
        cls,
        transforms: str,
        *,
        constraints: Sequence[Constraint] = (),
        severity: int | None = None,
        seed: int = 0,
        scope: Scope | None = None,
    ) -> Work:
        """Return the work with the files that the specs name."""
        return cls(
            transforms,
            files_of(transforms),
            tuple(constraints),
            severity,
            seed,
            scope or Scope(),
        )

    @property
    def bound(self) -> Transforms:
        """The transforms with their constraints."""
        return bind(self.transforms, self.constraints)


class _Made(NamedTuple):
    table: pa.Table
    lines: bytes
    counts: dict[str, int]
    skips: dict[str, int]


def _make(rows: Split, *, work: Work) -> _Made:
    provide_files(work.files)
    made = change_rows(
        rows,
        work.bound,
        severity=work.severity,
        seed=stream_seed(work.seed, "test"),
        scope=work.scope,
    )
    table = with_task(made.split.table, rows.task)
    perturbed = made.perturbed
    return _Made(table, edit_lines(perturbed), perturbed.counts(), dict(perturbed.skips))


def transform_shard(shard: Shard, *, corpus: Corpus, plan: Plan, place: Place, work: Work) -> int:
    """Write the rows and edits of a shard, and a note that it is done; return its rows.

    Raises
    ------
    RobustftError
        It cannot be read or written, or a transform breaks its contract.
    """
    counts: Counter[str] = Counter()
    skips: Counter[str] = Counter()
    rows = splits_of(shard, corpus, plan, ordinals_of(shard, place.inner(ORDINALS)))
    edits = f"edits/{corpus.split}/{shard.part}.jsonl"
    with place.writing(edits) as path, path.open("wb") as lines:

        def tables() -> Iterator[pa.Table]:
            for made in map_ordered(partial(_make, work=work), rows, workers=work.workers):
                lines.write(made.lines)
                counts.update(made.counts)
                skips.update(made.skips)
                yield made.table

        _write_rows(tables(), plan, place, f"data/{corpus.split}/{shard.part}.parquet")
    note(shard, place, {"counts": counts, "skips": skips})
    return counts["rows"]


def _write_rows(tables: Iterator[pa.Table], plan: Plan, place: Place, name: str) -> None:
    groups = joined(tables, rows=_GROUP_ROWS, size=_GROUP_BYTES)
    empty = with_task(plan.result.empty_table(), plan.task)
    first = next(groups, empty)
    with place.writing(name, "rows") as path:
        write_parquet(_one_after(first, groups), path)


def _one_after(first: pa.Table, others: Iterator[pa.Table]) -> Iterator[pa.Table]:
    yield first
    yield from others


def transform_corpus(
    corpus: Corpus,
    plan: Plan,
    run: PlacedRun,
    work: Work,
    engine: Engine,
    *,
    remarks: Sequence[str] = (),
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, Any]:
    """Write ``data/SPLIT/part-*.parquet`` and ``edits/SPLIT/part-*.jsonl``, and finish the run.

    Parameters
    ----------
    plan
        As `prepare` settled it in the same run.
    remarks
        What a reader of the manifest should know.
    progress
        Called with the number of rows done since the last call.

    Returns
    -------
    The manifest: that of `export_transformed`, with the number of shards.
    """
    started = time.perf_counter()
    facts = engine.facts()
    if isinstance(engine, LocalEngine) and len(corpus.shards) < engine.workers:
        # A few large files: the processes share the portions of each in turn.
        work, engine = replace(work, workers=engine.workers), LocalEngine()
    function = partial(transform_shard, corpus=corpus.bare, plan=plan, place=run.place, work=work)
    work_through(function, corpus, run.place, engine, plan.rows, progress)
    counts, skips = add_up(corpus, run.place, "counts", "skips")
    manifest = {
        **manifest_of(
            corpus.split,
            plan.fingerprint,
            plan.task,
            work.bound,
            severity=work.severity,
            seed=work.seed,
            scope=work.scope,
            home=run.home,
            remarks=remarks,
            counts=counts,
            skips=skips,
        ),
        "shards": len(corpus.shards),
    }
    minutes = (time.perf_counter() - started) / 60
    run.log({"event": "transformed", "minutes": minutes, **facts, "hardware": hardware()})
    run.place.tidy()
    run.finish(manifest)
    # Last: a run that is killed before finds in them what is done.
    run.place.remove(PARTS)
    return run.manifest

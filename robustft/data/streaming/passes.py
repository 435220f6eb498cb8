"""The passes over a corpus: a short one that settles what it is, then one that does the work.

Every task of a pass works on one shard, leaves files in the run's place and is not done again when
the run is started once more. Nothing of a shard but a few numbers passes through this process.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from robustft.data.streaming.copies import (
    copies_in,
    number_copies,
    repeated_hashes,
    rows_of_copies,
)
from robustft.data.streaming.plan import Plan, settle_plan
from robustft.data.streaming.scan import Columns, read_scan, scan_shard
from robustft.data.streaming.shards import Corpus, Shard
from robustft.data.streaming.storage import Place
from robustft.errors import RunError
from robustft.scale.engines import Engine

__all__ = ["NOTES", "ORDINALS", "PARTS", "add_up", "note", "prepare", "work_through"]

PARTS = "parts"
"""The folder of a run for what is needed until it is finished."""

SCANS, ORDINALS, NOTES = f"{PARTS}/scanned", f"{PARTS}/copies", f"{PARTS}/done"

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it since the last call, and how much there is of it."""


def prepare(
    corpus: Corpus,
    columns: Columns,
    place: Place,
    engine: Engine,
    progress: Progress = lambda *_: None,
    **given: Any,
) -> Plan:
    """Scan a corpus and settle what it is; what that takes stays in `place` for the next try.

    `given` is passed on to `load_source`.

    Raises
    ------
    DataError
        The shards cannot be read, do not go together, or an id is given to two rows.
    """
    scans = place.inner(SCANS)
    have = set(scans.names())
    todo = [shard for shard in corpus.shards if f"{shard.part}.json" not in have]
    total = len(corpus.shards)
    progress("reading", total - len(todo), total)
    scan = partial(scan_shard, columns=columns, place=scans)
    for _ in engine.map(scan, todo):
        progress("reading", 1, total)
    _check_seen(todo, scans, ".json")
    found = (read_scan(shard, scans) for shard in corpus.shards)
    plan = settle_plan(corpus, columns, found, **given)
    _number_copies(corpus, plan, place, engine)
    return plan


def _number_copies(corpus: Corpus, plan: Plan, place: Place, engine: Engine) -> None:
    ordinals, scans = place.inner(ORDINALS), place.inner(SCANS)
    if ordinals.has("all.json"):
        return
    shards = {shard.number: shard for shard in corpus.shards}
    repeated = repeated_hashes(corpus.shards, scans, plan.rows)
    if len(repeated):
        items = rows_of_copies(corpus.shards, scans, repeated)
        found = engine.map(partial(copies_in, plan=plan), items)
        with tempfile.TemporaryDirectory(prefix="robustft-") as folder:
            ids = plan.columns.ids
            for number, pairs in number_copies(found, shards, scans, Path(folder), ids):
                content = io.BytesIO()
                np.save(content, pairs)
                ordinals.write(f"{shards[number].part}.npy", content.getvalue())
    ordinals.write("all.json", b"{}")


def _check_seen(shards: Iterable[Shard], place: Place, ending: str) -> None:
    """Raise a `RunError` if what the workers have written is not there for this process."""
    have = set(place.names())
    missing = [shard.part for shard in shards if f"{shard.part}{ending}" not in have]
    if missing:
        raise RunError(
            f"{place}: expected what the workers wrote of {missing[0]}, got no such file; on "
            "several machines --out must be a folder that all of them share, or a URL"
        )


def work_through(
    function: Callable[[Shard], int],
    corpus: Corpus,
    place: Place,
    engine: Engine,
    rows: int,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Call a function for each shard that has no note yet; it writes one with `note` when done.

    Parameters
    ----------
    function
        Returns the number of rows of the shard.
    rows
        All rows of the corpus.
    progress
        Called with the number of rows done since the last call.

    Raises
    ------
    RunError
        What workers have written is not to be seen here.
    """
    notes = place.inner(NOTES)
    have = set(notes.names())
    todo = [shard for shard in corpus.shards if f"{shard.part}.json" not in have]
    if len(todo) < len(corpus.shards):
        scans = place.inner(SCANS)
        progress(rows - sum(read_scan(shard, scans).rows for shard in todo))
    for done in engine.map(function, todo):
        progress(done)
    _check_seen(todo, notes, ".json")


def note(shard: Shard, place: Place, facts: Mapping[str, Any]) -> None:
    """Write that a shard is done, with what is to be counted; it comes after all its files."""
    plain = json.dumps({"source": shard.name, **facts})
    place.inner(NOTES).write(f"{shard.part}.json", plain.encode())


def add_up(corpus: Corpus, place: Place, *groups: str) -> list[Counter[str]]:
    """Return the sums over all notes of the counts in each group; list the shards in a file.

    ``shards.jsonl`` says of each part which shard it was made of, and its counts.
    """
    notes = place.inner(NOTES)
    sums: list[Counter[str]] = [Counter() for _ in groups]
    with place.writing("shards.jsonl") as temporary, temporary.open("wb") as file:
        for shard in corpus.shards:
            facts = json.loads(notes.read(f"{shard.part}.json"))
            for group, total in zip(groups, sums, strict=True):
                total.update(facts[group])
            line = json.dumps({"part": shard.part, **facts}, ensure_ascii=False)
            file.write(line.encode("utf-8", "surrogatepass") + b"\n")
    return sums

"""Writing a transformed split to a run folder, part by part, so that nothing done is lost.

Parts are kept beside the result until all are there. A run that was interrupted finds its parts
again and makes the rest; the files that come out are the same bytes either way, whatever the
number of processes.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from robustft.data.bound import constraint_facts
from robustft.data.build import Augmented, members_of, stream_seed
from robustft.data.change import PerturbedRows, change_rows
from robustft.data.features import with_task
from robustft.data.fields import Scope
from robustft.data.files import atomic_path
from robustft.data.records import edit_lines
from robustft.data.run_folder import RunFolder, hardware
from robustft.data.saving import save_split, write_parquet
from robustft.data.split import ID, Split
from robustft.data.task import Task
from robustft.scale import map_ordered
from robustft.transform.engine import BATCH_SIZE, portable
from robustft.transform.registry import Transforms, constraints_of

__all__ = ["export_transformed", "manifest_of", "write_augmented", "write_edits"]

PART_ROWS = 4 * BATCH_SIZE
_PARTS = "parts"
_ALL_TEXTS = Scope()


class _Part(NamedTuple):
    """What a worker makes of some rows."""

    table: pa.Table
    """The columns that the transforms may have changed."""
    lines: bytes
    counts: dict[str, int]
    skips: dict[str, int]


def _make_part(
    rows: Split, *, transforms: Transforms, severity: int | None, seed: int, scope: Scope
) -> _Part:
    made = change_rows(rows, transforms, severity=severity, seed=seed, scope=scope)
    perturbed = made.perturbed
    return _Part(
        made.split.table.drop_columns([ID]),
        edit_lines(perturbed),
        perturbed.counts(),
        dict(perturbed.skips),
    )


def _changeable(split: Split, piece: slice) -> Split:
    """Return some rows with the columns that are read and written when texts change."""
    task = split.task
    columns = [c for c in (*task.text_columns, task.label_column) if c in split.table.column_names]
    table = split.table.select([ID, *columns])
    return Split(split.name, table, task).take(range(len(split))[piece])


def export_transformed(
    split: Split,
    transforms: Transforms,
    run: RunFolder,
    *,
    severity: int | None = None,
    seed: int = 0,
    scope: Scope = _ALL_TEXTS,
    workers: int = 1,
    remarks: Sequence[str] = (),
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, Any]:
    """Write ``data/SPLIT.parquet`` and ``edits/SPLIT.jsonl`` of a run, and finish it.

    Parameters
    ----------
    split
        The rows to transform; none is dropped, merged or moved.
    run
        A started run; if it is finished, nothing is done.
    scope
        Which texts of a row may change.
    remarks
        What a reader of the manifest should know: rows left out, checks overruled.
    progress
        Called with the number of rows done since the last call.

    Returns
    -------
    The manifest: counts, shares of the words, reasons for skips, rates in force.

    Raises
    ------
    RunError
        If the disk is full or a file cannot be written; what is done stays for the next try.
    """
    if run.finished:
        progress(len(split))
        return run.manifest
    started = time.perf_counter()
    store = _PartStore(run.path / _PARTS, split.name)
    # A split without rows still has a part: its files are empty, not missing.
    pieces = [slice(i, i + PART_ROWS) for i in range(0, max(len(split), 1), PART_ROWS)]
    missing = [n for n in range(len(pieces)) if not store.has(n)]
    progress(len(split) - sum(len(range(len(split))[pieces[n]]) for n in missing))
    make = partial(
        _make_part,
        transforms=portable(transforms),
        severity=severity,
        seed=stream_seed(seed, "test"),
        scope=scope,
    )
    todo = (_changeable(split, pieces[n]) for n in missing)
    for number, part in zip(missing, map_ordered(make, todo, workers=workers), strict=True):
        store.save(number, part)
        progress(len(part.table))
    counts, skips = _assemble(split, pieces, store, run.path)
    shutil.rmtree(store.folder, ignore_errors=True)
    manifest = manifest_of(
        split.name,
        split.fingerprint,
        split.task,
        transforms,
        severity=severity,
        seed=seed,
        scope=scope,
        home=run.path.parent,
        remarks=remarks,
        counts=counts,
        skips=skips,
    )
    run.log(
        {
            "event": "transformed",
            "minutes": (time.perf_counter() - started) / 60,
            "workers": workers,
            "hardware": hardware(),
        }
    )
    run.finish(manifest)
    return run.manifest


def manifest_of(
    name: str,
    fingerprint: str,
    task: Task,
    transforms: Transforms,
    *,
    severity: int | None,
    seed: int,
    scope: Scope,
    home: Path,
    remarks: Sequence[str],
    counts: Counter[str],
    skips: Counter[str],
) -> dict[str, Any]:
    """Return what a run says of the split that it transformed.

    Parameters
    ----------
    name, fingerprint, task
        Those of the split.
    home
        The folder of the run's folder, from which local models are named.
    counts, skips
        Over all rows, as `PerturbedRows` gives them.
    """
    return {
        "seed": seed,
        "split": name,
        "source_fingerprint": fingerprint,
        "label_kind": task.label_kind.value if task.label_kind else "unknown",
        "remarks": list(remarks),
        **scope.facts(task),
        **constraint_facts(constraints_of(transforms), home),
        "transforms": [
            {"spec": t.spec, "version": t.version, "rate": t.rate_at(severity)}
            for t in members_of(transforms)
        ],
        **_shares(counts, skips),
    }


class _PartStore:
    """Finished parts on disk: an Arrow file of columns, whose metadata holds the counts."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self._name = folder, name

    def _path(self, number: int, suffix: str) -> Path:
        return self.folder / f"{self._name}-{number:06d}.{suffix}"

    def has(self, number: int) -> bool:
        # The Arrow file is written last, so it stands for both.
        return self._path(number, "arrow").is_file()

    def save(self, number: int, part: _Part) -> None:
        with atomic_path(self._path(number, "jsonl")) as temporary:
            temporary.write_bytes(part.lines)
        facts = {f"count.{k}": str(v) for k, v in part.counts.items()}
        facts |= {f"skip.{k}": str(v) for k, v in part.skips.items()}
        table = part.table.replace_schema_metadata(facts)
        with (
            atomic_path(self._path(number, "arrow")) as temporary,
            pa.OSFile(str(temporary), "wb") as sink,
            pa.ipc.new_file(sink, table.schema) as writer,
        ):
            writer.write_table(table)

    def load(self, number: int) -> tuple[pa.Table, Counter[str], Counter[str]]:
        with pa.OSFile(str(self._path(number, "arrow"))) as source:
            table = pa.ipc.open_file(source).read_all()
        counts: Counter[str] = Counter()
        skips: Counter[str] = Counter()
        for key, value in (table.schema.metadata or {}).items():
            group, _, name = key.decode().partition(".")
            (counts if group == "count" else skips)[name] += int(value)
        return table, counts, skips

    def lines(self, number: int) -> bytes:
        return self._path(number, "jsonl").read_bytes()


def _assemble(
    split: Split, pieces: Sequence[slice], store: _PartStore, folder: Path
) -> tuple[Counter[str], Counter[str]]:
    """Join the parts into one parquet file, a row group each, and one file of edits."""
    counts: Counter[str] = Counter()
    skips: Counter[str] = Counter()

    def groups() -> Iterator[pa.Table]:
        for number, piece in enumerate(pieces):
            changed, part_counts, part_skips = store.load(number)
            counts.update(part_counts)
            skips.update(part_skips)
            table = split.take(range(len(split))[piece]).table
            for name in changed.column_names:
                index = table.column_names.index(name)
                table = table.set_column(index, table.schema.field(index), changed[name])
            yield with_task(table, split.task)

    edits = folder / "edits" / f"{split.name}.jsonl"
    with atomic_path(edits) as temporary, temporary.open("wb") as file:
        for number in range(len(pieces)):
            file.write(store.lines(number))
    write_parquet(groups(), folder / "data" / f"{split.name}.parquet")
    return counts, skips


def _shares(counts: Counter[str], skips: Counter[str]) -> dict[str, Any]:
    words = max(counts["words"], 1)
    return {
        "counts": dict(counts),
        "target_share": counts["target"] / words,
        "eligible_share": counts["eligible"] / words,
        "changed_share": counts["changed_units"] / words,
        "no_op_share": counts["unchanged"] / max(counts["rows"], 1),
        "skips": dict(sorted(skips.items(), key=lambda item: (-item[1], item[0]))),
    }


def write_edits(perturbed: PerturbedRows, path: Path, ids: Iterable[str] | None = None) -> None:
    """Write an ``edits/*.jsonl``, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(edit_lines(perturbed, ids))


def write_augmented(augmented: Augmented, folder: Path) -> frozenset[str]:
    """Write augmented rows and their edits to a run folder; return the words they brought in."""
    save_split(augmented.split, folder / "data" / "augmented.parquet")
    write_edits(augmented.perturbed, folder / "edits" / "augmented.jsonl", ids=augmented.split.ids)
    return augmented.replacement_words

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

from robustft.data.build import Augmented, members_of, stream_seed
from robustft.data.features import with_task
from robustft.data.files import atomic_path
from robustft.data.records import edit_lines
from robustft.data.run_folder import RunFolder, hardware
from robustft.data.saving import save_split, write_parquet
from robustft.data.split import Split
from robustft.scale import map_ordered
from robustft.transform.engine import BATCH_SIZE, perturb_batch, portable
from robustft.transform.perturbed import PerturbedBatch
from robustft.transform.registry import Transforms

__all__ = ["export_transformed", "write_augmented", "write_edits"]

PART_ROWS = 4 * BATCH_SIZE
_PARTS = "parts"
_COUNTS = ("rows", "changed", "unchanged", "rejected", "words")
_UNITS = ("target", "eligible", "changed_units")


class _Part(NamedTuple):
    """What a worker makes of some rows."""

    texts: list[str]
    lines: bytes
    counts: dict[str, int]
    skips: dict[str, int]


def _make_part(
    rows: tuple[Sequence[str], Sequence[str]],
    *,
    transforms: Transforms,
    severity: int | None,
    seed: int,
) -> _Part:
    texts, ids = rows
    made = PerturbedBatch.concatenate(
        perturb_batch(
            (texts[i : i + BATCH_SIZE], ids[i : i + BATCH_SIZE], None),
            transforms=transforms,
            severity=severity,
            seed=seed,
        )
        for i in range(0, len(texts), BATCH_SIZE)
    )
    summary = made.summary()
    counts = {name: int(summary[name]) for name in _COUNTS}
    units = (made.target.sum(), made.eligible.sum(), made.changed.sum())
    counts |= {name: int(value) for name, value in zip(_UNITS, units, strict=True)}
    return _Part(made.texts, edit_lines(made), counts, dict(made.skips))


def export_transformed(
    split: Split,
    transforms: Transforms,
    run: RunFolder,
    *,
    severity: int | None = None,
    seed: int = 0,
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
    texts, ids = split.texts, split.ids
    make = partial(
        _make_part,
        transforms=portable(transforms),
        severity=severity,
        seed=stream_seed(seed, "test"),
    )
    todo = ((texts[pieces[n]], ids[pieces[n]]) for n in missing)
    for number, part in zip(missing, map_ordered(make, todo, workers=workers), strict=True):
        store.save(number, part)
        progress(len(part.texts))
    counts, skips = _assemble(split, pieces, store, run.path)
    shutil.rmtree(store.folder, ignore_errors=True)
    manifest = {
        "seed": seed,
        "split": split.name,
        "source_fingerprint": split.fingerprint,
        "label_kind": split.task.label_kind.value if split.task.label_kind else "unknown",
        "remarks": list(remarks),
        "transforms": [
            {"spec": t.spec, "version": t.version, "rate": t.rate_at(severity)}
            for t in members_of(transforms)
        ],
        **_shares(counts, skips),
    }
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


class _PartStore:
    """Finished parts on disk: an Arrow file with the texts, whose metadata holds the counts."""

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
        table = pa.table({"text": pa.array(part.texts, pa.large_string())})
        table = table.replace_schema_metadata(facts)
        with (
            atomic_path(self._path(number, "arrow")) as temporary,
            pa.OSFile(str(temporary), "wb") as sink,
            pa.ipc.new_file(sink, table.schema) as writer,
        ):
            writer.write_table(table)

    def load(self, number: int) -> tuple[list[str], Counter[str], Counter[str]]:
        with pa.memory_map(str(self._path(number, "arrow"))) as source:
            table = pa.ipc.open_file(source).read_all()
            texts: list[str] = table.column("text").to_pylist()
        counts: Counter[str] = Counter()
        skips: Counter[str] = Counter()
        for key, value in (table.schema.metadata or {}).items():
            group, _, name = key.decode().partition(".")
            (counts if group == "count" else skips)[name] += int(value)
        return texts, counts, skips

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
            texts, part_counts, part_skips = store.load(number)
            counts.update(part_counts)
            skips.update(part_skips)
            rows = range(len(split))[piece]
            table = split.take(list(rows)).with_texts(texts).table
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
        "counts": {name: counts[name] for name in (*_COUNTS, *_UNITS)},
        "target_share": counts["target"] / words,
        "eligible_share": counts["eligible"] / words,
        "changed_share": counts["changed_units"] / words,
        "no_op_share": counts["unchanged"] / max(counts["rows"], 1),
        "skips": dict(sorted(skips.items(), key=lambda item: (-item[1], item[0]))),
    }


def write_edits(perturbed: PerturbedBatch, path: Path, ids: Iterable[str] | None = None) -> None:
    """Write an ``edits/*.jsonl``, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(edit_lines(perturbed, ids))


def write_augmented(augmented: Augmented, folder: Path) -> frozenset[str]:
    """Write augmented rows and their edits to a run folder; return the words they brought in."""
    save_split(augmented.split, folder / "data" / "augmented.parquet")
    write_edits(augmented.perturbed, folder / "edits" / "augmented.jsonl", ids=augmented.split.ids)
    return augmented.replacement_words

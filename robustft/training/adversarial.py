"""Successful attacks on training rows as further training rows.

What an attack finds on the rows that a model learned from may be learned in turn (Goodfellow,
Shlens and Szegedy, 2015, *Explaining and harnessing adversarial examples*, ICLR). What it finds on
held-out rows may not: the score there would mean nothing.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from robustft.data.build import Augmented
from robustft.data.change import PerturbedRows
from robustft.data.run_folder import RunFolder, portable
from robustft.data.split import ID, Split, TextDataset
from robustft.errors import DataError, RunError
from robustft.text.document import Batch
from robustft.text.edits import Edit
from robustft.transform.candidates import words_changed
from robustft.transform.perturbed import PerturbedBatch, Step

__all__ = ["Adversarial", "joined", "load_adversarial", "preferred"]

_NAMED = 5
_ATTACKS = "attacks.jsonl"
_FIELDS = {"id", "status", "column", "edits", "original", "text"}

Record = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Adversarial:
    """The successful attacks of one run on training rows.

    Attributes
    ----------
    folder
        The attack's folder.
    transforms
        The specs that it attacked with; empty for an attack of another library.
    """

    folder: Path
    transforms: str
    rows: Augmented
    notices: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows.split)

    def facts(self, home: Path) -> dict[str, Any]:
        """Return what decides the result, fit for ``config.toml``."""
        return {
            "attack": portable(str(self.folder), home),
            "rows": len(self),
            "fingerprint": self.rows.split.fingerprint,
        }


def load_adversarial(folders: Any, train: Split, dataset: TextDataset) -> tuple[Adversarial, ...]:
    """Return the successful attacks of runs, as rows that may join `train`.

    Parameters
    ----------
    folders
        A folder of ``robustft attack``, or several.
    train
        The training rows in use; attacks on other rows are passed over, and said to be.
    dataset
        Its other splits are those that must not be learned from.

    Raises
    ------
    RunError
        A folder holds no finished attack.
    DataError
        Held-out rows were attacked, or no row is left.
    """
    several = [folders] if isinstance(folders, str | os.PathLike) else list(folders or ())
    return tuple(_load(Path(f), n, train, dataset) for n, f in enumerate(several, 1))


def _load(folder: Path, number: int, train: Split, dataset: TextDataset) -> Adversarial:
    run = RunFolder.open(folder)
    if run.kind != "attack":
        raise RunError(f"{folder}: expected a run of robustft attack, got one of {run.kind}")
    records = _read(folder / _ATTACKS)
    _check_held_out(folder, records, train, dataset)
    won = [record for record in records if record["status"] == "success"]
    at = {row_id: row for row, row_id in enumerate(train.ids)}
    texts = {column: train.texts_in(column) for column in train.task.text_columns}
    seen = set(train.rows_of_texts)
    kept: list[tuple[int, Record]] = []
    for record in won:
        row = at.get(record["id"])
        if row is None or texts.get(record["column"], [""])[row:][:1] != [record["original"]]:
            continue
        changed = tuple(
            record["text"] if column == record["column"] else texts[column][row]
            for column in train.task.text_columns
        )
        if changed not in seen:
            seen.add(changed)
            kept.append((row, record))
    if not kept:
        raise DataError(
            f"{folder}: expected successful attacks on rows of {dataset.name} that are trained on, "
            f"got none among {len(won):,}; attack them with robustft attack RUN --split train"
        )
    notices = [f"{len(kept):,} successful attacks of {folder.name} join the training rows"]
    if len(kept) < len(won):
        notices.append(
            f"{len(won) - len(kept):,} attacks of {folder.name} are left out: their rows are not "
            "trained on, or their text is there already"
        )
    rows = Augmented(_split(train, kept, number), _perturbed(train, kept), None)
    return Adversarial(folder, str(run.config.get("transforms", "")), rows, tuple(notices))


def _read(path: Path) -> list[Record]:
    try:
        found = [json.loads(line) for line in path.read_bytes().splitlines()]
    except (OSError, ValueError) as problem:
        raise RunError(f"{path}: expected the rows of an attack, got: {problem}") from problem
    for number, record in enumerate(found, 1):
        if not (isinstance(record, dict) and record.keys() >= _FIELDS):
            raise RunError(
                f"{path}, line {number}: expected the row of an attack, got {record!r:.80}"
            )
    return found


def _check_held_out(
    folder: Path, records: Sequence[Record], train: Split, dataset: TextDataset
) -> None:
    """Refuse attacks on rows of another split, by id and text; what train has too is no secret."""
    trained = {text for column in train.task.text_columns for text in train.texts_in(column)}
    for name, split in dataset.splits.items():
        if name == "train":
            continue
        columns = [split.texts_in(column) for column in split.task.text_columns]
        held = {text for column in columns for text in column} - trained
        found = [record["id"] for record in records if record["original"] in held]
        if found:
            named = ", ".join(found[:_NAMED]) + (", ..." if len(found) > _NAMED else "")
            raise DataError(
                f"{folder}: expected attacks on training rows, got {len(found):,} on the split "
                f"{name} ({named}), whose score would mean nothing then; attack the training rows "
                "with robustft attack RUN --split train"
            )


def _split(train: Split, kept: Sequence[tuple[int, Record]], number: int) -> Split:
    """Return the attacked rows as they came out, with ids of their own and their label."""
    rows = train.take([row for row, _ in kept])
    columns: dict[str, list[str]] = {}
    for column in train.task.text_columns:
        own = rows.texts_in(column)
        columns[column] = [
            record["text"] if record["column"] == column else text
            for text, (_, record) in zip(own, kept, strict=True)
        ]
    table, sources = rows.with_columns(columns).table, rows.ids
    ids = [f"{source}+attack{number}" for source in sources]
    table = table.set_column(table.column_names.index(ID), ID, pa.array(ids, pa.string()))
    for name, values in (
        ("source_id", pa.array(sources, pa.string())),
        ("copy", pa.array([0] * len(ids), pa.int64())),
    ):
        if name in table.column_names:
            table = table.drop_columns([name])
        table = table.append_column(name, values)
    return Split(name=train.name, table=table, task=train.task)


def _perturbed(train: Split, kept: Sequence[tuple[int, Record]]) -> PerturbedRows:
    """Return what was changed in each row, as for rows that transforms have changed."""
    found = {}
    for column in train.task.text_columns:
        before = train.texts_in(column)
        originals = [before[row] for row, _ in kept]
        edits = [_edits(r) if r["column"] == column else () for _, r in kept]
        after = [
            r["text"] if r["column"] == column else text
            for text, (_, r) in zip(originals, kept, strict=True)
        ]
        words = Batch(originals).word_counts
        changed = [
            sum(words_changed(text, edit) for edit in row)
            for text, row in zip(originals, edits, strict=True)
        ]
        found[column] = PerturbedBatch(
            ids=[train.ids[row] for row, _ in kept],
            originals=originals,
            texts=after,
            copy=0,
            steps=[(Step("attack", row),) if row else () for row in edits],
            reasons=["" if row else "not attacked" for row in edits],
            rejected=np.zeros(len(kept), np.bool_),
            counts=np.stack([words, np.array(changed), words, np.array(changed)]),
            skips=Counter(),
        )
    return PerturbedRows(found)


def _edits(record: Record) -> tuple[Edit, ...]:
    return tuple(
        Edit(e["start"], e["end"], e["replacement"], tuple(e["transforms"]))
        for e in record["edits"]
    )


def preferred(transforms: Any, adversarial: Sequence[Adversarial]) -> Any:
    """Return the transforms named, else those of the first attack, else None."""
    return transforms or next((each.transforms for each in adversarial), "") or None


def joined(drawn: Augmented | None, adversarial: Sequence[Adversarial]) -> Augmented:
    """Return rows that transforms have changed, if there are any, and those of attacks after it."""
    parts = ([drawn] if drawn is not None else []) + [each.rows for each in adversarial]
    if len(parts) == 1:
        return parts[0]
    first = parts[0].split
    tables = pa.concat_tables([part.split.table for part in parts], promote_options="permissive")
    return Augmented(
        Split(first.name, tables, first.task),
        PerturbedRows.concatenate(part.perturbed for part in parts),
        None if drawn is None else drawn.shortfall,
        () if drawn is None else drawn.remarks,
    )

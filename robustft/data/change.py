"""Changing the texts of rows: field by field, with what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from robustft.data.fields import Scope, Values, fields_of, values_of, with_values
from robustft.data.split import Split
from robustft.data.task import Task
from robustft.transform.engine import perturb
from robustft.transform.perturbed import Perturbed, PerturbedBatch, Status
from robustft.transform.registry import Transforms

__all__ = ["PerturbedRows", "TransformedSplit", "change_rows", "change_values", "overall"]

_ALL_TEXTS = Scope()


def overall(texts: Iterable[Status]) -> Status:
    """Return what became of a row, from what became of its texts."""
    order = (Status.CHANGED, Status.REJECTED, Status.UNCHANGED)
    return min(texts, key=order.index)


@dataclass(frozen=True)
class PerturbedRows:
    """What became of rows: for each column that might change, the outcomes of its texts in order.

    A row has changed if one of its texts has; else it was rejected if one of them was.
    """

    columns: Mapping[str, PerturbedBatch]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def ids(self) -> list[str]:
        """The rows' ids, in order."""
        return next(iter(self.columns.values())).ids

    @property
    def status(self) -> list[Status]:
        """What became of each row."""
        return list(map(overall, zip(*(b.status for b in self.columns.values()), strict=True)))

    @property
    def skips(self) -> Counter[str]:
        """How often a drawn unit was passed over, by ``transform: reason``."""
        return sum((batch.skips for batch in self.columns.values()), Counter[str]())

    def texts(self) -> Iterator[tuple[str, Perturbed]]:
        """Yield the outcome of each text with its column, row by row."""
        for row in zip(*self.columns.values(), strict=True):
            yield from zip(self.columns, row, strict=True)

    def take(self, rows: Sequence[int]) -> PerturbedRows:
        """Return some rows, in the order given; `skips` stays that of the whole."""
        return PerturbedRows({name: batch.take(rows) for name, batch in self.columns.items()})

    @classmethod
    def concatenate(cls, parts: Iterable[PerturbedRows]) -> PerturbedRows:
        """Join rows of the same columns in order."""
        parts = list(parts)
        return cls(
            {
                name: PerturbedBatch.concatenate(part.columns[name] for part in parts)
                for name in parts[0].columns
            }
        )

    def counts(self) -> dict[str, int]:
        """Return the rows by outcome, and over all texts the words and the units of the steps."""
        outcomes = Counter(self.status)
        batches = self.columns.values()
        return {
            "rows": len(self),
            **{status.value: outcomes[status] for status in Status},
            "words": sum(int(batch.words.sum()) for batch in batches),
            "target": sum(int(batch.target.sum()) for batch in batches),
            "eligible": sum(int(batch.eligible.sum()) for batch in batches),
            "changed_units": sum(int(batch.changed.sum()) for batch in batches),
        }

    def summary(self) -> dict[str, Any]:
        """Return counts over the rows, and shares of the words of the texts that might change."""
        counts = self.counts()
        words = max(counts["words"], 1)
        return {
            **{name: counts[name] for name in ("rows", *Status, "words")},
            "target_share": counts["target"] / words,
            "eligible_share": counts["eligible"] / words,
            "changed_share": counts["changed_units"] / words,
            "skips": dict(self.skips.most_common()),
        }

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with one row a text: `column` says which of its row."""
        import pandas as pd

        frames = [
            batch.to_pandas().assign(column=name, row=range(len(batch)))
            for name, batch in self.columns.items()
        ]
        return pd.concat(frames).sort_values("row", kind="stable", ignore_index=True)


@dataclass(frozen=True)
class TransformedSplit:
    """A split whose texts a transform has changed: same rows, same ids; labels move along."""

    split: Split
    perturbed: PerturbedRows

    def summary(self) -> dict[str, Any]:
        """Return counts and shares over the rows (see `PerturbedRows.summary`)."""
        return self.perturbed.summary()

    def take(self, rows: Sequence[int]) -> TransformedSplit:
        """Return some rows, in the order given."""
        return TransformedSplit(self.split.take(rows), self.perturbed.take(rows))

    @classmethod
    def concatenate(cls, parts: Sequence[TransformedSplit]) -> TransformedSplit:
        """Join rows of one split in order."""
        first = parts[0].split
        table = pa.concat_tables([part.split.table for part in parts])
        joined = Split(first.name, table, first.task)
        return cls(joined, PerturbedRows.concatenate(part.perturbed for part in parts))


def change_rows(
    split: Split,
    transforms: Transforms,
    *,
    severity: int | None,
    seed: int,
    copy: int = 0,
    scope: Scope = _ALL_TEXTS,
    workers: int = 1,
) -> TransformedSplit:
    """Change the texts of rows that `scope` names, and move the labels that point into them.

    The other parameters are those of `perturb`; ids key the draws, and where a row has several
    texts, the names of their columns too.

    Raises
    ------
    UsageError
        If the rows have none of the texts that are named.
    """
    values, perturbed = change_values(
        values_of(split),
        split.ids,
        split.task,
        transforms,
        severity=severity,
        seed=seed,
        copy=copy,
        scope=scope,
        workers=workers,
    )
    return TransformedSplit(with_values(split, values), perturbed)


def change_values(
    values: Values,
    ids: Sequence[str],
    task: Task,
    transforms: Transforms,
    *,
    severity: int | None,
    seed: int,
    copy: int = 0,
    scope: Scope = _ALL_TEXTS,
    workers: int = 1,
) -> tuple[Values, PerturbedRows]:
    """Change the texts in `values`; return the columns that changed, and what became of each row.

    See `change_rows`.
    """
    several = len(task.text_columns) > 1
    changed: dict[str, Sequence[Any]] = {}
    outcomes: dict[str, PerturbedBatch] = {}
    for field in fields_of(task, values, scope):
        closed = scope.spans == "protect"
        spans = field.spans(values, closed=closed)
        made = perturb(
            field.texts(values),
            transforms,
            severity=severity,
            seed=seed,
            ids=ids,
            copy=copy,
            field=field.column if several else "",
            protect=spans if closed else None,
            follow=None if closed else spans,
            workers=workers,
        )
        written, outcomes[field.column] = field.written(values, made)
        changed |= written
    return changed, PerturbedRows(outcomes)

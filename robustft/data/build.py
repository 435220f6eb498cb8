"""Building transformed test sets and augmented training sets, with every edit on record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import regex

from robustft.data.change import PerturbedRows, TransformedSplit, change_rows
from robustft.data.dataset import load_dataset
from robustft.data.fields import Scope
from robustft.data.split import ID, Split
from robustft.errors import LabelKindError, UsageError
from robustft.seeding import fold_in
from robustft.transform.base import LabelKind, Transform
from robustft.transform.compose import SomeOf, leaves
from robustft.transform.constraints import Constraint
from robustft.transform.perturbed import Perturbed, Status
from robustft.transform.registry import (
    DEFAULT_TRANSFORMS,
    Transforms,
    bind,
    build,
    constraints_of,
)

__all__ = [
    "Augmented",
    "TransformedSplit",
    "augment",
    "augment_split",
    "check_label_kind",
    "members_of",
    "replacement_words",
    "settle_transforms",
    "stream_seed",
    "transform_split",
]

MOST_COPIES = 20
_WORD = regex.compile(r"\p{L}+(?:['\u2019]\p{L}+)*")
_ALL_TEXTS = Scope()


@dataclass(frozen=True)
class Augmented:
    """Changed copies of training rows.

    Attributes
    ----------
    split : the new rows alone, with the source's columns, ``source_id`` and ``copy``.
    perturbed : what changed in each of them.
    shortfall : why there are fewer rows than wanted; None if there are not.
    remarks : what to know of the labels: that their kind was not checked, or the check overruled.
    """

    split: Split
    perturbed: PerturbedRows
    shortfall: str | None
    remarks: tuple[str, ...] = ()

    @property
    def replacement_words(self) -> frozenset[str]:
        """The words, in lower case, that the edits brought in."""
        return replacement_words(text for _, text in self.perturbed.texts())

    def to_pandas(self) -> Any:
        """Return the new rows as a `pandas.DataFrame`."""
        return self.split.table.to_pandas()


def members_of(transforms: Transforms) -> list[Transform]:
    """Return the single transforms of a chain, in order."""
    return [leaf for _, leaf, _ in leaves(build(transforms), np.zeros(0, np.uint64))]


def check_label_kind(
    transforms: Transforms, kind: LabelKind | None, *, force: bool = False
) -> str | None:
    """Refuse transforms that do not keep the kind of label that the data carries.

    Returns
    -------
    A remark to show and record: that the kind is unknown, or that the check was overruled.

    Raises
    ------
    LabelKindError
        If a transform does not keep `kind`, unless `force`.
    """
    if kind is None:
        return "label kind not checked: name it with --label-kind"
    breaking = [t for t in members_of(transforms) if not _keeps(t, kind)]
    if not breaking:
        return None
    kept = "; ".join(
        f"{t.name}, which keeps {', '.join(sorted(t.preserves)) or 'no kind that it knows of'}"
        for t in breaking
    )
    message = f"label kind {kind.value}: expected transforms that keep it, got {kept}"
    if not force:
        raise LabelKindError(
            f"{message} (robustft list shows what each keeps); --force goes on all the same"
        )
    return f"forced: {message}"


def settle_transforms(
    transforms: Transforms | None, kind: LabelKind | None, *, force: bool = False
) -> tuple[Transforms, list[str]]:
    """Return the transforms to use, checked against the kind of label, and what to say of that.

    Where none are named, these are those of the default that keep the labels.

    Raises
    ------
    LabelKindError
        As `check_label_kind`; also if no transform of the default keeps the labels.
    """
    if transforms is None:
        names = [t.name for t in members_of(DEFAULT_TRANSFORMS) if _keeps(t, kind)]
        transforms = ",".join(names) or DEFAULT_TRANSFORMS
        if transforms != DEFAULT_TRANSFORMS:
            said = f"transforms: {transforms}, those of {DEFAULT_TRANSFORMS} that keep {kind}"
            return transforms, [said]
    remark = check_label_kind(transforms, kind, force=force)
    return transforms, [remark] if remark else []


def _keeps(transform: Transform, kind: LabelKind | None) -> bool:
    return kind is None or kind in transform.preserves


def replacement_words(perturbed: Iterable[Perturbed]) -> frozenset[str]:
    """Return the words, in lower case, that edits brought in and that they did not take out."""
    found: set[str] = set()
    for row in perturbed:
        for edit in row.edits:
            removed = set(_WORD.findall(row.original[edit.start : edit.end].lower()))
            found.update(w for w in _WORD.findall(edit.replacement.lower()) if w not in removed)
    return frozenset(found)


def stream_seed(seed: int, stream: str) -> int:
    """Return the seed of a stream, so that training and test sets never share a draw."""
    return fold_in(seed, "stream", stream)


def transform_split(
    split: Split,
    transforms: Transforms,
    *,
    severity: int | None = None,
    seed: int = 0,
    stream: str = "test",
    scope: Scope = _ALL_TEXTS,
    workers: int = 1,
) -> TransformedSplit:
    """Change the texts of a split; no row is dropped, merged or moved.

    Parameters
    ----------
    split
        The rows; their ids key the draws.
    transforms
        A chain of transforms, in order.
    severity
        For the transforms that set no rate themselves.
    seed, stream
        What the draws are keyed by, besides the ids.
    scope
        Which texts of a row may change.
    workers
        Processes; the result does not depend on it.
    """
    seed = stream_seed(seed, stream)
    return change_rows(
        split, transforms, severity=severity, seed=seed, scope=scope, workers=workers
    )


def augment_split(
    split: Split,
    transforms: Transforms,
    n: int,
    *,
    severity: int | None = None,
    seed: int = 0,
    stream: str = "train",
    scope: Scope = _ALL_TEXTS,
    workers: int = 1,
) -> Augmented:
    """Make `n` changed, distinct copies of the rows of a split.

    Candidates are (row, copy): all rows in keyed order, then all again for a second copy, up to
    20. Each text is given to a random non-empty subset of the transforms. Rows that stay as they
    are, equal a source or equal each other are passed over, and the first `n` that are left are
    taken.

    Raises
    ------
    UsageError
        If `n` is not positive.
    """
    if n < 1:
        raise UsageError(f"augment: expected at least one row, got {n}")
    chooser = bind(SomeOf(members_of(transforms)), constraints_of(transforms))
    seed = stream_seed(seed, stream)
    taken: list[TransformedSplit] = []
    copies: list[int] = []
    seen = set(split.rows_of_texts)
    for copy, candidates in _candidates(split.ids, n, seed):
        made = change_rows(
            split.take(candidates),
            chooser,
            severity=severity,
            seed=seed,
            copy=copy,
            scope=scope,
            workers=workers,
        )
        fresh = _fresh(made, seen, n - len(copies))
        taken.append(made.take(fresh))
        copies += [copy] * len(fresh)
        if len(copies) == n:
            break
    joined = TransformedSplit.concatenate(taken)
    return Augmented(
        _copied(joined.split, copies), joined.perturbed, _shortfall(n, len(copies), len(split))
    )


def augment(
    data: Any,
    n: int,
    transforms: Transforms | None = None,
    *,
    severity: int | None = None,
    seed: int = 0,
    sides: str = "both",
    spans: str = "protect",
    constraints: Sequence[Constraint] = (),
    workers: int = 1,
    force: bool = False,
    **columns: Any,
) -> Augmented:
    """Make `n` changed copies of the training rows of a data set.

    Parameters
    ----------
    data
        Whatever `load_dataset` takes: a path, a hub name, a data frame, ``"demo"``.
    n
        How many rows to make.
    transforms, severity, seed, workers
        As in `perturb`; each text is given to a random non-empty subset of the transforms. None:
        those of ``typos,synonyms,contractions`` that keep the data's kind of label.
    sides, spans
        Which text of a pair may change, and whether answers are protected or follow the edits:
        see `robustft.data.fields.Scope`.
    constraints
        What edits and texts must satisfy; see `robustft.transform.constraints`.
    force
        Go on although a transform does not keep the data's kind of label.
    columns
        Passed on to `load_dataset`: ``text_column``, ``label_column``, ``label_kind`` and so on.

    Raises
    ------
    LabelKindError
        If a transform does not keep the data's kind of label.
    """
    scope = Scope(sides=sides, spans=spans)
    dataset = load_dataset(data, seed=seed, **columns)
    transforms, remarks = settle_transforms(transforms, dataset.task.label_kind, force=force)
    transforms = bind(transforms, constraints)
    made = augment_split(
        dataset.train, transforms, n, severity=severity, seed=seed, scope=scope, workers=workers
    )
    return replace(made, remarks=tuple(remarks))


def _candidates(ids: Sequence[str], n: int, seed: int) -> Iterator[tuple[int, list[int]]]:
    """Yield (copy, rows) in keyed order, in portions of about what is still needed."""
    portion = max(256, n + n // 8)
    for copy in range(1, MOST_COPIES + 1):
        order = sorted(range(len(ids)), key=lambda i: fold_in(seed, "candidate", ids[i], copy))
        for start in range(0, len(order), portion):
            yield copy, order[start : start + portion]


def _fresh(made: TransformedSplit, seen: set[tuple[str, ...]], wanted: int) -> list[int]:
    """Return the first `wanted` rows that are changed and new; remember their texts."""
    fresh: list[int] = []
    rows = zip(made.perturbed.status, made.split.rows_of_texts, strict=True)
    for i, (status, texts) in enumerate(rows):
        if len(fresh) == wanted:
            break
        if status is Status.CHANGED and texts not in seen:
            seen.add(texts)
            fresh.append(i)
    return fresh


def _copied(split: Split, copies: list[int]) -> Split:
    """Return changed rows with new ids, and where they come from."""
    sources, table = split.ids, split.table
    ids = [f"{source}+{copy}" for source, copy in zip(sources, copies, strict=True)]
    table = table.set_column(table.column_names.index(ID), ID, pa.array(ids, pa.string()))
    for name, values in (
        ("source_id", pa.array(sources, pa.string())),
        ("copy", pa.array(copies, pa.int64())),
    ):
        if name in table.column_names:
            table = table.drop_columns([name])
        table = table.append_column(name, values)
    return Split(name=split.name, table=table, task=split.task)


def _shortfall(wanted: int, got: int, sources: int) -> str | None:
    if got == wanted:
        return None
    return (
        f"{got} of {wanted} augmented rows: {MOST_COPIES} copies of each of {sources} sources gave "
        "no more texts that differ from their source and from each other"
    )

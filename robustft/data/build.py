"""Building transformed test sets and augmented training sets, with every edit on record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import regex

from robustft.data.dataset import load_dataset
from robustft.data.split import Split
from robustft.data.task import Task, TaskType
from robustft.errors import LabelKindError, UsageError
from robustft.seeding import fold_in
from robustft.transform.base import LabelKind, Transform
from robustft.transform.compose import SomeOf, leaves
from robustft.transform.engine import perturb
from robustft.transform.perturbed import PerturbedBatch, Status
from robustft.transform.registry import DEFAULT_TRANSFORMS, Transforms, build

__all__ = [
    "Augmented",
    "TransformedSplit",
    "augment",
    "augment_split",
    "check_label_kind",
    "check_single_texts",
    "replacement_words",
    "transform_split",
]

MOST_COPIES = 20
_WORD = regex.compile(r"\p{L}+(?:['\u2019]\p{L}+)*")


@dataclass(frozen=True)
class TransformedSplit:
    """A split whose texts a transform has changed: same rows, same ids, same labels."""

    split: Split
    perturbed: PerturbedBatch

    def summary(self) -> dict[str, Any]:
        """Return counts and shares over the rows (see `PerturbedBatch.summary`)."""
        return self.perturbed.summary()


@dataclass(frozen=True)
class Augmented:
    """Changed copies of training rows.

    Attributes
    ----------
    split : the new rows alone, with the source's columns, ``source_id`` and ``copy``.
    perturbed : what changed in each of them.
    shortfall : why there are fewer rows than wanted; None if there are not.
    """

    split: Split
    perturbed: PerturbedBatch
    shortfall: str | None

    @property
    def replacement_words(self) -> frozenset[str]:
        """The words, in lower case, that the edits brought in."""
        return replacement_words(self.perturbed)

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
    breaking = [t for t in members_of(transforms) if kind not in t.preserves]
    if not breaking:
        return None
    kept = "; ".join(
        f"{t.name}, which keeps {', '.join(sorted(t.preserves)) or 'no kind that it knows of'}"
        for t in breaking
    )
    message = f"label kind {kind.value}: expected transforms that keep it, got {kept}"
    if not force:
        raise LabelKindError(f"{message}; --force goes on all the same")
    return f"forced: {message}"


def check_single_texts(task: Task, what: str) -> None:
    """Refuse to change the texts of a task whose rows are two texts.

    Raises
    ------
    UsageError
        They are; `what` heads the message.
    """
    if task.pair_column is None:
        return
    rows = "questions" if task.type is TaskType.QUESTION_ANSWERING else "pairs"
    raise UsageError(
        f"{what}: expected one text a row, got {rows} ({' and '.join(task.text_columns)}); "
        "changing the texts of pairs is not supported yet (name one column with --text-column to "
        "change that alone)"
    )


def replacement_words(perturbed: Iterable[Any]) -> frozenset[str]:
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
    workers
        Processes; the result does not depend on it.
    """
    perturbed = perturb(
        split.texts,
        transforms,
        severity=severity,
        seed=stream_seed(seed, stream),
        ids=split.ids,
        workers=workers,
    )
    return TransformedSplit(split.with_texts(perturbed.texts), perturbed)


def augment_split(
    split: Split,
    transforms: Transforms,
    n: int,
    *,
    severity: int | None = None,
    seed: int = 0,
    stream: str = "train",
    workers: int = 1,
) -> Augmented:
    """Make `n` changed, distinct copies of the rows of a split.

    Candidates are (row, copy): all rows in keyed order, then all again for a second copy, up to
    20. Each is given to a random non-empty subset of the transforms. Texts that stay as they are,
    equal a source or equal each other are passed over, and the first `n` that are left are taken.

    Raises
    ------
    UsageError
        If `n` is not positive.
    """
    if n < 1:
        raise UsageError(f"augment: expected at least one row, got {n}")
    chooser = SomeOf(members_of(transforms))
    seed = stream_seed(seed, stream)
    texts, ids = split.texts, split.ids
    taken: list[PerturbedBatch] = []
    rows: list[int] = []
    seen = set(texts)
    for copy, candidates in _candidates(ids, n, seed):
        made = perturb(
            [texts[i] for i in candidates],
            chooser,
            severity=severity,
            seed=seed,
            ids=[ids[i] for i in candidates],
            copy=copy,
            workers=workers,
        )
        fresh = _fresh(made, seen, n - len(rows))
        taken.append(made.take(fresh))
        rows += [candidates[i] for i in fresh]
        if len(rows) == n:
            break
    copies = [part.copy for part in taken for _ in range(len(part))]
    return Augmented(
        _copied(split, rows, copies, [t for part in taken for t in part.texts]),
        PerturbedBatch.concatenate(taken),
        _shortfall(n, len(rows), len(split)),
    )


def augment(
    data: Any,
    n: int,
    transforms: Transforms = DEFAULT_TRANSFORMS,
    *,
    severity: int | None = None,
    seed: int = 0,
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
        As in `perturb`; each row is given to a random non-empty subset of the transforms.
    force
        Go on although a transform does not keep the data's kind of label.
    columns
        Passed on to `load_dataset`: ``text_column``, ``label_column``, ``label_kind`` and so on.

    Raises
    ------
    LabelKindError
        If a transform does not keep the data's kind of label.
    """
    dataset = load_dataset(data, seed=seed, **columns)
    check_single_texts(dataset.task, "augment")
    check_label_kind(transforms, dataset.task.label_kind, force=force)
    return augment_split(
        dataset.train, transforms, n, severity=severity, seed=seed, workers=workers
    )


def _candidates(ids: Sequence[str], n: int, seed: int) -> Iterator[tuple[int, list[int]]]:
    """Yield (copy, rows) in keyed order, in portions of about what is still needed."""
    portion = max(256, n + n // 8)
    for copy in range(1, MOST_COPIES + 1):
        order = sorted(range(len(ids)), key=lambda i: fold_in(seed, "candidate", ids[i], copy))
        for start in range(0, len(order), portion):
            yield copy, order[start : start + portion]


def _fresh(made: PerturbedBatch, seen: set[str], wanted: int) -> list[int]:
    """Return the first `wanted` rows that are changed and new; remember their texts."""
    fresh: list[int] = []
    for i, (status, text) in enumerate(zip(made.status, made.texts, strict=True)):
        if len(fresh) == wanted:
            break
        if status is Status.CHANGED and text not in seen:
            seen.add(text)
            fresh.append(i)
    return fresh


def _copied(split: Split, rows: list[int], copies: list[int], texts: list[str]) -> Split:
    """Return the source rows with new texts and ids, and where they come from."""
    copied = split.take(rows).with_texts(texts)
    source_ids = copied.ids
    new_ids = [f"{source}+{copy}" for source, copy in zip(source_ids, copies, strict=True)]
    table = copied.table.set_column(
        copied.table.column_names.index("id"), "id", pa.array(new_ids, pa.string())
    )
    for name, values in (
        ("source_id", pa.array(source_ids, pa.string())),
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

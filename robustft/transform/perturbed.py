"""What the engine gives back: for each text its outcome, the edits that made it, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from robustft.errors import TransformError
from robustft.text.edits import Edit, apply, compose, make_edit, map_span, simplify

__all__ = ["Perturbed", "PerturbedBatch", "Status", "Step"]


class Status(StrEnum):
    """What became of a text."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


class Step(NamedTuple):
    """One transform's edits, over the text that it was given."""

    transform: str
    edits: tuple[Edit, ...]


class Perturbed(NamedTuple):
    """One text, before and after."""

    source_id: str
    copy: int
    original: str
    text: str
    steps: tuple[Step, ...]
    status: Status
    reason: str
    """Why a text is unchanged or rejected; empty if it changed."""

    @property
    def edits(self) -> list[Edit]:
        """All steps as one list of edits over the original; those that cancel out are left out."""
        joined: list[Edit] = []
        for step in self.steps:
            joined = compose(joined, step.edits)
        return simplify(self.original, joined) if len(self.steps) > 1 else joined

    def map_span(self, start: int, end: int) -> tuple[int, int] | None:
        """Follow a span of the original into `text`; None where an edit reaches over its ends."""
        span: tuple[int, int] | None = (start, end)
        for step in self.steps:
            span = map_span(step.edits, *span) if span else None
        return span

    def replay(self, source: str) -> str:
        """Apply the recorded steps to `source`.

        Raises
        ------
        TransformError
            If `source` is not the text that the steps were made for.
        """
        if source != self.original:
            raise TransformError(f"replay of {self.source_id!r}: expected its original, got other")
        for step in self.steps:
            source = apply(source, step.edits)
        return source


class PerturbedBatch(Sequence[Perturbed]):
    """The outcomes for many texts, as columns; an item is one `Perturbed`.

    Attributes
    ----------
    ids, originals, texts : lists of str, one entry a row.
    copy : the number of the copy, 0 for a test set.
    status, reasons : for each row, its outcome and why.
    words, target, eligible, changed : int64 arrays, shape ``(n,)``: the words of the original,
        and, summed over the steps, the units that should change, that could, and that did.
    skips : how often a drawn unit was passed over, by ``transform: reason``.
    """

    def __init__(
        self,
        *,
        ids: list[str],
        originals: list[str],
        texts: list[str],
        copy: int,
        steps: list[tuple[Step, ...]] | Callable[[], list[tuple[Step, ...]]],
        reasons: list[str],
        rejected: npt.NDArray[np.bool_],
        counts: npt.NDArray[np.int64],
        skips: Counter[str],
    ) -> None:
        self.ids, self.originals, self.texts, self.copy = ids, originals, texts, copy
        self._steps, self.reasons, self.skips = steps, reasons, skips
        self._rejected, self._counts = rejected, counts
        self.words, self.target, self.eligible, self.changed = counts
        self.status = [
            Status.CHANGED if not reason else Status.REJECTED if lost else Status.UNCHANGED
            for reason, lost in zip(reasons, rejected.tolist(), strict=True)
        ]

    @property
    def steps(self) -> list[tuple[Step, ...]]:
        """For each row, its steps; those that other processes made are put together when asked."""
        if callable(self._steps):
            self._steps = self._steps()
        return self._steps

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle columns of edits: between processes they take a third of the time of objects."""
        columns = (self.ids, self.originals, self.texts, self.copy, self.reasons)
        packed = _packed(self.steps)
        return _unpickled, (*columns, packed, self._rejected, self._counts, self.skips)

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, index: int) -> Perturbed: ...
    @overload
    def __getitem__(self, index: slice) -> list[Perturbed]: ...
    def __getitem__(self, index: int | slice) -> Perturbed | list[Perturbed]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        return Perturbed(
            self.ids[index],
            self.copy,
            self.originals[index],
            self.texts[index],
            self.steps[index],
            self.status[index],
            self.reasons[index],
        )

    def __iter__(self) -> Iterator[Perturbed]:
        return (self[i] for i in range(len(self)))

    def taken_back(self, reasons: Mapping[int, str], *, rejected: bool) -> PerturbedBatch:
        """Return the batch with some rows as they were, and why; `rejected` or unchanged."""
        if not reasons:
            return self
        rows = list(reasons)
        texts, steps, why = list(self.texts), list(self.steps), list(self.reasons)
        lost, counts = self._rejected.copy(), self._counts.copy()
        for row in rows:
            texts[row], steps[row], why[row] = self.originals[row], (), reasons[row]
        lost[rows] = rejected
        counts[-1, rows] = 0
        return PerturbedBatch(
            ids=self.ids,
            originals=self.originals,
            texts=texts,
            copy=self.copy,
            steps=steps,
            reasons=why,
            rejected=lost,
            counts=counts,
            skips=self.skips,
        )

    def take(self, indices: Sequence[int]) -> PerturbedBatch:
        """Return the rows at `indices`, in that order; `skips` stays that of the whole."""
        rows = np.asarray(indices, np.int64)
        return PerturbedBatch(
            ids=[self.ids[i] for i in rows],
            originals=[self.originals[i] for i in rows],
            texts=[self.texts[i] for i in rows],
            copy=self.copy,
            steps=[self.steps[i] for i in rows],
            reasons=[self.reasons[i] for i in rows],
            rejected=self._rejected[rows],
            counts=self._counts[:, rows],
            skips=self.skips,
        )

    @classmethod
    def concatenate(cls, parts: Iterable[PerturbedBatch]) -> PerturbedBatch:
        """Join batches in order."""
        parts = list(parts)
        skips: Counter[str] = Counter()
        for part in parts:
            skips.update(part.skips)
        return cls(
            ids=[x for p in parts for x in p.ids],
            originals=[x for p in parts for x in p.originals],
            texts=[x for p in parts for x in p.texts],
            copy=parts[0].copy if parts else 0,
            steps=lambda: [x for p in parts for x in p.steps],
            reasons=[x for p in parts for x in p.reasons],
            rejected=np.concatenate([p._rejected for p in parts] or [np.zeros(0, np.bool_)]),
            counts=np.concatenate([p._counts for p in parts] or [np.zeros((4, 0), np.int64)], 1),
            skips=skips,
        )

    def summary(self) -> dict[str, Any]:
        """Return counts over the rows: outcomes, words, and shares of the words that changed."""
        words = max(int(self.words.sum()), 1)
        outcomes = Counter(self.status)
        return {
            "rows": len(self),
            **{status.value: outcomes[status] for status in Status},
            "words": int(self.words.sum()),
            "target_share": float(self.target.sum()) / words,
            "eligible_share": float(self.eligible.sum()) / words,
            "changed_share": float(self.changed.sum()) / words,
            "skips": dict(self.skips.most_common()),
        }

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with one row a text."""
        import pandas as pd

        return pd.DataFrame(
            {
                "id": self.ids,
                "original": self.originals,
                "text": self.texts,
                "status": [s.value for s in self.status],
                "reason": self.reasons,
                "edits": [[tuple(e) for e in row.edits] for row in self],
                "words": self.words,
                "target": self.target,
                "eligible": self.eligible,
                "changed": self.changed,
            }
        )


class _PackedSteps(NamedTuple):
    """All steps of some rows, by column."""

    steps: npt.NDArray[np.int32]
    """How many each row has."""
    names: list[str]
    """The transform of each step."""
    edits: npt.NDArray[np.int32]
    """How many edits each step has."""
    spans: npt.NDArray[np.int64]
    """Start and end of each edit, shape ``(2, n)``."""
    replacements: tuple[str, ...]
    transforms: tuple[tuple[str, ...], ...]


def _packed(rows: Sequence[tuple[Step, ...]]) -> _PackedSteps:
    steps = [step for row in rows for step in row]
    edits = [edit for step in steps for edit in step.edits]
    starts, ends, replacements, transforms = zip(*edits, strict=True) if edits else ((),) * 4
    return _PackedSteps(
        np.fromiter(map(len, rows), np.int32, len(rows)),
        [step.transform for step in steps],
        np.fromiter((len(step.edits) for step in steps), np.int32, len(steps)),
        np.array([starts, ends], np.int64),
        replacements,
        transforms,
    )


def _unpacked(packed: _PackedSteps) -> list[tuple[Step, ...]]:
    starts, ends = packed.spans.tolist()
    columns = zip(starts, ends, packed.replacements, packed.transforms, strict=True)
    edits = list(map(make_edit, columns))
    last = np.cumsum(packed.edits).tolist()
    bounds = zip(packed.names, [0, *last], last, strict=False)
    steps = [Step(name, tuple(edits[low:high])) for name, low, high in bounds]
    last = np.cumsum(packed.steps).tolist()
    return [tuple(steps[low:high]) for low, high in zip([0, *last], last, strict=False)]


def _unpickled(
    ids: list[str],
    originals: list[str],
    texts: list[str],
    copy: int,
    reasons: list[str],
    packed: _PackedSteps,
    rejected: npt.NDArray[np.bool_],
    counts: npt.NDArray[np.int64],
    skips: Counter[str],
) -> PerturbedBatch:
    return PerturbedBatch(
        ids=ids,
        originals=originals,
        texts=texts,
        copy=copy,
        steps=partial(_unpacked, packed),
        reasons=reasons,
        rejected=rejected,
        counts=counts,
        skips=skips,
    )

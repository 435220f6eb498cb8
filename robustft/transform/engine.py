"""The engine: draws what changes, lets the transforms change it, records every edit.

Nothing here depends on the order of the rows, the size of a batch or the number of processes:
every draw comes from a key folded from (seed, example id, copy) and the transform's place.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial

import numpy as np
import numpy.typing as npt

from robustft.errors import UsageError
from robustft.scale import map_ordered
from robustft.seeding import fold_in, mix
from robustft.text.document import Batch
from robustft.text.edits import apply, map_span
from robustft.text.identity import content_ids
from robustft.transform.base import Transform
from robustft.transform.checks import Checks
from robustft.transform.compose import Composite, leaves
from robustft.transform.constraints import Constraint
from robustft.transform.perturbed import PerturbedBatch, Step
from robustft.transform.protection import Mark
from robustft.transform.registry import Transforms, bind, build, constraints_of
from robustft.transform.step import run_step

__all__ = ["perturb"]

# Large enough to share numpy's call overhead, small enough to stay in the processor's cache.
BATCH_SIZE = 256

Spans = Sequence[Sequence[tuple[int, int]]]
Marks = Sequence[Sequence[Mark]]


def perturb(
    texts: Iterable[str],
    transforms: Transforms = "typos,synonyms,contractions",
    *,
    severity: int | None = None,
    seed: int = 0,
    ids: Iterable[str] | None = None,
    copy: int = 0,
    field: str = "",
    protect: Spans | None = None,
    follow: Spans | None = None,
    constraints: Sequence[Constraint] = (),
    workers: int = 1,
) -> PerturbedBatch:
    """Change texts while keeping what their labels say.

    Parameters
    ----------
    texts
        Strings: a list, a pandas or polars column, a column of a `datasets.Dataset`.
    transforms
        Specs (``"typos,synonyms:rate=0.2"``), transforms, composites or plain functions; several
        act in order, each on what the one before it left.
    severity
        0 (identity) to 5, for the transforms that set no rate or severity themselves; default 3.
    seed
        Same seed, same bytes.
    ids
        One id a text, by which its draws are keyed; by default a hash of its content, with an
        ordinal among duplicates.
    copy
        The number of the copy: other copies of the same text get other draws.
    field
        What to call these texts where a row has several, such as ``"premise"``: each field of a
        row has draws of its own.
    protect
        For each text, spans ``(start, end)`` that must not change. A text that loses one all the
        same is rejected: it comes back as it was.
    follow
        For each text, spans that may change within, but over whose ends no edit reaches;
        `Perturbed.map_span` tells where they are then.
    constraints
        What edits and texts must satisfy, over the whole chain; see
        `robustft.transform.constraints`.
    workers
        Processes to use; the result does not depend on it.

    Returns
    -------
    A sequence of `Perturbed`, one for each text, in order.

    Raises
    ------
    SpecError
        If a transform is unknown or a setting cannot be used.
    UsageError
        If texts, ids and spans differ in length, or a text is no string.
    TransformError
        If a transform breaks its contract.

    Examples
    --------
    >>> result = perturb(["I don't like it."], "contractions:mode=expand,rate=1.0")
    >>> result[0].text
    'I do not like it.'
    >>> result[0].edits
    [Edit(start=2, end=7, replacement='do not', transforms=('contractions',))]
    """
    rows = _check_texts(texts)
    row_ids = content_ids(rows) if ids is None else [str(i) for i in ids]
    for name, given in (("ids", row_ids), ("protect", protect), ("follow", follow)):
        if given is not None and len(given) != len(rows):
            raise UsageError(f"perturb: expected {len(rows)} {name}, got {len(given)}")
    if workers < 1:
        raise UsageError(f"perturb: expected at least one worker, got {workers}")
    marks = _marks(rows, protect, follow)
    chunks = [
        (
            rows[i : i + BATCH_SIZE],
            row_ids[i : i + BATCH_SIZE],
            marks and marks[i : i + BATCH_SIZE],
        )
        for i in range(0, len(rows), BATCH_SIZE)
    ]
    run = partial(
        perturb_batch,
        transforms=(build if workers == 1 else portable)(bind(transforms, constraints)),
        severity=severity,
        seed=fold_in(seed, "field", field) if field else seed,
        copy=copy,
    )
    with _uncollected():
        return PerturbedBatch.concatenate(_swept(map_ordered(run, chunks, workers=workers)))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector of cycles from walking all outcomes again and again as they grow.

    There are no cycles among them, so it would find nothing, and take a fifth of the time. What a
    transform leaves in cycles is for `_swept`.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _swept(parts: Iterable[PerturbedBatch]) -> Iterator[PerturbedBatch]:
    """Yield what it is given, and collect the cycles that making each part has left."""
    for part in parts:
        yield part
        gc.collect(0)  # walks what is new alone


def _check_texts(texts: Iterable[str]) -> list[str]:
    if isinstance(texts, str):
        raise UsageError("perturb: expected a sequence of texts, got one string; put it in a list")
    rows = list(texts)
    for position, text in enumerate(rows):
        if not isinstance(text, str):
            raise UsageError(
                f"perturb: expected strings, got {type(text).__name__} at position {position}"
            )
    return rows


def _marks(
    texts: Sequence[str], protect: Spans | None, follow: Spans | None
) -> list[list[Mark]] | None:
    """Put the spans of both sorts together, text by text; empty ones mark nothing."""
    if not protect and not follow:
        return None
    marks: list[list[Mark]] = [[] for _ in texts]
    for spans, closed in ((protect, True), (follow, False)):
        for position, (text, found) in enumerate(zip(texts, spans or (), strict=False)):
            for start, end in found:
                if not 0 <= start <= end <= len(text):
                    raise UsageError(
                        f"perturb: expected spans within 0..{len(text)}, got {(start, end)} "
                        f"at position {position}"
                    )
            marks[position] += [Mark(start, end, closed) for start, end in found if start < end]
    return marks


def portable(transforms: Transforms) -> Transforms:
    """Return specs as they are (each process builds its own), anything else built and checked."""
    built = build(transforms)
    return transforms if isinstance(transforms, str) else built


@lru_cache(maxsize=8)
def _built(specs: str) -> Transform | Composite:
    """Build once what a process is given with each of its batches."""
    return build(specs)


def perturb_batch(
    chunk: tuple[Sequence[str], Sequence[str], Marks | None],
    *,
    transforms: Transforms,
    severity: int | None,
    seed: int,
    copy: int = 0,
) -> PerturbedBatch:
    """Change one batch: what `perturb` gives to a worker."""
    texts, ids, marks = chunk
    built = _built(transforms) if isinstance(transforms, str) else build(transforms)
    keys = np.fromiter((fold_in(seed, i, copy) for i in ids), np.uint64, len(ids))
    state = _State(
        list(texts), [list(found) for found in marks] if marks else None, constraints_of(built)
    )
    for path, transform, active in leaves(built, keys):
        rate = transform.rate_at(severity)
        # The transform's settings are not part of the key: a higher rate changes a superset.
        step_keys = mix(keys, fold_in(0, "step", path, transform.name))
        state.advance(transform, step_keys, active, rate)
    return state.result(list(texts), list(ids), copy)


@dataclass
class _State:
    """The texts of a batch on their way through the steps."""

    texts: list[str]
    marks: list[list[Mark]] | None
    constraints: Sequence[Constraint] = ()
    checks: Checks | None = field(init=False, default=None)
    whole: Batch | None = field(init=False)
    """All texts as one batch, while none has changed: counted first, then used by a step."""
    steps: list[list[Step]] = field(init=False)
    counts: npt.NDArray[np.int64] = field(init=False)
    lost: npt.NDArray[np.bool_] = field(init=False)
    skips: Counter[str] = field(default_factory=Counter)
    reasons: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.steps = [[] for _ in self.texts]
        self.counts = np.zeros((4, len(self.texts)), np.int64)
        self.whole = Batch(list(self.texts))
        self.counts[0] = self.whole.word_counts
        self.lost = np.zeros(len(self.texts), np.bool_)
        if self.constraints:
            self.checks = Checks(self.constraints, self.whole)
            self._close(self.checks.marks(self.whole))

    def _close(self, more: list[list[Mark]]) -> None:
        """Add marks, text by text."""
        if any(more):
            known = self.marks or [[] for _ in self.texts]
            self.marks = [old + new for old, new in zip(known, more, strict=True)]

    def advance(
        self,
        transform: Transform,
        keys: npt.NDArray[np.uint64],
        active: npt.NDArray[np.bool_],
        rate: float,
    ) -> None:
        """Run one transform on the texts that it is active on."""
        rows = np.flatnonzero(active & ~self.lost)
        if rate == 0 or not len(rows):
            return
        index = rows.tolist()
        if self.whole is not None and len(index) == len(self.texts):
            batch = self.whole
        else:
            batch = Batch([self.texts[i] for i in index])
        marks = [self.marks[i] for i in index] if self.marks else None
        checks = self.checks.for_step(index, batch.texts) if self.checks else None
        result = run_step(transform, batch, keys[rows], rate, marks, checks)
        self.counts[1:, rows] += np.stack([result.target, result.eligible, result.changed])
        for reason, times in result.skips.items():
            self.skips[f"{transform.name}: {reason}"] += times
        for position, row in enumerate(index):
            if result.edits[position]:
                self._accept(row, Step(transform.name, result.edits[position]))
            elif position in result.reasons:
                self.reasons[row] = result.reasons[position]

    def _accept(self, row: int, step: Step) -> None:
        text = apply(self.texts[row], step.edits)
        if not text.strip():
            self.lost[row], self.reasons[row] = True, f"{step.transform} left no text"
            return
        if self.marks and self.marks[row]:
            moved = [_moved(mark, step) for mark in self.marks[row]]
            if None in moved:
                self.lost[row] = True
                self.reasons[row] = f"{step.transform} would lose a protected span"
                return
            self.marks[row] = [mark for mark in moved if mark]
        if self.checks:
            new = self.checks.take(row, self.texts[row], step)
            if new:
                self.marks = self.marks or [[] for _ in self.texts]
                self.marks[row] += new
        self.texts[row] = text
        self.whole = None
        self.steps[row].append(step)

    def result(self, originals: list[str], ids: list[str], copy: int) -> PerturbedBatch:
        reasons = []
        for row, (before, after) in enumerate(zip(originals, self.texts, strict=True)):
            if self.lost[row]:
                self.texts[row] = before
                self.steps[row] = []
                self.counts[3, row] = 0
                reasons.append(self.reasons[row])
            elif before != after:
                reasons.append("")
            else:
                reasons.append(self._why_unchanged(row))
                self.steps[row] = []
        return PerturbedBatch(
            ids=ids,
            originals=originals,
            texts=self.texts,
            copy=copy,
            steps=[tuple(steps) for steps in self.steps],
            reasons=reasons,
            rejected=self.lost,
            counts=self.counts,
            skips=self.skips,
        )

    def _why_unchanged(self, row: int) -> str:
        _, target, eligible, changed = self.counts[:, row].tolist()
        if changed:
            return "the edits cancel out"
        if not eligible:
            return "nothing eligible"
        if not target:
            return "the rate asks for no change in so short a text"
        return self.reasons.get(row, "every drawn unit was passed over")


def _moved(mark: Mark, step: Step) -> Mark | None:
    """Follow a mark through a step; None where nothing is left of it."""
    span = map_span(step.edits, mark.start, mark.end)
    return None if span is None or span[0] == span[1] else Mark(*span, mark.closed)

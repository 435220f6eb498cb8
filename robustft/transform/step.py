"""One transform on one batch: rank what could change, take from the top until enough has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from robustft.errors import RobustftError, TransformError
from robustft.seeding import Draw, mix, uniform
from robustft.text.document import Batch, Document, Unit, Units
from robustft.text.edits import Edit, check, diff, simplify
from robustft.transform.base import (
    BatchedTransform,
    Level,
    Proposal,
    RewriteTransform,
    Skip,
    Transform,
)
from robustft.transform.constraints import Mark, Protection

__all__ = ["StepResult", "run_step"]

Keys = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Marks = Sequence[Iterable[Mark]]

# What is drawn from a text's key of a step: the rounding of its target, then one number a unit.
_ROUNDING, _FIRST_UNIT = 0, 1


@dataclass
class StepResult:
    """The edits of one step for each text of a batch, with what was wanted and what was possible.

    `target`, `eligible` and `changed` are int64, shape ``(n,)``, counted in units (a unit of a
    word transform is a word).
    """

    edits: list[tuple[Edit, ...]]
    target: Ints
    eligible: Ints
    changed: Ints
    skips: Counter[str] = field(default_factory=Counter)
    """How often a drawn unit was passed over, by reason."""
    reasons: dict[int, str] = field(default_factory=dict)
    """For a text that a skip left unchanged, the last reason."""

    @classmethod
    def empty(cls, size: int, target: Ints, eligible: Ints) -> StepResult:
        """Return a result in which nothing has changed yet."""
        return cls([()] * size, target, eligible, np.zeros(size, np.int64))

    def record(self, text: int, filled: _Filled) -> None:
        """Take what has been accepted for one text; without an edit, why there is none."""
        if filled.edits:
            self.edits[text] = filled.edits
            self.changed[text] = filled.done
        elif filled.reason:
            self.reasons[text] = filled.reason


class _Filled(NamedTuple):
    """What has been accepted for one text."""

    edits: tuple[Edit, ...]
    done: int
    reason: str
    """Why the last unit was passed over, or nothing."""


class _Queue(NamedTuple):
    """The candidates of all texts by rank: text number `i` has rows ``first[i] .. last[i]``.

    The columns are start and end in the text, ordinal, and the key of the unit's draw.
    """

    columns: Sequence[npt.NDArray[Any]]
    first: Ints
    last: Ints

    def portions(self, text: int, size: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield a text's candidates; the few that are needed come at little cost."""
        high = int(self.last[text])
        for start in range(int(self.first[text]), high, size):
            yield from self.rows(range(start, min(start + size, high)))

    def rows(self, rows: range) -> Iterator[tuple[int, int, int, int]]:
        """Return the candidates in some rows."""
        part = slice(rows.start, rows.stop)
        return zip(*(column[part].tolist() for column in self.columns), strict=True)


def run_step(
    transform: Transform,
    batch: Batch,
    keys: Keys,
    rate: float,
    marks: Marks | None = None,
) -> StepResult:
    """Let one transform change a batch of texts.

    Parameters
    ----------
    transform
        What to do.
    batch
        The texts.
    keys
        One key a text, uint64, shape ``(len(batch),)``; they alone decide what is drawn.
    rate
        The target share of each text's words, 0 to 1.
    marks
        For each text, what its label points at.

    Raises
    ------
    TransformError
        If the transform crashes, or returns edits outside of the text or over one another.
    """
    job = _Job(transform, batch, keys, rate, Protection(batch, transform.opens, marks))
    try:
        return job.rewrite() if isinstance(transform, RewriteTransform) else job.change_units()
    except RobustftError:
        raise
    except Exception as error:
        raise TransformError(
            f"{transform.name}: expected a transform that takes any text, got {error!r}"
        ) from error


def _check_disjoint(units: Units) -> None:
    if (units.start[1:] < units.end[:-1]).any() or (units.end < units.start).any():
        raise ValueError("units that overlap or are out of order")


@dataclass(frozen=True)
class _Job:
    """One transform, its batch, and what decides which units change."""

    transform: Transform
    batch: Batch
    keys: Keys
    rate: float
    protection: Protection

    def change_units(self) -> StepResult:
        """Rank the units of all texts at once, then fill each text's target from the top."""
        batch = self.batch
        units = found = self.transform.units(batch)
        _check_disjoint(units)
        # A unit's ordinal counts all units of its text: protection does not move the draws.
        ordinal = np.arange(len(units)) - np.searchsorted(units.text, units.text)
        allowed = np.flatnonzero(self.protection.allowed(units))
        units, ordinal = units.where(allowed), ordinal[allowed]
        eligible = np.bincount(units.text, minlength=len(batch)).astype(np.int64)
        targets = self._targets(eligible, self._whole(found))
        result = StepResult.empty(len(batch), targets, eligible)

        wanted = np.minimum(result.target, eligible)
        drawn = np.flatnonzero(wanted[units.text])
        units, ordinal = units.where(drawn), ordinal[drawn]
        rank = mix(self.keys[units.text], ordinal + _FIRST_UNIT)
        order = self._order(units, rank)
        offset = batch.starts[units.text[order]]
        columns = (
            units.start[order] - offset,
            units.end[order] - offset,
            ordinal[order],
            rank[order],
        )
        last = np.cumsum(np.bincount(units.text, minlength=len(batch)))
        queue = _Queue(columns, np.append(0, last[:-1]), last)
        if isinstance(self.transform, BatchedTransform):
            self._fill_in_rounds(self.transform, queue, wanted, result)
            return result
        for text in np.flatnonzero(wanted).tolist():
            goal = int(wanted[text])
            candidates = queue.portions(text, goal + goal // 2 + 2)
            filled = self._fill(
                Document(batch, text), candidates, goal, self.transform.replacement, result.skips
            )
            result.record(text, filled)
        return result

    def _fill_in_rounds(
        self, transform: BatchedTransform, queue: _Queue, wanted: Ints, result: StepResult
    ) -> None:
        """Fill the targets of all texts together, so that a model sees many units at once.

        The first round asks for as many units of each text as it wants; a text in which some were
        passed over asks for more in the next, twice what it lacks, then four times. What is
        asked for too much is not used: what a text becomes does not depend on the rounds.
        """
        made: dict[int, Proposal] = {}
        documents = {text: Document(self.batch, text) for text in np.flatnonzero(wanted).tolist()}
        reach, portion = queue.first.copy(), wanted.copy()
        growth = 2
        while documents:
            still = np.array(list(documents))
            stop = np.minimum(reach[still] + portion[still], queue.last[still])
            asked = [np.arange(*rows) for rows in zip(reach[still], stop, strict=True)]
            made.update(self._propose(transform, queue, np.concatenate(asked)))
            reach[still] = stop
            for text, document in list(documents.items()):
                goal, skips = int(wanted[text]), Counter[str]()
                rows = range(int(queue.first[text]), int(reach[text]))
                proposals = iter([made[row] for row in rows])
                filled = self._fill(
                    document, queue.rows(rows), goal, lambda *_, p=proposals: next(p), skips
                )
                lacking = goal - filled.done
                if lacking and reach[text] < queue.last[text]:
                    portion[text] = lacking * growth
                else:
                    result.skips += skips
                    result.record(text, filled)
                    del documents[text]
            growth *= 2

    def _propose(
        self, transform: BatchedTransform, queue: _Queue, rows: Ints
    ) -> Iterator[tuple[int, Proposal]]:
        """Ask for what the units in `rows` of the queue become, in the order of the texts."""
        text = np.searchsorted(queue.last, rows, side="right")
        start, end, _, keys = (column[rows] for column in queue.columns)
        start, end = start + self.batch.starts[text], end + self.batch.starts[text]
        order = np.argsort(start, kind="stable")
        units = Units(text[order], start[order], end[order])
        draws = [Draw(key) for key in keys[order].tolist()]
        made = transform.replacements(self.batch, units, draws)
        if len(made) != len(units):
            raise ValueError(f"{len(made)} replacements for {len(units)} units")
        return zip(rows[order].tolist(), made, strict=True)

    def _order(self, units: Units, rank: Keys) -> Ints:
        """Sort by text, then by rank; where there are weights, a heavy unit tends to come early."""
        weights = self.transform.weights(self.batch, units)
        if weights is not None:
            # An exponential variable of rate w comes first with a probability that is in
            # proportion to w. Positive floats sort as their bits do.
            rank = (-np.log1p(-uniform(rank)) / weights).view(np.uint64)
        key = (units.text.astype(np.uint64) << np.uint64(48)) | (rank >> np.uint64(16))
        order = np.argsort(key)
        if (np.diff(key[order]) == 0).any():  # a tie must not depend on the sorting method
            order = np.argsort(key, kind="stable")
        return order

    def _whole(self, units: Units) -> Ints:
        """Count, for each text, what the rate is a share of: its words, or its places.

        A transform of sentences or whole texts has few places in a text of many words; protected
        ones count too, so that protection does not move the target.
        """
        if self.transform.level in (Level.SENTENCE, Level.DOCUMENT):
            return np.bincount(units.text, minlength=len(self.batch)).astype(np.int64)
        return self.batch.word_counts

    def _targets(self, eligible: Ints, whole: Ints) -> Ints:
        """Round ``rate x whole`` up or down at random, so that its mean is exact."""
        if self.rate >= 1:
            return eligible
        share = whole * self.rate
        rounded: Ints = np.floor(share + uniform(mix(self.keys, _ROUNDING))).astype(np.int64)
        return rounded

    def _fill(
        self,
        document: Document,
        candidates: Iterable[tuple[int, int, int, int]],
        wanted: int,
        propose: Callable[[Document, Unit, Draw], Proposal],
        skips: Counter[str],
    ) -> _Filled:
        """Go through one text's units by rank until as many as wanted have changed."""
        source, names = document.text, (self.transform.name,)
        edits: list[Edit] = []
        reason, done, irregular = "", 0, False
        for start, end, ordinal, key in candidates:
            unit = Unit(start, end, source[start:end], ordinal)
            made = propose(document, unit, Draw(key))
            if isinstance(made, str):
                proposed = [Edit(start, end, made, names)]
                reason = "same text" if made == unit.text else ""
                reason = reason or (_overlap(edits, proposed) if irregular else "")
            elif isinstance(made, Skip):
                reason = made.reason
            else:
                irregular = True
                proposed, reason = self._extended(document, made, edits)
            if reason:
                skips[reason] += 1
                continue
            edits += proposed
            done += 1
            if done == wanted:
                break
        edits.sort()
        return _Filled(tuple(edits), done, reason)

    def _extended(
        self, document: Document, made: Iterable[Edit], accepted: Sequence[Edit]
    ) -> tuple[list[Edit], str]:
        """Check a change of more than its unit's span: bounds, protection, what it overlaps."""
        made = simplify(document.text, sorted(made))
        check(made, len(document.text))
        proposed = [Edit(e.start, e.end, e.replacement, (self.transform.name,)) for e in made]
        if not proposed:
            return proposed, "same text"
        if not all(self.protection.allows(document.index, edit) for edit in proposed):
            return proposed, "protected span"
        return proposed, _overlap(accepted, proposed)

    def rewrite(self) -> StepResult:
        """Rewrite whole texts; edits that would touch a protected span are dropped."""
        assert isinstance(self.transform, RewriteTransform)
        name, texts, words = self.transform.name, self.batch.texts, self.batch.word_counts
        result = StepResult.empty(len(self.batch), np.zeros_like(words), words)
        drawn = uniform(mix(self.keys, _ROUNDING)) < self.rate
        chosen = np.flatnonzero(drawn & (self.batch.ends > self.batch.starts)).tolist()
        draws = [Draw(key) for key in mix(self.keys[chosen], _FIRST_UNIT).tolist()]
        rewritten = self.transform.rewrite([texts[i] for i in chosen], draws) if chosen else []
        if len(rewritten) != len(chosen):
            raise ValueError(f"{len(rewritten)} texts for {len(chosen)}")
        result.target[chosen] = words[chosen]
        for text, after in zip(chosen, rewritten, strict=True):
            if not isinstance(after, str):
                raise TypeError(f"{type(after).__name__} in place of a text")
            proposed = diff(texts[text], after, (name,))
            kept = [edit for edit in proposed if self.protection.allows(text, edit)]
            if len(kept) < len(proposed):
                result.skips["protected span"] += len(proposed) - len(kept)
            result.edits[text] = tuple(kept)
            result.changed[text] = sum(_words_touched(texts[text], edit) for edit in kept)
            if not kept:
                result.reasons[text] = "protected span" if proposed else "same text"
        return result


def _words_touched(text: str, edit: Edit) -> int:
    """Count the words an edit replaces; an insertion counts as one."""
    return max(1, len(text[edit.start : edit.end].split()))


def _overlap(accepted: Sequence[Edit], proposed: Sequence[Edit]) -> str:
    for new in proposed:
        for old in accepted:
            if (new.start < old.end and old.start < new.end) or new.start == old.start:
                return "overlaps another edit"
    return ""

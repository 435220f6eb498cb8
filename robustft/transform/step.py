"""One transform on one batch: rank what could change, take from the top until enough has."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from robustft.errors import RobustftError, TransformError
from robustft.seeding import Draw, mix, uniform
from robustft.text.document import Batch, Document, Unit, Units
from robustft.text.edits import Edit, apply, diff, make_edit
from robustft.transform.at_once import AtOnce, change_at_once, works_at_once
from robustft.transform.base import (
    BatchedTransform,
    Level,
    Proposal,
    RewriteTransform,
    Skip,
    Transform,
)
from robustft.transform.candidates import (
    Acceptance,
    Candidate,
    Filled,
    Queue,
    first_of_text,
    order_by_text,
    overlap,
)
from robustft.transform.checks import StepChecks
from robustft.transform.protection import Mark, Protection
from robustft.transform.rounds import fill_in_rounds

__all__ = ["StepResult", "run_step"]

Keys = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Marks = Sequence[Iterable[Mark]]

# What is drawn from a text's key of a step: the rounding of its target, then one number a unit.
_ROUNDING, _FIRST_UNIT = 0, 1
# So many units more than twice those wanted are put in order, for those that are passed over.
_SPARE = 8


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

    def take(self, found: AtOnce) -> None:
        """Take what was found for many texts at once."""
        for text, edits in found.edits.items():
            self.edits[text] = edits
        self.changed += found.changed
        self.skips += found.skips
        self.reasons |= found.reasons

    def record(self, text: int, filled: Filled) -> None:
        """Take what has been accepted for one text; without an edit, why there is none."""
        if filled.edits:
            self.edits[text] = filled.edits
            self.changed[text] = filled.done
        elif filled.reason:
            self.reasons[text] = filled.reason


def run_step(
    transform: Transform,
    batch: Batch,
    keys: Keys,
    rate: float,
    marks: Marks | None = None,
    checks: StepChecks | None = None,
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
        The target share of each text's words, or of its units for transforms of sentences and
        whole texts, 0 to 1.
    marks
        For each text, what its label points at and what constraints keep.
    checks
        The constraints that ask for more than marks say.

    Raises
    ------
    TransformError
        If the transform crashes, or returns edits outside of the text or over one another.
    """
    acceptance = Acceptance(transform.name, Protection(batch, transform.opens, marks))
    job = _Job(transform, batch, keys, rate, acceptance, checks)
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


def _places(rank: Keys, weights: npt.NDArray[np.float64] | None) -> Keys:
    """Return what to sort a text's units by: where there are weights, a heavy one comes early.

    An exponential variable of rate w comes first with a probability that is in proportion to w.
    Positive floats sort as their bits do.
    """
    if weights is None:
        return rank
    places: Keys = (-np.log1p(-uniform(rank)) / weights).view(np.uint64)
    return places


@dataclass(frozen=True)
class _Job:
    """One transform, its batch, and what decides which units change."""

    transform: Transform
    batch: Batch
    keys: Keys
    rate: float
    acceptance: Acceptance
    checks: StepChecks | None

    def change_units(self) -> StepResult:
        """Rank the units of all texts at once, then fill each text's target from the top."""
        batch = self.batch
        units = found = self.transform.units(batch)
        _check_disjoint(units)
        # A unit's ordinal counts all units of its text: protection does not move the draws.
        ordinal = np.arange(len(units)) - first_of_text(units.text, len(batch))[units.text]
        allowed = np.flatnonzero(self.acceptance.protection.allowed(units))
        units, ordinal = units.where(allowed), ordinal[allowed]
        eligible = np.bincount(units.text, minlength=len(batch)).astype(np.int64)
        targets = self._targets(eligible, self._whole(found))
        result = StepResult.empty(len(batch), targets, eligible)

        wanted = np.minimum(result.target, eligible)
        judged = self.checks is not None and self.checks.judges
        if judged or isinstance(self.transform, BatchedTransform):
            queue, goals = self._queue(units, ordinal, wanted), self._goals(wanted, result)
            rounds = fill_in_rounds(
                self.transform, batch, queue, goals, self.acceptance, self.checks
            )
            for text, filled, skips in rounds:
                result.skips += skips
                result.record(text, filled)
            return result
        goals, answers = self._goals(wanted, result), {}
        if self.checks is None and works_at_once(self.transform):
            top = np.flatnonzero(self._near_top(units, ordinal, wanted))
            queue = self._queue(units.where(top), ordinal[top], wanted)
            known = change_at_once(self.transform, batch, queue, wanted, eligible)
            result.take(known)
            answers = known.answers
            goals = [(text, int(wanted[text])) for text in answers]
        if goals:
            queue = self._queue(units, ordinal, wanted)
        for text, goal in goals:
            candidates = queue.portions(text, goal + goal // 2 + 2)
            self._fill(Document(batch, text), candidates, goal, result, answers.get(text, ()))
        return result

    def _queue(self, units: Units, ordinal: Ints, wanted: Ints) -> Queue:
        """Return the units of the texts that want some, by rank."""
        drawn = np.flatnonzero(wanted[units.text])
        units, ordinal = units.where(drawn), ordinal[drawn]
        rank = mix(self.keys[units.text], ordinal + _FIRST_UNIT)
        places = _places(rank, self.transform.weights(self.batch, units))
        order = order_by_text(units.text, places, len(self.batch))
        offset = self.batch.starts[units.text[order]]
        columns = (
            units.start[order] - offset,
            units.end[order] - offset,
            ordinal[order],
            rank[order],
        )
        last = np.cumsum(np.bincount(units.text, minlength=len(self.batch)))
        return Queue(columns, np.append(0, last[:-1]), last)

    def _near_top(self, units: Units, ordinal: Ints, wanted: Ints) -> npt.NDArray[np.bool_]:
        """Tell which units are near the top of their text's rank: about twice those wanted.

        The others need not be put in order.
        """
        rank = mix(self.keys[units.text], ordinal + _FIRST_UNIT)
        weights = self.transform.weights(self.batch, units)
        place = uniform(rank) if weights is None else _places(rank, weights).view(np.float64)
        whole = np.bincount(units.text, weights, minlength=len(self.batch))
        few = (2 * wanted + _SPARE * (wanted > 0)) / np.maximum(whole, 1e-9)
        near: npt.NDArray[np.bool_] = place < few[units.text]
        return near

    def _goals(self, wanted: Ints, result: StepResult) -> list[tuple[int, int]]:
        """Return the texts in which units shall change, and how many, within the constraints."""
        texts = np.flatnonzero(wanted).tolist()
        goals = list(zip(texts, wanted[wanted > 0].tolist(), strict=True))
        if self.checks is None:
            return goals
        allowed: list[tuple[int, int]] = []
        for text, goal in goals:
            most, reason = self.checks.most(text, goal)
            if most < goal:
                result.skips[reason] += goal - most
                result.reasons[text] = reason
            if most:
                allowed.append((text, most))
        return allowed

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

    def _proposals(
        self, document: Document, candidates: Iterable[Candidate], answers: Iterable[Proposal]
    ) -> Iterator[tuple[Unit, Proposal]]:
        """Yield a text's units by rank with what each becomes; `answers` tell it of the first."""
        known, source, replacement = iter(answers), document.text, self.transform.replacement
        for start, end, ordinal, key in candidates:
            unit = Unit(start, end, source[start:end], ordinal)
            made = next(known, None)
            yield unit, replacement(document, unit, Draw(key)) if made is None else made

    def _fill(
        self,
        document: Document,
        candidates: Iterable[Candidate],
        wanted: int,
        result: StepResult,
        answers: Iterable[Proposal] = (),
    ) -> None:
        """Go through one text's units by rank until as many as wanted have changed.

        What `robustft.transform.rounds` does too, where no model has a say in it. What the first
        units become may be known: `answers`.
        """
        tally = None if self.checks is None else self.checks.tally(document.index)
        names = (self.transform.name,)
        edits: list[Edit] = []
        reason, done, irregular = "", 0, False
        for unit, made in self._proposals(document, candidates, answers):
            if isinstance(made, str):
                proposed = [make_edit((unit[0], unit[1], made, names))]
                reason = "same text" if made == unit.text else ""
                reason = reason or (overlap(edits, proposed) if irregular else "")
            elif isinstance(made, Skip):
                reason = made.reason
            else:
                if not irregular:
                    irregular = True
                    edits.sort()
                proposed, reason = self.acceptance.extended(document, made, edits)
            if tally is not None and not reason:
                reason = tally.take(unit, proposed)
            if reason:
                result.skips[reason] += 1
                continue
            if irregular:
                for edit in proposed:
                    insort(edits, edit)
            else:
                edits += proposed
            done += 1
            if done == wanted:
                break
        if edits:
            edits.sort()
            result.edits[document.index] = tuple(edits)
            result.changed[document.index] = done
        elif reason:
            result.reasons[document.index] = reason

    def rewrite(self) -> StepResult:
        """Rewrite whole texts; edits that would touch a protected span are dropped."""
        assert isinstance(self.transform, RewriteTransform)
        texts, words = self.batch.texts, self.batch.word_counts
        result = StepResult.empty(len(self.batch), np.zeros_like(words), words)
        drawn = uniform(mix(self.keys, _ROUNDING)) < self.rate
        chosen = np.flatnonzero(drawn & (self.batch.ends > self.batch.starts)).tolist()
        draws = [Draw(key) for key in mix(self.keys[chosen], _FIRST_UNIT).tolist()]
        rewritten = self.transform.rewrite([texts[i] for i in chosen], draws) if chosen else []
        if len(rewritten) != len(chosen):
            raise ValueError(f"{len(rewritten)} texts for {len(chosen)}")
        result.target[chosen] = words[chosen]
        kept: dict[int, list[Edit]] = {}
        for text, after in zip(chosen, rewritten, strict=True):
            if not isinstance(after, str):
                raise TypeError(f"{type(after).__name__} in place of a text")
            kept[text], passed = self._sifted(text, after)
            result.skips += passed
            if not kept[text]:
                result.reasons[text] = next(iter(passed), "same text")
        if self.checks is not None and self.checks.judges:
            self._drop_spoilt(kept, result)
        for text, edits in kept.items():
            result.edits[text] = tuple(edits)
            result.changed[text] = sum(_words_touched(texts[text], edit) for edit in edits)
        return result

    def _sifted(self, text: int, after: str) -> tuple[list[Edit], Counter[str]]:
        """Return the edits that make `after`, without those that cannot be, and why these not."""
        proposed = diff(self.batch.texts[text], after, (self.transform.name,))
        allows = self.acceptance.protection.allows
        kept = [edit for edit in proposed if allows(text, edit)]
        passed = Counter({"protected span": len(proposed) - len(kept)} if proposed != kept else {})
        if self.checks is not None:
            kept = self.checks.sift(text, kept, passed)
        return kept, passed

    def _drop_spoilt(self, kept: dict[int, list[Edit]], result: StepResult) -> None:
        """Take whole rewritings back that make a text what it must not be."""
        assert self.checks is not None
        changed = [text for text, edits in kept.items() if edits]
        after = [apply(self.batch.texts[text], kept[text]) for text in changed]
        for text, reason in zip(changed, self.checks.judge(changed, after), strict=True):
            if reason:
                kept[text] = []
                result.skips[reason] += 1
                result.reasons[text] = reason


def _words_touched(text: str, edit: Edit) -> int:
    """Count the words an edit replaces; an insertion counts as one."""
    return max(1, len(text[edit.start : edit.end].split()))

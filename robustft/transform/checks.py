"""The constraints of a batch of texts while a chain of transforms goes over it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from robustft.text.document import Batch, Unit
from robustft.text.edits import Edit
from robustft.transform.candidates import words_changed
from robustft.transform.constraints import (
    Constraint,
    EditConstraint,
    MaxChanged,
    NoRepeat,
    SpanConstraint,
    TextConstraint,
)
from robustft.transform.perturbed import Step
from robustft.transform.protection import Mark

__all__ = ["Checks", "StepChecks"]


class Checks:
    """What the texts of a batch may still become.

    Parameters
    ----------
    constraints
        At least one.
    batch
        The texts before the first step.
    """

    def __init__(self, constraints: Iterable[Constraint], batch: Batch) -> None:
        self.constraints = tuple(constraints)
        self.originals = batch.texts
        self.of_edits = tuple(c for c in self.constraints if isinstance(c, EditConstraint))
        self.of_texts = tuple(c for c in self.constraints if isinstance(c, TextConstraint))
        self.no_repeat = next((c for c in self.constraints if isinstance(c, NoRepeat)), None)
        self.steps: list[list[Step]] = [[] for _ in batch.texts]
        self.replaced: list[set[str]] = [set() for _ in batch.texts]
        self.shut = self._shut()
        caps = [c for c in self.constraints if isinstance(c, MaxChanged)]
        self.cap = min(caps, key=lambda c: c.share, default=None)
        share = self.cap.share if self.cap else 1.0
        # A hair more than the product, which may come out a hair below a whole number.
        self.left = np.floor(batch.word_counts * share + 1e-9).astype(np.int64)

    def _shut(self) -> dict[int, str]:
        """Return the rows that must stay as they are, and why."""
        found: dict[int, str] = {}
        for constraint in self.of_texts:
            for row in np.flatnonzero(~constraint.fits(self.originals)).tolist():
                found.setdefault(row, constraint.reason)
        return found

    def marks(self, batch: Batch) -> list[list[Mark]]:
        """Return for each text the spans of it that must stay."""
        marks: list[list[Mark]] = [[] for _ in batch.texts]
        for constraint in self.constraints:
            if isinstance(constraint, SpanConstraint):
                units = constraint.spans(batch)
                offset = batch.starts[units.text]
                spans = zip(
                    units.text.tolist(),
                    (units.start - offset).tolist(),
                    (units.end - offset).tolist(),
                    strict=True,
                )
                for text, start, end in spans:
                    marks[text].append(Mark(start, end))
        return marks

    def for_step(self, rows: Sequence[int], texts: Sequence[str]) -> StepChecks | None:
        """Return what a step on some of the texts must ask; None where marks say it all."""
        if not (self.of_edits or self.of_texts or self.cap or self.no_repeat):
            return None
        return StepChecks(self, rows, texts)

    def take(self, row: int, source: str, step: Step) -> list[Mark]:
        """Count a step that changed `source`; return the spans that it closes to later ones."""
        self.steps[row].append(step)
        if self.cap:
            self.left[row] -= sum(words_changed(source, edit) for edit in step.edits)
        if not self.no_repeat:
            return []
        self.replaced[row].update(source[e.start : e.end].casefold() for e in step.edits)
        return _places(step.edits, len(source))


@dataclass(frozen=True)
class StepChecks:
    """The same for one step: text number `i` of the step is row ``rows[i]`` of the batch."""

    checks: Checks
    rows: Sequence[int]
    texts: Sequence[str]

    @property
    def judges(self) -> bool:
        """Whether whole texts have to be looked at."""
        return bool(self.checks.of_texts)

    def most(self, text: int, wanted: int) -> tuple[int, str]:
        """Return how many units may change at most, and why it is less than wanted if it is."""
        cap = self.checks.cap
        if reason := self.checks.shut.get(self.rows[text]):
            return 0, reason
        if cap is None:
            return wanted, ""
        left = max(int(self.checks.left[self.rows[text]]), 0)
        return (wanted, "") if wanted <= left else (left, cap.reason)

    def tally(self, text: int) -> Tally:
        """Return what counts along while units of a text are accepted."""
        return Tally(self.checks, self.rows[text], self.texts[text])

    def sift(self, text: int, edits: Sequence[Edit], passed: Counter[str]) -> list[Edit]:
        """Return the edits of a rewritten text that may stay; `passed` counts why others not.

        Where all together are too many, none stays: half a rewriting is no text.
        """
        checks, row = self.checks, self.rows[text]
        if edits and (shut := checks.shut.get(row)):
            passed[shut] += 1
            return []
        kept = []
        for edit in edits:
            refusing = (
                constraint.reason
                for constraint in checks.of_edits
                if not constraint.allows(checks.originals[row], checks.steps[row], [edit])
            )
            if reason := next(refusing, ""):
                passed[reason] += 1
            else:
                kept.append(edit)
        words = sum(words_changed(self.texts[text], edit) for edit in kept)
        if checks.cap and words > checks.left[row]:
            passed[checks.cap.reason] += 1
            return []
        return kept

    def judge(self, numbers: Sequence[int], changed: Sequence[str]) -> list[str]:
        """Say for each text what is wrong with what has become of it, or nothing."""
        originals = [self.checks.originals[self.rows[number]] for number in numbers]
        said = [""] * len(numbers)
        for constraint in self.checks.of_texts:
            open_ = [i for i, reason in enumerate(said) if not reason]
            if not open_:
                break
            holds = constraint.holds([originals[i] for i in open_], [changed[i] for i in open_])
            for i, good in zip(open_, holds.tolist(), strict=True):
                said[i] = "" if good else constraint.reason
        return said


@dataclass
class Tally:
    """What has been accepted of one text in a step, as far as a constraint counts it."""

    checks: Checks
    row: int
    source: str
    words: int = 0
    replaced: set[str] = field(default_factory=set)

    def refuse(self, unit: Unit, edits: Sequence[Edit]) -> str:
        """Say why a unit's edits cannot be accepted, or nothing."""
        checks, row = self.checks, self.row
        if checks.no_repeat:
            word = unit.text.casefold()
            if word in checks.replaced[row] or word in self.replaced:
                return checks.no_repeat.reason
        for constraint in checks.of_edits:
            if not constraint.allows(checks.originals[row], checks.steps[row], edits):
                return constraint.reason
        if checks.cap and self.words + self._count(edits) > checks.left[row]:
            return checks.cap.reason
        return ""

    def take(self, unit: Unit, edits: Sequence[Edit]) -> str:
        """Count a unit, or say why its edits cannot be accepted."""
        reason = self.refuse(unit, edits)
        if not reason:
            self.add(unit, edits)
        return reason

    def add(self, unit: Unit, edits: Sequence[Edit]) -> None:
        """Count a unit that has been accepted."""
        self.words += self._count(edits)
        self.replaced.add(unit.text.casefold())

    def _count(self, edits: Sequence[Edit]) -> int:
        return sum(words_changed(self.source, edit) for edit in edits)


def _places(edits: Sequence[Edit], length: int) -> list[Mark]:
    """Return where edits of a text of some length have been, in the text that they made.

    What an edit took away leaves no place of its own: its neighbours stand for it.
    """
    marks = []
    length += sum(len(e.replacement) - (e.end - e.start) for e in edits)
    grown = 0
    for start, end, replacement, _ in edits:
        low = start + grown
        high = low + len(replacement)
        grown += len(replacement) - (end - start)
        if not replacement:
            low, high = max(low - 1, 0), min(high + 1, length)
        marks.append(Mark(low, high))
    return marks

"""Filling the targets of many texts together, round by round, where a model has a say in it.

Each text goes through its candidates on its own, in rank order, and stops where it needs to know
what some of them become, or whether the text would be good as it is so far. The questions of all
texts are put together, so that a model sees many at once. What a text becomes hangs on its own
answers alone: not on the other texts, nor on how many are asked together.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from robustft.seeding import Draw
from robustft.text.document import Batch, Document, Unit, Units
from robustft.text.edits import Edit, apply
from robustft.transform.base import BatchedTransform, Proposal, Skip, Transform
from robustft.transform.candidates import Acceptance, Filled, Queue, overlap
from robustft.transform.checks import StepChecks, Tally

__all__ = ["fill_in_rounds"]

# So many units of a text may turn out to spoil it before it is left with what it has.
_MOST_SPOILT = 10


class _Ask(NamedTuple):
    """What the candidates in these rows of the queue become."""

    rows: range


class _Judge(NamedTuple):
    """Whether the text is good like this; answered with what is wrong, or nothing."""

    text: str


class _Accepted(NamedTuple):
    row: int
    unit: Unit
    edits: list[Edit]


_Answer = list[Proposal] | str
_Course = Generator[_Ask | _Judge, _Answer, Filled]


@dataclass
class _Text:
    """One text on its way through its candidates."""

    transform: Transform
    acceptance: Acceptance
    queue: Queue
    document: Document
    rows: range
    goal: int
    checks: StepChecks | None
    made: dict[int, tuple[Unit, Proposal]] = field(default_factory=dict)
    accepted: list[_Accepted] = field(default_factory=list)
    passed: dict[int, str] = field(default_factory=dict)
    """Why the candidate in a row was passed over."""
    irregular: int | None = None
    """The first row whose proposal goes beyond its unit."""
    edits: list[Edit] = field(default_factory=list)
    """Those of the accepted units, sorted."""
    tally: Tally | None = None

    def __post_init__(self) -> None:
        self._keep(0)

    def _keep(self, count: int) -> None:
        """Go back to the first `count` units that were accepted."""
        kept = self.accepted[:count]
        self.accepted, self.edits = [], []
        self.tally = self.checks.tally(self.document.index) if self.checks else None
        for unit in kept:
            self._accept(unit)

    def _accept(self, accepted: _Accepted) -> None:
        self.accepted.append(accepted)
        for edit in accepted.edits:
            insort(self.edits, edit)
        if self.tally:
            self.tally.add(accepted.unit, accepted.edits)

    def course(self) -> _Course:
        """Accept candidates until there are as many as wanted, and the text is good with them.

        If it is not, the first that spoils it is sought by bisection (as if more edits never made
        it better), passed over, and the filling goes on from there.
        """
        position, sound, spoilt = self.rows.start, 0, 0
        while True:
            position = yield from self._fill(position)
            reason = yield from self._judge(len(self.accepted), sound)
            if not reason:
                return self._filled()
            bad = len(self.accepted)
            while bad - sound > 1:
                middle = (sound + bad) // 2
                said = yield from self._judge(middle, sound)
                sound, bad, reason = (sound, middle, said) if said else (middle, bad, reason)
            position = self.accepted[sound].row + 1
            self._keep(sound)
            self.passed = {row: why for row, why in self.passed.items() if row < position}
            self.passed[position - 1] = reason
            spoilt += 1
            if spoilt == _MOST_SPOILT:
                return self._filled()

    def _fill(self, row: int) -> Generator[_Ask, list[Proposal], int]:
        """Go on from a row until as many as wanted are accepted; return the row to go on from."""
        growth = 1
        while len(self.accepted) < self.goal and row < self.rows.stop:
            if row not in self.made:
                # What is asked for too much is kept, or never used.
                most = row + (self.goal - len(self.accepted)) * growth
                asked = range(row, min(most, self.rows.stop))
                self._take(asked, (yield _Ask(asked)))
                growth *= 2
            self._consider(row)
            row += 1
        return row

    def _take(self, asked: range, proposals: list[Proposal]) -> None:
        source, candidates = self.document.text, self.queue.rows(asked)
        answers = zip(asked, candidates, proposals, strict=True)
        for row, (start, end, ordinal, _), made in answers:
            self.made[row] = Unit(start, end, source[start:end], ordinal), made

    def _judge(self, count: int, sound: int) -> Generator[_Judge, str, str]:
        """Ask whether the text is good with the first `count` units; with `sound` it is."""
        if self.checks is None or not self.checks.judges or count == sound:
            return ""
        edits = sorted(edit for unit in self.accepted[:count] for edit in unit.edits)
        return (yield _Judge(apply(self.document.text, edits)))

    def _consider(self, row: int) -> None:
        unit, made = self.made[row]
        edits, reason = self._proposed(row, unit, made)
        if not reason and self.tally:
            reason = self.tally.refuse(unit, edits)
        if reason:
            self.passed[row] = reason
        else:
            self._accept(_Accepted(row, unit, edits))

    def _proposed(self, row: int, unit: Unit, made: Proposal) -> tuple[list[Edit], str]:
        """Return the edits that a proposal stands for, and why they cannot be, if they cannot."""
        if isinstance(made, Skip):
            return [], made.reason
        if isinstance(made, str):
            edits = [Edit(unit.start, unit.end, made, (self.transform.name,))]
            if made == unit.text:
                return edits, "same text"
            # Units do not overlap; what goes beyond a unit may.
            beyond = self.irregular is not None and self.irregular < row
            return edits, overlap(self.edits, edits) if beyond else ""
        self.irregular = row if self.irregular is None else min(row, self.irregular)
        return self.acceptance.extended(self.document, made, self.edits)

    def _filled(self) -> Filled:
        last = self.passed[max(self.passed)] if self.passed else ""
        return Filled(tuple(self.edits), len(self.accepted), last)


def fill_in_rounds(
    transform: Transform,
    batch: Batch,
    queue: Queue,
    goals: Iterable[tuple[int, int]],
    acceptance: Acceptance,
    checks: StepChecks | None,
) -> Generator[tuple[int, Filled, Counter[str]], None, None]:
    """Yield for each text of `goals` (its number, and the units wanted of it) what was accepted.

    With it comes how often units were passed over, by reason.
    """
    texts = {
        text: _Text(
            transform=transform,
            acceptance=acceptance,
            queue=queue,
            document=Document(batch, text),
            rows=range(int(queue.first[text]), int(queue.last[text])),
            goal=goal,
            checks=checks,
        )
        for text, goal in goals
    }
    courses = {number: text.course() for number, text in texts.items()}
    answers: dict[int, _Answer | None] = dict.fromkeys(courses)
    while answers:
        questions: dict[int, _Ask | _Judge] = {}
        for number, answer in answers.items():
            try:
                questions[number] = courses[number].send(answer)  # type: ignore[arg-type]
            except StopIteration as end:
                yield number, end.value, Counter(texts[number].passed.values())
        asked = {n: q.rows for n, q in questions.items() if isinstance(q, _Ask)}
        judged = {n: q.text for n, q in questions.items() if isinstance(q, _Judge)}
        answers = {}
        if asked:
            documents = {number: texts[number].document for number in asked}
            answers |= _propose(transform, batch, queue, asked, documents)
        if judged and checks is not None:
            said = checks.judge(list(judged), list(judged.values()))
            answers |= dict(zip(judged, said, strict=True))


def _propose(
    transform: Transform,
    batch: Batch,
    queue: Queue,
    asked: dict[int, range],
    documents: dict[int, Document],
) -> dict[int, list[Proposal]]:
    """Return for each text what its candidates in the rows asked for become."""
    if isinstance(transform, BatchedTransform):
        made = iter(_propose_batch(transform, batch, queue, asked))
        return {number: [next(made) for _ in rows] for number, rows in asked.items()}
    found: dict[int, list[Proposal]] = {}
    for number, rows in asked.items():
        document, found[number] = documents[number], []
        for start, end, ordinal, key in queue.rows(rows):
            unit = Unit(start, end, document.text[start:end], ordinal)
            found[number].append(transform.replacement(document, unit, Draw(key)))
    return found


def _propose_batch(
    transform: BatchedTransform, batch: Batch, queue: Queue, asked: dict[int, range]
) -> Sequence[Proposal]:
    """Ask a transform for many units at once; they come to it in the order of the texts."""
    rows = np.concatenate([np.arange(r.start, r.stop) for r in asked.values()])
    text = np.repeat(list(asked), [len(r) for r in asked.values()])
    start, end, _, keys = (column[rows] for column in queue.columns)
    start, end = start + batch.starts[text], end + batch.starts[text]
    order = np.argsort(start, kind="stable")
    units = Units(text[order], start[order], end[order])
    made = transform.replacements(batch, units, [Draw(key) for key in keys[order].tolist()])
    if len(made) != len(units):
        raise ValueError(f"{len(made)} replacements for {len(units)} units")
    place = np.argsort(order, kind="stable").tolist()
    return [made[i] for i in place]

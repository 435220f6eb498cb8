"""Many searches at once: each round asks the model one question for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.evaluation.attack.probing import search_on
from robustft.evaluation.attack.search import Ask, Found, Judge, Look, Score, SearchSettings
from robustft.evaluation.predict import Predictions
from robustft.evaluation.predictors import TextModel
from robustft.transform.constraints import TextConstraint
from robustft.transform.proposals import Proposals

__all__ = ["Goal", "Victim", "attack_rows", "holding"]

# A logit differs in its last digits with the texts that it is computed beside.
_DIGITS = 3
# Where a model is sure beyond measure, its logits say no more.
_MOST = 60.0


@dataclass(frozen=True, eq=False)
class Goal:
    """What an attack wants of each row.

    Attributes
    ----------
    targets
        The gold codes, int64; of numbers what the model says of the rows as they are, float64.
    shift
        How far a number has to move; None for classes, of which another one has to come out.
    """

    targets: npt.NDArray[Any]
    shift: float | None = None

    def scores(self, rows: npt.NDArray[np.int64], said: Predictions) -> list[Score]:
        """Return how near each output is to the goal of its row.

        For classes the damage is minus the log-odds of the gold label, for numbers the distance.
        """
        if self.shift is not None:
            moved = np.round(np.abs(said.predictions - self.targets[rows]), _DIGITS)
            return [Score(far, far >= self.shift) for far in moved.tolist()]
        gold = self.targets[rows]
        logits = np.nan_to_num(said.logits.astype(np.float64), posinf=_MOST, neginf=-_MOST)
        at = np.arange(len(rows))
        own = logits[at, gold]
        others = logits.copy()
        others[at, gold] = -np.inf
        if others.shape[1] < 2:  # one class: there is nothing else to say
            odds = np.full(len(rows), _MOST)
        else:
            top = others.max(axis=1, keepdims=True)
            rest = top[:, 0] + np.log(np.exp(others - top).sum(axis=1))
            odds = np.clip(own - rest, -_MOST, _MOST)
        wrong = said.predictions != gold
        damage = np.round(-odds, _DIGITS).tolist()
        return [Score(d, bool(w)) for d, w in zip(damage, wrong.tolist(), strict=True)]


@dataclass
class Victim:
    """A model under attack, with a clock.

    Parameters
    ----------
    before, after
        The other text of each row, where rows are pairs: what stands before the attacked text, or
        after it.
    """

    model: TextModel
    goal: Goal
    before: Sequence[str] | None = None
    after: Sequence[str] | None = None
    seconds: float = 0.0
    calls: int = 0

    def predict(self, rows: npt.NDArray[np.int64], texts: Sequence[str]) -> Predictions:
        """Return the outputs for texts, each in the place of the attacked text of a row."""
        started = time.perf_counter()
        beside = self.before if self.after is None else self.after
        others = None if beside is None else [beside[row] for row in rows.tolist()]
        if others is not None and self.after is None:
            said = self.model.predict(others, pairs=list(texts))
        else:
            said = self.model.predict(list(texts), pairs=others)
        self.seconds += time.perf_counter() - started
        self.calls += len(texts)
        return said

    def scores(self, rows: npt.NDArray[np.int64], texts: Sequence[str]) -> list[Score]:
        """Return the scores of texts in the place of the attacked text of a row."""
        return self.goal.scores(rows, self.predict(rows, texts))


def attack_rows(
    victim: Victim,
    rows: Sequence[int],
    proposals: Proposals,
    starts: Sequence[Score],
    settings: SearchSettings,
    constraints: Sequence[TextConstraint] = (),
    finished: Callable[[int], None] = lambda _: None,
) -> list[tuple[Found, int]]:
    """Search on all rows at once; return for each how it ended, and the queries it took.

    Parameters
    ----------
    rows
        Their numbers for the victim.
    proposals
        What transforms propose for their texts, in the same order.
    starts
        What the model says of the rows as they are.
    constraints
        What whole texts must satisfy.
    finished
        Told how many searches have ended since.
    """
    searches = [search_on(offer, settings, bool(constraints)) for offer in proposals.offers]
    for search, score in zip(searches, starts, strict=True):
        search.start(score)
    courses = [search.course() for search in searches]
    found: dict[int, Found] = {}
    answers: dict[int, Any] = dict.fromkeys(range(len(searches)))
    while answers:
        asked: dict[int, list[str]] = {}
        # What takes no model's time is answered first, so that all wait for the model together.
        while answers:
            questions: dict[int, Ask | Look | Judge] = {}
            for number, answer in answers.items():
                try:
                    questions[number] = courses[number].send(answer)
                except StopIteration as end:
                    found[number] = end.value
                    finished(1)
            asked |= {n: q.texts for n, q in questions.items() if isinstance(q, Ask)}
            looks = {n: q for n, q in questions.items() if isinstance(q, Look)}
            judged = {n: q.texts for n, q in questions.items() if isinstance(q, Judge)}
            answers = _looked(proposals, looks) | _judged(constraints, proposals, judged)
        answers = _scored(victim, rows, asked)
    return [(found[i], search.queries) for i, search in enumerate(searches)]


def _looked(proposals: Proposals, looks: dict[int, Look]) -> dict[int, Any]:
    answers: dict[int, Any] = {}
    for most in {look.most for look in looks.values()}:
        same = {number: look.places for number, look in looks.items() if look.most == most}
        wanted = [(number, place) for number, places in same.items() for place in places]
        made = iter(proposals.ask(wanted, most))
        answers |= {number: [next(made) for _ in places] for number, places in same.items()}
    return answers


def _judged(
    constraints: Sequence[TextConstraint], proposals: Proposals, judged: dict[int, list[str]]
) -> dict[int, Any]:
    texts = [text for found in judged.values() for text in found]
    originals = [proposals.offers[n].text for n, found in judged.items() for _ in found]
    good = iter(holding(constraints, originals, texts).tolist())
    return {number: [next(good) for _ in found] for number, found in judged.items()}


def holding(
    constraints: Sequence[TextConstraint], originals: Sequence[str], changed: Sequence[str]
) -> npt.NDArray[np.bool_]:
    """Tell which texts satisfy all constraints, each of which sees what the others let through."""
    good = np.ones(len(changed), np.bool_)
    for constraint in constraints:
        left = np.flatnonzero(good).tolist()
        if left:
            good[left] = constraint.holds([originals[i] for i in left], [changed[i] for i in left])
    return good


def _scored(
    victim: Victim, rows: Sequence[int], asked: dict[int, list[str]]
) -> dict[int, list[Score]]:
    if not asked:
        return {}
    texts = [text for found in asked.values() for text in found]
    of = np.repeat([rows[number] for number in asked], [len(found) for found in asked.values()])
    scores = iter(victim.scores(of.astype(np.int64), texts))
    return {number: [next(scores) for _ in found] for number, found in asked.items()}

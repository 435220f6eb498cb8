"""The search for a harmful set of edits, one text at a time, without ever calling a model.

A search is a generator: it yields what it needs to know, and is sent the answer. So hundreds of
them advance together, and what all want to know of a model is asked in one go (see `lockstep`).
What a search finds hangs on its own answers alone, not on the other texts.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from robustft.transform.proposals import Candidate, Offer, Place

__all__ = [
    "Ask",
    "Course",
    "Found",
    "Judge",
    "Look",
    "Score",
    "Search",
    "SearchSettings",
    "SpentError",
    "State",
    "grouped",
]

Importance: TypeAlias = Literal["proposal", "deletion", "saliency", "position"]
Method: TypeAlias = Literal["greedy", "beam"]


class Score(NamedTuple):
    """What a text does to a model.

    Attributes
    ----------
    damage
        The higher, the worse for the model; rounded, so that it can decide.
    done
        Whether the attack has reached its goal.
    """

    damage: float
    done: bool


class Ask(NamedTuple):
    """What the model says of texts; answered with a `Score` each."""

    texts: list[str]


class Look(NamedTuple):
    """What places, by number, may become; answered with a list of candidates each.

    `most` of each transform; None: all that it offers.
    """

    places: list[int]
    most: int | None = None


class Judge(NamedTuple):
    """Whether texts satisfy the constraints; answered with a bool each."""

    texts: list[str]


Course: TypeAlias = Generator[Ask | Look | Judge, Any, "Found"]


class Found(NamedTuple):
    """How a search ended: the candidates chosen, and what the text with them does."""

    chosen: tuple[Candidate, ...]
    score: Score


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """How to search.

    Parameters
    ----------
    method
        ``greedy`` goes through the places in order of their importance and keeps the most harmful
        replacement of each; ``beam`` keeps several sets of edits at a time.
    width
        How many sets a beam keeps, besides the one that the greedy search would have.
    importance
        How places are ordered: by what a first ``proposal`` for them does to the model (see
        `robustft.evaluation.attack.probing`); by what their ``deletion`` does; by ``saliency``, as
        in PWWS, deletion together with the best replacement, all of which are tried first; or by
        their ``position`` in the text, which asks the model nothing.
    budget
        How many different texts the model may be asked about for each text, the original among
        them. None: as many as it takes.
    probes
        How many places are tried at once at most: where a text has more of them, neighbours are
        changed or deleted together, and told apart when their turn comes.
    most_edits
        How many places may change; None: all.
    """

    method: Method = "greedy"
    width: int = 4
    importance: Importance = "proposal"
    budget: int | None = None
    probes: int = 24
    most_edits: int | None = None


class State(NamedTuple):
    """A set of candidates, and what the text with them does."""

    chosen: tuple[Candidate, ...]
    score: Score

    @property
    def rank(self) -> tuple[float, ...]:
        """Sorts the most harmful first; of those that reach the goal, the smallest."""
        words = sum(candidate.words for candidate in self.chosen)
        if self.score.done:
            return (0, words, -self.score.damage)
        return (1, -self.score.damage, words)


class SpentError(Exception):
    """The budget is used up: a search ends with what it has."""


@dataclass
class Search:
    """The search on one text.

    Parameters
    ----------
    offer
        Where the text may change.
    judged
        Whether there are constraints to ask about.

    Attributes
    ----------
    queries
        How many different texts the model was asked about.
    """

    offer: Offer
    settings: SearchSettings
    judged: bool = False
    queries: int = 0
    _known: dict[str, Score] = field(default_factory=dict)

    def start(self, score: Score) -> None:
        """Take what the model says of the text as it is: a query that was made."""
        self._known[self.offer.text] = score
        self.queries += 1

    def course(self) -> Course:
        """Search until the goal is reached, places are used up or the budget is."""
        self._best = State((), self._known[self.offer.text])
        try:
            if not self._best.score.done:
                yield from self._go()
        except SpentError:
            pass
        return Found(*self._best)

    def _go(self) -> Generator[Any, Any, None]:
        if self.settings.importance == "saliency":
            yield from self._by_saliency()
        elif self.settings.method == "beam":
            yield from self._beam()
        else:
            yield from self._greedy()

    def _greedy(self) -> Generator[Any, Any, None]:
        order = self._order()
        while self._open() and (place := (yield from _next(order))) is not None:
            grown = yield from self._grown([self._best], place)
            if grown:
                self._best = min([self._best, *grown], key=lambda state: state.rank)
            if self._best.score.done:
                return

    def _open(self) -> bool:
        """Tell whether the best set may grow."""
        chosen, most = self._best.chosen, self.settings.most_edits
        words = sum(candidate.words for candidate in chosen)
        return words < self.offer.most and (most is None or len(chosen) < most)

    def _beam(self) -> Generator[Any, Any, None]:
        """Keep the best sets, and the greedy search's own, so that it never does worse."""
        beam, lane = [self._best], self._best
        order = self._order()
        while (place := (yield from _next(order))) is not None:
            states = beam if lane in beam else [*beam, lane]
            grown = yield from self._grown(states, place)
            lane = min([lane, *(s for s in grown if s.chosen[:-1] == lane.chosen)], key=_rank)
            beam = sorted([*states, *grown], key=_rank)[: self.settings.width]
            self._best = min(beam[0], lane, key=_rank)
            if self._best.score.done:
                return

    def _grown(self, states: Sequence[State], place: int) -> Generator[Any, Any, list[State]]:
        """Return the states with each candidate of a place that does more harm and is allowed."""
        (candidates,) = yield Look([place])
        tried = [
            (state, (*state.chosen, candidate))
            for state in states
            for candidate in candidates
            if self._combines(state.chosen, candidate)
        ]
        texts = [self.offer.changed(chosen) for _, chosen in tried]
        scores = yield from self._ask(texts)
        worse = [
            (text, State(chosen, score))
            for (state, chosen), text, score in zip(tried, texts, scores, strict=False)
            if score.done or score.damage > state.score.damage
        ]
        allowed = yield from self._judge([text for text, _ in worse])
        grown = [state for (_, state), good in zip(worse, allowed, strict=True) if good]
        if len(scores) < len(texts):  # the budget ends here; what was learnt still counts
            self._best = min([self._best, *grown], key=_rank)
            raise SpentError
        return grown

    def _combines(self, chosen: Sequence[Candidate], new: Candidate) -> bool:
        most = self.settings.most_edits
        return (most is None or len(chosen) < most) and self.offer.combines(chosen, new)

    def _by_saliency(self) -> Generator[Any, Any, None]:
        """Try every replacement alone, then put in the best of each place by what it promises."""
        places = range(len(self.offer.places))
        start = self._best
        if not self._open():
            return
        importance = yield from self._importance([[place] for place in places])
        alone: list[tuple[float, int, State]] = []
        for place in places:
            grown = yield from self._grown([start], place)
            if grown:
                best = min(grown, key=_rank)
                if best.score.done:
                    self._best = best
                    return
                alone.append((-_promise(importance[place], best, start), place, best))
        for _, _, state in sorted(alone, key=lambda item: item[:2]):
            candidate = state.chosen[0]
            if not self._combines(self._best.chosen, candidate):
                continue
            chosen = (*self._best.chosen, candidate)
            (score,) = yield from self._all([text := self.offer.changed(chosen)])
            (good,) = yield from self._judge([text])
            if good and (score.done or score.damage > self._best.score.damage):
                self._best = State(chosen, score)
                if score.done:
                    return

    def _order(self) -> Generator[Any, Any, None]:
        """Yield places (as `_Turn`) by importance, questions in between."""
        places = list(range(len(self.offer.places)))
        if self.settings.importance == "position":
            for place in places:
                yield _Turn(place)
            return
        groups = grouped(places, self._probes())
        for group in (yield from self._sorted(groups)):
            if len(group) > 1:
                for (place,) in (yield from self._sorted([[place] for place in group])):
                    yield _Turn(place)
            else:
                yield _Turn(group[0])

    def _probes(self) -> int:
        """Return how many deletions may be tried: at most half of what the budget leaves."""
        budget, probes = self.settings.budget, self.settings.probes
        return probes if budget is None else max(min(probes, (budget - self.queries) // 2), 1)

    def _sorted(self, groups: list[list[int]]) -> Generator[Any, Any, list[list[int]]]:
        if len(groups) < 2:
            return groups
        importance = yield from self._importance(groups)
        order = sorted(range(len(groups)), key=lambda i: (-importance[i], i))
        return [groups[i] for i in order]

    def _importance(self, groups: Sequence[Sequence[int]]) -> Generator[Any, Any, list[float]]:
        """Return the damage of deleting all places of each group; none where nothing is left."""
        texts = [_without(self.offer.text, [self.offer.places[p] for p in g]) for g in groups]
        left = [text for text in texts if text.strip()]
        scores = dict(zip(left, (yield from self._all(left)), strict=True))
        start = self._known[self.offer.text].damage
        return [scores[text].damage if text in scores else start for text in texts]

    def _all(self, texts: list[str]) -> Generator[Any, Any, list[Score]]:
        scores = yield from self._ask(texts)
        if len(scores) < len(texts):
            raise SpentError
        return scores

    def _ask(self, texts: list[str]) -> Generator[Any, Any, list[Score]]:
        """Return what the model says of texts: of the first ones alone, if the budget ends."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if self.settings.budget is not None:
            new = new[: self.settings.budget - self.queries]
        if new:
            self.queries += len(new)
            self._known |= zip(new, (yield Ask(new)), strict=True)
        scores = []
        for text in texts:
            if text not in self._known:
                break
            scores.append(self._known[text])
        return scores

    def _judge(self, texts: list[str]) -> Generator[Any, Any, list[bool]]:
        good = [bool(text.strip()) for text in texts]
        if self.judged and any(good):
            asked = [text for text, filled in zip(texts, good, strict=True) if filled]
            said = dict(zip(asked, (yield Judge(asked)), strict=True))
            good = [said.get(text, False) for text in texts]
        return good


class _Turn(NamedTuple):
    """The next place, among the questions of an order."""

    place: int


def _next(order: Generator[Any, Any, None]) -> Generator[Any, Any, int | None]:
    """Pass on an order's questions, and return its next place; None at its end."""
    answer = None
    while True:
        try:
            item = order.send(answer)
        except StopIteration:
            return None
        if isinstance(item, _Turn):
            return item.place
        answer = yield item


def _rank(state: State) -> tuple[float, ...]:
    return state.rank


def _promise(importance: float, best: State, start: State) -> float:
    """Return what PWWS orders by, up to a constant factor: exp(saliency) times the gain.

    Written as a logarithm, which has the same order and cannot overflow.
    """
    return importance + math.log(best.score.damage - start.score.damage)


def grouped(places: list[int], most: int) -> list[list[int]]:
    """Put neighbours together so that there are at most so many groups."""
    size = -(-len(places) // most) if places else 1
    return [places[i : i + size] for i in range(0, len(places), size)]


def _without(text: str, places: Iterable[Place]) -> str:
    """Return a text without some places, which may overlap."""
    pieces, position = [], 0
    for start, end in sorted(places):
        pieces.append(text[position : max(start, position)])
        position = max(position, end)
    return "".join([*pieces, text[position:]])

"""A search that probes with real edits: what it learns of a place's weight is an attack already.

The published attacks first delete each word to see how much it matters, and only then try
replacements. Here each place is tried with the first replacement proposed for it, which tells as
much of its weight and may reach the goal at once. The edits that did harm alone are then put in
together, the most harmful first, at one query each; only where that is not enough are the other
replacements of each place tried. In a text of many places neighbours are probed together, and the
edits that turn out to be needless are taken out again.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple

from robustft.evaluation.attack.search import (
    Look,
    Search,
    SearchSettings,
    SpentError,
    State,
    grouped,
)
from robustft.transform.proposals import Candidate, Offer

__all__ = ["ProbingSearch", "search_on"]


class _Probe(NamedTuple):
    """Places that were tried together, with the candidates put in."""

    places: list[int]
    state: State


class ProbingSearch(Search):
    """The search on one text; see `Search` for its parameters."""

    def _go(self) -> Generator[Any, Any, None]:
        probes = yield from self._probed()
        yield from self._put_in(probes)
        if not self._best.score.done:
            yield from self._improve([place for probe in probes for place in probe.places])
        elif any(len(probe.places) > 1 for probe in probes):
            yield from self._trim()

    def _probed(self) -> Generator[Any, Any, list[_Probe]]:
        """Try each place, or neighbours together; the most harmful come first."""
        places = list(range(len(self.offer.places)))
        if not places or not self._open():
            return []
        firsts = yield Look(places, 1)
        first = {place: made[0] for place, made in zip(places, firsts, strict=True) if made}
        groups = grouped(list(first), self._probes())
        chosen = [self._joined((), [first[place] for place in group]) for group in groups]
        texts = [self.offer.changed(candidates) for candidates in chosen]
        scores = yield from self._ask(texts)
        tried = zip(groups, map(State, chosen, scores), strict=False)
        probes = [_Probe(group, state) for group, state in tried if state.chosen]
        probes.sort(key=lambda probe: -probe.state.score.damage)
        yield from self._take([probe.state for probe in probes])
        if len(scores) < len(texts):
            raise SpentError
        return probes

    def _take(self, states: Sequence[State]) -> Generator[Any, Any, None]:
        """Take the best of some states, if it is better than what there is and allowed."""
        now = self._best
        better = [s for s in states if s.score.done or s.score.damage > now.score.damage]
        allowed = yield from self._judge([self.offer.changed(s.chosen) for s in better])
        good = [state for state, fine in zip(better, allowed, strict=True) if fine]
        self._best = min([now, *good], key=lambda state: state.rank)

    def _put_in(self, probes: Sequence[_Probe]) -> Generator[Any, Any, None]:
        """Add what did harm alone, the most harmful first, as long as it does more."""
        start = self._known[self.offer.text].damage
        for probe in probes:
            if self._best.score.done or not self._open():
                return
            if probe.state.score.damage <= start:
                return  # the others do no harm either
            chosen = self._joined(self._best.chosen, probe.state.chosen)
            if len(chosen) == len(self._best.chosen):
                continue
            (score,) = yield from self._all([self.offer.changed(chosen)])
            yield from self._take([State(chosen, score)])

    def _joined(
        self, chosen: tuple[Candidate, ...], more: Sequence[Candidate]
    ) -> tuple[Candidate, ...]:
        """Return candidates with those of `more` that go with them."""
        for candidate in more:
            if candidate not in chosen and self._combines(chosen, candidate):
                chosen = (*chosen, candidate)
        return chosen

    def _improve(self, places: Sequence[int]) -> Generator[Any, Any, None]:
        """Give each place the most harmful of its candidates, the others being as they are."""
        for place in places:
            (candidates,) = yield Look([place])
            kept = tuple(c for c in self._best.chosen if c not in candidates)
            if len(kept) == len(self._best.chosen) and not self._open():
                continue
            tried = [(*kept, c) for c in candidates if self._combines(kept, c)]
            texts = [self.offer.changed(chosen) for chosen in tried]
            scores = yield from self._ask(texts)
            yield from self._take(list(map(State, tried, scores)))
            if len(scores) < len(texts):
                raise SpentError
            if self._best.score.done:
                return

    def _trim(self) -> Generator[Any, Any, None]:
        """Take out the edits that are not needed: as many of the least needed as can be missed."""
        chosen = self._best.chosen
        if len(chosen) < 2:
            return
        without = [tuple(c for c in chosen if c is not left) for left in chosen]
        scores = yield from self._all([self.offer.changed(rest) for rest in without])
        order = sorted(range(len(chosen)), key=lambda i: (-scores[i].damage, i))
        order = [i for i in order if scores[i].done]
        low, high = 0, len(order) + 1  # so many can be missed; so many cannot
        while high - low > 1:
            middle = (low + high) // 2
            out = set(order[:middle])
            rest = tuple(c for i, c in enumerate(chosen) if i not in out)
            (score,) = yield from self._all([self.offer.changed(rest)])
            before = self._best
            if score.done:
                yield from self._take([State(rest, score)])
            if self._best is before:
                high = middle
            else:
                low = middle


def search_on(offer: Offer, settings: SearchSettings, judged: bool = False) -> Search:
    """Return the search on a text that the settings ask for."""
    probing = settings.importance == "proposal" and settings.method == "greedy"
    return (ProbingSearch if probing else Search)(offer, settings, judged)

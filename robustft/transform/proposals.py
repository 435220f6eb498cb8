"""All that transforms would do to texts: every edit that they propose, none of them made.

Where `perturb` draws some units of a text and changes them, this tells which places of a text
could change at all, and, for the places somebody asks about, what each could become: for a search
for the worst case, say. What is offered is what `perturb` could have made: protected spans,
negators and constraints bind it as they bind the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from robustft.errors import RobustftError, TransformError, UsageError
from robustft.seeding import Draw, fold_in, mix
from robustft.text.document import Batch, Document, Unit
from robustft.text.edits import Edit, apply, diff
from robustft.text.identity import content_ids
from robustft.transform.base import (
    BatchedTransform,
    Proposal,
    RewriteTransform,
    Skip,
    Transform,
)
from robustft.transform.candidates import Acceptance, overlap, words_changed
from robustft.transform.checks import Checks
from robustft.transform.compose import leaves
from robustft.transform.constraints import Constraint, TextConstraint
from robustft.transform.protection import Protection
from robustft.transform.registry import Transforms, bind, build, constraints_of

T = TypeVar("T")

__all__ = ["Candidate", "Offer", "Place", "Proposals", "text_constraints"]

# As the engine counts: a unit's draws start at one.
_FIRST_UNIT = 1
# A unit is asked again until so many answers in a row were known already.
_PATIENCE = 8


class Candidate(NamedTuple):
    """One change that a transform proposes.

    Attributes
    ----------
    edits
        Over the original text, sorted and disjoint; mostly one.
    words
        The words that it changes, as `MaxChanged` counts them.
    """

    edits: tuple[Edit, ...]
    words: int


class Place(NamedTuple):
    """A part of a text, ``text[start:end]``, for which there may be other words."""

    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Offer:
    """Where a text may change, and what binds several changes together.

    Attributes
    ----------
    places
        By position; those of several transforms may overlap.
    words
        How many words the text has.
    most
        How many words may change, by `MaxChanged`.
    no_repeat
        Whether a word that was replaced stays elsewhere.
    reason
        Why nothing is offered, if so.
    """

    text: str
    places: tuple[Place, ...]
    words: int
    most: int
    no_repeat: bool = False
    reason: str = ""

    def combines(self, chosen: Sequence[Candidate], new: Candidate) -> bool:
        """Tell whether a candidate goes with those chosen: no overlap, not too many words."""
        if sum(c.words for c in chosen) + new.words > self.most:
            return False
        if chosen and overlap(_edits(chosen), new.edits):
            return False
        return not self.no_repeat or self._replaced([new]).isdisjoint(self._replaced(chosen))

    def _replaced(self, candidates: Iterable[Candidate]) -> set[str]:
        return {self.text[e.start : e.end].casefold() for e in _edits(candidates)}

    def changed(self, chosen: Iterable[Candidate]) -> str:
        """Return the text with these candidates in it."""
        edits = _edits(chosen)
        if len(edits) == 1:
            start, end, replacement, _ = edits[0]
            return self.text[:start] + replacement + self.text[end:]
        return apply(self.text, edits)


def _edits(chosen: Iterable[Candidate]) -> list[Edit]:
    """Return the edits of candidates that go together, sorted."""
    return sorted(chain.from_iterable(candidate.edits for candidate in chosen))


def text_constraints(transforms: Transforms) -> tuple[TextConstraint, ...]:
    """Return the constraints on whole texts, which `Offer` leaves to whoever combines edits."""
    return tuple(c for c in constraints_of(transforms) if isinstance(c, TextConstraint))


class Proposals:
    """What transforms propose for some hundred texts.

    Every transform sees the original; none acts on what another has left. A unit is asked several
    times, so that what is offered hangs on seed, id and transform alone, not on the other texts
    or on what is asked first. Rates and severities do not count.

    Parameters
    ----------
    texts
        Strings.
    transforms, constraints
        As in `perturb`; of a composite all members propose.
    seed, ids, field
        What draws are keyed by, as in `perturb`.
    most
        How many different replacements of a unit each transform offers at most.

    Attributes
    ----------
    offers
        One a text, in order.

    Raises
    ------
    UsageError
        If texts and ids differ in length, or `most` is not positive.
    TransformError
        If a transform breaks its contract.

    Examples
    --------
    >>> found = Proposals(["I don't like it."], "contractions:mode=expand")
    >>> found.offers[0].places
    (Place(start=2, end=7),)
    >>> [candidate.edits[0].replacement for candidate in found.ask([(0, 0)])[0]]
    ['do not']
    """

    def __init__(
        self,
        texts: Sequence[str],
        transforms: Transforms,
        *,
        constraints: Sequence[Constraint] = (),
        seed: int = 0,
        ids: Sequence[str] | None = None,
        field: str = "",
        most: int = 5,
    ) -> None:
        ids = content_ids(texts) if ids is None else ids
        if len(ids) != len(texts):
            raise UsageError(f"proposals: expected {len(texts)} ids, got {len(ids)}")
        if most < 1:
            raise UsageError(f"proposals: expected at least one replacement, got {most}")
        self._batch = Batch(list(texts))
        built = build(bind(transforms, constraints))
        self._checks = Checks(constraints_of(built), self._batch)
        seed = fold_in(seed, "field", field) if field else seed
        keys = np.fromiter((fold_in(seed, i, 0) for i in ids), np.uint64, len(texts))
        marks = self._checks.marks(self._batch)
        self._sources: list[_Source] = []
        self._most = most
        at: list[dict[Place, list[tuple[int, int]]]] = [{} for _ in texts]
        for number, (path, transform, _) in enumerate(leaves(built, keys)):
            protection = Protection(self._batch, transform.opens, marks)
            step = mix(keys, fold_in(0, "step", path, transform.name))
            source = _Source(self._batch, transform, protection, self._checks, step)
            self._sources.append(source)
            for row, (text, place) in enumerate(source.places()):
                at[text].setdefault(place, []).append((number, row))
        order = [sorted(found) for found in at]
        self._rows = [
            [found[place] for place in places] for found, places in zip(at, order, strict=True)
        ]
        self.offers = [self._offer(text, places) for text, places in enumerate(order)]

    def _offer(self, text: int, places: Sequence[Place]) -> Offer:
        checks, source = self._checks, self._batch.texts[text]
        shut = checks.shut.get(text, "")
        return Offer(
            text=source,
            places=() if shut else tuple(places),
            words=int(self._batch.word_counts[text]),
            # An edit of n code points counts as n words at most.
            most=int(checks.left[text]) if checks.cap else 2 * len(source) + 2**31,
            no_repeat=checks.no_repeat is not None,
            reason=shut or ("" if places else "no transform proposes a change"),
        )

    def ask(
        self, wanted: Sequence[tuple[int, int]], most: int | None = None
    ) -> list[list[Candidate]]:
        """Return what places may become: pairs of the number of a text and of a place of it.

        A place for which each transform passes has no candidates. With `most`, each transform
        stops at so many replacements; asked for more, it goes on from there.

        Raises
        ------
        TransformError
            If a transform breaks its contract.
        """
        most = self._most if most is None else min(most, self._most)
        asked: list[list[int]] = [[] for _ in self._sources]
        for text, place in wanted:
            for number, row in self._rows[text][place]:
                asked[number].append(row)
        answers = [
            dict(zip(rows, source.candidates(rows, most), strict=True)) if rows else {}
            for source, rows in zip(self._sources, asked, strict=True)
        ]
        found = []
        for text, place in wanted:
            rows = self._rows[text][place]
            made = chain.from_iterable(answers[number][row] for number, row in rows)
            found.append(list(made) if len(rows) == 1 else _distinct(made))
        return found


def _distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return the candidates without those that do the same as one before them."""
    found: dict[tuple[tuple[int, int, str], ...], Candidate] = {}
    for candidate in candidates:
        found.setdefault(tuple(edit[:3] for edit in candidate.edits), candidate)
    return list(found.values())


class _Source:
    """One transform on one batch: its units, and what they may become."""

    def __init__(
        self,
        batch: Batch,
        transform: Transform,
        protection: Protection,
        checks: Checks,
        keys: npt.NDArray[np.uint64],
    ) -> None:
        self.batch, self.transform, self.checks = batch, transform, checks
        self.acceptance = Acceptance(transform.name, protection)
        self.rewrites = isinstance(transform, RewriteTransform)
        units = self._guarded(lambda: transform.units(batch))
        if (units.start[1:] < units.end[:-1]).any() or (units.end < units.start).any():
            raise TransformError(
                f"{transform.name}: expected units in order, got some that overlap"
            )
        ordinal = np.arange(len(units)) - np.searchsorted(units.text, units.text)
        if not self.rewrites:  # of a rewriting, the edits are looked at
            allowed = np.flatnonzero(protection.allowed(units))
            units, ordinal = units.where(allowed), ordinal[allowed]
        self.units = units
        self._keys = mix(keys[units.text], ordinal + _FIRST_UNIT).tolist()
        offset = batch.starts[units.text]
        columns = (units.text, units.start - offset, units.end - offset, ordinal)
        self._rows = list(zip(*(column.tolist() for column in columns), strict=True))
        self._documents: dict[int, Document] = {}
        self._known: dict[int, _Gathered] = {}

    def _guarded(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except RobustftError:
            raise
        except Exception as error:
            raise TransformError(
                f"{self.transform.name}: expected a transform that takes any text, got {error!r}"
            ) from error

    def places(self) -> Iterator[tuple[int, Place]]:
        """Yield the text and the place of each unit, in order."""
        return ((text, Place(start, end)) for text, start, end, _ in self._rows)

    def candidates(self, rows: Sequence[int], most: int) -> list[list[Candidate]]:
        """Return up to so many candidates of units by number."""
        known = self._known
        for row in rows:
            if row not in known:
                # A model that rewrites whole texts is slow, and often says the same again.
                known[row] = _Gathered(Draw(self._keys[row]), 1 if self.rewrites else _PATIENCE)
        new = [row for row in dict.fromkeys(rows) if known[row].wants(most)]
        if new:
            many = self.rewrites or isinstance(self.transform, BatchedTransform)
            self._guarded(lambda: self._together(new, most) if many else self._alone(new, most))
        return [known[row].made[:most] for row in rows]

    def _alone(self, rows: Sequence[int], most: int) -> None:
        replacement = self.transform.replacement
        for row in rows:
            text, start, end, ordinal = self._rows[row]
            document, gathered = self._document(text), self._known[row]
            unit = Unit(start, end, document.text[start:end], ordinal)
            draw = gathered.draw
            while gathered.wants(most):
                state = draw.state
                self._take(row, gathered, replacement(document, unit, draw))
                if draw.state == state:  # nothing was left to chance
                    gathered.left = 0

    def _together(self, rows: Sequence[int], most: int) -> None:
        """Ask in rounds, each about all units that may have more to say."""
        while asked := [row for row in rows if self._known[row].wants(most)]:
            made = self._made(asked, [self._known[row].draw for row in asked])
            if len(made) != len(asked):
                raise ValueError(f"{len(made)} replacements for {len(asked)} units")
            for row, proposal in zip(asked, made, strict=True):
                self._take(row, self._known[row], proposal)

    def _take(self, row: int, gathered: _Gathered, proposal: Proposal) -> None:
        """Keep a proposal, if it is a new one; what is passed over counts as known."""
        if isinstance(proposal, Skip) or proposal in gathered.seen:
            gathered.left -= 1
            return
        gathered.seen.add(proposal)
        candidate = self._accepted(row, proposal)
        if candidate is None:
            gathered.left -= 1
            return
        gathered.made.append(candidate)
        gathered.left = gathered.patience

    def _made(self, rows: Sequence[int], draws: Sequence[Draw]) -> Sequence[Proposal]:
        transform = self.transform
        if isinstance(transform, RewriteTransform):
            return transform.rewrite([self.batch.texts[self._rows[row][0]] for row in rows], draws)
        assert isinstance(transform, BatchedTransform)
        order = np.argsort(rows)  # units come to a transform in the order of the text
        units = self.units.where(np.asarray(rows)[order])
        made = transform.replacements(self.batch, units, [draws[i] for i in order.tolist()])
        place = np.argsort(order).tolist()
        return [made[i] for i in place] if len(made) == len(rows) else made

    def _document(self, text: int) -> Document:
        document = self._documents.get(text)
        if document is None:
            document = self._documents[text] = Document(self.batch, text)
        return document

    def _accepted(self, row: int, made: str | tuple[Edit, ...]) -> Candidate | None:
        """Return a proposal as a candidate, if it may stand."""
        text, start, end, _ = self._rows[row]
        source, names = self.batch.texts[text], (self.transform.name,)
        if not isinstance(made, str):
            edits, reason = self.acceptance.extended(self._document(text), made, [])
            edits = [] if reason else edits
        elif self.rewrites:
            edits = self._rewritten(text, made)
        else:
            edits = [Edit(start, end, made, names)] if made != source[start:end] else []
        judges = self.checks.of_edits
        if not edits or not all(judge.allows(source, (), edits) for judge in judges):
            return None
        if isinstance(made, str) and made.isalnum() and source[start:end].isalnum():
            return Candidate(tuple(edits), 1)  # the common case, counted at once
        return Candidate(tuple(edits), sum(words_changed(source, edit) for edit in edits))

    def _rewritten(self, text: int, after: str) -> list[Edit]:
        """Return a rewriting as edits, without those that touch what is protected."""
        allows = self.acceptance.protection.allows
        made = diff(self.batch.texts[text], after, (self.transform.name,))
        return [edit for edit in made if allows(text, edit)]


class _Gathered:
    """The different candidates for a unit so far, and the draw that the next comes from."""

    __slots__ = ("draw", "left", "made", "patience", "seen")

    def __init__(self, draw: Draw, patience: int) -> None:
        self.draw, self.patience, self.left = draw, patience, patience
        self.seen: set[Proposal] = set()
        self.made: list[Candidate] = []

    def wants(self, most: int) -> bool:
        """Whether it is worth asking again."""
        return self.left > 0 and len(self.made) < most

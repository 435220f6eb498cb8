"""Which edits do harm: every replacement of a set, with the rows that hold it and what they lost.

Rows with many edits flip more often, whatever each of the edits does. So a replacement is not
measured against all other rows but against those with about as many edits: the rows that the
model has right are parted into strata by their number of edits, and the test is the exact
conditional one for a common odds ratio over strata (Mehta, Patel and Gray, 1985, *Computing an
exact confidence interval for the common odds ratio in several 2 x 2 contingency tables*, JASA 80;
its large-sample form is that of Mantel and Haenszel, 1959). It is one-sided: do the rows that hold
the replacement flip *more* often. What else such rows have in common is not taken out: a
replacement may stand where texts are hard anyway. The minimal counterexamples beside it say how
often it was the replacement that did it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from robustft.scoring.statistics import Estimate, Test, holm, share

if TYPE_CHECKING:
    from robustft.data.change import PerturbedRows
    from robustft.evaluation.counterexamples.files import Counterexample

__all__ = ["Harm", "Key", "SetEdits", "View", "exact_excess", "measure_harm"]

LEAST_ROWS = 5
"""Rows that a replacement must stand in to be tested."""
_STRATA = 10

Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
Key = tuple[str | None, str | None, tuple[str, ...]]
"""Original in lower case, replacement, transforms; None where it is summed over."""


@dataclass(frozen=True, kw_only=True)
class Harm:
    """What a replacement does to a model's predictions over a set.

    Attributes
    ----------
    original, replacement, transforms
        What is replaced (in lower case) by what, and who proposed it; None where all are taken
        together.
    rows
        The rows that hold it.
    right
        Those of them that the model has right as they are.
    harmed, helped
        Right before and wrong after; wrong before and right after.
    rate
        `harmed` as a share of `right`, with Wilson's interval.
    expected
        How many of `right` would be harmed if rows that hold it flipped as often as the rows with
        about as many edits do.
    p
        Whether more are harmed than that (one-sided, exact); None below 5 rows.
    p_corrected, q
        `p` corrected for all replacements tested: after Holm, and after Benjamini and Hochberg
        (1995), which holds down the share of false finds among the finds.
    shrunk, minimal, sole
        The minimal counterexamples among the rows that hold it; those in which it is one of the
        edits that are needed; those in which it is the only one.
    model
        Which model; known from the file's place.
    """

    original: str | None
    replacement: str | None
    transforms: tuple[str, ...]
    rows: int
    right: int
    harmed: int
    helped: int
    rate: Estimate
    expected: float
    p: float | None
    p_corrected: float | None = None
    q: float | None = None
    shrunk: int = 0
    minimal: int = 0
    sole: int = 0
    model: str = ""


class View(NamedTuple):
    """The edits of a set by one of the things that they can be told apart by.

    Attributes
    ----------
    keys
        Where an edit belongs.
    rows
        For each key the rows that hold such an edit, in order.
    """

    keys: Callable[[Key], Sequence[Key]]
    rows: Mapping[Key, Rows]


class SetEdits:
    """The edits of a set, turned round: for each replacement the rows that hold it.

    Attributes
    ----------
    numbers
        How many edits each row has, int64, shape ``(n,)``.
    views
        By replacement (``replacements``), by what is replaced (``words``), by transform
        (``transforms``).
    """

    def __init__(self, perturbed: PerturbedRows) -> None:
        self.numbers = np.zeros(len(perturbed), np.int64)
        found: dict[Key, set[int]] = {}
        for batch in perturbed.columns.values():
            for row, outcome in enumerate(batch):
                edits = outcome.edits
                self.numbers[row] += len(edits)
                for edit in edits:
                    original = outcome.original[edit.start : edit.end]
                    key = _key(original, edit.replacement, edit.transforms)
                    found.setdefault(key, set()).add(row)
        self.views = {name: _view(found, keys) for name, keys in VIEWS.items()}


VIEWS: Mapping[str, Callable[[Key], Sequence[Key]]] = {
    "replacements": lambda key: [key],
    "words": lambda key: [(key[0], None, ())],
    "transforms": lambda key: [(None, None, (name,)) for name in key[2]],
}


def _key(original: str, replacement: str, transforms: Sequence[str]) -> Key:
    return original.lower(), replacement, tuple(transforms)


def _view(found: Mapping[Key, set[int]], keys: Callable[[Key], Sequence[Key]]) -> View:
    joined: dict[Key, set[int]] = {}
    for key, rows in found.items():
        for group in keys(key):
            joined.setdefault(group, set()).update(rows)
    return View(keys, {k: np.sort(np.fromiter(rows, np.int64)) for k, rows in joined.items()})


def measure_harm(
    view: View,
    numbers: Rows,
    before: Bools,
    after: Bools,
    examples: Mapping[int, Counterexample] | None = None,
) -> list[Harm]:
    """Return what each replacement does, the most harmful first.

    Those in fewer than 5 rows that the model has right are not tested, and left out unless a
    minimal counterexample needs them. Rows that share a source are taken as independent.

    Parameters
    ----------
    view
        One of the views of `SetEdits`.
    numbers
        How many edits each row has.
    before, after
        Whether the model has each row right as it is, and as it became.
    examples
        The minimal counterexamples found, by row.
    """
    strata = _strata(numbers, before)
    size = int(strata.max(initial=-1)) + 1
    harmed = before & ~after
    totals = np.bincount(strata[strata >= 0], minlength=size)
    lost = np.bincount(strata[(strata >= 0) & harmed], minlength=size)
    needed = _needed(view, examples or {})
    shrunk = np.isin(np.arange(len(numbers)), list(examples or {}))
    found = []
    for key, rows in view.rows.items():
        minimal, sole = needed.get(key, (0, 0))
        right = rows[before[rows]]
        if len(right) < LEAST_ROWS and not minimal:
            continue
        inside = np.bincount(strata[right], minlength=size)
        hits = int(harmed[right].sum())
        expected, p = exact_excess(totals, lost, inside, hits)
        found.append(
            Harm(
                original=key[0],
                replacement=key[1],
                transforms=key[2],
                rows=len(rows),
                right=len(right),
                harmed=hits,
                helped=int((~before[rows] & after[rows]).sum()),
                rate=share(harmed[right]),
                expected=expected,
                p=p if len(right) >= LEAST_ROWS else None,
                shrunk=int(shrunk[rows].sum()),
                minimal=minimal,
                sole=sole,
            )
        )
    return sorted(_corrected(found), key=_rank)


def _strata(numbers: Rows, before: Bools) -> Rows:
    """Return for each row its stratum by number of edits; -1 for rows that cannot be harmed."""
    strata = np.full(len(numbers), -1, np.int64)
    rows = before & (numbers > 0)
    if rows.any():
        bounds = np.unique(
            np.quantile(numbers[rows], np.arange(1, _STRATA) / _STRATA, method="lower")
        )
        strata[rows] = np.searchsorted(bounds, numbers[rows], side="left")
    return strata


def exact_excess(totals: Rows, lost: Rows, inside: Rows, hits: int) -> tuple[float, float]:
    """Return how many hits are expected, and the probability of at least as many as there are.

    Within each stratum the hits are dealt out by chance (hypergeometric); over strata they add.

    Parameters
    ----------
    totals, lost, inside
        For each stratum: its rows, those of them that flipped, those that hold the replacement.
    hits
        Of all rows that hold it, those that flipped.
    """
    chances, least = [np.ones(1)], 0
    expected = 0.0
    for total, flipped, drawn in zip(totals.tolist(), lost.tolist(), inside.tolist(), strict=True):
        if not drawn:
            continue
        low, high = max(0, drawn - (total - flipped)), min(drawn, flipped)
        counts = np.arange(low, high + 1)
        logs = (
            _log_choose(flipped, counts)
            + _log_choose(total - flipped, drawn - counts)
            - _log_choose(total, drawn)
        )
        chances.append(np.exp(logs))
        least += low
        expected += drawn * flipped / total
    together = reduce(np.convolve, chances)
    return expected, float(min(together[max(hits - least, 0) :].sum(), 1.0))


def _log_choose(n: int, k: npt.NDArray[np.int64] | int) -> npt.NDArray[np.float64]:
    chosen = np.asarray(k, np.float64)
    return np.asarray(
        special.gammaln(n + 1) - special.gammaln(chosen + 1) - special.gammaln(n - chosen + 1)
    )


def _needed(view: View, examples: Mapping[int, Counterexample]) -> dict[Key, tuple[int, int]]:
    """Return for each key how many examples need it, and how many need nothing else."""
    minimal: Counter[Key] = Counter()
    sole: Counter[Key] = Counter()
    for example in examples.values():
        found = {
            key
            for edit in example.edits
            for key in view.keys(_key(edit.original, edit.replacement, edit.transforms))
        }
        minimal.update(found)
        if len(example.edits) == 1:
            sole.update(found)
    return {key: (times, sole[key]) for key, times in minimal.items()}


def _corrected(found: Sequence[Harm]) -> list[Harm]:
    tested = [harm for harm in found if harm.p is not None]
    if not tested:
        return list(found)
    tests = [Test(p=h.p, method="stratified exact", statistic=None, n=h.right) for h in tested]
    rates = stats.false_discovery_control([test.p for test in tests])
    made = {
        id(harm): replace(harm, p_corrected=test.p_corrected, q=float(q))
        for harm, test, q in zip(tested, holm(tests), rates, strict=True)
    }
    return [made.get(id(harm), harm) for harm in found]


def _rank(harm: Harm) -> tuple[Any, ...]:
    excess = harm.harmed - harm.expected
    name = (harm.original or "", harm.replacement or "", harm.transforms)
    return (harm.p is None, 1.0 if harm.p is None else harm.p, -harm.minimal, -excess, name)

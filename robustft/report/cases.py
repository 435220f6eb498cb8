"""The rows that a page can show: all failures, a sample of passes, small enough for one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.evaluation.results import ORIGINAL, RobustnessResult, SetFacts
from robustft.report.findings import Needed
from robustft.report.fitting import BUDGET, fitted, keyed
from robustft.report.material import Material
from robustft.report.outcomes import Outcome, Outcomes
from robustft.report.slices import Parts
from robustft.seeding import mix

__all__ = ["Cases", "make_cases"]

PASSES = 1_000
_FAILURES_A_PASS = 9


@dataclass(frozen=True)
class Cases:
    """Rows to show, and how many there are of each kind.

    Attributes
    ----------
    data
        What the page's script reads, fit for JSON.
    failures, passes
        Changed rows of all sets in which some model's outcome changed, or none did; counted in
        the run, and of these shown.
    """

    data: dict[str, Any]
    failures: int
    failures_shown: int
    passes: int
    passes_shown: int


def make_cases(
    folder: Path,
    result: RobustnessResult,
    outcomes: Outcomes,
    *,
    minimal: Needed | None = None,
    parts: Parts | None = None,
    budget: int = BUDGET,
) -> Cases | None:
    """Choose rows and write them down; None where no text was changed.

    Parameters
    ----------
    minimal
        The edits that are needed to flip a prediction; they are shown first, and marked.
    parts
        Of the rows, by name; each row tells which it belongs to.
    budget
        Bytes that the data may take in the page. Where the failures alone need more, a sample of
        them is shown, drawn by their ids; the counts say so.
    """
    sets = [s for s in result.sets if s.name != ORIGINAL and _known(result, outcomes, s)]
    if not sets:
        return None
    # A row of this table is a row of the data, a column is a set.
    flipped = np.stack([_flipped(result, outcomes, s) for s in sets], 1)
    order = _order(flipped, outcomes)
    material = Material(folder, result, outcomes, sets, order, minimal or {}, parts or {})
    kept, data = fitted(order, material.data, budget)
    shown = int(flipped.ravel()[order[:kept]].sum())
    failures = int(flipped.sum())
    return Cases(data, failures, shown, flipped.size - failures, kept - shown)


def _known(result: RobustnessResult, outcomes: Outcomes, facts: SetFacts) -> bool:
    return any(outcomes.of(m.name, facts.name) is not None for m in result.models)


def _flipped(
    result: RobustnessResult, outcomes: Outcomes, facts: SetFacts
) -> npt.NDArray[np.bool_]:
    made = [outcomes.of(m.name, facts.name) for m in result.models]
    flips = [x >= Outcome.BROKE for x in made if x is not None]
    return np.asarray(np.logical_or.reduce(flips), np.bool_)


def _order(flipped: npt.NDArray[np.bool_], outcomes: Outcomes) -> list[int]:
    """Return the places of rows in sets, those to be kept first: a pass after nine failures.

    A place counts along the table of rows and sets. Failures, and passes, come among themselves by
    a hash of id and set.
    """
    keys = np.array([keyed(row) for row in outcomes.ids], np.uint64)
    hashes = np.stack([mix(keys, number) for number in range(flipped.shape[1])], 1).ravel()
    failures, passes = (
        places[np.argsort(hashes[places], kind="stable")]
        for places in (np.flatnonzero(flipped), np.flatnonzero(~flipped))
    )
    passes = passes[:PASSES]
    turns = [np.arange(len(failures)), _FAILURES_A_PASS * np.arange(1, len(passes) + 1) - 0.5]
    order = np.argsort(np.concatenate(turns), kind="stable")
    return [int(place) for place in np.concatenate([failures, passes])[order]]

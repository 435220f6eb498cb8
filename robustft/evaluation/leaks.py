"""What is done about test rows that a model has seen in training, and what they are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from robustft.data.leakage import Overlap, hashed, overlap, shared_sources
from robustft.data.minhash import ALIKE
from robustft.data.split import Split
from robustft.errors import DataError, UsageError, suggest
from robustft.evaluation.measures import Measure, Said, measure_of
from robustft.evaluation.sources import sources_of
from robustft.scoring.statistics import Difference, Estimate
from robustft.seeding import fold_in

if TYPE_CHECKING:
    from robustft.evaluation.plan import EvaluationPlan
    from robustft.evaluation.results import ModelFacts

__all__ = [
    "ON_LEAK",
    "LeakScore",
    "LeakedRow",
    "Leaks",
    "check_leaks",
    "read_on_leak",
    "score_leaks",
]

ON_LEAK = ("warn", "drop", "refuse")
"""What to do about copies and near-copies of training rows: say it, leave them out, stop."""
_NAMED, _EXAMPLES = 5, 10

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class LeakedRow:
    """A test row and the training row that it is like; `similarity` is 1 for copies."""

    id: str
    train_id: str
    similarity: float


@dataclass(frozen=True, kw_only=True)
class LeakScore:
    """One model on one set, on all rows and on those that are like none trained on.

    Attributes
    ----------
    rows
        The rows left.
    metric, drop
        The metric of the verdict on all rows, and how much worse it is than on the original set.
    metric_without, drop_without
        The same on the rows left; None where none is.
    """

    model: str
    set: str
    rows: int
    metric: Estimate
    metric_without: Estimate | None = None
    drop: Difference | None = None
    drop_without: Difference | None = None


@dataclass(frozen=True, kw_only=True)
class Leaks:
    """Test rows whose texts are also, or nearly, among those that a model was trained on.

    Attributes
    ----------
    action
        ``warn``: they are in all figures, and `scores` says what the figures are without them.
        ``drop``: they were left out before anything was computed.
    rows
        The test rows looked at.
    identical, near
        Those with the same text, and those that share at least `least` of all runs of five words.
    examples
        Up to ten, the most alike first.
    """

    action: Literal["warn", "drop"]
    rows: int
    identical: int
    near: int
    least: float = ALIKE
    examples: tuple[LeakedRow, ...] = ()
    scores: tuple[LeakScore, ...] = ()


def read_on_leak(action: str) -> str:
    """Return what to do about leaked rows.

    Raises
    ------
    UsageError
        It is none of ``warn``, ``drop`` and ``refuse``.
    """
    if action not in ON_LEAK:
        known = ", ".join(ON_LEAK)
        raise UsageError(
            f"on leak: expected one of {known}, got {action!r}{suggest(action, ON_LEAK)}"
        )
    return action


def check_leaks(
    rows: Split, trained: Mapping[str, Split], action: str, *, dataset: str
) -> tuple[Leaks | None, Bools, list[str]]:
    """Refuse rows that a model learned from; find those that are like one that it learned from.

    Ids that are hashes of the texts cannot tell a row from another with the same text, so a few
    of those are duplicates in the data, and many are the training split itself.

    Parameters
    ----------
    rows
        What to evaluate on.
    trained
        By model, what it was trained on, as far as that is known.
    action
        One of `ON_LEAK`.

    Returns
    -------
    What was found (None if nothing), which rows that is, shape ``(len(rows),)``, and remarks.

    Raises
    ------
    DataError
        The rows, or more than half of them, are those of the training; or `action` is ``refuse``
        and some are like them; or ``drop`` and all are.
    """
    place = f"evaluation on {dataset}, split {rows.name}: expected"
    leaked, identical = np.zeros((2, len(rows)), np.bool_)
    best: dict[int, LeakedRow] = {}
    remarks: list[str] = []
    known: dict[str, Overlap] = {}  # twins learned from the same rows
    for model, split in trained.items():
        if not len(split):
            continue
        _refuse_shared(rows, split, f"{place} rows that {model} did not learn from")
        mark = split.fingerprint
        found = known[mark] = known[mark] if mark in known else overlap(rows, split)
        if not len(found):
            continue
        if action == "refuse":
            raise DataError(
                f"{place} texts unlike those that {model} learned from, got {len(found):,} "
                f"that are the same or nearly so ({_named(rows, found)}); "
                "--on-leak drop leaves them out"
            )
        leaked[found.rows] = True
        identical[found.rows[found.identical]] = True
        for row, example in _examples(rows, found):
            if row not in best or best[row].similarity < example.similarity:
                best[row] = example
        remarks.append(_remark(rows, found, model, action))
    if not best:
        return None, leaked, []
    if action == "drop" and leaked.all():
        raise DataError(f"{place} rows unlike those learned from, got none")
    examples = sorted(best.values(), key=lambda example: (-example.similarity, example.id))
    facts = Leaks(
        action="drop" if action == "drop" else "warn",
        rows=len(rows),
        identical=int(identical.sum()),
        near=int((leaked & ~identical).sum()),
        examples=tuple(examples[:_EXAMPLES]),
    )
    return facts, leaked, remarks


def _refuse_shared(rows: Split, trained: Split, expected: str) -> None:
    shared = shared_sources(rows, trained)
    if shared and (not hashed(shared) or 2 * len(shared) > len(rows)):
        named = ", ".join(shared[:_NAMED]) + (", ..." if len(shared) > _NAMED else "")
        raise DataError(
            f"{expected}, got {len(shared):,} that it did ({named}); "
            "choose another --split or other --data"
        )


def _examples(rows: Split, found: Overlap) -> list[tuple[int, LeakedRow]]:
    return [
        (row, LeakedRow(id=rows.ids[row], train_id=partner, similarity=round(alike, 4)))
        for row, partner, alike in zip(
            found.rows.tolist(), found.partners, found.similarity.tolist(), strict=True
        )
    ]


def _remark(rows: Split, found: Overlap, model: str, action: str) -> str:
    same = int(found.identical.sum())
    near = len(found) - same
    if not same:
        alike = f"nearly the same as training texts of {model}"
    elif not near:
        alike = f"also among the training texts of {model}"
    else:
        alike = f"also among the training texts of {model} ({same:,}) or nearly so ({near:,})"
    so = " and were left out" if action == "drop" else ", which flatters it"
    return f"{len(found):,} of the {len(rows):,} texts are {alike}{so}: {_named(rows, found)}."


def _named(rows: Split, found: Overlap) -> str:
    ids = [rows.ids[row] for row in found.rows[:_NAMED]]
    return ", ".join(ids) + (", ..." if len(found) > _NAMED else "")


def score_leaks(
    plan: EvaluationPlan,
    outputs: Mapping[ModelFacts, Mapping[str, Said]],
    main: str | None,
) -> tuple[Leaks | None, list[str]]:
    """Return what leaked with the scores on all rows and on the others, and that in words.

    Parameters
    ----------
    plan
        Says which rows are like one trained on.
    outputs
        By model, its predictions by set.
    main
        The set that is scored besides the original one; None for no other.
    """
    leaks, leaked = plan.leaks, plan.leaked
    if leaks is None or leaked is None or leaks.action == "drop":
        return leaks, []
    seed = fold_in(plan.seed, "intervals")
    labels = np.asarray(plan.split.labels)
    measure = measure_of(labels, plan.task, seed, sources_of(plan.split))
    sets = ["original"] if main is None else ["original", main]
    scores: list[LeakScore] = []
    remarks: list[str] = []
    for facts, said in outputs.items():
        own = [_score(measure, leaked, facts.name, said, name) for name in sets]
        scores += own
        if own[0].rows:
            remarks.append(_in_words(own, measure.metric))
    return replace(leaks, scores=tuple(scores)), remarks


def _score(
    measure: Measure, leaked: Bools, model: str, said: Mapping[str, Said], name: str
) -> LeakScore:
    after = said[name].predictions
    draws = len(after) // len(leaked)
    before = np.concatenate([said["original"].predictions] * draws)
    drawn, left = measure.repeated(draws), np.tile(~leaked, draws)
    changed = name != "original"
    score = LeakScore(
        model=model,
        set=name,
        rows=int((~leaked).sum()),
        metric=drawn.score(after),
        drop=drawn.change(before, after)[0] if changed else None,
    )
    if not score.rows:
        return score
    among = drawn.among(left)
    return replace(
        score,
        metric_without=among.score(after[left]),
        drop_without=among.change(before[left], after[left])[0] if changed else None,
    )


def _in_words(scores: Sequence[LeakScore], metric: str) -> str:
    first, last = scores[0], scores[-1]
    said = (
        f"On the {first.rows:,} rows unlike training rows, {first.model} has {metric} "
        f"{_number(first.metric_without, metric)} instead of {_number(first.metric, metric)}"
    )
    if last.drop is None:
        return said + "."
    word = "rises" if metric == "mse" else "drops"
    drops = _number(last.drop_without, metric), _number(last.drop, metric)
    return f"{said}, which {word} by {drops[0]} instead of {drops[1]} on {last.set}."


def _number(value: Estimate | Difference | None, metric: str) -> str:
    """Return a number as tables show it: shares in points."""
    if value is None or value.value is None:
        return "undefined"
    return f"{value.value:.3g}" if metric == "mse" else f"{100 * value.value:.1f}"

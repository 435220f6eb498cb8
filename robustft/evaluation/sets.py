"""The test sets: the rows as they are, each transform alone, and all together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from robustft.data.build import members_of, transform_split
from robustft.data.change import TransformedSplit
from robustft.data.fields import Scope
from robustft.data.split import Split
from robustft.errors import UsageError
from robustft.evaluation.results import ORIGINAL, SetFacts
from robustft.seeding import fold_in
from robustft.text.document import Batch
from robustft.transform.base import DEFAULT_SEVERITY
from robustft.transform.registry import Transforms, bind, build, constraints_of

__all__ = [
    "SetPlan",
    "TestSet",
    "build_set",
    "first_draw",
    "name_of_draw",
    "names_of_draws",
    "plan_sets",
    "read_severity",
]

SEVERITIES = (1, 2, 3, 4, 5)
_ALL_TEXTS = Scope()


@dataclass(frozen=True)
class SetPlan:
    """One test set to make; without transforms, the original rows.

    Attributes
    ----------
    main
        Whether the verdict is about this set.
    draw, first
        Which of several draws it is, from 0, and for all but that what the first is called.
    """

    name: str
    facts: SetFacts
    transforms: Any = field(default=None, repr=False)
    main: bool = False
    draw: int = 0
    first: str = ""


@dataclass(frozen=True, eq=False)
class TestSet:
    """A test set as made; `made` is None for the original rows."""

    __test__ = False

    facts: SetFacts
    split: Split
    made: TransformedSplit | None = None


def read_severity(severity: int | str | None) -> int | str | None:
    """Return a severity as a number from 0 to 5, ``all`` or None.

    Raises
    ------
    UsageError
        It is none of these.
    """
    if severity is None or severity == "all":
        return severity
    if str(severity) in ("0", "1", "2", "3", "4", "5"):
        return int(severity)
    raise UsageError(f"severity: expected a number from 0 to 5, or all, got {severity!r}")


def plan_sets(
    chains: Sequence[Transforms], severity: int | str | None, draws: int = 1
) -> list[SetPlan]:
    """Return the sets to make: the original, and for each chain its transforms alone and its mix.

    With the severity ``all`` each of these is made at the severities 1 to 5; the verdict is about
    the default severity then, and about the first chain's mix always. With several `draws`, all
    transformed sets are drawn so often; the further draws come last.
    """
    plans = [_plan(ORIGINAL, "original", None, None)]
    taken = {ORIGINAL}
    levels: tuple[int | None, ...] = SEVERITIES
    if severity != "all":
        levels = (None if severity is None else int(severity),)
    for number, given in enumerate(chains):
        chain, members = build(given), members_of(given)
        if len(members) > 1:
            for member in members:
                alone = build(bind(member, constraints_of(chain)))
                plans += _at_each(levels, _safe(member.name), "single", alone, taken)
        stem = "mix" if len(members) > 1 else _safe(members[0].name)
        mixes = _at_each(levels, stem, "mix", chain, taken)
        if number == 0:
            main = next((p for p in mixes if p.facts.severity == DEFAULT_SEVERITY), mixes[0])
            mixes[mixes.index(main)] = replace(main, main=True)
        plans += mixes
    return plans + [_drawn(plan, draw) for draw in range(1, draws) for plan in plans[1:]]


def name_of_draw(name: str, draw: int) -> str:
    """Return what a further draw of a set is called; draws count from 0."""
    return f"{name}.d{draw + 1}"


def names_of_draws(facts: SetFacts) -> list[str]:
    """Return what the draws of a set are called, the first by the name of the set."""
    return [facts.name, *(name_of_draw(facts.name, draw) for draw in range(1, facts.draws))]


def first_draw(name: str) -> str:
    """Return the set that a draw is of: ``mix`` for ``mix.d2``."""
    return re.sub(r"\.d\d+$", "", name)


def _drawn(plan: SetPlan, draw: int) -> SetPlan:
    name = name_of_draw(plan.name, draw)
    facts = replace(plan.facts, name=name)
    return replace(plan, name=name, facts=facts, main=False, draw=draw, first=plan.name)


def _at_each(
    levels: Sequence[int | None], stem: str, kind: Any, transforms: Any, taken: set[str]
) -> list[SetPlan]:
    """Return one set a severity, called after it where there are several."""
    several = len(levels) > 1
    stem = _free(stem, taken, suffix=f"-s{levels[0]}" if several else "")
    names = [f"{stem}-s{level}" if several else stem for level in levels]
    taken.update(names)
    return [
        _plan(name, kind, transforms, level, stem)
        for name, level in zip(names, levels, strict=True)
    ]


def _plan(
    name: str, kind: Any, transforms: Any, severity: int | None, transform: str = ""
) -> SetPlan:
    spec = "" if transforms is None else transforms.spec
    members = [] if transforms is None else members_of(transforms)
    facts = SetFacts(
        name=name,
        kind=kind,
        rows=0,
        spec=spec,
        severity=severity,
        transform=transform,
        rate=members[0].rate_at(severity) if len(members) == 1 else None,
    )
    return SetPlan(name, facts, transforms)


def _safe(name: str) -> str:
    """Return a transform's name as a file may be called: ``./my.py:Shout`` is *Shout*."""
    short = name.rsplit(":", 1)[-1].replace("/", "-")
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in short) or "set"


def _free(name: str, taken: set[str], suffix: str = "") -> str:
    """Return the name, numbered if it is taken, be it with a suffix."""
    free, number = name, 2
    while free + suffix in taken:
        free, number = f"{name}-{number}", number + 1
    return free


def build_set(
    plan: SetPlan, split: Split, *, seed: int, scope: Scope = _ALL_TEXTS, workers: int = 1
) -> TestSet:
    """Make one set; no row is dropped, merged or moved, so all sets are paired by row."""
    if plan.transforms is None:
        facts = replace(plan.facts, rows=len(split), words_read=_words(split))
        return TestSet(facts, split)
    made = transform_split(
        split,
        plan.transforms,
        severity=plan.facts.severity,
        seed=fold_in(seed, "draw", plan.draw) if plan.draw else seed,
        scope=scope,
        workers=workers,
    )
    counts = made.summary()
    rows = max(len(split), 1)
    facts = replace(
        plan.facts,
        rows=len(split),
        severity=_in_force(plan),
        words=counts["words"],
        words_read=_words(made.split),
        target_share=counts["target_share"],
        eligible_share=counts["eligible_share"],
        changed_share=counts["changed_share"],
        unchanged_share=counts["unchanged"] / rows,
        rejected_share=counts["rejected"] / rows,
    )
    return TestSet(facts, made.split, made)


def _in_force(plan: SetPlan) -> int | None:
    """Return the severity of a set; None where its transforms set their own rates or severities."""
    given = DEFAULT_SEVERITY if plan.facts.severity is None else plan.facts.severity
    members = members_of(plan.transforms)
    found = {
        None if t.rate is not None else given if t.severity is None else t.severity for t in members
    }
    return found.pop() if len(found) == 1 else None


def _words(split: Split) -> int:
    return sum(int(Batch(texts).word_counts.sum()) for texts in (split.texts, split.pairs) if texts)

"""The test sets: the rows as they are, each transform alone, and all together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from robustft.data.build import members_of, transform_split
from robustft.data.change import TransformedSplit
from robustft.data.fields import Scope
from robustft.data.split import Split
from robustft.errors import UsageError
from robustft.evaluation.results import ORIGINAL, SetFacts
from robustft.transform.base import DEFAULT_SEVERITY
from robustft.transform.registry import Transforms, bind, build, constraints_of

__all__ = ["SetPlan", "TestSet", "build_set", "plan_sets", "read_severity"]

SEVERITIES = (1, 2, 3, 4, 5)
_ALL_TEXTS = Scope()


@dataclass(frozen=True)
class SetPlan:
    """One test set to make; without transforms, the original rows.

    Attributes
    ----------
    main
        Whether the verdict is about this set.
    """

    name: str
    facts: SetFacts
    transforms: Any = field(default=None, repr=False)
    main: bool = False


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


def plan_sets(chains: Sequence[Transforms], severity: int | str | None) -> list[SetPlan]:
    """Return the sets to make: the original, and for each chain its transforms alone and its mix.

    With the severity ``all``, each chain gives its mix at the severities 1 to 5 instead; the
    verdict is about the default severity then, and about the first chain always.
    """
    plans = [_plan(ORIGINAL, "original", None, None)]
    taken = {ORIGINAL}
    for number, given in enumerate(chains):
        chain, members = build(given), members_of(given)
        first = number == 0
        if severity == "all":
            stem = _free("mix", taken, suffix=f"-s{SEVERITIES[0]}")
            for level in SEVERITIES:
                name = f"{stem}-s{level}"
                taken.add(name)
                main = first and level == DEFAULT_SEVERITY
                plans.append(_plan(name, "mix", chain, level, main=main))
            continue
        level_or_none = None if severity is None else int(severity)
        if len(members) > 1:
            for member in members:
                name = _free(_safe(member.name), taken)
                alone = build(bind(member, constraints_of(chain)))
                plans.append(_plan(name, "single", alone, level_or_none))
        name = _free("mix" if len(members) > 1 else _safe(members[0].name), taken)
        plans.append(_plan(name, "mix", chain, level_or_none, main=first))
    return plans


def _plan(
    name: str, kind: Any, transforms: Any, severity: int | None, *, main: bool = False
) -> SetPlan:
    spec = "" if transforms is None else transforms.spec
    facts = SetFacts(name=name, kind=kind, rows=0, spec=spec, severity=severity)
    return SetPlan(name, facts, transforms, main)


def _safe(name: str) -> str:
    """Return a transform's name as a file may be called: ``./my.py:Shout`` is *Shout*."""
    short = name.rsplit(":", 1)[-1].replace("/", "-")
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in short) or "set"


def _free(name: str, taken: set[str], suffix: str = "") -> str:
    """Return the name, numbered if it is taken; it is taken then."""
    free, number = name, 2
    while free + suffix in taken:
        free, number = f"{name}-{number}", number + 1
    if not suffix:
        taken.add(free)
    return free


def build_set(
    plan: SetPlan, split: Split, *, seed: int, scope: Scope = _ALL_TEXTS, workers: int = 1
) -> TestSet:
    """Make one set; no row is dropped, merged or moved, so all sets are paired by row."""
    if plan.transforms is None:
        return TestSet(replace(plan.facts, rows=len(split)), split)
    made = transform_split(
        split,
        plan.transforms,
        severity=plan.facts.severity,
        seed=seed,
        scope=scope,
        workers=workers,
    )
    counts = made.summary()
    rows = max(len(split), 1)
    facts = replace(
        plan.facts,
        rows=len(split),
        words=counts["words"],
        target_share=counts["target_share"],
        eligible_share=counts["eligible_share"],
        changed_share=counts["changed_share"],
        unchanged_share=counts["unchanged"] / rows,
        rejected_share=counts["rejected"] / rows,
    )
    return TestSet(facts, made.split, made)

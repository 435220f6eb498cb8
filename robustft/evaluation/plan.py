"""What an evaluation will do, settled and checked before anything is computed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.data.bound import constraint_facts, recorded_constraints
from robustft.data.build import members_of, settle_transforms
from robustft.data.dataset import NO_TAGGERS, sample
from robustft.data.fields import Scope
from robustft.data.run_folder import RunFolder
from robustft.data.split import Split
from robustft.data.task import Task, TaskType, label_kind_of
from robustft.errors import UsageError
from robustft.evaluation.leaks import Leaks, check_leaks, read_on_leak
from robustft.evaluation.predict import DEFAULT_LENGTH
from robustft.evaluation.results import ORIGINAL
from robustft.evaluation.sets import SetPlan, plan_sets, read_severity
from robustft.evaluation.slices import parts_of
from robustft.evaluation.subjects import Subject, find_data, find_subjects
from robustft.model.foreign.options import ModelOptions
from robustft.training.arguments import QUESTION_LENGTH
from robustft.transform.base import LabelKind
from robustft.transform.constraints import Constraint
from robustft.transform.registry import (
    DEFAULT_TRANSFORMS,
    Transforms,
    bind,
    build,
    constraints_of,
)

__all__ = ["EvaluationPlan", "make_evaluation"]


@dataclass(frozen=True, eq=False)
class EvaluationPlan:
    """What will be evaluated, settled and checked before anything is computed."""

    subjects: tuple[Subject, ...]
    split: Split
    task: Task
    dataset: str
    sets: tuple[SetPlan, ...]
    seed: int
    max_length: int | None
    folder: Path | None
    root: Path
    scope: Scope
    remarks: tuple[str, ...]
    notices: tuple[str, ...]
    slices: tuple[str, ...] = ()
    leaks: Leaks | None = None
    leaked: npt.NDArray[np.bool_] | None = None

    @property
    def questions(self) -> bool:
        """Whether models answer questions."""
        return self.task.type is TaskType.QUESTION_ANSWERING

    def lengths(self) -> list[int]:
        """Return for each model the tokens of a text that are read."""
        default = QUESTION_LENGTH if self.questions else DEFAULT_LENGTH
        return [self.max_length or s.max_length or default for s in self.subjects]

    @property
    def predictions(self) -> int:
        """How many texts the models read, at most: equal texts are read once."""
        return len(self.subjects) * len(self.sets) * len(self.split)

    def config(self) -> dict[str, Any]:
        """Return what decides the result, fit for ``config.toml``."""
        home = self.root if self.folder is None else self.folder.parent
        chains = [
            {"set": plan.name, "spec": plan.facts.spec, "severity": plan.facts.severity}
            | {"versions": [f"{t.name} {t.version}" for t in members_of(plan.transforms)]}
            | constraint_facts(constraints_of(plan.transforms), home)
            for plan in self.sets
            if plan.transforms is not None
        ]
        return {
            "models": [
                {"name": s.facts.name, "role": s.facts.role, "weights": s.fingerprint}
                for s in self.subjects
            ],
            "max_length": self.lengths(),
            "dataset": self.dataset,
            "split": self.split.name,
            "rows": len(self.split),
            "fingerprint": self.split.fingerprint,
            "task": self.task.to_dict(),
            "sets": chains,
            "seed": self.seed,
            **({"slices": list(self.slices)} if self.slices else {}),
            **(self.scope.facts(self.task) if chains else {}),
        }

    def readable(self) -> str:
        """Return the readable part of the evaluation's name."""
        mix = next((plan.facts.spec for plan in self.sets if plan.main), ORIGINAL)
        names = "+".join(part.split(":")[0] for part in mix.split(",") if "=" not in part)
        return f"{self.split.name}-{names or 'mix'}"

    def start(self) -> RunFolder:
        """Return the folder of this evaluation, new or as an earlier call left it."""
        return RunFolder.start(
            "eval", self.readable(), self.config(), out=self.folder, root=self.root
        )

    def describe(self) -> dict[str, Any]:
        """Return what will be done, for ``--dry-run``."""
        return {
            "models": [s.facts.name for s in self.subjects],
            "data": self.dataset,
            "split": self.split.name,
            "rows": len(self.split),
            "sets": [{"name": p.name, "spec": p.facts.spec} for p in self.sets],
            "predictions": self.predictions,
            "folder": str(self.folder or self.root),
        }


def make_evaluation(
    runs: Any = None,
    *,
    data: Any = None,
    transforms: Transforms | None = None,
    severity: int | str | None = None,
    draws: int = 1,
    slices: Sequence[str] = (),
    transformed: bool | None = None,
    constraints: Sequence[Constraint] | None = None,
    sides: str | None = None,
    spans: str | None = None,
    split: str | None = None,
    max_eval: int | None = None,
    max_length: int | None = None,
    seed: int | None = None,
    out: str | os.PathLike[str] | None = None,
    root: str | os.PathLike[str] = "runs",
    label_kind: LabelKind | str | None = None,
    on_leak: str = "warn",
    force: bool = False,
    columns: Mapping[str, Any] | None = None,
    options: ModelOptions | None = None,
) -> EvaluationPlan:
    """Find models and data and check that they go together; see `evaluate`."""
    level = read_severity(severity)
    if draws < 1:
        raise UsageError(f"draws: expected at least 1, got {draws}")
    subjects = find_subjects(runs, Path(root), options)
    run = next((s.run for s in reversed(subjects) if s.run is not None), None)
    config = {} if run is None else run.config
    chains = _chains(transforms, config) if transformed is not False else []
    for chain in chains:
        build(DEFAULT_TRANSFORMS if chain is None else chain)
    scope = Scope.of(sides or _joined(config.get("sides")), spans or config.get("spans"))
    found = find_data(subjects, data, split=split, columns=columns or {})
    rows = found.split
    drawn = int(config.get("seed", 0)) if seed is None else seed
    if max_eval is not None:
        rows = sample(rows, max_eval, seed=drawn)
    leaks, leaked, remarks = check_leaks(
        rows, found.trained, read_on_leak(on_leak), dataset=found.dataset.name
    )
    if leaks is not None and leaks.action == "drop":
        rows, leaked = rows.take(np.flatnonzero(~leaked)), leaked[~leaked]
    task = rows.task
    if label_kind is not None:
        task = replace(task, label_kind=label_kind_of(label_kind))
    scope.columns(task)
    if task.type is TaskType.TOKEN_CLASSIFICATION:
        raise UsageError(f"{found.dataset.name}: {NO_TAGGERS}")
    if constraints is None:
        own = None if transforms is not None else run
        constraints = [] if own is None else recorded_constraints(own.config, own.path)
    if constraints and chains:
        named = ", ".join(dict.fromkeys(constraint.name for constraint in constraints))
        found = replace(found, notices=(*found.notices, f"constraints: {named}"))
    for number, chain in enumerate(chains):
        settled, said = settle_transforms(chain, task.label_kind, force=force)
        chains[number] = bind(settled, constraints)
        # Of a kind that is unknown the verdict itself says that it was not checked.
        remarks += [r for r in said if task.label_kind is not None and r not in remarks]
    parts_of(rows, slices)  # what cannot be cut is an error before anything is computed
    if (level := _level(level, config)) == "all" and (fixed := _fixed(chains)):
        notice = f"{fixed}: rate or severity is set, so that all severities are the same"
        found = replace(found, notices=(*found.notices, notice))
    sets = plan_sets(chains, level, draws)
    return EvaluationPlan(
        subjects=tuple(subjects),
        split=rows,
        task=task,
        dataset=found.dataset.name,
        sets=tuple(sets),
        seed=drawn,
        max_length=max_length,
        scope=scope,
        folder=None if out is None else Path(out),
        root=Path(root) if run is None else run.path / "evaluations",
        remarks=tuple(remarks),
        notices=found.notices,
        slices=tuple(slices),
        leaks=leaks,
        leaked=leaked,
    )


def _chains(transforms: Any, config: Mapping[str, Any]) -> list[Any]:
    if transforms is None:
        return [config.get("transforms")]
    several = isinstance(transforms, list | tuple)
    if several and not transforms:
        raise UsageError("transforms: expected at least one chain, got none")
    return list(transforms) if several else [transforms]


def _joined(sides: list[str] | None) -> str | None:
    return None if sides is None else ",".join(sides)


def _fixed(chains: Sequence[Any]) -> str:
    """Return the names of the transforms that heed no severity from outside."""
    members = [t for chain in chains for t in members_of(chain)]
    fixed = [t.name for t in members if t.rate is not None or t.severity is not None]
    return ", ".join(dict.fromkeys(fixed))


def _level(severity: int | str | None, config: Mapping[str, Any]) -> int | str | None:
    return config.get("severity") if severity is None else severity

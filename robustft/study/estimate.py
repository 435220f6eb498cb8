"""How long a study will take, from a few optimizer steps of the models themselves.

It is an estimate: other work on the machine, and texts longer than those that were timed, make it
longer; a run that is stopped early makes it shorter.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from robustft.errors import RobustftError
from robustft.study.grid import RunSpec
from robustft.study.run import Study
from robustft.training.arguments import TOP_ONLY

__all__ = ["Cost", "Work", "describe", "span"]

Said = Callable[[str], None]

# Steps that are timed, after one that warms up; fewer would tell more of the warm-up.
_STEPS = 3
_COLUMNS = (
    "text_column", "label_column", "id_column", "label_map", "label_kind", "task",
)  # fmt: skip
# Rows that a forward pass is timed on, at least.
_ROWS = 32


@dataclass(frozen=True)
class Cost:
    """What a model costs on this machine.

    Attributes
    ----------
    step
        Seconds an optimizer step, forward and back.
    row
        Seconds a row, forward alone.
    """

    step: float
    row: float


@dataclass(frozen=True)
class Work:
    """What a run has to do.

    Attributes
    ----------
    steps
        Optimizer steps of the whole run.
    train, validated, tested
        Rows to learn from, rows that are scored over the whole run, and rows of all test sets.
    once
        Whether nothing but the top trains, so that the rest is computed once a text.
    """

    steps: int
    train: int
    validated: int
    tested: int
    once: bool

    def minutes(self, cost: Cost, epochs: int) -> float:
        """Return the minutes it takes; the top of a frozen model alone is taken to cost nothing."""
        tested = self.tested * cost.row
        if self.once:
            return ((self.train + self.validated / max(1, epochs)) * cost.row + tested) / 60
        return (self.steps * cost.step + self.validated * cost.row + tested) / 60


@dataclass
class _Timer:
    """Times each distinct model once."""

    measure: bool
    said: Said
    known: dict[tuple[Any, ...], Cost | None] = field(default_factory=dict)
    plans: dict[str, Any] = field(default_factory=dict)

    def plan(self, spec: RunSpec, study: Study) -> Any:
        """Return the plan of a run; runs that differ by their seeds do the same work."""
        kept = {k: v for k, v in spec.settings.items() if k not in ("seed", "init_seed")}
        key = json.dumps(kept, sort_keys=True)
        if key not in self.plans:
            self.plans[key] = _plan(spec, study)
        return self.plans[key]

    def cost(self, plan: Any) -> Cost | None:
        """Return what the plan's model costs, or None where it is not to be measured or cannot."""
        a = plan.arguments
        trains = (a.freeze, a.adapter, a.unfreeze, a.optimizer)
        size = (a.batch_size, a.gradient_accumulation, a.max_length, a.device, a.precision, a.fast)
        key = (plan.model, plan.data, trains, size)
        if key not in self.known:
            self.known[key] = self._measured(plan) if self.measure else None
        return self.known[key]

    def _measured(self, plan: Any) -> Cost | None:
        length = plan.arguments.max_length
        self.said(f"timing {_STEPS} steps of {Path(plan.model).name} at {length} tokens")
        try:
            return _time(plan)
        except RobustftError as problem:
            self.said(f"not timed: {problem}")
            return None


def describe(study: Study, *, measure: bool, said: Said) -> dict[str, Any]:
    """Return what a study would do: each run with its settings and its estimated minutes.

    Parameters
    ----------
    measure
        Time some steps of each distinct model; else no time is told.
    said
        Told what is being timed.
    """
    done = {r.name for r in study.results()} if study.folder.is_dir() else set()
    timer = _Timer(measure, said)
    runs = []
    for spec in study.runs:
        finished = spec.name in done
        work: dict[str, Any] = {}
        minutes: float | None = 0.0
        if not finished:
            work, minutes = _work(spec, study, timer)
        runs.append(
            {
                "name": spec.name,
                "kind": spec.kind,
                "finished": finished,
                "settings": dict(spec.settings),
                **({"starts_from": spec.after} if spec.after else {}),
                **work,
                "minutes": None if minutes is None else round(minutes, 2),
            }
        )
    known = [run["minutes"] for run in runs if run["minutes"] is not None]
    return {
        "folder": str(study.folder),
        "runs": runs,
        "minutes": round(sum(known), 2) if known else None,
        "sentence": _sentence(runs, measure=measure),
    }


def span(minutes: float) -> str:
    """Return a time as one reads it.

    >>> span(0.4), span(12.2), span(200)
    ('24 seconds', '12 minutes', '3.3 hours')
    """
    if minutes < 1.5:
        return f"{minutes * 60:.0f} seconds"
    return f"{minutes:.0f} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"


def _sentence(runs: list[dict[str, Any]], *, measure: bool) -> str:
    left = [run for run in runs if not run["finished"]]
    if not left:
        return "all of them are finished"
    if not measure:
        return f"{len(left)} of them are to be done; nothing was timed"
    unknown = sum(run["minutes"] is None for run in left)
    total = sum(run["minutes"] or 0.0 for run in left)
    rest = f", and {unknown} more of which the time is not known" if unknown else ""
    return f"about {span(total)} on this machine{rest}; an estimate from a few timed steps"


def _work(spec: RunSpec, study: Study, timer: _Timer) -> tuple[dict[str, Any], float | None]:
    """Return what a run has to do, and the minutes that it takes if they can be told."""
    # A row that starts from another's model is timed with the model that the other starts from.
    if spec.kind != "train" or (spec.after is not None and "model" not in spec.settings):
        return {}, None
    plan = timer.plan(spec, study)
    work = _counted(plan, spec, study)
    cost = timer.cost(plan)
    told = {"steps": work.steps, "rows": {"train": work.train, "tested": work.tested}}
    return told, None if cost is None else work.minutes(cost, plan.arguments.epochs)


def _plan(spec: RunSpec, study: Study) -> Any:
    from robustft.data.fields import Scope
    from robustft.study.train_row import plan_arguments
    from robustft.training.arguments import TrainingArguments
    from robustft.training.plan import make_plan

    given = plan_arguments(spec)
    named = [k for k in given if k in TrainingArguments.model_fields and k != "seed"]
    arguments = {key: given.pop(key) for key in named}
    columns = {key: given.pop(key) for key in _COLUMNS if key in given}
    scope = Scope.of(given.pop("sides", None), given.pop("spans", None))
    root = study.folder / "runs"
    return make_plan(**given, scope=scope, columns=columns, arguments=arguments, root=root)


def _counted(plan: Any, spec: RunSpec, study: Study) -> Work:
    arguments, evaluation = plan.arguments, study.recipe.evaluation
    rows = len(plan.train) + plan.augment
    each = -(-rows // arguments.rows_per_step)
    steps = arguments.max_steps or each * arguments.epochs
    scored = arguments.epochs + (steps // arguments.eval_steps if arguments.eval_steps else 0)
    split = spec.settings.get("eval_split", evaluation.split) or "test"
    tested = len(plan.dataset[split]) if split in plan.dataset else len(plan.validation)
    limit = spec.settings.get("max_eval", evaluation.max_eval)
    tested = tested if limit is None else min(tested, limit)
    return Work(
        steps=steps,
        train=rows,
        validated=len(plan.validation) * scored,
        tested=tested * _sets(evaluation),
        once=_frozen(arguments),
    )


def _sets(evaluation: Any) -> int:
    from robustft.evaluation.sets import plan_sets, read_severity

    chains = evaluation.transforms
    if chains is None:
        return 1
    chains = [chains] if isinstance(chains, str) else chains
    return len(plan_sets(chains, read_severity(evaluation.severity), evaluation.draws))


def _frozen(arguments: Any) -> bool:
    """Whether the encoder is computed once a text and reused."""
    return arguments.frozen == "reuse" and arguments.freeze in TOP_ONLY


def _time(plan: Any) -> Cost:
    """Time a few steps on rows of the plan's own; weights and data are thrown away after."""
    from robustft.data.dataset import sample
    from robustft.model.load import load_model, seeded_torch
    from robustft.training.arguments import resolve_arguments
    from robustft.training.loop import train_epoch
    from robustft.training.progress import TrainingBar
    from robustft.training.setup import prepare
    from robustft.training.validation import validate

    size = plan.arguments.rows_per_step
    few = sample(plan.train, min(len(plan.train), max(_ROWS, _STEPS * size)), seed=0)
    loaded = load_model(plan.model, task=plan.dataset.task, seed=0, train_texts=plan.train.texts)
    update: dict[str, Any] = {"epochs": 1, "max_steps": None, "eval_steps": None}
    # Nothing is reused, so that what a row costs is what the whole model does with it.
    update["frozen"] = "recompute"
    arguments, _ = resolve_arguments(
        plan.arguments.model_copy(update=update),
        from_scratch=loaded.from_scratch,
        max_positions=loaded.max_positions,
    )
    with seeded_torch(0), TrainingBar("timing", 1, 0, shown=False) as bar:
        setup = prepare(loaded, few, few, arguments)
        validate(setup, setup.validation)  # warms up
        started = time.perf_counter()
        validate(setup, setup.validation)
        row = (time.perf_counter() - started) / len(few)
        if _frozen(plan.arguments):
            return Cost(step=0.0, row=row)
        started = time.perf_counter()
        train_epoch(setup, 0, bar)
        return Cost(step=(time.perf_counter() - started) / setup.steps_per_epoch, row=row)

"""What an attack will do, settled and checked before a model is asked anything."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from robustft.data.bound import constraint_facts
from robustft.data.build import members_of, settle_transforms
from robustft.data.dataset import sample
from robustft.data.fields import Scope
from robustft.data.run_folder import RunFolder, nameable, portable
from robustft.data.split import Split
from robustft.data.task import Task, TaskType, label_kind_of
from robustft.errors import DataError, UsageError
from robustft.evaluation.attack.recipes import ORIGINALS, Recipe, find_recipe
from robustft.evaluation.attack.search import SearchSettings
from robustft.evaluation.predict import DEFAULT_LENGTH
from robustft.evaluation.predictors import TextModel
from robustft.evaluation.results import ModelFacts
from robustft.evaluation.subjects import Found, Subject, find_data, find_subjects
from robustft.model.foreign.estimators import is_estimator
from robustft.model.foreign.options import ModelOptions
from robustft.transform.base import LabelKind
from robustft.transform.constraints import Constraint, MaxChanged
from robustft.transform.registry import Transforms, bind, build, constraints_of

__all__ = ["MAX_CHANGED", "AttackPlan", "make_attack"]

# What an attack may change of a text if nobody says otherwise: beyond that it is another text.
MAX_CHANGED = 0.2


@dataclass(frozen=True, eq=False)
class AttackPlan:
    """What will be attacked, and how.

    Attributes
    ----------
    column
        The texts that may change.
    most
        How many replacements of a unit each transform offers.
    shift
        For numbers: how far a prediction has to move; None: as far as the model's root mean
        squared error on these rows.
    model
        A model that was passed in; None to load the subject's.
    original
        The name of an attack of the library textattack, in place of a search of ours.
    """

    subject: Subject
    split: Split
    dataset: str
    data: str | None
    transforms: Any
    search: SearchSettings
    most: int
    recipe: str
    column: str
    seed: int
    max_length: int | None
    shift: float | None
    folder: Path | None
    root: Path
    notices: tuple[str, ...]
    model: TextModel | None = None
    original: str = ""

    @property
    def length(self) -> int:
        """The tokens of a text that are read."""
        return self.max_length or self.subject.max_length or DEFAULT_LENGTH

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """What binds every edit and every text."""
        return constraints_of(self.transforms)

    def config(self) -> dict[str, Any]:
        """Return what decides the result, fit for ``config.toml``."""
        home = self.root if self.folder is None else self.folder.parent
        search = {} if self.original else {**asdict(self.search), "most": self.most}
        return {
            "model": self.subject.facts.name,
            "weights": self.subject.fingerprint,
            "max_length": self.length,
            "data": None if self.data is None else portable(self.data, home),
            "dataset": self.dataset,
            "split": self.split.name,
            "rows": len(self.split),
            "fingerprint": self.split.fingerprint,
            "task": self.split.task.to_dict(),
            "column": self.column,
            "recipe": self.recipe,
            "transforms": "" if self.original else build(self.transforms).spec,
            "versions": []
            if self.original
            else [f"{t.name} {t.version}" for t in members_of(self.transforms)],
            "search": search,
            "shift": self.shift,
            "seed": self.seed,
            **({} if self.original else constraint_facts(self.constraints, home)),
        }

    def start(self) -> RunFolder:
        """Return the folder of this attack, new or as an earlier call left it."""
        how = self.recipe.replace(":", "-") or self.search.method
        readable = f"attack-{self.subject.facts.name}-{self.split.name}-{how}"
        return RunFolder.start("attack", readable, self.config(), out=self.folder, root=self.root)

    def describe(self) -> dict[str, Any]:
        """Return what will be done, for ``--dry-run``."""
        config = self.config()
        kept = ("model", "dataset", "split", "rows", "recipe", "transforms", "search")
        return {
            **{name: config[name] for name in kept},
            "constraints": config.get("constraints", []),
            "folder": str(self.folder or self.root),
        }


def make_attack(
    model: Any,
    *,
    data: Any = None,
    transforms: Transforms | None = None,
    recipe: str | None = None,
    search: str | None = None,
    beam_width: int | None = None,
    budget: int | None = None,
    most: int | None = None,
    max_changed: float | None = None,
    constraints: Sequence[Constraint] | None = None,
    shift: float | None = None,
    sides: str | None = None,
    split: str | None = None,
    max_eval: int | None = None,
    max_length: int | None = None,
    seed: int | None = None,
    out: str | os.PathLike[str] | None = None,
    root: str | os.PathLike[str] = "runs",
    label_kind: LabelKind | str | None = None,
    force: bool = False,
    columns: Mapping[str, Any] | None = None,
    options: ModelOptions | None = None,
) -> AttackPlan:
    """Find model, data and transforms and check that they go together; see `attack`."""
    options = options or ModelOptions()
    # An attack says how long the model took, so what it said earlier is not taken unless asked for.
    options = replace(options, cache=bool(options.cache))
    passed = model if _is_text_model(model) else None
    subject = (
        _passed_in(model) if passed is not None else find_subjects(model, Path(root), options)[-1]
    )
    found = find_data([subject], data, split=split, columns=columns or {})
    run = subject.run
    drawn = seed if seed is not None else int(run.config.get("seed", 0)) if run else 0
    rows = found.split if max_eval is None else sample(found.split, max_eval, seed=drawn)
    if not len(rows):
        raise DataError(f"{found.dataset.name}: expected rows to attack, got none")
    task = rows.task
    if task.type in (TaskType.QUESTION_ANSWERING, TaskType.TOKEN_CLASSIFICATION):
        raise UsageError(
            f"attack: expected texts with a class or a number, got {task.type.value}; "
            "robustft eval measures such models"
        )
    if label_kind is not None:
        task = replace(task, label_kind=label_kind_of(label_kind))
        rows = replace(rows, task=task)
    notices = [*found.notices, *_trained_on(rows, found)]
    column = _column(task, sides)
    if len(task.text_columns) > 1:
        notices.append(f"attacked: the texts in the column {column}")
    original = recipe.removeprefix(ORIGINALS) if recipe and recipe.startswith(ORIGINALS) else ""
    if recipe and recipe.startswith(ORIGINALS):
        _check_original(original, task.type)
    own = _own_recipe(recipe, original, search, beam_width, budget, most)
    bound: Any = None
    if not original:
        chosen = transforms if transforms is not None else own.transforms or None
        if chosen is None and own.needs:
            raise UsageError(f"recipe {own.name}: expected {own.needs}, got none")
        if chosen is None and run is not None:
            chosen = run.config.get("transforms")
        settled, said = settle_transforms(chosen, task.label_kind, force=force)
        notices += said
        bound = build(bind(settled, _constraints(own, max_changed, constraints)))
    return AttackPlan(
        subject=subject,
        split=rows,
        dataset=found.dataset.name,
        data=nameable(data) if data is not None else _data_of(subject),
        transforms=bound,
        search=own.search,
        most=own.most,
        recipe=recipe or "",
        column=column,
        seed=drawn,
        max_length=max_length,
        shift=_checked_shift(shift, task.type),
        folder=None if out is None else Path(out),
        root=Path(root) if run is None else run.path / "attacks",
        notices=tuple(dict.fromkeys(notices)),
        model=passed,
        original=original,
    )


def _is_text_model(model: Any) -> bool:
    """Tell whether an object is asked as `TextModel` is: texts, and by name their pairs."""
    predict = getattr(model, "predict", None)
    if isinstance(model, type) or not callable(predict) or is_estimator(model):
        return False
    taken = inspect.signature(predict).parameters.values()
    return any(p.name == "pairs" or p.kind is p.VAR_KEYWORD for p in taken)


def _passed_in(model: Any) -> Subject:
    """Return the subject of a model that was passed in as an object.

    Nothing tells it from another of its class, so a finished attack does not stand for it.
    """
    name = f"object:{type(model).__qualname__}"
    return Subject(ModelFacts(name=type(model).__name__), name, thing=model)


def _data_of(subject: Subject) -> str | None:
    """Return where the data of a run are, seen from here."""
    if subject.run is None:
        return None
    name = str(subject.run.config["data"])
    beside = subject.run.path.resolve() / name
    return os.path.normpath(beside) if beside.exists() else name


def _trained_on(rows: Split, found: Found) -> list[str]:
    """Say how many of the rows the model learned from: attacks on them train, and do not test."""
    return [
        f"{seen:,} of the {len(rows):,} rows are among the training texts of {name}: the figures "
        "say nothing about new text; the attacks may be used for training"
        for name, trained in found.trained.items()
        if (seen := len(set(rows.rows_of_texts) & set(trained.rows_of_texts)))
    ]


def _column(task: Task, sides: str | None) -> str:
    """Return the column to attack: of a pair one, by default the second."""
    if len(task.text_columns) == 1:
        return task.text_columns[0]
    columns = Scope.of(sides or "second").columns(task)
    if len(columns) > 1:
        raise UsageError(
            f"sides: expected one text of the pair to attack, first or second, got {sides}"
        )
    return columns[0]


def _own_recipe(
    recipe: str | None,
    original: str,
    search: str | None,
    beam_width: int | None,
    budget: int | None,
    most: int | None,
) -> Recipe:
    """Return the recipe with the settings given in place of its own."""
    own = Recipe(name="", transforms="", search=SearchSettings(), max_changed=MAX_CHANGED)
    if recipe and not original:
        own = find_recipe(recipe)
    for name, value, least in (
        ("beam width", beam_width, 1),
        ("budget", budget, 2),
        ("replacements", most, 1),
    ):
        if value is not None and value < least:
            raise UsageError(f"{name}: expected at least {least}, got {value}")
    if search not in (None, "greedy", "beam"):
        raise UsageError(f"search: expected greedy or beam, got {search!r}")
    settings = own.search
    if search == "greedy":
        settings = replace(settings, method="greedy")
    elif search == "beam" or beam_width is not None:
        settings = replace(settings, method="beam", importance="deletion")
    if beam_width is not None:
        settings = replace(settings, width=beam_width)
    if budget is not None:
        settings = replace(settings, budget=budget)
    return replace(own, search=settings, most=own.most if most is None else most)


def _check_original(name: str, kind: TaskType) -> None:
    from robustft.evaluation.attack.originals import check_original

    if kind is TaskType.REGRESSION:
        raise UsageError(f"recipe {ORIGINALS}{name}: expected a task of classes, got {kind.value}")
    check_original(name)


def _constraints(
    own: Recipe, max_changed: float | None, given: Sequence[Constraint] | None
) -> list[Constraint]:
    """Return the constraints given, with a bound on the words changed if there is none of it."""
    found = list(given or ())
    if max_changed is not None:
        found.append(MaxChanged(share=max_changed))
    elif own.max_changed is not None and not any(isinstance(c, MaxChanged) for c in found):
        found.append(MaxChanged(share=own.max_changed))
    return found


def _checked_shift(shift: float | None, kind: TaskType) -> float | None:
    if shift is None:
        return None
    if kind is not TaskType.REGRESSION:
        raise UsageError(f"shift: expected it for a task of numbers alone, got {shift}")
    if not shift > 0:
        raise UsageError(f"shift: expected a distance above 0, got {shift}")
    return shift

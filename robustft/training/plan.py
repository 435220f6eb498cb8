"""What a training run will do, settled and checked before anything is written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch

from robustft.data.bound import constraint_facts
from robustft.data.build import (
    Augmented,
    augment_split,
    members_of,
    settle_transforms,
)
from robustft.data.dataset import TextDataset, check_trainable, load_dataset, sample
from robustft.data.fields import Scope
from robustft.data.leakage import overlap
from robustft.data.run_folder import nameable, portable, run_name
from robustft.data.saving import save_split
from robustft.data.split import Split
from robustft.data.splits import suit_training
from robustft.data.task import TaskType
from robustft.errors import DataError, UsageError
from robustft.model.device import resolve_device, resolve_precision
from robustft.model.houlsby import read_adapter_json
from robustft.model.tiny import TINY
from robustft.training.adversarial import Adversarial, joined, load_adversarial, preferred
from robustft.training.arguments import (
    TOP_ONLY,
    TrainingArguments,
    default_learning_rate,
    resolve_arguments,
    suit_task,
    training_arguments,
)
from robustft.training.controls import STEP_MATCHED, parse_controls
from robustft.training.extra import Extra, ExtraData, join_extra, load_extra, shared_texts
from robustft.training.objectives import class_weights_of, objective_of
from robustft.training.watch import high_rate_warning
from robustft.transform.constraints import Constraint
from robustft.transform.registry import (
    DEFAULT_TRANSFORMS,
    Transforms,
    bind,
    build,
    constraints_of,
)

__all__ = ["AUGMENTED", "CLEAN", "DEFAULT_MODEL", "Plan", "make_plan", "with_augmented"]

DEFAULT_MODEL = "distilbert-base-uncased"
CLEAN, AUGMENTED = "clean", "augmented"
# Where a run keeps data that came as an object and not from a file or a hub.
KEPT_DATA = "data/source"
_ALL_TEXTS = Scope()


@dataclass(frozen=True, eq=False)
class Plan:
    """One training experiment: the data, the model, and one or two ways to train it.

    Attributes
    ----------
    data
        What to load again, as the user gave it; None when it came as an object.
    train, validation
        The rows in use, after ``max_train``, further sets included.
    seed
        Of the data: which rows are sampled, split off and augmented. Training has its own, and
        initialisation too, in `arguments`.
    controls
        The controls to train beside an augmented run; see `robustft.training.controls`.
    extra
        Further sets that have joined the training rows.
    scope
        Which texts of a row the transforms may change.
    remarks
        What to know of the augmented labels: that their kind was not checked, or the check
        overruled.
    settings
        Whatever else decides the data: columns, label map, ``max_train``.
    notices
        What the user should read before waiting for the result.
    """

    dataset: TextDataset
    data: str | None
    train: Split
    validation: Split
    model: str
    transforms: Transforms
    severity: int | None
    augment: int
    arguments: TrainingArguments
    seed: int
    settings: Mapping[str, Any]
    root: Path
    out: Path | None
    notices: tuple[str, ...]
    controls: tuple[str, ...] = ()
    extra: tuple[Extra, ...] = ()
    scope: Scope = _ALL_TEXTS
    remarks: tuple[str, ...] = ()
    adversarial: tuple[Adversarial, ...] = ()

    def folder(self, role: str) -> Path:
        """Return where the run of a `role` is, or will be."""
        if self.out is not None and role == self.main_role:
            return self.out
        return self.home / run_name(self.readable(role), {"kind": "train", **self.config(role)})

    @property
    def main_role(self) -> str:
        """The role of the run that the user asked for; the other is its twin."""
        return AUGMENTED if self.augment else CLEAN

    @property
    def home(self) -> Path:
        """The folder that holds the runs of this experiment side by side."""
        return self.root if self.out is None else self.out.parent

    def readable(self, role: str) -> str:
        """Return the readable part of a run's name, such as ``demo-tiny-augment5000``."""
        way = role if role == CLEAN else f"{'augment' if role == AUGMENTED else role}{self.augment}"
        parts = [self.dataset.name, Path(self.model).name or self.model, way]
        seed = self.arguments.seed
        return "-".join(parts + ([f"seed{seed}"] if seed else []))

    def with_seed(self, seed: int) -> Plan:
        """Return the same experiment, on the same data, trained with another seed."""
        out = None if self.out is None else self.out.with_name(f"{self.out.name}-seed{seed}")
        arguments = self.arguments.model_copy(update={"seed": seed})
        return replace(self, arguments=arguments, out=out)

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of all runs, in the order in which they are trained."""
        return (CLEAN, AUGMENTED, *self.controls) if self.augment else (CLEAN,)

    def config(self, role: str) -> dict[str, Any]:
        """Return the settings that decide the result of a `role`, fit for ``config.toml``."""
        config: dict[str, Any] = {
            "role": role,
            "data": portable(self.data, self.home) if self.data is not None else KEPT_DATA,
            "dataset": self.dataset.name,
            "fingerprint": self.dataset.fingerprint,
            "task": self.dataset.task.to_dict(),
            "settings": dict(self.settings),
            "model": portable(self.model, self.home),
            "seed": self.seed,
            "training": self.arguments.model_dump(),
        }
        if self.extra:
            config["extra_data"] = [self._source(extra) for extra in self.extra]
        if role != CLEAN:
            config |= {
                "augment": self.augment,
                "transforms": ",".join(t.spec for t in members_of(self.transforms)),
                "severity": self.severity,
                **self.scope.facts(self.dataset.task),
                **constraint_facts(constraints_of(self.transforms), self.home),
            }
            if self.adversarial:
                config["augment_with"] = [each.facts(self.home) for each in self.adversarial]
        return config

    def _source(self, extra: Extra) -> dict[str, Any]:
        """Return where a further set is from."""
        return {
            "name": extra.name,
            "data": None if extra.data is None else portable(extra.data, self.home),
            "label_map": extra.label_map,
            "fingerprint": extra.split.fingerprint,
        }

    def keep_data(self, folder: Path) -> None:
        """Write data that came as an object to the run's own folder."""
        if self.data is None:
            for name, split in self.dataset.splits.items():
                save_split(split, folder / KEPT_DATA / f"{name}.parquet")

    def augmented(self, workers: int = 1) -> Augmented:
        """Make the augmented rows; those of attacks stand at the end."""
        drawn = self.augment - sum(map(len, self.adversarial))
        made = drawn and augment_split(
            self.train,
            self.transforms,
            drawn,
            severity=self.severity,
            seed=self.seed,
            scope=self.scope,
            workers=workers,
        )
        return joined(made or None, self.adversarial)

    def describe(self) -> dict[str, Any]:
        """Return what will be done, for ``--dry-run``."""
        arguments = self.arguments
        return {
            "data": self.dataset.name,
            "model": self.model,
            "rows": {
                "train": len(self.train),
                "augmented": self.augment,
                **({"extra": sum(len(e.split) for e in self.extra)} if self.extra else {}),
                "validation": len(self.validation),
            },
            "steps": self.steps(self.main_role),
            "training": arguments.model_dump(),
            "folder": str(self.folder(self.main_role)),
            "clean_twin": str(self.folder(CLEAN)) if self.augment else None,
            **({"controls": [str(self.folder(c)) for c in self.controls]} if self.controls else {}),
        }

    def steps(self, role: str) -> int:
        """Return the optimizer steps of a role's run, as far as they are known before it."""
        arguments = self.arguments
        rows = len(self.train) + (0 if role == CLEAN else self.augment)
        return arguments.max_steps or -(-rows // arguments.rows_per_step) * arguments.epochs


def make_plan(
    data: Any = None,
    model: str | os.PathLike[str] | None = None,
    *,
    augment: int = 0,
    augment_with: Any = (),
    transforms: Transforms | None = None,
    severity: int | None = None,
    scope: Scope = _ALL_TEXTS,
    constraints: Sequence[Constraint] = (),
    out: str | os.PathLike[str] | None = None,
    root: str | os.PathLike[str] = "runs",
    seed: int = 0,
    data_seed: int | None = None,
    max_train: int | None = None,
    controls: str | Sequence[str] = (),
    extra_data: ExtraData | Sequence[ExtraData] = (),
    force: bool = False,
    columns: Mapping[str, Any] | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> Plan:
    """Load the data and check that model, transforms and settings go together.

    See `robustft.training.experiment.train` for the parameters.
    """
    if augment < 0:
        raise UsageError(f"augment: expected a number of rows, 0 for none, got {augment}")
    beside = parse_controls(controls)
    if beside and not augment and not augment_with:
        raise UsageError(f"controls: expected rows to augment (--augment), got {', '.join(beside)}")
    if transforms is not None:
        build(transforms)  # a wrong spec is reported before anything is read
    given = training_arguments(**{"seed": seed, **(arguments or {})})
    seed = seed if data_seed is None else data_seed
    demo = data is None or str(data).startswith("demo")
    name = str(model) if model is not None else (TINY if demo else DEFAULT_MODEL)
    columns = {key: value for key, value in (columns or {}).items() if value is not None}
    dataset = load_dataset(data, seed=seed, **columns)
    check_trainable(dataset)
    given = _with_own_adapter(suit_task(given, dataset.task), name)
    notices = [*_defaults_said(data, model), *dataset.notices]
    train, validation = dataset.train, dataset.validation
    if max_train is not None and max_train < len(train):
        train = sample(train, max_train, seed=seed)
        whole, validation = len(validation), suit_training(validation, max_train, seed=seed)
        if len(validation) < whole:
            notices.append(
                f"validation: {len(validation):,} of {whole:,} rows, to suit --max-train"
            )
    resolved = _resolved(given, name, notices)
    if STEP_MATCHED in beside and resolved.max_steps is not None:
        raise UsageError(
            "controls: expected epochs with step-matched, got max_steps, which gives all runs as "
            "many steps"
        )
    notices += _overlaps(train, dataset)
    sets = [extra_data] if isinstance(extra_data, str | os.PathLike) else list(extra_data)
    extra = tuple(load_extra(each, dataset, seed=seed) for each in sets)
    if extra:
        train = join_extra(train, extra)
        notices += shared_texts(extra, dataset)
    _check_labels(resolved, train)
    adversarial = load_adversarial(augment_with, train, dataset)
    remarks: list[str] = []
    if augment or adversarial:
        scope.columns(dataset.task)
        transforms, remarks = settle_transforms(
            preferred(transforms, adversarial), dataset.task.label_kind, force=force
        )
        notices += remarks
    kept = {key: _text(value) for key, value in columns.items() if key != "task"}
    return Plan(
        dataset=dataset,
        data=nameable(data),
        train=train,
        validation=validation,
        model=name,
        transforms=build(
            bind(DEFAULT_TRANSFORMS if transforms is None else transforms, constraints)
        ),
        severity=severity,
        augment=augment + sum(map(len, adversarial)),
        arguments=resolved,
        seed=seed,
        settings={**kept, **({"max_train": max_train} if max_train is not None else {})},
        root=Path(root),
        out=None if out is None else Path(out),
        notices=(*notices, *(notice for each in adversarial for notice in each.notices)),
        controls=beside,
        extra=extra,
        scope=scope,
        remarks=tuple(remarks),
        adversarial=adversarial,
    )


def with_augmented(train: Split, augmented: Split) -> Split:
    """Return the training rows followed by the augmented ones.

    Raises
    ------
    DataError
        An id of an augmented row is already taken.
    """
    table = pa.concat_tables([train.table, augmented.table], promote_options="permissive")
    joined = Split(train.name, table, train.task)
    if len(set(joined.ids)) < len(joined):
        raise DataError(f"{train.name}: expected ids that no augmented row bears, such as 'x+1'")
    return joined


def _defaults_said(data: Any, model: Any) -> list[str]:
    if data is None and model is None:
        return ["neither --data nor --model: the built-in demo reviews and the tiny BERT"]
    if data is None:
        return ["no --data: the built-in demo reviews"]
    return [f"no --model: {DEFAULT_MODEL}"] if model is None else []


def _resolved(given: TrainingArguments, model: str, notices: list[str]) -> TrainingArguments:
    """Fill in the defaults; the device too, since another one gives other weights."""
    resolved, _ = resolve_arguments(given, from_scratch=model == TINY, max_positions=None)
    default = default_learning_rate(given, from_scratch=model == TINY)
    if given.learning_rate is None and default is not None:
        notices.append(f"learning rate {default[0]:g} (the default for {default[1]})")
    told_later = given.freeze.startswith(("first:", "except:"))  # the loaded model knows
    deep = model != TINY and given.freeze not in TOP_ONLY and not told_later
    warning = high_rate_warning(resolved, pretrained_layers=deep)
    notices += [] if warning is None else [warning]
    device = resolve_device(given.device)
    precision = resolve_precision(given.precision, device)
    return resolved.model_copy(update={"device": device.type, "precision": precision})


def _with_own_adapter(given: TrainingArguments, model: str) -> TrainingArguments:
    """Let training that goes on from a folder with adapters be training of these adapters."""
    if given.adapter is not None or not (Path(model) / "adapter.json").is_file():
        return given
    own = read_adapter_json(model, offline=True)
    return given if own is None else given.model_copy(update={"adapter": str(own)})


def _check_labels(arguments: TrainingArguments, train: Split) -> None:
    """Refuse what does not go with the task's labels before anything is trained."""
    task = train.task
    if task.type is TaskType.QUESTION_ANSWERING:
        for name in ("label_smoothing", "class_weights"):
            if given := getattr(arguments, name):
                raise UsageError(
                    f"{name}: expected to be left out for {task.type.value}, got {given!r}"
                )
    if train.labels is None:
        return
    objective_of(task, label_smoothing=arguments.label_smoothing)
    class_weights_of(arguments.class_weights, torch.from_numpy(train.labels), task)


def _overlaps(train: Split, dataset: TextDataset) -> list[str]:
    """Say how many held-out texts are trained on, or nearly: such a score flatters."""
    said = []
    for name in ("validation", "test"):
        if name in dataset and len(found := overlap(dataset[name], train)):
            same = int(found.identical.sum())
            near = f", {len(found) - same:,} nearly" if len(found) > same else ""
            said.append(f"{same:,} texts of {name} are also in train{near}: scores will flatter")
    return said


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{old}={new}" for old, new in value.items())
    return str(value)

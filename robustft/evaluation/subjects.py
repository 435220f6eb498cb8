"""What is evaluated: which models, from which runs, on which data."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from robustft.data.dataset import TextDataset, load_dataset, sample
from robustft.data.run_folder import CONFIG, MANIFEST, RunFolder, newest
from robustft.data.split import Split
from robustft.data.task import Task
from robustft.errors import DataError, ModelError, RunError, UsageError
from robustft.evaluation.results import ModelFacts
from robustft.model.foreign.kinds import (
    Foreign,
    Kind,
    content_hash,
    foreign_name,
    foreign_object,
    hash_of_files,
)
from robustft.model.foreign.options import ModelOptions

__all__ = ["Subject", "find_data", "find_subjects"]

BEST = "checkpoints/best"
_WEIGHTS = ("*.safetensors", "*.bin", "tokenizer.json", "config.json", "adapter*.json")


@dataclass(frozen=True, eq=False)
class Subject:
    """One model to evaluate.

    Attributes
    ----------
    model
        The folder, file, name or address that it is loaded from, or what it is called.
    run
        The training run that it comes from; None for a plain model.
    kind
        What opens it.
    thing
        The function or the estimator itself, where it is in memory already.
    options
        How it is opened.
    """

    facts: ModelFacts
    model: str
    run: RunFolder | None = None
    kind: Kind = "transformers"
    thing: Any = None
    options: ModelOptions = field(default_factory=ModelOptions)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the weights, so that other weights in the same place are noticed.

        Of a function it is one of its source file, and of an endpoint its address: neither says
        all that decides its outputs.
        """
        if self.kind != "transformers":
            # Of an object that nothing tells from others its name, without this machine's folders.
            return content_hash(self.kind, self.model, self.thing) or Path(self.model).name
        folder = Path(self.model)
        if not folder.is_dir():
            return self.model
        return hash_of_files(sorted({p for pattern in _WEIGHTS for p in folder.glob(pattern)}))

    @property
    def steady(self) -> bool:
        """Whether the same fingerprint means the same outputs, or the user says so."""
        if self.kind in ("function", "endpoint"):
            known = content_hash(self.kind, self.model, self.thing) is not None
            return known and self.options.cache is True
        return self.thing is None

    @property
    def max_length(self) -> int | None:
        """The tokens that training read, where there was a training run."""
        length = self.run.config.get("training", {}).get("max_length") if self.run else None
        return None if length is None else int(length)

    @property
    def replacement_words(self) -> frozenset[str] | None:
        """The words that augmentation brought into the training text; None without any."""
        name = self.run.manifest.get("replacement_words") if self.run else None
        if self.run is None or name is None:
            return None
        return frozenset(self.run.read_json(name))


def find_subjects(runs: Any, root: Path, options: ModelOptions | None = None) -> list[Subject]:
    """Return the models to evaluate: the runs and models named, or the newest pair under `root`.

    Parameters
    ----------
    runs
        Names, functions and estimators: one, several, or None.
    options
        How models are opened.

    Raises
    ------
    RunError
        There is no finished run, or a folder named holds an unfinished one.
    ModelError
        A folder named is neither a run nor a model, or a model of another make cannot be used.
    UsageError
        A file needs trust that was not given, or an address cannot be used.
    """
    options = options or ModelOptions()
    if runs is None or (isinstance(runs, Sequence) and not runs):
        return _with_roles([replace(_of_run(r), options=options) for r in _newest_pair(root)])
    several = isinstance(runs, Sequence) and not isinstance(runs, str)
    named = list(runs) if several else [runs]
    return _with_roles([_of(thing, options) for thing in named])


def _of(thing: Any, options: ModelOptions) -> Subject:
    found: Foreign | None
    if isinstance(thing, str | os.PathLike):
        name = os.fspath(thing)
        found = foreign_name(name, options)
        if found is None:
            return replace(_subject(name), options=options)
    else:
        found = foreign_object(thing)
    facts = ModelFacts(name=found.name)
    return Subject(facts, found.model, None, found.kind, found.thing, options)


def _subject(name: str) -> Subject:
    folder = Path(name).expanduser()
    if (folder / MANIFEST).is_file() or (folder / CONFIG).is_file():
        run = RunFolder.open(folder)
        if run.kind != "train":
            raise RunError(f"{name}: expected a training run or a model, got a run of {run.kind}")
        return _of_run(run)
    partial = folder.with_name(folder.name + ".partial")
    if not folder.exists() and (partial / CONFIG).is_file():
        raise RunError(
            f"{name}: expected a finished run, got one that was interrupted ({partial.name}); "
            "give its train command again to finish it"
        )
    if folder.is_dir() and not (folder / "config.json").is_file():
        raise ModelError(
            f"{name}: expected a run folder ({MANIFEST}) or a model folder (config.json), "
            "got neither"
        )
    if not folder.exists() and (name.startswith((".", "/", "~")) or name.count("/") > 1):
        raise RunError(f"{name}: expected a run folder or a model folder, got nothing there")
    model = str(folder) if folder.is_dir() else name
    return Subject(ModelFacts(name=folder.name or name), model)


def _of_run(run: RunFolder) -> Subject:
    role = run.config.get("role")
    rows = int(run.manifest.get("counts", {}).get("augmented", 0))
    name = run.path.resolve().name
    facts = ModelFacts(
        name=name,
        role=role if role in ("clean", "augmented") else "model",
        augmented_rows=rows,
    )
    return Subject(facts, str(run.path / BEST), run)


def _newest_pair(root: Path) -> list[RunFolder]:
    """Return the newest augmented run and its clean twin, else the newest run alone."""
    runs = newest(root, "train") if root.is_dir() else []
    if not runs:
        raise RunError(
            f"{root}: expected a finished training run in it, got none; make a pair with "
            "robustft train --augment 5000, or name a model: robustft eval MODEL --data DATA"
        )
    by_name = {run.path.name: run for run in runs}
    for run in runs:
        twin = by_name.get(str(run.manifest.get("clean_twin")))
        if twin is not None:
            return [twin, run]
    return runs[:1]


def _with_roles(subjects: list[Subject]) -> list[Subject]:
    """Keep the roles of one clean and one augmented model of the same data; name all distinctly."""
    roles = [s.facts.role for s in subjects]
    prints = {s.run.config.get("fingerprint") if s.run else None for s in subjects}
    paired = sorted(roles) == ["augmented", "clean"] and len(prints) == 1
    named: list[Subject] = []
    for subject in subjects:
        facts = subject.facts
        if len(subjects) > 1 and not paired:
            facts = replace(facts, role="model")
        taken = [other.facts.name for other in named]
        name, number = facts.name, 2
        while name in taken:
            name, number = f"{facts.name}-{number}", number + 1
        named.append(replace(subject, facts=replace(facts, name=name)))
    return sorted(named, key=lambda s: s.facts.role == "augmented") if paired else named


@dataclass(frozen=True, eq=False)
class Found:
    """The data to evaluate on, and what the models learned from, as far as it can be known.

    Attributes
    ----------
    trained
        For a subject's name, the rows that it was trained on.
    """

    dataset: TextDataset
    split: Split
    trained: Mapping[str, Split]
    notices: tuple[str, ...]


def find_data(
    subjects: Sequence[Subject],
    data: Any,
    *,
    split: str | None,
    columns: Mapping[str, Any],
) -> Found:
    """Load what the runs were trained on, or `data` in its place, and choose the split.

    Parameters
    ----------
    split
        By default ``test``, or all rows of data without splits that no run has seen.

    Raises
    ------
    RunError
        The data are not where the run says; name them.
    DataError
        They cannot be read, have no such split, or the split has no labels.
    UsageError
        A plain model is given without data.
    """
    notices: list[str] = []
    known: dict[str, TextDataset] = {}
    loaded: dict[str, TextDataset] = {}
    for subject in subjects:
        own = _own_data(subject, loaded, needed=data is None, columns=columns)
        if own is not None:
            known[subject.facts.name] = own
    if data is None:
        if not known:
            raise UsageError(
                f"data: expected --data for {subjects[0].facts.name}, which is a model and no "
                "training run, got none (--data demo is the built-in demo)"
            )
        dataset = next(iter(known.values()))
        prints = {d.fingerprint for d in known.values()}
        if len(prints) > 1:
            raise UsageError(
                "data: expected runs of the same data, got runs of different data; name the data "
                "to compare them on with --data"
            )
    else:
        dataset = _other_data(subjects, data, columns)
    chosen = _choose(dataset, split)
    if chosen.labels is None:
        raise DataError(
            f"{dataset.name}: expected labels in the split {chosen.name}, got none; name their "
            "column with --label-column, or another --split"
        )
    notices += dataset.notices
    trained = {
        subject.facts.name: _training_rows(subject, known[subject.facts.name])
        for subject in subjects
        if subject.facts.name in known and "train" in known[subject.facts.name]
    }
    unchecked = [s.facts.name for s in subjects if s.facts.name not in known and s.run is not None]
    if unchecked:
        notices.append(
            f"training data of {', '.join(unchecked)} not found: whether it was trained on these "
            "rows is not checked"
        )
    return Found(dataset, chosen, trained, tuple(notices))


def _task_of(subject: Subject) -> Task | None:
    return Task.from_dict(subject.run.config["task"]) if subject.run else None


def _own_data(
    subject: Subject,
    loaded: dict[str, TextDataset],
    *,
    needed: bool,
    columns: Mapping[str, Any],
) -> TextDataset | None:
    """Load the data that a run names; None where that is not `needed` and cannot be.

    Twins name the same data, which are loaded once.
    """
    run = subject.run
    if run is None:
        return None
    config = run.config
    settings = config.get("settings", {})
    kept = {k: settings[k] for k in ("text_column", "label_column", "id_column") if k in settings}
    kept |= {k: settings[k] for k in ("label_map", "label_kind") if k in settings}
    kept |= {k: v for k, v in columns.items() if v is not None}
    name = str(config["data"])
    beside = run.path.resolve() / name
    place = os.path.normpath(beside) if beside.exists() else name
    seed = int(config.get("seed", 0))
    key = repr((place, seed, config.get("task"), kept))
    if key in loaded:
        return loaded[key]
    try:
        dataset = load_dataset(place, task=_task_of(subject), seed=seed, **kept)
    except (DataError, OSError) as problem:
        if not needed:
            return None
        raise RunError(
            f"{run.path}: expected its data at {name!r} (seen from the run folder), got: "
            f"{problem}; name them with --data"
        ) from problem
    if dataset.fingerprint != config.get("fingerprint") and needed and "label_map" not in columns:
        notice = f"{run.path.name}: the data have changed since it was trained"
        dataset = replace(dataset, notices=(*dataset.notices, notice))
    loaded[key] = dataset
    return dataset


def _other_data(
    subjects: Sequence[Subject],
    data: Any,
    columns: Mapping[str, Any],
) -> TextDataset:
    """Load the data named; if they are a run's own, with the splits that it was trained with."""
    given = {k: v for k, v in columns.items() if v is not None}
    run = next((s for s in subjects if s.run is not None), None)
    task = _task_of(run) if run else None
    if run is not None and run.run is not None:
        config = run.run.config
        settings = config.get("settings", {})
        kept = {k: settings[k] for k in ("id_column", "label_map") if k in settings}
        same = load_dataset(data, task=task, seed=int(config.get("seed", 0)), **(kept | given))
        if same.fingerprint == config.get("fingerprint"):
            return same
        return load_dataset(data, task=task, make_splits=False, **(kept | given))
    return load_dataset(data, make_splits=False, **given)


def _choose(dataset: TextDataset, name: str | None) -> Split:
    if name is not None:
        return dataset[name]
    for usual in ("test", "all"):
        if usual in dataset:
            return dataset[usual]
    names = list(dataset.splits)
    if len(names) == 1:
        return dataset[names[0]]
    raise DataError(
        f"{dataset.name}: expected a split called test, got {', '.join(names)}; name one with "
        "--split"
    )


def _training_rows(subject: Subject, dataset: TextDataset) -> Split:
    assert subject.run is not None
    train, config = dataset.train, subject.run.config
    most = config.get("settings", {}).get("max_train")
    return train if most is None else sample(train, int(most), seed=int(config.get("seed", 0)))

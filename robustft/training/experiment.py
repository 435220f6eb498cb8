"""Train a model, and its twin: the same start, the same settings, with and without augmentation."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from robustft.data.export import write_augmented
from robustft.data.fields import Scope
from robustft.data.run_folder import RunFolder, hardware
from robustft.data.split import Split
from robustft.errors import UsageError
from robustft.model.load import LoadedModel, load_model
from robustft.model.tiny import TINY
from robustft.scoring.seeds import OverSeeds, over_seeds
from robustft.training.controls import DUPLICATED, STEP_MATCHED, duplicates, step_matched
from robustft.training.extra import ExtraData
from robustft.training.loop import TrainingResult, fit
from robustft.training.plan import AUGMENTED, CLEAN, Plan, make_plan, with_augmented
from robustft.transform.constraints import Constraint
from robustft.transform.registry import Transforms

__all__ = ["TrainedPair", "run_plan", "train"]

_WORDS = "data/replacement_words.json"
_SPLIT_IDS = "data/split_ids.json"
_TENSORS = "tensors.json"


@dataclass(frozen=True)
class TrainedPair:
    """The run folders that `train` made or found.

    Attributes
    ----------
    clean, augmented, duplicated, step_matched
        The folder of each run; None for one that was not asked for. The last two are controls:
        see `robustft.training.controls`.
    validation
        Scores of each run's best model on the validation split, by role.
    reused
        The roles whose run was finished already.
    notices
        What the user should know.
    seed
        What the runs were trained with; the data may have another.
    seeds
        With several seeds, the result of each, this one the first; else empty.
    """

    clean: Path | None
    augmented: Path | None
    validation: Mapping[str, Mapping[str, float | None]]
    reused: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    duplicated: Path | None = None
    step_matched: Path | None = None
    seed: int = 0
    seeds: tuple[TrainedPair, ...] = ()

    @property
    def runs(self) -> list[Path]:
        """The folders of the pair, the clean one first."""
        return [run for run in (self.clean, self.augmented) if run is not None]

    @property
    def folders(self) -> dict[str, Path]:
        """The folder of each run, by role."""
        named = {role: getattr(self, role.replace("-", "_")) for role in self.validation}
        return {role: folder for role, folder in named.items() if folder is not None}

    def over_seeds(self) -> dict[str, dict[str, OverSeeds]]:
        """Return mean, spread and t interval over the seeds of each validation score, by role.

        A score that some seed leaves undefined is left out.
        """
        return {
            role: {
                name: over_seeds([each.validation[role][name] or 0.0 for each in self.seeds])
                for name in scores
                if all(each.validation[role][name] is not None for each in self.seeds)
            }
            for role, scores in (self.validation.items() if self.seeds else ())
        }

    def to_pandas(self) -> Any:
        """Return the validation scores as a data frame, a row a run."""
        import pandas as pd

        rows = [
            {"run": role, "seed": each.seed, "folder": str(each.folders[role]), **scores}
            for each in self.seeds or (self,)
            for role, scores in each.validation.items()
        ]
        return pd.DataFrame(rows)


def train(
    data: Any = None,
    model: str | os.PathLike[str] | None = None,
    *,
    augment: int = 0,
    augment_with: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
    transforms: Transforms | None = None,
    severity: int | None = None,
    constraints: Sequence[Constraint] = (),
    sides: str = "both",
    spans: str = "protect",
    clean: bool = True,
    out: str | os.PathLike[str] | None = None,
    root: str | os.PathLike[str] = "runs",
    seed: int = 0,
    seeds: int = 1,
    data_seed: int | None = None,
    max_train: int | None = None,
    controls: str | Sequence[str] = (),
    extra_data: ExtraData | Sequence[ExtraData] = (),
    workers: int = 1,
    force: bool = False,
    progress: bool = True,
    text_column: str | None = None,
    label_column: str | None = None,
    id_column: str | None = None,
    label_map: str | Mapping[Any, Any] | None = None,
    label_kind: str | None = None,
    task: str | None = None,
    **arguments: Any,
) -> TrainedPair:
    """Fine-tune a model; with `augment`, on transformed text too, beside a clean twin.

    Parameters
    ----------
    data
        What `load_dataset` takes; None for the built-in demo reviews.
    model
        A hub name, a folder, or ``tiny``. None: ``tiny`` for the demo,
        ``distilbert-base-uncased`` for other data.
    augment
        How many transformed rows join the training split; 0 trains the clean model alone.
    augment_with
        Folders of `robustft.attack` on training rows, whose successful attacks join them, too.
    transforms, severity
        What changes the rows that are added, as in `perturb`. None: those of
        ``typos,synonyms,contractions`` that keep the data's kind of label.
    constraints
        What edits and texts must satisfy; see `robustft.transform.constraints`.
    sides, spans
        Which text of a pair may change, and whether answers are protected or follow the edits:
        see `robustft.data.fields.Scope`.
    clean
        Whether to train the clean twin beside an augmented model. A finished one is reused.
    out, root
        The run's folder; by default one under `root` named after the settings, so that the same
        call finds its own work again. A twin is put beside it.
    seed, seeds, data_seed
        With several `seeds`, all is trained so many times, with `seed`, `seed` + 1 and so on, on
        the same data. `data_seed` says which rows are sampled, split off and augmented; None: as
        `seed`. New weights hang on ``init_seed`` where it is given.
    max_train
        Train on at most so many rows (and validate on at most a quarter as many, 500 or more).
    controls
        ``duplicated``, ``step-matched`` or both: train these beside an augmented model, too; see
        `robustft.training.controls`.
    extra_data
        Further labelled sets whose rows join the training split: each a path, a hub name or data,
        or ``"more.csv,0=neg,1=pos"`` or a pair of data and label map, which maps its labels to
        those of the main set.
    force
        Go on although a transform does not keep the data's kind of label.
    progress
        Whether to show bars on stderr.
    text_column, label_column, id_column, label_map, label_kind, task
        As in `load_dataset`.
    arguments
        Fields of `TrainingArguments`: ``epochs``, ``learning_rate``, ``freeze``, ``adapter``,
        ``max_length``, ``device`` and so on.

    Raises
    ------
    UsageError, LabelKindError, DataError, ModelError, HubError, RunError
        A setting, the data, the model or a folder cannot be used; the message says which.
    """
    plan = make_plan(
        data,
        model,
        augment=augment,
        augment_with=augment_with,
        transforms=transforms,
        severity=severity,
        scope=Scope(sides=sides, spans=spans),
        constraints=constraints,
        out=out,
        root=root,
        seed=seed,
        data_seed=data_seed,
        max_train=max_train,
        controls=controls,
        extra_data=extra_data,
        force=force,
        columns={
            "text_column": text_column,
            "label_column": label_column,
            "id_column": id_column,
            "label_map": label_map,
            "label_kind": label_kind,
            "task": task,
        },
        arguments=arguments,
    )
    return run_plan(plan, clean=clean, workers=workers, progress=progress, seeds=seeds)


def run_plan(
    plan: Plan, *, clean: bool = True, workers: int = 1, progress: bool = True, seeds: int = 1
) -> TrainedPair:
    """Train what `plan` says; a run that is finished is not trained again.

    Raises
    ------
    UsageError
        There is to be less than one seed.
    """
    if seeds < 1:
        raise UsageError(f"seeds: expected a number of seeds, at least 1, got {seeds}")
    if seeds == 1:
        return _run_once(plan, clean=clean, workers=workers, progress=progress)
    first = plan.arguments.seed
    pairs = [
        _run_once(plan.with_seed(seed), clean=clean, workers=workers, progress=progress)
        for seed in range(first, first + seeds)
    ]
    said = dict.fromkeys(notice for pair in pairs for notice in pair.notices)
    return replace(pairs[0], notices=tuple(said), seeds=tuple(pairs))


def _run_once(plan: Plan, *, clean: bool, workers: int, progress: bool) -> TrainedPair:
    """Train the runs of one seed."""
    roles = [role for role in plan.roles if clean or role != CLEAN or not plan.augment]
    folders: dict[str, Path] = {}
    scores: dict[str, Mapping[str, float | None]] = {}
    reused: list[str] = []
    said: dict[str, list[str]] = {}
    for role in roles:
        run = _start(plan, role)
        if run.finished:
            reused.append(role)
        else:
            _train_one(plan, role, run, folders, workers=workers, progress=progress)
        folders[role] = run.path
        scores[role] = run.manifest["validation"]
        for notice in dict.fromkeys(run.manifest["notices"]):
            said.setdefault(notice, []).append(role)
    return TrainedPair(
        clean=folders.get(CLEAN),
        augmented=folders.get(AUGMENTED),
        validation=scores,
        reused=tuple(reused),
        notices=(*plan.notices, *_by_role(said, roles, plan.notices)),
        duplicated=folders.get(DUPLICATED),
        step_matched=folders.get(STEP_MATCHED),
        seed=plan.arguments.seed,
    )


def _by_role(
    said: Mapping[str, Sequence[str]], roles: Sequence[str], known: Sequence[str]
) -> list[str]:
    """Return each notice once, with the roles that it is about where it is not about all."""
    return [
        notice if len(whose) == len(roles) > 1 else f"{', '.join(whose)}: {notice}"
        for notice, whose in said.items()
        if notice not in known
    ]


def _start(plan: Plan, role: str) -> RunFolder:
    out = plan.out if role == plan.main_role else None
    return RunFolder.start("train", plan.readable(role), plan.config(role), out=out, root=plan.home)


def _train_one(
    plan: Plan,
    role: str,
    run: RunFolder,
    before: Mapping[str, Path],
    *,
    workers: int,
    progress: bool,
) -> None:
    """Train the model of one role and finish its run folder; `before` are the roles trained."""
    rows, facts, arguments = plan.train, dict[str, Any](), plan.arguments
    plan.keep_data(run.path)
    if role == AUGMENTED:
        rows, facts = _write_augmented(plan, run, workers)
    elif role == DUPLICATED:
        rows = with_augmented(plan.train, duplicates(plan.train, plan.augmented(workers).split))
    elif role == STEP_MATCHED:
        steps = RunFolder.open(before[AUGMENTED]).manifest["training"]["steps"]
        arguments = step_matched(arguments, steps)
    # All runs start from the same weights and, for tiny, the same tokenizer.
    loaded = load_model(
        plan.model,
        task=plan.dataset.task,
        seed=arguments.initialisation_seed,
        train_texts=plan.train.all_texts if plan.model == TINY else None,
    )
    title = role if not plan.arguments.seed else f"{role}, seed {plan.arguments.seed}"
    result = fit(loaded, rows, plan.validation, arguments, run.path, progress=progress, title=title)
    if plan.dataset.made:
        ids = {name: plan.dataset[name].ids for name in plan.dataset.made}
        run.write_json(_SPLIT_IDS, ids)
        facts["split_ids"] = _SPLIT_IDS
    run.write_json(_TENSORS, result.tensor_states)
    run.finish({**_manifest(plan, role, loaded, result, rows), **facts})


def _write_augmented(plan: Plan, run: RunFolder, workers: int) -> tuple[Split, dict[str, Any]]:
    """Make and save the augmented rows; return the whole training split and what to record."""
    made = plan.augmented(workers)
    words = write_augmented(made, run.path)
    run.write_json(_WORDS, sorted(words))
    facts = {
        "augmented": {"rows": len(made.split), **made.perturbed.summary()},
        "replacement_words": _WORDS,
        "shortfall": made.shortfall,
        "remarks": list(plan.remarks),
        "clean_twin": plan.folder(CLEAN).name,
    }
    return with_augmented(plan.train, made.split), facts


def _manifest(
    plan: Plan, role: str, loaded: LoadedModel, result: TrainingResult, rows: Split
) -> dict[str, Any]:
    """Return what a finished run says of itself."""
    trained = result.to_dict()
    notices = [*loaded.notices, *result.notices]
    if result.truncated:
        notices.append(
            f"{result.truncated:.0%} of the training texts are longer than "
            f"{result.arguments.max_length} tokens and were cut"
        )
    held_out = {n: plan.dataset[n] for n in ("validation", "test") if n in plan.dataset}
    return {
        "role": role,
        "seed": result.arguments.seed,
        "model": plan.readable(role),
        "fingerprints": {
            "train": rows.fingerprint,
            **{name: split.fingerprint for name, split in held_out.items()},
        },
        "counts": _counts(plan, role, rows),
        "best_epoch": result.best_epoch,
        "validation": result.metrics,
        "minutes": result.minutes,
        "peak_memory_mb": result.peak_memory_mb,
        "hardware": hardware(),
        "training": trained,
        "tensors": _TENSORS,
        "new_weights": list(loaded.new_weights) if not loaded.from_scratch else ["all"],
        "notices": notices,
    }


def _counts(plan: Plan, role: str, rows: Split) -> dict[str, Any]:
    """Return the number of rows of each sort; what joined from further sets is part of train."""
    added = len(rows) - len(plan.train)
    counts: dict[str, Any] = {
        "train": len(plan.train),
        "augmented": added if role == AUGMENTED else 0,
        "validation": len(plan.validation),
    }
    if role == DUPLICATED:
        counts["duplicated"] = added
    if "test" in plan.dataset:
        counts["test"] = len(plan.dataset.test)
    if plan.extra:
        counts["extra"] = sum(len(each.split) for each in plan.extra)
    return counts

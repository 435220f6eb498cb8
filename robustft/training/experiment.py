"""Train a model, and its twin: the same start, the same settings, with and without augmentation."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robustft.data.export import write_augmented
from robustft.data.run_folder import RunFolder, hardware
from robustft.data.split import Split
from robustft.model.load import LoadedModel, load_model
from robustft.training.loop import TrainingResult, fit
from robustft.training.plan import AUGMENTED, CLEAN, Plan, make_plan, with_augmented
from robustft.transform.registry import DEFAULT_TRANSFORMS, Transforms

__all__ = ["TrainedPair", "run_plan", "train"]

_WORDS = "data/replacement_words.json"
_SPLIT_IDS = "data/split_ids.json"


@dataclass(frozen=True)
class TrainedPair:
    """The run folders that `train` made or found.

    Attributes
    ----------
    clean, augmented
        The folder of each run; None for one that was not asked for.
    validation
        Scores of each run's best model on the validation split, by role.
    reused
        The roles whose run was finished already.
    notices
        What the user should know.
    """

    clean: Path | None
    augmented: Path | None
    validation: Mapping[str, Mapping[str, float | None]]
    reused: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def runs(self) -> list[Path]:
        """The folders, the clean one first."""
        return [run for run in (self.clean, self.augmented) if run is not None]

    def to_pandas(self) -> Any:
        """Return the validation scores as a data frame, a row a run."""
        import pandas as pd

        rows = [
            {"run": role, "folder": str(getattr(self, role)), **scores}
            for role, scores in self.validation.items()
        ]
        return pd.DataFrame(rows)


def train(
    data: Any = None,
    model: str | os.PathLike[str] | None = None,
    *,
    augment: int = 0,
    transforms: Transforms = DEFAULT_TRANSFORMS,
    severity: int | None = None,
    clean: bool = True,
    out: str | os.PathLike[str] | None = None,
    root: str | os.PathLike[str] = "runs",
    seed: int = 0,
    max_train: int | None = None,
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
    transforms, severity
        What changes the rows that are added, as in `perturb`.
    clean
        Whether to train the clean twin beside an augmented model. A finished one is reused.
    out, root
        The run's folder; by default one under `root` named after the settings, so that the same
        call finds its own work again. A twin is put beside it.
    max_train
        Train on at most so many rows (and validate on at most a quarter as many, 500 or more).
    force
        Go on although a transform does not keep the data's kind of label.
    progress
        Whether to show bars on stderr.
    text_column, label_column, id_column, label_map, label_kind, task
        As in `load_dataset`.
    arguments
        Fields of `TrainingArguments`: ``epochs``, ``batch_size``, ``learning_rate``,
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
        transforms=transforms,
        severity=severity,
        out=out,
        root=root,
        seed=seed,
        max_train=max_train,
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
    return run_plan(plan, clean=clean, workers=workers, progress=progress)


def run_plan(
    plan: Plan, *, clean: bool = True, workers: int = 1, progress: bool = True
) -> TrainedPair:
    """Train what `plan` says; a run that is finished is not trained again."""
    roles = [CLEAN, AUGMENTED] if plan.augment else [CLEAN]
    if not clean and plan.augment:
        roles = [AUGMENTED]
    folders: dict[str, Path] = {}
    scores: dict[str, Mapping[str, float | None]] = {}
    reused: list[str] = []
    said = dict.fromkeys(plan.notices)
    for role in roles:
        run = _start(plan, role)
        if run.finished:
            reused.append(role)
        else:
            _train_one(plan, role, run, workers=workers, progress=progress)
        folders[role] = run.path
        scores[role] = run.manifest["validation"]
        said |= {f"{role}: {notice}": None for notice in run.manifest["notices"]}
    return TrainedPair(
        clean=folders.get(CLEAN),
        augmented=folders.get(AUGMENTED),
        validation=scores,
        reused=tuple(reused),
        notices=tuple(said),
    )


def _start(plan: Plan, role: str) -> RunFolder:
    out = plan.out if role == plan.main_role else None
    return RunFolder.start("train", plan.readable(role), plan.config(role), out=out, root=plan.home)


def _train_one(plan: Plan, role: str, run: RunFolder, *, workers: int, progress: bool) -> None:
    """Train the model of one role and finish its run folder."""
    rows, facts = plan.train, dict[str, Any]()
    plan.keep_data(run.path)
    if role == AUGMENTED:
        rows, facts = _write_augmented(plan, run, workers)
    # Both twins start from the same weights and, for tiny, the same tokenizer.
    loaded = load_model(
        plan.model, task=plan.dataset.task, seed=plan.seed, train_texts=plan.train.all_texts
    )
    result = fit(
        loaded, rows, plan.validation, plan.arguments, run.path, progress=progress, title=role
    )
    if plan.dataset.made:
        ids = {name: plan.dataset[name].ids for name in plan.dataset.made}
        run.write_json(_SPLIT_IDS, ids)
        facts["split_ids"] = _SPLIT_IDS
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
        "seed": plan.seed,
        "model": plan.readable(role),
        "fingerprints": {
            "train": rows.fingerprint,
            **{name: split.fingerprint for name, split in held_out.items()},
        },
        "counts": {
            "train": len(plan.train),
            "augmented": len(rows) - len(plan.train),
            "validation": len(plan.validation),
            **({"test": len(held_out["test"])} if "test" in held_out else {}),
        },
        "best_epoch": result.best_epoch,
        "validation": result.metrics,
        "minutes": result.minutes,
        "peak_memory_mb": result.peak_memory_mb,
        "hardware": hardware(),
        "training": trained,
        "new_weights": list(loaded.new_weights) if not loaded.from_scratch else ["all"],
        "notices": notices,
    }

"""A trained row: fine-tune, test the kept checkpoint, and write down all that the views need."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robustft.data.run_folder import RunFolder
from robustft.data.task import TaskType
from robustft.evaluation.evaluate import evaluate
from robustft.evaluation.results import RobustnessResult
from robustft.evaluation.sets import names_of_draws
from robustft.study.extra import extra_metrics
from robustft.study.grid import RunSpec
from robustft.study.portable import named_settings, relative_path
from robustft.study.results import (
    ORIGINAL,
    VALIDATION,
    Count,
    RowResult,
    plain_values,
    values,
)
from robustft.study.rows import Context
from robustft.training.arguments import TrainingArguments
from robustft.training.experiment import TrainedPair, train

__all__ = ["plan_arguments", "run_train"]

# Settings that this row reads itself and does not hand on.
_OWN = frozenset({"role", "max_eval", "eval_split"})
_OF_AUGMENTED = frozenset({"augment", "transforms", "severity", "sides", "spans"})


def run_train(spec: RunSpec, context: Context) -> RowResult:
    """Train the row's model (a finished run is found again), and evaluate what it kept."""
    run = RunFolder.open(_trained(spec, context))
    result = _learned(spec, run, context)
    if run.config["task"]["type"] == TaskType.QUESTION_ANSWERING:
        return _with_answers(result, run, spec, context)
    return _with_predictions(result, _evaluated(run, spec, context), context)


def _trained(spec: RunSpec, context: Context) -> Path:
    """Return the folder of the trained run, an arm of its experiment."""
    given = {**plan_arguments(spec), "model": context.model_for(spec)}
    role = str(spec.settings.get("role", "clean"))
    if role not in ("clean", "augmented"):
        given["controls"] = (role,)
    pair: TrainedPair = train(
        **given,
        clean=role == "clean",
        root=context.runs,
        workers=context.workers,
        progress=context.progress,
    )
    folder = getattr(pair, role.replace("-", "_"))
    return Path(folder)


def plan_arguments(spec: RunSpec) -> dict[str, Any]:
    """Return the row's settings as `robustft.train` takes them."""
    given = {k: v for k, v in spec.settings.items() if k not in _OWN and v is not None}
    if spec.settings.get("role", "clean") == "clean":
        # The clean arm of an experiment knows nothing of what the others are given.
        given = {k: v for k, v in given.items() if k not in _OF_AUGMENTED}
    return given


def _evaluated(run: RunFolder, spec: RunSpec, context: Context) -> RobustnessResult:
    """Test the kept checkpoint; all rows and seeds of a study see the very same test sets."""
    wanted = context.evaluation
    return evaluate(
        run.path,
        transforms=wanted.transforms,
        severity=wanted.severity,
        transformed=wanted.transforms is not None,
        split=_split(spec, context),
        max_eval=spec.settings.get("max_eval", wanted.max_eval),
        seed=wanted.seed,
        device=str(spec.settings.get("device", "auto")),
        draws=wanted.draws,
        precision=wanted.precision,
        counterexamples=0,
        workers=context.workers,
        force=bool(spec.settings.get("force", False)),
        progress=context.told,
    )


def _learned(spec: RunSpec, run: RunFolder, context: Context) -> RowResult:
    """Return what training itself wrote."""
    manifest = run.manifest
    training: Mapping[str, Any] = manifest["training"]
    return RowResult(
        row=spec.row,
        data=str(run.config["dataset"]),
        model=_model_name(spec, run),
        settings=_settings(spec, run),
        metrics={VALIDATION: plain_values(manifest["validation"])},
        best_epoch=manifest["best_epoch"],
        history=training["history"],
        curve=training["curve"],
        parameters=_parameters(training["parameters"]),
        tensors=run.read_json(manifest["tensors"]),
        truncated={"train": training["truncated"]},
        minutes=manifest["minutes"],
        rows={str(name): int(count) for name, count in manifest["counts"].items()},
        training={k: v for k, v in training.items() if k not in ("history", "curve")},
        run=relative_path(run.path, context.folder),
        facts={
            "task": run.config["task"],
            "split": _split(spec, context) or "test",
            "hardware": manifest["hardware"],
            "new_weights": manifest["new_weights"],
            "findings": training["tensors"],
        },
        notices=list(dict.fromkeys(manifest["notices"])),
    )


def _with_predictions(result: RowResult, tested: RobustnessResult, context: Context) -> RowResult:
    """Add what an evaluation found: the metrics of each test set, and what they lose."""
    (model,) = tested.models
    place = Path(str(tested.folder)) / "predictions" / model.name
    metrics, drops = dict(result.metrics), dict(result.drops)
    for cell in tested.cells:
        file = place / f"{cell.set}.parquet"
        extra = extra_metrics(file, tested.task, seed=context.evaluation.seed)
        metrics[cell.set] = values({**cell.metrics, **extra})
        if cell.drop is not None:
            drops[cell.set] = values(cell.drop)
    first = tested.cells[0]
    sets = [_set_facts(facts) for facts in tested.sets]
    return result.model_copy(
        update={
            "metrics": metrics,
            "drops": drops,
            "truncated": {**result.truncated, first.set: first.truncated},
            "rows": {**result.rows, "evaluated": tested.sets[0].rows},
            "predictions": {
                path.stem: relative_path(path, context.folder)
                for facts in tested.sets
                for path in (place / f"{name}.parquet" for name in names_of_draws(facts))
            },
            "facts": {**result.facts, "mix": tested.mix, "sets": sets},
            "notices": list(dict.fromkeys([*result.notices, *tested.verdict.caveats])),
        }
    )


def _with_answers(result: RowResult, run: RunFolder, spec: RunSpec, context: Context) -> RowResult:
    """Let the model answer the test questions, and add how well it did: metrics from 0 to 1."""
    from robustft.evaluation.answers import evaluate_answers

    wanted = context.evaluation
    tested = evaluate_answers(
        run.path,
        split=_split(spec, context),
        max_eval=spec.settings.get("max_eval", wanted.max_eval),
        seed=wanted.seed,
        device=str(spec.settings.get("device", "auto")),
        progress=context.told,
    )
    file = Path(tested.folder) / tested.predictions
    return result.model_copy(
        update={
            "metrics": {**result.metrics, ORIGINAL: values(tested.metrics)},
            "rows": {**result.rows, "evaluated": tested.rows},
            "predictions": {ORIGINAL: relative_path(file, context.folder)},
            "facts": {
                **result.facts,
                "windows": tested.windows,
                "definitions": dict(tested.notes),
                "reading": dict(tested.settings),
            },
            "notices": list(dict.fromkeys([*result.notices, *tested.notices])),
        }
    )


def _split(spec: RunSpec, context: Context) -> str | None:
    """Return the split to test on; None for the test split."""
    split = spec.settings.get("eval_split") or context.evaluation.split
    return None if split is None else str(split)


def _model_name(spec: RunSpec, run: RunFolder) -> str:
    """Return what the model is called: a row's own name where it starts from one."""
    return spec.after or Path(str(run.config["model"])).name


def _parameters(counts: Mapping[str, Any]) -> dict[str, Count]:
    parts = {**counts.get("components", {}), "total": counts}
    return {
        str(name): Count(total=part["total"], trained=part["trained"])
        for name, part in parts.items()
    }


def _settings(spec: RunSpec, run: RunFolder) -> dict[str, Any]:
    """Return the row's settings with the defaults that training filled in; paths by their name."""
    filled = run.config.get("training", {})
    given = named_settings(spec.settings)
    return {**given, **{k: v for k, v in filled.items() if k in TrainingArguments.model_fields}}


def _set_facts(facts: Any) -> dict[str, Any]:
    keys = ("name", "kind", "spec", "severity", "rows", "changed_share", "unchanged_share")
    return {key: getattr(facts, key) for key in keys}

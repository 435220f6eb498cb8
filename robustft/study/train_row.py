"""A trained row: fine-tune, test the kept checkpoint, and write down all that the views need."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robustft.data.run_folder import RunFolder
from robustft.evaluation.evaluate import evaluate
from robustft.evaluation.results import RobustnessResult
from robustft.study.extra import extra_metrics
from robustft.study.grid import RunSpec
from robustft.study.results import VALIDATION, RowResult, Value, plain_values, values
from robustft.study.rows import Context
from robustft.training.arguments import TrainingArguments
from robustft.training.experiment import TrainedPair, train

__all__ = ["plan_arguments", "run_train"]

# Settings that this row reads itself and does not hand on.
_OWN = frozenset({"role", "max_eval", "eval_split"})


def run_train(spec: RunSpec, context: Context) -> RowResult:
    """Train the row's model (a finished run is found again) and evaluate it."""
    run = RunFolder.open(_trained(spec, context))
    tested = _evaluated(run, spec, context)
    return _result(spec, run, tested, context)


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
        given = {k: v for k, v in given.items() if k not in ("augment", "transforms", "severity")}
    return given


def _evaluated(run: RunFolder, spec: RunSpec, context: Context) -> RobustnessResult:
    """Test the kept checkpoint; all rows and seeds of a study see the very same test sets."""
    wanted = context.evaluation
    return evaluate(
        run.path,
        transforms=wanted.transforms,
        severity=wanted.severity,
        transformed=wanted.transforms is not None,
        split=spec.settings.get("eval_split", wanted.split),
        max_eval=spec.settings.get("max_eval", wanted.max_eval),
        seed=wanted.seed,
        device=str(spec.settings.get("device", "auto")),
        workers=context.workers,
        force=bool(spec.settings.get("force", False)),
        progress=context.told,
    )


def _result(spec: RunSpec, run: RunFolder, tested: RobustnessResult, context: Context) -> RowResult:
    """Bring together what the run and its evaluation wrote."""
    manifest, folder = run.manifest, Path(str(tested.folder))
    training: Mapping[str, Any] = manifest["training"]
    (model,) = tested.models
    files = {s.name: folder / "predictions" / model.name / f"{s.name}.parquet" for s in tested.sets}
    metrics: dict[str, dict[str, Value]] = {VALIDATION: plain_values(manifest["validation"])}
    drops: dict[str, dict[str, Value]] = {}
    for cell in tested.cells:
        extra = extra_metrics(files[cell.set], tested.task, seed=context.evaluation.seed)
        metrics[cell.set] = values({**cell.metrics, **extra})
        if cell.drop is not None:
            drops[cell.set] = values(cell.drop)
    counts = {str(k): int(v) for k, v in manifest["counts"].items()}
    original = tested.cells[0]
    notices = dict.fromkeys([*manifest["notices"], *tested.verdict.caveats])
    return RowResult(
        row=spec.row,
        data=str(run.config["dataset"]),
        model=Path(str(run.config["model"])).name,
        settings=_settings(spec, run),
        metrics=metrics,
        drops=drops,
        best_epoch=manifest["best_epoch"],
        history=training["history"],
        curve=training.get("curve", []),
        truncated={"train": training["truncated"], original.set: original.truncated},
        minutes=manifest["minutes"],
        rows={**counts, "evaluated": tested.sets[0].rows},
        training={k: v for k, v in training.items() if k not in ("history", "curve")},
        run=_relative(run.path, context.folder),
        predictions={name: _relative(path, context.folder) for name, path in files.items()},
        facts={
            "task": tested.task,
            "mix": tested.mix,
            "sets": [_set_facts(s) for s in tested.sets],
            "split": spec.settings.get("eval_split", context.evaluation.split) or "test",
            "hardware": manifest["hardware"],
            "new_weights": manifest["new_weights"],
        },
        notices=list(notices),
    )


def _settings(spec: RunSpec, run: RunFolder) -> dict[str, Any]:
    """Return the row's settings with the defaults that training filled in; paths by their name."""
    given = {
        key: Path(value).name if key in ("data", "model") else value
        for key, value in spec.settings.items()
        if value is not None
    }
    filled = run.config.get("training", {})
    return {**given, **{k: v for k, v in filled.items() if k in TrainingArguments.model_fields}}


def _set_facts(facts: Any) -> dict[str, Any]:
    keys = ("name", "kind", "spec", "severity", "rows", "changed_share", "unchanged_share")
    return {key: getattr(facts, key) for key in keys}


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()

"""A pretrained row: a masked language model, and its perplexity after each epoch."""

from __future__ import annotations

from pathlib import Path

from robustft.data.run_folder import RunFolder
from robustft.study.grid import RunSpec
from robustft.study.portable import named_settings, relative_path
from robustft.study.results import VALIDATION, RowResult, plain_values
from robustft.study.rows import Context
from robustft.training.pretraining import Pretrained, pretrain

__all__ = ["run_pretrain"]


def run_pretrain(spec: RunSpec, context: Context) -> RowResult:
    """Pretrain the row's model; a finished run is found again.

    ``facts`` has the perplexity before the first step and after each epoch.
    """
    given = {key: value for key, value in spec.settings.items() if value is not None}
    model = context.model_for(spec)
    if model is not None:
        given["model"] = model
    made: Pretrained = pretrain(**given, root=context.runs, progress=context.progress)
    run = RunFolder.open(made.folder)
    manifest = run.manifest
    training = manifest["training"]
    return RowResult(
        row=spec.row,
        data=str(run.config["dataset"]),
        model=Path(str(run.config["model"])).name,
        settings={**named_settings(given), **run.config["training"]},
        metrics={VALIDATION: plain_values(manifest["validation"])},
        best_epoch=made.best_epoch,
        history=made.history,
        curve=training.get("curve", []),
        minutes=made.minutes,
        rows={name: int(count) for name, count in manifest["counts"].items()},
        training={k: v for k, v in training.items() if k not in ("history", "curve")},
        run=relative_path(made.folder, context.folder),
        facts={
            "perplexity": {"before": made.before, "after": made.perplexities},
            "from_scratch": run.config["from_scratch"],
            "split": run.config["split"],
            "hardware": manifest["hardware"],
        },
        notices=list(made.notices),
    )

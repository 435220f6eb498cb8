"""``robustft train``: fine-tune a model, and its twin on transformed text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from robustft.cli import console
from robustft.cli.options import (
    BatchSizeOption,
    DataOption,
    DeviceOption,
    DryRunOption,
    EpochsOption,
    ForceOption,
    JsonOption,
    LabelColumnOption,
    LabelKindOption,
    LabelMapOption,
    LearningRateOption,
    MaxLengthOption,
    MaxTrainOption,
    ModelOption,
    OutOption,
    SeedOption,
    SeverityOption,
    TextColumnOption,
    WithOption,
    WorkersOption,
)

if TYPE_CHECKING:
    from robustft.training.experiment import TrainedPair
    from robustft.training.plan import Plan

__all__ = ["train"]

AugmentOption = Annotated[
    int,
    typer.Option(
        "--augment",
        min=0,
        metavar="N",
        rich_help_panel="Transforms",
        help="Add N transformed copies of training rows, and train the clean twin too.",
    ),
]
CleanOption = Annotated[
    bool,
    typer.Option(
        "--clean/--no-clean",
        rich_help_panel="Transforms",
        help="Whether to train the clean twin beside an augmented model.",
    ),
]
OverfitOption = Annotated[
    int | None,
    typer.Option(
        "--overfit",
        min=2,
        metavar="N",
        rich_help_panel="Model and training",
        help="Only check that the model can learn N rows by heart; nothing is kept. "
        "Exit code 1 if it cannot.",
    ),
]
PrecisionOption = Annotated[
    Literal["auto", "bf16", "fp32"],
    typer.Option(
        "--precision",
        rich_help_panel="Model and training",
        help="auto computes in bfloat16 on a GPU that can.",
    ),
]


def train(
    data: DataOption = None,
    model: ModelOption = None,
    augment: AugmentOption = 0,
    with_: WithOption = None,
    severity: SeverityOption = None,
    clean: CleanOption = True,
    out: OutOption = None,
    text_column: TextColumnOption = None,
    label_column: LabelColumnOption = None,
    label_map: LabelMapOption = None,
    label_kind: LabelKindOption = None,
    max_train: MaxTrainOption = None,
    epochs: EpochsOption = None,
    lr: LearningRateOption = None,
    batch_size: BatchSizeOption = None,
    max_length: MaxLengthOption = None,
    precision: PrecisionOption = "auto",
    overfit: OverfitOption = None,
    seed: SeedOption = 0,
    workers: WorkersOption = 1,
    device: DeviceOption = "auto",
    force: ForceOption = False,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Fine-tune a model, and a twin of it on transformed text.

    Without options it trains the tiny BERT on the built-in reviews. A run that was stopped goes
    on where it was when the same command is given again; a finished one is not trained twice.

    Examples:

      robustft train --augment 5000

      robustft train --data reviews.csv --model distilbert-base-uncased --augment 5000

      robustft train --data reviews.csv --model ./my-model --overfit 32
    """
    from robustft.cli.transform import one_chain, one_severity
    from robustft.training.plan import make_plan

    plan = make_plan(
        data,
        model,
        augment=augment,
        transforms=one_chain(with_),
        severity=one_severity(severity),
        out=out,
        seed=seed,
        max_train=max_train,
        force=force,
        columns={
            "text_column": text_column,
            "label_column": label_column,
            "label_map": label_map,
            "label_kind": label_kind,
        },
        arguments={
            "epochs": epochs,
            "learning_rate": lr,
            "batch_size": batch_size,
            "max_length": max_length,
            "device": device,
            "precision": precision,
        },
    )
    for notice in plan.notices:
        console.note(notice)
    if dry_run:
        console.print_json(plan.describe())
        return 0
    if overfit is not None:
        return _check(plan, overfit, lr, as_json=json)
    _run(plan, clean=clean, workers=workers, as_json=json)
    return 0


def _run(plan: Plan, *, clean: bool, workers: int, as_json: bool) -> None:
    from robustft.training.experiment import run_plan

    try:
        pair = run_plan(plan, clean=clean, workers=workers)
    except KeyboardInterrupt as stop:
        if str(stop):
            console.note(str(stop))
        raise
    for notice in pair.notices:
        if notice not in plan.notices:
            console.note(notice)
    if as_json:
        console.print_json(_summary(pair))
        return
    for role, scores in pair.validation.items():
        told = ", ".join(f"{name} {value:.4f}" for name, value in scores.items() if value)
        found = " (already trained)" if role in pair.reused else ""
        console.out().print(f"{role}: {getattr(pair, role)}{found}", soft_wrap=True)
        console.out().print(f"  validation {told}", soft_wrap=True)
    console.note("next: robustft eval --transformed")


def _summary(pair: TrainedPair) -> dict[str, Any]:
    return {
        "clean": None if pair.clean is None else str(pair.clean),
        "augmented": None if pair.augmented is None else str(pair.augmented),
        "validation": pair.validation,
        "reused": list(pair.reused),
        "notices": list(pair.notices),
    }


def _check(plan: Plan, rows: int, lr: float | None, *, as_json: bool) -> int:
    """Say whether the model can learn `rows` rows by heart; return the exit code."""
    from robustft.model.load import load_model
    from robustft.training.overfit import overfit

    loaded = load_model(
        plan.model, task=plan.dataset.task, seed=plan.seed, train_texts=plan.train.all_texts
    )
    arguments = plan.arguments.model_copy(update={"learning_rate": lr})
    result = overfit(loaded, plan.train, arguments, rows)
    if as_json:
        console.print_json(result.to_dict())
    else:
        told = ", ".join(f"{k} {v:.4f}" for k, v in result.metrics.items() if v is not None)
        answer = "yes" if result.learned else "no"
        console.out().print(
            f"can it learn {result.rows} rows by heart: {answer} "
            f"(after {result.epochs} passes: {told})",
            soft_wrap=True,
        )
    return 0 if result.learned else 1

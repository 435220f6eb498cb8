"""``robustft train``: fine-tune a model, and its twin on transformed text."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustft.cli import console
from robustft.cli import train_options as more
from robustft.cli.constraint_options import constrained
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
    SidesOption,
    SpansOption,
    TextColumnOption,
    WithOption,
    WorkersOption,
)

if TYPE_CHECKING:
    from pathlib import Path

    from robustft.training.experiment import TrainedPair
    from robustft.training.plan import Plan

__all__ = ["train"]

_COLUMNS = ("text_column", "label_column", "label_map", "label_kind", "task")

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
AugmentWithOption = Annotated[
    list[str] | None,
    typer.Option(
        "--augment-with",
        metavar="RUN",
        rich_help_panel="Transforms",
        help="Add the successful attacks of a run of robustft attack on training rows; with the "
        "clean twin, as for --augment. Can be repeated.",
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


@constrained
def train(
    data: DataOption = None,
    model: ModelOption = None,
    augment: AugmentOption = 0,
    augment_with: AugmentWithOption = None,
    with_: WithOption = None,
    severity: SeverityOption = None,
    constraints: Any = None,
    sides: SidesOption = None,
    spans: SpansOption = None,
    clean: CleanOption = True,
    out: OutOption = None,
    text_column: TextColumnOption = None,
    label_column: LabelColumnOption = None,
    label_map: LabelMapOption = None,
    label_kind: LabelKindOption = None,
    task: more.TaskOption = None,
    max_train: MaxTrainOption = None,
    extra_data: more.ExtraDataOption = None,
    epochs: EpochsOption = None,
    lr: LearningRateOption = None,
    batch_size: BatchSizeOption = None,
    max_length: MaxLengthOption = None,
    accumulate: more.AccumulationOption = None,
    precision: more.PrecisionOption = "auto",
    fast: more.FastOption = None,
    overfit: OverfitOption = None,
    freeze: more.FreezeOption = None,
    unfreeze: more.UnfreezeOption = None,
    adapter: more.AdapterOption = None,
    reinit: more.ReinitOption = None,
    frozen: more.FrozenOption = None,
    optimizer: more.OptimizerOption = None,
    momentum: more.MomentumOption = None,
    schedule: more.ScheduleOption = None,
    warmup: more.WarmupOption = None,
    layer_lr_decay: more.LayerDecayOption = None,
    head_lr: more.HeadRateOption = None,
    weight_decay: more.WeightDecayOption = None,
    max_steps: more.MaxStepsOption = None,
    early_stopping: more.EarlyStoppingOption = None,
    eval_steps: more.EvalStepsOption = None,
    label_smoothing: more.LabelSmoothingOption = None,
    class_weights: more.ClassWeightsOption = None,
    controls: more.ControlsOption = None,
    seeds: more.SeedsOption = 1,
    seed: SeedOption = 0,
    init_seed: more.InitSeedOption = None,
    data_seed: more.DataSeedOption = None,
    push: more.PushOption = None,
    doc_stride: more.DocStrideOption = None,
    max_answer_length: more.MaxAnswerLengthOption = None,
    n_best: more.NBestOption = None,
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

      robustft train --data reviews.csv --model bert-base-uncased --freeze encoder --seeds 5

      robustft train --data reviews.csv --model ./my-model --overfit 32
    """
    given = dict(locals())
    from robustft.cli.transform import one_chain, one_severity
    from robustft.data.fields import Scope
    from robustft.training.arguments import TrainingArguments
    from robustft.training.plan import make_plan

    plan = make_plan(
        data,
        model,
        augment=augment,
        augment_with=augment_with or (),
        transforms=one_chain(with_),
        severity=one_severity(severity),
        constraints=constraints or (),
        scope=Scope.of(sides, spans),
        out=out,
        seed=seed,
        data_seed=data_seed,
        max_train=max_train,
        controls=controls or (),
        extra_data=extra_data or (),
        force=force,
        columns={name: given[name] for name in _COLUMNS},
        arguments=more.training_settings(given, TrainingArguments.model_fields),
    )
    for notice in plan.notices:
        console.note(notice)
    if dry_run:
        console.print_json(plan.describe())
        return 0
    if overfit is not None:
        return _check(plan, overfit, lr, as_json=json)
    pair = _run(plan, clean=clean, workers=workers, seeds=seeds, as_json=json)
    if push is not None:
        _push(pair.folders[plan.main_role], push)
    return 0


def _run(plan: Plan, *, clean: bool, workers: int, seeds: int, as_json: bool) -> TrainedPair:
    from robustft.training.experiment import run_plan

    try:
        pair = run_plan(plan, clean=clean, workers=workers, seeds=seeds)
    except KeyboardInterrupt as stop:
        if str(stop):
            console.note(str(stop))
        raise
    for notice in pair.notices:
        if notice not in plan.notices:
            console.note(notice)
    if as_json:
        console.print_json(_summary(pair))
        return pair
    for each in pair.seeds or (pair,):
        _print_runs(each, numbered=bool(pair.seeds))
    if pair.seeds:
        _print_spread(pair)
    console.note("next: robustft eval --transformed")
    return pair


def _print_runs(pair: TrainedPair, *, numbered: bool) -> None:
    """Print where each run is, and its scores on the validation split."""
    seed = f", seed {pair.seed}" if numbered else ""
    for role, scores in pair.validation.items():
        told = ", ".join(f"{k} {v:.4f}" for k, v in scores.items() if v is not None)
        found = " (already trained)" if role in pair.reused else ""
        console.out().print(f"{role}{seed}: {pair.folders[role]}{found}", soft_wrap=True)
        console.out().print(f"  validation {told}", soft_wrap=True)


def _print_spread(pair: TrainedPair) -> None:
    """Print mean, standard deviation and interval over the seeds, a line a role and score."""
    for role, scores in pair.over_seeds().items():
        console.out().print(f"{role}, {len(pair.seeds)} seeds (mean, spread, 95 % interval):")
        for name, found in scores.items():
            inside = f"  [{found.low:.4f}, {found.high:.4f}]" if found.low is not None else ""
            inside = inside if found.high is not None else f"  no interval: {found.reason}"
            console.out().print(
                f"  validation {name} {found.value:.4f} ± {found.sd or 0:.4f}{inside}",
                soft_wrap=True,
                markup=False,
            )


def _summary(pair: TrainedPair) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "clean": None if pair.clean is None else str(pair.clean),
        "augmented": None if pair.augmented is None else str(pair.augmented),
        "runs": {role: str(folder) for role, folder in pair.folders.items()},
        "validation": pair.validation,
        "reused": list(pair.reused),
        "notices": list(pair.notices),
    }
    if pair.seeds:
        summary["seeds"] = [{"seed": each.seed, **_summary(each)} for each in pair.seeds]
        summary["over_seeds"] = {
            role: {name: asdict(found) for name, found in scores.items()}
            for role, scores in pair.over_seeds().items()
        }
    return summary


def _push(run: Path, repo: str) -> None:
    from robustft.model.push import push_run

    console.note(f"pushed: {push_run(run, repo).url}")


def _check(plan: Plan, rows: int, lr: float | None, *, as_json: bool) -> int:
    """Say whether the model can learn `rows` rows by heart; return the exit code."""
    from robustft.model.load import load_model
    from robustft.training.overfit import overfit

    loaded = load_model(
        plan.model,
        task=plan.dataset.task,
        seed=plan.arguments.initialisation_seed,
        train_texts=plan.train.all_texts,
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

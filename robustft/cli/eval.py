"""``robustft eval``: compare models on original and on transformed text."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from robustft.cli import console
from robustft.cli.constraint_options import constrained
from robustft.cli.gate_options import gated
from robustft.cli.model_options import MODEL_HELP, opens_models
from robustft.cli.options import (
    BatchSizeOption,
    DataOption,
    DeviceOption,
    DryRunOption,
    ForceOption,
    JsonOption,
    LabelColumnOption,
    LabelKindOption,
    LabelMapOption,
    MaxEvalOption,
    MaxLengthOption,
    OutOption,
    SeverityOption,
    SidesOption,
    SpansOption,
    SplitOption,
    TextColumnOption,
    WithOption,
    WorkersOption,
)

if TYPE_CHECKING:
    from robustft.evaluation.augmentation import AugmentationEffect
    from robustft.evaluation.family import Family
    from robustft.evaluation.plan import EvaluationPlan
    from robustft.evaluation.results import RobustnessResult

__all__ = ["eval_"]

RunsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[RUN|MODEL]...",
        help=f"{MODEL_HELP} Left out: the newest augmented run under runs/ and its clean twin.",
    ),
]
TransformedOption = Annotated[
    bool | None,
    typer.Option(
        "--transformed/--no-transformed",
        rich_help_panel="Transforms",
        help="Whether to test on transformed text too: each transform alone, and all together "
        "(the mix). Left out: yes.",
    ),
]
TestSeedOption = Annotated[
    int | None,
    typer.Option(
        "--seed",
        min=0,
        metavar="N",
        rich_help_panel="Run",
        help="Where all randomness starts. Left out: the seed of the run. Test sets never share "
        "a draw with training.",
    ),
]
DrawsOption = Annotated[
    int,
    typer.Option(
        "--draws",
        min=1,
        metavar="N",
        rich_help_panel="Transforms",
        help="Draw the transformed sets so often: numbers are means over the draws, and what the "
        "draws move is told from what training seeds move (give several runs for that).",
    ),
]
SliceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--slice",
        metavar="COLUMN",
        rich_help_panel="Data",
        help="Compare the drop between rows that differ in this column too, besides length, label "
        "and negation. Numbers are cut into thirds. May be repeated.",
    ),
]
AuditOption = Annotated[
    Path | None,
    typer.Option(
        "--audit",
        metavar="DIR",
        rich_help_panel="Transforms",
        help="The folder of an audit of these transforms: the accuracy is also bounded for the "
        "rows whose label holds.",
    ),
]
PredictionsOption = Annotated[
    Literal["parquet", "csv"],
    typer.Option(
        "--predictions",
        rich_help_panel="Run",
        help="csv writes the predictions, a row a text, as csv beside the parquet files.",
    ),
]
CounterexamplesOption = Annotated[
    str,
    typer.Option(
        "--counterexamples",
        metavar="N|all",
        rich_help_panel="Run",
        help="How many of a model's flipped predictions on the mix are shrunk to a few edits that "
        "still flip them, none of which can be spared; 0 for none.",
    ),
]
FastOption = Annotated[
    bool,
    typer.Option(
        "--fast",
        rich_help_panel="Model and training",
        help="Predict many texts in one row without padding, in bfloat16 on a GPU that can; made "
        "for one GPU.",
    ),
]
OnLeakOption = Annotated[
    str,
    typer.Option(
        "--on-leak",
        metavar="WHAT",
        rich_help_panel="Data",
        help="What to do about rows whose texts are also, or nearly, among those trained on: warn "
        "(and score with and without them), drop or refuse.",
    ),
]


@gated
@opens_models
@constrained
def eval_(
    runs: RunsArgument = None,
    transformed: TransformedOption = None,
    with_: WithOption = None,
    severity: SeverityOption = None,
    draws: DrawsOption = 1,
    constraints: Any = None,
    model_options: Any = None,
    sides: SidesOption = None,
    spans: SpansOption = None,
    data: DataOption = None,
    split: SplitOption = None,
    text_column: TextColumnOption = None,
    label_column: LabelColumnOption = None,
    label_map: LabelMapOption = None,
    label_kind: LabelKindOption = None,
    slices: SliceOption = None,
    max_eval: MaxEvalOption = None,
    on_leak: OnLeakOption = "warn",
    gate: Any = None,
    audit: AuditOption = None,
    out: OutOption = None,
    seed: TestSeedOption = None,
    workers: WorkersOption = 1,
    device: DeviceOption = "auto",
    batch_size: BatchSizeOption = None,
    fast: FastOption = False,
    max_length: MaxLengthOption = None,
    predictions: PredictionsOption = "parquet",
    counterexamples: CounterexamplesOption = "100",
    force: ForceOption = False,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Compare models on original and on transformed text.

    Without arguments it takes the newest augmented run and its clean twin, and prints the four
    cells: two models, original and transformed test. The transforms are those of the run, drawn
    anew. What was predicted already is not predicted again. Where the newest run was trained
    with several seeds or controls, all of them are evaluated, and it is said whether augmentation
    helps.

    Examples:

      robustft eval --transformed

      robustft eval runs/my-run --with typos --severity all

      robustft eval ./my-model --data reviews.csv --slice genre --max-drop 0.03

      robustft eval ./my_model.py:predict --data reviews.csv
    """
    from robustft.cli.audit_run import audited
    from robustft.cli.audit_tables import show_validity
    from robustft.cli.eval_answers import answer_questions
    from robustft.cli.eval_family import show_effect
    from robustft.cli.eval_tables import show
    from robustft.evaluation.audit.validity import valid_accuracies
    from robustft.evaluation.counterexamples.keep import read_limit
    from robustft.evaluation.family import find_family
    from robustft.evaluation.plan import make_evaluation

    limit = read_limit(counterexamples)
    family = None if runs else find_family(Path("runs"))
    plan = make_evaluation(
        runs or (family.paths if family else None),
        data=data,
        transforms=list(with_) if with_ else None,
        severity=severity,
        draws=draws,
        slices=slices or (),
        constraints=constraints,
        transformed=transformed,
        sides=sides,
        spans=spans,
        split=split,
        max_eval=max_eval,
        max_length=max_length,
        seed=seed,
        out=out,
        label_kind=label_kind,
        on_leak=on_leak,
        options=model_options,
        force=force,
        columns={
            "text_column": text_column,
            "label_column": label_column,
            "label_map": label_map,
        },
    )
    gate.check(plan)
    for notice in plan.notices:
        console.note(notice)
    console.note(f"models: {', '.join(s.facts.name for s in plan.subjects)}")
    if severity == "all" or draws > 1:
        console.note(
            f"sets: {len(plan.sets)}, at most {plan.predictions:,} predictions; what an edit "
            "leaves as it was is not predicted again"
        )
    if dry_run:
        console.print_json(plan.describe())
        return 0
    if plan.task.type == "question-answering" and transformed is False:
        if fast:
            console.note("--fast: questions are answered as without it")
        answer_questions(
            plan,
            max_length=max_length,
            as_json=json,
            batch_size=batch_size,
            device=device,
            force=force,
        )
        return 0
    result = _run(
        plan,
        batch_size=batch_size,
        device=device,
        fast=fast,
        precision="auto" if fast and not plan.questions else "fp32",
        workers=workers,
        force=force,
        predictions=predictions,
        counterexamples=limit,
    )
    effect = None if family is None else _effect(family, plan, result)
    found = gate.judge(result)
    corrected = valid_accuracies(result, audited(audit)) if audit is not None else []
    if json:
        extra: dict[str, Any] = {} if effect is None else {"augmentation": effect.to_dict()}
        if found is not None:
            extra["gate"] = found.to_dict()
        if audit is not None:
            extra["valid_rows"] = [asdict(row) for row in corrected]
        console.print_json({**result.to_dict(), "folder": result.folder, **extra})
    else:
        show(result) if effect is None else show_effect(effect, result.folder)
        if corrected:
            show_validity(corrected)
    return int(gate.exit_code(found))


def _run(plan: EvaluationPlan, **settings: Any) -> RobustnessResult:
    """Evaluate with a bar for each thing that takes time."""
    from robustft.evaluation.evaluate import run_evaluation

    with console.bars() as progress:
        return run_evaluation(plan, progress=progress, **settings)


def _effect(family: Family, plan: EvaluationPlan, result: RobustnessResult) -> AugmentationEffect:
    """Say what the runs of one experiment, seeds and controls, tell of augmentation."""
    from robustft.evaluation.family import family_effect

    return family_effect(family, result, [subject.facts.name for subject in plan.subjects])

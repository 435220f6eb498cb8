"""``robustft attack``: worst case instead of average."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from robustft.cli import console
from robustft.cli.constraint_options import constrained
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
    SplitOption,
    TextColumnOption,
    WithOption,
)
from robustft.errors import UsageError

if TYPE_CHECKING:
    from robustft.evaluation.attack.plan import AttackPlan
    from robustft.evaluation.attack.result import AttackResult

__all__ = ["attack"]

_PANEL = "Attack"

ModelArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[RUN|MODEL]",
        help=f"One model. {MODEL_HELP} Left out: the newest run under runs/, the augmented one "
        "of a pair.",
    ),
]
RecipeOption = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        metavar="NAME",
        rich_help_panel=_PANEL,
        help="textfooler, pwws, deepwordbug or bae, in their spirit; textattack:pwws and so on for "
        "the originals, where that library is installed.",
    ),
]
ListOption = Annotated[
    bool,
    typer.Option(
        "--list-recipes", rich_help_panel=_PANEL, help="Say what the recipes do, and stop."
    ),
]
SearchOption = Annotated[
    Literal["greedy", "beam"] | None,
    typer.Option(
        "--search",
        rich_help_panel=_PANEL,
        help="greedy, the default, keeps the most harmful edit of each place in turn; beam keeps "
        "several sets of edits.",
    ),
]
WidthOption = Annotated[
    int | None,
    typer.Option(
        "--beam-width",
        min=1,
        metavar="N",
        rich_help_panel=_PANEL,
        help="How many sets of edits a beam keeps (4).",
    ),
]
BudgetOption = Annotated[
    int | None,
    typer.Option(
        "--budget",
        min=2,
        metavar="N",
        rich_help_panel=_PANEL,
        help="Ask the model about at most N texts for each row, the row among them. Left out: as "
        "many as it takes.",
    ),
]
MostOption = Annotated[
    int | None,
    typer.Option(
        "--replacements",
        min=1,
        metavar="N",
        rich_help_panel=_PANEL,
        help="Try at most N replacements of a word from each transform (5).",
    ),
]
ShiftOption = Annotated[
    float | None,
    typer.Option(
        "--shift",
        metavar="DISTANCE",
        rich_help_panel=_PANEL,
        help="For numbers: how far a prediction has to move. Left out: as far as the model errs, "
        "by its root mean squared error.",
    ),
]
SideOption = Annotated[
    str | None,
    typer.Option(
        "--sides",
        metavar="first|second|NAME",
        rich_help_panel=_PANEL,
        help="Which text of a pair is attacked. Left out: the second.",
    ),
]
SeedOption = Annotated[
    int | None,
    typer.Option(
        "--seed",
        min=0,
        metavar="N",
        rich_help_panel="Run",
        help="Where all randomness starts. Left out: the seed of the run.",
    ),
]


@opens_models
@constrained
def attack(
    model: ModelArgument = None,
    with_: WithOption = None,
    recipe: RecipeOption = None,
    search: SearchOption = None,
    beam_width: WidthOption = None,
    budget: BudgetOption = None,
    replacements: MostOption = None,
    shift: ShiftOption = None,
    sides: SideOption = None,
    list_recipes: ListOption = False,
    constraints: Any = None,
    model_options: Any = None,
    data: DataOption = None,
    split: SplitOption = None,
    text_column: TextColumnOption = None,
    label_column: LabelColumnOption = None,
    label_map: LabelMapOption = None,
    label_kind: LabelKindOption = None,
    max_eval: MaxEvalOption = None,
    out: OutOption = None,
    seed: SeedOption = None,
    device: DeviceOption = "auto",
    batch_size: BatchSizeOption = None,
    max_length: MaxLengthOption = None,
    force: ForceOption = False,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> int:
    """Search for the edits that harm a model most: worst case instead of average.

    Of all edits that the transforms propose, it seeks for each text that the model is right about
    a set that makes it wrong, and says how often it finds one, beside as many random edits. At
    most a fifth of the words change unless --max-changed says otherwise.

    Examples:

      robustft attack runs/my-run --max-eval 200

      robustft attack ./my-model --data reviews.csv --with typos,synonyms --search beam

      robustft attack runs/my-run --split train --max-eval 500
    """
    from robustft.cli.attack_tables import show, show_recipes
    from robustft.evaluation.attack.plan import make_attack

    if list_recipes:
        show_recipes()
        return 0
    if with_ and len(with_) > 1:
        raise UsageError("--with: expected one chain of transforms to attack with, got several")
    plan = make_attack(
        model,
        data=data,
        transforms=with_[0] if with_ else None,
        recipe=recipe,
        search=search,
        beam_width=beam_width,
        budget=budget,
        most=replacements,
        constraints=constraints,
        shift=shift,
        sides=sides,
        split=split,
        max_eval=max_eval,
        max_length=max_length,
        seed=seed,
        out=out,
        label_kind=label_kind,
        force=force,
        columns={
            "text_column": text_column,
            "label_column": label_column,
            "label_map": label_map,
        },
        options=model_options,
    )
    for notice in plan.notices:
        console.note(notice)
    if dry_run:
        console.print_json(plan.describe())
        return 0
    result = _run(plan, batch_size=batch_size, device=device, force=force)
    if json:
        console.print_json({**result.to_dict(), "folder": result.folder})
    else:
        show(result)
    return 0


def _run(plan: AttackPlan, **settings: Any) -> AttackResult:
    """Attack with a bar."""
    from robustft.evaluation.attack.run import run_attack

    with console.bars() as progress:
        return run_attack(plan, progress=progress, **settings)

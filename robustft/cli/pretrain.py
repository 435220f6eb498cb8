"""``robustft pretrain``: masked language modelling on running text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from robustft.cli import console
from robustft.cli import train_options as more
from robustft.cli.options import (
    BatchSizeOption,
    DeviceOption,
    DryRunOption,
    EpochsOption,
    JsonOption,
    LearningRateOption,
    MaxLengthOption,
    MaxTrainOption,
    OutOption,
    SeedOption,
    SplitOption,
    TextColumnOption,
)

if TYPE_CHECKING:
    from robustft.training.pretraining import Pretrained

__all__ = ["pretrain"]

_MODEL = "Model and training"

DataArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[DATA]",
        help="Texts to learn from: a file, a folder of splits or a hub name. Left out: the "
        "built-in demo reviews.",
    ),
]
ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="MODEL",
        rich_help_panel=_MODEL,
        help="A hub name or a folder to go on from; tiny is always made from scratch.",
    ),
]
FromScratchOption = Annotated[
    bool,
    typer.Option(
        "--from-scratch",
        rich_help_panel=_MODEL,
        help="Take the shape of the model alone and draw all its weights.",
    ),
]
TokenizerOption = Annotated[
    Literal["keep", "train"] | None,
    typer.Option(
        "--tokenizer",
        rich_help_panel=_MODEL,
        help="keep the model's own, or train a WordPiece tokenizer on the texts (from scratch "
        "only; what tiny does).",
    ),
]
VocabularyOption = Annotated[
    int | None,
    typer.Option(
        "--vocab-size",
        min=100,
        metavar="N",
        rich_help_panel=_MODEL,
        help="Pieces of a trained tokenizer, at most.",
    ),
]
WholeWordOption = Annotated[
    bool,
    typer.Option("--whole-word", rich_help_panel=_MODEL, help="Hide whole words, not pieces."),
]
MaskRateOption = Annotated[
    float,
    typer.Option(
        "--mask-rate",
        metavar="SHARE",
        rich_help_panel=_MODEL,
        help="Share of the tokens that are to be predicted.",
    ),
]
MaxMbOption = Annotated[
    float | None,
    typer.Option(
        "--max-mb",
        metavar="MB",
        rich_help_panel="Data",
        help="Use so many megabytes of text, chosen by --seed.",
    ),
]


def pretrain(
    data: DataArgument = None,
    model: ModelOption = "tiny",
    from_scratch: FromScratchOption = False,
    tokenizer: TokenizerOption = None,
    vocab_size: VocabularyOption = None,
    whole_word: WholeWordOption = False,
    mask_rate: MaskRateOption = 0.15,
    split: SplitOption = None,
    text_column: TextColumnOption = None,
    max_mb: MaxMbOption = None,
    max_train: MaxTrainOption = None,
    epochs: EpochsOption = None,
    lr: LearningRateOption = None,
    batch_size: BatchSizeOption = None,
    max_length: MaxLengthOption = None,
    accumulate: more.AccumulationOption = None,
    schedule: more.ScheduleOption = None,
    warmup: more.WarmupOption = None,
    precision: more.PrecisionOption = "auto",
    out: OutOption = None,
    seed: SeedOption = 0,
    device: DeviceOption = "auto",
    json: JsonOption = False,
    dry_run: DryRunOption = False,
    push: more.PushOption = None,
) -> int:
    """Pretrain a masked language model, from scratch or on from a checkpoint.

    Perplexity is measured before training and after each epoch, on held-out texts whose hidden
    tokens stay the same. A run that was stopped goes on when the same command is given again.
    Fine-tune the result with robustft train --model RUN/checkpoints/best.

    Examples:

      robustft pretrain reviews.csv

      robustft pretrain imdb --split unsupervised --model bert-base-uncased --max-mb 2

      robustft pretrain corpus.jsonl --model bert-base-uncased --from-scratch --tokenizer train
    """
    from robustft.training.pretrain_plan import plan_pretraining
    from robustft.training.pretraining import run_pretraining

    plan = plan_pretraining(
        data,
        model,
        split=split,
        from_scratch=from_scratch or None,
        tokenizer=tokenizer,
        vocabulary=vocab_size,
        whole_words=whole_word,
        mask_rate=mask_rate,
        max_mb=max_mb,
        max_train=max_train,
        text_column=text_column,
        out=out,
        seed=seed,
        arguments={
            "epochs": epochs,
            "learning_rate": lr,
            "batch_size": batch_size,
            "max_length": max_length,
            "gradient_accumulation": accumulate,
            "schedule": schedule,
            "warmup_ratio": warmup,
            "precision": precision,
            "device": device,
        },
    )
    for notice in plan.notices:
        console.note(notice)
    if dry_run:
        console.print_json(plan.describe())
        return 0
    try:
        made = run_pretraining(plan)
    except KeyboardInterrupt as stop:
        if str(stop):
            console.note(str(stop))
        raise
    for notice in made.notices:
        if notice not in plan.notices:
            console.note(notice)
    _show(made, as_json=json)
    if push is not None:
        from robustft.model.push import push_run

        console.note(f"pushed: {push_run(made.folder, push).url}")
    return 0


def _show(made: Pretrained, *, as_json: bool) -> None:
    if as_json:
        console.print_json(
            {
                "folder": str(made.folder),
                "perplexity": {"before": made.before, "after": made.perplexities},
                "best_epoch": made.best_epoch,
                "reused": made.reused,
                "notices": list(made.notices),
            }
        )
        return
    from rich.table import Table

    table = Table("after epoch", "training loss", "held-out loss", "perplexity")
    for column in table.columns:
        column.justify = "right"
    table.add_row("before", "", "", _number(made.before))
    for entry in made.history:
        losses = (f"{entry['train_loss']:.4f}", f"{entry['loss']:.4f}")
        table.add_row(str(entry["epoch"]), *losses, _number(entry["perplexity"]))
    console.out().print(table)
    found = " (already trained)" if made.reused else ""
    console.out().print(f"{made.folder}{found}", soft_wrap=True)
    console.note(f"next: robustft train --model {made.folder}/checkpoints/best")


def _number(value: float | None) -> str:
    return "above any number" if value is None else f"{value:,.2f}"

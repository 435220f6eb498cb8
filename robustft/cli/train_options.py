"""The options of ``robustft train`` that say how a model is trained, in groups.

None leaves a training argument to its default (`robustft.training.arguments`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

__all__ = [
    "ARGUMENTS",
    "AccumulationOption",
    "AdapterOption",
    "ClassWeightsOption",
    "ControlsOption",
    "DataSeedOption",
    "DocStrideOption",
    "EarlyStoppingOption",
    "EvalStepsOption",
    "ExtraDataOption",
    "FastOption",
    "FreezeOption",
    "FrozenOption",
    "HeadRateOption",
    "InitSeedOption",
    "LabelSmoothingOption",
    "LayerDecayOption",
    "MaxAnswerLengthOption",
    "MaxStepsOption",
    "MomentumOption",
    "NBestOption",
    "OptimizerOption",
    "PrecisionOption",
    "PushOption",
    "ReinitOption",
    "ScheduleOption",
    "SeedsOption",
    "TaskOption",
    "UnfreezeOption",
    "WarmupOption",
    "WeightDecayOption",
    "training_settings",
]

_DATA = "Data"
_WHAT = "What trains"
_HOW = "Optimizer and schedule"
_LONG = "Loss and length of training"
_ANSWERS = "Answers to questions"
_MODEL = "Model and training"
_EXP = "Experiment"

# Training argument -> the parameter of the command, where its name is another.
ARGUMENTS: dict[str, str] = {
    "gradient_accumulation": "accumulate",
    "learning_rate": "lr",
    "warmup_ratio": "warmup",
}

TaskOption = Annotated[
    Literal["classification", "regression", "question-answering"] | None,
    typer.Option(
        "--task",
        rich_help_panel=_DATA,
        help="What is to be predicted, where the labels leave it open.",
    ),
]
FreezeOption = Annotated[
    str | None,
    typer.Option(
        "--freeze",
        metavar="PART",
        rich_help_panel=_WHAT,
        help="What does not train: embeddings, encoder (pooler and head train), all-but-head, "
        "first:K (the embeddings and K layers) or except:REGEX. Left out: none.",
    ),
]
UnfreezeOption = Annotated[
    str | None,
    typer.Option(
        "--unfreeze",
        metavar="gradual[:E]",
        rich_help_panel=_WHAT,
        help="Train pooler and head first, and open one more layer from the top every E epochs.",
    ),
]
AdapterOption = Annotated[
    str | None,
    typer.Option(
        "--adapter",
        metavar="KIND",
        rich_help_panel=_WHAT,
        help="Train small new weights and freeze the rest: houlsby\\[:size], lora\\[:rank], "
        "dora\\[:rank], rslora\\[:rank] or ia3.",
    ),
]
ReinitOption = Annotated[
    str | None,
    typer.Option(
        "--reinit",
        metavar="PART",
        rich_help_panel=_WHAT,
        help="Draw anew what the model came with: pooler, head or pooler,head.",
    ),
]
FrozenOption = Annotated[
    Literal["reuse", "recompute", "dropout"] | None,
    typer.Option(
        "--frozen",
        rich_help_panel=_WHAT,
        help="What is frozen at the bottom: its output computed once and reused (the default), "
        "computed for each batch (the same numbers), or run with dropout, as plain "
        "scripts do.",
    ),
]
OptimizerOption = Annotated[
    Literal["adamw", "sgd", "nesterov"] | None,
    typer.Option(
        "--optimizer",
        rich_help_panel=_HOW,
        help="adamw (the default), plain SGD, or SGD with Nesterov momentum.",
    ),
]
MomentumOption = Annotated[
    float | None,
    typer.Option(
        "--momentum",
        min=0,
        metavar="M",
        rich_help_panel=_HOW,
        help="Momentum of SGD. Left out: 0 for sgd, 0.9 for nesterov.",
    ),
]
ScheduleOption = Annotated[
    Literal[
        "linear",
        "constant",
        "cosine",
        "one-cycle",
        "cyclical",
        "warm-restarts",
        "slanted-triangular",
    ]
    | None,
    typer.Option(
        "--schedule",
        rich_help_panel=_HOW,
        help="How the learning rate moves. Left out: linear, up over --warmup and then down to 0.",
    ),
]
WarmupOption = Annotated[
    float | None,
    typer.Option(
        "--warmup",
        min=0,
        max=1,
        metavar="SHARE",
        rich_help_panel=_HOW,
        help="Share of the steps over which the rate rises (linear, constant and cosine). Left "
        "out: 0.06.",
    ),
]
LayerDecayOption = Annotated[
    float | None,
    typer.Option(
        "--layer-lr-decay",
        min=0,
        max=1,
        metavar="D",
        rich_help_panel=_HOW,
        help="Give each layer the rate of the one above times D; the embeddings have the lowest.",
    ),
]
HeadRateOption = Annotated[
    float | None,
    typer.Option(
        "--head-lr",
        min=0,
        metavar="RATE",
        rich_help_panel=_HOW,
        help="The peak learning rate of pooler and head. Left out: that of --lr.",
    ),
]
WeightDecayOption = Annotated[
    float | None,
    typer.Option(
        "--weight-decay",
        min=0,
        metavar="W",
        rich_help_panel=_HOW,
        help="Weight decay of matrices. Left out: 0.01.",
    ),
]
AccumulationOption = Annotated[
    int | None,
    typer.Option(
        "--accumulate",
        min=1,
        metavar="N",
        rich_help_panel=_HOW,
        help="Batches that make one optimizer step, for when memory holds only few texts.",
    ),
]
MaxStepsOption = Annotated[
    int | None,
    typer.Option(
        "--max-steps",
        min=1,
        metavar="N",
        rich_help_panel=_LONG,
        help="Train exactly N optimizer steps, whatever --epochs says.",
    ),
]
EarlyStoppingOption = Annotated[
    int | None,
    typer.Option(
        "--early-stopping",
        min=1,
        metavar="N",
        rich_help_panel=_LONG,
        help="Stop after N epochs without a better one.",
    ),
]
EvalStepsOption = Annotated[
    int | None,
    typer.Option(
        "--eval-steps",
        min=1,
        metavar="N",
        rich_help_panel=_LONG,
        help="Score the validation split every N optimizer steps, too, for a learning curve.",
    ),
]
LabelSmoothingOption = Annotated[
    float | None,
    typer.Option(
        "--label-smoothing",
        min=0,
        max=1,
        metavar="SHARE",
        rich_help_panel=_LONG,
        help="Share of each target that is spread over all classes.",
    ),
]
ClassWeightsOption = Annotated[
    str | None,
    typer.Option(
        "--class-weights",
        metavar="WEIGHTS",
        rich_help_panel=_LONG,
        help="What the classes count in the training loss: balanced, or neg=1,pos=2.",
    ),
]
SeedsOption = Annotated[
    int,
    typer.Option(
        "--seeds",
        min=1,
        metavar="N",
        rich_help_panel=_EXP,
        help="Train N times on the same data, with --seed, --seed + 1 and so on; prints mean "
        "and spread.",
    ),
]
InitSeedOption = Annotated[
    int | None,
    typer.Option(
        "--init-seed",
        min=0,
        metavar="N",
        rich_help_panel=_EXP,
        help="Seed of new weights alone. Left out: that of the training.",
    ),
]
DataSeedOption = Annotated[
    int | None,
    typer.Option(
        "--data-seed",
        min=0,
        metavar="N",
        rich_help_panel=_EXP,
        help="Seed of what is sampled, split off and augmented. Left out: --seed.",
    ),
]
ControlsOption = Annotated[
    str | None,
    typer.Option(
        "--controls",
        metavar="NAMES",
        rich_help_panel=_EXP,
        help="Train beside an augmented model: duplicated (unchanged copies of the same rows), "
        "step-matched (as many steps without them), or both with a comma.",
    ),
]
ExtraDataOption = Annotated[
    list[str] | None,
    typer.Option(
        "--extra-data",
        metavar="DATA[,MAP]",
        rich_help_panel=_EXP,
        help="A further labelled set that joins the training rows, its labels mapped by name: "
        "more.csv,0=neg,1=pos. Can be repeated.",
    ),
]
DocStrideOption = Annotated[
    int | None,
    typer.Option(
        "--doc-stride",
        min=0,
        metavar="N",
        rich_help_panel=_ANSWERS,
        help="Tokens that neighbouring windows of a long context share. Left out: 128.",
    ),
]
MaxAnswerLengthOption = Annotated[
    int | None,
    typer.Option(
        "--max-answer-length",
        min=1,
        metavar="N",
        rich_help_panel=_ANSWERS,
        help="Tokens of an answer, at most. Left out: 30.",
    ),
]
NBestOption = Annotated[
    int | None,
    typer.Option(
        "--n-best",
        min=1,
        metavar="N",
        rich_help_panel=_ANSWERS,
        help="Answers that are kept for each question. Left out: 20.",
    ),
]
PrecisionOption = Annotated[
    Literal["auto", "bf16", "fp32"],
    typer.Option(
        "--precision",
        rich_help_panel=_MODEL,
        help="auto computes in bfloat16 on a GPU that can; a CPU does when told to: bf16.",
    ),
]
FastOption = Annotated[
    bool | None,
    typer.Option(
        "--fast",
        rich_help_panel=_MODEL,
        help="Compute the same training from packed batches, made for one GPU; a model that cannot "
        "be packed is trained as without it.",
    ),
]
PushOption = Annotated[
    str | None,
    typer.Option(
        "--push",
        metavar="REPO",
        rich_help_panel=_EXP,
        help="Upload the model to the hub in the end, with a model card: NAME or OWNER/NAME.",
    ),
]


def training_settings(given: dict[str, Any], names: Any) -> dict[str, Any]:
    """Return the training arguments among a command's parameters; `names` are those there are."""
    return {
        name: given[ARGUMENTS.get(name, name)]
        for name in names
        if ARGUMENTS.get(name, name) in given
    }

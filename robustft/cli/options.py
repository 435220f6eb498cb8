r"""The options that several commands share, so that each means the same everywhere.

A command takes one by its annotation and gives the default itself::

    def train(data: DataOption = None, seed: SeedOption = 0) -> None: ...

Help texts are Rich markup: write ``\[`` for a bracket that a lower-case letter follows. An option
left out on the command line takes its value from ``robustft.toml`` (see `robustft.cli.settings`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = [
    "BatchSizeOption",
    "DataOption",
    "DebugOption",
    "Device",
    "DeviceOption",
    "DryRunOption",
    "EpochsOption",
    "ForceOption",
    "JsonOption",
    "LabelColumnOption",
    "LabelKindOption",
    "LabelMapOption",
    "LearningRateOption",
    "LimitOption",
    "MaxEvalOption",
    "MaxLengthOption",
    "MaxTrainOption",
    "ModelOption",
    "OutOption",
    "SeedOption",
    "SeverityOption",
    "SidesOption",
    "SpansOption",
    "SplitOption",
    "TextColumnOption",
    "WithOption",
    "WorkersOption",
]

Device = Literal["auto", "cuda", "mps", "cpu"]

_DATA = "Data"
_TRANSFORMS = "Transforms"
_MODEL = "Model and training"
_RUN = "Run"

DataOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="DATA",
        rich_help_panel=_DATA,
        help="A csv, tsv, jsonl or parquet file, a folder of splits, or a hub name such as "
        "glue/sst2. Left out: the built-in demo reviews, which need no download.",
    ),
]
SplitOption = Annotated[
    str | None,
    typer.Option(
        "--split",
        metavar="NAME",
        rich_help_panel=_DATA,
        help="The split to work on, such as test. A single file is cut 80/10/10 into "
        "train, validation and test.",
    ),
]
TextColumnOption = Annotated[
    str | None,
    typer.Option(
        "--text-column",
        metavar="NAME",
        rich_help_panel=_DATA,
        help="The column that holds the text, or the two of a pair as first,second; found by "
        "itself when it is called text, sentence, review or content, or has the usual names of "
        "a pair, such as premise and hypothesis; of tagged tokens it is tokens.",
    ),
]
LabelColumnOption = Annotated[
    str | None,
    typer.Option(
        "--label-column",
        metavar="NAME",
        rich_help_panel=_DATA,
        help="The column that holds the label; found by itself when it is called label, "
        "sentiment or target; answers of questions, ner_tags or tags of tokens.",
    ),
]
LabelMapOption = Annotated[
    str | None,
    typer.Option(
        "--label-map",
        metavar="MAP",
        rich_help_panel=_DATA,
        help="What the labels mean, as 0=neg,1=pos; also renames text labels.",
    ),
]
LabelKindOption = Annotated[
    str | None,
    typer.Option(
        "--label-kind",
        metavar="KIND",
        rich_help_panel=_DATA,
        help="What the label is about: sentiment, topic, entailment, similarity, acceptability, "
        "quantity, answer_span, token_tags or intent. A transform that would break such a label "
        "is refused.",
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option(
        "--limit",
        min=1,
        metavar="N",
        rich_help_panel=_DATA,
        help="Use at most N rows, chosen by the seed; each row comes out as it would in full.",
    ),
]
MaxTrainOption = Annotated[
    int | None,
    typer.Option(
        "--max-train",
        min=1,
        metavar="N",
        rich_help_panel=_DATA,
        help="Train on at most N rows, chosen by the seed with the labels in proportion.",
    ),
]
MaxEvalOption = Annotated[
    int | None,
    typer.Option(
        "--max-eval",
        min=1,
        metavar="N",
        rich_help_panel=_DATA,
        help="Evaluate on at most N rows, chosen by the seed with the labels in proportion.",
    ),
]
WithOption = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="SPECS",
        rich_help_panel=_TRANSFORMS,
        help="The transforms, in order: typos,synonyms:rate=0.2,contractions. A key=value after a "
        "comma belongs to the transform before it; ./my.py:Shout takes one from a file; "
        "a repeated --with is another chain. Left out: typos,synonyms,contractions. "
        "See: robustft list",
    ),
]
SeverityOption = Annotated[
    str | None,
    typer.Option(
        "--severity",
        metavar="1-5|all",
        rich_help_panel=_TRANSFORMS,
        help="How much of the text changes, from 1 (hardly) to 5 (heavily); each transform names "
        "its rates in robustft list. Left out: 3. all runs one to five where several sets "
        "make sense.",
    ),
]
SidesOption = Annotated[
    str | None,
    typer.Option(
        "--sides",
        metavar="first|second|both|NAME",
        rich_help_panel=_TRANSFORMS,
        help="Which text of a pair may change, or of a question and its context; columns can be "
        "named, too. Left out: both, each with draws of its own.",
    ),
]
SpansOption = Annotated[
    str | None,
    typer.Option(
        "--spans",
        "--answers",
        metavar="protect|follow",
        rich_help_panel=_TRANSFORMS,
        help="Whether edits leave answers in a context, and tagged entities, alone (protect, the "
        "default) or may change them (follow): the answers are then what stands there. Places "
        "and tags move along.",
    ),
]
SeedOption = Annotated[
    int,
    typer.Option(
        "--seed",
        min=0,
        metavar="N",
        rich_help_panel=_RUN,
        help="Where all randomness starts. Same seed, same bytes.",
    ),
]
WorkersOption = Annotated[
    int,
    typer.Option(
        "--workers",
        min=1,
        metavar="N",
        rich_help_panel=_RUN,
        help="Processes that work at a time; the output is the same for any number.",
    ),
]
DeviceOption = Annotated[
    Device,
    typer.Option(
        "--device",
        rich_help_panel=_RUN,
        help="Where the model runs; auto takes a GPU when there is one.",
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        rich_help_panel=_MODEL,
        help="A model folder, a hub name such as distilbert-base-uncased, or tiny: a small BERT "
        "made on the spot, without a download.",
    ),
]
BatchSizeOption = Annotated[
    int | None,
    typer.Option(
        "--batch-size",
        min=1,
        metavar="N",
        rich_help_panel=_MODEL,
        help="Texts that pass through the model together; in training those of one step, however "
        "many processes share it.",
    ),
]
EpochsOption = Annotated[
    int | None,
    typer.Option(
        "--epochs",
        min=1,
        metavar="N",
        rich_help_panel=_MODEL,
        help="How often training passes over the data.",
    ),
]
LearningRateOption = Annotated[
    float | None,
    typer.Option(
        "--lr",
        min=0,
        metavar="RATE",
        rich_help_panel=_MODEL,
        help="The peak learning rate, such as 5e-5.",
    ),
]
MaxLengthOption = Annotated[
    int | None,
    typer.Option(
        "--max-length",
        min=4,
        metavar="N",
        rich_help_panel=_MODEL,
        help="Tokens of a text that the model reads; what is longer is cut off.",
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        rich_help_panel=_RUN,
        help="The folder to write. Left out: one under runs/, named after the settings, so that "
        "the same command finds its own work again.",
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option(
        "--json",
        rich_help_panel=_RUN,
        help="Print the result as JSON, for a program to read.",
    ),
]
DryRunOption = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        rich_help_panel=_RUN,
        help="Say what would be done, and stop before doing it.",
    ),
]
ForceOption = Annotated[
    bool,
    typer.Option(
        "--force",
        rich_help_panel=_RUN,
        help="Go on although a transform does not keep the kind of label; the manifest says so. "
        "eval also computes anew what it finds done.",
    ),
]
DebugOption = Annotated[
    bool,
    typer.Option(
        "--debug",
        rich_help_panel=_RUN,
        help="Show the whole traceback of an error.",
    ),
]

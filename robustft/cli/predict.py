"""``robustft predict``: what a model says about a corpus, shard by shard."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from robustft.cli.corpus_options import (
    EngineOption,
    OutPlaceOption,
    RayAddressOption,
    Where,
    WorkersOption,
    named_corpus,
)
from robustft.cli.model_options import MODEL_HELP, opens_models
from robustft.cli.options import (
    BatchSizeOption,
    DeviceOption,
    DryRunOption,
    JsonOption,
    LabelColumnOption,
    LabelMapOption,
    MaxLengthOption,
    SplitOption,
    TextColumnOption,
)

__all__ = ["predict"]


@opens_models
def predict(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=MODEL_HELP)],
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="A folder, a pattern or a URL of parquet files; each gives a file of predictions.",
        ),
    ],
    out: OutPlaceOption = None,
    split: SplitOption = None,
    text_column: TextColumnOption = None,
    label_column: LabelColumnOption = None,
    label_map: LabelMapOption = None,
    batch_size: BatchSizeOption = None,
    max_length: MaxLengthOption = None,
    device: DeviceOption = "auto",
    workers: WorkersOption = None,
    engine: EngineOption = "local",
    ray_address: RayAddressOption = None,
    model_options: Any = None,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Write what a model says about a corpus of any size, file by file.

    Labels are not needed. A command that was stopped goes on where it was; see also
    transform, which changes such a corpus.

    Examples:

      robustft predict runs/train-reviews-clean-1a2b3c reviews/ --out predictions/

      robustft predict MODEL 's3://bucket/reviews/*.parquet' --engine ray --out s3://bucket/said
    """
    from robustft.cli.predict_run import Options, predict_shards

    columns = {
        "text_column": text_column,
        "label_column": label_column,
        "label_map": label_map,
    }
    predict_shards(
        model,
        named_corpus(data, {}),
        Options(split, columns, model_options, batch_size, max_length, device),
        Where(engine, workers, ray_address),
        out,
        as_json=json,
        dry_run=dry_run,
    )

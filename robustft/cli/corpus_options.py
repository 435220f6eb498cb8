"""The options of commands that stream a corpus through, here or on a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

import typer

from robustft.errors import UsageError

__all__ = [
    "EngineOption",
    "OutPlaceOption",
    "RayAddressOption",
    "StreamOption",
    "Where",
    "WorkersOption",
    "named_corpus",
    "wants_stream",
]

_CORPUS = "Large corpora"

EngineOption = Annotated[
    Literal["local", "ray"],
    typer.Option(
        "--engine",
        rich_help_panel=_CORPUS,
        help="What does the work: this machine, or a Ray cluster, which streams a corpus of "
        "parquet files. The output is the same.",
    ),
]
StreamOption = Annotated[
    bool,
    typer.Option(
        "--stream",
        rich_help_panel=_CORPUS,
        help="Read parquet files piece by piece, whatever their size, and write one for each. A "
        "URL (s3://...), a pattern (data/*.parquet) and --engine ray imply it.",
    ),
]
RayAddressOption = Annotated[
    str | None,
    typer.Option(
        "--ray-address",
        metavar="ADDRESS",
        rich_help_panel=_CORPUS,
        help="The Ray cluster: auto for the one that runs here, or the address of its head. Left "
        "out: that in RAY_ADDRESS, else a cluster on this machine for as long as the command.",
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        metavar="N",
        rich_help_panel="Run",
        help="Processes that work at a time; the output is the same for any number. Left out: "
        "one, on a cluster as many as it has processors.",
    ),
]
OutPlaceOption = Annotated[
    str | None,
    typer.Option(
        "--out",
        metavar="DIR",
        rich_help_panel="Run",
        help="The folder to write, for a corpus also a URL such as s3://bucket/folder. Left out: "
        "one under runs/, named after the settings, so that the same command finds its own work "
        "again.",
    ),
]


class Where(NamedTuple):
    """What does the work, as the options say."""

    engine: Literal["local", "ray"]
    workers: int | None
    address: str | None


def wants_stream(data: str | None, engine: str, *, stream: bool) -> bool:
    """Say whether data are to be streamed."""
    if stream or engine != "local":
        return True
    if data is None or not any(c in data for c in ":*?["):
        return False  # without a look at what knows of parquet
    from robustft.data.streaming.shards import is_streamed

    return is_streamed(data)


def named_corpus(data: str | None, unfit: Mapping[str, Any]) -> str:
    """Return what names the corpus.

    Parameters
    ----------
    unfit
        Options that a corpus does not take, with what was given; None where nothing was.

    Raises
    ------
    UsageError
        None is named, or one of those options is given.
    """
    if data is None or data.split(":")[0] == "demo":
        raise UsageError(
            "data: expected a folder, a pattern or a URL of parquet files to stream, got "
            f"{'none' if data is None else 'the built-in data'}"
        )
    given = [name for name, value in unfit.items() if value is not None]
    if given:
        raise UsageError(
            f"{given[0]}: expected a file or a folder that is held in memory, got the corpus "
            f"{data}, which is streamed"
        )
    return data

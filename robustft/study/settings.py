"""The settings of a row: which there are for each kind, and what values they take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from robustft.errors import UsageError, suggest

__all__ = [
    "LISTS",
    "PLAN",
    "Kind",
    "PlanSettings",
    "check_settings",
    "known_settings",
    "settings_of_kind",
]

Kind = Literal["train", "dictionary", "pretrain", "parameters"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Role = Literal["clean", "augmented", "duplicated", "step-matched"]


class PlanSettings(BaseModel):
    """What decides a trained row besides the training arguments.

    Attributes
    ----------
    role
        Which arm of a robustness experiment the row is: trained on the rows as they are, with
        `augment` transformed rows more, with as many unchanged copies instead, or on the rows as
        they are for as many steps as the augmented arm.
    init_seed, seed
        What new weights are drawn by, and what the order of the data and dropout are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    data: str | None = None
    model: str | None = None
    task: str | None = None
    text_column: str | None = None
    pair_column: str | None = None
    label_column: str | None = None
    id_column: str | None = None
    label_map: str | dict[str, str] | None = None
    label_kind: str | None = None
    role: Role = "clean"
    augment: int = Field(default=0, ge=0)
    transforms: str | list[str] | None = None
    severity: int | None = Field(default=None, ge=0, le=5)
    extra_data: str | list[str] | None = None
    max_train: int | None = Field(default=None, ge=1)
    max_eval: int | None = Field(default=None, ge=1)
    init_seed: int | None = Field(default=None, ge=0)
    force: bool = False


PLAN = tuple(PlanSettings.model_fields)
# Settings whose value may be a list; a list for any other one is a grid.
LISTS = frozenset({"transforms", "extra_data", "models"})

_DATA = (
    "data", "model", "task", "text_column", "label_column", "id_column", "label_map",
    "max_train", "max_eval", "init_seed", "seed",
)  # fmt: skip


@cache
def settings_of_kind(kind: Kind) -> frozenset[str]:
    """Return the names of the settings that rows of a kind take."""
    from robustft.training.arguments import TrainingArguments

    training = TrainingArguments.model_fields
    names: dict[Kind, Iterable[str]] = {
        "train": (*PLAN, *training),
        "dictionary": (*_DATA, *_DICTIONARY),
        "pretrain": (*_DATA, *training, *_PRETRAIN),
        "parameters": ("model", "models", "num_labels", "task"),
    }
    return frozenset(names[kind])


# What `robustft.study.dictionary` and `robustft.training.pretraining` take besides.
_DICTIONARY = ("regressor", "words", "device")
_PRETRAIN = ("split", "from_scratch", "whole_word", "mask_probability", "vocabulary_size")


def known_settings(kinds: Iterable[Kind] = KINDS) -> frozenset[str]:
    """Return the names of all settings that rows of some kinds take."""
    return frozenset[str]().union(*(settings_of_kind(kind) for kind in kinds))


def check_settings(kinds: Iterable[Kind], given: Mapping[str, Any], where: str) -> None:
    """Check names and values; a setting that one of the `kinds` takes is known.

    Raises
    ------
    UsageError
        A name is unknown (the nearest are given) or a value cannot be used.
    """
    kinds = sorted(kinds)
    known = known_settings(kinds)
    for name in given:
        if name not in known:
            rows = " or ".join(kinds)
            raise UsageError(
                f"{where}: expected a setting of a {rows} row, "
                f"got {name!r}{suggest(name, sorted(known))}"
            )
    from robustft.training.arguments import TrainingArguments

    for model in (PlanSettings, TrainingArguments):
        mine = {name: value for name, value in given.items() if name in model.model_fields}
        try:
            model.model_validate(mine, strict=True)
        except ValidationError as problems:
            first = problems.errors(include_url=False)[0]
            name = str(first["loc"][0]) if first["loc"] else ""
            said = first["msg"].removeprefix("Value error, ")
            told = f"{name}: {said[:1].lower()}{said[1:]}, got {first['input']!r}"
            raise UsageError(f"{where}: {told if name else said}") from None

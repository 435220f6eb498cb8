"""The settings of a row: which there are for each kind, and what values they take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from robustft.errors import UsageError, suggest
from robustft.study.dictionary_settings import DictionarySettings
from robustft.training.arguments import TrainingArguments

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
    eval_split
        What the model is tested on, if it is another split than the study's.
    data_seed
        Which rows are sampled, split off and transformed: the same for all runs of a row.
    init_seed, seed
        What new weights are drawn by, and what the order of the data and dropout are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    data: str | None = None
    model: str | None = None
    task: str | None = None
    text_column: str | None = None
    label_column: str | None = None
    id_column: str | None = None
    label_map: str | dict[str, str] | None = None
    label_kind: str | None = None
    role: Role = "clean"
    augment: int = Field(default=0, ge=0)
    transforms: str | list[str] | None = None
    severity: int | None = Field(default=None, ge=0, le=5)
    sides: str | None = None
    spans: str | None = None
    extra_data: str | list[str] | None = None
    max_train: int | None = Field(default=None, ge=1)
    max_eval: int | None = Field(default=None, ge=1)
    eval_split: str | None = None
    init_seed: int | None = Field(default=None, ge=0)
    data_seed: int | None = Field(default=None, ge=0)
    force: bool = False


class PretrainSettings(BaseModel):
    """What decides a pretrained row besides the training arguments and its data and model.

    As in `robustft.training.pretraining.pretrain`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    split: str | None = None
    from_scratch: bool | None = None
    tokenizer: Literal["keep", "train"] | None = None
    vocabulary: int | None = Field(default=None, ge=1)
    whole_words: bool = False
    mask_rate: float = Field(default=0.15, gt=0, lt=1)
    max_mb: float | None = Field(default=None, gt=0)


class ParametersSettings(BaseModel):
    """What decides a row of counts besides its model: the classes of the head."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    labels: int = Field(default=2, ge=1)


PLAN = tuple(PlanSettings.model_fields)
# Settings whose value may be a list; a list for any other one is a grid.
LISTS = frozenset({"transforms", "extra_data"})

_DATA = (
    "data", "task", "text_column", "label_column", "id_column", "label_map", "label_kind",
    "max_train", "max_eval", "eval_split", "data_seed", "init_seed", "seed",
)  # fmt: skip
# What `robustft.training.pretraining.pretrain` takes besides its own and training arguments.
_TEXTS = ("data", "model", "text_column", "max_train")


@cache
def settings_of_kind(kind: Kind) -> frozenset[str]:
    """Return the names of the settings that rows of a kind take."""
    names: dict[Kind, Iterable[str]] = {
        "train": (*PLAN, *TrainingArguments.model_fields),
        "dictionary": (*_DATA, *DictionarySettings.model_fields),
        "pretrain": (*_TEXTS, *PretrainSettings.model_fields, *TrainingArguments.model_fields),
        "parameters": ("model", *ParametersSettings.model_fields),
    }
    return frozenset(names[kind])


def known_settings(kinds: Iterable[Kind] = KINDS) -> frozenset[str]:
    """Return the names of all settings that rows of some kinds take."""
    return frozenset[str]().union(*(settings_of_kind(kind) for kind in kinds))


def check_settings(
    kinds: Iterable[Kind], given: Mapping[str, Any], where: str, *, whole: bool = False
) -> None:
    """Check names and values; a setting that one of the `kinds` takes is known.

    Parameters
    ----------
    whole
        Whether `given` are all settings of a run, so that they must go together, too.

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
    for model in _MODELS:
        mine = {k: v for k, v in given.items() if k in model.model_fields and v is not None}
        try:
            model.model_validate(mine, strict=True)
        except ValidationError as problems:
            _raise(problems, where, whole=whole)


_MODELS: tuple[type[BaseModel], ...] = (
    PlanSettings,
    TrainingArguments,
    DictionarySettings,
    PretrainSettings,
    ParametersSettings,
)


def _raise(problems: ValidationError, where: str, *, whole: bool) -> None:
    """Say what is wrong with the first value, or with how several go together."""
    for problem in problems.errors(include_url=False):
        said = str(problem.get("ctx", {}).get("error", problem["msg"]))
        said = said[:1].lower() + said[1:]
        if problem["loc"]:
            name = ".".join(map(str, problem["loc"]))
            raise UsageError(f"{where}: {name}: {said}, got {problem['input']!r}") from None
        if whole:
            raise UsageError(f"{where}: {said}") from None

"""The hyper-parameters of fine-tuning, one comment each."""

from __future__ import annotations

import math
import re
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from robustft.data.task import Task, TaskType
from robustft.errors import RobustftError, UsageError, suggest
from robustft.model.adapter_spec import parse_adapter

__all__ = [
    "QUESTION_LENGTH",
    "TOP_ONLY",
    "Schedule",
    "TrainingArguments",
    "default_learning_rate",
    "parse_class_weights",
    "parse_unfreeze",
    "resolve_arguments",
    "suit_task",
    "training_arguments",
]

Schedule = Literal[
    "linear",
    "constant",
    "cosine",
    "one-cycle",
    "cyclical",
    "warm-restarts",
    "slanted-triangular",
]

QUESTION_LENGTH = 384
"""Tokens of question and context that are read together, where nobody says otherwise."""

_GRADUAL = re.compile(r"gradual(?::([1-9]\d*))?")
# Freezing that leaves nothing below the pooler to train, whatever the architecture.
TOP_ONLY = ("encoder", "all-but-head")


class TrainingArguments(BaseModel):
    """What decides how a model is trained; None stands for a default that the model decides.

    The defaults for pretrained models are those of the BERT paper's appendix (Devlin et al., 2019:
    2-4 epochs, batch 16 or 32, 2e-5 to 5e-5, warm-up, linear decay, weight decay 0.01).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Passes over the training split.
    epochs: int = Field(default=3, ge=1)
    # Train exactly so many optimizer steps; the epochs follow from it, the last may be partial.
    max_steps: int | None = Field(default=None, ge=1)
    # Rows a batch. None: 16 for a pretrained model, 32 from scratch.
    batch_size: int | None = Field(default=None, ge=1)
    # Batches whose gradients make one optimizer step, for when memory holds only a few rows.
    gradient_accumulation: int = Field(default=1, ge=1)

    # What does not train: none, embeddings, encoder (pooler and head train), all-but-head,
    # first:K (embeddings and K layers), except:REGEX (all parameters whose names do not match).
    freeze: str = "none"
    # gradual[:E]: pooler and head train first, and one more layer from the top every E epochs.
    unfreeze: str | None = None
    # Draw anew what the checkpoint holds of the pooler, the head, or both (pooler,head).
    reinit: str | None = None
    # houlsby[:size], lora[:r], dora[:r] or ia3: small new weights train, the rest is frozen.
    adapter: str | None = None
    # What is frozen at the bottom: its output computed once and reused, computed anew each time in
    # evaluation mode (the same numbers), or run with its dropout, as plain scripts do.
    frozen: Literal["reuse", "recompute", "dropout"] = "reuse"

    optimizer: Literal["adamw", "sgd", "nesterov"] = "adamw"
    # Of SGD. None: 0 for sgd, 0.9 for nesterov.
    momentum: float | None = Field(default=None, ge=0, lt=1)
    # Peak learning rate. None: by what trains, see `default_learning_rate`.
    learning_rate: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    # A layer's rate is that of the one above times this; the embeddings' is the lowest.
    layer_lr_decay: float = Field(default=1.0, gt=0, le=1)
    # Rate of pooler and head. None: the learning rate.
    head_lr: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    # How the rate moves over training; see `robustft.training.schedules`.
    schedule: Schedule = "linear"
    # Share of the steps over which the rate rises from 0 (linear, constant and cosine).
    warmup_ratio: float = Field(default=0.06, ge=0, le=1)
    # Decoupled from the gradient for AdamW; on matrices only, never on biases and norms.
    weight_decay: float = Field(default=0.01, ge=0)
    # The gradient's norm is clipped to this; 0 switches clipping off.
    max_grad_norm: float = Field(default=1.0, ge=0)

    # Stop after so many epochs without a better one.
    early_stopping: int | None = Field(default=None, ge=1)
    # Share of each target that is spread over all classes.
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    # What the classes count in the training loss: balanced, or neg=1,pos=2.
    class_weights: str | None = None
    # Score the validation split every so many optimizer steps, too, for a learning curve.
    eval_steps: int | None = Field(default=None, ge=1)

    # Tokens of a text that are read. None: 256 (from scratch 128), or what the model can read.
    # Of question and context together, for question answering: None is 384 there.
    max_length: int | None = Field(default=None, ge=4)
    # Question answering: tokens that two neighbouring windows over a long context share.
    doc_stride: int = Field(default=128, ge=0)
    # Question answering: the most tokens that a predicted answer may have.
    max_answer_length: int = Field(default=30, ge=1)
    # Question answering: candidates that are kept for each question.
    n_best: int = Field(default=20, ge=1)
    # Order of the data and dropout.
    seed: int = Field(default=0, ge=0)
    # New weights: heads, adapters, what `reinit` names. None: as `seed`.
    init_seed: int | None = Field(default=None, ge=0)
    # Where to train; auto takes a GPU when there is one.
    device: Literal["auto", "cuda", "mps", "cpu"] = "auto"
    # bf16 computes matrix products in bfloat16; auto does so on a CUDA device that can.
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    # The same training computed from packed batches; see `robustft.training.fast`.
    fast: bool = False

    @model_serializer(mode="wrap")
    def _as_before(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Name the fast path only where it is taken: runs without it keep their identity."""
        values: dict[str, Any] = plain(self)
        return values if self.fast else {k: v for k, v in values.items() if k != "fast"}

    @property
    def rows_per_step(self) -> int:
        """Rows that one optimizer step learns from."""
        return (self.batch_size or 0) * self.gradient_accumulation

    @property
    def initialisation_seed(self) -> int:
        """The seed of what starts at random."""
        return self.seed if self.init_seed is None else self.init_seed

    @field_validator("freeze")
    @classmethod
    def _check_freeze(cls, value: str) -> str:
        if value == "none":
            return value
        from robustft.model.freezing import parse_freeze

        return str(parse_freeze(value))

    @field_validator("adapter")
    @classmethod
    def _check_adapter(cls, value: str | None) -> str | None:
        return None if value is None else str(parse_adapter(value))

    @field_validator("unfreeze")
    @classmethod
    def _check_unfreeze(cls, value: str | None) -> str | None:
        if value is not None:
            parse_unfreeze(value)
        return value

    @field_validator("class_weights")
    @classmethod
    def _check_class_weights(cls, value: str | None) -> str | None:
        if value not in (None, "balanced"):
            parse_class_weights(str(value))
        return value

    @field_validator("reinit")
    @classmethod
    def _check_reinit(cls, value: str | None) -> str | None:
        if value is None:
            return None
        from robustft.model.reinit import parse_reinit

        return ",".join(parse_reinit(value))

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.momentum is not None and self.optimizer == "adamw":
            raise ValueError(
                "momentum: expected to be left out, or an optimizer with momentum (sgd, nesterov), "
                f"got {self.momentum:g} with adamw"
            )
        if self.momentum == 0 and self.optimizer == "nesterov":
            raise ValueError("momentum: expected a value above 0 for nesterov, got 0")
        if self.unfreeze is not None and self.freeze in TOP_ONLY:
            raise ValueError(
                f"unfreeze: expected layers that may open one by one, got freeze {self.freeze}, "
                "which keeps them all shut"
            )
        if self.adapter is not None and self.freeze in TOP_ONLY:
            raise ValueError(
                f"adapter: expected layers whose adapters may train, got freeze {self.freeze}, "
                "which freezes the adapters too; --adapter alone freezes all else"
            )
        return self


def training_arguments(**given: Any) -> TrainingArguments:
    """Return checked arguments; values of None are left to the defaults.

    Raises
    ------
    UsageError
        A name is unknown or a value cannot be used; all of them are listed.
    """
    try:
        return TrainingArguments(**{k: v for k, v in given.items() if v is not None})
    except ValidationError as problems:
        lines = []
        for problem in problems.errors(include_url=False):
            name = ".".join(str(part) for part in problem["loc"])
            error = problem.get("ctx", {}).get("error")
            said = str(error or problem["msg"])
            if problem["type"] == "extra_forbidden":
                known = suggest(name, TrainingArguments.model_fields)
                lines.append(f"{name}: expected the name of a training argument{known}")
            elif name and not isinstance(error, RobustftError):
                lines.append(f"{name}: {said}, got {problem['input']!r}")
            else:
                lines.append(said)
        raise UsageError("training arguments: " + "; ".join(lines)) from None


def parse_unfreeze(text: str) -> int:
    """Return every how many epochs ``gradual[:E]`` opens one more layer.

    >>> parse_unfreeze("gradual"), parse_unfreeze("gradual:2")
    (1, 2)

    Raises
    ------
    UsageError
        The text says something else.
    """
    found = _GRADUAL.fullmatch(text.strip())
    if found is None:
        near = suggest(text.partition(":")[0], ("gradual",))
        raise UsageError(f"unfreeze: expected gradual or gradual:E (epochs), got {text!r}{near}")
    return int(found[1] or 1)


def parse_class_weights(text: str) -> dict[str, float]:
    """Return the weight of each class in ``neg=1,pos=2``.

    Raises
    ------
    UsageError
        A part is no name with a positive number.
    """
    weights: dict[str, float] = {}
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.rpartition("="))
        try:
            weight = float(value)
        except ValueError:
            weight = math.nan
        if not (equals and name and math.isfinite(weight) and weight > 0) or name in weights:
            near = suggest(text, ("balanced",))
            raise UsageError(
                "class_weights: expected balanced, or a positive weight for each class as in "
                f"neg=1,pos=2, got {text!r}{near}"
            )
        weights[name] = weight
    return weights


def default_learning_rate(
    arguments: TrainingArguments, *, from_scratch: bool
) -> tuple[float, str] | None:
    """Return the default peak rate and why; None where only the loaded model can tell.

    Few new weights on a frozen base bear and need a far larger rate than pretrained ones, which a
    large one destroys: 2e-5 when pretrained layers train (Devlin et al., 2019), 2e-3 when nothing
    but pooler and head does, 1e-3 for adapters (within the 1e-4 to 3e-3 that Houlsby et al., 2019,
    search), 7e-4 when all starts at random. SGD does not divide by the gradient's size: 0.01.
    """
    if arguments.optimizer != "adamw":
        return 1e-2, f"{'SGD' if arguments.optimizer == 'sgd' else 'SGD with Nesterov momentum'}"
    if arguments.adapter is not None:
        return 1e-3, "adapters"
    if arguments.freeze in TOP_ONLY:
        return 2e-3, "a frozen encoder"
    if from_scratch:
        return 7e-4, "from scratch"
    if arguments.freeze.startswith(("first:", "except:")):
        return None
    return 2e-5, "full fine-tuning" if arguments.freeze == "none" else "pretrained layers"


def suit_task(arguments: TrainingArguments, task: Task) -> TrainingArguments:
    """Return the arguments with what the task decides and not the model.

    Questions are answered from windows of 384 tokens (Devlin et al., 2019, for SQuAD).
    """
    if task.type is TaskType.QUESTION_ANSWERING and arguments.max_length is None:
        return arguments.model_copy(update={"max_length": QUESTION_LENGTH})
    return arguments


def resolve_arguments(
    arguments: TrainingArguments, *, from_scratch: bool, max_positions: int | None
) -> tuple[TrainingArguments, tuple[str, ...]]:
    """Fill in what the model decides; return the arguments and what the user should know.

    A model whose weights are all random starts far from any solution, so it needs a larger
    learning rate and more steps than a pretrained one.
    """
    notices: list[str] = []
    length = arguments.max_length or (128 if from_scratch else 256)
    if max_positions is not None and length > max_positions:
        if arguments.max_length is not None:
            notices.append(
                f"max length: the model reads at most {max_positions} tokens, "
                f"so {length} becomes {max_positions}"
            )
        length = max_positions
    rate = default_learning_rate(arguments, from_scratch=from_scratch)
    filled = arguments.model_copy(
        update={
            "batch_size": arguments.batch_size or (32 if from_scratch else 16),
            "learning_rate": arguments.learning_rate or (rate[0] if rate else None),
            "max_length": length,
        }
    )
    return filled, tuple(notices)

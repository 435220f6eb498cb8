"""The hyper-parameters of fine-tuning, one comment each."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from robustft.errors import UsageError, suggest

__all__ = ["TrainingArguments", "resolve_arguments", "training_arguments"]


class TrainingArguments(BaseModel):
    """What decides how a model is trained; None stands for a default that the model decides.

    The defaults for pretrained models are those of the BERT paper's appendix (Devlin et al., 2019:
    2-4 epochs, batch 16 or 32, 2e-5 to 5e-5, warm-up, linear decay, weight decay 0.01).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Passes over the training split.
    epochs: int = Field(default=3, ge=1)
    # Rows a batch. None: 16 for a pretrained model, 32 from scratch.
    batch_size: int | None = Field(default=None, ge=1)
    # Batches whose gradients make one optimizer step, for when memory holds only a few rows.
    gradient_accumulation: int = Field(default=1, ge=1)
    # Peak learning rate. None: 2e-5 for a pretrained model, 7e-4 from scratch.
    learning_rate: float | None = Field(default=None, gt=0)
    # Share of the steps over which the learning rate rises from 0; it then falls linearly to 0.
    warmup_ratio: float = Field(default=0.06, ge=0, le=1)
    # Decoupled weight decay (AdamW), on matrices only: never on biases and norms.
    weight_decay: float = Field(default=0.01, ge=0)
    # The gradient's norm is clipped to this; 0 switches clipping off.
    max_grad_norm: float = Field(default=1.0, ge=0)
    # Tokens of a text that are read. None: 256 (from scratch 128), or what the model can read.
    max_length: int | None = Field(default=None, ge=4)
    # Order of the data and dropout. Initialisation has a seed of its own, in `load_model`.
    seed: int = Field(default=0, ge=0)
    # Where to train; auto takes a GPU when there is one.
    device: Literal["auto", "cuda", "mps", "cpu"] = "auto"
    # bf16 computes matrix products in bfloat16; auto does so on a CUDA device that can.
    precision: Literal["auto", "bf16", "fp32"] = "auto"

    @property
    def rows_per_step(self) -> int:
        """Rows that one optimizer step learns from."""
        return (self.batch_size or 0) * self.gradient_accumulation


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
            if problem["type"] == "extra_forbidden":
                known = suggest(name, TrainingArguments.model_fields)
                lines.append(f"{name}: expected the name of a training argument{known}")
            else:
                lines.append(f"{name}: {problem['msg']}, got {problem['input']!r}")
        raise UsageError("training arguments: " + "; ".join(lines)) from None


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
    filled = arguments.model_copy(
        update={
            "batch_size": arguments.batch_size or (32 if from_scratch else 16),
            "learning_rate": arguments.learning_rate or (7e-4 if from_scratch else 2e-5),
            "max_length": length,
        }
    )
    return filled, tuple(notices)

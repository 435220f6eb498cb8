"""One way to ask any model: what evaluation, attack and shrinking know of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from robustft.data.task import Task
from robustft.evaluation.predict import Predictor
from robustft.evaluation.predictions import Predictions
from robustft.evaluation.subjects import Subject
from robustft.model.load import load_finetuned

__all__ = ["TextModel", "open_model"]


class TextModel(Protocol):
    """A model that says something about texts, and remembers what it said."""

    @property
    def max_length(self) -> int | None:
        """The tokens of a text that are read; None for a model without a tokenizer."""
        ...

    def predict(
        self,
        texts: Sequence[str],
        progress: Callable[[int], None] = ...,
        *,
        pairs: Sequence[str] | None = None,
    ) -> Predictions:
        """Return the outputs for `texts`, each read with its pair; `progress` gets rows done."""
        ...

    def remember(self, predictions: Predictions) -> None:
        """Take results of an earlier call, of this process or another, for known."""
        ...


def open_model(
    subject: Subject,
    task: Task,
    *,
    batch_size: int | None = None,
    max_length: int | None = None,
    device: str = "auto",
    precision: str = "fp32",
) -> TextModel:
    """Load a model for prediction, whatever its kind.

    Parameters
    ----------
    batch_size, max_length, device, precision
        See `Predictor`.

    Raises
    ------
    ModelError
        The model cannot be loaded, or its labels are not those of the task.
    """
    return Predictor(
        load_finetuned(subject.model, task=task),
        batch_size=batch_size,
        max_length=max_length,
        device=device,
        precision=precision,
    )

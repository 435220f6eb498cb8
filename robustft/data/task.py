"""What a model is asked to do with a text: which columns, which labels, which measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from robustft.errors import DataError, UsageError, suggest
from robustft.transform.base import LabelKind

__all__ = ["Task", "TaskType", "label_kind_of", "task_type_of"]


class TaskType(StrEnum):
    """What is predicted: a class, a number, a span that answers a question, a tag a token."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"
    QUESTION_ANSWERING = "question-answering"
    TOKEN_CLASSIFICATION = "token-classification"


_METRICS = {
    TaskType.CLASSIFICATION: "accuracy",
    TaskType.REGRESSION: "mse",
    TaskType.QUESTION_ANSWERING: "f1",
    TaskType.TOKEN_CLASSIFICATION: "f1",
}
# A start and an end.
_SPAN_OUTPUTS = 2


@dataclass(frozen=True, kw_only=True)
class Task:
    """A text column (or two), a label column and what its values mean.

    Parameters
    ----------
    type
        Classification (accuracy), regression (mean squared error), extractive question
        answering (F1 over the words of the answer) or a BIO tag for each token (F1 over the
        entities).
    text_column, label_column
        The columns that a data set's tables hold under these names. A table without the label
        column is unlabelled.
    pair_column
        The second text of a row, as in premise and hypothesis; None where a row is one text. For
        question answering the texts are questions, and this is the column of their contexts. A
        text of tagged tokens is a list of tokens.
    label_names
        The name of each class or tag, by its code. Empty for data without labels, for numbers
        and for questions.
    label_kind
        What a label says about its text; None where nobody said so.

    Raises
    ------
    DataError
        If two classes share a name, a task without classes names some, two columns are one, or
        question answering lacks its contexts.
    """

    type: TaskType = TaskType.CLASSIFICATION
    text_column: str = "text"
    label_column: str = "label"
    label_names: tuple[str, ...] = ()
    label_kind: LabelKind | None = None
    pair_column: str | None = None

    def __post_init__(self) -> None:
        names = self.label_names
        if len(set(names)) < len(names):
            raise DataError(f"task: expected distinct label names, got {', '.join(names)}")
        if names and self.type is TaskType.REGRESSION:
            raise DataError(f"task: expected no label names in a regression, got {names}")
        if names and self.type is TaskType.QUESTION_ANSWERING:
            raise DataError(f"task: expected no label names in question answering, got {names}")
        if self.pair_column == self.text_column:
            raise DataError(f"task: expected two columns of texts, got {self.text_column!r} twice")
        if self.type is TaskType.QUESTION_ANSWERING and self.pair_column is None:
            raise DataError("task: expected a column of contexts beside that of questions, got one")

    @property
    def num_labels(self) -> int:
        """How many outputs a model has: one a class, 1 for a regression, 2 for a span's ends."""
        if self.type in (TaskType.CLASSIFICATION, TaskType.TOKEN_CLASSIFICATION):
            return len(self.label_names)
        return 1 if self.type is TaskType.REGRESSION else _SPAN_OUTPUTS

    @property
    def metric(self) -> str:
        """The measure that training watches: ``accuracy``, ``mse`` or ``f1``."""
        return _METRICS[self.type]

    @property
    def text_columns(self) -> tuple[str, ...]:
        """The columns that a model reads: one, or two for pairs and questions."""
        return (self.text_column,) + ((self.pair_column,) if self.pair_column is not None else ())

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for TOML and JSON: what is None is left out."""
        plain: dict[str, Any] = {
            "type": str(self.type),
            "text_column": self.text_column,
            "label_column": self.label_column,
            "label_names": list(self.label_names),
        }
        if self.label_kind is not None:
            plain["label_kind"] = str(self.label_kind)
        if self.pair_column is not None:
            plain["pair_column"] = self.pair_column
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Task:
        """Return the task that `to_dict` wrote.

        Raises
        ------
        UsageError
            If the type or the kind of label is none that there is.
        """
        kind, pair = plain.get("label_kind"), plain.get("pair_column")
        return cls(
            type=task_type_of(plain.get("type", TaskType.CLASSIFICATION)),
            text_column=str(plain.get("text_column", "text")),
            label_column=str(plain.get("label_column", "label")),
            label_names=tuple(str(name) for name in plain.get("label_names", ())),
            label_kind=None if kind is None else label_kind_of(kind),
            pair_column=None if pair is None else str(pair),
        )


def task_type_of(name: str) -> TaskType:
    """Return the task type called `name`, or raise a `UsageError` that lists them all."""
    try:
        return TaskType(name)
    except ValueError:
        known = [str(kind) for kind in TaskType]
        raise UsageError(
            f"task: expected one of {', '.join(known)}, got {name!r}{suggest(str(name), known)}"
        ) from None


def label_kind_of(name: str) -> LabelKind:
    """Return the kind of label called `name`, or raise a `UsageError` that lists them all."""
    try:
        return LabelKind(name)
    except ValueError:
        known = [str(kind) for kind in LabelKind]
        raise UsageError(
            f"label kind: expected one of {', '.join(known)}, got {name!r}"
            f"{suggest(str(name), known)}"
        ) from None

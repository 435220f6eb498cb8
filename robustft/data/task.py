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
    """What is predicted: one class of several, or a number."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"


@dataclass(frozen=True, kw_only=True)
class Task:
    """A text column, a label column and what its values mean.

    Parameters
    ----------
    type
        Classification (accuracy) or regression (mean squared error).
    text_column, label_column
        The columns that a data set's tables hold under these names. A table without the label
        column is unlabelled.
    label_names
        The name of each class, by its code. Empty for regression and for data without labels.
    label_kind
        What a label says about its text; None where nobody said so.

    Raises
    ------
    DataError
        If two classes share a name, or a regression names classes.
    """

    type: TaskType = TaskType.CLASSIFICATION
    text_column: str = "text"
    label_column: str = "label"
    label_names: tuple[str, ...] = ()
    label_kind: LabelKind | None = None

    def __post_init__(self) -> None:
        names = self.label_names
        if len(set(names)) < len(names):
            raise DataError(f"task: expected distinct label names, got {', '.join(names)}")
        if names and self.type is TaskType.REGRESSION:
            raise DataError(f"task: expected no label names in a regression, got {names}")

    @property
    def num_labels(self) -> int:
        """How many outputs a model of this task has: its classes, or 1 for a regression."""
        return 1 if self.type is TaskType.REGRESSION else len(self.label_names)

    @property
    def metric(self) -> str:
        """The measure that training watches: ``accuracy`` or ``mse``."""
        return "mse" if self.type is TaskType.REGRESSION else "accuracy"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for TOML and JSON: a label kind nobody named is left out."""
        plain: dict[str, Any] = {
            "type": str(self.type),
            "text_column": self.text_column,
            "label_column": self.label_column,
            "label_names": list(self.label_names),
        }
        if self.label_kind is not None:
            plain["label_kind"] = str(self.label_kind)
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Task:
        """Return the task that `to_dict` wrote.

        Raises
        ------
        UsageError
            If the type or the kind of label is none that there is.
        """
        kind = plain.get("label_kind")
        return cls(
            type=task_type_of(plain.get("type", TaskType.CLASSIFICATION)),
            text_column=str(plain.get("text_column", "text")),
            label_column=str(plain.get("label_column", "label")),
            label_names=tuple(str(name) for name in plain.get("label_names", ())),
            label_kind=None if kind is None else label_kind_of(kind),
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

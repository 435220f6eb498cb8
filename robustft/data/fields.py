"""Which texts of a row may change, and what has to change with them.

A row's texts are its fields: one, or the two of a pair, or a question and its context. Each is
changed for itself, with draws of its own. Where a label points into a text (the answers to a
question), its field says where, and moves the label along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from robustft.data.answers import answer_spans, moved_answers
from robustft.data.split import Split
from robustft.data.task import Task, TaskType
from robustft.errors import UsageError, suggest
from robustft.transform.perturbed import PerturbedBatch

__all__ = ["Field", "Scope", "fields_of"]

_SIDES = ("both", "first", "second")
_SPANS = ("protect", "follow")


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which texts of a row may change, and what becomes of the spans that its label points at.

    Parameters
    ----------
    sides
        Of rows of two texts ``both``, ``first``, ``second``, or the name of a column.
    spans
        ``protect`` lets no edit touch an answer; with ``follow`` edits may, and the answers are
        what stands there then.

    Raises
    ------
    UsageError
        If `spans` is neither.
    """

    sides: str = "both"
    spans: str = "protect"

    def __post_init__(self) -> None:
        if self.spans not in _SPANS:
            raise UsageError(
                f"spans: expected {' or '.join(_SPANS)}, got {self.spans!r}"
                f"{suggest(self.spans, _SPANS)}"
            )

    @classmethod
    def of(cls, sides: str | None = None, spans: str | None = None) -> Scope:
        """Return the scope with the defaults for what is None."""
        given = {"sides": sides, "spans": spans}
        return cls(**{name: value for name, value in given.items() if value is not None})

    def facts(self, task: Task) -> dict[str, object]:
        """Return what decides the result beyond the transforms, where a task leaves a choice."""
        facts: dict[str, object] = {}
        if len(task.text_columns) > 1:
            facts["sides"] = list(self.columns(task))
        if task.type is TaskType.QUESTION_ANSWERING:
            facts["spans"] = self.spans
        return facts

    def columns(self, task: Task) -> tuple[str, ...]:
        """Return the columns of the texts that may change.

        Raises
        ------
        UsageError
            If the task's rows have no such text.
        """
        columns = task.text_columns
        named = [name.strip() for name in self.sides.split(",")]
        if set(named) <= set(columns):
            return tuple(column for column in columns if column in named)
        if self.sides == "both":
            return columns
        if self.sides in _SIDES[1:] and len(columns) == len(_SIDES[1:]):
            return (columns[_SIDES[1:].index(self.sides)],)
        known = [*columns, *(_SIDES if len(columns) > 1 else ())]
        raise UsageError(
            f"sides: expected {' or '.join(known)}, got {self.sides!r}{suggest(self.sides, known)}"
        )


@dataclass(frozen=True)
class Field:
    """A text of each row that may change, and that nothing points into."""

    column: str

    def texts(self, split: Split) -> list[str]:
        """Return the texts of the rows."""
        return split.texts_in(self.column)

    def spans(self, split: Split) -> list[list[tuple[int, int]]] | None:
        """Return for each row the spans that its label points at; None for a task without any."""
        del split
        return None

    def written(self, split: Split, made: PerturbedBatch) -> tuple[Split, PerturbedBatch]:
        """Return the rows with their new texts, and what became of them in the end."""
        return split.with_columns({self.column: made.texts}), made


@dataclass(frozen=True)
class Context(Field):
    """The contexts of questions, into which answers point."""

    answers: str

    def spans(self, split: Split) -> list[list[tuple[int, int]]] | None:
        """Return where the answers to each question stand."""
        return [
            answer_spans(answers, context)
            for answers, context in zip(split.answers or (), self.texts(split), strict=True)
        ]

    def written(self, split: Split, made: PerturbedBatch) -> tuple[Split, PerturbedBatch]:
        """Move the answers with the edits."""
        moved = [
            moved_answers(answers, row).to_dict()
            for answers, row in zip(split.answers or (), made, strict=True)
        ]
        return split.with_columns({self.column: made.texts, self.answers: moved}), made


def fields_of(split: Split, scope: Scope) -> Sequence[Field]:
    """Return the texts of a split's rows that may change.

    Raises
    ------
    UsageError
        If the rows have none of the texts that are named.
    """
    task = split.task
    questions = task.type is TaskType.QUESTION_ANSWERING and split.answers is not None
    return [
        Context(column, task.label_column)
        if questions and column == task.pair_column
        else Field(column)
        for column in scope.columns(task)
    ]

"""Which texts of a row may change, and what has to change with them.

A row's texts are its fields: one, or the two of a pair, or a question and its context. Each is
changed for itself, with draws of its own. Where a label points into a text (the answers to a
question), its field says where, and moves the label along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from robustft.data.answers import answer_spans, moved_answers
from robustft.data.split import Split
from robustft.data.tags import coded_tags
from robustft.data.task import Task, TaskType
from robustft.errors import UsageError, suggest
from robustft.text.tags import OUTSIDE, TaggedText, tag_tokens
from robustft.transform.perturbed import PerturbedBatch

__all__ = ["Field", "Scope", "Values", "fields_of", "values_of", "with_values"]

_SIDES = ("both", "first", "second")
_SPANS = ("protect", "follow")


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which texts of a row may change, and what becomes of the spans that its label points at.

    Parameters
    ----------
    sides
        Of rows of two texts ``both``, ``first``, ``second``, or names of columns with commas
        between them.
    spans
        ``protect`` lets no edit touch an answer or a tagged entity; with ``follow`` edits may, and
        the answers are what stands there then.

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
        if task.type in (TaskType.QUESTION_ANSWERING, TaskType.TOKEN_CLASSIFICATION):
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
        if self.sides in columns:
            return (self.sides,)
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


Values = Mapping[str, Sequence[Any]]
"""For each column that transforms may read or write, one value a row.

That is a text, a list of tokens, `Answers` or `Tags`.
"""


@dataclass(frozen=True)
class Field:
    """A text of each row that may change, and that nothing points into."""

    column: str

    def texts(self, values: Values) -> Sequence[str]:
        """Return the texts of the rows."""
        return values[self.column]

    def spans(self, values: Values, *, closed: bool) -> list[list[tuple[int, int]]] | None:
        """Return for each row the spans that its label points at; None for a task without any.

        They are followed through the edits or, if `closed`, protected from them.
        """
        del values, closed
        return None

    def written(self, values: Values, made: PerturbedBatch) -> tuple[Values, PerturbedBatch]:
        """Return the columns that change with these texts, and what became of them in the end."""
        del values
        return {self.column: made.texts}, made


@dataclass(frozen=True)
class Context(Field):
    """The contexts of questions, into which answers point."""

    answers: str

    def spans(self, values: Values, *, closed: bool) -> list[list[tuple[int, int]]] | None:
        """Return where the answers to each question stand."""
        del closed
        rows = zip(values[self.answers], self.texts(values), strict=True)
        return [answer_spans(answers, context) for answers, context in rows]

    def written(self, values: Values, made: PerturbedBatch) -> tuple[Values, PerturbedBatch]:
        """Move the answers with the edits."""
        rows = zip(values[self.answers], made, strict=True)
        moved = [moved_answers(answers, row) for answers, row in rows]
        return {self.column: made.texts, self.answers: moved}, made


@dataclass(frozen=True)
class Tokens(Field):
    """Lists of tokens, with tags or without; their text is what spaces join.

    Parameters
    ----------
    tags
        The column of their tags; None for tokens without any.
    names
        The tags that there are; none where that is not known.
    """

    tags: str | None
    names: tuple[str, ...]

    def texts(self, values: Values) -> Sequence[str]:
        """Return the texts that the tokens make."""
        return [" ".join(tokens) for tokens in values[self.column]]

    def _tagged(self, values: Values) -> list[TaggedText]:
        tags = values[self.tags] if self.tags else [None] * len(values[self.column])
        return [
            tag_tokens(tokens, [OUTSIDE] * len(tokens) if found is None else found)
            for tokens, found in zip(values[self.column], tags, strict=True)
        ]

    def spans(self, values: Values, *, closed: bool) -> list[list[tuple[int, int]]] | None:
        """Return where the entities stand.

        Protected ones hold the space on either side of them, so that nothing is joined to them.
        """
        wider = int(closed)
        return [
            [
                (max(entity.start - wider, 0), min(entity.end + wider, len(row.text)))
                for entity in row.entities
            ]
            for row in self._tagged(values)
        ]

    def written(self, values: Values, made: PerturbedBatch) -> tuple[Values, PerturbedBatch]:
        """Part the new texts into tokens and let the tags follow; take back what has none."""
        rows = self._tagged(values)
        lost: dict[int, str] = {}
        same: dict[int, str] = {}
        for number, (before, row) in enumerate(zip(rows, made, strict=True)):
            after: TaggedText | None = before
            for step in row.steps:
                after = after and after.edited(step.edits)
            if after is None:
                lost[number] = "entities would run together"
            elif self.names and not set(after.tags) <= {*self.names, OUTSIDE}:
                lost[number] = "no tag goes on with an entity that is in parts now"
            elif row.steps and after.tokens == before.tokens:
                same[number] = "the tokens are the same"
            else:
                rows[number] = after
        made = made.taken_back(lost, rejected=True).taken_back(same, rejected=False)
        written: dict[str, Sequence[Any]] = {self.column: [row.tokens for row in rows]}
        if self.tags:
            old = values[self.tags]
            written[self.tags] = [
                None if tags is None else list(row.tags)
                for tags, row in zip(old, rows, strict=True)
            ]
        return written, made


def fields_of(task: Task, values: Values, scope: Scope) -> Sequence[Field]:
    """Return the texts of rows that may change.

    Raises
    ------
    UsageError
        If the rows have none of the texts that are named.
    """
    label = task.label_column
    columns = scope.columns(task)
    if task.type is TaskType.TOKEN_CLASSIFICATION:
        tags = label if label in values else None
        return [Tokens(column, tags, task.label_names) for column in columns]
    questions = task.type is TaskType.QUESTION_ANSWERING and label in values
    return [
        Context(column, label) if questions and column == task.pair_column else Field(column)
        for column in columns
    ]


def values_of(split: Split) -> Values:
    """Return the columns of a split that transforms may read or write."""
    task = split.task
    values: dict[str, Sequence[Any]] = {c: split.texts_in(c) for c in task.text_columns}
    if split.tokens is not None:
        values[task.text_column] = split.tokens
    for labels in (split.answers, split.tags):
        if labels is not None:
            values[task.label_column] = labels
    return values


def with_values(split: Split, values: Values) -> Split:
    """Return a split with other values in some columns."""
    label, plain = split.task.label_column, dict(values)
    if label in values and split.answers is not None:
        plain[label] = [answers.to_dict() for answers in values[label]]
    if label in values and split.tags is not None:
        kind = split.table.schema.field(label).type
        plain[label] = coded_tags(values[label], kind, split.task.label_names)
    return split.with_columns(plain)

"""What the columns of a data set make it: texts with labels, answers in contexts, tagged tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from robustft.data.answers import settle_answers
from robustft.data.columns import ANSWERS_NAME
from robustft.data.features import is_text_list
from robustft.data.rows import Rows
from robustft.data.settle import Settled, settle_labels
from robustft.data.tags import settle_tags
from robustft.data.task import TaskType
from robustft.errors import DataError, UsageError
from robustft.transform.base import LabelKind

__all__ = ["layout_of", "settle", "usual_kind"]

# What the labels of pairs say, where the names of their columns leave no doubt.
_PAIR_KINDS: dict[tuple[str, ...], LabelKind] = {
    ("premise", "hypothesis"): LabelKind.ENTAILMENT,
    ("question1", "question2"): LabelKind.SIMILARITY,
}
_TASK_KINDS = {
    TaskType.QUESTION_ANSWERING: LabelKind.ANSWER_SPAN,
    TaskType.TOKEN_CLASSIFICATION: LabelKind.TOKEN_TAGS,
}


def layout_of(
    rows: Mapping[str, Rows],
    texts: Sequence[str],
    label: str | None,
    wanted: TaskType | None,
    name: str,
) -> TaskType | None:
    """Return the task that the types of the columns impose, else the one wanted.

    Raises
    ------
    DataError
        The one wanted needs other columns.
    """
    kind = next(iter(rows.values())).table.schema.field(texts[0]).type
    tokens = len(texts) == 1 and is_text_list(kind)
    if tokens and wanted not in (None, TaskType.TOKEN_CLASSIFICATION):
        raise DataError(
            f"{name}: expected texts for {wanted}, got lists of tokens in the column {texts[0]}"
        )
    if wanted is TaskType.TOKEN_CLASSIFICATION and not tokens:
        raise DataError(
            f"{name}: expected lists of tokens for {wanted}, got {kind} in the column {texts[0]}; "
            "name the column that holds them with --text-column"
        )
    if tokens:
        return TaskType.TOKEN_CLASSIFICATION
    return wanted or (TaskType.QUESTION_ANSWERING if _holds_answers(rows, texts, label) else None)


def _holds_answers(rows: Mapping[str, Rows], texts: Sequence[str], label: str | None) -> bool:
    """Say whether the label column of pairs holds spans of the second text."""
    if label is None or len(texts) == 1:
        return False
    kinds = [
        part.table.schema.field(label).type
        for part in rows.values()
        if label in part.table.column_names
    ]
    return label.casefold() == ANSWERS_NAME or any(map(pa.types.is_nested, kinds))


def settle(
    rows: Mapping[str, Rows],
    texts: Sequence[str],
    label: str,
    type_: TaskType | None,
    *,
    names: Sequence[str],
    label_map: Mapping[str, str],
    where: str,
) -> Settled:
    """Decide what the labels are: answers, tags, or classes and numbers; see `settle_labels`.

    Raises
    ------
    DataError
        The labels cannot be used; the message says why.
    UsageError
        A label map is given for what has no names.
    """
    if type_ is TaskType.TOKEN_CLASSIFICATION:
        return settle_tags(rows, label, texts[0], names=names, label_map=label_map)
    if type_ is not TaskType.QUESTION_ANSWERING:
        return settle_labels(rows, label, type_=type_, names=names, label_map=label_map)
    if label_map:
        raise UsageError(f"label map: expected classes to rename, got answers in {label}")
    if len(texts) == 1:
        raise DataError(
            f"{where}: expected questions and their contexts, got one column of texts; name both "
            "with --text-column question,context"
        )
    return settle_answers(rows, label, texts[1])


def usual_kind(type_: TaskType, texts: Sequence[str]) -> LabelKind | None:
    """Return what labels of such a task, of columns of such names, say about their texts."""
    if type_ is TaskType.CLASSIFICATION:
        return _PAIR_KINDS.get(tuple(name.casefold() for name in texts))
    return _TASK_KINDS.get(type_)

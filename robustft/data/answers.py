"""Gold answers to questions: spans of a context, whatever layout the data give them in.

Two layouts are in use, both from SQuAD (Rajpurkar et al., 2016): a column ``answers`` that holds
``{"text": [...], "answer_start": [...]}``, as the data set has on the hub, and the official nested
JSON file of articles, paragraphs and questions. A question without an answer (SQuAD 2.0) has empty
lists.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from robustft.data.features import is_text
from robustft.data.rows import Rows
from robustft.data.settle import Settled
from robustft.data.task import TaskType
from robustft.data.values import mixed_values
from robustft.errors import DataError
from robustft.transform.perturbed import Perturbed

__all__ = [
    "NOWHERE",
    "Answers",
    "answer_spans",
    "answers_of",
    "moved_answers",
    "nested_rows",
    "read_answers",
    "settle_answers",
]

NOWHERE = -1
"""The start of an answer whose place in its context is not known."""

_STORED = pa.struct([("text", pa.list_(pa.large_string())), ("answer_start", pa.list_(pa.int64()))])
_LAYOUT = '{"text": [...], "answer_start": [...]}'


@dataclass(frozen=True)
class Answers:
    """The gold answers to one question.

    Attributes
    ----------
    texts
        As the annotators gave them; none where the context does not answer the question.
    starts
        Where each begins in the context, in characters; `NOWHERE` where that is not known.
    """

    texts: tuple[str, ...]
    starts: tuple[int, ...]

    @property
    def span(self) -> tuple[int, int] | None:
        """Start and end of the answer to train on, in characters; None where there is none.

        It is the one that was given most often, and the first of those given equally often.
        """
        placed = [
            (start, start + len(text))
            for text, start in zip(self.texts, self.starts, strict=True)
            if start != NOWHERE
        ]
        return max(placed, key=placed.count) if placed else None

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the answers in the layout that tables hold."""
        return {"text": list(self.texts), "answer_start": list(self.starts)}


def answers_of(table: pa.Table, column: str, where: str) -> list[Answers]:
    """Return the gold answers of each row.

    Raises
    ------
    DataError
        A value has none of the known layouts.
    """
    values: list[Any] = mixed_values(table, column) or table[column].to_pylist()
    if is_text(table.schema.field(column).type):
        values = [_parsed(value) for value in values]
    return [_read(value, f"{where}, row {n}, column {column}") for n, value in enumerate(values, 1)]


def read_answers(value: Any, context: str, where: str) -> Answers:
    """Return one row's answers, each in its place in the context where that can be told.

    Raises
    ------
    DataError
        The value has none of the known layouts; `where` heads the message.
    """
    return _placed(_read(value, where), context)


def settle_answers(rows: Mapping[str, Rows], column: str, context: str) -> Settled:
    """Check every answer against its context and write the column in one layout.

    An answer that does not stand where it should is moved if its text occurs exactly once; else it
    still counts as gold, but cannot be trained on. A row whose answers are nowhere in the context
    is marked as missing its label.

    Parameters
    ----------
    rows
        By split, with texts in `context`; a split without `column` is unlabelled.

    Raises
    ------
    DataError
        A value has none of the known layouts.
    """
    settled = Settled(TaskType.QUESTION_ANSWERING, (), dict(rows), {}, [])
    for split, part in rows.items():
        if column not in part.table.column_names:
            settled.notices.append(f"{split}: no column {column}; this split counts as unlabelled")
            continue
        given = answers_of(part.table, column, part.where)
        if not any(answers.texts for answers in given):
            settled.notices.append(
                f"{split}: every {column} is empty; this split counts as unlabelled"
            )
            continue
        contexts = part.table[context].to_pylist()
        placed = [_placed(a, text or "") for a, text in zip(given, contexts, strict=True)]
        _say(settled, part, column, given, placed)
        stored = pa.array([answers.to_dict() for answers in placed], _STORED)
        index = part.table.column_names.index(column)
        table = part.table.set_column(index, pa.field(column, _STORED), stored)
        settled.rows[split] = Rows(table, part.files)
        settled.missing[split] = np.array([bool(a.texts) and a.span is None for a in placed])
    return settled


def _say(
    settled: Settled, part: Rows, column: str, given: Sequence[Answers], placed: Sequence[Answers]
) -> None:
    """Note which rows were repaired, which hold an answer that is nowhere, and which none."""
    both = list(zip(given, placed, strict=True))
    moved = [NOWHERE not in after.starts and after != before for before, after in both]
    lost = [NOWHERE in after.starts and after.span is not None for _, after in both]
    without = [not after.texts for _, after in both]
    for mask, verb, what in (
        (moved, "repaired", "whose answer stands elsewhere in the context, and only once"),
        (lost, "kept", "one of whose answers does not stand in the context where it should"),
        (without, "kept", "without an answer, taken as unanswerable"),
    ):
        settled.notices += part.notes(np.array(mask), column, verb, what)


def _placed(answers: Answers, context: str) -> Answers:
    starts = []
    for text, start in zip(answers.texts, answers.starts, strict=True):
        if start >= 0 and context.startswith(text, start):
            starts.append(start)
        else:
            first = context.find(text)
            alone = first >= 0 and context.find(text, first + 1) < 0
            starts.append(first if alone else NOWHERE)
    return Answers(answers.texts, tuple(starts))


def answer_spans(answers: Answers, context: str) -> list[tuple[int, int]]:
    """Return where the answers stand in their context.

    Of an answer whose place is not known, all places where it might stand are returned.
    """
    spans: dict[tuple[int, int], None] = {}
    for text, start in zip(answers.texts, answers.starts, strict=True):
        starts = [start] if start != NOWHERE else _occurrences(text, context)
        spans.update(dict.fromkeys((at, at + len(text)) for at in starts))
    return list(spans)


def _occurrences(text: str, context: str) -> list[int]:
    starts = [context.find(text)]
    while starts[-1] >= 0:
        starts.append(context.find(text, starts[-1] + 1))
    return starts[:-1]


def moved_answers(answers: Answers, row: Perturbed) -> Answers:
    """Return the answers as they stand in the changed context, each with its text and place.

    An answer whose place is not known stays as it is.
    """
    if row.text == row.original:
        return answers
    texts, starts = [], []
    for text, start in zip(answers.texts, answers.starts, strict=True):
        span = None if start == NOWHERE else row.map_span(start, start + len(text))
        texts.append(row.text[slice(*span)] if span else text)
        starts.append(span[0] if span else NOWHERE)
    return Answers(tuple(texts), tuple(starts))


def _parsed(value: str | None) -> Any:
    """Return what a cell of a csv file holds as JSON; the text itself if it is none."""
    try:
        return None if value is None else orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


def _read(value: Any, where: str) -> Answers:
    if value is None:
        return Answers((), ())
    if isinstance(value, Mapping) and "text" in value:
        texts, starts = value["text"], value.get("answer_start")
        if isinstance(texts, str):
            texts, starts = [texts], None if starts is None else [starts]
    elif isinstance(value, list) and all(isinstance(v, Mapping) and "text" in v for v in value):
        texts, starts = [v["text"] for v in value], [v.get("answer_start") for v in value]
    elif isinstance(value, list) and all(isinstance(v, str) for v in value):
        texts, starts = value, None
    else:
        raise DataError(f"{where}: expected answers as {_LAYOUT}, got {str(value)[:60]!r}")
    texts = [] if texts is None else texts
    if starts is None:
        starts = [NOWHERE] * len(texts) if isinstance(texts, list) else []
    if not _fit(texts, starts):
        raise DataError(
            f"{where}: expected a text and a start for each answer, got {str(value)[:80]}"
        )
    kept = [(text, start) for text, start in zip(texts, starts, strict=True) if text]
    return Answers(
        tuple(text for text, _ in kept),
        tuple(NOWHERE if start is None or math.isnan(start) else int(start) for _, start in kept),
    )


def _fit(texts: Any, starts: Any) -> bool:
    """Whether these are texts and as many places; pandas writes a place that is missing as NaN."""
    return (
        isinstance(texts, list)
        and isinstance(starts, list)
        and len(texts) == len(starts)
        and all(isinstance(text, str) for text in texts)
        and all(start is None or _is_place(start) for start in starts)
    )


def _is_place(start: Any) -> bool:
    return isinstance(start, int | float) and (math.isnan(start) or float(start).is_integer())


def nested_rows(value: Any) -> list[dict[str, Any]] | None:
    """Return a row a question from SQuAD's official JSON; None if `value` has another layout.

    Columns: ``id``, ``title``, ``context``, ``question``, ``answers``.
    """
    articles = value.get("data") if isinstance(value, Mapping) else None
    if not isinstance(articles, list) or not all(
        isinstance(article, Mapping) and isinstance(article.get("paragraphs"), list)
        for article in articles
    ):
        return None
    return [
        {
            **({"id": str(question["id"])} if "id" in question else {}),
            "title": article.get("title"),
            "context": paragraph.get("context"),
            "question": question.get("question"),
            "answers": _read(question.get("answers"), "answers").to_dict(),
        }
        for article in articles
        for paragraph in article["paragraphs"]
        for question in paragraph.get("qas", ())
    ]

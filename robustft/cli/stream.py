"""``robustft transform -``: lines in on stdin, lines out on stdout, as they come."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

from robustft.cli import console
from robustft.data.answers import Answers, read_answers
from robustft.data.build import settle_transforms
from robustft.data.change import change_values
from robustft.data.columns import ANSWERS_NAME, LABEL_NAMES, find_label, find_texts
from robustft.data.fields import Scope
from robustft.data.records import json_line, pair_record, stream_record
from robustft.data.task import Task, TaskType, label_kind_of
from robustft.errors import DataError, UsageError
from robustft.text.identity import content_ids
from robustft.transform.base import LabelKind
from robustft.transform.engine import BATCH_SIZE
from robustft.transform.registry import Transforms

__all__ = ["Line", "Stream", "read_lines"]

_PLAIN = Task()


class Line(NamedTuple):
    """One input: its texts and what points into them by column, its id, and all its fields."""

    task: Task
    values: dict[str, Any]
    id: str | None
    fields: dict[str, Any]

    @property
    def content(self) -> str:
        """What an id is made of: the text, or both of a pair."""
        return "\0".join(self.values[column] for column in self.task.text_columns)


def _object(line: str, where: str, text_column: str | None) -> Line:
    """Read a line that begins as a JSON object."""
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise DataError(f"{where}: expected a JSON object, got: {error}") from None
    texts = [column for column in find_texts(list(fields), text_column, where) if column]
    values = {column: fields[column] for column in texts}
    for column, text in values.items():
        if not isinstance(text, str):
            raise DataError(
                f"{where}, field {column!r}: expected a text, got {type(text).__name__}"
            )
    given = fields.get("id")
    task = _task(fields, texts, where)
    if task.type is TaskType.QUESTION_ANSWERING:
        answers = read_answers(fields[task.label_column], values[texts[1]], where)
        values[task.label_column] = answers
    return Line(task, values, None if given is None else str(given), fields)


def _task(fields: dict[str, Any], texts: Sequence[str], where: str) -> Task:
    """Return what the fields of a line make it: a text, a pair, or a question with its context."""
    pair = texts[1] if len(texts) > 1 else None
    label = find_label(list(fields), None, where, texts, (ANSWERS_NAME, *LABEL_NAMES))
    if pair is not None and label is not None and label.casefold() == ANSWERS_NAME:
        return Task(
            type=TaskType.QUESTION_ANSWERING,
            text_column=texts[0],
            pair_column=pair,
            label_column=label,
            label_kind=LabelKind.ANSWER_SPAN,
        )
    return Task(text_column=texts[0], pair_column=pair, label_column=label or _PLAIN.label_column)


def read_lines(stream: BinaryIO, text_column: str | None = None) -> Iterator[Line]:
    """Yield the texts of a stream: a JSON object a line, or the line itself.

    Raises
    ------
    DataError
        If a line is not UTF-8, is a broken JSON object, or has no text.
    """
    for number, raw in enumerate(stream, start=1):
        where = f"stdin line {number}"
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(
                f"{where}: expected UTF-8, got byte 0x{raw[error.start]:02x} "
                f"at position {error.start}"
            ) from None
        line = line.rstrip("\r\n")
        if line.lstrip().startswith("{"):
            yield _object(line, where, text_column)
        else:
            yield Line(_PLAIN, {"text": line}, None, {})


def _batches(lines: Iterable[Line], size: int) -> Iterator[list[Line]]:
    iterator = iter(lines)
    while batch := list(islice(iterator, size)):
        yield batch


def _plain(value: Any) -> Any:
    return value.to_dict() if isinstance(value, Answers) else value


@dataclass
class Stream:
    """What is to be done to lines on stdin.

    Parameters
    ----------
    chain
        The transforms; None for those of the default that keep the labels.
    label_kind
        What labels say about their texts, where the user says so.
    """

    chain: str | None
    severity: int | None
    seed: int
    scope: Scope
    label_kind: str | None
    force: bool
    text_column: str | None
    as_json: bool
    _settled: dict[Task, Transforms] = field(default_factory=dict, init=False)
    _said: set[str] = field(default_factory=set, init=False)
    _seen: Counter[bytes] = field(default_factory=Counter, init=False)

    def run(self) -> None:
        """Transform stdin to stdout; a line comes out for each that goes in, in order."""
        out = sys.stdout.buffer
        for batch in _batches(read_lines(sys.stdin.buffer, self.text_column), BATCH_SIZE):
            out.write(b"".join(self._changed(batch)))
            out.flush()

    def _changed(self, batch: Sequence[Line]) -> list[bytes]:
        by_content = content_ids([line.content for line in batch], self._seen)
        ids = [line.id or other for line, other in zip(batch, by_content, strict=True)]
        made = [b""] * len(batch)
        for task in dict.fromkeys(line.task for line in batch):
            rows = [row for row, line in enumerate(batch) if line.task == task]
            written = self._written([batch[r] for r in rows], [ids[r] for r in rows])
            for row, line in zip(rows, written, strict=True):
                made[row] = line
        return made

    def _written(self, lines: Sequence[Line], ids: Sequence[str]) -> Iterator[bytes]:
        """Change lines of one task and write them."""
        task = lines[0].task
        values, perturbed = change_values(
            {name: [line.values[name] for line in lines] for name in lines[0].values},
            ids,
            task,
            self._transforms(lines[0]),
            severity=self.severity,
            seed=self.seed,
            scope=self.scope,
        )
        outcomes = zip(*perturbed.columns.values(), strict=True)
        for number, (line, row) in enumerate(zip(lines, outcomes, strict=True)):
            if not self.as_json:
                yield row[0].text.encode("utf-8", "surrogatepass") + b"\n"
                continue
            made = dict(zip(perturbed.columns, row, strict=True))
            if len(task.text_columns) == 1:
                record = stream_record(row[0])
            else:
                record = pair_record(made)
                for name, column in values.items():
                    record[name] = _plain(column[number])
                    record["original"][name] = _plain(line.values[name])
            if "id" in line.fields:
                record["id"] = line.fields["id"]
            yield json_line({**line.fields, **record})

    def _transforms(self, line: Line) -> Transforms:
        """Return what to do to lines like this one, checked against what their label says."""
        task = line.task
        if task not in self._settled:
            if not self.as_json and len(task.text_columns) > 1:
                raise UsageError(
                    "--format text: expected one text a line, got two "
                    f"({' and '.join(task.text_columns)}); use --format jsonl"
                )
            kind = label_kind_of(self.label_kind) if self.label_kind else task.label_kind
            self._settled[task], said = settle_transforms(self.chain, kind, force=self.force)
            if kind is not None or task.label_column in line.fields:
                for notice in said:
                    if notice not in self._said:
                        console.note(notice)
                self._said.update(said)
        return self._settled[task]

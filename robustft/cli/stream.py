"""``robustft transform -``: lines in on stdin, lines out on stdout, as they come."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple

from robustft.cli import console
from robustft.data.answers import Answers, read_answers
from robustft.data.build import settle_transforms
from robustft.data.change import change_values
from robustft.data.columns import (
    ANSWERS_NAME,
    LABEL_NAMES,
    TAG_NAMES,
    find_label,
    find_texts,
    find_tokens,
)
from robustft.data.fields import Scope
from robustft.data.layout import usual_kind
from robustft.data.records import json_line, pair_record, stream_record
from robustft.data.task import Task, TaskType, label_kind_of
from robustft.errors import DataError, RobustftError, UsageError
from robustft.text.identity import content_ids
from robustft.text.tags import is_bio
from robustft.transform.constraints import Constraint
from robustft.transform.engine import BATCH_SIZE
from robustft.transform.registry import Transforms, bind

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
        texts = [self.values[column] for column in self.task.text_columns]
        return "\0".join(t if isinstance(t, str) else " ".join(t) for t in texts)


def _object(line: str, where: str, text_column: str | None) -> Line:
    """Read a line that begins as a JSON object."""
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise DataError(f"{where}: expected a JSON object, got: {error}") from None
    except RecursionError:
        raise DataError(f"{where}: expected a JSON object, got one nested too deep") from None
    tokens = find_tokens(list(fields)) if text_column is None else None
    found = (tokens,) if tokens else find_texts(list(fields), text_column, where)
    texts = [column for column in found if column]
    task = _task(fields, texts, where)
    tokens_given = task.type is TaskType.TOKEN_CLASSIFICATION
    for column in texts:
        held = fields[column] if tokens_given else [fields[column]]
        for text in held:
            if not isinstance(text, str):
                raise DataError(
                    f"{where}, field {column!r}: expected a text, got {type(text).__name__}"
                )
    values = {column: fields[column] for column in texts}
    label = task.label_column
    if task.type is TaskType.QUESTION_ANSWERING:
        values[label] = read_answers(fields[label], values[texts[1]], where)
    elif tokens_given and label in fields:
        values[label] = _tags(fields[label], values[texts[0]], f"{where}, field {label!r}")
    given = fields.get("id")
    return Line(task, values, None if given is None else str(given), fields)


def _task(fields: dict[str, Any], texts: Sequence[str], where: str) -> Task:
    """Return what the fields of a line make it: a text, a pair, a question, or tagged tokens."""
    pair = texts[1] if len(texts) > 1 else None
    tokens = pair is None and isinstance(fields[texts[0]], list)
    names = TAG_NAMES if tokens else (ANSWERS_NAME, *LABEL_NAMES)
    label = find_label(list(fields), None, where, texts, names)
    type_ = TaskType.TOKEN_CLASSIFICATION if tokens else TaskType.CLASSIFICATION
    if pair is not None and label is not None and label.casefold() == ANSWERS_NAME:
        type_ = TaskType.QUESTION_ANSWERING
    return Task(
        type=type_,
        text_column=texts[0],
        pair_column=pair,
        label_column=label or names[-1],
        label_kind=usual_kind(type_, texts) if label else None,
    )


def _tags(tags: Any, tokens: Sequence[Any], where: str) -> list[str]:
    """Check that there is a tag for each token."""
    fit = isinstance(tags, list) and len(tags) == len(tokens)
    if not fit or not all(isinstance(tag, str) and is_bio(tag) for tag in tags):
        raise DataError(
            f"{where}: expected a BIO tag by name for each of {len(tokens)} tokens, "
            f"got {str(tags)[:60]}"
        )
    return list(tags)


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
            # Editors on Windows begin a file with a byte order mark.
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise DataError(
                f"{where}: expected UTF-8, got byte 0x{error.object[error.start]:02x} "
                f"at position {error.start}"
            ) from None
        line = line.rstrip("\r\n")
        if line.lstrip().startswith("{"):
            yield _object(line, where, text_column)
        else:
            yield Line(_PLAIN, {"text": line}, None, {})


def _batches(lines: Iterable[Line], size: int) -> Iterator[list[Line]]:
    """Yield lines by the batch; those before one that cannot be read come before its error."""
    batch: list[Line] = []
    try:
        for line in lines:
            batch.append(line)
            if len(batch) == size:
                yield batch
                batch = []
    except RobustftError:
        if batch:
            yield batch
        raise
    if batch:
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
    constraints: Sequence[Constraint] = ()
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
            if len(values) == 1 and isinstance(line.values[task.text_column], str):
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
            settled, said = settle_transforms(self.chain, kind, force=self.force)
            self._settled[task] = bind(settled, self.constraints)
            if kind is not None or task.label_column in line.fields:
                for notice in said:
                    if notice not in self._said:
                        console.note(notice)
                self._said.update(said)
        return self._settled[task]

"""Rows of one split, and the splits of one data set."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from robustft.data.answers import Answers, answers_of
from robustft.data.features import is_text_list, texts_in
from robustft.data.labels import label_codes, label_numbers
from robustft.data.tags import Tags, tags_of
from robustft.data.task import Task, TaskType
from robustft.errors import DataError, suggest
from robustft.text.tags import entities_of

__all__ = ["ID", "Split", "TextDataset"]

_PIECE = 1 << 15
ID = "id"
"""The column of every table that holds its rows' ids."""


@dataclass(frozen=True, eq=False)
class Split:
    """A table of texts with ids and, mostly, labels.

    Parameters
    ----------
    name
        Such as ``train``.
    table
        The source's own columns, and a text column ``id`` whose values are distinct.
    task
        Says which columns hold text and label, and what the labels mean. A label column holds
        label names, or codes where its schema names the classes or the names are no numbers. For
        question answering it holds gold answers (see `robustft.data.answers`).

    Raises
    ------
    DataError
        If the table lacks the id or a text column.
    """

    name: str
    table: pa.Table
    task: Task

    def __post_init__(self) -> None:
        for column in (ID, *self.task.text_columns):
            if column not in self.table.column_names:
                raise DataError(
                    f"split {self.name}: expected a column {column!r}, got "
                    f"{', '.join(self.table.column_names)}"
                )

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @cached_property
    def ids(self) -> list[str]:
        """The rows' ids, in order."""
        return cast("list[str]", self.table[ID].to_pylist())

    @cached_property
    def texts(self) -> list[str]:
        """The rows' texts, in order: the first of each pair, and of questions not the context."""
        return self.texts_in(self.task.text_column)

    @cached_property
    def pairs(self) -> list[str] | None:
        """The rows' second texts, in order (of questions the contexts); None for single texts."""
        column = self.task.pair_column
        return None if column is None else self.texts_in(column)

    def texts_in(self, column: str) -> list[str]:
        """Return the texts of a column, in order."""
        return texts_in(self.table, column)

    @property
    def rows_of_texts(self) -> list[tuple[str, ...]]:
        """What there is to read in each row: its text, or both texts of a pair."""
        return list(
            zip(*([self.texts] + ([] if self.pairs is None else [self.pairs])), strict=True)
        )

    @property
    def all_texts(self) -> list[str]:
        """All that there is to read: the first texts, then the second ones without repetition."""
        return self.texts + list(dict.fromkeys(self.pairs or ()))

    @cached_property
    def answers(self) -> list[Answers] | None:
        """The gold answers of each question; None for another task or a split without any."""
        column = self.task.label_column
        if self.task.type is not TaskType.QUESTION_ANSWERING:
            return None
        if column not in self.table.column_names:
            return None
        found = answers_of(self.table, column, self.name)
        return found if any(answers.texts for answers in found) else None

    @cached_property
    def tokens(self) -> list[list[str]] | None:
        """The tokens of each text; None where texts are no lists of tokens."""
        column = self.table[self.task.text_column]
        return column.to_pylist() if is_text_list(column.type) else None

    @cached_property
    def tags(self) -> list[Tags] | None:
        """The tags of each row's tokens, by name; None for another task or a split without any."""
        column = self.task.label_column
        if self.task.type is not TaskType.TOKEN_CLASSIFICATION:
            return None
        if column not in self.table.column_names:
            return None
        found = tags_of(self.table, column, self.task.label_names)
        return found if any(tags is not None for tags in found) else None

    @cached_property
    def labels(self) -> npt.NDArray[Any] | None:
        """The rows' labels, shape ``(len(self),)``; None for a split without labels.

        Classification: codes, int64, -1 where a row has none. Regression: float64, NaN where a
        row has none. Question answering: how many gold answers there are, int64, 0 where the
        context holds none (see `answers` for themselves). Token classification: how many entities
        there are (see `tags`). `load_dataset` leaves rows without a
        label out unless it is told to keep them, so a loaded split has a label in every row or in
        none.

        Raises
        ------
        DataError
            If a label is none that the task names.
        """
        if self.task.label_column not in self.table.column_names:
            return None
        if self.task.type is TaskType.REGRESSION:
            numbers = label_numbers(self.table, self.task.label_column, self.name)
            return None if np.isnan(numbers).all() else numbers
        if self.task.type is TaskType.QUESTION_ANSWERING:
            answers = self.answers
            return None if answers is None else np.array([len(a.texts) for a in answers], np.int64)
        if self.task.type is TaskType.TOKEN_CLASSIFICATION:
            tags = self.tags
            return None if tags is None else np.array([len(entities_of(t or ())) for t in tags])
        codes = label_codes(self.table, self.task, self.name)
        return None if (codes < 0).all() else codes

    @cached_property
    def fingerprint(self) -> str:
        """A hash of ids, texts and labels (by name), whatever file format they came from."""
        digest = blake2b(digest_size=16)
        for column in (ID, *self.task.text_columns):
            lengths = [len(part) for parts in self._encoded(column) for part in parts]
            digest.update(np.array(lengths, dtype="<i8").tobytes())
            for parts in self._encoded(column):
                digest.update(b"".join(parts))
        if self.labels is None:
            digest.update(b"unlabelled")
        elif self.answers is not None:
            gold = [answers.to_dict() for answers in self.answers]
            digest.update(json.dumps(gold, sort_keys=True).encode())
        elif self.tags is not None:
            digest.update(json.dumps([self.tokens, self.tags]).encode())
        elif self.task.type is TaskType.REGRESSION:
            digest.update(self.labels.astype("<f8").tobytes())
        else:
            digest.update("\0".join(self.task.label_names).encode())
            digest.update(self.labels.astype("<i8").tobytes())
        return digest.hexdigest()

    def _encoded(self, column: str) -> Iterator[list[bytes]]:
        """Yield the texts of a column in UTF-8, some at a time: all at once take much memory."""
        for start in range(0, len(self), _PIECE):
            texts = texts_in(self.table.slice(start, _PIECE), column)
            yield [text.encode("utf-8", "surrogatepass") for text in texts]

    def take(self, indices: Sequence[int] | npt.NDArray[Any]) -> Split:
        """Return the rows at `indices`, in that order."""
        return replace(self, table=self.table.take(pa.array(np.asarray(indices, dtype=np.int64))))

    def with_columns(self, columns: Mapping[str, Sequence[Any]]) -> Split:
        """Return the same rows with other values in some columns; the schema stays.

        Raises
        ------
        DataError
            If a column does not have one value a row.
        """
        table = self.table
        for name, values in columns.items():
            if len(values) != len(self):
                raise DataError(
                    f"split {self.name}: expected {len(self):,} values in the column {name}, "
                    f"got {len(values):,}"
                )
            index = table.column_names.index(name)
            field = table.schema.field(index)
            table = table.set_column(index, field, pa.array(values, field.type))
        return replace(self, table=table)

    def to_pandas(self) -> Any:
        """Return the table as a pandas data frame."""
        return self.table.to_pandas()


@dataclass(frozen=True, eq=False)
class TextDataset:
    """The splits of one data set, all with one task.

    Parameters
    ----------
    name
        What to call it: a file's or folder's name, a hub name, ``demo``.
    splits
        By name, in the order train, validation, test, then all others.
    task
        What is to be predicted.
    notices
        What the user should know: rows left out, splits made, labels missing.
    made
        The splits that the source does not have and that were cut here; their ids are worth
        recording.
    """

    name: str
    splits: Mapping[str, Split]
    task: Task
    notices: tuple[str, ...] = ()
    made: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Split:
        if name not in self.splits:
            raise DataError(
                f"{self.name}: expected a split of {', '.join(self.splits)}, got {name!r}"
                f"{suggest(name, self.splits)}"
            )
        return self.splits[name]

    def __contains__(self, name: object) -> bool:
        return name in self.splits

    def __iter__(self) -> Iterator[str]:
        return iter(self.splits)

    @property
    def train(self) -> Split:
        """The split to train on."""
        return self["train"]

    @property
    def validation(self) -> Split:
        """The split by which checkpoints are chosen."""
        return self["validation"]

    @property
    def test(self) -> Split:
        """The split to evaluate on, never to choose by."""
        return self["test"]

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the splits' names and fingerprints."""
        digest = blake2b(digest_size=16)
        for name in sorted(self.splits):
            digest.update(f"{name}\0{self.splits[name].fingerprint}\0".encode())
        return digest.hexdigest()

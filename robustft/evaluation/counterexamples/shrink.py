"""Shrinking flipped predictions to the edits that flip them, a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from robustft.data.change import PerturbedRows
from robustft.data.split import Split
from robustft.evaluation.counterexamples.files import Counterexample, MinimalEdit
from robustft.evaluation.counterexamples.search import Answer, shrink_all
from robustft.seeding import Draw, fold_in
from robustft.text.edits import Edit, apply

if TYPE_CHECKING:
    from robustft.evaluation.predict import Predictions

__all__ = ["Readable", "chosen_rows", "flipped_rows", "shrink_rows"]

Rows = npt.NDArray[np.int64]


class Readable(Protocol):
    """A model that reads texts; `Predictor` is one."""

    def predict(self, texts: Sequence[str], *, pairs: Sequence[str] | None = None) -> Predictions:
        """Return what the model says about the texts, each with its pair if there are `pairs`."""
        ...


def flipped_rows(labels: npt.NDArray[np.int64], before: Predictions, after: Predictions) -> Rows:
    """Return the rows that are right on the original and wrong on the transformed text."""
    return np.flatnonzero((before.predictions == labels) & (after.predictions != labels))


def chosen_rows(rows: Rows, ids: Sequence[str], limit: int | None, seed: int) -> Rows:
    """Return at most `limit` of the rows, in order; ids and seed decide which, not their places."""
    if limit is None or len(rows) <= limit:
        return rows
    keys = np.array([fold_in(seed, "counterexamples", ids[row]) for row in rows], np.uint64)
    return np.sort(rows[np.argsort(keys, kind="stable")[:limit]])


class _Placed(NamedTuple):
    """An edit, its column, and its place among the edits of its row."""

    place: int
    column: str
    edit: Edit


class _Row(NamedTuple):
    """A flipped row: its texts as they are, by column, and what was done to them."""

    texts: Mapping[str, str]
    edits: Sequence[_Placed]

    def with_edits(self, subset: int) -> tuple[str, ...]:
        """Return the text, or both of a pair, with the edits of `subset` alone."""
        return tuple(
            apply(text, (edit for _, at, edit in self.kept(subset) if at == column))
            for column, text in self.texts.items()
        )

    def kept(self, subset: int) -> list[_Placed]:
        return sorted(placed for i, placed in enumerate(self.edits) if subset >> i & 1)

    def minimal_edits(self, subset: int) -> tuple[MinimalEdit, ...]:
        return tuple(
            MinimalEdit(
                column=column,
                start=edit.start,
                end=edit.end,
                original=self.texts[column][edit.start : edit.end],
                replacement=edit.replacement,
                transforms=edit.transforms,
            )
            for _, column, edit in self.kept(subset)
        )


def _prepared(original: Split, perturbed: PerturbedRows, rows: Rows, seed: int) -> list[_Row]:
    """Return the rows, their edits in an order drawn by id.

    Where several edits would do, the order decides which is found: drawn, it favours none, where
    the order of the text would favour what stands at its beginning.
    """
    columns, texts = original.task.text_columns, original.rows_of_texts
    prepared = []
    for row in rows.tolist():
        edits = [(name, e) for name, batch in perturbed.columns.items() for e in batch[row].edits]
        placed = [_Placed(place, *edit) for place, edit in enumerate(edits)]
        draw = Draw(fold_in(seed, "counterexamples", "order", original.ids[row]))
        prepared.append(_Row(dict(zip(columns, texts[row], strict=True)), draw.shuffled(placed)))
    return prepared


class _Trials:
    """Asks a model about rows with some of their edits, and keeps what it said where it erred."""

    def __init__(self, model: Readable, rows: Sequence[_Row], labels: Rows) -> None:
        self._model, self._rows, self._labels = model, rows, labels
        self.errors: dict[tuple[int, int], tuple[int, float]] = {}

    def ask(self, trials: Sequence[tuple[int, int]]) -> list[Answer]:
        """Return what the model makes of each row with some of its edits: one batched call."""
        texts = [self._rows[place].with_edits(subset) for place, subset in trials]
        columns = [list(column) for column in zip(*texts, strict=True)]
        said = self._model.predict(columns[0], pairs=columns[1] if len(columns) > 1 else None)
        labels = self._labels[[place for place, _ in trials]]
        codes, shares = said.predictions, said.probabilities
        sure = shares[np.arange(len(trials)), labels].tolist()
        wrong = codes != labels
        for number in np.flatnonzero(wrong).tolist():
            code = int(codes[number])
            self.errors[trials[number]] = code, float(shares[number, code])
        return [Answer(*answer) for answer in zip(wrong.tolist(), sure, strict=True)]


def shrink_rows(
    model: Readable,
    rows: Rows,
    original: Split,
    perturbed: PerturbedRows,
    before: Predictions,
    after: Predictions,
    *,
    seed: int = 0,
) -> list[Counterexample]:
    """Return for each flipped row a 1-minimal set of its edits that flips it; see `search`.

    Parameters
    ----------
    model
        Reads texts; what it remembers of texts it has read is not counted.
    rows
        The rows, as `flipped_rows` gives them.
    original
        The rows as they are, with labels of a classification.
    perturbed
        What became of them.
    before, after
        What the model said of all rows as they are, and as they became.
    seed
        Draws in which order edits are tried.
    """
    names, labels = original.task.label_names, np.asarray(original.labels)[rows]
    prepared = _prepared(original, perturbed, rows, seed)
    trials = _Trials(model, prepared, labels)
    found = shrink_all([len(row.edits) for row in prepared], trials.ask)
    sure_before, sure_after = before.probabilities, after.probabilities
    made = []
    for place, (number, minimal) in enumerate(zip(rows.tolist(), found, strict=True)):
        # A row all of whose edits are needed was never asked about: that is the set itself.
        with_all = int(after.predictions[number])
        code, sure = trials.errors.get(
            (place, minimal.subset), (with_all, float(sure_after[number, with_all]))
        )
        label, row = int(labels[place]), prepared[place]
        text, *pair = row.with_edits(minimal.subset)
        made.append(
            Counterexample(
                id=original.ids[number],
                label=names[label],
                before=names[label],
                after=names[code],
                confidence_before=_rounded(sure_before[number, label]),
                confidence_after=_rounded(sure),
                edits=row.minimal_edits(minimal.subset),
                all_edits=len(row.edits),
                smallest=minimal.smallest,
                text=text,
                pair=pair[0] if pair else None,
                calls=minimal.calls,
            )
        )
    return made


def _rounded(probability: float) -> float:
    """Return a probability without the digits that depend on what else was in a batch."""
    return round(float(probability), 4)

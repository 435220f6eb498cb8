"""Parts of the rows, and whether the drop is larger in some of them than in the others.

The rows are parted by length, label, whether they negate, and by columns of the data. Each part
is tested twice: whether there is a drop at all, and whether it differs from that of all other
rows. Either is a family of its own, corrected over all parts of a model, since one part in twenty
looks special by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from robustft.data.split import Split
from robustft.data.task import TaskType
from robustft.errors import UsageError, suggest
from robustft.evaluation.measures import Measure
from robustft.evaluation.results import Slice
from robustft.scoring.contrast import group_change
from robustft.scoring.power import smallest_change
from robustft.scoring.statistics import Test, benjamini_hochberg, holm
from robustft.text.document import Batch
from robustft.text.protect import negators_in

__all__ = ["FEWEST", "MOST_VALUES", "Part", "parts_of", "slices_of"]

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

FEWEST = 30
"""A part of fewer rows is shown, but not tested."""

MOST_VALUES = 20
_FEW_NUMBERS = 5


@dataclass(frozen=True, eq=False)
class Part:
    """Some rows, and what they share; the parts of a column hold every row once."""

    column: str
    value: str
    rows: Mask


def parts_of(split: Split, columns: Sequence[str] = ()) -> list[Part]:
    """Part the rows by length, label and negation, and by each of `columns`.

    Lengths are words of all that a row gives to read, cut into thirds; so are labels that are
    numbers, and columns of more than a few numbers. Questions are parted by whether they have an
    answer, not by label. What all rows share parts nothing and is left out.

    Raises
    ------
    UsageError
        There is no such column, it holds neither words nor numbers, or more than 20 words.
    """
    texts = [split.texts] + ([] if split.pairs is None else [split.pairs])
    batches = [Batch(part) for part in texts]
    words = np.sum([batch.word_counts for batch in batches], axis=0)
    negated = np.any([_negates(batch) for batch in batches], axis=0)
    parts = _thirds("length", words, unit=" words")
    parts += _labels(split)
    parts += _values("negation", np.where(negated, "yes", "no"))
    for column in dict.fromkeys(columns):
        if column in (split.task.label_column, "label"):
            continue
        parts = [p for p in parts if p.column != column] + _column(split, column)
    return parts


def _negates(batch: Batch) -> Mask:
    """Return whether each text holds a negator, such as *never* or *didn't*."""
    found = np.zeros(len(batch), np.bool_)
    found[negators_in(batch).text] = True
    return found


def _labels(split: Split) -> list[Part]:
    labels, task = np.asarray(split.labels), split.task
    if task.type is TaskType.REGRESSION:
        return _thirds("label", labels)
    if task.type is TaskType.QUESTION_ANSWERING:
        return _values("answerable", np.where(labels > 0, "yes", "no"))
    return _values("label", np.asarray(task.label_names, dtype=object)[labels])


def _column(split: Split, column: str) -> list[Part]:
    table = split.table
    if column not in table.column_names:
        raise UsageError(
            f"slice: expected a column of {', '.join(table.column_names)}, got {column!r}"
            f"{suggest(column, table.column_names)}"
        )
    values = table[column]
    kind = values.type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind):
        raise UsageError(f"slice {column}: expected words or numbers, got {kind}")
    plain = values.to_pylist()
    distinct = {v for v in plain if v is not None and v == v}  # noqa: PLR0124  (not a NaN)
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if number and len(distinct) > _FEW_NUMBERS:
        return _thirds(column, np.array([np.nan if v is None else v for v in plain], np.float64))
    if len(distinct) > MOST_VALUES:
        raise UsageError(
            f"slice {column}: expected at most {MOST_VALUES} values, got {len(distinct):,}"
        )
    names = [_NONE if v is None or v not in distinct else str(v) for v in plain]
    return _values(column, np.array(names, dtype=object))


_NONE = "none"


def _values(column: str, values: Array) -> list[Part]:
    names = sorted(set(values.tolist()))
    if len(names) < 2:
        return []
    return [Part(column, name, np.asarray(values == name, np.bool_)) for name in names]


def _thirds(column: str, numbers: Array, unit: str = "") -> list[Part]:
    """Return the lowest, middle and highest third; equal numbers stay together."""
    known = ~np.isnan(numbers)
    if not known.any():
        return []
    cuts = np.quantile(numbers[known], [1 / 3, 2 / 3], method="inverted_cdf")
    third = np.searchsorted(cuts, numbers, side="left")
    masks = [known & (third == i) for i in range(3)]
    parts = [Part(column, _range(numbers[m], unit), m) for m in masks if m.any()]
    if not known.all():
        parts.append(Part(column, _NONE, ~known))
    return parts if len(parts) > 1 else []


def _range(numbers: Array, unit: str) -> str:
    low, high = f"{numbers.min():g}", f"{numbers.max():g}"
    return (low if low == high else f"{low} to {high}") + unit


def slices_of(
    measure: Measure, model: str, name: str, before: Array, after: Array, parts: Sequence[Part]
) -> list[Slice]:
    """Return a model's slices on one set, their tests corrected.

    Parameters
    ----------
    measure
        Of the rows, or of them several times over for several draws.
    before, after
        What was said on the original set and on this one, a row each.
    """
    if not parts:
        return []
    times = len(before) // len(parts[0].rows)
    changes = measure.loss(after) - measure.loss(before)
    slices = []
    for part in parts:
        rows = np.tile(part.rows, times)
        here = measure.among(rows)
        drop, test = here.change(before[rows], after[rows])
        count = int(part.rows.sum())
        found = Slice(
            model=model,
            set=name,
            column=part.column,
            value=part.value,
            rows=count,
            small=count < FEWEST,
            original=here.score(before[rows]),
            metric=here.score(after[rows]),
            drop=drop,
        )
        if not found.small:
            found = replace(found, test=test, detectable=smallest_change(drop))
        if min(count, len(part.rows) - count) >= FEWEST:
            apart, differs = group_change(changes, rows, seed=measure.seed, sources=measure.sources)
            found = replace(found, difference=apart, difference_test=differs)
        slices.append(found)
    return _corrected(slices)


def _corrected(slices: Sequence[Slice]) -> list[Slice]:
    """Return the slices with both families corrected.

    The two parts of a column ask one question, how they differ; it counts once.
    """
    twins = _twins(slices)
    dropped = _family([s.test for s in slices])
    asked = [None if i in twins else s.difference_test for i, s in enumerate(slices)]
    differing = _family(asked)
    found = [
        replace(s, test=test, difference_test=apart)
        for s, test, apart in zip(slices, dropped, differing, strict=True)
    ]
    for second, first in twins.items():
        apart, test = found[first].difference, found[first].difference_test
        found[second] = replace(
            found[second], difference=None if apart is None else -apart, difference_test=test
        )
    return found


def _twins(slices: Sequence[Slice]) -> dict[int, int]:
    """Return, for columns of two parts, the place of the second with that of the first."""
    places: dict[str, list[int]] = {}
    for i, found in enumerate(slices):
        places.setdefault(found.column, []).append(i)
    return {p[1]: p[0] for p in places.values() if len(p) == 2}


def _family(tests: Sequence[Test | None]) -> list[Test | None]:
    made = [i for i, test in enumerate(tests) if test is not None]
    corrected = benjamini_hochberg(holm([test for test in tests if test is not None]))
    found = dict(zip(made, corrected, strict=True))
    return [found.get(i) for i in range(len(tests))]

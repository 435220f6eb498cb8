"""Which rows go where: cutting and sampling by keys of the rows' ids, never by their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from robustft.data.features import is_text_list, texts_in
from robustft.data.split import Split
from robustft.data.task import TaskType
from robustft.errors import UsageError
from robustft.seeding import fold_in

__all__ = [
    "ALIASES",
    "ORDER",
    "cut",
    "in_order",
    "kept_together",
    "sample",
    "split_named",
    "suit_training",
]

ORDER = ("train", "validation", "test")
"""The splits of a data set, in the order in which we list them; all others come after."""

ALIASES = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "eval": "validation", "development": "validation",
    "test": "test", "testing": "test",
    "unsupervised": "unsupervised", "unlabeled": "unsupervised", "unlabelled": "unsupervised",
}  # fmt: skip
"""What files and hubs call the splits, and what we call them."""

_FEWEST_VALIDATED = 500
_HELD_OUT = 0.1  # of the rows for test, and as many for validation
# With fewer articles than this, a tenth of the questions is not a number of whole articles.
_FEWEST_ARTICLES = 20


def split_named(name: str) -> str | None:
    """Return what we call a split that a source calls `name`, or None if it is no usual name."""
    return ALIASES.get(name.casefold())


def in_order(names: Sequence[str]) -> list[str]:
    """Return split names in our order: train, validation, test, then the others by name."""
    return [n for n in ORDER if n in names] + sorted(n for n in names if n not in ORDER)


def sample(split: Split, n: int, *, seed: int, stratify: bool = True) -> Split:
    """Return `n` rows chosen by the keys of their ids, in the order in which they stood.

    A larger sample under the same seed holds every smaller one, and the order of the rows decides
    nothing. With `stratify`, the classes of a classification keep their proportions.

    Raises
    ------
    UsageError
        If `n` is below 1.
    """
    if n < 1:
        raise UsageError(f"sample of {split.name}: expected at least 1 row, got {n}")
    if n >= len(split):
        return split
    keys = _keys(split.ids, seed, "sample")
    order = _keyed_order(keys, _strata(split) if stratify else None)
    return split.take(np.sort(order[:n]))


def cut(split: Split, seed: int, *, test: bool) -> dict[str, Split]:
    """Cut a split into train, validation and (on demand) test, 10 % each for the latter two.

    Rows with the same text (of pairs the first; see `kept_together` for questions) stay together,
    so that no text is both trained and tested on. The
    classes of a classification keep their proportions. Fewer than three distinct texts cannot be
    cut: what is left without rows is not among the splits returned.
    """
    keys = _keys(split.ids, seed, "cut")
    groups = _numbered(split.table, kept_together(split))
    lead = _leaders(groups, keys)
    strata = _strata(split)
    order = _keyed_order(keys[lead], None if strata is None else strata[lead])
    sizes = np.bincount(groups, minlength=len(lead))[order]
    before = np.cumsum(sizes) - sizes

    held = max(1, round(len(split) * _HELD_OUT)) if len(lead) > 1 else 0
    names = ["test", "validation"] if test else ["validation"]
    if len(lead) <= len(names):
        names = names[: len(lead) - 1]
    side = np.full(len(lead), len(names))
    for place in range(len(names)):
        inside = (before >= place * held) & (before < (place + 1) * held)
        side[order[inside]] = place
    rows = side[groups]
    parts = {"train": split.take(np.flatnonzero(rows == len(names)))}
    parts |= {name: split.take(np.flatnonzero(rows == i)) for i, name in enumerate(names)}
    return {
        name: Split(name, parts[name].table, split.task)
        for name in in_order(list(parts))
        if len(parts[name])
    }


def suit_training(validation: Split, max_train: int, *, seed: int) -> Split:
    """Return validation rows for `max_train` training rows: a quarter as many, 500 or more."""
    return sample(validation, max(_FEWEST_VALIDATED, max_train // 4), seed=seed)


def _keys(ids: Sequence[str], seed: int, purpose: str) -> npt.NDArray[np.uint64]:
    key = fold_in(seed, purpose)
    return np.array([fold_in(key, name) for name in ids], dtype=np.uint64)


def _strata(split: Split) -> npt.NDArray[Any] | None:
    return split.labels if split.task.type is TaskType.CLASSIFICATION else None


def _keyed_order(
    keys: npt.NDArray[np.uint64], strata: npt.NDArray[Any] | None
) -> npt.NDArray[np.int64]:
    """Return all rows in the order of their keys, with the strata spread evenly through it.

    The r-th of the m rows of a stratum stands at (r + 1/2) / m of the way, so any first part of
    the order holds each stratum in proportion, to within a row.
    """
    by_key = np.argsort(keys, kind="stable")
    if strata is None:
        return by_key
    place = np.empty(len(keys))
    for stratum in np.unique(strata):
        members = by_key[strata[by_key] == stratum]
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    return np.lexsort((keys, place))


def kept_together(split: Split) -> str:
    """Return the column whose equal values `cut` keeps together.

    That is the text (of pairs the first, such as the premise). For questions it is the article, by
    a column called *title* if that names 20 or more, else the context.
    """
    task = split.task
    if task.type is not TaskType.QUESTION_ANSWERING or task.pair_column is None:
        return task.text_column
    for name in split.table.column_names:
        if name.casefold() == "title" and len(split.table[name].unique()) >= _FEWEST_ARTICLES:
            return str(name)
    return task.pair_column


def _numbered(table: pa.Table, name: str) -> npt.NDArray[np.int64]:
    """Return for each row the number of its value in a column; equal values share one."""
    column = table[name].combine_chunks()
    if is_text_list(column.type):
        column = pa.array(texts_in(table, name), pa.large_string())
    encoded = pc.dictionary_encode(column, null_encoding="encode")
    return np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)


def _leaders(groups: npt.NDArray[np.int64], keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """Return the row with the lowest key of each group, by group number."""
    lead = np.empty(int(groups.max()) + 1, dtype=np.int64)
    order = np.argsort(keys, kind="stable")[::-1]
    lead[groups[order]] = order  # the last one written, which has the lowest key, stays
    return lead

"""Rows of a test set that a model has seen in training: the same ones, copies, and near-copies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from robustft.data.minhash import ALIKE, similar
from robustft.data.split import Split

__all__ = ["SOURCE_ID", "Overlap", "hashed", "overlap", "shared_sources"]

SOURCE_ID = "source_id"
"""The column that says which row of an original data set a row was made from."""
_HASHED_ID = re.compile(r"[0-9a-f]{16}(-\d+)?")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Overlap:
    """What test rows have in common with the rows that a model was trained on.

    Attributes
    ----------
    rows
        The places of the test rows that are copies or near-copies, int64, in order.
    partners
        The id of a training row that is like each of them.
    similarity
        How alike the two are, from 0.8 to 1; see `robustft.data.minhash`.
    identical
        Whether their texts are the same to the letter.
    """

    rows: Ints
    partners: tuple[str, ...]
    similarity: npt.NDArray[np.float64]
    identical: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.rows)


def hashed(ids: Sequence[str]) -> bool:
    """Return whether ids are hashes of texts, which cannot tell a row from a copy of it."""
    return all(_HASHED_ID.fullmatch(i) for i in ids)


def shared_sources(test: Split, trained: Split) -> list[str]:
    """Return the ids of the test rows that stem from a row trained on, in order.

    A row stems from what its ``source_id`` names; without such a column it is a row of its own,
    the same as another with the same id if the texts are the same too.
    """
    texts = dict(zip(trained.ids, trained.rows_of_texts, strict=True))
    pairs = zip(test.ids, test.rows_of_texts, strict=True)
    same = {i for i, text in pairs if texts.get(i) == text}
    sources, known = _sources(test), _sources(trained)
    seen = set(known.values())
    if not sources or not known:
        # Where one side has no sources, numbers may count other rows; hashes of texts do not.
        sources = sources or {i: i for i in test.ids if known}
        seen = {i for i in seen or trained.ids if _HASHED_ID.fullmatch(i)}
    same |= {i for i, source in sources.items() if source in seen}
    return [i for i in test.ids if i in same]


def _sources(split: Split) -> dict[str, str]:
    """Return the source of each row that names one, by id."""
    if SOURCE_ID not in split.table.column_names:
        return {}
    pairs = zip(split.ids, split.table[SOURCE_ID].to_pylist(), strict=True)
    return {i: str(source) for i, source in pairs if source is not None}


def overlap(test: Split, trained: Split, *, least: float = ALIKE) -> Overlap:
    """Find the test rows whose texts are also, or nearly, among those trained on.

    Near-copies share four of five runs of five words. Of 25,000 reviews and as many to learn from
    this takes a few seconds. What is found does not depend on the order of the rows.

    Parameters
    ----------
    least
        From which similarity (Jaccard's, of runs of five words) on rows count as near-copies.
    """
    mine, theirs = test.rows_of_texts, trained.rows_of_texts
    first: dict[tuple[str, ...], str] = {}
    for row_id, texts in sorted(zip(trained.ids, theirs, strict=True)):
        first.setdefault(texts, row_id)
    found = {row: (first[texts], 1.0, True) for row, texts in enumerate(mine) if texts in first}
    others = [row for row in range(len(mine)) if row not in found]
    order = sorted(range(len(theirs)), key=trained.ids.__getitem__)
    alike = similar(
        ["\n".join(mine[row]) for row in others],
        ["\n".join(theirs[row]) for row in order],
        least=least,
    )
    for place in np.flatnonzero(alike.partner >= 0).tolist():
        partner = trained.ids[order[int(alike.partner[place])]]
        found[others[place]] = partner, float(alike.similarity[place]), False
    rows = sorted(found)
    return Overlap(
        np.array(rows, np.int64),
        tuple(found[row][0] for row in rows),
        np.array([found[row][1] for row in rows], np.float64),
        np.array([found[row][2] for row in rows], np.bool_),
    )

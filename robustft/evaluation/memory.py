"""What a model said already, found again by a hash of what it read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from robustft.evaluation.prediction_store import PredictionStore

__all__ = ["Compute", "Memory"]

Floats = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]

Compute = Callable[[Rows], Iterator[tuple[Rows, Floats]]]
"""Computes the outputs of some rows, batch by batch: positions among these rows, and outputs."""

# New outputs go to the store when there are so many, or when the last time is so many seconds ago:
# a process that is killed loses no more than that.
_MANY = 4_096
_SECONDS = 15.0


class Memory:
    """A model's outputs by hash; a look-up costs about a microsecond, however much is known.

    Parameters
    ----------
    columns
        How many outputs a text has.
    store
        Where outputs outlive the process; None keeps them in it.

    Attributes
    ----------
    computed
        The texts computed so far, each counted once.
    """

    def __init__(self, columns: int, store: PredictionStore | None = None) -> None:
        self.computed = 0
        self._store = store
        # What the store held at first is sorted once; what comes later has a place in a dict.
        self._stored, self._stored_outputs = (
            (np.empty(0, np.uint64), np.empty((0, columns), np.float32))
            if store is None
            else store.read()
        )
        self._places: dict[int, int] = {}
        self._outputs: Floats = np.empty((0, columns), np.float32)
        self._written = time.monotonic()

    def complete(
        self,
        hashes: Hashes,
        compute: Compute,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Floats:
        """Return the outputs of the rows with these hashes, and compute those not yet known.

        Rows of one hash are computed once. What is computed is kept batch by batch, also when
        what comes after fails. `progress` is told the rows done since.
        """
        distinct, first, back, times = np.unique(
            hashes, return_index=True, return_inverse=True, return_counts=True
        )
        known, outputs = self._find(distinct)
        progress(int(times[known].sum()))
        missing = np.flatnonzero(~known)
        try:
            for rows, computed in compute(first[missing].astype(np.int64)) if len(missing) else ():
                at = missing[rows]
                outputs[at] = computed
                self.computed += len(at)
                self._learn(distinct[at], outputs[at])
                progress(int(times[at].sum()))
        except BaseException:
            self.flush()
            raise
        return np.asarray(outputs[back], np.float32)

    def add(self, hashes: Hashes, outputs: Floats) -> None:
        """Take outputs for known; they are not written to the store."""
        rows, places = [], []
        for row, value in enumerate(hashes.tolist()):
            if value not in self._places:
                self._places[value] = len(self._places)
                rows.append(row)
                places.append(self._places[value])
        self._grow(len(self._places))
        self._outputs[places] = outputs[rows]

    def forget(self) -> None:
        """Let go of what was computed or added, but for what the store held at first."""
        self._places.clear()
        self._outputs = np.empty((0, self._outputs.shape[1]), np.float32)

    def flush(self) -> None:
        """Write what is new to the store; nothing without one."""
        self._written = time.monotonic()
        if self._store is not None:
            self._store.flush()

    def _find(self, hashes: Hashes) -> tuple[npt.NDArray[np.bool_], Floats]:
        outputs = np.empty((len(hashes), self._outputs.shape[1]), np.float32)
        get = self._places.get
        place = np.fromiter((get(value, -1) for value in hashes.tolist()), np.int64, len(hashes))
        known = place >= 0
        outputs[known] = self._outputs[place[known]]
        if len(self._stored):
            rest = np.flatnonzero(~known)
            at = np.searchsorted(self._stored, hashes[rest])
            at[at == len(self._stored)] = 0
            there = self._stored[at] == hashes[rest]
            outputs[rest[there]] = self._stored_outputs[at[there]]
            known[rest[there]] = True
        return known, outputs

    def _learn(self, hashes: Hashes, outputs: Floats) -> None:
        self.add(hashes, outputs)
        if self._store is None:
            return
        waiting = self._store.keep(hashes, outputs)
        if waiting >= _MANY or time.monotonic() - self._written > _SECONDS:
            self.flush()

    def _grow(self, rows: int) -> None:
        if rows > len(self._outputs):
            size = max(rows, 2 * len(self._outputs), 64)
            larger = np.empty((size, self._outputs.shape[1]), np.float32)
            larger[: len(self._outputs)] = self._outputs
            self._outputs = larger

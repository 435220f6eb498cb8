"""What an evaluation does about flipped predictions, and when it has been done already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from robustft.data.split import Split
from robustft.data.task import TaskType
from robustft.errors import RunError, UsageError
from robustft.evaluation.counterexamples.files import (
    Counterexample,
    read_counterexamples,
    write_counterexamples,
    write_harm,
)
from robustft.evaluation.counterexamples.harm import SetEdits, measure_harm
from robustft.evaluation.counterexamples.shrink import (
    Readable,
    chosen_rows,
    flipped_rows,
    shrink_rows,
)
from robustft.evaluation.results import ORIGINAL

if TYPE_CHECKING:
    from robustft.data.change import PerturbedRows
    from robustft.evaluation.predict import Predictions
    from robustft.evaluation.sets import TestSet

__all__ = ["DEFAULT_LIMIT", "Hunt", "Limit", "hunted", "read_limit"]

Limit = int | Literal["all"]
"""How many flipped rows of a model are shrunk."""
DEFAULT_LIMIT = 100
# Rows shrunk before they are written: what a kill may cost.
_PORTION = 500


def read_limit(limit: int | str) -> Limit:
    """Return a number of counterexamples, or ``all``.

    Raises
    ------
    UsageError
        It is neither.
    """
    if limit == "all":
        return "all"
    if str(limit).isdecimal():
        return int(limit)
    raise UsageError(f"counterexamples: expected a number, 0 for none, or all, got {limit!r}")


def hunted(manifest: Mapping[str, Any], limit: Limit) -> bool:
    """Return whether a finished evaluation has as many counterexamples as are wanted."""
    if "counterexamples" not in manifest:
        return False
    found: Limit | None = manifest["counterexamples"]
    if found is None or found == "all":
        return True
    return limit != "all" and limit <= found


@dataclass(frozen=True, eq=False)
class Hunt:
    """The search for what flips the predictions of models on one set, of classes alone.

    Attributes
    ----------
    original, perturbed
        The rows as they are, and what became of them.
    set_name
        The transformed set.
    limit
        The flipped rows to shrink, at most; the seed chooses them.
    """

    original: Split
    perturbed: PerturbedRows
    set_name: str
    limit: Limit
    seed: int

    @classmethod
    def of(
        cls, sets: Sequence[TestSet], main: str | None, *, limit: Limit, seed: int
    ) -> Hunt | None:
        """Return the hunt over the main set; None where none is transformed or it has no classes.

        Numbers and answers do not flip; how much worse they become says their metric.
        """
        made = next((s for s in sets if s.facts.name == main), None)
        if made is None or made.made is None or made.split.task.type != TaskType.CLASSIFICATION:
            return None
        return cls(sets[0].split, made.made.perturbed, made.facts.name, limit, seed)

    @cached_property
    def edits(self) -> SetEdits:
        """The edits of the set by replacement, made once for all models."""
        return SetEdits(self.perturbed)

    def keep(
        self,
        folder: Path,
        model: str,
        said: Mapping[str, Predictions],
        open_model: Callable[[], Readable],
        *,
        again: bool = False,
        progress: Callable[[str, int, int], None] = lambda _title, _done, _total: None,
    ) -> list[Counterexample]:
        """Shrink the flipped rows of a model, measure the harm of its edits, and write both.

        Parameters
        ----------
        folder
            That of the evaluation; what an earlier call left there is used, unless `again`.
        said
            The model's predictions by set.
        open_model
            Called where there is a row to shrink.
        """
        before, after = said[ORIGINAL], said[self.set_name]
        labels = np.asarray(self.original.labels)
        limit = None if self.limit == "all" else self.limit
        ids = self.original.ids
        rows = chosen_rows(flipped_rows(labels, before, after), ids, limit, self.seed)
        known = {} if again else self._known(folder, model)
        missing = np.array([row for row in rows.tolist() if ids[row] not in known], np.int64)
        title = f"shrinking: {model}"
        progress(title, len(rows) - len(missing), len(rows))

        def found_so_far() -> dict[int, Counterexample]:
            return {row: known[ids[row]] for row in rows.tolist() if ids[row] in known}

        for start in range(0, len(missing), _PORTION):
            portion = missing[start : start + _PORTION]
            made = shrink_rows(
                open_model(),
                portion,
                self.original,
                self.perturbed,
                before,
                after,
                seed=self.seed,
            )
            known |= {example.id: example for example in made}
            self._write(folder, model, found_so_far())
            progress(title, len(portion), len(rows))
        examples = found_so_far()
        self._write(folder, model, examples)
        right, still = before.predictions == labels, after.predictions == labels
        for name, view in self.edits.views.items():
            write_harm(
                measure_harm(view, self.edits.numbers, right, still, examples), folder, model, name
            )
        return list(examples.values())

    def _known(self, folder: Path, model: str) -> dict[str, Counterexample]:
        try:
            found = read_counterexamples(folder, model, self.set_name)
        except RunError:  # damaged: then they are found again
            return {}
        return {example.id: example for example in found}

    def _write(self, folder: Path, model: str, examples: Mapping[int, Counterexample]) -> None:
        write_counterexamples(list(examples.values()), folder, model, self.set_name)

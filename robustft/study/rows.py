"""The kinds of rows, and what each is run by."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from robustft.errors import RunError, TrainingError
from robustft.study.grid import RunSpec
from robustft.study.results import RowResult
from robustft.study.schema import Evaluation
from robustft.study.settings import Kind

__all__ = ["BEST", "KINDS", "Context", "Told", "failed", "run_row"]

Told = Callable[[str, int, int], None]
"""Called with what is being done, the rows done since the last call, and all rows of it."""

BEST = "checkpoints/best"


def _nothing(title: str, done: int, total: int) -> None:
    del title, done, total


@dataclass(frozen=True)
class Context:
    """What a row may use besides its own settings.

    Attributes
    ----------
    folder
        The study's folder; what a row writes goes to ``runs`` in it.
    done
        The results so far, by the name of their run.
    progress, told
        Whether to show training's own bars on stderr, and whom to tell of other work.
    """

    folder: Path
    evaluation: Evaluation
    done: Mapping[str, RowResult]
    progress: bool = True
    workers: int = 1
    told: Told = _nothing

    @property
    def runs(self) -> Path:
        """Where run folders are put."""
        return self.folder / "runs"

    def model_for(self, spec: RunSpec) -> str | None:
        """Return the model that a run starts from: another row's, or what its settings name.

        With a grid it is the other row's run with the same values, where there is one.

        Raises
        ------
        TrainingError
            The other row failed, so that this one cannot be trained either.
        RunError
            The other row has no model.
        """
        if spec.after is None:
            name = spec.settings.get("model")
            return None if name is None else str(name)
        named = [r for r in self.done.values() if spec.after in (r.base, r.row)]
        values = spec.row.removeprefix(spec.base)

        def near(result: RowResult) -> tuple[bool, ...]:
            same = result.row.removeprefix(result.base) == values
            return same, result.dataset == spec.dataset, result.seed == spec.number

        # The one of the same values, data set and seed before any other.
        nearest = max(named, key=near, default=None)
        if nearest is not None and not nearest.ok:
            raise TrainingError(
                f"{spec.name}: expected a model from the row {spec.after!r}, got a failed run"
            )
        if nearest is not None and nearest.run is not None:
            return str(self.folder / nearest.run / BEST)
        raise RunError(f"{spec.name}: expected a model from the row {spec.after!r}, got none")


# Where each kind is: a function that takes a run and its context and returns its result. They
# are imported when the first row of the kind is run, for each leans on other heavy packages.
KINDS: dict[Kind, str] = {
    "train": "robustft.study.train_row:run_train",
    "dictionary": "robustft.study.dictionary:run_dictionary",
    "pretrain": "robustft.study.pretrain_row:run_pretrain",
    "parameters": "robustft.study.parameters_row:run_parameters",
}


def run_row(spec: RunSpec, context: Context) -> RowResult:
    """Run one row and return its result, marked with what it is the result of."""
    module, _, name = KINDS[spec.kind].partition(":")
    run: Callable[[RunSpec, Context], RowResult] = getattr(importlib.import_module(module), name)
    return marked(run(spec, context), spec)


def failed(spec: RunSpec, message: str) -> RowResult:
    """Return the result of a run that came to nothing."""
    return marked(RowResult(row=spec.row, status="failed", message=message), spec)


def marked(result: RowResult, spec: RunSpec) -> RowResult:
    """Return the result with the names of its run."""
    return result.model_copy(
        update={
            "row": spec.row,
            "base": spec.base,
            "label": spec.label,
            "kind": spec.kind,
            "dataset": spec.dataset,
            "seed": spec.number,
            "identity": spec.identity,
        }
    )

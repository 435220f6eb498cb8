"""What a row of a study came to: one JSON file a run, written when it ends.

Every view of a study (tables, figures, the page) is made of the recipe and these files alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from robustft.data.files import atomic_path
from robustft.errors import RunError

__all__ = [
    "ORIGINAL",
    "RESULTS",
    "VALIDATION",
    "Count",
    "RowResult",
    "Value",
    "load_results",
    "plain_values",
    "read_result",
    "result_name",
    "values",
    "write_result",
]

RESULTS = "results"
ORIGINAL, VALIDATION = "original", "validation"


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Value(_Plain):
    """A number with its interval, where it has one.

    Attributes
    ----------
    value
        None when it is undefined.
    low, high
        Bounds of the two-sided interval at `level`, over the rows of the test set.
    method, n
        What made the interval, and the rows behind the number.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    method: str = ""
    n: int = 0


class Count(_Plain):
    """The parameters of a component: all of them, and those that were trained."""

    total: int
    trained: int


class RowResult(_Plain):
    """One run of a study: a row, on one data set, with one seed.

    Attributes
    ----------
    row, base, label, kind
        The row's name with the values of a grid, its name in the recipe (the two are the same
        without a grid), what tables call it, and what kind of row it is.
    dataset
        The name of the recipe's data set (the table it belongs to); empty when there is one.
    seed
        The number of the run, from 0. What it seeds stands in `settings`.
    status, message
        ``failed`` runs say why, and have no metrics.
    data, model
        What was really used: short names, no paths.
    settings
        The row's resolved settings: for a trained row all training arguments and plan settings.
    metrics
        By set, then by metric. ``validation`` holds ``loss`` and the metrics of the epoch that
        was kept (`best_epoch`); ``original`` the test rows; then the transformed sets. Shares,
        those of answers to questions among them, are from 0 to 1.
    drops
        By transformed set, then by metric: how much *worse* than on the original, paired.
    best_epoch, history, curve
        The epoch that was kept, counted from 1; an entry an epoch (``epoch``, ``train_loss``,
        ``loss``, metrics); an entry every so many steps (``step``, ``train_loss``, ``loss``, ...).
    parameters
        By component: embeddings, encoder, pooler, head, adapter, total.
    tensors
        A row a parameter tensor: name, shape, count, source, trained, unchanged.
    truncated
        By split: the share of the texts that are longer than the model reads.
    minutes
        What it took. It differs from run to run, so it belongs into no table that must not.
    rows
        How many rows were used, by split.
    training
        The trained run's own record, from its manifest.
    run
        Its folder, relative to the study's folder.
    predictions
        By set, the file of predictions, relative to the study's folder.
    facts
        Whatever else a kind of row has to say.
    identity
        A hash of the settings that the result belongs to.
    """

    row: str
    base: str = ""
    label: str = ""
    kind: str = "train"
    dataset: str = ""
    seed: int = 0
    status: Literal["ok", "failed"] = "ok"
    message: str = ""
    data: str = ""
    model: str = ""
    settings: dict[str, Any] = Field(default_factory=dict)
    metrics: dict[str, dict[str, Value]] = Field(default_factory=dict)
    drops: dict[str, dict[str, Value]] = Field(default_factory=dict)
    best_epoch: int | None = None
    history: list[dict[str, Any]] = Field(default_factory=list)
    curve: list[dict[str, Any]] = Field(default_factory=list)
    parameters: dict[str, Count] = Field(default_factory=dict)
    tensors: list[dict[str, Any]] = Field(default_factory=list)
    truncated: dict[str, float] = Field(default_factory=dict)
    minutes: float | None = None
    rows: dict[str, int] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    run: str | None = None
    predictions: dict[str, str] = Field(default_factory=dict)
    facts: dict[str, Any] = Field(default_factory=dict)
    notices: list[str] = Field(default_factory=list)
    identity: str = ""

    @property
    def name(self) -> str:
        """The name of the run, which its file has too."""
        return result_name(self.row, self.dataset, self.seed).removesuffix(".json")

    @property
    def ok(self) -> bool:
        """Whether the run came to an end with numbers."""
        return self.status == "ok"

    def value(self, column: str) -> Value | None:
        """Return the number of a table's column, or None where the row has none.

        A column is ``mse`` (on the original test rows) or names a set as well, as in
        ``validation.loss`` and ``mix.accuracy``.
        """
        group, dot, metric = column.rpartition(".")
        return self.metrics.get(group if dot else ORIGINAL, {}).get(metric)


def result_name(row: str, dataset: str, seed: int) -> str:
    """Return the file's name, as ``sst2-fixed-seed0.json``; without a data set's name if empty."""
    return "-".join([*([dataset] if dataset else []), row, f"seed{seed}"]) + ".json"


def write_result(folder: Path, result: RowResult) -> Path:
    """Write a result into a study's folder, whole or not at all, and return its path."""
    path = folder / RESULTS / result_name(result.row, result.dataset, result.seed)
    with atomic_path(path, "a result") as temporary:
        temporary.write_text(result.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return path


def read_result(path: Path) -> RowResult:
    """Read one result.

    Raises
    ------
    RunError
        It is damaged, or of another version.
    """
    try:
        return RowResult.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as problem:
        reason = str(problem)
        if isinstance(problem, ValidationError):
            first = problem.errors(include_url=False)[0]
            reason = f"{'.'.join(map(str, first['loc'])) or 'file'}: {first['msg']}"
        raise RunError(
            f"{path}: expected the result of a study's row, got: {reason}; "
            "remove it and give the command again"
        ) from problem


def load_results(folder: Path) -> list[RowResult]:
    """Return all results in a study's folder, sorted by data set, row and seed.

    The order of a table is the recipe's; see `robustft.study.grid.in_order`.
    """
    found = [read_result(path) for path in (folder / RESULTS).glob("*.json")]
    return sorted(found, key=lambda r: (r.dataset, r.row, r.seed))


def values(estimates: Mapping[str, Any]) -> dict[str, Value]:
    """Return `Estimate` and `Difference` objects, by name, as they are stored."""
    return {name: _value(estimate) for name, estimate in estimates.items()}


def plain_values(scores: Mapping[str, float | None], names: Iterable[str] = ()) -> dict[str, Value]:
    """Return numbers without intervals as they are stored; `names` picks some."""
    wanted = list(names) or list(scores)
    return {name: Value(value=scores[name]) for name in wanted if name in scores}


def _value(estimate: Any) -> Value:
    return Value(
        value=estimate.value,
        low=estimate.low,
        high=estimate.high,
        level=estimate.level,
        method=estimate.method,
        n=estimate.n,
    )

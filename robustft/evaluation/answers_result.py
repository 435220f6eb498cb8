"""What an evaluation of answers came to, as values, in percent and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from robustft.scoring.statistics import Estimate

__all__ = ["AnswersResult"]


@dataclass(frozen=True, kw_only=True)
class AnswersResult:
    """What an evaluation of answers came to.

    Attributes
    ----------
    model, dataset, split, rows
        What was evaluated, and on how many questions.
    windows
        Into how many parts the contexts were cut.
    metrics
        ``exact_match``, ``f1``, ``bleu``, ``meteor`` and ``rouge_l`` with their intervals, 0 to 1.
    notes
        How each of them is defined.
    settings
        How contexts were read: `ReadingSettings` as plain values.
    predictions
        The file of answers, relative to `folder`; see `run_answers` for its columns.
    folder
        Where it lies; not part of what is saved.
    """

    model: str
    dataset: str
    split: str
    rows: int
    windows: int
    metrics: Mapping[str, Estimate]
    notes: Mapping[str, str]
    settings: Mapping[str, int]
    predictions: str
    notices: tuple[str, ...] = ()
    folder: str = field(default="", compare=False)

    def in_percent(self) -> dict[str, Estimate]:
        """Return the metrics times 100, as SQuAD's papers and script print them."""
        return {name: _scaled(estimate, 100.0) for name, estimate in self.metrics.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return all but the folder, as JSON holds it."""
        kept = {key: value for key, value in asdict(self).items() if key != "folder"}
        return {**kept, "unit": "0 to 1", "notices": list(self.notices)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> AnswersResult:
        """Return the result that `to_dict` wrote."""
        kept = {key: value for key, value in plain.items() if key != "unit"}
        metrics = {name: Estimate(**estimate) for name, estimate in plain["metrics"].items()}
        return cls(**{**kept, "metrics": metrics, "notices": tuple(plain["notices"])})

    def to_pandas(self) -> Any:
        """Return the metrics as a data frame, a row a metric, in percent."""
        import pandas as pd

        percent = self.in_percent()
        return pd.DataFrame(
            [
                {"metric": name, "percent": e.value, "low": e.low, "high": e.high, "n": e.n}
                for name, e in percent.items()
            ]
        )


def _scaled(estimate: Estimate, factor: float) -> Estimate:
    def times(value: float | None) -> float | None:
        return None if value is None else value * factor

    return replace(
        estimate, value=times(estimate.value), low=times(estimate.low), high=times(estimate.high)
    )

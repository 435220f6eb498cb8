"""What an evaluation found, as plain data: what `metrics.json` holds and every view is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from robustft.errors import RunError
from robustft.evaluation.findings import Curve, CurvePoint, Slice, Spread, Summary
from robustft.evaluation.leaks import Leaks
from robustft.scoring.power import Detectable
from robustft.scoring.statistics import Difference, Estimate, Test

__all__ = [
    "FORMAT",
    "ORIGINAL",
    "Answer",
    "Cell",
    "Curve",
    "CurvePoint",
    "ModelFacts",
    "Pair",
    "PairCell",
    "RobustnessResult",
    "SetFacts",
    "SharedWords",
    "Slice",
    "Spread",
    "Summary",
    "Verdict",
    "Yes",
]

FORMAT = 2
_OLDEST = 1
ORIGINAL = "original"

Yes = Literal["yes", "no", "cannot tell"]

_METRICS = {"regression": "mse", "question-answering": "f1"}


@dataclass(frozen=True, kw_only=True)
class SetFacts:
    """A test set and what was done to make it.

    Attributes
    ----------
    kind
        ``original``; ``single``, one transform alone; ``mix``, a whole chain in order.
    transform
        Which curve it belongs to: the transform's name, or ``mix``; empty for the original.
    rate
        The share of the texts' words, or other units, that the transform's severity or setting
        names; None for a mix.
    words
        Of the texts that might change, as they were.
    words_read
        Of all texts of the set, as the models read them.
    draws
        How often it was drawn; of several, all numbers are means.
    target_share, eligible_share, changed_share
        Of the set's words (so long texts weigh more): what should have changed, what could have,
        what did.
    unchanged_share, rejected_share
        Of the rows: those in which nothing changed, and those whose change was taken back. Both
        count as original text, which makes a model look more robust than it is.
    """

    name: str
    kind: Literal["original", "single", "mix"]
    rows: int
    spec: str = ""
    severity: int | None = None
    transform: str = ""
    rate: float | None = None
    words: int = 0
    words_read: int = 0
    draws: int = 1
    target_share: float = 0.0
    eligible_share: float = 0.0
    changed_share: float = 0.0
    unchanged_share: float = 0.0
    rejected_share: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """A model that was evaluated, and what it was trained on."""

    name: str
    role: Literal["clean", "augmented", "model"] = "model"
    augmented_rows: int = 0


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One model on one set.

    Attributes
    ----------
    metrics
        By name, each with its interval.
    drop
        By metric: how much *worse* it is than on the original set, paired. Positive is worse, for
        an error too.
    test
        Whether the model does equally well on both; corrected over the transformed sets.
    detectable
        The smallest drop that this test would have shown.
    flips
        The share of predictions that differ from those on the original; not for regression.
    same_tokens
        The share of rows that gave the model the same token ids as the original.
    drop_of_others
        The drop of the first metric among the other rows.
    truncated
        The share of rows longer than the model reads.
    tokens_per_word
        The model's tokens, whole texts and special tokens included; None without a tokenizer.
    cut
        The share of rows that lost a part of their end to the change: longer than before, and
        longer than the model reads. What is lost there is no matter of robustness to the change.
    metrics_of_kept, drop_of_kept
        The metrics, and the drop of the first, among all other rows; None where none was cut.
    effects
        Effect sizes of the first metric's drop, each with its interval: ``cohens_h`` and
        ``odds_ratio`` of classes, ``cohens_dz`` of all else; see `robustft.scoring.effects`.
    """

    model: str
    set: str
    metrics: dict[str, Estimate]
    truncated: float
    drop: dict[str, Difference] | None = None
    test: Test | None = None
    detectable: Detectable | None = None
    flips: Estimate | None = None
    same_tokens: float | None = None
    drop_of_others: Difference | None = None
    tokens_per_word: float | None = None
    cut: float | None = None
    metrics_of_kept: dict[str, Estimate] | None = None
    drop_of_kept: Difference | None = None
    effects: dict[str, Estimate] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class PairCell:
    """Two models on one set: how much *better* the augmented one is, by metric."""

    set: str
    gain: dict[str, Difference]
    test: Test
    detectable: Detectable


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A clean and an augmented model compared.

    Attributes
    ----------
    cells
        One a set. The tests on the original set and on the mix stand alone, one question each;
        `p_corrected` corrects over all transformed sets.
    won_back
        The augmented model's gain on the mix as a share of the clean model's drop there.
    smaller_drop, smaller_drop_test
        By how much the augmented model's drop on the mix is smaller than the clean one's. A model
        that is better on all texts wins back without being any more robust; this tells the two
        apart.
    """

    clean: str
    augmented: str
    cells: tuple[PairCell, ...]
    won_back: Estimate | None = None
    smaller_drop: Difference | None = None
    smaller_drop_test: Test | None = None


@dataclass(frozen=True, kw_only=True)
class SharedWords:
    """Words that edits brought into the test set, and how many of them training had brought too."""

    test: int
    shared: int

    @property
    def share(self) -> float:
        """The shared words as a share of the test set's."""
        return self.shared / self.test if self.test else 0.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One question, answered as far as the numbers go."""

    question: str
    answer: Yes
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Answers, and what one must know to read them rightly."""

    answers: tuple[Answer, ...]
    caveats: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RobustnessResult:
    """Models on an original test set and on transformed ones, with the uncertainty of it all.

    Attributes
    ----------
    task
        `Task.to_dict` of the data.
    mix
        The set that the verdict is about; None when no text was transformed.
    curves
        For each model and transform; empty unless there are several severities.
    summaries
        For each model and severity, over the single transforms; empty where there are none.
    slices
        For each model, parts of the rows of the mix.
    spread
        For each family of models; empty without several draws or training seeds.
    sources
        How many independent sources the rows come from; None where each row is one. Intervals
        and tests then resample sources, not rows.
    leaks
        The rows that are also, or nearly, among those trained on; None where none is.
    """

    task: dict[str, Any]
    models: tuple[ModelFacts, ...]
    sets: tuple[SetFacts, ...]
    cells: tuple[Cell, ...]
    mix: str | None = None
    pair: Pair | None = None
    shared_words: SharedWords | None = None
    verdict: Verdict = Verdict(answers=(), caveats=())
    curves: tuple[Curve, ...] = ()
    summaries: tuple[Summary, ...] = ()
    slices: tuple[Slice, ...] = ()
    spread: tuple[Spread, ...] = ()
    sources: int | None = None
    leaks: Leaks | None = None
    folder: str | None = None
    format: int = FORMAT

    @property
    def metric(self) -> str:
        """The metric that tests and verdicts are about: ``accuracy``, ``mse`` or ``f1``."""
        return _METRICS.get(self.task["type"], "accuracy")

    def cell(self, model: str, set: str) -> Cell:  # noqa: A002
        """Return the cell of a model and a set; a `KeyError` if there is none."""
        for cell in self.cells:
            if (cell.model, cell.set) == (model, set):
                return cell
        raise KeyError((model, set))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON; the folder, which may move, is left out."""
        plain: dict[str, Any] = _adapter().dump_python(self, mode="json", exclude={"folder"})
        return {"format": plain.pop("format"), **plain}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> RobustnessResult:
        """Return the result that `to_dict` wrote; of an earlier format, what it lacks is empty.

        Raises
        ------
        RunError
            The values are of another format, or damaged.
        """
        found = plain.get("format") if hasattr(plain, "get") else None
        if found not in range(_OLDEST, FORMAT + 1):
            raise RunError(
                f"metrics: expected format {FORMAT}, got {found!r}; evaluate again with --force"
            )
        try:
            return _adapter().validate_python(dict(plain))
        except ValidationError as problem:
            where = ".".join(str(part) for part in problem.errors()[0]["loc"])
            raise RunError(
                f"metrics: expected what an evaluation writes, got something else at {where}; "
                "evaluate again with --force"
            ) from None

    def to_pandas(
        self, what: Literal["cells", "curves", "summaries", "slices", "spread"] = "cells"
    ) -> Any:
        """Return a `pandas.DataFrame`: one row a model and set, or a row for each of `what`.

        Of curves, a row a point. A number with its interval fills three columns, the bounds with
        ``_low`` and ``_high`` behind its name; a test fills ``p``, ``p_corrected`` and ``q``.
        """
        import pandas as pd

        if what == "cells":
            facts = {s.name: s for s in self.sets}
            return pd.DataFrame([_flat(cell, facts[cell.set]) for cell in self.cells])
        if what == "curves":
            return pd.DataFrame(
                [
                    {"model": curve.model, "transform": curve.transform, **_columns(point)}
                    for curve in self.curves
                    for point in curve.points
                ]
            )
        return pd.DataFrame([_columns(found) for found in getattr(self, what)])


@cache
def _adapter() -> TypeAdapter[RobustnessResult]:
    return TypeAdapter(RobustnessResult)


def _flat(cell: Cell, facts: SetFacts) -> dict[str, Any]:
    row: dict[str, Any] = {
        "model": cell.model,
        "set": cell.set,
        "transform": facts.transform,
        "severity": facts.severity,
        "rows": facts.rows,
    }
    for name, number in cell.metrics.items():
        row |= _column(name, number)
    for name, drop in (cell.drop or {}).items():
        row |= _column(f"{name}_drop", drop)
    row["p"] = cell.test.p if cell.test else None
    row["p_corrected"] = cell.test.p_corrected if cell.test else None
    for name, effect in cell.effects.items():
        row |= _column(name, effect)
    row |= _column("drop_of_kept", cell.drop_of_kept)
    row["flip_rate"] = cell.flips.value if cell.flips else None
    row["same_tokens"] = cell.same_tokens
    row["truncated"] = cell.truncated
    row["cut"] = cell.cut
    row["tokens_per_word"] = cell.tokens_per_word
    row["target_share"] = facts.target_share
    row["changed_share"] = facts.changed_share
    row["unchanged_share"] = facts.unchanged_share
    return row


def _columns(found: Any) -> dict[str, Any]:
    """Return the fields of a finding as columns of a table."""
    row: dict[str, Any] = {}
    for part in fields(found):
        row |= _column(part.name, getattr(found, part.name))
    return row


def _column(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, Estimate | Difference):
        return {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}
    if isinstance(value, Test):
        stem = name.removesuffix("test")
        return {f"{stem}{part}": getattr(value, part) for part in ("p", "p_corrected", "q")}
    if isinstance(value, dict):
        return {f"{name}_{key}": part for key, part in value.items()}
    return {name: value.value if isinstance(value, Detectable) else value}

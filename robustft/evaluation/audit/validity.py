"""What an evaluation is worth after an audit: bounds of the accuracy on rows that stayed valid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from robustft.errors import UsageError
from robustft.evaluation.audit.result import AuditResult
from robustft.evaluation.results import RobustnessResult
from robustft.scoring.contamination import valid_accuracy
from robustft.scoring.statistics import Estimate

__all__ = ["ValidAccuracy", "valid_accuracies"]


@dataclass(frozen=True, kw_only=True)
class ValidAccuracy:
    """A model on a test set: its accuracy, the share of invalid rows, the bounds that follow."""

    model: str
    set: str
    accuracy: Estimate
    invalid: Estimate
    bounds: Estimate


def valid_accuracies(result: RobustnessResult, audit: AuditResult) -> list[ValidAccuracy]:
    """Correct the accuracy on each transformed set that was audited for its invalid rows.

    An audit judges changed rows; those that stayed as they are keep their label. So the share of
    invalid rows of a set is the audit's share times the share of its rows that changed.

    Raises
    ------
    UsageError
        If the evaluation is no classification, or none of its sets was audited.
    """
    if result.metric != "accuracy":
        raise UsageError("--audit: expected a classification, whose rows are right or wrong")
    found = []
    for facts in result.sets:
        source = audit.source(facts.spec, facts.severity) if facts.spec else None
        if source is None:
            continue
        changed = 1 - facts.unchanged_share - facts.rejected_share
        invalid = _times(_complement(source.preserved), changed)
        for model in result.models:
            accuracy = result.cell(model.name, facts.name).metrics["accuracy"]
            found.append(
                ValidAccuracy(
                    model=model.name,
                    set=facts.name,
                    accuracy=accuracy,
                    invalid=invalid,
                    bounds=valid_accuracy(accuracy, invalid),
                )
            )
    if not found:
        known = ", ".join(f"{s.spec} at severity {s.severity or 3}" for s in audit.sources)
        raise UsageError(f"--audit: expected an audit of the transforms evaluated, got {known}")
    return found


def _complement(rate: Estimate) -> Estimate:
    def turned(value: Any) -> Any:
        return None if value is None else 1 - value

    return replace(rate, value=turned(rate.value), low=turned(rate.high), high=turned(rate.low))


def _times(rate: Estimate, factor: float) -> Estimate:
    def scaled(value: Any) -> Any:
        return None if value is None else value * factor

    return replace(rate, value=scaled(rate.value), low=scaled(rate.low), high=scaled(rate.high))

"""``--max-drop``: pass, fail or inconclusive, by the interval and not by the number alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from robustft.errors import UsageError

if TYPE_CHECKING:
    from robustft.evaluation.results import ModelFacts, RobustnessResult

__all__ = ["Gate", "judge_gate"]


@dataclass(frozen=True)
class Gate:
    """What the gate found, in a word and in a sentence."""

    outcome: Literal["passed", "failed", "inconclusive"]
    sentence: str

    def exit_code(self, *, strict: bool) -> int:
        """Return 1 for a failure, 3 for an inconclusive outcome if `strict`, else 0."""
        if self.outcome == "failed":
            return 1
        return 3 if strict and self.outcome == "inconclusive" else 0


def judge_gate(result: RobustnessResult, limit: float) -> Gate:
    """Judge the drop on the mix: failed if all of its interval lies above `limit`, passed if none.

    Of a pair the augmented model is judged, of several others the worst.

    Raises
    ------
    UsageError
        There is no transformed set.
    """
    if result.mix is None:
        raise UsageError("--max-drop: expected a transformed test set, got none")
    gates = [_gate(result, model, result.mix, limit) for model in _judged(result)]
    order = ("failed", "inconclusive", "passed")
    return min(gates, key=lambda gate: order.index(gate.outcome))


def _judged(result: RobustnessResult) -> list[ModelFacts]:
    if result.pair is None:
        return list(result.models)
    return [model for model in result.models if model.name == result.pair.augmented]


def _gate(result: RobustnessResult, model: ModelFacts, mix: str, limit: float) -> Gate:
    from robustft.evaluation.verdict import interval, signed
    from robustft.scoring.power import rows_to_settle

    drop = (result.cell(model.name, mix).drop or {})[result.metric]
    seen = f"{signed(drop, result.metric)} ({interval(drop, result.metric)})"
    bound = f"{limit:g}" if result.metric == "mse" else f"{100 * limit:.1f} points"
    kind = "" if result.task.get("label_kind") else " (label kind not checked)"
    stem = f"gate: {model.name} on {mix} drops by {seen}, limit {bound}{kind}"
    if drop.low is not None and drop.low > limit:
        return Gate("failed", f"{stem}: failed")
    if drop.high is not None and drop.high <= limit:
        return Gate("passed", f"{stem}: passed")
    needed = rows_to_settle(drop, limit)
    how = (
        "no number of rows would settle it, the drop being the limit itself"
        if needed is None
        else f"about {needed:,} rows would settle it, if the drop stays as it is (now {drop.n:,})"
    )
    return Gate("inconclusive", f"{stem}: inconclusive; {how}")

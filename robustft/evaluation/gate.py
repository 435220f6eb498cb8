"""The gate of an evaluation: which numbers are held to which limits, and what they come to."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from robustft.errors import UsageError, suggest
from robustft.evaluation.checks import Check, Measured, Outcome, verdicts

if TYPE_CHECKING:
    from robustft.evaluation.results import ModelFacts, RobustnessResult, SetFacts

__all__ = ["GATE", "Gate", "Limit", "Limits", "judge_gate", "judged_models"]

GATE = "gate.json"
"""What the gate of an evaluation found, in its folder."""

_WORST_FIRST: tuple[Outcome, ...] = ("failed", "inconclusive", "passed")


@dataclass(frozen=True)
class Limit:
    """A limit for the sets that are judged, and limits for sets by name.

    Attributes
    ----------
    value
        What holds for sets without a limit of their own; None: these are not judged.
    """

    value: float | None = None
    sets: Mapping[str, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.value is not None or bool(self.sets)

    @property
    def numbers(self) -> list[float]:
        """All limits."""
        return [*([] if self.value is None else [self.value]), *self.sets.values()]

    @classmethod
    def parse(cls, given: str | float | Mapping[str, float] | None, where: str) -> Limit:
        """Read ``0.03``, ``typos=0.05,mix=0.03`` or ``0.03,typos=0.05``; a mapping is the second.

        Raises
        ------
        UsageError
            It is none of these, or a number is negative or none.
        """
        if given is None:
            return cls()
        if isinstance(given, Mapping):
            return cls(None, {str(k): _number(v, where) for k, v in given.items()})
        value: float | None = None
        sets: dict[str, float] = {}
        for part in str(given).split(","):
            name, equals, number = (piece.strip() for piece in part.rpartition("="))
            if equals:
                sets[name] = _number(number, where)
            elif value is None:
                value = _number(number, where)
            else:
                raise UsageError(f"{where}: expected one number, then SET=NUMBER, got {given!r}")
        return cls(value, sets)


def _number(given: object, where: str) -> float:
    try:
        number = float(str(given))
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise UsageError(f"{where}: expected a number such as 0.03, or SET=NUMBER, got {given!r}")
    return number


@dataclass(frozen=True)
class Limits:
    """What a gate asks of the judged models.

    Attributes
    ----------
    max_drop
        The most that a model may lose against the original rows, 0 to 1; for a regression the
        most that its squared error may rise.
    min_accuracy
        The least accuracy on a set, 0 to 1.
    on
        The sets that are judged: ``mix``, ``all`` (each transformed set) or names with commas.
        Sets that a limit names are judged besides.
    """

    max_drop: Limit = field(default_factory=Limit)
    min_accuracy: Limit = field(default_factory=Limit)
    on: str = "mix"

    def __bool__(self) -> bool:
        return bool(self.max_drop) or bool(self.min_accuracy)

    @classmethod
    def of(
        cls,
        max_drop: str | float | Mapping[str, float] | None = None,
        min_accuracy: str | float | Mapping[str, float] | None = None,
        on: str | None = None,
    ) -> Limits:
        """Return the limits as options and arguments name them; see `Limit.parse`."""
        return cls(
            Limit.parse(max_drop, "--max-drop"),
            Limit.parse(min_accuracy, "--min-accuracy"),
            on or "mix",
        )

    def check(self, sets: Sequence[SetFacts], mix: str | None, metric: str) -> None:
        """Refuse limits that cannot be judged; it needs no result, so it may come first.

        Raises
        ------
        UsageError
            A set named is none of these, there is no transformed set, or a limit makes no sense
            for the metric.
        """
        if mix is None:
            option = "--max-drop" if self.max_drop else "--min-accuracy"
            raise UsageError(f"{option}: expected a transformed test set, got none")
        names = [facts.name for facts in sets]
        for name in (*_names(self.on), *self.max_drop.sets, *self.min_accuracy.sets):
            if name not in (*names, "mix", "all"):
                raise UsageError(
                    f"gate: expected sets of {', '.join(names)}, got {name!r}{suggest(name, names)}"
                )
        if self.min_accuracy and metric != "accuracy":
            raise UsageError(f"--min-accuracy: expected classes to tell apart, got {metric}")
        for limit, option in (
            (self.max_drop, "--max-drop"),
            (self.min_accuracy, "--min-accuracy"),
        ):
            largest = max(limit.numbers, default=0.0)
            if metric != "mse" and largest > 1:
                raise UsageError(
                    f"{option}: expected a share from 0 to 1 (0.03 is three points), "
                    f"got {largest:g}"
                )

    def judged(self, sets: Sequence[SetFacts], mix: str, limit: Limit) -> list[tuple[str, float]]:
        """Return the sets that are held to `limit`, in order, each with its number."""
        own = {mix if name == "mix" else name: number for name, number in limit.sets.items()}
        found = []
        for facts in sets:
            number = own.get(facts.name, limit.value if self.asks(facts, mix) else None)
            if number is not None:
                found.append((facts.name, number))
        return found

    def asks(self, facts: SetFacts, mix: str) -> bool:
        """Whether a set is one of those that are judged without being named by a limit."""
        named = _names(self.on)
        if facts.kind != "original" and "all" in named:
            return True
        return facts.name in named or (facts.name == mix and "mix" in named)


def _names(given: str) -> list[str]:
    return [name.strip() for name in given.split(",") if name.strip()]


@dataclass(frozen=True)
class Gate:
    """What the gate found: of each check, and in a word."""

    checks: tuple[Check, ...]

    @property
    def outcome(self) -> Outcome:
        """The worst that a check came to."""
        return min((check.outcome for check in self.checks), key=_WORST_FIRST.index)

    @property
    def worst(self) -> Check:
        """Of the checks that decided the outcome, the one farthest beyond its limit."""
        deciding = [check for check in self.checks if check.outcome == self.outcome]
        return max(deciding, key=lambda check: check.beyond)

    @property
    def sentence(self) -> str:
        """The worst check in words."""
        return self.worst.sentence

    @property
    def summary(self) -> str:
        """What became of all checks, in a sentence."""
        counts = Counter(check.outcome for check in self.checks)
        told = ", ".join(
            f"{counts[outcome]} {outcome}" for outcome in _WORST_FIRST if outcome in counts
        )
        return f"gate: {self.outcome} ({told} of {len(self.checks)} checks)"

    def lines(self) -> list[str]:
        """Return what to tell: each check in words, and with several of them what they came to."""
        several = [self.summary] if len(self.checks) > 1 else []
        return [*(check.sentence for check in self.checks), *several]

    def exit_code(self, *, strict: bool) -> int:
        """Return 1 for a failure, 3 for an inconclusive outcome if `strict`, else 0."""
        if self.outcome == "failed":
            return 1
        return 3 if strict and self.outcome == "inconclusive" else 0

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Gate:
        """Return the gate that `to_dict` wrote; errors are those of Python's types."""
        names = [part.name for part in fields(Check)]
        return cls(tuple(Check(**{name: c[name] for name in names}) for c in plain["checks"]))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return {
            "outcome": self.outcome,
            "reason": self.sentence,
            "checks": [asdict(check) | {"sentence": check.sentence} for check in self.checks],
        }


def judge_gate(
    result: RobustnessResult, limits: Limits | float, *, others: Iterable[Measured] = ()
) -> Gate:
    """Judge the drops and accuracies that `limits` name, all of them as one family of checks.

    Of a pair the augmented model is judged, of several others each.

    Parameters
    ----------
    limits
        A number is the largest drop on the mix.
    others
        What else belongs to the family: how much worse than a baseline (see
        `robustft.evaluation.worsening.against`).

    Raises
    ------
    UsageError
        There is no transformed set, or the limits name none of the sets.
    """
    if not isinstance(limits, Limits):
        limits = Limits(Limit(float(limits)))
    measured: list[Measured] = []
    if limits:
        limits.check(result.sets, result.mix, result.metric)
        for model in judged_models(result):
            measured += _measured(result, model.name, limits)
    measured += others
    if not measured:
        raise UsageError("gate: expected something to judge, got no limit and no baseline")
    kind = "" if result.task.get("label_kind") else " (label kind not checked)"
    return Gate(verdicts(measured, remark=kind))


def judged_models(result: RobustnessResult) -> list[ModelFacts]:
    """Return the models that a gate is about: the augmented one of a pair, else all."""
    if result.pair is None:
        return list(result.models)
    return [model for model in result.models if model.name == result.pair.augmented]


def _measured(result: RobustnessResult, model: str, limits: Limits) -> list[Measured]:
    """Return a model's numbers with their limits: drops first, then accuracies."""
    from robustft.scoring.statistics import Difference

    assert result.mix is not None
    facts, metric = {s.name: s for s in result.sets}, result.metric
    found = []
    for name, limit in limits.judged(result.sets, result.mix, limits.max_drop):
        drop = result.cell(model, name).drop
        if drop is None:
            raise UsageError(f"--max-drop: expected transformed sets, got {name!r}")
        idle = facts[name].unchanged_share + facts[name].rejected_share
        void = "no text of it was changed, so nothing was tested" if idle >= 1 else ""
        found.append(
            Measured(
                model=model,
                set=name,
                quantity="drop",
                metric=metric,
                badness=replace(drop[metric], n=facts[name].rows),
                limit=limit,
                void=void,
            )
        )
    for name, limit in limits.judged(result.sets, result.mix, limits.min_accuracy):
        seen = result.cell(model, name).metrics[metric]
        number = Difference(
            value=seen.value,
            low=seen.low,
            high=seen.high,
            level=seen.level,
            method=seen.method,
            n=facts[name].rows,
            reason=seen.reason,
        )
        found.append(
            Measured(
                model=model,
                set=name,
                quantity="accuracy",
                metric=metric,
                badness=-number,
                limit=0.0 - limit,
            )
        )
    return found

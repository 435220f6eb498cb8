"""What the answers to an audit add up to: preserved rates, controls, agreement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from robustft.errors import DataError
from robustft.evaluation.audit.answers import Answers, Judgement, Kind, Says
from robustft.evaluation.audit.draw import CONTROLS, Audit, Secret
from robustft.scoring.agreement import krippendorff_alpha
from robustft.scoring.statistics import Estimate, share

__all__ = ["AuditResult", "ControlRates", "RaterFacts", "SourceRates", "summarize"]

# What a rater who reads the pairs says of controls of each kind.
_EXPECTED = {"unchanged": ("label", Says.YES), "exchanged": ("label", Says.NO)}
_EXPECTED["scrambled"] = ("natural", Says.NO)


@dataclass(frozen=True, kw_only=True)
class RaterFacts:
    """A rater, and how many pairs they answered."""

    name: str
    kind: str
    answered: int


@dataclass(frozen=True, kw_only=True)
class SourceRates:
    """One test set of the audit.

    Attributes
    ----------
    preserved, natural
        The share of its judged pairs of which *every* rater said yes; unsure is not yes.
    preserved_by, natural_by
        The same by rater.
    failed
        The pairs that somebody did not say yes to, by question.
    """

    name: str
    spec: str
    severity: int | None
    judged: int
    preserved: Estimate
    natural: Estimate
    preserved_by: dict[str, Estimate]
    natural_by: dict[str, Estimate]
    failed: dict[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class ControlRates:
    """Controls of one kind: the share of which a rater said what one must, by rater."""

    kind: str
    right_by: dict[str, Estimate]


@dataclass(frozen=True, kw_only=True)
class AuditResult:
    """What the raters found.

    Attributes
    ----------
    agreement
        Krippendorff's alpha by question over all pairs, controls included; None where it is
        undefined.
    """

    raters: tuple[RaterFacts, ...]
    sources: tuple[SourceRates, ...]
    controls: tuple[ControlRates, ...]
    agreement: dict[str, float | None]
    pairs: int

    def source(self, spec: str, severity: int | None) -> SourceRates | None:
        """Return the rates of a test set by its specification; None if it was not audited."""
        for found in self.sources:
            if (found.spec, found.severity) == (spec, severity):
                return found
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for JSON."""
        return asdict(self)

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with one row a test set."""
        import pandas as pd

        return pd.DataFrame([_flat(source) for source in self.sources])


def _flat(source: SourceRates) -> dict[str, Any]:
    row: dict[str, Any] = {"set": source.name, "spec": source.spec, "judged": source.judged}
    for name in ("preserved", "natural"):
        rate: Estimate = getattr(source, name)
        row |= {name: rate.value, f"{name}_low": rate.low, f"{name}_high": rate.high}
    return row


def summarize(audit: Audit, answers: Sequence[Answers]) -> AuditResult:
    """Count answers by test set and rater, with Wilson intervals, and say how far raters agree.

    Raises
    ------
    DataError
        If there are no answers, or two files bear the same rater's name.
    """
    if not any(rater.given for rater in answers):
        raise DataError("audit: expected answers, got none")
    names = [rater.rater for rater in answers]
    if len(set(names)) < len(names):
        raise DataError(f"audit: expected a name for each rater, got {', '.join(names)}")
    given = {rater.rater: rater.given for rater in answers}
    real = [secret for secret in audit.key if not secret.is_control]
    return AuditResult(
        raters=tuple(
            RaterFacts(name=r.rater, kind=Kind(r.kind).value, answered=len(r.given))
            for r in answers
        ),
        sources=tuple(
            _source([s for s in real if s.source == name], given)
            for name in dict.fromkeys(sorted(s.source for s in real))
        ),
        controls=tuple(_control(kind, audit.key, given) for kind in CONTROLS),
        agreement={
            question: krippendorff_alpha(
                [{p: str(getattr(said, question)) for p, said in g.items()} for g in given.values()]
            )
            for question in ("label", "natural")
        },
        pairs=len(audit.pairs),
    )


def _source(secrets: Sequence[Secret], given: Mapping[str, Mapping[str, Judgement]]) -> SourceRates:
    judged = [s.id for s in secrets if any(s.id in answers for answers in given.values())]

    def all_say_yes(question: str) -> list[bool]:
        return [
            all(_yes(answers[pair], question) for answers in given.values() if pair in answers)
            for pair in judged
        ]

    def by_rater(question: str) -> dict[str, Estimate]:
        return {
            name: _share([_yes(answers[pair], question) for pair in judged if pair in answers])
            for name, answers in given.items()
        }

    verdicts = {question: all_say_yes(question) for question in ("label", "natural")}
    return SourceRates(
        name=secrets[0].source,
        spec=secrets[0].spec,
        severity=secrets[0].severity,
        judged=len(judged),
        preserved=_share(verdicts["label"]),
        natural=_share(verdicts["natural"]),
        preserved_by=by_rater("label"),
        natural_by=by_rater("natural"),
        failed={
            question: tuple(p for p, good in zip(judged, flags, strict=True) if not good)
            for question, flags in verdicts.items()
        },
    )


def _control(
    kind: str, key: Sequence[Secret], given: Mapping[str, Mapping[str, Judgement]]
) -> ControlRates:
    question, expected = _EXPECTED[kind]
    pairs = [secret.id for secret in key if secret.source == kind and secret.is_control]
    right = {
        name: _share([getattr(answers[p], question) is expected for p in pairs if p in answers])
        for name, answers in given.items()
    }
    return ControlRates(kind=kind, right_by=right)


def _yes(said: Judgement, question: str) -> bool:
    return getattr(said, question) is Says.YES


def _share(flags: Sequence[bool]) -> Estimate:
    return share(np.asarray(flags, np.bool_))

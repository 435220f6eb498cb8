"""What an attack found, as plain data: what `metrics.json` of an attack's folder holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any, Literal

import numpy as np
from pydantic import TypeAdapter, ValidationError

from robustft.errors import RunError
from robustft.scoring.metrics import ratio_of_sums
from robustft.scoring.statistics import Estimate, share

__all__ = ["FORMAT", "AttackResult", "HarmfulReplacement", "Summary", "summarise"]

FORMAT = 1
_EXAMPLES, _REPLACEMENTS = 3, 20
Status = Literal["success", "failed", "skipped"]


@dataclass(frozen=True, kw_only=True)
class HarmfulReplacement:
    """A replacement, and how often it stood in an attack.

    Attributes
    ----------
    rows
        The attacks that ended with it, whether they succeeded or not.
    successes
        Those that succeeded.
    """

    original: str
    replacement: str
    transforms: tuple[str, ...]
    rows: int
    successes: int


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The figures of an attack.

    Attributes
    ----------
    rows
        All rows; the model was wrong about some before.
    attacked
        The rows that it was right about; of numbers all.
    accuracy, under_attack
        Of all rows, before and after: a row counts as wrong if the attack on it succeeds. None
        for numbers.
    success
        The share of the attacked rows on which the attack reaches its goal.
    without_proposals
        The share of the attacked rows in which no transform proposes a change; none of them can
        be attacked.
    queries_mean, queries_median
        Over the attacked rows: how many different texts the model was asked about, the original
        among them.
    changed_share, changed_share_of_successes
        Of the words of the attacked rows, and of those attacked with success.
    random_success
        The share of the attacked rows on which as many random edits reach the goal, mean over
        several draws a row; None without draws (for attacks of other libraries).
    random_changed_share
        The words that those change.
    times_random
        How many times as much as random edits the attack lowers the accuracy: `success` over
        `random_success`, by the bootstrap over rows.
    """

    rows: int
    attacked: int
    accuracy: Estimate | None
    under_attack: Estimate | None
    success: Estimate
    without_proposals: float
    queries_mean: float
    queries_median: float
    changed_share: float
    changed_share_of_successes: float
    random_success: Estimate | None
    random_under_attack: float | None
    random_changed_share: float
    times_random: Estimate | None


@dataclass(frozen=True, kw_only=True)
class AttackResult:
    """What an attack on a model found.

    Attributes
    ----------
    recipe
        Its name; empty for an attack put together from transforms.
    search, constraints
        The settings in force.
    shift
        For numbers: how far a prediction has to move.
    seconds_model, seconds_search
        The time in the model and outside of it, random edits included.
    replacements
        Those that stood in most successful attacks.
    examples
        Some successful attacks, as in ``attacks.jsonl``.
    records
        All rows of ``attacks.jsonl``; not in ``metrics.json``.
    """

    model: str
    dataset: str
    split: str
    recipe: str
    transforms: str
    search: dict[str, Any]
    constraints: list[dict[str, Any]]
    seed: int
    summary: Summary
    shift: float | None = None
    seconds_model: float = 0.0
    seconds_search: float = 0.0
    replacements: tuple[HarmfulReplacement, ...] = ()
    examples: tuple[dict[str, Any], ...] = ()
    notices: tuple[str, ...] = ()
    format: int = FORMAT
    folder: str | None = None
    records: tuple[dict[str, Any], ...] = field(default=(), repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads; without the folder and the records."""
        plain = asdict(self)
        del plain["folder"], plain["records"]
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> AttackResult:
        """Return the result that `to_dict` wrote.

        Raises
        ------
        RunError
            The values are of another format, or damaged.
        """
        found = plain.get("format") if hasattr(plain, "get") else None
        if found != FORMAT:
            raise RunError(
                f"metrics: expected an attack of format {FORMAT}, got {found!r}; "
                "attack again with --force"
            )
        try:
            return _adapter().validate_python(dict(plain))
        except ValidationError as problem:
            where = ".".join(str(part) for part in problem.errors()[0]["loc"])
            raise RunError(
                f"metrics: expected what an attack writes, got something else at {where}; "
                "attack again with --force"
            ) from None

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame` with one row a text, as in ``attacks.jsonl``."""
        import pandas as pd

        return pd.DataFrame(list(self.records))


@cache
def _adapter() -> TypeAdapter[AttackResult]:
    return TypeAdapter(AttackResult)


def summarise(
    records: Sequence[Mapping[str, Any]], *, numbers: bool, seed: int
) -> tuple[Summary, tuple[HarmfulReplacement, ...], tuple[dict[str, Any], ...]]:
    """Return the figures of an attack, its most harmful replacements and some examples."""
    attacked = [record for record in records if record["status"] != "skipped"]
    won = [record for record in attacked if record["status"] == "success"]
    success = np.array([record["status"] == "success" for record in attacked], np.bool_)
    right = np.array([record["status"] != "skipped" for record in records], np.bool_)
    after = np.array([record["status"] == "failed" for record in records], np.bool_)
    queries = [record["queries"] for record in attacked]
    drawn = [record["random"] for record in attacked if record.get("random")]
    lucky = np.array([r["done"] / r["draws"] for r in drawn], np.float64)
    whole = bool(drawn) and len(drawn) == len(attacked)
    mean = ratio_of_sums(lucky, np.ones(len(lucky)), seed=seed, reason="no rows")
    accuracy, under = (None, None) if numbers else (share(right), share(after))
    random_under = None
    if whole and accuracy is not None and accuracy.value is not None:
        random_under = float((len(attacked) - lucky.sum()) / len(records))
    summary = Summary(
        rows=len(records),
        attacked=len(attacked),
        accuracy=accuracy,
        under_attack=under,
        success=share(success),
        without_proposals=_ratio(sum(not r["places"] for r in attacked), len(attacked)),
        queries_mean=float(np.mean(queries)) if queries else 0.0,
        queries_median=float(np.median(queries)) if queries else 0.0,
        changed_share=_changed(attacked),
        changed_share_of_successes=_changed(won),
        random_success=mean if whole else None,
        random_under_attack=random_under,
        random_changed_share=_ratio(
            sum(r["words"] / r["draws"] for r in drawn), sum(r["words"] for r in attacked)
        ),
        times_random=ratio_of_sums(
            success.astype(np.float64), lucky, seed=seed, reason="random edits do no harm"
        )
        if whole
        else None,
    )
    return summary, _replacements(attacked), tuple(dict(record) for record in _shown(won))


def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom else 0.0


def _changed(records: Sequence[Mapping[str, Any]]) -> float:
    return _ratio(sum(r["changed_words"] for r in records), sum(r["words"] for r in records))


def _shown(won: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the attacks that show the most: those of few edits, of short texts before long."""
    return sorted(won, key=lambda r: (r["changed_words"], len(r["original"]), r["id"]))[:_EXAMPLES]


def _replacements(attacked: Sequence[Mapping[str, Any]]) -> tuple[HarmfulReplacement, ...]:
    found: dict[tuple[str, str, tuple[str, ...]], list[int]] = {}
    for record in attacked:
        edits = {
            (e["original"].casefold(), e["replacement"].casefold(), tuple(e["transforms"]))
            for e in record["edits"]
        }
        for key in edits:
            counts = found.setdefault(key, [0, 0])
            counts[0] += 1
            counts[1] += record["status"] == "success"
    order = sorted(found, key=lambda key: (-found[key][1], -found[key][0], key))
    return tuple(
        HarmfulReplacement(
            original=key[0],
            replacement=key[1],
            transforms=key[2],
            rows=found[key][0],
            successes=found[key][1],
        )
        for key in order[:_REPLACEMENTS]
    )

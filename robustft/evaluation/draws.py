"""Several draws of one test set, taken together: the rows stay what was sampled.

What a model says of all draws stands one after the other, and every row of a draw shares the
source of the same row in the others. A mean over draws is then nearer to what the transform does
to these rows, without pretending that there were more of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.evaluation.measures import Said
from robustft.evaluation.results import SetFacts
from robustft.evaluation.sets import SetPlan, TestSet

__all__ = ["joined_facts", "joined_outputs", "tiled"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class _Joined:
    """What was said of several draws, one after the other; see `Said`."""

    predictions: Array
    token_hash: npt.NDArray[np.uint64]
    truncated: npt.NDArray[np.bool_]
    lengths: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.token_hash)


def tiled(said: Said, times: int) -> Said:
    """Return what was said, `times` times over."""
    return said if times == 1 else _joined([said] * times)


def joined_facts(plans: Sequence[SetPlan], sets: Sequence[TestSet]) -> list[SetFacts]:
    """Return the facts of each set, of several draws as their means."""
    facts = {made.facts.name: made.facts for made in sets}
    return [_mean([facts[name] for name in names]) for names in _names_of_draws(plans).values()]


def joined_outputs(plans: Sequence[SetPlan], outputs: Mapping[str, Said]) -> dict[str, Said]:
    """Return what was said of each set, of several draws one after the other."""
    return {
        first: _joined([outputs[name] for name in names])
        for first, names in _names_of_draws(plans).items()
    }


def _names_of_draws(plans: Sequence[SetPlan]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for plan in plans:
        names.setdefault(plan.first or plan.name, []).append(plan.name)
    return names


def _joined(parts: Sequence[Said]) -> Said:
    if len(parts) == 1:
        return parts[0]
    return _Joined(
        np.concatenate([part.predictions for part in parts]),
        np.concatenate([part.token_hash for part in parts]),
        np.concatenate([part.truncated for part in parts]),
        np.concatenate([part.lengths for part in parts]),
    )


_SHARES = ("target_share", "eligible_share", "changed_share", "unchanged_share", "rejected_share")


def _mean(draws: Sequence[SetFacts]) -> SetFacts:
    if len(draws) == 1:
        return draws[0]
    means: dict[str, Any] = {
        name: float(np.mean([getattr(one, name) for one in draws])) for name in _SHARES
    }
    words = round(np.mean([one.words_read for one in draws]))
    return replace(draws[0], draws=len(draws), words_read=words, **means)

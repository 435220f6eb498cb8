"""An attack's figures in words."""

from __future__ import annotations

from robustft.evaluation.attack.result import AttackResult
from robustft.scoring.statistics import Estimate

__all__ = ["caveats", "percent", "sentences"]

# Below that many attacked rows the interval is as wide as the claim.
_FEW = 50


def percent(estimate: Estimate | None) -> str:
    """Return *64.7 % [47.9, 78.5]*."""
    if estimate is None or estimate.value is None:
        return "undefined"
    if estimate.low is None or estimate.high is None:
        return f"{100 * estimate.value:.1f} %"
    bounds = f"[{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"
    return f"{100 * estimate.value:.1f} % {bounds}"


def sentences(result: AttackResult) -> list[str]:
    """Say what the attack did, and how it compares with random edits."""
    found = result.summary
    if not found.attacked:
        return ["The model is wrong about every row as it is: there was nothing to attack."]
    chosen = f"Chosen edits of {found.changed_share:.1%} of the words"
    if result.shift is None:
        said = (
            f"{chosen} turn {percent(found.success)} of the answers that were right into wrong "
            f"ones: accuracy falls from {percent(found.accuracy)} to {percent(found.under_attack)}."
        )
    else:
        said = (
            f"{chosen} move {percent(found.success)} of the predictions by {result.shift:g} or "
            "more."
        )
    return [said, *_beside_random(result)]


def _beside_random(result: AttackResult) -> list[str]:
    found = result.summary
    if found.random_success is None:
        return []
    said = f"As many random edits do so to {percent(found.random_success)}"
    times = found.times_random
    if times is None or times.value is None:
        return [said + "."]
    inside = ""
    if times.low is not None and times.high is not None:
        inside = f" [{times.low:.1f}, {times.high:.1f}]"
    return [f"{said}: the search does {times.value:.1f}{inside} times the harm."]


def caveats(result: AttackResult) -> list[str]:
    """Return what to know before the figures are quoted."""
    found = result.summary
    said = list(result.notices)
    if 0 < found.attacked < _FEW:
        said.append(f"only {found.attacked} rows were attacked: see how wide the intervals are")
    if found.attacked and found.without_proposals:
        said.append(
            f"in {found.without_proposals:.1%} of the attacked rows nothing may change: no attack "
            "can succeed there, which does not make a model robust"
        )
    if found.attacked and found.success.value is not None and found.success.value < 1:
        said.append(
            "a search that finds nothing proves nothing: another search, or more proposals, may"
        )
    return said

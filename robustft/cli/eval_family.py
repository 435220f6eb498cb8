"""Several seeds and controls of one experiment, side by side on stdout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from robustft.cli import console
from robustft.evaluation.results import ORIGINAL
from robustft.evaluation.verdict import p_text

if TYPE_CHECKING:
    from robustft.evaluation.augmentation import Answered, AugmentationEffect
    from robustft.evaluation.gains import ArmScore, Gain

__all__ = ["show_effect"]

_LONG = {"accuracy": "accuracy", "mse": "mean squared error", "f1": "F1 of the answers"}


def show_effect(effect: AugmentationEffect, folder: str | None = None) -> None:
    """Print the arms over their seeds, what the augmented one gains, and what follows."""
    out = console.out()
    width = out.width
    if not out.is_terminal:
        out.width = max(width, 120)
    out.print(_arms(effect))
    out.width = width
    out.print()
    for sentence in effect.sentences:
        out.print(f"• {sentence}", soft_wrap=True, markup=False)
    if folder is not None:
        out.print(f"\nfolder: {folder}", soft_wrap=True)


def _arms(effect: AugmentationEffect) -> Table:
    seeds = f"{len(effect.seeds)} seed{'s' if len(effect.seeds) != 1 else ''}"
    title = f"{_LONG[effect.metric]}: mean ± standard deviation over {seeds}, {effect.rows:,} rows"
    table = Table(title=title, title_justify="left", box=box.ROUNDED)
    table.add_column("trained on", no_wrap=True)
    answers = [effect.original] + ([effect.transformed] if effect.mix else [])
    for answered in answers:
        name = "original" if answered.set == ORIGINAL else f"transformed ({answered.set})"
        table.add_column(name, justify="right", no_wrap=True)
        table.add_column("augmented gains", justify="right", no_wrap=True)
        table.add_column("p (Holm)", justify="right", no_wrap=True)
    for arm in dict.fromkeys(score.arm for score in effect.scores):
        cells = [part for answered in answers for part in _cells(effect, answered, arm)]
        table.add_row(arm, *cells)
    return table


def _cells(effect: AugmentationEffect, answered: Answered, arm: str) -> tuple[str, str, str]:
    score = next((s for s in effect.scores if (s.arm, s.set) == (arm, answered.set)), None)
    found = answered.against(arm)
    return _score(score, effect.metric), _gain(found, effect.metric), _p(found)


def _score(found: ArmScore | None, metric: str) -> str:
    if found is None or found.score.value is None:
        return ""
    spread = "" if found.score.sd is None else f" ± {_number(found.score.sd, metric)}"
    return f"{_number(found.score.value, metric)}{spread}"


def _gain(found: Gain | None, metric: str) -> str:
    if found is None or found.difference.value is None:
        return ""
    d = found.difference
    sign = "+" if found.difference.value > 0 else ""
    if d.low is None or d.high is None:
        return f"{sign}{_number(found.difference.value, metric)}"
    low, high = _number(d.low, metric), _number(d.high, metric)
    return f"{sign}{_number(found.difference.value, metric)} [{low}, {high}]"


def _p(found: Gain | None) -> str:
    if found is None:
        return ""
    return p_text(found.test, corrected=True).removeprefix("p ").removeprefix("= ")


def _number(value: float, metric: str) -> str:
    # Adding 0.0 turns a negative zero into one without sign.
    return f"{value:.3g}" if metric == "mse" else f"{round(100 * value, 1) + 0.0:.1f}"

"""The options of the gate of ``robustft eval``, and what they come to.

The command takes them all by the decorator `gated`, as one parameter ``gate``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustft.cli import console
from robustft.cli.signatures import with_options
from robustft.errors import UsageError

if TYPE_CHECKING:
    from robustft.evaluation.gate import Gate, Limits
    from robustft.evaluation.plan import EvaluationPlan
    from robustft.evaluation.results import RobustnessResult

__all__ = ["GateOptions", "gated"]

_PANEL = "Gate"


def _option(hint: Any, name: str, metavar: str, text: str) -> Any:
    return Annotated[hint, typer.Option(name, metavar=metavar, rich_help_panel=_PANEL, help=text)]


_OPTIONS: dict[str, Any] = {
    "max_drop": _option(
        str | None,
        "--max-drop",
        "DROP",
        "Exit with 1 if the drop is surely larger (0.03 is three points): only if its whole "
        "interval lies above. SET=DROP sets a limit for one set: 0.03,typos=0.05. With a pair the "
        "augmented model is judged.",
    ),
    "min_accuracy": _option(
        str | None,
        "--min-accuracy",
        "SHARE",
        "Exit with 1 if the accuracy on transformed text is surely lower; SET=SHARE as above.",
    ),
    "gate_on": _option(
        str | None,
        "--gate-on",
        "SETS",
        "The sets that are judged: mix (left out: this), all of the transformed ones, or names "
        "with commas. Failing is corrected for their number.",
    ),
    "baseline": _option(
        Path | None,
        "--baseline",
        "FILE",
        "Exit with 1 if drop or accuracy became worse, beyond chance, than in this file of "
        "--save-baseline, or in an earlier evaluation's folder or metrics.json.",
    ),
    "save_baseline": _option(
        Path | None,
        "--save-baseline",
        "FILE",
        "Write what a later --baseline compares with: a small file to keep with the code.",
    ),
    "strict": Annotated[
        bool,
        typer.Option(
            "--strict",
            rich_help_panel=_PANEL,
            help="Exit with 3 where the gate is inconclusive, instead of warning.",
        ),
    ],
}


@dataclass(frozen=True)
class GateOptions:
    """What was asked of the gate."""

    limits: Limits
    baseline: Path | None = None
    save_baseline: Path | None = None
    strict: bool = False

    def check(self, plan: EvaluationPlan) -> None:
        """Refuse, before anything is computed, what could not be judged in the end."""
        from robustft.evaluation.baseline import read_baseline

        if self.limits or self.baseline is not None:
            facts = [made.facts for made in plan.sets]
            mix = next((made.name for made in plan.sets if made.main), None)
            self.limits.check(facts, mix, plan.task.metric)
        if self.baseline is not None:
            read_baseline(self.baseline)

    def judge(self, result: RobustnessResult) -> Gate | None:
        """Write the baseline that was asked for; return what the gate found, None without one."""
        from robustft.data.files import atomic_path
        from robustft.evaluation.baseline import baseline_of, read_baseline
        from robustft.evaluation.gate import GATE, judge_gate
        from robustft.evaluation.worsening import against

        others = []
        if self.baseline is not None:
            others = against(read_baseline(self.baseline), baseline_of(result), result, self.limits)
        if self.save_baseline is not None:
            console.note(f"baseline: {baseline_of(result).write(self.save_baseline)}")
        if not self.limits and not others:
            return None
        gate = judge_gate(result, self.limits, others=others)
        if result.folder is not None and Path(result.folder).is_dir():
            with atomic_path(Path(result.folder) / GATE, "what the gate found") as temporary:
                temporary.write_text(console.dumps(gate.to_dict()) + "\n", encoding="utf-8")
        return gate

    def exit_code(self, gate: Gate | None) -> int:
        """Tell what the gate found, on stderr, and return the exit code."""
        if gate is None:
            return 0
        for line in gate.lines():
            console.note(line)
        if gate.outcome == "inconclusive" and not self.strict:
            console.note("warning: the gate is inconclusive, which --strict would not let pass")
        return gate.exit_code(strict=self.strict)


def gated(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of this module; it gets a `GateOptions` as ``gate``."""

    @functools.wraps(command)
    def bound(*args: Any, **kwargs: Any) -> Any:
        from robustft.evaluation.gate import Limits

        given = {name: kwargs.pop(name, None) for name in _OPTIONS}
        for name in ("max_drop", "min_accuracy", "baseline"):
            if given[name] is not None and kwargs.get("transformed") is False:
                option = "--" + name.replace("_", "-")
                raise UsageError(f"{option}: expected a transformed test, got --no-transformed")
        limits = Limits.of(given["max_drop"], given["min_accuracy"], given["gate_on"])
        options = GateOptions(
            limits, given["baseline"], given["save_baseline"], bool(given["strict"])
        )
        return command(*args, gate=options, **kwargs)

    extra = {
        name: (option, False if name == "strict" else None) for name, option in _OPTIONS.items()
    }
    return with_options(bound, command, extra, replacing="gate")

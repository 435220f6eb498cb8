"""Robustness in a test suite: one call that passes, fails, or says that it cannot tell.

Nothing heavy is imported before something is checked, so that a test suite pays for it only where
it asks.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from robustft.errors import DataError, InconclusiveWarning, NotRobustError, UsageError

if TYPE_CHECKING:
    from robustft.evaluation.checks import Outcome
    from robustft.evaluation.gate import Gate
    from robustft.evaluation.results import RobustnessResult
    from robustft.transform.base import LabelKind
    from robustft.transform.constraints import Constraint
    from robustft.transform.registry import Transforms

__all__ = ["REPORTER", "Reporter", "RobustnessCheck", "assert_robust", "check_robust"]

Limited = float | str | Mapping[str, float] | None


class Reporter(Protocol):
    """What a test runner wants to know of the checks, and wants done where one cannot tell."""

    @property
    def inconclusive(self) -> Literal["warn", "skip", "fail"]:
        """What to do where a check cannot tell."""
        ...

    def record(self, check: RobustnessCheck) -> None:
        """Take note of a check, whatever came of it."""
        ...

    def skip(self, message: str) -> None:
        """Leave the test."""
        ...


REPORTER: ContextVar[Reporter | None] = ContextVar("robustft_reporter", default=None)
"""Set by a test runner around each of its tests."""


@dataclass(frozen=True, kw_only=True)
class RobustnessCheck:
    """What came of a check.

    Attributes
    ----------
    gate
        The limits and what was found of each.
    result
        All numbers, as `robustft.evaluate` returns them.
    examples
        Of the set that decided the outcome: how often a right answer became a wrong one, and some
        of these in words.
    notices
        What was taken for granted of the model's answers.
    """

    gate: Gate
    result: RobustnessResult
    severity: int
    seed: int
    examples: Examples
    notices: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """``passed``, ``failed`` or ``inconclusive``."""
        return self.gate.outcome

    @property
    def message(self) -> str:
        """All that a reader of a test's log wants to know."""
        checks, worst = self.gate.checks, self.gate.worst
        head = {"failed": "not robust", "passed": "robust"}.get(self.outcome, "cannot tell")
        facts = f"{worst.rows:,} rows, severity {self.severity}, seed {self.seed}"
        lines = [f"{head}: {worst.finding}{worst.because}", ""]
        if len(checks) > 1:
            lines += [f"  {check.outcome:<13} {check.finding}" for check in checks] + [""]
            facts += f"; failing is corrected for {len(checks)} checks (Holm)"
        lines.append(f"  {facts}")
        lines += [f"  {notice}" for notice in self.notices]
        if self.examples.words:
            lines += ["", *self.examples.lines()]
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Right answers that a transform made wrong: how many of how many rows, and some in words."""

    set: str
    flipped: int
    rows: int
    words: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return the text to print, a line each."""
        few = f", {len(self.words)} of them" if len(self.words) < self.flipped else ""
        head = f"  {self.flipped:,} of {self.rows:,} right answers became wrong on {self.set}{few}:"
        made = [head]
        for number, words in enumerate(self.words, 1):
            first, *rest = words.splitlines()
            made += [f"    {number}. {first}", *(f"       {line}" for line in rest)]
        return made


def assert_robust(
    model: Any,
    data: Any,
    *,
    transforms: Transforms | None = None,
    max_drop: Limited = None,
    min_accuracy: Limited = None,
    severity: int = 3,
    seed: int = 0,
    on: str = "all",
    strict: bool | None = None,
    label_kind: LabelKind | str | None = None,
    limit: int | None = None,
    **settings: Any,
) -> RobustnessCheck:
    """Fail if a model is surely less robust than asked; see `check_robust` for the parameters.

    Parameters
    ----------
    strict
        What to do where the rows are too few to tell: True fails, False warns. None leaves it to
        the test runner (``pytest --robustft-strict``), and without one warns.

    Returns
    -------
    What was found, where it did not fail.

    Raises
    ------
    NotRobustError
        An `AssertionError`: a limit is surely missed, or with `strict` perhaps missed. The message
        names the transform, the drop with its interval, and three examples.

    Warns
    -----
    InconclusiveWarning
        The rows are too few to tell; the message says how many would do.
    """
    __tracebackhide__ = True
    check = check_robust(
        model,
        data,
        transforms=transforms,
        max_drop=max_drop,
        min_accuracy=min_accuracy,
        severity=severity,
        seed=seed,
        on=on,
        label_kind=label_kind,
        limit=limit,
        **settings,
    )
    reporter = REPORTER.get()
    if reporter is not None:
        reporter.record(check)
    if check.outcome == "failed":
        raise NotRobustError(check.message)
    if check.outcome == "inconclusive":
        policy = "warn" if reporter is None else reporter.inconclusive
        if strict is not None:
            policy = "fail" if strict else "warn"
        if policy == "fail":
            raise NotRobustError(check.message)
        if policy == "skip" and reporter is not None:
            reporter.skip(check.message)
        worst = check.gate.worst
        message = f"cannot tell: {worst.finding}{worst.because}"
        warnings.warn(message, InconclusiveWarning, stacklevel=2)
    return check


def check_robust(
    model: Any,
    data: Any,
    *,
    transforms: Transforms | None = None,
    max_drop: Limited = None,
    min_accuracy: Limited = None,
    severity: int = 3,
    seed: int = 0,
    on: str = "all",
    label_kind: LabelKind | str | None = None,
    limit: int | None = None,
    examples: int = 3,
    split: str | None = None,
    constraints: Sequence[Constraint] = (),
    max_length: int | None = None,
    batch_size: int | None = None,
    device: str = "auto",
    **columns: Any,
) -> RobustnessCheck:
    """Hold a model to limits on transformed text; nothing is written.

    Parameters
    ----------
    model
        What ``robustft eval`` takes by name: a run, a folder, a hub name, ``module:function``, a
        saved estimator; or an object: a function of a list of texts (of pairs: of two lists), an
        estimator of scikit-learn, anything with ``predict``. For what it may answer see
        `robustft.model.foreign.outputs`.
    data
        A list of pairs of text and label, or whatever `load_dataset` takes: a data frame, a path,
        a `datasets.Dataset`.
    transforms
        A chain: each of its transforms is tested alone, and all of them together (the *mix*). None:
        those of ``typos,synonyms,contractions`` that keep the labels.
    max_drop, min_accuracy
        The limits: numbers, or numbers by set, as for ``robustft eval``; one at least.
    severity, seed
        How much is changed, 1 to 5, and what the transforms draw by.
    on
        The sets that are judged: ``all``, ``mix``, or names with commas.
    label_kind
        What the labels say of a text, such as ``sentiment``; transforms that do not keep it are
        refused.
    limit
        At most so many rows, chosen by the seed with the labels in proportion.
    examples
        How many to show of what became wrong.
    split, columns
        Of the data: ``text_column`` and the like are passed on to `load_dataset`.

    Raises
    ------
    RobustftError
        Model, data and transforms do not go together; the message says which.
    """
    from robustft.evaluation import cases

    if max_drop is None and min_accuracy is None:
        raise UsageError("assert_robust: expected max_drop or min_accuracy, got neither")
    return cases.run(
        cases.prepare(
            model,
            _rows(data),
            transforms=transforms,
            severity=severity,
            seed=seed,
            label_kind=label_kind,
            limit=limit,
            split=split,
            constraints=constraints,
            columns=columns,
            settings={"max_length": max_length, "batch_size": batch_size, "device": device},
        ),
        limits=(max_drop, min_accuracy, on),
        examples=examples,
    )


def _rows(data: Any) -> Any:
    """Return pairs of text and label as rows; all else as it is."""
    if isinstance(data, list | tuple) and data and isinstance(data[0], list | tuple):
        wrong = next((n for n, row in enumerate(data) if not _is_pair(row)), None)
        if wrong is not None:
            raise DataError(f"data: expected pairs of text and label, got {data[wrong]!r}")
        return [{"text": text, "label": label} for text, label in data]
    return os.fspath(data) if isinstance(data, os.PathLike) else data


def _is_pair(row: Any) -> bool:
    return isinstance(row, list | tuple) and len(row) == 2

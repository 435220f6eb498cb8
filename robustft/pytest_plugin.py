"""The plug-in of pytest: robustness checked in a test suite of your own.

Installed with robustft, it is there without further ado (``-p no:robustft`` leaves it out)::

    def test_model_stands_typos(robustft):
        robustft.assert_robust("runs/my-model", "reviews.csv", transforms="typos", max_drop=0.03)

``robustft.assert_robust``, imported, does the same. Each check is a line of the terminal's section
*robustft* and a property of the test in JUnit's XML, whether it passed or not. Where the rows are
too few to tell, a warning says so; ``--robustft-inconclusive skip`` (or ``fail``) skips the test or
fails it instead, and ``--robustft-strict`` is short for the latter. Nothing heavy is imported
before a test checks something.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Literal

import pytest

from robustft.evaluation.assertion import REPORTER, RobustnessCheck, assert_robust, check_robust

__all__ = ["Robustft", "robustft"]

_PREFIX = "robustft."
Policy = Literal["warn", "skip", "fail"]

_INI = "robustft_inconclusive"
_POLICIES = ("warn", "skip", "fail")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, and the setting for an ini-file."""
    group = parser.getgroup("robustft", "robustness of text models")
    group.addoption(
        "--robustft-inconclusive",
        choices=_POLICIES,
        default=None,
        help="What becomes of a test whose rows are too few to tell: warn (default), skip or fail.",
    )
    group.addoption(
        "--robustft-strict",
        action="store_const",
        const="fail",
        dest="robustft_inconclusive",
        help="Short for --robustft-inconclusive fail.",
    )
    parser.addini(
        "robustft_inconclusive",
        "What becomes of a test whose rows are too few to tell: warn, skip or fail.",
        default="warn",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Keep the warning a warning where warnings are errors, unless the settings name it."""
    policy = config.getini(_INI)
    if policy not in _POLICIES:
        raise pytest.UsageError(
            f"robustft_inconclusive: expected one of {', '.join(_POLICIES)}, got {policy!r}"
        )
    if not any("InconclusiveWarning" in line for line in config.getini("filterwarnings")):
        config.addinivalue_line("filterwarnings", "default::robustft.errors.InconclusiveWarning")


class _Recorder:
    """Takes note of the checks of one test."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item
        self.checks: list[RobustnessCheck] = []

    @property
    def inconclusive(self) -> Policy:
        """What the command line says, else the ini-file."""
        config = self._item.config
        chosen: Policy = config.getoption(_INI, None) or config.getini(_INI)
        return chosen

    def record(self, check: RobustnessCheck) -> None:
        """Add a property a number to the test; they travel to wherever reports are read."""
        self.checks.append(check)
        for one in check.gate.checks:
            name = f"{_PREFIX}{one.set}.{one.quantity}"
            self._item.user_properties.append((name, f"{one.outcome}: {one.finding}"))

    def skip(self, message: str) -> None:
        """Skip the test."""
        pytest.skip(message)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let checks made in this test find who takes note of them."""
    token = REPORTER.set(_Recorder(item))
    try:
        return (yield)
    finally:
        REPORTER.reset(token)


class Robustft:
    """What the fixture gives: the checks, and those that this test has made so far."""

    assert_robust = staticmethod(assert_robust)
    check_robust = staticmethod(check_robust)

    @property
    def checks(self) -> list[RobustnessCheck]:
        """What came of this test's calls of `assert_robust`."""
        recorder = REPORTER.get()
        return list(recorder.checks) if isinstance(recorder, _Recorder) else []


@pytest.fixture
def robustft() -> Robustft:
    """Check in a test that a text model stands changes that keep the label."""
    return Robustft()


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say what becomes of inconclusive checks, where that is not the default."""
    chosen = config.getoption(_INI, None)
    policy = chosen or config.getini(_INI)
    return None if policy == "warn" else f"robustft: inconclusive checks {policy}"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print a line a check, with its interval."""
    lines = [
        (report.nodeid, value)
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "teardown"
        for name, value in report.user_properties
        if name.startswith(_PREFIX)
    ]
    if not lines:
        return
    terminalreporter.ensure_newline()
    terminalreporter.section("robustft")
    colours = {"failed": "red", "inconclusive": "yellow", "passed": "green"}
    for nodeid, value in sorted(lines, key=lambda line: line[0]):
        outcome, _, finding = value.partition(": ")
        terminalreporter.write(f"{outcome:<13}", **{colours.get(outcome, "bold"): True})
        terminalreporter.write(f" {nodeid}: {finding}\n")

"""Intervals cover, tests reject and power is found as often as docs/statistics.md promises.

With `--slow` everything is measured as for that page (minutes) and must keep its limits; without,
a small part of the replications must not be clearly outside of them.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from robustft.scoring.statistics import normal_quantile, tango_interval

ROOT = Path(__file__).parents[2]
MODULES = ("coverage_data", "coverage_cases", "simulate_coverage")
SECTIONS = (
    "shares",
    "drops",
    "shared",
    "r2",
    "errors",
    "f1",
    "families",
    "power",
    "summaries",
    "spreads",
)
# So many that a part of the replications takes about a second each.
SCALES = {"families": 0.05, "spreads": 0.05, "r2": 0.005}


@pytest.fixture(scope="module")
def tool():
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        yield {name: importlib.import_module(name) for name in MODULES}
    finally:
        sys.path.remove(str(ROOT / "tools"))
        for name in MODULES:
            sys.modules.pop(name, None)


def test_every_section_is_tested(tool):
    assert set(SECTIONS) == set(tool["simulate_coverage"].SECTIONS)


@pytest.mark.slow
@pytest.mark.parametrize("section", SECTIONS)
def test_promises_are_kept(tool, section):
    simulate = tool["simulate_coverage"]
    figures = simulate.measure(section)
    print(simulate.table(figures))
    assert simulate.failing(figures) == []
    # The page shows these very cases, and these figures as far as rounding goes.
    page = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    shown = simulate.shown(page, section)
    assert list(shown) == [figure.case for figure in figures]
    for figure in figures:
        assert figure.value == pytest.approx(shown[figure.case], abs=0.0051)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_small_part_is_not_clearly_outside(tool, section):
    figures = tool["simulate_coverage"].measure(section, SCALES.get(section, 0.01))
    for figure in figures:
        low, high = figure.limits
        # At the limit itself, so that a share of 0 or 1 has an error too.
        errors = [np.sqrt(p * (1 - p) / max(figure.replications, 1)) for p in figure.limits]
        if not figure.replications:
            errors = [0.0, 0.0]
        assert low - 4 * errors[0] <= figure.value <= high + 4 * errors[1], figure


def test_the_score_that_is_summed_is_that_of_the_interval(tool):
    """A difference lies in Tango's interval where its score is at most z."""
    scores, z = tool["coverage_data"].tango_scores, normal_quantile(0.95)
    rng = np.random.default_rng(1)
    for _ in range(300):
        n = int(rng.integers(20, 2_000))
        b, c = rng.binomial(n, rng.uniform(0, 0.2, 2)).tolist()
        delta = float(np.clip((b - c) / n + rng.normal(0, 3 / np.sqrt(n)) * 0.3, -0.9, 0.9))
        low, high = tango_interval(b, c, n)
        score = float(scores(np.array(float(b)), np.array(float(c)), n, delta))
        if abs(abs(score) - z) > 1e-6:
            assert (low <= delta <= high) == (abs(score) <= z)


def test_the_table_goes_between_its_markers(tool):
    simulate, figure = tool["simulate_coverage"], tool["coverage_data"].Figure
    text = simulate.table([figure("a case", 0.951, 400), figure("another", 0.93, 0, "worst of it")])
    page = "before\n<!-- x: generated -->\nold\n<!-- x: end -->\nafter\n"
    made = simulate.written(page, "x", text)
    assert made.startswith("before\n<!-- x: generated -->\n| case |")
    assert "| a case | 95.1% | 1.1% |" in made
    assert "| another; at worst of it | 93.0% | none (exact) |" in made
    assert "old" not in made
    assert simulate.written(made, "x", text) == made
    assert simulate.shown(made, "x") == {"a case": 0.951, "another": 0.93}
    with pytest.raises(SystemExit, match="expected the markers of y"):
        simulate.written(page, "y", text)

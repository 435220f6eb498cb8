"""Effect sizes, against scipy and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_effectsize

from robustft.scoring.effects import (
    cohens_h,
    discordant_odds_ratio,
    effects_of_accuracies,
    standardised_mean,
)
from robustft.scoring.statistics import accuracy_change


def two(n=400, seed=1):
    rng = np.random.default_rng(seed)
    return rng.random(n) < 0.9, rng.random(n) < 0.8


def test_cohens_h_equals_statsmodels():
    a, b = two()
    found = cohens_h(a, b)
    assert found.value == pytest.approx(proportion_effectsize(a.mean(), b.mean()))
    assert found.low < found.value < found.high
    back = cohens_h(b, a)
    assert (back.value, back.low) == pytest.approx((-found.value, -found.high))
    assert (found.method, found.n) == ("tango, as angles", 400)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=200))
@settings(max_examples=40)
def test_cohens_h_leaves_out_0_just_where_the_difference_does(rows):
    a, b = np.array(rows, bool).T
    found, change = cohens_h(a, b), accuracy_change(a, b)
    assert np.sign(found.low) == np.sign(change.low)
    assert np.sign(found.high) == np.sign(change.high)
    assert found.low <= found.value <= found.high


def test_cohens_h_covers():
    rng = np.random.default_rng(3)
    truth, hits = proportion_effectsize(0.9, 0.87), 0
    for _ in range(400):
        kept = rng.choice(4, 300, p=[0.85, 0.05, 0.02, 0.08])
        a, b = kept <= 1, (kept == 0) | (kept == 2)
        found = cohens_h(a, b)
        hits += found.low <= truth <= found.high
    assert hits / 400 >= 0.92


def test_cohens_h_of_perfect_answers():
    right = np.ones(30, bool)
    found = cohens_h(right, right)
    assert found.value == 0.0
    assert found.low < 0 < found.high
    assert cohens_h(right, ~right).value == pytest.approx(np.pi)
    assert cohens_h(right[:0], right[:0]).reason == "no rows"


@given(st.integers(0, 40), st.integers(0, 40))
@settings(max_examples=30)
def test_the_odds_ratio_has_the_exact_interval_of_scipy(won, lost):
    assume(won + lost)
    first = np.repeat([True, False, True], [won, lost, 10])
    second = np.repeat([False, True, True], [won, lost, 10])
    found = discordant_odds_ratio(first, second)
    exact = stats.binomtest(won, won + lost).proportion_ci(method="exact")
    assert found.low == pytest.approx(exact.low / (1 - exact.low), rel=1e-9)
    if lost:
        assert found.value == pytest.approx(won / lost)
        assert found.high == pytest.approx(exact.high / (1 - exact.high), rel=1e-9)
    else:
        assert (found.value, found.high) == (None, None)
        assert found.reason == "no row was right by the second alone"


def test_an_odds_ratio_of_no_pair_is_undefined():
    a, _ = two()
    found = discordant_odds_ratio(a, a)
    assert (found.value, found.low, found.reason) == (None, None, "no discordant pair")


def test_copies_of_rows_widen_the_effects_back():
    a, b = two()
    five = np.repeat(np.arange(len(a)), 5)
    for name, once in effects_of_accuracies(a, b).items():
        alone = effects_of_accuracies(a[five], b[five])[name]
        shared = effects_of_accuracies(a[five], b[five], sources=five)[name]
        assert shared.value == pytest.approx(once.value)
        assert shared.high - shared.low == pytest.approx(once.high - once.low, rel=0.12)
        assert alone.high - alone.low < 0.7 * (once.high - once.low)
        assert shared.sources == len(a)
    codes = np.arange(400)
    assert effects_of_accuracies(a, b, sources=codes) == effects_of_accuracies(a, b)


def test_the_standardised_mean():
    rng = np.random.default_rng(2)
    changes = rng.normal(1_000.5, 1, 300)
    found = standardised_mean(changes - 1_000, seed=1)
    assert found.value == pytest.approx((changes - 1_000).mean() / changes.std(ddof=1))
    assert found.low < 0.5 < found.high
    assert standardised_mean(changes, seed=1).value == pytest.approx(
        changes.mean() / changes.std(ddof=1)
    )
    five = np.repeat(np.arange(300), 5)
    shared = standardised_mean((changes - 1_000)[five], seed=1, sources=five)
    assert shared.high - shared.low == pytest.approx(found.high - found.low, rel=0.1)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [([], "fewer than two rows"), ([1.0], "fewer than two rows"), ([2.0] * 9, "the same amount")],
)
def test_what_has_no_standardised_mean_says_why(changes, reason):
    found = standardised_mean(np.array(changes), seed=1)
    assert found.value is None
    assert reason in found.reason


def test_two_rows_have_a_standardised_mean_without_an_interval():
    found = standardised_mean(np.array([0.0, 1.0]), seed=1)
    assert found.value == pytest.approx(0.5 / np.sqrt(0.5))
    assert (found.low, found.high) == (None, None)

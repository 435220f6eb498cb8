"""Means, spreads and comparisons over seeds, against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from robustft.scoring.seeds import over_seeds, paired_over_seeds

NUMBERS = st.floats(-1e3, 1e3).map(lambda x: round(x, 3))
PAIRS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=12)


def varies(values):
    return np.ptp(values) > 1e-6 * max(1.0, np.abs(values).max())


@given(st.lists(NUMBERS, min_size=2, max_size=12), st.sampled_from([0.8, 0.95, 0.99]))
def test_mean_spread_and_interval_are_those_of_scipy(values, level):
    assume(varies(values))
    found = over_seeds(values, level)
    wanted = stats.ttest_1samp(values, 0.0).confidence_interval(level)
    assert found.value == pytest.approx(np.mean(values))
    assert found.sd == pytest.approx(stats.tstd(values))
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))
    assert (found.n, found.level, found.method, found.reason) == (len(values), level, "t", "")


@given(PAIRS)
def test_a_paired_comparison_is_that_of_scipy(pairs):
    first, second = (list(side) for side in zip(*pairs, strict=True))
    assume(varies(np.subtract(first, second)))
    difference, test = paired_over_seeds(first, second)
    wanted = stats.ttest_rel(first, second)
    interval = wanted.confidence_interval(0.95)
    assert test.p == pytest.approx(wanted.pvalue, rel=1e-9, abs=1e-9)
    assert test.statistic == pytest.approx(wanted.statistic)
    assert (difference.low, difference.high) == pytest.approx((interval.low, interval.high))
    assert difference.value == pytest.approx(np.mean(first) - np.mean(second))


@given(PAIRS)
def test_turning_the_comparison_round_changes_signs_alone(pairs):
    first, second = (list(side) for side in zip(*pairs, strict=True))
    one, test = paired_over_seeds(first, second)
    other, turned = paired_over_seeds(second, first)
    back = -other
    assert one.value == pytest.approx(back.value)
    assert (one.low, one.high) == pytest.approx((back.low, back.high))
    assert one.reason == other.reason
    assert test.p == pytest.approx(turned.p)


@given(PAIRS)
def test_the_interval_leaves_out_0_just_where_the_test_says_so(pairs):
    difference, test = paired_over_seeds(*zip(*pairs, strict=True))
    assume(test.p is not None)
    assume(abs(test.p - 0.05) > 1e-6)
    assert (difference.low > 0 or difference.high < 0) == (test.p < 0.05)


def test_seeds_are_paired_not_pooled():
    """Seeds far apart, each with the same small gain: the pairing finds it."""
    first, second = [1.0, 5.0, 9.0], [0.9, 4.8, 8.85]
    difference, test = paired_over_seeds(first, second)
    assert difference.low > 0
    assert test.p < 0.05 < stats.ttest_ind(first, second).pvalue


@pytest.mark.parametrize(
    ("values", "mean", "sd", "reason"),
    [
        ([], None, None, "no seed"),
        ([0.5], 0.5, None, "one seed has no spread"),
        ([0.5, 0.5, 0.5], 0.5, 0.0, "every seed gave the same value"),
    ],
)
def test_what_has_no_interval_says_why(values, mean, sd, reason):
    found = over_seeds(values)
    assert (found.value, found.sd, found.reason) == (mean, sd, reason)
    assert found.low is None
    assert found.high is None
    difference, test = paired_over_seeds(values, [0.0] * len(values))
    assert (difference.value, difference.reason) == (mean, reason)
    assert difference.low is None
    assert test.p is None
    assert test.n == len(values)


def test_rounding_alone_is_no_spread():
    """0.3 - 0.1 and 0.2 differ in the last bit: no ground for a p-value of 0."""
    difference, test = paired_over_seeds([0.3, 0.4], [0.1, 0.2])
    assert difference.value == pytest.approx(0.2)
    assert (difference.low, test.p) == (None, None)


@pytest.mark.parametrize("values", [[1.0, float("nan")], [float("inf"), 1.0]])
def test_values_that_are_not_finite_are_refused(values):
    with pytest.raises(ValueError, match="one finite number a seed"):
        over_seeds(values)


def test_other_numbers_of_seeds_are_refused():
    with pytest.raises(ValueError, match="as many of both, got 2 and 1"):
        paired_over_seeds([1.0, 2.0], [1.0])

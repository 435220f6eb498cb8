"""Bounds of an accuracy when some labels are wrong, and the agreement of raters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustft.scoring.agreement import krippendorff_alpha
from robustft.scoring.contamination import valid_accuracy
from robustft.scoring.statistics import Estimate, share


def exact(value):
    return Estimate(value=value, low=value, high=value, level=1.0, method="exact", n=100)


@given(st.integers(1, 60), st.integers(0, 59), st.data())
def test_the_accuracy_on_valid_rows_lies_within_the_bounds(n, invalid, data):
    invalid = min(invalid, n - 1)
    right = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    valid = np.arange(n) >= invalid
    bounds = valid_accuracy(exact(right.mean()), exact(invalid / n))
    assert bounds.low - 1e-12 <= right[valid].mean() <= bounds.high + 1e-12


def test_no_invalid_rows_leave_the_interval_as_it_is_and_all_leave_nothing():
    accuracy = share(np.array([True] * 80 + [False] * 20))
    same = valid_accuracy(accuracy, exact(0.0))
    assert (same.low, same.high, same.value) == (accuracy.low, accuracy.high, None)
    nothing = valid_accuracy(accuracy, exact(1.0))
    assert (nothing.low, nothing.high) == (None, None)
    assert nothing.reason == "every row may be invalid"


def test_two_intervals_hold_together_less_often_than_one():
    accuracy, invalid = share(np.array([True, False] * 50)), share(np.array([True] + [False] * 49))
    assert valid_accuracy(accuracy, invalid).level == pytest.approx(0.9)


def test_alpha_of_a_published_example():
    """Krippendorff (2011), part B: two observers, nominal data, ten units."""
    first = "a a b b d c c c e d d a".split()
    second = "b a b b b c c c e d d d".split()
    ratings = [{str(i): v for i, v in enumerate(rater)} for rater in (first, second)]
    assert krippendorff_alpha(ratings) == pytest.approx(0.692, abs=5e-4)


def test_alpha_is_undefined_where_nobody_could_disagree():
    assert krippendorff_alpha([{"a": "yes"}]) is None
    assert krippendorff_alpha([{"a": "yes"}, {"b": "no"}]) is None
    assert krippendorff_alpha([{"a": "yes", "b": "yes"}] * 2) is None

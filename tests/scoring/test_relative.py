"""Relative changes on the same rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from robustft.scoring.relative import relative_accuracy, relative_regression

ROWS = 60


def predictions(seed, *errors):
    rng = np.random.Generator(np.random.PCG64(seed))
    labels = rng.normal(0, 2, ROWS)
    return labels, *(labels + rng.normal(0, error, ROWS) for error in errors)


@given(st.integers(0, 10_000))
def test_values_are_those_of_scikit_learn_and_lie_in_their_intervals(seed):
    labels, first, second = predictions(seed, 0.6, 1.0)
    found = relative_regression(labels, first, second, seed=1)
    for name, score in (("mse", sk.mean_squared_error), ("r2", sk.r2_score)):
        one, other = score(labels, first), score(labels, second)
        assert found[name].value == pytest.approx((one - other) / other)
        assert found[name].low <= found[name].value <= found[name].high


def test_a_clear_gain_leaves_out_0_and_the_order_of_rows_does_not_matter():
    labels, first, second = predictions(3, 0.5, 1.5)
    found = relative_regression(labels, first, second, seed=1)
    assert found["mse"].high < 0 < found["r2"].low
    turned = relative_regression(labels[::-1], first[::-1], second[::-1], seed=1)
    assert (turned["mse"].low, turned["mse"].high) == (found["mse"].low, found["mse"].high)


def test_what_has_nothing_to_be_a_share_of_says_so():
    labels, first, bad = predictions(3, 0.5, 9.0)
    found = relative_regression(labels, first, bad, seed=1)["r2"]
    assert found.value is None
    assert found.reason == "R² of the second predictions is not above 0"
    perfect = relative_regression(labels, first, labels, seed=1)["mse"]
    assert (perfect.value, perfect.reason) == (None, "the second predictions make no error")
    few = relative_regression(labels[:1], first[:1], bad[:1], seed=1)["mse"]
    assert few.reason == "fewer than two rows"


def test_accuracy_is_compared_as_a_share_too():
    labels = np.array([0, 1] * 30)
    first, second = labels.copy(), labels.copy()
    first[:6], second[:15] = 1 - first[:6], 1 - second[:15]
    found = relative_accuracy(labels, first, second, seed=1)
    assert found.value == pytest.approx((54 - 45) / 45)
    assert found.low > 0
    assert relative_accuracy(labels, first, 1 - labels, seed=1).value is None
    assert relative_accuracy(labels[:0], labels[:0], labels[:0], seed=1).reason == "no rows"

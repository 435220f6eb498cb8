"""The paired permutation test, against scipy and against itself turned round."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from robustft.scoring.metrics import f1_change, mean_change, regression_change
from robustft.scoring.statistics import mcnemar

NUMBERS = st.integers(-3, 3).map(float)
CODES = st.lists(st.tuples(*[st.integers(0, 2)] * 3), min_size=2, max_size=6)


def exact_p(statistic, first, second):
    """Return scipy's p-value over all exchanges of paired samples."""
    made = stats.permutation_test(
        (first, second), statistic, permutation_type="samples", n_resamples=np.inf, vectorized=False
    )
    return made.pvalue


@given(st.lists(NUMBERS, min_size=2, max_size=9))
@settings(max_examples=25)
def test_few_numbers_give_the_exact_p_value_of_scipy(changes):
    values = np.array(changes)
    _, test = mean_change(values, seed=1)
    expected = exact_p(lambda a, b: (a - b).mean(), values, np.zeros(len(values)))
    assert test.p == pytest.approx(expected, abs=1e-9)
    assert test.method == "paired permutation exact"
    assert test.n == np.count_nonzero(values)


@given(CODES)
@settings(max_examples=8)
def test_few_rows_give_the_exact_p_value_of_scipy_for_f1(rows):
    y, p, q = np.array(rows, np.int64).T
    classes = np.unique([y, p, q])

    def f1(predictions):
        each = sk.f1_score(y, predictions, average=None, labels=classes, zero_division=0)
        occurs = np.isin(classes, y) | np.isin(classes, predictions)
        return each[occurs].mean()

    _, test = f1_change(y, p, q, seed=1)
    assert test.p == pytest.approx(exact_p(lambda a, b: f1(a) - f1(b), p, q), abs=1e-9)


def test_few_rows_give_the_exact_p_value_of_scipy_for_r2():
    rng = np.random.default_rng(3)
    y = rng.normal(size=8)
    p, q = y + rng.normal(size=8), y + 2 * rng.normal(size=8)
    made = regression_change(y, p, q, seed=1)
    expected = exact_p(lambda a, b: sk.r2_score(y, a) - sk.r2_score(y, b), p, q)
    assert made["r2"][1].p == pytest.approx(expected, abs=1e-9)
    assert made["mse"][1].p == made["r2"][1].p
    assert made["mse"][1].statistic == pytest.approx(made["mse"][0].value)
    assert made["r2"][1].statistic == pytest.approx(made["r2"][0].value)


def test_right_and_wrong_alone_make_it_the_test_of_mcnemar():
    rng = np.random.default_rng(4)
    first, second = rng.random(400) < 0.8, rng.random(400) < 0.75
    _, test = mean_change(first - second.astype(float), seed=1)
    assert test.p == pytest.approx(mcnemar(first, second).p, abs=1e-12)


def test_many_rows_are_drawn_and_agree_with_the_t_test():
    rng = np.random.default_rng(5)
    changes = rng.normal(0.1, 1, 500)
    _, test = mean_change(changes, seed=1)
    assert test.method == "paired permutation"
    assert test.p == pytest.approx(stats.ttest_1samp(changes, 0).pvalue, abs=0.01)
    assert test.p * 5_000 == pytest.approx(round(test.p * 5_000))


def test_the_sample_itself_is_counted_in():
    _, test = mean_change(np.random.default_rng(6).normal(9, 1, 100), seed=1)
    assert test.p == 1 / 5_000


def test_turning_the_comparison_round_changes_no_p_value():
    rng = np.random.default_rng(7)
    y = rng.integers(0, 4, 300)
    p, q = (np.where(rng.random(300) < keep, y, rng.integers(0, 4, 300)) for keep in (0.8, 0.7))
    assert f1_change(y, p, q, seed=1)[1].p == f1_change(y, q, p, seed=1)[1].p
    z = y + rng.normal(size=300)
    forth, back = regression_change(y, z, q, seed=1), regression_change(y, q, z, seed=1)
    assert forth["mse"][1].p == back["mse"][1].p
    assert forth["mse"][1].statistic == -back["mse"][1].statistic


def test_no_difference_at_all_is_no_evidence():
    y = np.arange(20) % 3
    assert f1_change(y, y, y, seed=1)[1].p == 1.0
    assert mean_change(np.zeros(5), seed=1)[1].p == 1.0
    assert mean_change(np.zeros(0), seed=1)[1].p is None


def test_it_holds_its_size():
    rng = np.random.default_rng(8)
    rejected = 0
    for seed in range(150):
        y = rng.integers(0, 3, 120)
        p, q = (np.where(rng.random(120) < 0.7, y, rng.integers(0, 3, 120)) for _ in "ab")
        rejected += f1_change(y, p, q, seed=seed)[1].p < 0.05
    assert rejected / 150 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)

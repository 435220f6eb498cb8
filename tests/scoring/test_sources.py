"""Rows that share a source are one observation; sources of one row each change nothing."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from robustft.scoring.answers import AnswerScores, answer_metrics
from robustft.scoring.metrics import (
    classification_metrics,
    f1_change,
    mean_change,
    ratio_of_sums,
    regression_change,
    regression_metrics,
)
from robustft.scoring.relative import relative_accuracy, relative_regression
from robustft.scoring.sources import design_effect, shared_sources, sign_flip, sums_by_source
from robustft.scoring.statistics import accuracy_change, mcnemar, share

N = 240


def data(seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, N)
    p, q = (np.where(rng.random(N) < keep, y, rng.integers(0, 3, N)) for keep in (0.8, 0.7))
    return y, p, q


def answers():
    rng = np.random.default_rng(1)
    counts = rng.integers(1, 5, (N, 10)).astype(float)
    counts[:, 4:8] += 4
    return AnswerScores.from_array(np.column_stack([rng.random((N, 4)).round(1), counts]))


def number_of(name):
    """Return a function from sources to a result of the scoring package."""
    y, p, q = data()
    a, b = y == p, y == q
    z, u, v = (x + np.random.default_rng(i).normal(size=N) for i, x in enumerate((y, p, q)))
    return {
        "share": lambda s: share(a, sources=s),
        "accuracy_change": lambda s: accuracy_change(a, b, sources=s),
        "mcnemar": lambda s: mcnemar(a, b, sources=s),
        "classification_metrics": lambda s: classification_metrics(y, p, seed=1, sources=s),
        "f1_change": lambda s: f1_change(y, p, q, seed=1, sources=s),
        "regression_metrics": lambda s: regression_metrics(z, u, seed=1, sources=s),
        "regression_change": lambda s: regression_change(z, u, v, seed=1, sources=s),
        "mean_change": lambda s: mean_change(u - v, seed=1, sources=s),
        "ratio_of_sums": lambda s: ratio_of_sums(a + 0.0, b + 0.0, seed=1, sources=s),
        "relative_accuracy": lambda s: relative_accuracy(y, p, q, seed=1, sources=s),
        "relative_regression": lambda s: relative_regression(z, u, v, seed=1, sources=s),
        "answer_metrics": lambda s: answer_metrics(answers(), seed=1, sources=s),
    }[name]


EVERY = [
    "share",
    "accuracy_change",
    "mcnemar",
    "classification_metrics",
    "f1_change",
    "regression_metrics",
    "regression_change",
    "mean_change",
    "ratio_of_sums",
    "relative_accuracy",
    "relative_regression",
    "answer_metrics",
]


@pytest.mark.parametrize("name", EVERY)
def test_sources_of_one_row_each_change_nothing(name):
    made = number_of(name)
    order = np.random.default_rng(2).permutation(N)
    assert made(order) == made(None)
    assert made(np.array([f"text {i}" for i in order])) == made(None)


@pytest.mark.parametrize("name", EVERY)
def test_shared_sources_change_it_and_their_names_do_not(name):
    made = number_of(name)
    codes = np.arange(N) // 3
    found = made(codes)
    assert found != made(None)
    assert found == made(1_000 - 7 * codes)


@pytest.mark.parametrize("name", EVERY)
def test_one_source_a_row_is_asked_for(name):
    with pytest.raises(ValueError, match="sources: expected one a row"):
        number_of(name)(np.arange(N - 1))


def test_the_order_of_the_rows_changes_nothing():
    y, p, q = data()
    z, u, v = (x + np.random.default_rng(i).normal(size=N) for i, x in enumerate((y, p, q)))
    s = np.random.default_rng(5).integers(0, 90, N)
    o = np.random.default_rng(6).permutation(N)
    for made, columns in [
        (regression_metrics, (z, u)),
        (regression_change, (z, u, v)),
        (f1_change, (y, p, q)),
        (classification_metrics, (y, p)),
    ]:
        forth = made(*columns, seed=1, sources=s)
        assert forth == made(*(c[o] for c in columns), seed=1, sources=s[o])
    a, b = y == p, y == q
    assert accuracy_change(a, b, sources=s) == accuracy_change(a[o], b[o], sources=s[o])
    assert share(a, sources=s) == share(a[o], sources=s[o])


def test_copies_add_no_evidence():
    """Each row five times over says what the rows once say, give or take Student's quantile."""
    y, p, q = data()
    a, b = y == p, y == q
    five = np.repeat(np.arange(N), 5)
    once, copied = accuracy_change(a, b), accuracy_change(a[five], b[five], sources=five)
    assert copied.value == pytest.approx(once.value)
    assert copied.high - copied.low == pytest.approx(once.high - once.low, rel=0.02)
    assert copied.design_effect == pytest.approx(5, rel=0.01)
    assert (copied.n, copied.sources) == (5 * N, N)
    assert mcnemar(a[five], b[five], sources=five).p == pytest.approx(mcnemar(a, b).p, abs=1e-12)
    one, many = share(a), share(a[five], sources=five)
    assert many.high - many.low == pytest.approx(one.high - one.low, rel=0.02)
    f1, f1_test = f1_change(y[five], p[five], q[five], seed=1, sources=five)
    plain, plain_test = f1_change(y, p, q, seed=1)
    assert f1.high - f1.low == pytest.approx(plain.high - plain.low, rel=0.1)
    assert f1_test.p == pytest.approx(plain_test.p, abs=0.02)
    assert f1_test.method == "paired permutation by source"


def test_the_design_effect_of_rows_that_always_agree_is_their_number():
    rng = np.random.default_rng(8)
    codes = np.repeat(np.arange(2_000), 4)
    agree, apart = rng.random(2_000)[codes] < 0.7, rng.random(8_000) < 0.7
    assert design_effect(agree, codes) == pytest.approx(4, rel=0.01)
    assert design_effect(apart, codes) == pytest.approx(1, abs=0.1)
    # No spread tells nothing: the worst is assumed.
    assert design_effect(np.ones(8_000, bool), codes) == 4


def test_one_source_has_no_interval():
    one = np.zeros(20, np.int64)
    flags = np.arange(20) % 3 > 0
    found, change = share(flags, sources=one), accuracy_change(flags, ~flags, sources=one)
    assert {found.reason, change.reason} == {"all rows share one source"}
    assert (found.low, change.low) == (None, None)
    assert found.value == flags.mean()


def test_many_classes_are_counted_as_few_are():
    """What most columns are 0 of is kept in another way; nothing else may change."""
    y, p, q = data()
    codes = np.arange(N) // 3
    few = f1_change(y, p, q, seed=1, sources=codes), f1_change(y, p, q, seed=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("robustft.scoring.macro_f1._MANY_COLUMNS", 1)
        assert (f1_change(y, p, q, seed=1, sources=codes), f1_change(y, p, q, seed=1)) == few


@pytest.mark.parametrize("name", EVERY)
def test_one_source_is_no_error(name):
    found = number_of(name)(np.zeros(N, np.int64))
    several = found.values() if isinstance(found, dict) else [found]
    for e in several:
        e = e[0] if isinstance(e, tuple) else e  # noqa: PLW2901
        assert getattr(e, "low", None) is None


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
@settings(max_examples=60)
def test_sign_flips_are_counted_exactly(sums):
    values = np.array(sums)
    signs = np.array(list(product([-1, 1], repeat=len(values))))
    expected = (np.abs(signs @ values) >= abs(values.sum())).mean()
    assert sign_flip(values) == pytest.approx(expected, abs=1e-12)


def test_sign_flips_of_very_many_sources_are_near_the_normal():
    rng = np.random.default_rng(9)
    values = rng.integers(-3, 4, 20_000)
    z = values.sum() / np.sqrt((values.astype(float) ** 2).sum())
    assert sign_flip(values) == pytest.approx(2 * stats.norm.sf(abs(z)), abs=0.005)


def test_sums_do_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(10)
    columns, codes = rng.normal(size=(500, 3)), rng.integers(0, 40, 500)
    codes = np.unique(codes, return_inverse=True)[1]
    order = rng.permutation(500)
    made = sums_by_source(columns, codes)
    assert np.array_equal(made, sums_by_source(columns[order], codes[order]))
    assert made[7] == pytest.approx(columns[codes == 7].sum(0))


def test_sources_that_are_all_different_are_none():
    assert shared_sources(None, 3) is None
    assert shared_sources(np.array([5, 3, 9]), 3) is None
    assert shared_sources(np.array(["b", "a", "b"]), 3).tolist() == [1, 0, 1]


def test_r2_of_few_sources_is_to_be_taken_with_caution():
    rng = np.random.default_rng(11)
    y = 3 * rng.normal(size=240)
    p, q = y + rng.normal(size=240), y + rng.normal(size=240)
    for sources, said in [(None, False), (np.arange(240) // 3, True), (np.arange(240) // 2, False)]:
        found = [
            regression_metrics(y, p, seed=1, sources=sources)["r2"],
            regression_change(y, p, q, seed=1, sources=sources)["r2"][0],
            relative_regression(y, p, q, seed=1, sources=sources)["r2"],
        ]
        assert {e.caution.startswith("R² over 80 sources") for e in found} == {said}
        assert not regression_metrics(y, p, seed=1, sources=sources)["mse"].caution
    assert regression_metrics(y[:99], p[:99], seed=1)["r2"].caution

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from robustft.scoring.bootstrap import Bootstrap, bootstrap
from robustft.scoring.metrics import (
    classification_metrics,
    classification_scores,
    correct,
    f1_change,
    mean_change,
    ratio_of_sums,
    regression_change,
    regression_metrics,
    regression_scores,
    squared_error,
)

rows = st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=1, max_size=60)


def columns(rows):
    return np.array(rows, np.int64).T


def regression_data(n=300, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.normal(50, 3, n).round(1)  # ties, far from 0
    return y, y + rng.normal(0, 1.5, n), y + rng.normal(0.3, 2, n)


@given(rows)
@settings(max_examples=40)
def test_classification_values_equal_scikit_learn(rows):
    y, p, q = columns(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of classes never predicted
        f1 = [sk.f1_score(y, x, average="macro", zero_division=0) for x in (p, q)]
    made = classification_metrics(y, p, seed=1)
    assert made["accuracy"].value == pytest.approx(sk.accuracy_score(y, p), abs=1e-12)
    assert made["macro_f1"].value == pytest.approx(f1[0], abs=1e-12)
    assert classification_scores(y, p)["macro_f1"] == pytest.approx(f1[0], abs=1e-12)
    change, test = f1_change(y, p, q, seed=1)
    # The change is over the classes that occur in any of the three columns.
    if set(y) >= set(p) | set(q):
        assert change.value == pytest.approx(f1[0] - f1[1], abs=1e-12)
    assert 0 < test.p <= 1


@given(rows)
@settings(max_examples=40)
def test_intervals_hold_their_estimates(rows):
    y, p, q = columns(rows)
    change, _ = f1_change(y, p, q, seed=1)
    for e in (*classification_metrics(y, p, seed=1).values(), change):
        if e.low is not None:
            assert e.low <= e.value <= e.high


def test_order_of_the_rows_changes_nothing():
    y, p, q = regression_data()
    order = np.random.default_rng(1).permutation(len(y))
    assert regression_metrics(y, p, seed=2) == regression_metrics(y[order], p[order], seed=2)
    forth = regression_change(y, p, q, seed=2)
    assert forth == regression_change(y[order], p[order], q[order], seed=2)
    a, b, c = (np.round(x).astype(int) % 3 for x in (y, p, q))
    assert classification_metrics(a, b, seed=2) == classification_metrics(
        a[order], b[order], seed=2
    )
    assert f1_change(a, b, c, seed=2) == f1_change(a[order], b[order], c[order], seed=2)


def test_regression_values_equal_scikit_learn_and_scipy():
    y, p, _ = regression_data()
    made = regression_metrics(y, p, seed=3)
    expected = {
        "mse": sk.mean_squared_error(y, p),
        "r2": sk.r2_score(y, p),
        "spearman": stats.spearmanr(y, p).statistic,
    }
    assert {k: e.value for k, e in made.items()} == pytest.approx(expected, abs=1e-9)
    assert regression_scores(y, p) == pytest.approx(expected, abs=1e-12)
    assert squared_error(y, p).mean() == pytest.approx(expected["mse"], abs=1e-12)


def test_resampled_statistics_equal_those_of_the_drawn_rows():
    """A resample given as counts scores as scikit-learn and scipy score the repeated rows."""
    from robustft.scoring.macro_f1 import MacroF1
    from robustft.scoring.metrics import _regression

    rng = np.random.default_rng(4)
    y, p, _ = (x[:40] for x in regression_data())
    counts = rng.multinomial(40, np.full(40, 1 / 40), size=5)
    got = _regression(y, p)(counts.astype(float))
    for times, (mse, r2, spearman) in zip(counts, got, strict=True):
        again_y, again_p = np.repeat(y, times), np.repeat(p, times)
        assert mse == pytest.approx(sk.mean_squared_error(again_y, again_p), abs=1e-9)
        assert r2 == pytest.approx(sk.r2_score(again_y, again_p), abs=1e-9)
        assert spearman == pytest.approx(stats.spearmanr(again_y, again_p).statistic, abs=1e-9)
    a, b = rng.integers(0, 3, 40), rng.integers(0, 3, 40)
    made = MacroF1.of(a, b)
    cells = np.stack([np.bincount(made.cell, times, len(made.counts)) for times in counts])
    for times, f1 in zip(counts, made.value(cells @ made.columns), strict=True):
        expected = sk.f1_score(np.repeat(a, times), np.repeat(b, times), average="macro")
        assert f1 == pytest.approx(expected, abs=1e-12)


def test_bca_equals_scipy_on_the_same_resamples():
    x = np.random.default_rng(5).exponential(size=80)

    def mean(counts):
        return (counts @ x / counts.sum(1))[:, None]

    made = bootstrap(mean, np.ones(80, np.int64), seed=6, draws=2_000)

    class Drawn:
        bootstrap_distribution = made.draws[:, 0]

    expected = stats.bootstrap(
        (x,), np.mean, n_resamples=0, bootstrap_result=Drawn(), method="BCa"
    ).confidence_interval
    interval = made.estimate()
    assert interval.method == "bca"
    assert (interval.low, interval.high) == pytest.approx(tuple(expected), abs=1e-9)


def test_cells_and_rows_resample_alike():
    """The interval from counted cells agrees with that from the single rows."""
    values = np.array([0.0, 1.0, 5.0])
    counts = np.array([50, 30, 20])
    single = np.repeat(values, counts)
    cells = bootstrap(lambda c: (c @ values / c.sum(1))[:, None], counts, seed=7).estimate()
    alone = bootstrap(
        lambda c: (c @ single / c.sum(1))[:, None], np.ones(100, np.int64), seed=7
    ).estimate()
    assert cells.value == pytest.approx(alone.value)
    assert (cells.low, cells.high) == pytest.approx((alone.low, alone.high), abs=0.05)


def test_blocks_left_out_give_about_the_acceleration_of_rows_left_out(monkeypatch):
    x = np.random.default_rng(8).exponential(size=900)

    def mean(counts):
        return (counts @ x / counts.sum(1))[:, None]

    ones = np.ones(900, np.int64)
    exact = bootstrap(mean, ones, seed=9, draws=99).acceleration
    monkeypatch.setattr("robustft.scoring.bootstrap._EXACT_JACKKNIFE", 10)
    monkeypatch.setattr("robustft.scoring.bootstrap._BLOCKS", 300)
    assert bootstrap(mean, ones, seed=9, draws=99).acceleration == pytest.approx(exact, rel=0.4)


def test_same_seed_same_numbers_other_seed_others():
    y, p, q = regression_data()
    assert regression_change(y, p, q, seed=1) == regression_change(y, p, q, seed=1)
    assert regression_change(y, p, q, seed=1) != regression_change(y, p, q, seed=2)


def test_regression_change_turns_with_its_order():
    y, p, q = regression_data()
    forth, back = regression_change(y, p, q, seed=1)["mse"][0], regression_change(y, q, p, seed=1)
    assert forth.value == pytest.approx(-back["mse"][0].value)
    assert forth.value == pytest.approx(((y - p) ** 2).mean() - ((y - q) ** 2).mean())
    r2 = regression_change(y, p, q, seed=1)["r2"][0]
    assert r2.value == pytest.approx(sk.r2_score(y, p) - sk.r2_score(y, q))


def test_the_test_of_errors_holds_its_size():
    rng = np.random.default_rng(10)
    rejected = 0
    for seed in range(200):
        y = rng.normal(size=80)
        p, q = y + rng.normal(size=80), y + rng.normal(size=80)
        rejected += regression_change(y, p, q, seed=seed)["mse"][1].p < 0.05
    assert rejected / 200 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def test_the_mean_of_a_number_a_row():
    changes = np.repeat([-1.0, 0.0, 1.0, 2.0], [30, 400, 80, 10])
    change, test = mean_change(changes, seed=1)
    assert change.value == pytest.approx(changes.mean())
    half = 1.96 * changes.std() / np.sqrt(len(changes))
    expected = (changes.mean() - half, changes.mean() + half)
    assert (change.low, change.high) == pytest.approx(expected, abs=0.01)
    assert test.p < 0.001
    assert mean_change(np.tile([-1.0, 1.0], 50), seed=1)[1].p > 0.9
    assert mean_change(np.zeros(0), seed=1)[0].reason == "no rows"


def test_a_ratio_of_sums_is_undefined_below_nothing():
    top, bottom = np.repeat([1.0, 0.0], [30, 70]), np.repeat([1.0, 0.0], [50, 50])
    found = ratio_of_sums(top, bottom, seed=1)
    assert found.value == pytest.approx(0.6)
    assert 0.4 < found.low < 0.6 < found.high < 0.8
    assert ratio_of_sums(top, -bottom, seed=1, reason="why").reason == "why"
    close = ratio_of_sums(top, np.tile([1.0, -1.0], 50) + 0.01, seed=1)
    assert (close.low, close.reason) == (None, "undefined in too many resamples")
    assert ratio_of_sums(np.zeros(0), np.zeros(0), seed=1).reason == "no rows"


def test_constant_predictions_have_no_rank_correlation():
    y = np.array([1.0, 2.0, 3.0, 4.0])
    made = regression_metrics(y, np.full(4, 2.0), seed=1)
    assert made["spearman"].value is None
    assert "all equal" in made["spearman"].reason
    assert made["mse"].value == pytest.approx(1.5)
    assert regression_scores(y, np.full(4, 2.0))["spearman"] is None


def test_constant_labels_have_no_r2():
    made = regression_metrics(np.full(9, 2.0), np.arange(9.0), seed=1)
    assert made["r2"].value is None
    assert made["r2"].reason == "all labels are equal"
    assert regression_scores(np.full(9, 2.0), np.arange(9.0))["r2"] is None


def test_no_rows_give_no_numbers_and_say_so():
    none, codes = np.zeros(0), np.zeros(0, np.int64)
    estimates = [
        *classification_metrics(codes, codes, seed=1).values(),
        *regression_metrics(none, none, seed=1).values(),
    ]
    assert {(e.value, e.reason) for e in estimates} == {(None, "no rows")}
    change, test = regression_change(none, none, none, seed=1)["mse"]
    assert (change.value, test.p) == (None, None)
    assert f1_change(codes, codes, codes, seed=1)[1].p is None
    assert set(classification_scores(codes, codes).values()) == {None}


def test_perfect_predictions_claim_no_certainty():
    y = np.array([0, 1, 0, 1])
    made = classification_metrics(y, y, seed=1)
    assert made["accuracy"].low < 0.7
    assert made["macro_f1"].value == 1.0
    assert (made["macro_f1"].low, made["macro_f1"].reason) == (None, "all resamples agree")
    change, test = regression_change(y * 1.0, y + 0.5, y + 0.5, seed=1)["mse"]
    assert (change.value, change.low, test.p) == (0.0, None, 1.0)


def test_a_statistic_undefined_in_many_resamples_has_no_interval():
    draws = np.full((100, 1), np.nan)
    draws[:80] = 1.0
    made = Bootstrap(np.array([1.0]), draws, np.zeros(1), 10).estimate()
    assert (made.value, made.low, made.reason) == (1.0, None, "undefined in too many resamples")


def test_percentile_where_the_correction_does_not_apply():
    draws = np.arange(1.0, 101.0)[:, None]
    made = Bootstrap(np.array([0.0]), draws, np.zeros(1), 10).estimate()
    assert made.method == "percentile"
    assert made.low == 0.0


def test_predictions_of_another_length_are_refused():
    with pytest.raises(ValueError, match="expected one prediction a label"):
        correct(np.ones(3), np.ones(2))

"""Two ways of training compared over seeds and rows at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from robustft.scoring.procedures import (
    METHOD,
    change_of_procedure,
    crossed_variance,
    pigeonhole_interval,
    smallest_effect,
)


def table(rng, seeds, rows, *, of_seeds=0.0, of_rows=0.0, rest=1.0, mean=0.0):
    return (
        mean
        + rng.normal(0, of_seeds, (seeds, 1))
        + rng.normal(0, of_rows, rows)
        + rng.normal(0, rest, (seeds, rows))
    )


def rejected(studies, seeds=5, rows=120, level=0.05, **parts):
    rng = np.random.Generator(np.random.PCG64([seeds, rows, studies]))
    found = [
        change_of_procedure(made, np.zeros_like(made))
        for made in (table(rng, seeds, rows, **parts) for _ in range(studies))
    ]
    return np.mean([test.p < level for _, test in found])


def test_the_parts_are_found_again():
    rng = np.random.Generator(np.random.PCG64(1))
    found = crossed_variance(table(rng, 200, 300, of_seeds=0.5, of_rows=2.0, rest=1.0, mean=3.0))
    assert found.of_seeds == pytest.approx(0.25 / 200, rel=0.3)
    assert found.of_rows == pytest.approx(4.0 / 300, rel=0.3)
    assert found.of_rest == pytest.approx(1.0 / (200 * 300), rel=0.05)
    assert found.mean == pytest.approx(3.0, abs=4 * found.error)
    assert (found.seeds, found.rows, found.units) == (200, 300, 300)


def test_it_is_the_t_test_over_seeds_where_rows_make_no_difference():
    rng = np.random.Generator(np.random.PCG64(2))
    made = np.repeat(rng.normal(1.0, 0.5, (5, 1)), 40, axis=1)
    difference, test = change_of_procedure(made, np.zeros_like(made))
    plain = stats.ttest_1samp(made.mean(axis=1), 0.0)
    assert test.p == pytest.approx(plain.pvalue)
    low, high = plain.confidence_interval()
    assert (difference.low, difference.high) == pytest.approx((low, high))
    assert (difference.n, difference.method) == (5, METHOD)


@pytest.mark.parametrize(
    "parts",
    [
        {"of_seeds": 0.3, "of_rows": 0.0},
        {"of_seeds": 0.0, "of_rows": 1.0, "rest": 0.3},
        {"of_seeds": 0.05, "of_rows": 1.0, "rest": 0.3},
    ],
    ids=["seeds", "rows", "both"],
)
def test_no_difference_is_rarely_called_one(parts):
    assert rejected(400, **parts) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [5, 10])
@pytest.mark.parametrize("rows", [200, 1000])
@pytest.mark.parametrize("of_rows", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("of_seeds", [0.0, 0.1, 0.3])
def test_no_difference_is_called_one_in_a_twentieth_of_studies_at_most(
    seeds, rows, of_rows, of_seeds
):
    studies = 2_000
    found = rejected(studies, seeds, rows, of_seeds=of_seeds, of_rows=of_rows, rest=0.5)
    error = np.sqrt(0.05 * 0.95 / studies)
    print(f"{seeds} seeds, {rows} rows, sd {of_seeds} {of_rows}: {found:.3f} ± {error:.3f}")
    assert found <= 0.06 + 3 * error


def test_seeds_alone_would_call_it_one_far_more_often():
    rng = np.random.Generator(np.random.PCG64(3))
    made = [table(rng, 5, 120, of_rows=1.0, rest=0.3) for _ in range(300)]
    alone = np.mean([stats.ttest_1samp(m.mean(axis=1), 0.0).pvalue < 0.05 for m in made])
    assert alone > 0.2


def test_rows_of_one_source_count_once():
    rng = np.random.Generator(np.random.PCG64(4))
    once = table(rng, 5, 100, of_seeds=0.1, of_rows=1.0, rest=0.2)
    copied, sources = np.repeat(once, 3, axis=1), np.repeat(np.arange(100), 3)
    assert crossed_variance(copied, sources).error == pytest.approx(crossed_variance(once).error)
    assert crossed_variance(copied).error < 0.8 * crossed_variance(once).error


@pytest.mark.parametrize(
    ("shape", "reason"),
    [((1, 9), "one seed has no spread"), ((3, 1), "one source has no spread"), ((0, 9), "no seed")],
)
def test_what_cannot_be_told_has_a_reason(shape, reason):
    difference, test = change_of_procedure(np.ones(shape), np.zeros(shape))
    assert (difference.low, test.p, difference.reason) == (None, None, reason)


def test_equal_answers_of_all_seeds_have_no_interval():
    difference, test = change_of_procedure(np.ones((5, 8)), np.zeros((5, 8)))
    assert (difference.value, difference.low, test.p) == (1.0, None, None)
    assert difference.reason == "every seed gave the same on every row"


def test_tables_must_have_one_shape_and_finite_numbers():
    with pytest.raises(ValueError, match="one shape, got"):
        change_of_procedure(np.ones((2, 3)), np.ones((2, 4)))
    with pytest.raises(ValueError, match="finite numbers"):
        change_of_procedure(np.full((2, 3), np.nan), np.ones((2, 3)))


def test_the_smallest_effect_is_found_with_its_power():
    rng = np.random.Generator(np.random.PCG64(5))
    parts = {"of_seeds": 0.2, "of_rows": 0.8, "rest": 0.3}
    typical = np.mean(
        [smallest_effect(crossed_variance(table(rng, 8, 150, **parts))).value for _ in range(200)]
    )
    made = [table(rng, 8, 150, mean=typical, **parts) for _ in range(400)]
    power = np.mean([change_of_procedure(m, np.zeros_like(m))[1].p < 0.05 for m in made])
    assert power == pytest.approx(0.8, abs=0.08)


def test_redrawn_seeds_and_rows_agree_with_the_formula():
    rng = np.random.Generator(np.random.PCG64(6))
    made = table(rng, 40, 200, of_seeds=0.3, of_rows=0.6, rest=0.3, mean=0.2)
    difference, _ = change_of_procedure(made, np.zeros_like(made))
    low, high = pigeonhole_interval(made, seed=1)
    assert high - low == pytest.approx(difference.high - difference.low, rel=0.15)
    assert pigeonhole_interval(made, seed=1) == (low, high)
    assert pigeonhole_interval(made, seed=2) != (low, high)


@given(st.integers(2, 6), st.integers(2, 30), st.integers(0, 2**32 - 1))
def test_turning_the_order_round_turns_the_sign(seeds, rows, seed):
    rng = np.random.Generator(np.random.PCG64(seed))
    a, b = (rng.integers(0, 2, (seeds, rows)).astype(float) for _ in range(2))
    one, first = change_of_procedure(a, b)
    other, second = change_of_procedure(b, a)
    assert (one.value, first.p) == (pytest.approx(-other.value), pytest.approx(second.p))
    if one.low is not None:
        assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


def test_many_seeds_do_not_stand_for_sources():
    """Three sources that lie apart leave two degrees of freedom, whatever the number of seeds."""
    rng = np.random.default_rng(0)
    groups = np.repeat([0, 1, 2], 20)
    found = crossed_variance(rng.normal(size=(20, 60)) + np.array([0.0, 1.0, 3.0])[groups], groups)
    assert 1.9 < found.freedom < 2.5

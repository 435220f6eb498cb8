import numpy as np
import pytest

from robustft.scoring.contrast import group_change


def test_the_difference_of_two_means_has_an_interval_like_that_of_welch():
    rng = np.random.default_rng(0)
    changes, inside = rng.normal(0, 1, 400), np.arange(400) < 150
    changes[inside] += 0.5
    apart, test = group_change(changes, inside, seed=1)
    first, second = changes[inside], changes[~inside]
    assert apart.value == pytest.approx(first.mean() - second.mean())
    error = np.sqrt(first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second))
    assert apart.high - apart.low == pytest.approx(2 * 1.96 * error, rel=0.06)
    assert test.p < 0.001
    mirrored, _ = group_change(changes, ~inside, seed=1)
    assert mirrored.value == pytest.approx(-apart.value)


def test_no_difference_is_seldom_rejected():
    rejected = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        changes = rng.choice([-1.0, 0.0, 1.0], 200, p=[0.05, 0.8, 0.15])
        _, test = group_change(changes, np.arange(200) % 3 == 0, seed=seed)
        rejected += test.p < 0.05
    assert rejected <= 13  # 6 expected, standard deviation 2.4


def test_rows_of_one_source_are_resampled_together():
    rng = np.random.default_rng(2)
    changes = np.repeat(rng.normal(0, 1, 80), 5)
    inside = np.repeat(np.arange(80) % 2 == 0, 5)
    alone, _ = group_change(changes, inside, seed=1)
    shared, _ = group_change(changes, inside, seed=1, sources=np.repeat(np.arange(80), 5))
    assert shared.value == pytest.approx(alone.value)
    assert shared.high - shared.low > 1.8 * (alone.high - alone.low)
    assert shared.sources == 80


def test_one_group_has_nothing_to_differ_from():
    apart, test = group_change(np.ones(5), np.ones(5, bool), seed=0)
    assert (apart.value, apart.reason, test.p) == (None, "one group", None)


def test_two_sources_do_not_tell_two_groups_apart():
    inside = np.repeat([True, False], 40)
    changes = inside.astype(float)
    apart, test = group_change(changes, inside, sources=np.repeat([0, 1], 40), seed=0)
    assert (apart.value, apart.low, apart.high) == (1.0, None, None)
    assert test.p == 1.0


def test_a_small_group_without_a_rare_change_is_no_finding():
    changes = np.zeros(1_000)
    changes[500:520] = 1
    apart, test = group_change(changes, np.arange(1_000) < 30, seed=0)
    assert apart.value == pytest.approx(-20 / 970)
    assert (apart.low, apart.high) == (None, None)
    assert apart.reason == "all rows of one group changed alike"
    assert test.p > 0.5


def test_sources_in_both_groups_are_resampled():
    rng = np.random.default_rng(3)
    changes = rng.choice([0.0, 1.0], 400)
    _, test = group_change(changes, np.arange(400) % 2 == 0, sources=np.arange(400) // 4, seed=1)
    assert test.method == "bootstrap"


def test_a_change_a_row_is_needed():
    with pytest.raises(ValueError, match="expected a change a row"):
        group_change(np.ones(5), np.ones(4, bool), seed=0)

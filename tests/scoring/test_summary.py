"""The mean over sets and the worst set."""

from __future__ import annotations

import numpy as np
import pytest

from robustft.scoring.statistics import share, tango_interval
from robustft.scoring.summary import mean_over_sets, worst_of_sets


def sets(accuracies, n=300, seed=1):
    """Return whether rows are right in each set: versions of the same rows."""
    rng = np.random.default_rng(seed)
    easy = rng.random(n)
    return np.stack([0.6 * easy + 0.4 * rng.random(n) < a for a in accuracies])


def test_the_mean_counts_each_set_the_same():
    right = sets([0.8, 0.7, 0.5])
    found = mean_over_sets(right, seed=1)
    assert found.value == pytest.approx(right.mean())
    half = 1.96 * right.mean(0).std() / np.sqrt(300)
    assert (found.low, found.high) == pytest.approx(
        (found.value - half, found.value + half), abs=0.01
    )


def test_one_set_is_its_own_worst():
    right = sets([0.7])
    found, alone = worst_of_sets(right, seed=1), share(right[0])
    assert found.estimate.value == alone.value
    assert found.estimate.low == pytest.approx(alone.low)
    assert found.estimate.high == pytest.approx(alone.high, abs=0.01)
    assert found.chosen == (1.0,)


def test_equal_sets_pull_the_worst_down_and_the_interval_knows():
    lowest, covered = [], 0
    for seed in range(100):
        found = worst_of_sets(sets([0.7] * 8, seed=seed), seed=seed)
        truth = 0.8125  # a sum of two uniform numbers below 0.7
        lowest.append(found.estimate.value)
        covered += found.estimate.low <= truth <= found.estimate.high
    assert np.mean(lowest) < truth - 0.01
    assert covered >= 93


def test_a_set_far_below_the_others_is_the_worst_in_every_resample():
    right = sets([0.9, 0.4, 0.9])
    found = worst_of_sets(right, seed=1)
    assert found.index == 1
    assert found.chosen[1] == 1.0
    assert found.estimate.low <= right[1].mean() <= found.estimate.high
    assert found.estimate.method == "joint bounds"


def test_the_worst_drop_is_the_highest():
    right = sets([0.9, 0.8, 0.6])
    drops = right[0].astype(float) - right[1:]
    found = worst_of_sets(drops, lowest=False, kind="difference", seed=1)
    assert found.index == 1
    assert found.estimate.value == pytest.approx(drops[1].mean())
    assert found.estimate.low <= found.estimate.value <= found.estimate.high
    turned = worst_of_sets(-drops, kind="difference", seed=1)
    assert found.estimate.low == pytest.approx(-turned.estimate.high)
    assert found.difference.value == found.estimate.value


def test_losses_of_any_size_have_normal_bounds():
    rng = np.random.default_rng(7)
    losses = rng.exponential([[1.0], [2.0]], (2, 400))
    found = worst_of_sets(losses, lowest=False, seed=1)
    assert found.index == 1
    assert found.estimate.low < 2 < found.estimate.high


def test_rows_that_share_a_source_widen_it():
    right = sets([0.8, 0.75])
    five = np.repeat(np.arange(300), 5)
    once, alone = worst_of_sets(right, seed=1), worst_of_sets(right[:, five], seed=1)
    shared = worst_of_sets(right[:, five], seed=1, sources=five)
    width = [e.estimate.high - e.estimate.low for e in (once, alone, shared)]
    assert width[2] == pytest.approx(width[0], rel=0.05)
    assert width[1] < 0.6 * width[0]
    assert (shared.estimate.n, shared.estimate.sources) == (1_500, 300)
    mean = mean_over_sets(right[:, five], seed=1, sources=five)
    plain = mean_over_sets(right, seed=1)
    assert mean.high - mean.low == pytest.approx(plain.high - plain.low, rel=0.1)
    order = np.random.default_rng(6).permutation(300)
    assert worst_of_sets(right, seed=1, sources=order) == once


def test_perfect_sets_claim_no_certainty():
    found = worst_of_sets(np.ones((3, 50), bool), seed=1).estimate
    assert found.value == found.high == 1.0
    assert 0.9 < found.low < 1


@pytest.mark.parametrize("lost", [0, 5])
def test_drops_without_a_gain_have_the_bounds_of_differences(lost):
    drops = np.zeros((2, 100))
    drops[1, :lost] = 1
    found = worst_of_sets(drops, lowest=False, kind="difference", seed=1).estimate
    low, high = tango_interval(lost, 0, 100)
    assert found.value == lost / 100
    assert found.low <= max(low, -high) + 1e-9
    assert found.high >= high - 1e-9
    assert found.high > 0


def test_errors_that_never_occur_are_bounded_from_above():
    found = worst_of_sets(np.zeros((2, 50)), lowest=False, seed=1).estimate
    assert found.low == found.value == 0
    assert 0 < found.high < 0.1


def test_errors_that_are_all_the_same_have_no_interval():
    errors = np.stack([np.zeros(50), np.full(50, 0.25)])
    found = worst_of_sets(errors, lowest=False, kind="number", seed=1).estimate
    assert (found.value, found.low, found.high) == (0.25, None, None)
    assert "all rows say the same" in found.reason


def test_one_source_has_no_interval():
    found = worst_of_sets(sets([0.7, 0.8]), seed=1, sources=np.zeros(300, np.int64)).estimate
    assert (found.low, found.high) == (None, None)
    assert "share one source" in found.reason


@pytest.mark.parametrize("values", [np.zeros(5), np.zeros((0, 5)), np.full((2, 3), np.nan)])
def test_other_shapes_are_refused(values):
    with pytest.raises(ValueError, match="a finite number for each set and row"):
        worst_of_sets(values, seed=1)

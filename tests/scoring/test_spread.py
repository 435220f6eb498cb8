"""The variance split over draws and seeds, against statsmodels and made-up effects."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from robustft.scoring.spread import split_variance, variance_of_rows


def made_up(rng, draws, seeds, sd_draws, sd_seeds, sd_rest):
    return (
        0.8
        + rng.normal(0, sd_draws, draws)[:, None]
        + rng.normal(0, sd_seeds, seeds)
        + rng.normal(0, sd_rest, (draws, seeds))
    )


def test_components_follow_from_the_mean_squares_of_statsmodels():
    values = made_up(np.random.default_rng(1), 5, 4, 0.02, 0.03, 0.01)
    frame = pd.DataFrame(
        {
            "value": values.ravel(),
            "draw": np.repeat(range(5), 4),
            "seed": np.tile(range(4), 5),
        }
    )
    table = anova_lm(ols("value ~ C(draw) + C(seed)", frame).fit())
    draws, seeds, rest = table["mean_sq"]
    found = split_variance(values)
    assert found.draws.variance.value == pytest.approx((draws - rest) / 4)
    assert found.seeds.variance.value == pytest.approx((seeds - rest) / 5)
    assert found.rest.variance.value == pytest.approx(rest)
    assert found.mean.value == pytest.approx(values.mean())
    shares = [c.share for c in (found.draws, found.seeds, found.rest)]
    assert sum(shares) == pytest.approx(1)
    assert found.draws.sd == pytest.approx(np.sqrt((draws - rest) / 4))


def test_it_finds_the_variances_of_made_up_effects_on_average():
    rng = np.random.default_rng(2)
    found = [split_variance(made_up(rng, 6, 5, 0.02, 0.04, 0.01)) for _ in range(300)]
    for name, sd in [("draws", 0.02), ("seeds", 0.04), ("rest", 0.01)]:
        values = [getattr(f, name).variance.value for f in found]
        assert np.mean(values) == pytest.approx(sd**2, rel=0.15)


def test_an_estimate_below_0_is_shown_as_0_and_said():
    values = np.array([[0.1, 0.2], [0.2, 0.11]])
    found = split_variance(values).draws.variance
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high > 0
    assert "below 0, shown as 0" in found.reason
    # So far below that no variance fits: an interval from 0 to 0 would be absurd.
    none = split_variance(np.array([[0.1, 0.2], [0.2, 0.1]])).draws.variance
    assert (none.value, none.low, none.high) == (0.0, None, None)


def test_one_seed_or_one_draw_leaves_one_cause():
    values = np.array([[0.1], [0.2], [0.4]])
    found = split_variance(values)
    assert found.draws.variance.value == pytest.approx(values.var(ddof=1))
    assert found.draws.variance.reason == "holds the rest too"
    assert found.seeds.variance.value is None
    assert found.seeds.variance.reason == "one seed tells nothing about seeds"
    assert (found.rest.variance.value, found.draws.share, found.rest.sd) == (None, None, None)
    turned = split_variance(values.T)
    assert turned.seeds.variance.value == found.draws.variance.value
    assert turned.draws.variance.reason == "one draw tells nothing about draws"
    assert (found.mean.low, found.mean.high) == (turned.mean.low, turned.mean.high)
    alone = split_variance([[0.5]])
    assert (alone.mean.value, alone.mean.low, alone.draws.sd) == (0.5, None, None)


def test_the_same_value_everywhere_has_no_spread():
    found = split_variance(np.full((3, 4), 0.7))
    assert found.draws.variance.value == found.rest.variance.value == 0.0
    assert found.draws.variance.low is None
    assert (found.draws.share, found.mean.low) == (None, None)


def test_purely_additive_values_leave_no_rest():
    found = split_variance(np.array([[0.1, 0.3], [0.2, 0.4], [0.5, 0.7]]))
    assert found.rest.variance.value == 0.0
    assert found.seeds.variance.value == pytest.approx(0.02)


def test_intervals_of_spread_cover():
    """A small part of what tools/simulate_coverage.py does."""
    rng = np.random.default_rng(3)
    sds = {"draws": 0.02, "seeds": 0.02, "rest": 0.01}
    hits = dict.fromkeys(("mean", *sds), 0)
    for _ in range(400):
        found = split_variance(made_up(rng, 5, 5, *sds.values()))
        for name, sd in sds.items():
            e = getattr(found, name).variance
            hits[name] += e.low <= sd**2 <= e.high
        hits["mean"] += found.mean.low <= 0.8 <= found.mean.high
    assert min(hits.values()) / 400 >= 0.92


def test_what_other_rows_would_do():
    rng = np.random.default_rng(4)
    right = rng.random((2, 3, 500)) < 0.8
    found = variance_of_rows(right).variance
    assert found.value == pytest.approx(0.16 / 500, rel=0.1)
    assert (found.low, found.reason) == (None, "no interval is made for this variance")
    copied = np.repeat(right, 4, axis=2)
    shared = variance_of_rows(copied, sources=np.repeat(np.arange(500), 4)).variance
    assert shared.value == pytest.approx(found.value, rel=0.01)
    assert (shared.n, shared.sources) == (2_000, 500)
    assert variance_of_rows(right[:, :, :1]).variance.value is None


@pytest.mark.parametrize("values", [[0.1, 0.2], [[0.1, float("nan")]], np.zeros((0, 3))])
def test_other_shapes_and_no_numbers_are_refused(values):
    with pytest.raises(ValueError, match="one finite number a draw and seed"):
        split_variance(values)
    with pytest.raises(ValueError, match="one finite number a draw, seed and row"):
        variance_of_rows(np.asarray(values))

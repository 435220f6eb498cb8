from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from robustft.scoring.power import mcnemar_power, rows_to_settle, smallest_change
from robustft.scoring.statistics import Difference, accuracy_change


def difference(*, value=0.0, low=-0.02, high=0.02, n=1_000, first_only=None, second_only=None):
    return Difference(
        value=value,
        low=low,
        high=high,
        level=0.95,
        method="tango",
        n=n,
        first_only=first_only,
        second_only=second_only,
    )


@pytest.mark.parametrize(
    ("n", "change", "discordance"),
    [(200, 0.05, 0.06), (1_000, 0.03, 0.08), (1_000, 0.0, 0.1), (5_000, 0.02, 0.2)],
)
def test_power_agrees_with_simulation(n, change, discordance):
    rng = np.random.default_rng(7)
    pairs = rng.binomial(n, discordance, size=40_000)
    lost = rng.binomial(pairs, (discordance + change) / (2 * discordance))
    p = 2 * stats.binom.cdf(np.minimum(lost, pairs - lost), pairs, 0.5)
    assert mcnemar_power(n, change, discordance) == pytest.approx((p <= 0.05).mean(), abs=0.01)


def test_power_of_no_discordance_is_none():
    assert mcnemar_power(100, 0.0, 0.0) == 0.0


def test_power_refuses_a_change_beyond_the_discordance():
    with pytest.raises(ValueError, match="expected 0 <= change <= discordance"):
        mcnemar_power(100, 0.2, 0.1)


@pytest.mark.parametrize(("n", "each"), [(200, 4), (1_000, 30), (25_000, 900)])
def test_the_smallest_change_has_the_power_it_claims(n, each):
    found = smallest_change(difference(n=n, first_only=each, second_only=each))
    assert found.discordance == pytest.approx(2 * each / n)
    assert mcnemar_power(n, found.value, found.discordance) == pytest.approx(0.8, abs=0.01)


def test_shared_sources_cost_rows():
    shared = replace(difference(n=2_000, first_only=60, second_only=60), design_effect=2.0)
    found = smallest_change(shared)
    alone = smallest_change(difference(n=1_000, first_only=30, second_only=30))
    assert found.value == alone.value
    assert (found.n, found.design_effect) == (2_000, 2.0)
    assert found.method == "mcnemar, effective rows"


def test_the_assumed_discordance_is_never_below_the_change():
    found = smallest_change(difference(n=100, first_only=0, second_only=0))
    assert found.discordance == found.value > 0.05


def test_too_few_rows_can_show_nothing():
    assert smallest_change(difference(n=4, first_only=0, second_only=1)).value is None
    assert smallest_change(difference(value=None, low=None, high=None, n=0)).value is None


def test_other_metrics_use_the_width_of_the_interval():
    found = smallest_change(difference(low=-1.96, high=1.96))
    assert found.value == pytest.approx(1.96 + 0.8416, abs=1e-3)
    assert (found.discordance, found.method) == (None, "normal approximation")


def test_rows_to_settle_a_limit():
    near = difference(value=0.04, low=0.02, high=0.06)
    assert rows_to_settle(near, 0.03) == 4_000
    assert rows_to_settle(near, 0.05) == 4_000
    assert rows_to_settle(near, 0.04) is None
    assert rows_to_settle(difference(value=None, low=None, high=None), 0.04) is None


@pytest.mark.parametrize(("sources", "shows"), [(5, False), (6, True)])
def test_of_few_sources_no_change_is_shown(sources, shows):
    first = np.ones(600, bool)
    second = np.arange(600) % 10 > 0
    change = accuracy_change(first, second, sources=np.arange(600) % sources)
    assert (smallest_change(change).value is not None) == shows

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustft.training.schedules import warmup_linear


def test_it_rises_over_the_warm_up_and_falls_to_zero():
    factors = [warmup_linear(step, 10, 0.2) for step in range(11)]
    assert factors[:3] == [0.5, 1.0, 1.0]
    assert factors[3:] == pytest.approx([i / 8 for i in range(7, -1, -1)])


@given(st.integers(1, 500), st.floats(0, 1))
def test_every_step_learns_and_none_exceeds_the_peak(total, warmup):
    factors = [warmup_linear(step, total, warmup) for step in range(total)]
    assert all(0 < factor <= 1 for factor in factors)
    peak = factors.index(max(factors))
    assert factors[:peak] == sorted(factors[:peak])
    assert factors[peak:] == sorted(factors[peak:], reverse=True)

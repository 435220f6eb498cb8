import math
import warnings
from typing import get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from robustft.training.arguments import Schedule
from robustft.training.schedules import (
    SCHEDULES,
    constant,
    cosine,
    cyclical,
    learning_rate_factor,
    one_cycle,
    slanted_triangular,
    warm_restarts,
    warmup_linear,
)

TOTAL = 56


def rates(make, steps=TOTAL):
    """The rates that a scheduler of torch gives to an optimizer with a rate of 1."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = make(optimizer)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one step too many at the end
            if len(found) < steps:
                scheduler.step()
    return found


def ours(function, total=TOTAL, *rest):
    return [function(step, total, *rest) for step in range(total)]


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


@given(st.sampled_from(SCHEDULES), st.integers(1, 400), st.floats(0, 1))
def test_a_factor_lies_between_none_and_all_and_some_step_learns(schedule, total, warmup):
    factors = [learning_rate_factor(schedule, step, total, warmup) for step in range(total)]
    assert all(0 <= factor <= 1 for factor in factors)
    assert max(factors) > 0.03


@given(st.sampled_from(SCHEDULES), st.integers(20, 400))
def test_the_peak_is_reached_nearly(schedule, total):
    factors = [learning_rate_factor(schedule, step, total, 0.1) for step in range(total)]
    assert max(factors) > 0.8


def test_the_names_are_those_of_the_arguments():
    assert set(SCHEDULES) == set(get_args(Schedule))
    for name, function in (("linear", warmup_linear), ("cosine", cosine), ("constant", constant)):
        assert learning_rate_factor(name, 3, 20, 0.2) == function(3, 20, 0.2)


def test_linear_and_constant_are_as_torch_has_them():
    falling = rates(lambda o: lr_scheduler.LinearLR(o, 1.0, 1e-12, total_iters=TOTAL))
    assert ours(warmup_linear, TOTAL, 0.0) == pytest.approx(falling, abs=1e-9)
    warm = rates(lambda o: lr_scheduler.LinearLR(o, 1 / 14, 1.0, total_iters=13))
    assert ours(constant, TOTAL, 0.25) == pytest.approx(warm)


def test_cosine_is_as_torch_has_it():
    falling = rates(lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=TOTAL))
    assert ours(cosine, TOTAL, 0.0) == pytest.approx(falling, abs=1e-12)
    assert ours(cosine, TOTAL, 0.25)[14:] == pytest.approx(ours(cosine, 42, 0.0))


def test_one_cycle_is_as_torch_has_it():
    cycle = rates(lambda o: lr_scheduler.OneCycleLR(o, 1.0, TOTAL, cycle_momentum=False))
    assert ours(one_cycle) == pytest.approx(cycle, abs=1e-12)


def test_triangles_are_as_torch_has_them():
    triangles = rates(
        lambda o: lr_scheduler.CyclicLR(o, 0.25, 1.0, step_size_up=7, cycle_momentum=False)
    )
    assert ours(cyclical) == pytest.approx(triangles)


@pytest.mark.parametrize("total", [56, 50])
def test_warm_restarts_are_as_torch_has_them(total):
    falls = rates(
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, T_0=8, T_mult=2), steps=total
    )
    assert ours(warm_restarts, total) == pytest.approx(falls, abs=1e-12)
    assert [step for step, x in enumerate(ours(warm_restarts, total)) if x == 1] == [0, 8, 24]


def test_the_slanted_triangle_is_the_papers_formula():
    total, fraction, ratio = 200, 0.1, 32
    cut = math.floor(total * fraction)
    for step in range(total):
        p = step / cut if step < cut else 1 - (step - cut) / (cut * (1 / fraction - 1))
        paper = (1 + p * (ratio - 1)) / ratio
        assert slanted_triangular(step, total) == pytest.approx(paper)

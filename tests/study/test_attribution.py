import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from robustft.study.attribution import integrated_gradients


def network(seed, width):
    generator = torch.Generator().manual_seed(seed)
    first = torch.randn(width, 8, generator=generator, dtype=torch.float64)
    second = torch.randn(8, generator=generator, dtype=torch.float64)
    return lambda x: torch.nn.functional.gelu(x @ first) @ second


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 5))
@settings(max_examples=30)
def test_attributions_sum_to_the_change_of_the_function(seed, width, rows):
    function = network(seed, width)
    generator = torch.Generator().manual_seed(seed + 1)
    inputs = torch.randn(rows, width, generator=generator, dtype=torch.float64)
    baseline = torch.randn(width, generator=generator, dtype=torch.float64)
    found = integrated_gradients(function, inputs, baseline, steps=48)
    change = function(inputs) - function(baseline[None])
    assert found.sum(1).numpy() == pytest.approx(change.numpy(), abs=1e-4)


def test_a_linear_function_is_attributed_exactly():
    weights = torch.tensor([2.0, -1.0, 0.0])
    inputs = torch.tensor([[1.0, 3.0, 5.0], [0.0, 0.0, 0.0]])
    found = integrated_gradients(lambda x: x @ weights, inputs, torch.zeros(3), steps=1)
    assert found.tolist() == [[2.0, -3.0, 0.0], [0.0, 0.0, 0.0]]


def test_a_cubic_is_integrated_without_error_by_two_steps():
    inputs = torch.tensor([[3.0]], dtype=torch.float64)
    baseline = torch.ones(1, dtype=torch.float64)
    found = integrated_gradients(lambda x: (x**3).sum(1), inputs, baseline, steps=2)
    assert found.item() == pytest.approx(26.0, abs=1e-12)

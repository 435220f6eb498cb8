"""A public function takes what the maker of its plan takes, and means the same by it."""

from __future__ import annotations

import inspect

import pytest

from robustft.evaluation.assertion import assert_robust, check_robust
from robustft.evaluation.attack.plan import make_attack
from robustft.evaluation.attack.run import attack
from robustft.evaluation.evaluate import evaluate
from robustft.evaluation.plan import make_evaluation


def facts(function):
    parameters = inspect.signature(function).parameters.values()
    return {p.name: (p.default, p.annotation) for p in parameters if p.name != "columns"}


@pytest.mark.parametrize(("public", "maker"), [(evaluate, make_evaluation), (attack, make_attack)])
def test_what_shapes_a_plan_is_taken_by_both(public, maker):
    assert facts(maker).items() <= facts(public).items()


def test_asserting_and_checking_mean_the_same_by_an_option():
    asserted, checked = facts(assert_robust), facts(check_robust)
    both = set(asserted) & set(checked)
    assert len(both) >= 10
    assert {name: asserted[name] for name in both} == {name: checked[name] for name in both}
    assert set(asserted) - both == {"strict", "settings"}

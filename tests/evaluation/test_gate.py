"""Checks against limits: by the interval, alone and as a family."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustft.errors import UsageError
from robustft.evaluation.checks import Measured, verdicts
from robustft.evaluation.gate import Gate, Limit, Limits, judge_gate
from robustft.evaluation.results import (
    Cell,
    ModelFacts,
    Pair,
    RobustnessResult,
    SetFacts,
)
from robustft.scoring.statistics import Difference, Estimate, accuracy_change

N = 500


def difference(value, low, high, n=N, **more):
    return Difference(value=value, low=low, high=high, level=0.95, method="tango", n=n, **more)


def measured(value, low, high, limit=0.03, **more):
    facts = {"model": "m", "set": "mix", "quantity": "drop", "metric": "accuracy"} | more
    return Measured(badness=difference(value, low, high), limit=limit, **facts)


def share(value, half=0.03):
    return Estimate(
        value=value, low=value - half, high=value + half, level=0.95, method="wilson", n=N
    )


def result(drops, models=("m",), **more):
    """Return a result of sets with drops of an interval four points wide."""
    names = ["original", *drops]
    cells = [
        Cell(
            model=model,
            set=name,
            metrics={"accuracy": share(0.9 - drops.get(name, 0.0))},
            truncated=0.0,
            drop=None
            if name == "original"
            else {"accuracy": difference(drops[name], drops[name] - 0.02, drops[name] + 0.02)},
        )
        for model in models
        for name in names
    ]
    kinds = {"original": "original", "mix": "mix"}
    return RobustnessResult(
        task={"type": "classification", "label_names": ["neg", "pos"], "label_kind": "sentiment"},
        models=tuple(ModelFacts(name=model) for model in models),
        sets=tuple(
            SetFacts(name=name, kind=kinds.get(name, "single"), rows=N, spec=name) for name in names
        ),
        cells=tuple(cells),
        mix="mix",
        **more,
    )


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (0.031, 0.06, "failed"),
        (0.03, 0.06, "inconclusive"),  # the bound is met, not passed
        (0.01, 0.05, "inconclusive"),
        (0.01, 0.03, "passed"),
        (-0.02, 0.01, "passed"),
    ],
)
def test_the_interval_decides(low, high, outcome):
    (check,) = verdicts([measured((low + high) / 2, low, high)])
    assert check.outcome == outcome
    assert f"limit 3.0 points: {outcome}" in check.sentence


@given(
    st.integers(1, 400),
    st.integers(0, 400),
    st.integers(0, 400),
    st.floats(0, 1, allow_nan=False),
)
def test_one_check_fails_just_when_the_lower_bound_is_above(both, first, second, limit):
    hits = np.repeat([[1, 1], [1, 0], [0, 1]], [both, first, second], axis=0).astype(bool)
    drop = accuracy_change(hits[:, 0], hits[:, 1])
    (check,) = verdicts([replace(measured(0, 0, 0, limit), badness=drop)])
    wanted = "failed" if drop.low > limit else "passed" if drop.high <= limit else "inconclusive"
    assert check.outcome == wanted


def test_failing_is_corrected_for_the_number_of_checks_and_passing_is_not():
    # Alone, the first is above the limit; as one of eight it might be so by chance.
    barely, clear, good = (
        measured(0.051, 0.031, 0.071),
        measured(0.09, 0.07, 0.11),
        measured(0.0, -0.02, 0.02),
    )
    assert verdicts([barely])[0].outcome == "failed"
    found = verdicts([barely] + [good] * 7)
    assert [c.outcome for c in found] == ["inconclusive"] + ["passed"] * 7
    assert "beyond the limit, but not after Holm's correction for 8 checks" in found[0].sentence
    assert found[0].needed > N
    found = verdicts([barely, clear] + [good] * 6)
    assert found[1].outcome == "failed"
    assert "after Holm's correction for 8 checks" in found[1].sentence


def test_holm_lets_go_of_a_check_with_each_one_that_fails():
    barely, clear = measured(0.051, 0.031, 0.071), measured(0.09, 0.07, 0.11)
    assert [c.outcome for c in verdicts([barely, clear])] == ["failed", "failed"]
    assert [c.outcome for c in verdicts([barely, measured(0, -0.02, 0.02)])] == [
        "inconclusive",
        "passed",
    ]


def test_a_family_of_met_limits_rarely_fails():
    """Each drop is the limit itself: of 20 checks together at most 2.5 % fail, give or take."""
    rng = np.random.default_rng(5)
    families, size, rows, drop = 1_000, 20, 400, 0.05
    discordant = rng.multinomial(rows, [0.075, 0.025, 0.9], (families, size))
    failed = 0
    for family in discordant:
        checks = []
        for first, second, _ in family:
            value = (first - second) / rows
            half = 1.96 * np.sqrt((first + second) / rows - value**2) / np.sqrt(rows)
            checks.append(measured(value, value - half, value + half, drop))
        failed += any(check.outcome == "failed" for check in verdicts(checks))
    error = np.sqrt(0.025 * 0.975 / families)
    assert failed / families <= 0.025 + 3 * error


def test_what_would_settle_it_is_said():
    (check,) = verdicts([measured(0.02, 0.0, 0.04)])
    # The upper half is .02 and has to shrink to .01: four times the rows.
    assert check.needed == 2_000
    assert (
        "about 2,000 rows would settle it, if the drop stays as it is (now 500)" in check.sentence
    )
    (check,) = verdicts([measured(0.03, 0.0, 0.04)])
    assert check.needed is None
    assert "no number of rows would settle it, the drop being the limit itself" in check.sentence
    (check,) = verdicts([measured(0.029999, 0.0, 0.06)])
    assert "more than 10,000,000 rows" in check.sentence


def test_nothing_changed_is_nothing_tested():
    (check,) = verdicts([measured(0.0, -0.01, 0.01, void="no text of it was changed")])
    assert check.outcome == "inconclusive"
    assert check.sentence.endswith("inconclusive; no text of it was changed")


def test_no_interval_settles_nothing():
    number = replace(measured(0, 0, 0), badness=difference(None, None, None, reason="no rows"))
    (check,) = verdicts([number])
    assert (check.outcome, check.value) == ("inconclusive", None)
    assert check.sentence.endswith(
        "(no interval: no rows), limit 3.0 points: inconclusive; no rows"
    )


def test_the_mix_is_judged_unless_more_is_asked():
    found = result({"typos": 0.1, "casing": 0.0, "mix": 0.01})
    assert judge_gate(found, 0.03).outcome == "passed"
    gate = judge_gate(found, Limits.of(0.03, on="all"))
    assert [(c.set, c.outcome) for c in gate.checks] == [
        ("typos", "failed"), ("casing", "passed"), ("mix", "passed"),
    ]  # fmt: skip
    assert gate.outcome == "failed"
    assert gate.lines()[-1] == "gate: failed (1 failed, 2 passed of 3 checks)"
    assert gate.sentence == gate.checks[0].sentence
    assert [c.set for c in judge_gate(found, Limits.of(0.03, on="mix, typos")).checks] == [
        "typos",
        "mix",
    ]


def test_a_set_may_have_a_limit_of_its_own():
    found = result({"typos": 0.1, "casing": 0.0, "mix": 0.01})
    gate = judge_gate(found, Limits.of("0.03,typos=0.2"))
    assert [(c.set, c.limit) for c in gate.checks] == [("typos", 0.2), ("mix", 0.03)]
    gate = judge_gate(found, Limits.of({"casing": 0.05}))
    assert [(c.set, c.limit) for c in gate.checks] == [("casing", 0.05)]


def test_a_least_accuracy():
    found = result({"typos": 0.1, "mix": 0.0})
    gate = judge_gate(found, Limits.of(None, "0.85,typos=0.9"))
    assert [(c.set, c.outcome) for c in gate.checks] == [("typos", "failed"), ("mix", "passed")]
    assert (gate.checks[0].value, gate.checks[0].limit) == (0.8, 0.9)
    assert gate.checks[0].low < gate.checks[0].value < gate.checks[0].high
    sentence = (
        "has an accuracy of 80.0 % (95% interval 77.0 to 83.0), at least 90.0 % asked: failed"
    )
    assert sentence in gate.checks[0].sentence
    assert judge_gate(found, Limits.of(None, {"original": 0.5})).checks[0].set == "original"


def test_of_a_pair_the_augmented_model_is_judged_and_of_several_each():
    found = result({"mix": 0.1}, models=("a", "b"))
    assert [c.model for c in judge_gate(found, 0.03).checks] == ["a", "b"]
    pair = Pair(clean="a", augmented="b", cells=())
    assert [c.model for c in judge_gate(replace(found, pair=pair), 0.03).checks] == ["b"]


def test_a_label_kind_that_nobody_checked_is_said():
    found = result({"mix": 0.1})
    found = replace(found, task={"type": "classification"})
    assert "limit 3.0 points (label kind not checked): failed" in judge_gate(found, 0.03).sentence


def test_a_set_without_a_change_cannot_pass():
    found = result({"mix": 0.0})
    idle = replace(found.sets[1], unchanged_share=0.75, rejected_share=0.25)
    gate = judge_gate(replace(found, sets=(found.sets[0], idle)), 0.03)
    assert gate.outcome == "inconclusive"
    assert "no text of it was changed, so nothing was tested" in gate.sentence


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits.of("3"), "--max-drop: expected a share from 0 to 1 .* got 3"),
        (Limits.of("0.1,typo=0.2"), "got 'typo'; did you mean 'typos'"),
        (Limits.of("0.1", on="typo"), "expected sets of original, typos, mix, got 'typo'"),
        (Limits.of("original=0.1"), "expected transformed sets, got 'original'"),
        (Limits(), "expected something to judge"),
    ],
)
def test_limits_that_cannot_be_judged(limits, message):
    with pytest.raises(UsageError, match=message):
        judge_gate(result({"typos": 0.1, "mix": 0.0}), limits)


@pytest.mark.parametrize("given", ["much", "-0.1", "nan", "inf", "typos=", "0.1,0.2", ""])
def test_a_limit_is_a_number(given):
    with pytest.raises(UsageError, match="--max-drop: expected"):
        Limits.of(given)


def test_a_least_accuracy_is_of_classes():
    found = replace(result({"mix": 0.0}), task={"type": "regression"})
    with pytest.raises(UsageError, match="--min-accuracy: expected classes to tell apart, got mse"):
        judge_gate(found, Limits.of(None, 0.9))


def test_a_squared_error_may_rise_by_more_than_one():
    Limits(Limit(40.0)).check(result({"mix": 0.0}).sets, "mix", "mse")


def test_exit_codes_and_json():
    failed, unsure, passed = (
        Gate(verdicts([number]))
        for number in (
            measured(0.06, 0.05, 0.07), measured(0.03, 0.01, 0.05), measured(0, -0.01, 0.01),
        )
    )  # fmt: skip
    assert [g.exit_code(strict=False) for g in (failed, unsure, passed)] == [1, 0, 0]
    assert [g.exit_code(strict=True) for g in (failed, unsure, passed)] == [1, 3, 0]
    plain = failed.to_dict()
    assert plain["outcome"] == "failed"
    assert plain["reason"] == plain["checks"][0]["sentence"]

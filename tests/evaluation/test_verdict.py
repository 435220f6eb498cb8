from dataclasses import replace

import pytest

from robustft.evaluation.results import (
    Cell,
    ModelFacts,
    Pair,
    PairCell,
    RobustnessResult,
    SetFacts,
    SharedWords,
)
from robustft.evaluation.verdict import amount, judge, p_text
from robustft.scoring.power import Detectable
from robustft.scoring.statistics import Difference, Estimate
from robustft.scoring.statistics import Test as Outcome

CLEAN = ModelFacts(name="c", role="clean")
AUGMENTED = ModelFacts(name="a", role="augmented", augmented_rows=5_000)
DETECTABLE = Detectable(value=0.02, power=0.8, discordance=0.05, n=900, method="mcnemar exact")
WON = Estimate(value=0.6, low=0.4, high=0.8, level=0.95, method="bca", n=900)


def change(value, low, high):
    return Difference(value=value, low=low, high=high, level=0.95, method="tango", n=900)


def outcome(p):
    return Outcome(p=p, method="mcnemar exact", statistic=1.0, n=20)


def estimate(value):
    return Estimate(value=value, low=None, high=None, level=0.95, method="wilson", n=900)


def make(
    *,
    drop=(0.08, 0.06, 0.1, 1e-9),
    gain=(0.05, 0.03, 0.07, 1e-6),
    loss=(0.0, -0.004, 0.004, 1.0),
    smaller=(0.04, 0.02, 0.06, 0.001),
    kind="sentiment",
    **facts,
):
    """Return a result with a given drop of the clean model, gain on the mix, loss on original."""

    def cell(model, name, seen=None):
        shown = None if seen is None else {"accuracy": change(*seen[:3])}
        return Cell(
            model=model,
            set=name,
            metrics={"accuracy": estimate(0.9)},
            truncated=0.0,
            drop=shown,
            test=None if seen is None else outcome(seen[3]),
            detectable=None if seen is None else DETECTABLE,
        )

    def pair_cell(name, seen):
        return PairCell(
            set=name,
            gain={"accuracy": change(*seen[:3])},
            test=outcome(seen[3]),
            detectable=DETECTABLE,
        )

    mix = SetFacts(name="mix", kind="mix", rows=900)
    return RobustnessResult(
        task={"type": "classification", **({"label_kind": kind} if kind else {})},
        models=(CLEAN, AUGMENTED),
        sets=(SetFacts(name="original", kind="original", rows=900), replace(mix, **facts)),
        cells=(
            cell("c", "original"),
            cell("c", "mix", drop),
            cell("a", "original"),
            cell("a", "mix", (0.01, 0.005, 0.02, 0.001)),
        ),
        mix="mix",
        pair=Pair(
            clean="c",
            augmented="a",
            cells=(
                pair_cell("original", (-loss[0], -loss[2], -loss[1], loss[3])),
                pair_cell("mix", gain),
            ),
            won_back=WON,
            smaller_drop=change(*smaller[:3]),
            smaller_drop_test=outcome(smaller[3]),
        ),
    )


def answer(result, start):
    found = [a for a in judge(result).answers if a.question.startswith(start)]
    assert len(found) == 1
    return found[0]


def test_a_clear_gain_is_a_yes_about_these_two_models():
    found = answer(make(), "Does this augmented model beat")
    assert found.answer == "yes"
    assert found.sentence == (
        "This augmented model beats this clean one on transformed text (mix): yes, by 5.0 points "
        "(95% interval 3.0 to 7.0; p < 0.0001). It wins back 60% of what the clean one loses "
        "(95% interval 40% to 80%)."
    )


def test_a_clear_loss_is_a_no():
    found = answer(make(gain=(-0.03, -0.05, -0.01, 0.004)), "Does this augmented model beat")
    assert found.answer == "no"
    assert "no, it is worse by 3.0 points (95% interval 1.0 to 5.0; p = 0.004)" in found.sentence


@pytest.mark.parametrize(
    "gain",
    [
        (0.01, -0.005, 0.025, 0.2),
        (0.02, 0.001, 0.04, 0.051),  # the interval excludes 0, the exact test does not
        (0.0, None, None, 1.0),
    ],
)
def test_else_it_cannot_be_told_and_the_smallest_visible_gain_is_named(gain):
    found = answer(make(gain=gain), "Does this augmented model beat")
    assert found.answer == "cannot tell"
    assert "cannot tell; the gain is" in found.sentence
    assert "With 900 rows, a difference below 2.0 points would mostly go unseen (80% power" in (
        found.sentence
    )
    assert "if 5.0% of the rows change sides" in found.sentence


@pytest.mark.parametrize(
    ("smaller", "expected", "words"),
    [
        ((0.04, 0.02, 0.06, 0.001), "yes", "yes, by 4.0 points"),
        ((-0.04, -0.06, -0.02, 0.001), "no", "no, it drops more by 4.0 points"),
        ((0.005, -0.02, 0.03, 0.7), "cannot tell", "below 3.6 points would mostly go unseen (80%"),
    ],
)
def test_a_smaller_drop_is_told_from_being_better_everywhere(smaller, expected, words):
    found = answer(make(smaller=smaller), "Does the augmented model drop less")
    assert found.answer == expected
    assert words in found.sentence


@pytest.mark.parametrize(
    ("loss", "expected", "words"),
    [
        ((0.03, 0.01, 0.05, 0.004), "yes", "yes, by 3.0 points (95% interval 1.0 to 5.0"),
        ((-0.03, -0.05, -0.01, 0.004), "no", "no, it is better by 3.0 points"),
        ((0.0, -0.004, 0.004, 1.0), "no", "no; a loss of 1.0 points or more is ruled out"),
        ((0.005, -0.01, 0.02, 0.5), "cannot tell", "cannot tell; the loss is +0.5 points"),
    ],
)
def test_whether_the_original_test_is_hurt(loss, expected, words):
    found = answer(make(loss=loss), "Is the augmented model worse")
    assert found.answer == expected
    assert words in found.sentence


@pytest.mark.parametrize(
    ("drop", "expected"),
    [
        ((0.08, 0.06, 0.1, 1e-9), "yes"),
        ((-0.02, -0.03, -0.01, 0.001), "no"),
        ((0.001, -0.002, 0.004, 0.6), "no"),
        ((0.01, -0.005, 0.03, 0.3), "cannot tell"),
    ],
)
def test_whether_a_model_does_worse_on_transformed_text(drop, expected):
    assert answer(make(drop=drop), "Does the clean model do worse").answer == expected


def test_too_few_rows_are_called_too_few():
    result = make(gain=(0.0, -0.5, 0.5, 1.0))
    nothing = replace(DETECTABLE, value=None)
    cells = tuple(replace(c, detectable=nothing) for c in result.pair.cells)
    found = answer(replace(result, pair=replace(result.pair, cells=cells)), "Does this augmented")
    assert "900 rows are too few to show any difference" in found.sentence


def test_no_sentence_says_that_augmentation_helps():
    verdict = judge(make(), ["a remark"])
    words = " ".join([*(a.sentence for a in verdict.answers), *verdict.caveats]).lower()
    assert "augmentation helps" not in words
    assert "one training seed each: this compares two models, not two ways of training" in words
    assert "5,000 more rows" in words
    assert verdict.caveats[-1] == "a remark"


def test_an_unknown_label_kind_is_said():
    assert not any("Label kind" in c for c in judge(make()).caveats)
    said = judge(make(kind=None)).caveats
    assert "Label kind not checked: name it with --label-kind." in said


def test_shared_replacement_words_are_said():
    result = replace(make(), shared_words=SharedWords(test=200, shared=30))
    assert any("Of the 200 words" in c and "30 (15%)" in c for c in judge(result).caveats)
    assert SharedWords(test=0, shared=0).share == 0.0


def test_rows_left_as_they_were_are_said():
    assert any(
        "Rows as they were hide a part of the drop: mix 50%." in c
        for c in judge(make(unchanged_share=0.5)).caveats
    )


def test_without_a_pair_there_are_only_drops():
    verdict = judge(replace(make(), pair=None))
    assert [a.answer for a in verdict.answers] == ["yes", "yes"]


def test_without_transformed_text_only_the_original_is_judged():
    verdict = judge(replace(make(), mix=None))
    assert [a.question for a in verdict.answers] == [
        "Is the augmented model worse on the original test?"
    ]


def test_numbers_in_words():
    assert amount(-0.0123, "accuracy") == "1.2 points"
    assert amount(0.4567, "mse") == "0.457 (mean squared error)"
    assert p_text(outcome(0.00001)) == "p < 0.0001"
    assert p_text(outcome(0.0347)) == "p = 0.035"
    assert p_text(outcome(None)) == "no test"

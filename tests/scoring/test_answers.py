import collections
import re
import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.translate.bleu_score import SmoothingFunction, corpus_bleu

from robustft.scoring.answers import (
    ANSWER_METRICS,
    answer_metrics,
    answer_notes,
    answer_scores,
    answer_words,
    exact_and_f1,
    score_answers,
)
from robustft.seeding import Draw, fold_in

WORDS = (
    "the a an The theatre Denver Broncos $12 1,843 don't U.S. état naïve co-op (oil) “quoted” "
    "Straße İstanbul — the, an. 北京 A, re-enter anthem"
).split()


def official(prediction, golds):
    """Exact match and F1 as SQuAD 1.1 defines them, written from its description."""

    def words(text):
        kept = "".join(c for c in text.lower() if c not in string.punctuation)
        return " ".join(re.sub(r"\b(a|an|the)\b", " ", kept).split()).split(" ")

    def f1(gold):
        said, meant = [w for w in words(prediction) if w], [w for w in words(gold) if w]
        common = sum((collections.Counter(said) & collections.Counter(meant)).values())
        if common == 0:
            return 0.0
        precision, recall = common / len(said), common / len(meant)
        return 2 * precision * recall / (precision + recall)

    return (
        float(max(words(prediction) == words(gold) for gold in golds)),
        max(f1(gold) for gold in golds),
    )


def made_up(number):
    """A prediction and one to four gold answers, often alike, with all that is normalised away."""
    draw = Draw(fold_in(0, "answers", number))

    def text():
        return " ".join(draw.choice(WORDS) for _ in range(1 + draw.integers(5)))

    golds = [text() for _ in range(1 + draw.integers(4))]
    near = golds[draw.integers(len(golds))]
    prediction = [near, near.upper(), f"the {near}.", near.split()[0], f"{near} {text()}", text()][
        draw.integers(6)
    ]
    return prediction, golds


@pytest.fixture(scope="module")
def rows():
    return [made_up(number) for number in range(600)]


def test_exact_match_and_f1_are_the_official_ones(rows):
    for prediction, golds in rows:
        assert exact_and_f1(prediction, golds) == pytest.approx(official(prediction, golds))
    exact = [exact_and_f1(*row)[0] for row in rows]
    assert 0.3 < np.mean(exact) < 0.8  # the rows tell right from wrong


@given(st.text(max_size=20), st.lists(st.text(max_size=20), min_size=1, max_size=3))
def test_exact_match_and_f1_are_the_official_ones_on_any_text(prediction, golds):
    assert exact_and_f1(prediction, golds) == pytest.approx(official(prediction, golds))


@pytest.mark.parametrize(
    ("prediction", "golds", "expected"),
    [
        ("the Broncos", ["Denver Broncos", "Broncos!"], (1, 1)),
        ("Denver", ["Denver Broncos"], (0, 2 / 3)),
        ("", ["Denver"], (0, 0)),
        ("a", ["the"], (1, 0)),  # nothing is left of either, and nothing is in common
        ("", [], (1, 1)),
        ("Denver", [], (0, 0)),
    ],
)
def test_hand_made_answers(prediction, golds, expected):
    assert exact_and_f1(prediction, golds) == pytest.approx(expected)


def test_means_over_the_rows(rows):
    scores = answer_scores([p for p, _ in rows], [g for _, g in rows])
    expected = np.mean([official(*row) for row in rows], axis=0)
    assert [scores["exact_match"], scores["f1"]] == pytest.approx(expected)


@pytest.mark.parametrize("part", [slice(0, 600), slice(0, 7), slice(30, 31)])
def test_bleu_is_that_of_nltk(rows, part):
    some = rows[part]
    scores = score_answers([p for p, _ in some], [g for _, g in some])
    expected = corpus_bleu(
        [[answer_words(gold) for gold in golds] for _, golds in some],
        [answer_words(prediction) for prediction, _ in some],
        smoothing_function=SmoothingFunction().method1,
    )
    assert scores.bleu == pytest.approx(expected)


def test_bleu_of_nothing_in_common_is_0_and_of_no_gold_none():
    assert score_answers(["x", ""], [["y"], ["z"]]).bleu == 0
    assert score_answers(["x"], [[]]).bleu is None


def test_meteor_and_rouge_take_the_best_gold_answer():
    scores = score_answers(["running fast"], [["walks", "runs fast"]])
    # One of two words in common by letters; METEOR takes the stem for the other.
    assert scores.rouge_l[0] == pytest.approx(0.5)
    # All match, in one chunk of two words: 1 - 0.5 * (1 / 2) ** 3.
    assert scores.meteor[0] == pytest.approx(1 - 0.5 / 8)
    assert score_answers(["x"], [["y"]]).meteor[0] == 0


def test_rows_without_gold_answers_are_right_when_empty():
    scores = score_answers(["", "x", "x"], [[], [], ["x"]])
    for values in (scores.exact_match, scores.f1, scores.rouge_l):
        assert values.tolist() == [1, 0, 1]
    assert not scores.bleu_counts[:2].any()


def test_intervals_hold_their_values_and_repeat(rows):
    scores = score_answers([p for p, _ in rows], [g for _, g in rows])
    metrics = answer_metrics(scores, seed=3)
    assert tuple(metrics) == ANSWER_METRICS
    means = [scores.exact_match, scores.f1, scores.bleu, scores.meteor, scores.rouge_l]
    for estimate, values in zip(metrics.values(), means, strict=True):
        assert estimate.value == pytest.approx(np.mean(values))
        assert 0 <= estimate.low < estimate.value < estimate.high <= 1
        assert estimate.n == 600
    assert metrics["exact_match"].method == "wilson"
    assert metrics["bleu"].method == "bca"
    order = np.random.default_rng(0).permutation(600)
    shuffled = score_answers([rows[i][0] for i in order], [rows[i][1] for i in order])
    assert answer_metrics(shuffled, seed=3) == metrics


def test_no_rows_have_no_metrics():
    metrics = answer_metrics(score_answers([], []), seed=0)
    assert {estimate.value for estimate in metrics.values()} == {None}


def test_every_measure_says_how_it_is_defined():
    notes = answer_notes()
    assert tuple(notes) == ANSWER_METRICS
    assert "smoothing method1" in notes["bleu"]
    assert "WordNet" in notes["meteor"]
    assert "F-measure" in notes["rouge_l"]

"""Objects as models: what they may answer, and what is refused."""

from types import SimpleNamespace

import numpy as np
import pytest

from robustft.data.task import Task, TaskType
from robustft.errors import ModelError
from robustft.evaluation.objects import ObjectModel, name_of

TASK = Task(label_names=("neg", "pos"))
TEXTS = ["one", "two", "one"]
CODES = [0, 1, 0]


def asked(answer):
    """Return what a model says that gives `answer` for the two distinct texts."""
    return ObjectModel(lambda _texts: answer, TASK).predict(TEXTS)


@pytest.mark.parametrize(
    "answer",
    [
        ["neg", "pos"],
        ["NEG", "Pos"],
        [0, 1],
        [False, True],
        [0.0, 1.0],
        ["LABEL_0", "LABEL_1"],
        np.array(["neg", "pos"]),
        np.array([0, 1]),
        np.array([0, 1], dtype=object),
        ("neg", "pos"),
        np.array([[0.8, 0.2], [0.4, 0.6]]),
        [[0.8, 0.2], [0.4, 0.6]],
        [[3.0, -1.0], [-2.0, 4.0]],
        [{"label": "neg", "score": 0.9}, {"label": "pos", "score": 0.6}],
        [
            [{"label": "NEG", "score": 0.9}, {"label": "POS", "score": 0.1}],
            [{"label": "POS", "score": 0.6}, {"label": "NEG", "score": 0.4}],
        ],
        SimpleNamespace(
            detach=lambda: SimpleNamespace(
                cpu=lambda: SimpleNamespace(numpy=lambda: np.array([[2.0, 1.0], [0.0, 1.0]]))
            )
        ),
    ],
)
def test_answers_of_every_kind(answer):
    said = asked(answer)
    assert said.predictions.tolist() == CODES
    assert said.probabilities.sum(axis=1) == pytest.approx(1)
    assert said.token_hash[0] == said.token_hash[2] != said.token_hash[1]


def test_probabilities_stay_what_they_are():
    said = asked(np.array([[0.8, 0.2], [0.0, 1.0]]))
    assert said.probabilities[:2] == pytest.approx(np.array([[0.8, 0.2], [0.0, 1.0]]), abs=1e-6)


def test_classes_of_an_estimator_are_matched_by_name():
    estimator = SimpleNamespace(
        classes_=np.array(["pos", "neg"]),
        predict_proba=lambda texts: np.tile([[0.9, 0.1]], (len(texts), 1)),
    )
    assert ObjectModel(estimator, TASK).predict(TEXTS).predictions.tolist() == [1, 1, 1]
    estimator.classes_ = np.array(["good", "poor"])
    with pytest.raises(ModelError, match=r"the data's \(neg, pos\), got good, poor"):
        ObjectModel(estimator, TASK)


def test_an_estimator_without_probabilities_predicts():
    estimator = SimpleNamespace(predict=lambda texts: ["pos"] * len(texts))
    assert ObjectModel(estimator, TASK).predict(TEXTS).predictions.tolist() == [1, 1, 1]


def test_each_text_is_asked_about_once():
    calls = []

    def model(texts):
        calls.append(list(texts))
        return ["pos"] * len(texts)

    made, done = ObjectModel(model, TASK), []
    made.predict(TEXTS, done.append)
    made.predict(["two", "three"], done.append)
    assert calls == [["one", "two"], ["three"]]
    assert done == [3, 2]
    assert made.predict([]).predictions.tolist() == []
    assert made.max_length is None


def test_pairs_are_given_as_pairs():
    seen = []
    model = ObjectModel(lambda pairs: seen.extend(pairs) or ["neg"] * len(pairs), TASK)
    model.predict(["a", "b"], pairs=["c", "d"])
    assert seen == [("a", "c"), ("b", "d")]


def test_numbers_of_a_regression():
    task = Task(type=TaskType.REGRESSION)
    for answer in ([1.5, 2], np.array([[1.5], [2.0]])):
        said = ObjectModel(lambda _texts, answer=answer: answer, task).predict(TEXTS)
        assert said.predictions.tolist() == [1.5, 2.0, 1.5]
    for answer in (["much", "more"], [1.5, float("nan")], [[1, 2], [3, 4]]):
        with pytest.raises(ModelError, match="expected a finite number a text"):
            ObjectModel(lambda _texts, answer=answer: answer, task).predict(TEXTS)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (["neg"], "expected one answer for each of 2 texts, got 1"),
        ("neg", "expected one answer a text, got str"),
        (None, "expected one answer a text, got NoneType"),
        (["neg", "good"], "expected a label of neg, pos, or its code, got 'good'"),
        ([0, 2], "or its code, got 2"),
        ([0.5, 0.7], "or its code, got 0.5"),
        (np.ones((2, 3)), r"one finite score for each of neg, pos, got an array of shape \(2, 3\)"),
        (np.full((2, 2), np.nan), "expected one finite score"),
    ],
)
def test_what_is_no_answer_is_refused(answer, message):
    with pytest.raises(ModelError, match=message):
        asked(answer)


def test_what_is_no_model_is_refused():
    with pytest.raises(ModelError, match="expected a function of a list of texts"):
        ObjectModel(3, TASK)
    with pytest.raises(ModelError, match="expected a model, got a class"):
        ObjectModel(SimpleNamespace, TASK)
    with pytest.raises(ModelError, match="expected classes or numbers, got token-classification"):
        ObjectModel(asked, Task(type=TaskType.TOKEN_CLASSIFICATION, label_names=("O",)))
    assert name_of(asked) == "asked"
    assert name_of(SimpleNamespace()) == "SimpleNamespace"

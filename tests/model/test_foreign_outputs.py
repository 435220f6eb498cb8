"""What models of other makes return, as logits by label code; and what they must not return."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from robustft.data.task import Task, TaskType
from robustft.errors import ModelError
from robustft.model.foreign.outputs import OutputReader, log_shares

TWO = Task(label_names=("neg", "pos"))
THREE = Task(label_names=("entailment", "neutral", "contradiction"))
NUMBER = Task(type=TaskType.REGRESSION)
SHARES = [[0.9, 0.1], [0.25, 0.75]]


def shares(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def read(raw, task=TWO, rows=2, **settings):
    reader = OutputReader("my-model", task, **settings)
    made = reader(raw, rows)
    assert made.dtype == np.float32
    assert made.shape == (rows, reader.columns)
    return made, reader.notices


@pytest.mark.parametrize(
    "raw",
    [
        SHARES,
        np.array(SHARES),
        torch.tensor(SHARES),
        tuple(map(tuple, SHARES)),
        [{"Negative": 0.9, "Positive": 0.1}, {"Positive": 0.75, "Negative": 0.25}],
        [[{"label": "NEG", "score": 0.9}, {"label": "POS", "score": 0.1}],
         [{"label": "POS", "score": 0.75}, {"label": "NEG", "score": 0.25}]],
        [{"label": "neg", "score": 0.9}, {"label": "pos", "score": 0.75}],
        [[{"label": "LABEL_0", "score": 0.9}], [{"label": "LABEL_1", "score": 0.75}]],
    ],
)  # fmt: skip
def test_every_way_to_say_the_same(raw):
    made, _ = read(raw)
    assert shares(made) == pytest.approx(np.array(SHARES), abs=1e-6)


def test_what_has_no_names_is_said():
    _, notices = read(SHARES)
    assert notices == [
        "my-model: nothing names its columns, so they are taken in the data's order: neg, pos"
    ]
    _, notices = read([{"LABEL_0": 0.9, "LABEL_1": 0.1}] * 2)
    assert "its labels are like LABEL_0, so they are taken in the data's order" in notices[0]
    _, notices = read(["pos", "NEG"])
    assert notices == ["my-model: it names a label and no probabilities, so each counts as certain"]


@pytest.mark.parametrize(
    ("where", "called"),
    [
        ("/home/me/file.py:predict", "file.py:predict"),
        ("../model.onnx", "model.onnx"),
        ("http://localhost:8000/predict", "http://localhost:8000/predict"),
    ],
)
def test_notices_name_no_folder_of_the_machine_and_errors_do(where, called):
    reader = OutputReader(where, TWO)
    reader(["pos", "neg"], 2)
    reader(SHARES, 2)
    assert [notice.partition(": ")[0] for notice in reader.notices] == [called, called]
    with pytest.raises(ModelError, match=re.escape(where)):
        reader(SHARES, 3)
    assert read(SHARES, classes=["neg", "pos"])[1] == []


@pytest.mark.parametrize(
    "raw", [["POSITIVE", "negative"], np.array(["Pos", "Neg"]), np.array([1, 0])]
)
def test_labels_alone(raw):
    made, _ = read(raw)
    assert shares(made) == pytest.approx(np.array([[0, 1], [1, 0]]), abs=1e-6)


@pytest.mark.parametrize("classes", [["positive", "Negative"], np.array(["pos", "neg"])])
def test_columns_follow_their_names(classes):
    made, _ = read(SHARES, classes=list(classes))
    assert shares(made) == pytest.approx(np.array(SHARES)[:, ::-1], abs=1e-6)


def test_numbered_classes_are_codes_unless_the_data_are_numbered():
    assert read(SHARES, classes=[0, 1])[1] == [
        "my-model: its labels are 0, 1, so they are taken in the data's order: neg, pos"
    ]
    stars = Task(label_names=("1", "0"))
    made, notices = read(SHARES, stars, classes=[0, 1])
    assert shares(made) == pytest.approx(np.array(SHARES)[:, ::-1], abs=1e-6)
    assert notices == []


def test_labels_left_out_share_what_is_left_and_never_win():
    raw = [[{"label": "neutral", "score": 0.4}], [{"label": "entailment", "score": 0.9}]]
    made, notices = read(raw, THREE)
    assert shares(made)[1] == pytest.approx([0.9, 0.05, 0.05], abs=1e-6)
    assert made[0].argmax() == 1
    assert "equal share" in notices[0]


def test_logits_are_taken_as_they_are():
    made, _ = read([[-2.0, 3.0], [1.0, 0.5]], logits=True)
    assert made.tolist() == [[-2.0, 3.0], [1.0, 0.5]]
    assert read([[-2.0, 3.0], [1.0, 0.5]], logits=None)[0].tolist() == made.tolist()
    guessed, _ = read(SHARES, logits=None)
    assert shares(guessed) == pytest.approx(np.array(SHARES), abs=1e-6)


@pytest.mark.parametrize(
    "raw", [[1.5, -2], np.array([[1.5], [-2]]), [{"score": 1.5}, {"score": -2}],
            [[{"label": "LABEL_0", "score": 1.5}], [{"label": "LABEL_0", "score": -2}]]],
)  # fmt: skip
def test_a_regression_is_one_number(raw):
    made, notices = read(raw, NUMBER)
    assert made.tolist() == [[1.5], [-2.0]]
    assert notices == []


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ([[0.5, 0.5]], "expected 2 outputs for 2 texts, got 1"),
        (None, "expected a list or an array of outputs, got NoneType"),
        ("pos", "expected a list or an array of outputs, got str"),
        ([0.2, 0.9], r"of the labels neg, pos: the shape \(2, 2\), got the shape \(2,\)"),
        ([[0.2, 0.3, 0.5]] * 2, r"got the shape \(2, 3\)"),
        ([[0.5, 0.5], [0.5]], "expected numbers in rows of one length"),
        ([[0.5, 0.5], [np.nan, 0.5]], "expected finite numbers, got NaN in row 2 of 2"),
        ([[0.5, 0.5], [np.inf, 0.5]], "expected finite numbers, got an infinite number in row 2"),
        ([[0.5, 0.5], [3.0, 0.5]], "expected probabilities that sum to 1, got 3, 0.5 in row 2"),
        ([[0.5, 0.5], [-0.5, 1.5]], "expected probabilities that sum to 1"),
        (["pos", "neutral"], r"the data's \(neg, pos\), got pos, neutral; name the data's labels"),
        ([{"pos": 0.5, "other": 0.5}] * 2, "got pos, other"),
        ([{"pos": "high"}] * 2, "expected labels with their probabilities, got"),
        ([{"pos": float("nan")}] * 2, "expected finite numbers, got nan for the label 'pos'"),
        ([{}, {}], "expected a number for at least one label, got none in row 1"),
        ([2, 0], r"whose labels are the data's \(neg, pos\), got 2"),
        (["LABEL_7", "LABEL_0"], "got LABEL_7"),
        ([object(), object()], "expected numbers in rows of one length"),
    ],
)  # fmt: skip
def test_what_cannot_be_read(raw, message):
    with pytest.raises(
        ModelError, match=f"my-model: expected.*{message.removeprefix('expected ')}"
    ):
        read(raw)


@pytest.mark.parametrize(
    ("raw", "message"),
    [(["a", "b"], "numbers for a regression"), ([[1, 2]] * 2, "one number a text"),
     ([[{"label": "a", "score": 1}, {"label": "b", "score": 2}]] * 2, "one number a text, got 2"),
     ([1.0, float("nan")], "got NaN in row 2")],
)  # fmt: skip
def test_what_is_no_regression(raw, message):
    with pytest.raises(ModelError, match=message):
        read(raw, NUMBER)


def test_classes_that_are_not_the_datas_are_refused_with_both_lists():
    with pytest.raises(ModelError, match=r"the data's \(neg, pos\), got joy, anger"):
        OutputReader("my-model", TWO, classes=["joy", "anger"])


def test_nothing_to_read():
    assert read([], rows=0)[0].shape == (0, 2)


@given(arrays(np.float64, (3, 4), elements=st.floats(0, 1, width=64)))
def test_logs_keep_shares_and_the_largest(raw):
    total = raw.sum(axis=1, keepdims=True)
    made = np.where(total > 0, raw / np.where(total > 0, total, 1), 0.25)
    logits = log_shares(made)
    assert np.isfinite(logits).all()
    assert (logits.argmax(axis=1) == made.argmax(axis=1)).all()
    assert shares(logits) == pytest.approx(made, abs=1e-6)

"""`assert_robust` on models in memory: what passes, what fails and in which words."""

import subprocess
import sys
import warnings
from types import SimpleNamespace

import datasets
import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import robustft
from robustft.errors import (
    DataError,
    InconclusiveWarning,
    LabelKindError,
    ModelError,
    NotRobustError,
    RobustftError,
    UsageError,
)
from robustft.evaluation.assertion import assert_robust, check_robust

GOOD, BAD = ("great", "wonderful", "superb"), ("bad", "terrible", "awful")
DATA = [
    (f"The film was {GOOD[i % 3]} and I liked it, {i}", "pos")
    if i % 2
    else (f"The film was {BAD[i % 3]} and I hated it, {i}", "neg")
    for i in range(300)
]
KIND = {"label_kind": "sentiment"}


def predict(texts):
    return ["pos" if any(word in text for word in GOOD) else "neg" for text in texts]


def deaf(texts):
    return predict([text.lower() for text in texts])


def test_a_model_that_stands_the_change_passes():
    check = assert_robust(deaf, DATA, transforms="casing", max_drop=0.03, **KIND)
    assert check.outcome == "passed"
    assert check.result.cell("deaf", "casing").drop["accuracy"].value == 0
    assert check.message.startswith("robust: deaf on casing drops by +0.0 points (95% interval ")


def test_a_failure_names_transform_drop_interval_and_three_edits():
    with pytest.raises(NotRobustError) as caught:
        assert_robust(predict, DATA, transforms="typos,casing", max_drop=0.03, severity=5, **KIND)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("not robust: predict on casing drops by +50.0 points (95% interval ")
    assert "limit 3.0 points" in lines[0]
    assert [line.split()[:4] for line in lines if line.startswith("  failed")] == [
        ["failed", "predict", "on", name] for name in ("typos", "casing", "mix")
    ]
    assert "  300 rows, severity 5, seed 0; failing is corrected for 3 checks (Holm)" in lines
    (head,) = [line for line in lines if "right answers became wrong on casing" in line]
    assert head.startswith("  150 of 300 ")
    numbered = [line for line in lines if line.strip()[:2] in ("1.", "2.", "3.", "4.")]
    assert len(numbered) == 3
    assert all("→" in line and "pos" in line and "neg" in line for line in numbered)
    assert isinstance(caught.value, AssertionError)
    assert isinstance(caught.value, RobustftError)


def test_too_few_rows_warn_or_fail():
    arguments = (predict, DATA[:30])
    settings = {"transforms": "typos", "max_drop": 0.1, "seed": 1, **KIND}
    with pytest.warns(InconclusiveWarning, match=r"cannot tell: .* rows would settle it"):
        check = assert_robust(*arguments, **settings)
    assert check.outcome == "inconclusive"
    with pytest.raises(NotRobustError, match="cannot tell: predict on typos"):
        assert_robust(*arguments, strict=True, **settings)


def test_the_same_seed_gives_the_same_numbers():
    first, again, other = (
        check_robust(predict, DATA, transforms="typos", max_drop=0.1, seed=seed, **KIND)
        for seed in (0, 0, 1)
    )
    assert first.result == again.result
    assert first.message == again.message
    assert first.result.cells != other.result.cells


def test_mix_alone_or_limits_by_set():
    settings = {"transforms": "typos,casing", **KIND}
    check = check_robust(deaf, DATA, max_drop=0.9, on="mix", **settings)
    assert [c.set for c in check.gate.checks] == ["mix"]
    check = check_robust(deaf, DATA, max_drop={"casing": 0.02}, min_accuracy=0.5, **settings)
    assert [(c.set, c.quantity) for c in check.gate.checks] == [
        ("casing", "drop"), ("typos", "accuracy"), ("casing", "accuracy"), ("mix", "accuracy"),
    ]  # fmt: skip


def test_data_of_every_kind(tmp_path):
    rows = [{"text": text, "label": label} for text, label in DATA[:60]]
    frame = pd.DataFrame(rows)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    kinds = [
        DATA[:60],
        rows,
        frame,
        datasets.Dataset.from_list(rows),
        tmp_path / "rows.csv",
        str(tmp_path / "rows.csv"),
    ]
    settings = {"transforms": "typos", "max_drop": 0.9, **KIND}
    found = [check_robust(predict, data, **settings).result.cells for data in kinds]
    assert all(cells == found[0] for cells in found)


def test_some_of_the_rows():
    check = check_robust(predict, DATA, transforms="typos", max_drop=0.9, limit=50, **KIND)
    assert check.gate.worst.rows == 50


def test_a_scikit_learn_pipeline():
    texts, labels = zip(*DATA, strict=True)
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, labels)
    check = check_robust(model, DATA, transforms="typos", max_drop=0.5, **KIND)
    assert check.gate.worst.model == "Pipeline"
    assert check.result.cell("Pipeline", "original").metrics["accuracy"].value == 1


def test_numbers_are_judged_by_their_squared_error():
    rng = np.random.default_rng(0)
    rows = [
        {"text": f"It is worth {'very ' * i}much", "target": float(i) + rng.normal(0, 0.1)}
        for i in rng.integers(0, 6, 80)
    ]

    def count(texts):
        return np.array([[float(text.count("very"))] for text in texts])

    check = check_robust(count, rows, transforms="typos", max_drop=100, task="regression")
    assert check.outcome == "passed"
    assert check.gate.worst.metric == "mse"
    assert check.examples.words == ()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, UsageError, "assert_robust: expected max_drop or min_accuracy, got neither"),
        ({"max_drop": 3}, UsageError, "expected a share from 0 to 1"),
        ({"max_drop": 0.1, "severity": "all"}, UsageError, "severity: expected a number"),
        ({"max_drop": 0.1, "severity": 9}, UsageError, "severity: expected a number"),
        ({"max_drop": 0.1, "on": "tpyos"}, UsageError, "did you mean 'typos'"),
        ({"max_drop": 0.1, "label_kind": "acceptability"}, LabelKindError, "acceptability"),
        ({"max_drop": 0.1, "split": "test"}, DataError, "expected a split of all, got 'test'"),
    ],
)
def test_what_cannot_be_checked(arguments, error, message):
    with pytest.raises(error, match=message):
        check_robust(predict, DATA[:20], **({"transforms": "typos,casing"} | arguments))


def test_pairs_are_pairs():
    with pytest.raises(DataError, match="expected pairs of text and label, got"):
        check_robust(predict, [("a", "pos"), ("b", "neg", 3)], max_drop=0.1)
    with pytest.raises(DataError, match="expected labels, got none"):
        check_robust(predict, [{"text": "one"}, {"text": "two"}], max_drop=0.1)


@pytest.mark.parametrize("row", [None, "ab", {"text": "fine", "label": "good"}])
def test_rows_of_another_kind_among_pairs_are_named(row):
    with pytest.raises(DataError, match="expected pairs of text and label, got"):
        assert_robust(predict, [("fine", "good"), row], max_drop=0.1)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda texts: ["good"] * len(texts), r"function: .* labels are the data's \(neg, pos\)"),
        (lambda _texts: ["pos"], "expected 60 outputs for 60 texts, got 1"),
        (dict, "dict: expected a model, got a class; make an object of it first"),
        (3, "int: expected a function of a list of texts, or an object with predict, got 3"),
    ],
)
def test_a_model_that_answers_amiss_is_named(model, message):
    with pytest.raises(ModelError, match=message):
        check_robust(model, DATA[:60], transforms="typos", max_drop=0.1)


def test_what_is_taken_for_granted_is_said():
    check = check_robust(
        lambda texts: [int(label == "pos") for label in predict(texts)],
        DATA[:60],
        transforms="typos",
        max_drop=0.9,
        **KIND,
    )
    assert check.outcome == "passed"
    (notice,) = check.notices
    assert notice in check.message


def test_an_object_with_predict_alone_is_asked_by_it():
    model = SimpleNamespace(predict=deaf)
    check = check_robust(model, DATA[:60], transforms="casing", max_drop=0.9, **KIND)
    assert check.gate.worst.model == "SimpleNamespace"
    assert check.gate.worst.value == 0


def test_it_is_a_public_name_and_light():
    assert robustft.assert_robust is assert_robust
    code = (
        "import sys, robustft.pytest_plugin\n"
        "heavy = 'torch transformers pandas numpy scipy sklearn pydantic pyarrow'.split()\n"
        "print('loaded:', *[name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "loaded:\n"


def test_an_object_is_checked_without_torch():
    code = (
        "import sys\n"
        "from robustft.evaluation.assertion import check_robust\n"
        "rows = [('a good film', 'pos'), ('a bad film', 'neg')] * 9\n"
        "check_robust(lambda t: ['pos'] * len(t), rows, transforms='typos', max_drop=0.9)\n"
        "print('loaded:', *[n for n in ('torch', 'transformers', 'datasets') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "loaded:\n"


def test_warnings_as_errors_are_no_matter():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_robust(predict, DATA[:40], transforms="typos", max_drop=0.9, **KIND)

"""What an evaluation does about rows like those that a model was trained on."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from robustft.data.split import Split
from robustft.data.task import Task
from robustft.errors import DataError, UsageError
from robustft.evaluation.evaluate import evaluate
from robustft.evaluation.leaks import check_leaks, read_on_leak
from robustft.evaluation.plan import make_evaluation
from robustft.evaluation.results import RobustnessResult
from robustft.training.experiment import train

WORDS = "good great lovely bad awful dull film plot music ending cast hotel dinner was is".split()


def frame(count, seed):
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS, 30)) for _ in range(count)]
    return pd.DataFrame({"text": texts, "label": [["neg", "pos"][i % 2] for i in range(count)]})


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A clean run, and test rows of which two are copies and three near-copies of its rows."""
    home = tmp_path_factory.mktemp("home")
    trained, test = frame(60, 0), frame(40, 1)
    test.loc[:4, "text"] = trained["text"][:5]
    test.loc[2:4, "text"] += " indeed"
    (home / "texts").mkdir()
    trained.to_csv(home / "texts" / "train.csv", index=False)
    test.to_csv(home / "texts" / "test.csv", index=False)
    made = train(
        home / "texts",
        "tiny",
        root=home / "runs",
        epochs=1,
        max_length=32,
        device="cpu",
        label_kind="sentiment",
        progress=False,
    )
    assert "2 texts of test are also in train, 3 nearly: scores will flatter" in made.notices
    return home


CALL = {"transforms": "typos", "device": "cpu"}


def test_leaked_rows_are_counted_named_and_scored_without(home):
    found = evaluate(root=home / "runs", **CALL)
    leaks = found.leaks
    assert (leaks.action, leaks.rows, leaks.identical, leaks.near) == ("warn", 40, 2, 3)
    assert [example.similarity for example in leaks.examples[:2]] == [1, 1]
    assert all(0.8 <= example.similarity < 1 for example in leaks.examples[2:])
    assert [score.set for score in leaks.scores] == ["original", "typos"]
    model = found.models[0].name
    for score in leaks.scores:
        cell = found.cell(model, score.set)
        assert score.rows == score.metric_without.n == 35
        assert score.metric == cell.metrics["accuracy"]
        assert score.drop == (cell.drop["accuracy"] if cell.drop else None)
        assert (score.drop_without is None) == (cell.drop is None)
    said = " ".join(found.verdict.caveats)
    assert "5 of the 40 texts are also among the training texts" in said
    assert f"texts of {model} (2) or nearly so (3), which flatters it: " in said
    assert f"On the 35 rows unlike training rows, {model} has accuracy " in said
    assert " on typos." in said
    assert RobustnessResult.from_dict(found.to_dict()).leaks == leaks


def test_they_are_left_out_or_refused_where_that_is_wanted(home):
    dropped = evaluate(root=home / "runs", on_leak="drop", **CALL)
    assert dropped.sets[0].rows == 35
    assert (dropped.leaks.action, dropped.leaks.scores) == ("drop", ())
    assert any("and were left out" in caveat for caveat in dropped.verdict.caveats)
    with pytest.raises(
        DataError, match=r"expected texts unlike .*got 5 that are the same or nearly so"
    ):
        make_evaluation(root=home / "runs", on_leak="refuse")
    with pytest.raises(UsageError, match="on leak: expected one of warn, drop, refuse, got 'ask'"):
        make_evaluation(root=home / "runs", on_leak="ask")
    assert read_on_leak("drop") == "drop"


def split_of(texts, **columns):
    ids = [f"r{i}" for i in range(len(texts))]
    return Split("test", pa.table({"id": ids, "text": texts, **columns}), Task())


def test_offenders_of_the_same_source_are_named():
    rows = split_of(["one", "two", "three"], source_id=["a", "b", "c"])
    trained = split_of(["x", "y"], source_id=["b", "d"])
    with pytest.raises(DataError, match=r"rows that m did not learn from, got 1 .*\(r1\)"):
        check_leaks(rows, {"m": trained}, "warn", dataset="texts")


def test_without_any_leak_nothing_is_said():
    rows, trained = split_of(["one", "two"]), {"m": split_of(["x"]), "none": split_of([])}
    facts, leaked, remarks = check_leaks(rows, trained, "refuse", dataset="texts")
    assert (facts, leaked.any(), remarks) == (None, False, [])
    same = Split("test", rows.table.set_column(0, "id", pa.array(["y", "z"])), Task())
    with pytest.raises(DataError, match="expected rows unlike those learned from, got none"):
        check_leaks(same, {"m": rows}, "drop", dataset="texts")

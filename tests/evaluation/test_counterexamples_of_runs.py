"""Counterexamples of an evaluation on disk, with a tiny model."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import robustft
from robustft.data.run_folder import RunFolder
from robustft.errors import RunError, UsageError
from robustft.evaluation import evaluate as module
from robustft.evaluation.evaluate import evaluate
from robustft.training.experiment import train


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A run on texts in which one word tells the label, so that a typo there flips it."""
    home = tmp_path_factory.mktemp("home")
    rng = np.random.default_rng(0)
    rows = []
    for i in range(300):
        good = bool(rng.random() < 0.5)
        word = rng.choice(["good", "lovely"] if good else ["awful", "boring"])
        thing = rng.choice("film plot music ending story cast hotel dinner".split())
        rows.append({"text": f"The {thing} here was {word}, review {i}", "label": int(good)})
    (home / "reviews").mkdir()
    for name, part in (("train", rows[:160]), ("test", rows[160:])):
        pd.DataFrame(part).to_csv(home / "reviews" / f"{name}.csv", index=False)
    train(
        home / "reviews",
        "tiny",
        root=home / "runs",
        epochs=4,
        learning_rate=1e-3,
        max_length=24,
        device="cpu",
        label_kind="sentiment",
        progress=False,
    )
    return home


CALL = {"transforms": "typos:rate=0.6", "device": "cpu"}


@pytest.fixture(scope="module")
def result(home):
    return evaluate(root=home / "runs", **CALL)


def test_flipped_predictions_are_shrunk_and_replacements_ranked(result):
    (model,) = (model.name for model in result.models)
    tables = [
        pq.read_table(f"{result.folder}/predictions/{model}/{name}.parquet").to_pylist()
        for name in ("original", "typos")
    ]
    flipped = {
        before["id"]: after["text"]
        for before, after in zip(*tables, strict=True)
        if before["prediction"] == before["label"] != after["prediction"]
    }
    assert flipped
    found = robustft.counterexamples(result.folder)
    assert [example.id for example in found] == list(flipped)
    assert {(example.model, example.set) for example in found} == {(model, "typos")}
    for example in found:
        assert len(example.edits) < example.all_edits or example.text == flipped[example.id]
    assert found[:1][0] == found[0]
    assert len(found.to_pandas()) == len(found)
    words = robustft.harmful_replacements(result.folder, by="words")
    assert words[0].original in {"good", "lovely", "awful", "boring"}
    assert words[0].p_corrected < 0.05
    assert any(word.sole for word in words)
    frame = robustft.harmful_replacements(result.folder, by="transforms").to_pandas()
    assert frame["rate.low"][0] < frame["rate.value"][0] < frame["rate.high"][0]


def test_folders_and_views_that_are_none_are_named(result, home):
    with pytest.raises(UsageError, match=r"by: expected replacements.*did you mean 'words'"):
        robustft.harmful_replacements(result.folder, by="word")
    with pytest.raises(RunError, match="expected a run folder"):
        robustft.counterexamples(home)


def test_more_counterexamples_are_found_without_another_prediction(home, tmp_path, monkeypatch):
    call = {"root": home / "runs", "seed": 6, "out": tmp_path / "eval", **CALL}
    evaluate(**call, counterexamples=0)
    assert not len(robustft.counterexamples(tmp_path / "eval"))
    monkeypatch.setattr(module, "write_predictions", None)
    evaluate(**call, counterexamples="all")
    assert len(robustft.counterexamples(tmp_path / "eval"))
    assert RunFolder.open(tmp_path / "eval").manifest["counterexamples"] == "all"
    monkeypatch.setattr(module, "build_set", None)
    evaluate(**call)

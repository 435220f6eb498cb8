import json

import pandas as pd
import pyarrow.parquet as pq
import pytest
from safetensors.torch import load_file

from robustft.data.dataset import load_dataset
from robustft.data.run_folder import RunFolder
from robustft.errors import DataError, HubError, LabelKindError, RunError, UsageError
from robustft.model.load import load_finetuned
from robustft.training import experiment
from robustft.training.experiment import train
from robustft.training.plan import make_plan
from robustft.transform.kept import KeepWords

QUICK = {"epochs": 1, "batch_size": 16, "max_length": 48, "device": "cpu", "progress": False}
WITH = "contractions"


@pytest.fixture
def rows(reviews):
    """120 reviews as objects, with something in each that can be contracted."""
    split = reviews(120)
    return [
        {"id": row_id, "text": f"it is {text}", "label": ("bad", "good")[label]}
        for row_id, text, label in zip(split.ids, split.texts, split.labels, strict=True)
    ]


@pytest.fixture
def file(rows, tmp_path):
    path = tmp_path / "my reviews.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def go(data, tmp_path, **settings):
    settings = {**QUICK, "model": "tiny", "transforms": WITH, "root": tmp_path / "runs", **settings}
    return train(data, **settings)


def test_a_pair_starts_alike_and_differs_by_the_augmented_rows(file, tmp_path):
    pair = go(file, tmp_path, augment=30)
    clean, augmented = (RunFolder.open(path) for path in pair.runs)
    assert (clean.config["role"], augmented.config["role"]) == ("clean", "augmented")
    assert augmented.manifest["clean_twin"] == clean.path.name
    assert augmented.manifest["counts"] == {
        "train": 96, "augmented": 30, "validation": 12, "test": 12,
    }  # fmt: skip
    assert clean.manifest["counts"]["augmented"] == 0
    tokenizers = [path / "checkpoints/best/tokenizer.json" for path in pair.runs]
    assert tokenizers[0].read_bytes() == tokenizers[1].read_bytes()
    table = pq.read_table(pair.augmented / "data/augmented.parquet")
    assert table.num_rows == 30
    assert set(table["source_id"].to_pylist()) <= set(load_dataset(file).train.ids)
    edits = (pair.augmented / "edits/augmented.jsonl").read_text().splitlines()
    assert len(edits) == 30
    words = json.loads((pair.augmented / augmented.manifest["replacement_words"]).read_text())
    assert "it's" in words
    assert pair.validation["clean"] == clean.manifest["validation"]
    frame = pair.to_pandas()
    assert frame["run"].tolist() == ["clean", "augmented"]


def test_a_run_folder_says_what_a_report_needs_and_names_no_absolute_path(file, tmp_path):
    pair = go(file, tmp_path, augment=30, seed=3)
    run = RunFolder.open(pair.augmented)
    assert pair.augmented.name.startswith("my-reviews-tiny-augment30-seed3-")
    assert run.config["data"] == "../../my reviews.csv"
    assert run.config["transforms"] == WITH
    assert run.config["task"]["label_names"] == ["bad", "good"]
    manifest = run.manifest
    assert manifest["best_epoch"] == 1
    assert set(manifest["validation"]) == {"loss", "accuracy", "macro_f1"}
    assert {"minutes", "peak_memory_mb", "hardware", "versions", "fingerprints"} <= set(manifest)
    ids = json.loads((run.path / manifest["split_ids"]).read_text())
    assert {name: len(rows) for name, rows in ids.items()} == {
        "train": 96, "validation": 12, "test": 12,
    }  # fmt: skip
    for path in pair.augmented.rglob("*"):
        if path.suffix in {".toml", ".json", ".jsonl"}:
            assert str(tmp_path) not in path.read_text()


def test_augmented_rows_keep_to_constraints_and_the_run_says_so(file, tmp_path):
    settings = {"transforms": WITH, "root": tmp_path, "augment": 5}
    bound, free = (
        make_plan(file, "tiny", constraints=bounds, **settings)
        for bounds in ([KeepWords(words=("it is",))], ())
    )
    assert bound.config("augmented")["constraints"] == [{"name": "keep_words", "words": ["it is"]}]
    assert "constraints" not in free.config("augmented")
    assert bound.config("clean") == free.config("clean")
    assert len(bound.augmented().split) < len(free.augmented().split) == 5


def test_the_same_call_finds_its_runs_again(file, tmp_path, monkeypatch):
    first = go(file, tmp_path, augment=30)
    monkeypatch.setattr(experiment, "fit", None)
    again = go(file, tmp_path, augment=30)
    assert again.runs == first.runs
    assert again.reused == ("clean", "augmented")
    assert go(file, tmp_path).runs == [first.clean]


def test_other_settings_get_another_folder_and_share_the_twin(file, tmp_path):
    first = go(file, tmp_path, augment=30)
    second = go(file, tmp_path, augment=20)
    assert second.augmented != first.augmented
    assert second.clean == first.clean
    assert second.reused == ("clean",)


def test_the_twin_can_be_left_out(file, tmp_path):
    pair = go(file, tmp_path, augment=30, clean=False)
    assert (pair.clean, len(pair.runs)) == (None, 1)
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [pair.augmented.name]


def test_out_names_the_run_and_the_twin_lies_beside_it(file, tmp_path):
    pair = go(file, tmp_path, augment=30, out=tmp_path / "mine/augmented")
    assert pair.augmented == tmp_path / "mine/augmented"
    assert pair.clean.parent == tmp_path / "mine"
    assert RunFolder.open(pair.augmented).manifest["clean_twin"] == pair.clean.name
    with pytest.raises(RunError, match="other augment"):
        go(file, tmp_path, augment=31, out=tmp_path / "mine/augmented")


def test_a_stopped_run_goes_on_in_its_folder_and_ends_the_same(file, tmp_path, monkeypatch):
    whole = go(file, tmp_path / "whole", epochs=2)
    real = experiment.fit

    def stopped(*args, **kwargs):
        raise KeyboardInterrupt("stopped")

    monkeypatch.setattr(experiment, "fit", stopped)
    with pytest.raises(KeyboardInterrupt):
        go(file, tmp_path, epochs=2)
    assert [path.suffix for path in (tmp_path / "runs").iterdir()] == [".partial"]
    monkeypatch.setattr(experiment, "fit", real)
    pair = go(file, tmp_path, epochs=2)
    weights = "checkpoints/best/model.safetensors"
    assert (pair.clean / weights).read_bytes() == (whole.clean / weights).read_bytes()


def test_data_that_came_as_an_object_is_kept_in_the_run(rows, tmp_path):
    pair = go(rows, tmp_path)
    run = RunFolder.open(pair.clean)
    assert run.config["data"] == "data/source"
    kept = load_dataset(pair.clean / "data/source")
    assert kept.fingerprint == run.config["fingerprint"]


def test_regression_trains_too(reviews, tmp_path):
    split = reviews(120)
    rows = [
        {"text": f"it is {text}", "target": float(label)}
        for text, label in zip(split.texts, split.labels, strict=True)
    ]
    pair = go(rows, tmp_path, augment=10, task="regression")
    assert set(pair.validation["augmented"]) == {"loss", "mse", "r2", "spearman"}


def test_max_train_takes_a_part_and_bigger_parts_hold_smaller_ones(file, tmp_path):
    plans = [make_plan(file, "tiny", transforms=WITH, root=tmp_path, max_train=n) for n in (20, 40)]
    ids = [set(plan.train.ids) for plan in plans]
    assert (len(ids[0]), len(ids[1])) == (20, 40)
    assert ids[0] < ids[1]


def test_what_is_assumed_is_said(file, tmp_path):
    plan = make_plan(transforms=WITH, root=tmp_path)
    assert plan.model == "tiny"
    assert plan.notices[0] == (
        "neither --data nor --model: the built-in demo reviews and the tiny BERT"
    )
    assert any(notice.startswith("learning rate 0.0007") for notice in plan.notices)
    plan = make_plan(file, augment=5, transforms=WITH, root=tmp_path)
    assert plan.model == "distilbert-base-uncased"
    assert "no --model: distilbert-base-uncased" in plan.notices
    assert "label kind not checked: name it with --label-kind" in plan.notices
    assert "learning rate 2e-05 (the default for full fine-tuning)" in plan.notices


def test_texts_in_two_splits_are_said(rows, tmp_path):
    data = {"train": rows[:80], "validation": rows[80:], "test": rows[70:90]}
    plan = make_plan(data, "tiny", transforms=WITH, root=tmp_path)
    assert "10 texts of test are also in train: scores will flatter" in plan.notices


def test_a_model_that_cannot_be_had_names_what_can(file, tmp_path):
    with pytest.raises(HubError, match="--model tiny"):
        go(file, tmp_path, model=None)


def test_transforms_that_break_the_label_are_refused_before_anything_is_written(file, tmp_path):
    with pytest.raises(LabelKindError, match="contractions, which keeps"):
        go(file, tmp_path, augment=5, label_kind="answer_span")
    assert not (tmp_path / "runs").exists()
    assert go(file, tmp_path, augment=5, label_kind="answer_span", force=True).augmented


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"augment": -1}, UsageError, "augment: expected a number of rows"),
        ({"epoch": 3}, UsageError, "did you mean 'epochs'"),
        ({"label_column": "nothing"}, DataError, "nothing"),
    ],
)
def test_bad_settings_are_refused(file, tmp_path, settings, error, message):
    with pytest.raises(error, match=message):
        go(file, tmp_path, **settings)


def test_the_best_model_can_be_loaded_for_its_task(file, tmp_path):
    pair = go(file, tmp_path)
    run = RunFolder.open(pair.clean)
    loaded = load_finetuned(run.path / "checkpoints/best", task=load_dataset(file).task)
    assert loaded.label_order == (0, 1)
    assert load_file(run.path / "checkpoints/best/model.safetensors")


def test_training_goes_on_with_the_adapters_that_a_folder_has(tmp_path):
    quick = {"max_train": 32, "epochs": 1, "max_length": 24, "progress": False, "root": tmp_path}
    made = train("demo", "tiny", adapter="houlsby:4", **quick)
    plan = make_plan("demo", made.clean / "checkpoints/best", transforms="typos")
    assert plan.arguments.adapter == "houlsby:4"
    assert plan.arguments.learning_rate == 1e-3
    again = train("demo", made.clean / "checkpoints/best", **quick)
    parameters = RunFolder.open(again.clean).manifest["training"]["parameters"]
    assert parameters["trained"] < parameters["total"] / 5

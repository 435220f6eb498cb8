"""From run folders to a result on disk, on a tiny model and generated texts."""

import json
import shutil
import tomllib

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import tomli_w

from robustft.data.run_folder import RunFolder
from robustft.errors import (
    DataError,
    LabelKindError,
    ModelError,
    RunError,
    UsageError,
)
from robustft.evaluation import asking
from robustft.evaluation import evaluate as module
from robustft.evaluation.evaluate import evaluate
from robustft.evaluation.plan import make_evaluation
from robustft.evaluation.results import RobustnessResult
from robustft.training.experiment import train
from robustft.transform.constraints import MaxChanged
from robustft.transform.registry import constraints_of

GOOD = "good great lovely superb pleasant".split()
BAD = "bad awful boring dull poor".split()
THINGS = "film plot music ending story cast hotel dinner".split()


def reviews(n, seed=0, column="text"):
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        good = bool(rng.random() < 0.5)
        words = rng.choice(GOOD if good else BAD, 2)
        things = rng.choice(THINGS, 2)
        text = f"The {things[0]} was {words[0]} and the {things[1]} is not {words[1]}, review {i}"
        rows.append({"id": f"r{seed}-{i}", column: text, "label": "pos" if good else "neg"})
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a data file and a trained pair beside it."""
    home = tmp_path_factory.mktemp("home")
    reviews(240).to_csv(home / "reviews.csv", index=False)
    train(
        home / "reviews.csv",
        "tiny",
        augment=60,
        transforms="typos,contractions",
        root=home / "runs",
        epochs=1,
        max_length=32,
        device="cpu",
        label_kind="sentiment",
        progress=False,
    )
    return home


@pytest.fixture(scope="module")
def runs(home):
    found = {
        RunFolder.open(path).config["role"]: path
        for path in (home / "runs").iterdir()
        if (path / "manifest.json").is_file()
    }
    assert set(found) == {"clean", "augmented"}
    return found


@pytest.fixture(scope="module")
def result(home, runs):
    return evaluate(root=home / "runs", device="cpu", predictions="csv")


def test_the_newest_pair_gives_four_cells(result, runs):
    assert [m.role for m in result.models] == ["clean", "augmented"]
    assert [m.name for m in result.models] == [runs["clean"].name, runs["augmented"].name]
    assert [s.name for s in result.sets] == ["original", "typos", "contractions", "mix"]
    assert len(result.cells) == 8
    assert result.mix == "mix"
    assert result.pair is not None
    assert len(result.verdict.answers) == 5
    assert result.sets[0].rows == 24
    assert result.models[1].augmented_rows == 60
    assert result.shared_words is not None


def test_the_label_kind_that_the_run_knows_is_checked(result):
    assert not any("Label kind" in caveat for caveat in result.verdict.caveats)


def test_the_folder_holds_all_that_a_report_needs(result, runs):
    folder = runs["augmented"] / "evaluations"
    (folder,) = folder.iterdir()
    assert result.folder == str(folder)
    run = RunFolder.open(folder)
    assert run.kind == "eval"
    assert RobustnessResult.from_dict(run.read_json("metrics.json")).to_dict() == result.to_dict()
    for name in ("typos", "contractions", "mix"):
        lines = (folder / "edits" / f"{name}.jsonl").read_text().splitlines()
        assert len([json.loads(line) for line in lines]) == 24
    original = pq.read_table(folder / "data" / "original.parquet")
    for model in result.models:
        table = pq.read_table(folder / "predictions" / model.name / "original.parquet")
        assert table["id"].to_pylist() == original["id"].to_pylist()
        assert table["text"].to_pylist() == original["text"].to_pylist()
        right = np.mean(np.array(table["label"]) == np.array(table["prediction"]))
        assert right == result.cell(model.name, "original").metrics["accuracy"].value
        assert np.sum(table["probabilities"].to_pylist(), axis=1) == pytest.approx(1, abs=1e-5)
        frame = pd.read_csv(folder / "predictions" / model.name / "mix.csv")
        assert {"id", "text", "label", "prediction", "p_neg", "p_pos"} == set(frame.columns)
        assert len(frame) == 24


def test_nothing_on_disk_names_an_absolute_path(result, home):
    written = [p for p in home.glob("runs/*/evaluations/**/*") if p.is_file()]
    assert len(written) > 20
    for path in written:
        assert str(home).encode() not in path.read_bytes(), path


def test_the_same_call_computes_nothing_again(result, home, monkeypatch):
    monkeypatch.setattr(asking, "open_model", None)
    monkeypatch.setattr(module, "build_set", None)
    again = evaluate(root=home / "runs", device="cpu")
    assert again.to_dict() == result.to_dict()
    assert again.folder == result.folder


def test_predictions_on_disk_are_used_again(home, runs, tmp_path, monkeypatch):
    call = {"root": home / "runs", "device": "cpu", "seed": 5, "out": tmp_path / "eval"}
    first = evaluate(**call)
    (tmp_path / "eval" / "manifest.json").unlink()
    gone = tmp_path / "eval" / "predictions" / runs["clean"].name / "mix.parquet"
    gone.unlink()
    loaded = []
    load = asking.open_model
    monkeypatch.setattr(
        asking,
        "open_model",
        lambda s, *args, **more: loaded.append(s.model) or load(s, *args, **more),
    )
    assert evaluate(**call).to_dict() == first.to_dict()
    assert loaded == [str(runs["clean"] / "checkpoints/best")]
    assert gone.is_file()


def test_one_run_is_evaluated_alone(runs, tmp_path):
    found = evaluate(runs["clean"], device="cpu", max_eval=10, out=tmp_path / "eval")
    assert [m.role for m in found.models] == ["clean"]
    assert found.pair is None
    assert found.sets[0].rows == 10
    assert [s.name for s in found.sets] == ["original", "typos", "synonyms", "contractions", "mix"]


def test_a_subset_gives_its_rows_the_same_texts(result, home, tmp_path):
    evaluate(root=home / "runs", device="cpu", max_eval=9, out=tmp_path / "eval")
    few = pq.read_table(tmp_path / "eval" / "data" / "mix.parquet").to_pandas().set_index("id")
    every = pq.read_table(f"{result.folder}/data/mix.parquet").to_pandas().set_index("id")
    assert len(few) == 9
    assert (few.text == every.text[few.index]).all()


def test_original_rows_alone(runs, tmp_path):
    found = evaluate(list(runs.values()), transformed=False, device="cpu", out=tmp_path / "eval")
    assert [s.name for s in found.sets] == ["original"]
    assert found.mix is None
    assert found.pair is not None


def test_a_moved_run_folder_is_evaluated_all_the_same(home, tmp_path):
    shutil.copytree(home, tmp_path / "moved")
    plan = make_evaluation(root=tmp_path / "moved" / "runs")
    assert len(plan.split) == 24
    assert not any("changed since" in notice for notice in plan.notices)


def test_the_constraints_of_a_run_bind_its_evaluation(home, tmp_path):
    shutil.copytree(home, tmp_path / "moved")
    root = tmp_path / "moved" / "runs"
    (run,) = root.glob("*augment60*")
    config = tomllib.loads((run / "config.toml").read_text())
    (tmp_path / "moved" / "encoder").mkdir()
    similar = {"name": "min_similarity", "minimum": 0.8, "model": "../../encoder"}
    config["constraints"] = [{"name": "max_changed", "share": 0.05}, similar]
    (run / "config.toml").write_text(tomli_w.dumps(config))
    bound = make_evaluation(root=root)
    for plan in bound.sets[1:]:
        share, similarity = constraints_of(plan.transforms)
        assert share == MaxChanged(share=0.05)
        assert similarity.model == str(tmp_path / "moved" / "encoder")
    assert bound.notices[-1] == "constraints: max_changed, min_similarity"
    sets = bound.config()["sets"]
    assert [s["constraints"][0] for s in sets] == [config["constraints"][0]] * 3
    assert {s["constraints"][1]["model"] for s in sets} == {"../../../../encoder"}
    # Other transforms, or other constraints, are the user's own choice.
    named = make_evaluation(root=root, transforms="typos")
    assert [constraints_of(p.transforms) for p in named.sets[1:]] == [()]
    other = make_evaluation(root=root, constraints=[MaxChanged(share=0.1)])
    assert constraints_of(other.sets[1].transforms) == (MaxChanged(share=0.1),)
    assert "constraints" not in make_evaluation(root=root, constraints=()).config()["sets"][0]


def test_a_run_without_its_data_asks_for_them(home, runs, tmp_path):
    alone = tmp_path / "deep" / "er" / runs["clean"].name
    shutil.copytree(runs["clean"], alone)
    with pytest.raises(
        RunError, match=r"expected its data at .*reviews\.csv.*name them with --data"
    ):
        make_evaluation(alone)
    plan = make_evaluation(alone, data=home / "reviews.csv")
    assert plan.split.name == "test"
    assert len(plan.split) == 24


def test_other_data_are_tested_on_in_full(runs, tmp_path):
    reviews(30, seed=9).to_csv(tmp_path / "other.csv", index=False)
    plan = make_evaluation(runs["clean"], data=tmp_path / "other.csv")
    assert (plan.split.name, len(plan.split)) == ("all", 30)


def test_a_plain_model_folder_with_data(runs, tmp_path):
    reviews(12, seed=9).to_csv(tmp_path / "other.csv", index=False)
    found = evaluate(
        runs["clean"] / "checkpoints" / "best",
        data=tmp_path / "other.csv",
        transforms="typos",
        device="cpu",
        out=tmp_path / "eval",
    )
    assert [m.role for m in found.models] == ["model"]
    assert [s.name for s in found.sets] == ["original", "typos"]
    assert any("Label kind not checked" in caveat for caveat in found.verdict.caveats)


def test_rows_that_were_learned_from_are_refused_and_named(runs):
    with pytest.raises(DataError, match=r"did not learn from, got 192 that it did \(r0-\d+"):
        make_evaluation(runs["clean"], split="train")


def test_a_few_shared_texts_are_said(home, runs, tmp_path):
    # Without an id column, an id is a hash of the text: a duplicate is no proof of a leak.
    frame = reviews(240).drop(columns="id")
    frame.to_csv(tmp_path / "reviews.csv", index=False)
    made = train(
        tmp_path / "reviews.csv",
        "tiny",
        root=tmp_path / "runs",
        epochs=1,
        max_length=32,
        device="cpu",
        progress=False,
    )
    mixed = pd.concat([frame[:40], reviews(60, seed=8).drop(columns="id")])
    mixed.to_csv(tmp_path / "mixed.csv", index=False)
    plan = make_evaluation(made.clean, data=tmp_path / "mixed.csv")
    assert any("are also among the training texts" in remark for remark in plan.remarks)
    with pytest.raises(DataError, match="did not learn from"):
        make_evaluation(made.clean, split="train")


def test_labels_that_are_not_the_models_are_refused(runs, tmp_path):
    frame = reviews(20, seed=9).replace({"label": {"pos": "sport", "neg": "politics"}})
    frame.to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(DataError, match=r"sport|politics"):
        make_evaluation(runs["clean"], data=tmp_path / "other.csv")
    with pytest.raises(ModelError, match="expected a model whose labels are the data's"):
        evaluate(
            runs["clean"] / "checkpoints" / "best",
            data=tmp_path / "other.csv",
            device="cpu",
            out=tmp_path / "eval",
        )


def test_data_without_labels_are_refused(runs, tmp_path):
    reviews(20, seed=9).drop(columns="label").to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(DataError, match="expected labels in the split all, got none"):
        make_evaluation(runs["clean"], data=tmp_path / "other.csv")


def test_a_transform_that_breaks_the_labels_is_refused_unless_forced(runs):
    with pytest.raises(LabelKindError, match="expected transforms that keep it"):
        make_evaluation(runs["clean"], transforms="typos", label_kind="acceptability")
    plan = make_evaluation(
        runs["clean"], transforms="typos", label_kind="acceptability", force=True
    )
    assert any(remark.startswith("forced: ") for remark in plan.remarks)


def test_the_label_kind_is_checked_for_every_chain(runs):
    chains = ["contractions", "typos"]
    with pytest.raises(LabelKindError, match="typos, which keeps"):
        make_evaluation(runs["clean"], transforms=chains, label_kind="acceptability")


def test_no_run_no_model_no_data(tmp_path, runs):
    with pytest.raises(RunError, match="expected a finished training run in it, got none"):
        evaluate(root=tmp_path / "runs")
    with pytest.raises(RunError, match="got nothing there"):
        evaluate(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"expected a run folder .* or a model folder"):
        evaluate(tmp_path / "empty")
    with pytest.raises(UsageError, match="expected --data for best"):
        evaluate(runs["clean"] / "checkpoints" / "best")


def test_an_interrupted_run_is_named(tmp_path, runs):
    shutil.copytree(runs["clean"], tmp_path / "run.partial")
    (tmp_path / "run.partial" / "manifest.json").unlink()
    with pytest.raises(RunError, match="got one that was interrupted"):
        evaluate(tmp_path / "run")
    with pytest.raises(RunError, match="got an unfinished run"):
        evaluate(tmp_path / "run.partial")


def test_an_evaluation_is_no_training_run(result):
    with pytest.raises(RunError, match="expected a training run or a model, got a run of eval"):
        evaluate(result.folder)


def test_no_chain_is_refused(runs):
    with pytest.raises(UsageError, match="expected at least one chain, got none"):
        make_evaluation(runs["clean"], transforms=[])


def test_what_will_be_done_can_be_shown(runs):
    described = make_evaluation(runs["clean"], transforms=["typos", "casing"]).describe()
    assert [s["name"] for s in described["sets"]] == ["original", "typos", "casing"]
    assert described["predictions"] == 3 * 24


def test_regression_from_end_to_end(tmp_path):
    rng = np.random.default_rng(0)
    frame = reviews(200)
    frame["target"] = [len(t) / 10 + rng.normal(0, 0.1) for t in frame.text]
    frame.drop(columns="label").to_csv(tmp_path / "numbers.csv", index=False)
    made = train(
        tmp_path / "numbers.csv",
        "tiny",
        root=tmp_path / "runs",
        epochs=1,
        max_length=32,
        device="cpu",
        progress=False,
    )
    found = evaluate(made.clean, transforms="typos", device="cpu", predictions="csv")
    assert found.metric == "mse"
    cell = found.cell(made.clean.name, "typos")
    assert set(cell.metrics) == {"mse", "r2", "spearman"}
    table = pq.read_table(f"{found.folder}/predictions/{made.clean.name}/original.parquet")
    error = np.array(table["label"]) - np.array(table["prediction"])
    assert found.cell(made.clean.name, "original").metrics["mse"].value == pytest.approx(
        np.mean(error**2)
    )
    assert "probabilities" not in table.column_names

"""Several seeds on one data set, controls beside an augmented run, and further training sets."""

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from safetensors.torch import load_file

from robustft.data.dataset import load_dataset
from robustft.data.run_folder import RunFolder
from robustft.errors import DataError, UsageError
from robustft.evaluation.subjects import find_subjects
from robustft.training import experiment
from robustft.training.controls import parse_controls
from robustft.training.experiment import train
from robustft.training.extra import load_extra, parse_extra
from robustft.training.plan import make_plan

QUICK = {"epochs": 1, "batch_size": 16, "max_length": 24, "device": "cpu", "progress": False}
WITH = "contractions"


@pytest.fixture
def file(reviews, tmp_path):
    split = reviews(60)
    path = tmp_path / "reviews.csv"
    texts = [f"it is {text}" for text in split.texts]
    labels = [("bad", "good")[label] for label in split.labels]
    pd.DataFrame({"id": split.ids, "text": texts, "label": labels}).to_csv(path, index=False)
    return path


def go(data, tmp_path, **settings):
    settings = {**QUICK, "model": "tiny", "transforms": WITH, "root": tmp_path / "runs", **settings}
    return train(data, **settings)


def weights(folder):
    return load_file(folder / "checkpoints/best/model.safetensors")


@pytest.fixture
def trained_on(monkeypatch):
    """The rows and arguments that `fit` is called with, by role."""
    seen, real = {}, experiment.fit

    def recording(loaded, rows, validation, arguments, folder, **rest):
        seen[rest["title"]] = (rows, arguments)
        return real(loaded, rows, validation, arguments, folder, **rest)

    monkeypatch.setattr(experiment, "fit", recording)
    return seen


def test_seeds_share_the_data_and_differ_in_all_else(file, tmp_path, trained_on):
    first = go(file, tmp_path, augment=10, seeds=2)
    assert [pair.seed for pair in first.seeds] == [0, 1]
    assert first.clean == first.seeds[0].clean
    assert len({folder for pair in first.seeds for folder in pair.runs}) == 4
    for role in ("clean", "augmented"):
        rows, other = trained_on[role][0], trained_on[f"{role}, seed 1"][0]
        assert (rows.ids, rows.texts) == (other.ids, other.texts)
    assert trained_on["clean, seed 1"][1].seed == 1
    a, b = (weights(pair.clean) for pair in first.seeds)
    assert any(not a[name].equal(b[name]) for name in a)
    spread = first.over_seeds()["clean"]["loss"]
    losses = [pair.validation["clean"]["loss"] for pair in first.seeds]
    assert (spread.n, spread.value) == (2, pytest.approx(sum(losses) / 2))
    assert spread.low < spread.value < spread.high
    frame = first.to_pandas()
    assert frame["seed"].tolist() == [0, 0, 1, 1]
    again = go(file, tmp_path, augment=10, seed=1, data_seed=0)
    assert again.reused == ("clean", "augmented")
    assert again.runs == first.seeds[1].runs


def test_the_newest_pair_of_several_seeds_can_be_evaluated(file, tmp_path):
    pair = go(file, tmp_path, augment=10, seeds=2, controls=("duplicated",))
    subjects = find_subjects(None, tmp_path / "runs")
    assert [subject.facts.role for subject in subjects] == ["clean", "augmented"]
    assert [subject.run.path for subject in subjects] == pair.seeds[1].runs


def test_new_weights_may_have_a_seed_of_their_own(file, tmp_path):
    plan = make_plan(file, "tiny", transforms=WITH, root=tmp_path, arguments={"init_seed": 7})
    other = plan.with_seed(3)
    assert (other.arguments.seed, other.arguments.initialisation_seed) == (3, 7)
    assert other.train.ids == plan.train.ids
    assert "-seed3-" in other.folder("clean").name


def test_a_folder_that_is_named_gets_the_seed_behind(file, tmp_path):
    pair = go(file, tmp_path, seeds=2, out=tmp_path / "mine")
    assert [each.clean.name for each in pair.seeds] == ["mine-seed0", "mine-seed1"]


def test_less_than_one_seed_is_refused(file, tmp_path):
    with pytest.raises(UsageError, match="seeds: expected a number of seeds, at least 1, got 0"):
        go(file, tmp_path, seeds=0)


def test_controls_train_on_copies_and_for_as_many_steps(file, tmp_path, trained_on):
    pair = go(file, tmp_path, augment=20, controls="step-matched,duplicated", epochs=2)
    assert list(pair.folders) == ["clean", "augmented", "duplicated", "step-matched"]
    assert (pair.duplicated, pair.step_matched) == tuple(pair.folders.values())[2:]
    runs = {role: RunFolder.open(folder) for role, folder in pair.folders.items()}
    assert {role: run.config["role"] for role, run in runs.items()} == {r: r for r in runs}

    clean, augmented, copies = (trained_on[r][0] for r in ("clean", "augmented", "duplicated"))
    assert copies.ids == augmented.ids
    text_of = dict(zip(clean.ids, clean.texts, strict=True))
    sources = pq.read_table(pair.augmented / "data/augmented.parquet")["source_id"].to_pylist()
    assert copies.texts == [*clean.texts, *(text_of[source] for source in sources)]
    assert copies.labels.tolist() == augmented.labels.tolist()
    assert copies.table["source_id"].to_pylist()[len(clean) :] == sources

    matched, arguments = trained_on["step-matched"]
    steps = {role: run.manifest["training"]["steps"] for role, run in runs.items()}
    assert matched.ids == clean.ids
    assert steps["step-matched"] == steps["augmented"] > steps["clean"]
    assert arguments.max_steps == steps["augmented"]
    counts = {role: run.manifest["counts"] for role, run in runs.items()}
    assert (counts["duplicated"]["duplicated"], counts["duplicated"]["augmented"]) == (20, 0)
    assert counts["step-matched"]["augmented"] == 0
    again = go(file, tmp_path, augment=20, controls=("duplicated", "step-matched"), epochs=2)
    assert again.reused == tuple(pair.folders)


def test_a_step_matched_run_takes_as_many_steps_as_one_that_stopped_early(
    file, tmp_path, monkeypatch
):
    real = experiment.fit

    def short(loaded, rows, validation, arguments, folder, **rest):
        if rest["title"] == "augmented":
            arguments = arguments.model_copy(update={"epochs": 1, "early_stopping": None})
        return real(loaded, rows, validation, arguments, folder, **rest)

    monkeypatch.setattr(experiment, "fit", short)
    pair = go(file, tmp_path, augment=20, controls=("step-matched",), epochs=3, early_stopping=1)
    steps = {
        role: RunFolder.open(folder).manifest["training"]["steps"]
        for role, folder in pair.folders.items()
    }
    assert steps["step-matched"] == steps["augmented"] == 5


def test_controls_are_named_and_need_an_augmented_run(file, tmp_path):
    assert parse_controls("step-matched, duplicated") == ("duplicated", "step-matched")
    with pytest.raises(UsageError, match="did you mean 'duplicated'"):
        parse_controls(["duplicate"])
    with pytest.raises(UsageError, match="controls: expected rows to augment"):
        go(file, tmp_path, controls=("duplicated",))
    with pytest.raises(UsageError, match="controls: expected epochs with step-matched"):
        go(file, tmp_path, augment=5, controls=("step-matched",), max_steps=3)


def test_a_further_set_joins_the_training_rows_with_its_labels_mapped(file, tmp_path, trained_on):
    more = tmp_path / "more.tsv"
    held_out = load_dataset(file).test.texts[0]
    frame = {"sentence": ["a fine one", "a poor one", held_out], "sentiment": [1, 0, 1]}
    pd.DataFrame(frame).to_csv(more, sep="\t", index=False)
    pair = go(file, tmp_path, extra_data=f"{more},0=bad,1=good")
    rows, _ = trained_on["clean"]
    own = load_dataset(file).train
    assert rows.ids[: len(own)] == own.ids
    assert rows.texts[-3:] == frame["sentence"]
    assert [rows.task.label_names[code] for code in rows.labels[-3:]] == ["good", "bad", "good"]
    assert all(row_id.startswith("more:") for row_id in rows.ids[-3:])
    run = RunFolder.open(pair.clean)
    assert run.manifest["counts"]["extra"] == 3
    assert run.manifest["counts"]["train"] == len(own) + 3
    (source,) = run.config["extra_data"]
    assert (source["name"], source["data"]) == ("more", "../../more.tsv")
    assert "1 text of test is also in the extra data more: scores will flatter" in pair.notices
    assert go(file, tmp_path).clean != pair.clean


def test_numbers_join_numbers(tmp_path):
    rows = [{"text": f"row {i}", "target": i / 7} for i in range(30)]
    more = [{"text": f"more {i}", "target": i} for i in range(3)]
    plan = make_plan(rows, "tiny", transforms=WITH, root=tmp_path, extra_data=[more])
    assert plan.train.labels[-3:].tolist() == [0.0, 1.0, 2.0]


def test_codes_stay_codes_where_the_schema_names_the_classes(tmp_path, reviews):
    split = reviews(40)
    main = [{"text": t, "label": int(c)} for t, c in zip(split.texts, split.labels, strict=True)]
    more = [{"text": "again superb", "label": "positive"}]
    named = {"columns": {"label_map": "0=negative,1=positive"}}
    plan = make_plan(main, "tiny", transforms=WITH, root=tmp_path, extra_data=[more], **named)
    assert plan.train.task.label_names[plan.train.labels[-1]] == "positive"


def test_a_label_that_the_main_set_does_not_have_is_refused(file):
    main = load_dataset(file)
    rows = [{"text": "so so", "label": "gut"}, {"text": "so", "label": "bad"}]
    with pytest.raises(UsageError, match=r"expected labels of bad, good, got 'gut'.*map them"):
        load_extra(rows, main, seed=0)
    assert load_extra(
        (rows, {"gut": "good", "bad": "bad"}), main, seed=0
    ).split.labels.tolist() == [
        1,
        0,
    ]
    with pytest.raises(DataError, match="labels"):
        load_extra([{"text": "no label"}], main, seed=0)


def test_single_texts_do_not_join_pairs(tmp_path):
    rows = [{"text": f"{n}", "pair": f"{n}!", "label": "ab"[n % 2]} for n in range(20)]
    pairs = load_dataset(rows, text_column="text,pair")
    single = [{"text": "so", "label": "a"}, {"text": "so so", "label": "b"}]
    with pytest.raises(DataError, match="expected pairs of texts as in the main set, got single"):
        load_extra(single, pairs, seed=0)
    assert load_extra(rows, pairs, seed=0).split.pairs


def test_the_same_set_twice_is_refused(file, tmp_path):
    rows = [{"text": "so so", "label": "good"}, {"text": "so", "label": "bad"}]
    with pytest.raises(DataError, match="got one set twice"):
        make_plan(file, "tiny", transforms=WITH, root=tmp_path, extra_data=[rows, rows])


@pytest.mark.parametrize(
    ("given", "data", "label_map"),
    [
        ("a.csv", "a.csv", None),
        ("a.csv,x=y", "a.csv", "x=y"),
        ("a,b.csv", "a,b.csv", None),
        (("a", {"0": "bad"}), "a", {"0": "bad"}),
        (Path("a"), Path("a"), None),
    ],
)
def test_a_further_set_may_bring_its_label_map(given, data, label_map):
    assert parse_extra(given) == (data, label_map)


def test_a_manifest_holds_the_whole_result(file, tmp_path):
    run = RunFolder.open(go(file, tmp_path, freeze="encoder", eval_steps=2).clean)
    training = run.manifest["training"]
    assert {"history", "curve", "parameters", "tensors", "notices", "arguments"} <= set(training)
    assert training["tensors"][0].startswith("4 tensors of")
    states = json.loads((run.path / "tensors.json").read_text())
    assert {state["trained"] for state in states} == {True, False}


def test_a_notice_is_said_once_with_the_runs_that_it_is_about(file, tmp_path):
    pair = go(file, tmp_path, augment=10, freeze="encoder", max_length=8)
    said = [notice for notice in pair.notices if "parameters train" in notice]
    assert len(said) == 1
    assert said[0][0].isdigit()
    alone = go(file, tmp_path, freeze="encoder", max_length=8)
    assert any(notice.startswith("clean: ") for notice in alone.notices)

import json
import os
import subprocess
import sys
import textwrap
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from robustft.data.split import Split, TextDataset
from robustft.data.task import Task, TaskType
from robustft.errors import DataError, UsageError
from robustft.evaluation.sets import TestSet, build_set, plan_sets
from robustft.scoring.metrics import regression_metrics
from robustft.seeding import Draw, fold_in
from robustft.study.dictionary_baseline import dictionary_baseline, original_set
from robustft.study.dictionary_run import dictionary_run
from robustft.study.dictionary_settings import dictionary_settings
from robustft.study.word_counts import WordCounter
from robustft.study.word_list import read_words
from robustft.study.word_network import NetworkSettings, train_network, word_attributions

AMOUNT = Task(type=TaskType.REGRESSION, label_column="target")
MOOD = Task(label_names=("bad", "good"))
PLACE = Task(label_names=("north", "south", "west"))
GRIM, CALM = ("killed", "clashes"), ("talks", "peace")
FILLER = "the a people in town said on monday that it was there and many more of them came".split()
TELLING = {"north": ("snow", "ice"), "south": ("palm", "heat"), "west": ("ocean", "gulls")}
QUICK = {"trees": 20, "size": 10, "min_documents": 2}


def report(task, name, number):
    """Return a text of filler and a few telling words, and the label that they decide."""
    draw = Draw(fold_in(0, name, number))
    words = [draw.choice(FILLER) for _ in range(5 + draw.integers(15))]
    if task is PLACE:
        label = number % 3
        told = [draw.choice(TELLING[PLACE.label_names[label]])]
    else:
        grim, calm = draw.integers(4), draw.integers(4)
        told = [draw.choice(GRIM) for _ in range(grim)] + [draw.choice(CALM) for _ in range(calm)]
        label = float(grim - calm) if task is AMOUNT else int(grim <= calm)
    for word in told:
        words.insert(draw.integers(len(words)), word)
    return " ".join(words).capitalize() + ".", label


def dataset(task=AMOUNT, train=120, held_out=40):
    splits = {}
    for name, rows in (("train", train), ("validation", held_out), ("test", held_out)):
        texts, labels = zip(*(report(task, name, i) for i in range(rows)), strict=True)
        if task.label_names:
            labels = [task.label_names[label] for label in labels]
        columns = {"id": [f"{name}-{i}" for i in range(rows)], "text": list(texts)}
        splits[name] = Split(name, pa.table({**columns, task.label_column: list(labels)}), task)
    return TextDataset("reports", splits, task)


@pytest.fixture(scope="module")
def reports():
    return dataset()


@pytest.fixture(scope="module")
def made(reports):
    return dictionary_baseline(reports, seed=1, **QUICK)


# The baseline


@pytest.mark.parametrize("classes", [None, 2, 3])
def test_word_attributions_are_complete_and_point_the_right_way(classes):
    task = {None: AMOUNT, 2: MOOD, 3: PLACE}[classes]
    data = dataset(task, train=90, held_out=30)
    counter = WordCounter(data.train.texts, min_documents=2, max_words=100)
    trained = train_network(
        (counter.train_counts, data.train.labels),
        (counter.counts(data.validation.texts)[0], data.validation.labels),
        classes=classes,
        seed=0,
        settings=NetworkSettings(hidden_size=8, dropout=0.1, learning_rate=0.01),
    )
    totals, gap = word_attributions(trained, counter.train_counts)
    assert gap < 1e-4
    place = counter.words.index
    if classes == 3:
        for output, name in enumerate(PLACE.label_names):
            for word in TELLING[name]:
                assert totals[place(word)].argmax() == output
    else:
        sign = 1 if classes is None else -1
        assert all(sign * totals[place(word), 0] > 0 for word in GRIM)
        assert all(sign * totals[place(word), 0] < 0 for word in CALM)


def test_telling_words_lead_the_dictionary_and_predict(made, reports):
    leading = made.model.words.leading(2)
    assert set(leading["highest"]) == set(GRIM)
    assert set(leading["lowest"]) == set(CALM)
    assert len(made.model.words) == 10
    assert (np.diff(made.model.words.scores[:, 0]) <= 0).all()
    assert made.metrics["r2"].value > 0.6
    expected = regression_metrics(
        reports.test.labels,
        made.predictions["original"].predictions,
        seed=fold_in(1, "intervals"),
    )
    assert made.metrics == expected
    assert made.validation["mse"] == pytest.approx(made.facts["tried"][0]["mse"], rel=0.5)
    assert made.facts["network"]["completeness_gap"] < 1e-4


def test_what_is_chosen_is_best_on_validation_and_the_test_rows_decide_nothing(reports):
    other = Split("test", reports.test.table.slice(0, 5), AMOUNT)
    changed = TextDataset("reports", {**reports.splits, "test": other}, AMOUNT)
    first, second = (
        dictionary_baseline(data, seed=2, trees=10, min_documents=2) for data in (reports, changed)
    )
    assert first.facts == second.facts
    assert first.validation == second.validation
    tried = first.facts["tried"]
    best = min(tried, key=lambda entry: entry["mse"])
    assert {k: best[k] for k in ("size", "min_samples_leaf")}.items() <= (
        first.facts["chosen"].items()
    )
    # A vocabulary below both sizes is tried once.
    assert {entry["size"] for entry in tried} == {first.facts["vocabulary"]}


@pytest.mark.parametrize("classifier", ["random_forest", "xgboost"])
@pytest.mark.parametrize("task", [MOOD, PLACE], ids=["two classes", "three classes"])
def test_classes_are_predicted_with_probabilities(classifier, task):
    data = dataset(task, train=180, held_out=30)
    made = dictionary_baseline(data, classifier=classifier, seed=0, **QUICK)
    said = made.predictions["original"]
    assert said.logits.shape == (30, len(task.label_names))
    assert said.probabilities.sum(1) == pytest.approx(1, abs=1e-5)
    assert made.metrics["accuracy"].value > 0.75
    names = ("good",) if task is MOOD else task.label_names
    assert made.words.names == names


@pytest.mark.parametrize("classifier", ["random_forest", "xgboost"])
def test_a_class_without_training_rows_is_never_predicted(classifier):
    data = dataset(PLACE, train=90, held_out=30)
    kept = np.flatnonzero(data.train.labels != 1)
    splits = {**data.splits, "train": data.train.take(kept)}
    made = dictionary_baseline(
        TextDataset("reports", splits, PLACE), classifier=classifier, **QUICK
    )
    assert set(made.predictions["original"].predictions) == {0, 2}


def test_xgboost_regresses_and_stops_early(reports):
    made = dictionary_baseline(reports, classifier="xgboost", seed=0, **QUICK)
    assert made.metrics["r2"].value > 0.6
    assert all(1 <= entry["trees"] <= 80 for entry in made.facts["tried"])


def test_words_beyond_the_limit_are_not_read(reports):
    made = dictionary_baseline(reports, seed=0, max_length_tokens=6, **QUICK)
    model = made.model
    short, longer, other = model.predict(
        ["It was there on monday and", "It was there on monday and killed killed", "Killed killed"]
    ).logits[:, 0]
    assert short == longer != other
    assert made.predictions["original"].truncated.mean() > 0.5
    assert "longer than 6 words" in made.notices[0]


def test_transformed_rows_are_compared_with_the_original(reports):
    plans = plan_sets(["casing"], 5)
    sets = [build_set(plan, reports.test, seed=0) for plan in plans]
    made = dictionary_baseline(reports, seed=0, sets=sets, **QUICK)
    cell = made.result.cell("random_forest", "casing")
    # A dictionary of words in lower case cannot tell the two sets apart.
    assert cell.drop["mse"].value == 0
    assert cell.same_tokens == 1
    assert made.result.mix == "casing"


def test_what_cannot_be_used_is_said(reports):
    with pytest.raises(UsageError, match="sise: expected the name of a setting; did you mean 'si"):
        dictionary_baseline(reports, sise=3)
    with pytest.raises(UsageError, match=r"classifier: .*'random_forest' or 'xgboost', got 'svm'"):
        dictionary_settings(classifier="svm")
    bare = TextDataset("reports", {"train": reports.train}, AMOUNT)
    with pytest.raises(DataError, match="expected a split validation"):
        dictionary_baseline(bare)
    odd = TestSet(plan_sets(["casing"], 1)[1].facts, reports.test)
    with pytest.raises(DataError, match="labelled rows as they are for the first test set"):
        dictionary_baseline(reports, sets=[odd])


def test_pairs_of_texts_are_refused(reports, tmp_path):
    table = reports.train.table.append_column("question", reports.train.table["text"])
    task = Task(type=TaskType.REGRESSION, label_column="target", pair_column="question")
    splits = {name: Split(name, table, task) for name in ("train", "validation", "test")}
    pairs = TextDataset("pairs", splits, task)
    for call in (dictionary_baseline, dictionary_run):
        with pytest.raises(UsageError, match=r"expected one text a row, got two \(text and que"):
            call(pairs)


def test_a_regression_on_one_number_trains():
    counts = WordCounter(["a b", "b c", "a c"] * 4, min_documents=1, max_words=9).train_counts
    same = (counts, np.full(12, 2.0))
    trained = train_network(same, same, classes=None, seed=0, settings=NetworkSettings(epochs=2))
    assert trained.unit == 1.0
    assert np.isfinite(word_attributions(trained, counts)[0]).all()


# The run folder


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


def test_a_run_folder_holds_words_predictions_and_metrics(reports, tmp_path):
    run = dictionary_run(reports, root=tmp_path, seed=3, **QUICK)
    assert sorted(contents(run.folder)) == [
        "config.toml",
        "dictionary.csv",
        "metrics.json",
        "network.json",
        "predictions/original.parquet",
        "words.csv",
    ]
    table = pq.read_table(run.folder / run.predictions["original"])
    columns = ["id", "text", "label", "prediction", "logits", "token_hash", "truncated", "lengths"]
    assert table.column_names == columns
    assert table["id"].to_pylist() == reports.test.ids
    direct = dictionary_baseline(reports, seed=3, **QUICK)
    assert table["prediction"].to_pylist() == direct.predictions["original"].predictions.tolist()
    assert run.metrics["original"] == direct.metrics
    assert run.facts == direct.facts
    assert run.rows == {"train": 120, "validation": 40, "test": 40}
    words = read_words(run.folder / "dictionary.csv", ("target",))
    assert words.words == direct.model.words.words


def test_a_finished_run_is_read_again_and_other_settings_have_another_folder(
    reports, tmp_path, monkeypatch
):
    first = dictionary_run(reports, root=tmp_path, **QUICK)
    other = dictionary_run(reports, root=tmp_path, **{**QUICK, "size": 8})
    assert other.folder != first.folder
    monkeypatch.setattr("robustft.study.dictionary_run.make_baseline", None)
    again = dictionary_run(reports, root=tmp_path, **QUICK)
    assert (again.folder, again.metrics, again.facts) == (first.folder, first.metrics, first.facts)


def test_a_killed_run_goes_on_from_its_scored_words_and_ends_the_same(
    reports, tmp_path, monkeypatch
):
    whole = dictionary_run(reports, out=tmp_path / "whole", **QUICK)

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("robustft.study.dictionary_baseline.choose", killed)
        with pytest.raises(KeyboardInterrupt):
            dictionary_run(reports, out=tmp_path / "killed", **QUICK)
    assert not (tmp_path / "killed").exists()
    with monkeypatch.context() as patch:
        patch.setattr("robustft.study.dictionary_baseline.train_network", killed)
        resumed = dictionary_run(reports, out=tmp_path / "killed", **QUICK)
    assert contents(resumed.folder) == contents(whole.folder)


@pytest.mark.parametrize("classifier", ["random_forest", "xgboost"])
def test_cores_and_threads_change_no_byte(reports, tmp_path, classifier):
    one = dictionary_run(reports, out=tmp_path / "one", classifier=classifier, **QUICK)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    two = dictionary_run(reports, out=tmp_path / "two", n_jobs=2, classifier=classifier, **QUICK)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(threads)
    assert contents(one.folder) == contents(two.folder)


def test_the_order_of_hashes_changes_no_byte(tmp_path):
    """A process with another order of sets and dictionaries of strings writes the same files."""
    code = textwrap.dedent(
        """
        import sys
        from dataclasses import replace
        from robustft.data.dataset import load_dataset
        from robustft.study.dictionary_run import dictionary_run

        def run(out):
            data = load_dataset("demo:events")
            splits = {name: split.take(range(150)) for name, split in data.splits.items()}
            dictionary_run(replace(data, splits=splits), out=out, trees=8, size=40)
        """
    )
    here: dict[str, Any] = {}
    exec(code, here)
    here["run"](tmp_path / "here")
    there = f"{code}\nrun({str(tmp_path / 'there')!r})"
    other = {
        **os.environ,
        "PYTHONHASHSEED": "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2",
    }
    subprocess.run([sys.executable, "-c", there], check=True, env=other)
    assert contents(tmp_path / "here") == contents(tmp_path / "there")


def study_row(reports, tmp_path, evaluation, **settings):
    """The result of a dictionary row in a study."""
    from robustft.data.saving import save_split
    from robustft.study.dictionary import run_dictionary
    from robustft.study.grid import RunSpec
    from robustft.study.rows import Context
    from robustft.study.schema import Evaluation

    for name, split in reports.splits.items():
        save_split(split, tmp_path / "data" / f"{name}.parquet")
    spec = RunSpec(
        row="forest", base="forest", label="Forest", kind="dictionary", dataset="", number=0,
        settings={"data": str(tmp_path / "data"), "max_train": 60, **QUICK, **settings},
    )  # fmt: skip
    wanted = Evaluation(**evaluation)
    context = Context(folder=tmp_path / "study", evaluation=wanted, done={}, progress=False)
    return run_dictionary(spec, context)


def test_seeds_of_a_study_row_share_their_rows_and_follow_its_split(reports, tmp_path):
    def trained_on(result):
        manifest = json.loads((tmp_path / "study" / result.run / "manifest.json").read_text())
        return manifest["fingerprints"]["train"]

    first, second, other = (
        study_row(reports, tmp_path, {}, eval_split="validation", seed=seed, data_seed=rows)
        for seed, rows in ((0, 0), (1, 0), (0, 1))
    )
    assert trained_on(first) == trained_on(second) != trained_on(other)
    assert first.run != second.run
    assert first.facts["split"] == "validation"
    table = pq.read_table(tmp_path / "study" / first.predictions["original"])
    assert table["id"].to_pylist() == reports.validation.ids


def test_a_study_row_gives_metrics_and_files(reports, tmp_path):
    result = study_row(reports, tmp_path, {"transforms": "casing", "max_eval": 30}, seed=0)
    assert set(result.metrics) == {"validation", "original", "casing"}
    assert result.metrics["original"]["r2"].low < result.metrics["original"]["r2"].value
    assert result.drops["casing"]["mse"].value == 0
    assert result.rows == {"train": 60, "validation": 40, "test": 30, "evaluated": 30}
    assert (tmp_path / "study" / result.predictions["casing"]).is_file()
    assert (tmp_path / "study" / result.run / "dictionary.csv").is_file()
    assert result.model == "random_forest"
    assert result.settings["data"] == "data"
    assert set(result.facts["words"]["highest"][:2]) <= {*GRIM, *FILLER}


def test_the_original_rows_are_a_set_of_their_own(reports):
    made = original_set(reports.test)
    assert (made.facts.name, made.facts.rows, made.made) == ("original", 40, None)

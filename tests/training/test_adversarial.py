"""Successful attacks that go back into training."""

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

from robustft.data.dataset import load_dataset
from robustft.data.run_folder import RunFolder
from robustft.errors import DataError, RunError
from robustft.training.adversarial import load_adversarial
from robustft.training.experiment import train
from robustft.training.plan import make_plan


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A data set in three splits."""
    home = tmp_path_factory.mktemp("home")
    (home / "data").mkdir()
    for name, n in (("train", 40), ("validation", 8), ("test", 8)):
        rows = [
            {"id": f"{name}-{i}", "text": f"{name} film number {i} was {w}", "label": w}
            for i in range(n)
            for w in [("good", "bad")[i % 2]]
        ]
        pd.DataFrame(rows).to_csv(home / "data" / f"{name}.csv", index=False)
    return home


def record(row_id, text, *, status="success", word="film", made="flim"):
    start = text.index(word)
    edit = {"start": start, "end": start + len(word), "replacement": made}
    edit |= {"transforms": ["typos"], "original": word}
    changed = text.replace(word, made)
    facts = {"id": row_id, "status": status, "column": "text", "edits": [edit]}
    return facts | {"original": text, "text": changed}


def write(folder, records):
    run = RunFolder.start(
        "attack", "x", {"transforms": "typos", "records": len(records)}, out=folder
    )
    (run.path / "attacks.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    run.finish({})
    return folder


def rows(name, numbers, **how):
    words = ("good", "bad")
    return [
        record(f"{name}-{i}", f"{name} film number {i} was {words[i % 2]}", **how) for i in numbers
    ]


def test_successful_attacks_become_rows_with_their_label(home, tmp_path):
    dataset = load_dataset(home / "data")
    attacks = [*rows("train", [0, 3]), *rows("train", [5], status="failed")]
    (made,) = load_adversarial(write(tmp_path / "a", attacks), dataset.train, dataset)
    split = made.rows.split
    assert split.ids == ["train-0+attack1", "train-3+attack1"]
    assert split.texts[0] == "train flim number 0 was good"
    assert split.table["source_id"].to_pylist() == ["train-0", "train-3"]
    assert [split.task.label_names[code] for code in split.labels] == ["good", "bad"]
    assert made.rows.perturbed.counts()["changed"] == 2
    assert "flim" in made.rows.replacement_words
    assert "2 successful attacks" in made.notices[0]


def test_attacks_on_held_out_rows_are_refused_by_name(home, tmp_path):
    dataset = load_dataset(home / "data")
    folder = write(tmp_path / "a", [*rows("train", [0]), *rows("test", [1, 2])])
    with pytest.raises(DataError, match=r"got 2 on the split test \(test-1, test-2\)"):
        load_adversarial(folder, dataset.train, dataset)


def test_attacks_on_rows_that_are_not_trained_on_are_left_out(home, tmp_path):
    dataset = load_dataset(home / "data")
    folder = write(tmp_path / "a", rows("train", [0, 30]))
    (made,) = load_adversarial(folder, dataset.train.take(range(10)), dataset)
    assert len(made) == 1
    assert "1 attacks of a are left out" in made.notices[1]
    with pytest.raises(DataError, match="got none among 2"):
        load_adversarial(folder, dataset.train.take(range(5, 9)), dataset)


def test_damaged_rows_are_named(home, tmp_path):
    dataset = load_dataset(home / "data")
    folder = write(tmp_path / "a", rows("train", [0]))
    with (folder / "attacks.jsonl").open("a") as file:
        file.write('{"id": "train-1"}\n')
    with pytest.raises(RunError, match="line 2: expected the row of an attack"):
        load_adversarial(folder, dataset.train, dataset)


def test_other_folders_are_refused(home, tmp_path):
    dataset = load_dataset(home / "data")
    RunFolder.start("eval", "x", {}, out=tmp_path / "e").finish({})
    with pytest.raises(RunError, match="expected a run of robustft attack, got one of eval"):
        load_adversarial(tmp_path / "e", dataset.train, dataset)


def test_they_join_what_transforms_have_made(home, tmp_path):
    folder = write(tmp_path / "a", rows("train", [0, 1, 2]))
    plan = make_plan(home / "data", "tiny", augment=4, augment_with=folder, root=tmp_path / "runs")
    made = plan.augmented()
    assert len(made.split) == plan.augment == 7
    assert made.split.ids[4:] == ["train-0+attack1", "train-1+attack1", "train-2+attack1"]
    assert len(made.perturbed) == 7
    alone = make_plan(home / "data", "tiny", augment_with=folder, root=tmp_path / "runs")
    assert len(alone.augmented().split) == 3
    assert alone.config("augmented")["transforms"] == "typos"
    assert alone.config("augmented")["augment_with"][0]["rows"] == 3
    assert "augment_with" not in alone.config("clean")


def test_a_model_is_trained_on_them_beside_its_twin(home, tmp_path):
    folder = write(tmp_path / "a", rows("train", range(6)))
    pair = train(
        home / "data",
        "tiny",
        augment_with=[folder],
        root=tmp_path / "runs",
        epochs=1,
        max_length=16,
        device="cpu",
        progress=False,
    )
    manifest = RunFolder.open(pair.augmented).manifest
    assert manifest["counts"]["augmented"] == 6
    kept = pq.read_table(pair.augmented / "data" / "augmented.parquet")
    assert kept["source_id"].to_pylist() == [f"train-{i}" for i in range(6)]
    assert (pair.augmented / "edits" / "augmented.jsonl").read_text().count("flim") == 6

"""Predictions for a corpus, shard by shard."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robustft.cli.main import run
from robustft.data.demo import demo_reviews
from robustft.data.task import Task
from robustft.errors import DataError, UsageError
from robustft.evaluation.predict import predict
from robustft.model.load import load_model

TEXTS = [row["text"] for row in demo_reviews()[:30]]
TASK = Task(label_names=("neg", "pos"))


@pytest.fixture(scope="module")
def loaded():
    return load_model("tiny", task=TASK, seed=1, train_texts=TEXTS)


@pytest.fixture(scope="module")
def model(loaded, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    loaded.model.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    return folder


def write(folder, cuts, **columns):
    table = pa.table(columns)
    folder.mkdir()
    for number, (start, end) in enumerate(zip((0, *cuts), (*cuts, len(table)), strict=True)):
        pq.write_table(table.slice(start, end - start), folder / f"{number}.parquet")
    return str(folder)


def parts(folder):
    files = sorted((folder / "predictions/all").iterdir())
    return pa.concat_tables([pq.ParquetFile(path).read() for path in files])


def test_every_shard_gives_a_file_of_predictions(tmp_path, loaded, model, capsys):
    names = ["pos" if n % 3 else "neg" for n in range(30)]
    data = write(tmp_path / "data", [12, 12], text=TEXTS, label=names)
    assert run(["predict", str(model), data, "--out", str(tmp_path / "out")]) == 0
    assert "30 rows in 3 parts" in capsys.readouterr().out
    made = parts(tmp_path / "out")
    said = predict(loaded, TEXTS, device="cpu")
    assert made.column_names == ["id", "label", "prediction", "probabilities"]
    assert made["label"].to_pylist() == names
    assert made["prediction"].to_pylist() == [TASK.label_names[c] for c in said.predictions]
    shares = np.array(made["probabilities"].to_pylist())
    assert shares == pytest.approx(said.probabilities, abs=1e-5)
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["counts"] == {"rows": 30, "truncated": 0}
    assert manifest["labels"] == ["neg", "pos"]
    assert not any(str(tmp_path) in path.read_text() for path in (tmp_path / "out").glob("*.*"))


def test_rows_without_labels_get_the_models_own_names(tmp_path, model):
    data = write(tmp_path / "data", [9], text=[*TEXTS[:20], None])
    outs = [tmp_path / name for name in ("one", "again")]
    for out in outs:
        run(["predict", str(model), data, "--out", str(out)])
    made = parts(outs[0])
    assert len(made) == 20
    assert set(made["prediction"].to_pylist()) <= {"neg", "pos"}
    assert "label" not in made.column_names
    names = ["predictions/all/part-00000.parquet", "manifest.json", "shards.jsonl"]
    for name in names:
        assert (outs[0] / name).read_bytes() == (outs[1] / name).read_bytes()


def test_processes_and_a_second_call_change_nothing(tmp_path, model, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    data = write(tmp_path / "data", [15], text=TEXTS, label=["neg", "pos"] * 15)
    for workers in ("1", "2"):
        out = str(tmp_path / workers)
        run(["predict", str(model), data, "--out", out, "--workers", workers])
    assert parts(tmp_path / "1").equals(parts(tmp_path / "2"))
    before = (tmp_path / "1/log.jsonl").read_bytes()
    run(["predict", str(model), data, "--out", str(tmp_path / "1")])
    assert (tmp_path / "1/log.jsonl").read_bytes() == before


def test_what_cannot_be_predicted_is_said(tmp_path, model):
    tagged = write(tmp_path / "a", [], tokens=[["Maria"]], ner_tags=[["B-P"]])
    with pytest.raises(UsageError, match=r"predict: expected texts or pairs to classify"):
        run(["predict", str(model), tagged, "--out", str(tmp_path / "out")])
    (tmp_path / "my.py").write_text("def ask(texts):\n    return [[0.5, 0.5] for _ in texts]\n")
    plain = write(tmp_path / "b", [], text=TEXTS)
    with pytest.raises(DataError, match=r"expected labels in the data, which say what the outputs"):
        run(["predict", f"{tmp_path}/my.py:ask", plain, "--out", str(tmp_path / "b-out")])

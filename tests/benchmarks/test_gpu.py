"""The benchmark of one GPU runs in its small form, without one."""

from __future__ import annotations

import json
import sys

import gpu
import pytest
import torch
from gpu_data import corpus, lengths_of, make_model
from gpu_ways import covered


def test_texts_have_the_lengths_of_the_corpus_in_tokens():
    train = corpus("reports", 200, words=395)
    loaded = make_model("bert", small=True)
    found = [len(ids) for ids in loaded.tokenizer(list(train.texts))["input_ids"]]
    assert found == lengths_of("reports", 200, 512).tolist()
    assert 230 < sum(found) / 200 < 250
    assert corpus("reports", 200, words=395).texts == train.texts


@pytest.fixture
def _threads_as_before():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.mark.filterwarnings("ignore")  # a peer's
@pytest.mark.skipif(torch.cuda.is_available(), reason="its small form is for machines without")
@pytest.mark.usefixtures("_threads_as_before")
def test_all_parts_run_in_their_small_form(tmp_path, monkeypatch, capsys):
    path = tmp_path / "gpu.json"
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--small", "--out", str(path)])
    gpu.main()
    found = json.loads(path.read_text())
    titles = [table["title"] for table in found["tables"]]
    assert titles == [title for title in gpu.TITLES.values() if title != "Profile"]
    assert found["not_measured"] == {"Profile": "no GPU on this machine"}
    rows = {table["title"]: table["rows"] for table in found["tables"]}
    assert all(row["ours"] > 0 for title in titles[:3] for row in rows[title])
    assert [row["against"] for row in rows["Beside Trainer"][:2]] == [
        "Trainer", "Trainer at its best",
    ]  # fmt: skip
    assert all(row["ratio"] for row in rows["Beside Trainer"])
    assert rows["Utilisation"][0]["not_measured"] == "no GPU on this machine"
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--small", "--only=profile", "--out", str(path)])
    gpu.main()
    assert [t["title"] for t in json.loads(path.read_text())["tables"]] == titles


@pytest.mark.skipif(torch.cuda.is_available(), reason="for machines without")
def test_without_a_gpu_all_that_must_hold_is_said_not_to_be_measured(tmp_path, monkeypatch, capsys):
    path = tmp_path / "gpu.json"
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--out", str(path)])
    gpu.main()
    tables = json.loads(path.read_text())["tables"]
    rows = [row for table in tables for row in table["rows"]]
    assert [row["ours"] for row in rows] == [None] * 6
    assert all(row["target"] and row["met"] is None for row in rows)
    assert "not measured: no GPU on this machine" in capsys.readouterr().out


def test_an_unknown_part_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--only", "training"])
    with pytest.raises(SystemExit):
        gpu.main()
    assert "--only: expected some of reports, reviews" in capsys.readouterr().err


def test_a_part_that_fails_leaves_the_others_alone(monkeypatch):
    def broken(self):
        raise RuntimeError("out of memory\nand more")

    monkeypatch.setattr(gpu.Bench, "trainer", broken)
    options = gpu.parser("").parse_args(["--small"])
    bench = gpu.Bench(options)
    bench.run(["trainer", "profile"])
    assert bench.results.not_measured["Beside Trainer"] == "it failed: out of memory"
    assert "Profile" in bench.results.not_measured


def test_overlapping_spans_are_counted_once():
    assert covered([(0.0, 2.0), (1.0, 3.0), (5.0, 6.0)]) == 4.0

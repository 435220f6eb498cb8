"""The benchmark of a corpus runs; its Ray side is too slow to start for a test."""

from __future__ import annotations

import json
import sys

import pyarrow.parquet as pq
import scale
from scale_corpus import make_corpus


def test_a_quick_look_measures_the_local_engine(tmp_path, monkeypatch, capsys):
    out = tmp_path / "scale.json"
    words = ["--small", "--engines", "local", "--workers", "1", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["scale.py", *words])
    scale.main()
    assert "reviews/s" in capsys.readouterr().out
    made = json.loads(out.read_text())
    speed, memory, paper = made["tables"]
    assert speed["rows"][0]["ours"] > 0
    assert memory["rows"][0]["met"]
    assert paper["rows"][0]["what"] == "512 processors"
    assert made["not_measured"] == {"--engine ray": "it was not asked for"}


def test_a_corpus_is_the_same_each_time_and_has_copies(tmp_path):
    texts = [f"Film {i} began. Then it went on. It ended." for i in range(9)]
    for name in ("a", "b"):
        folder = tmp_path / name
        make_corpus(texts, [0, 1, 0] * 3, folder, rows=101, shards=2, seed=1)
    first, second = (sorted((tmp_path / name).iterdir()) for name in ("a", "b"))
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    rows = [text for path in first for text in pq.read_table(path)["text"].to_pylist()]
    assert len(rows) == 101
    assert len(set(rows)) < 101

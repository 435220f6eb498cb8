"""Training on rows of two texts, as they are and with changed copies of them."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from robustft.data.dataset import load_dataset
from robustft.data.run_folder import RunFolder
from robustft.training.experiment import train

NAMES = "Ada Byron Curie Darwin Euler Fermi Gauss Hopper".split()
WORDS = "professor carpenter gardener musician".split()


@pytest.mark.parametrize("kind", ["classes", "scores"])
def test_pairs_are_trained_on(kind, tmp_path):
    texts = [(NAMES[i % 8], NAMES[(i * 5 + i // 8) % 8]) for i in range(64)]
    label = {True: "same", False: "other"} if kind == "classes" else {True: 1.5, False: -1.0}
    data = [
        {
            "sentence1": f"it is {a} {i}",
            "sentence2": f"it is called {b} by everyone",
            "label": label[i % 2 == 0],
        }
        for i, (a, b) in enumerate(texts)
    ]
    settings = {"epochs": 1, "device": "cpu", "root": tmp_path, "progress": False}
    pair = train(data, "tiny", augment=9, transforms="typos", sides="second", **settings)
    metric = "accuracy" if kind == "classes" else "mse"
    assert pair.validation["clean"][metric] is not None
    rows = pq.read_table(pair.augmented / "data/augmented.parquet").to_pylist()
    sources = {row["sentence1"]: row for row in data}
    assert len(rows) == 9
    for row in rows:
        source = sources[row["sentence1"]]
        assert row["sentence2"] != source["sentence2"]
        assert row["label"] == source["label"]
    config = RunFolder.open(pair.augmented).config
    assert config["sides"] == ["sentence2"]
    assert RunFolder.open(pair.augmented).manifest["remarks"] == [
        "label kind not checked: name it with --label-kind"
    ]


def test_questions_are_augmented_with_their_answers_in_place(tmp_path):
    rows = [
        {
            "question": f"who is number {i} on the list?",
            "context": f"There is a list of many names. Number {i} is a {WORDS[i % 4]}, they say.",
            "answers": {"text": [WORDS[i % 4]], "answer_start": [len(str(i)) + 44]},
        }
        for i in range(40)
    ]
    assert load_dataset(rows).notices[0].startswith("data: no splits")
    pair = train(
        rows, "tiny", augment=30, transforms="typos", severity=5, epochs=1, device="cpu",
        root=tmp_path, progress=False, max_length=64, doc_stride=16, spans="follow",
        controls="duplicated",
    )  # fmt: skip
    table = pq.read_table(pair.augmented / "data/augmented.parquet").to_pylist()
    texts = [row["answers"]["text"][0] for row in table]
    assert set(texts) - set(WORDS)  # some answers have a typo now
    for row, text in zip(table, texts, strict=True):
        start = row["answers"]["answer_start"][0]
        assert row["context"][start : start + len(text)] == text
    config = RunFolder.open(pair.augmented).config
    assert (config["sides"], config["spans"]) == (["question", "context"], "follow")

"""Transformed and augmented sets, in memory and on disk."""

from __future__ import annotations

import json
import re
from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import robustft
from robustft.data import export
from robustft.data.build import (
    augment_split,
    check_label_kind,
    replacement_words,
    transform_split,
)
from robustft.data.dataset import load_dataset
from robustft.data.demo import demo_reviews
from robustft.data.export import PART_ROWS, export_transformed
from robustft.data.run_folder import RunFolder
from robustft.data.split import Split
from robustft.data.task import Task
from robustft.errors import LabelKindError, UsageError
from robustft.text import Batch, Edit, apply, invert
from robustft.transform import LabelKind, perturb
from robustft.transform.constraints import MaxChanged
from robustft.transform.kept import KeepWords

TASK = Task(label_names=("neg", "pos"))


def make_split(n=60, name="test"):
    rows = demo_reviews(n=n)
    table = pa.table({key: [row[key] for row in rows] for key in ("id", "text", "label")})
    return Split(name=name, table=table, task=TASK)


def test_a_transformed_split_keeps_rows_ids_and_labels():
    split = make_split()
    made = transform_split(split, "synonyms,typos", severity=4)
    assert made.split.ids == split.ids
    assert made.split.labels.tolist() == split.labels.tolist()
    assert made.split.texts == made.perturbed.columns["text"].texts != split.texts
    assert made.summary()["rows"] == 60


def test_streams_and_seeds_give_other_draws():
    split = make_split()
    texts = [
        transform_split(split, "typos", seed=seed, stream=stream).split.texts
        for seed, stream in ((0, "test"), (0, "train"), (1, "test"), (0, "test"))
    ]
    assert texts[0] != texts[1]
    assert texts[0] != texts[2]
    assert texts[0] == texts[3]


@settings(max_examples=5, deadline=None)
@given(st.integers(1, 150), st.integers(0, 3))
def test_augmented_rows_are_changed_distinct_and_keep_label_and_source(n, seed):
    split = make_split()
    made = augment_split(split, "typos,synonyms,contractions", n, seed=seed)
    table = made.split.table
    assert len(made.split) == n
    assert made.shortfall is None
    texts = made.split.texts
    assert len(set(texts)) == n
    assert not set(texts) & set(split.texts)
    label_of = dict(zip(split.ids, split.labels.tolist(), strict=True))
    sources = table["source_id"].to_pylist()
    assert made.split.labels.tolist() == [label_of[s] for s in sources]
    assert len(set(made.split.ids)) == n
    assert made.perturbed.ids == sources


def test_every_source_is_used_before_any_is_used_twice():
    copies = augment_split(make_split(50), "typos", 80, severity=5).split.table["copy"].to_pylist()
    assert copies.count(1) >= 45
    assert set(copies) == {1, 2}


def test_augmenting_does_not_depend_on_order_or_workers():
    split = make_split(40)
    order = np.random.default_rng(0).permutation(40)
    base = augment_split(split, "typos,synonyms", 60)
    shuffled = augment_split(split.take(order), "typos,synonyms", 60)
    assert shuffled.split.table.equals(base.split.table)
    assert augment_split(split, "typos,synonyms", 60, workers=2).split.table.equals(
        base.split.table
    )


def test_a_shortfall_is_said():
    table = pa.table({"id": ["a"], "text": ["It is."], "label": [0]})
    made = augment_split(Split(name="train", table=table, task=TASK), "typos,contractions", 5)
    assert len(made.split) < 5
    assert made.shortfall.startswith(f"{len(made.split)} of 5 augmented rows: 20 copies of each")


def test_no_rows_to_make_is_an_error():
    with pytest.raises(UsageError, match="at least one row, got 0"):
        augment_split(make_split(), "typos", 0)


def test_the_public_augment_takes_the_training_split():
    made = robustft.augment("demo", 20, "synonyms")
    assert len(made.to_pandas()) == 20
    assert made.replacement_words


def test_augmented_rows_keep_to_constraints():
    rows = demo_reviews(n=60)
    kept = {word for row in rows for word in row["text"].lower().split()} - {"the", "was", "and"}
    bound = [KeepWords(words=tuple(kept)), MaxChanged(share=0.05)]
    made = robustft.augment("demo", 20, "typos:rate=1.0,casing:rate=1.0", constraints=bound)
    assert len(made.split) == 20
    for _, row in made.perturbed.texts():
        words = len(Batch([row.original]).words)
        assert 0 < sum(len(step.edits) for step in row.steps) <= 0.05 * words
        assert {row.original[e.start : e.end].lower() for e in row.edits}.isdisjoint(kept)


def test_replacement_words_are_those_that_came_in():
    made = perturb(["a boring film, I do not like it"], "contractions:mode=contract,rate=1.0")
    assert replacement_words(made) == {"don't"}


@pytest.mark.parametrize(
    ("spec", "kind", "expected"),
    [
        ("typos", None, "label kind not checked"),
        ("typos", LabelKind.SENTIMENT, None),
        ("typos,synonyms", LabelKind.ACCEPTABILITY, "typos, which keeps"),
    ],
)
def test_label_kinds_are_checked(spec, kind, expected):
    if kind is LabelKind.ACCEPTABILITY:
        with pytest.raises(LabelKindError, match=f"{expected}.*--force goes on"):
            check_label_kind(spec, kind)
        assert check_label_kind(spec, kind, force=True).startswith("forced: label kind acceptab")
    else:
        remark = check_label_kind(spec, kind)
        assert remark is None if expected is None else remark.startswith(expected)


def test_labels_that_are_quantities_bind_the_transforms():
    shout = f"{Path(__file__).parents[1] / 'transform' / 'toys.py'}:Shout"
    with pytest.raises(LabelKindError, match=r"label kind quantity: .* shout, which keeps sentim"):
        robustft.augment("demo:events", 5, f"typos,{shout}")
    made = robustft.augment("demo:events", 200, "typos,misspellings,casing", severity=5)
    assert made.remarks == ()
    sources = load_dataset("demo:events").train
    texts = dict(zip(sources.ids, zip(sources.texts, sources.labels, strict=True), strict=True))
    rows = zip(made.perturbed.ids, made.split.texts, made.split.labels, strict=True)
    for source, text, label in rows:
        before, target = texts[source]
        assert re.findall(r"\d+", text) == re.findall(r"\d+", before)
        assert label == target


def started(path, **extra):
    return RunFolder.start("transform", "demo", {"seed": 0, **extra}, out=path)


def contents(path):
    return {p.name: p.read_bytes() for p in sorted(path.glob("*/test.*"))}


def test_an_export_is_the_same_bytes_for_any_number_of_workers(tmp_path):
    split = make_split(PART_ROWS + 100)
    for workers in (1, 2):
        export_transformed(
            split, "typos,synonyms", started(tmp_path / str(workers)), workers=workers
        )
    assert contents(tmp_path / "1") == contents(tmp_path / "2")
    manifest = [(tmp_path / str(w) / "manifest.json").read_bytes() for w in (1, 2)]
    assert manifest[0] == manifest[1]


def test_an_interrupted_export_goes_on_and_ends_the_same(tmp_path, monkeypatch):
    split = make_split(2 * PART_ROWS + 10)
    export_transformed(split, "typos", started(tmp_path / "whole"))

    done = []

    def stop(rows):
        done.append(rows)
        if sum(done) >= PART_ROWS:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_transformed(split, "typos", started(tmp_path / "cut"), progress=stop)
    assert not (tmp_path / "cut").exists()

    made = []
    real = export._make_part
    monkeypatch.setattr(
        export, "_make_part", lambda rows, **k: made.append(len(rows)) or real(rows, **k)
    )
    export_transformed(split, "typos", started(tmp_path / "cut"))
    assert made == [PART_ROWS, 10]
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
    assert sorted(p.name for p in (tmp_path / "cut").iterdir()) == [
        "config.toml",
        "data",
        "edits",
        "log.jsonl",
        "manifest.json",
    ]


def test_an_export_is_read_by_datasets_and_its_edits_invert(tmp_path):
    split = make_split(50)
    manifest = export_transformed(split, "typos,contractions", started(tmp_path / "ood"))
    read = datasets.load_dataset(
        "parquet",
        data_files=str(tmp_path / "ood/data/test.parquet"),
        split="train",
        cache_dir=str(tmp_path / "cache"),
    )
    assert read["id"] == split.ids
    assert read["label"] == split.labels.tolist()
    lines = (tmp_path / "ood/edits/test.jsonl").read_text().splitlines()
    changed = 0
    for line, text, source in zip(lines, read["text"], split.texts, strict=True):
        record = json.loads(line)
        edits = [Edit(e["start"], e["end"], e["replacement"]) for e in record["edits"]]
        assert apply(source, edits) == text
        back = invert(source, edits)
        removed = [e["removed"] for e in record["edits"]]
        assert [e.replacement for e in back] == removed
        changed += record["status"] == "changed"
    assert manifest["counts"]["changed"] == changed > 40


def test_a_split_without_rows_gives_empty_files(tmp_path):
    manifest = export_transformed(make_split(3).take([]), "typos", started(tmp_path / "ood"))
    assert manifest["counts"]["rows"] == 0
    assert pq.read_table(tmp_path / "ood/data/test.parquet").num_rows == 0
    assert (tmp_path / "ood/edits/test.jsonl").read_bytes() == b""


def test_a_finished_export_is_not_made_again(tmp_path):
    split = make_split(20)
    first = export_transformed(split, "typos", started(tmp_path / "ood"))
    stamp = (tmp_path / "ood/data/test.parquet").stat().st_mtime_ns
    assert export_transformed(split, "typos", started(tmp_path / "ood")) == first
    assert (tmp_path / "ood/data/test.parquet").stat().st_mtime_ns == stamp


def test_parquet_files_hold_no_path(tmp_path):
    export_transformed(make_split(5), "typos", started(tmp_path / "ood"))
    for path in (tmp_path / "ood").rglob("*"):
        if path.is_file():
            assert str(tmp_path).encode() not in path.read_bytes()
    assert pq.read_table(tmp_path / "ood/data/test.parquet").num_rows == 5

"""A corpus that is streamed comes out as it would from memory, however it is cut into files."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustft.cli.main import run
from robustft.data.demo import demo_reviews
from robustft.data.streaming import portions
from robustft.data.streaming.copies import repeated_hashes
from robustft.data.streaming.shards import find_corpus
from robustft.errors import DataError, MissingExtraError, RunError, UsageError

REVIEWS = [row["text"] for row in demo_reviews()[:40]]
WITH = ("--with", "typos:rate=0.2,contractions", "--seed", "3")


def table(**columns):
    return pa.table(columns)


def reviews(n=40):
    texts = [REVIEWS[i % 25] for i in range(n)]  # with copies
    return table(text=texts, label=[i % 2 for i in range(n)], place=[i * 7 % 5 for i in range(n)])


def write_shards(whole, folder, cuts, name="reviews-{}.parquet"):
    folder.mkdir(parents=True)
    for number, (start, end) in enumerate(zip((0, *cuts), (*cuts, len(whole)), strict=True)):
        pq.write_table(whole.slice(start, end - start), folder / name.format(number))
    return folder


def read_parts(out, split="all"):
    parts = sorted((out / "data" / split).iterdir())
    tables = [pq.ParquetFile(part).read() for part in parts]
    edits = b"".join(p.read_bytes() for p in sorted((out / "edits" / split).iterdir()))
    return pa.concat_tables(tables), edits


def in_memory(whole, folder, *options):
    pq.write_table(whole, folder / "whole.parquet")
    out = folder / "memory"
    run(["transform", str(folder / "whole.parquet"), *options, "--out", str(out)])
    return out


def same_as_in_memory(whole, folder, cuts, *options):
    expected = in_memory(whole, folder, *options)
    shards = write_shards(whole, folder / "shards", cuts)
    run(["transform", str(shards), "--stream", *options, "--out", str(folder / "out")])
    made, edits = read_parts(folder / "out")
    plain = pq.read_table(expected / "data/all.parquet")
    assert made.schema.equals(plain.schema, check_metadata=True)
    assert made.equals(plain)
    assert edits == (expected / "edits/all.jsonl").read_bytes()
    mine, theirs = manifests(folder / "out", expected)
    assert mine.pop("shards") == len(cuts) + 1
    for manifest in (mine, theirs):
        del manifest["source_fingerprint"], manifest["remarks"]
    assert mine == theirs


def manifests(*folders):
    return [json.loads((folder / "manifest.json").read_text()) for folder in folders]


@settings(max_examples=5)
@given(cuts=st.lists(st.integers(0, 40), max_size=3).map(sorted))
def test_however_a_corpus_is_cut_the_rows_are_those_of_one_file(tmp_path_factory, cuts):
    same_as_in_memory(reviews(), tmp_path_factory.mktemp("corpus"), cuts, *WITH)


def test_the_order_of_the_rows_decides_no_id(tmp_path):
    whole = reviews()
    turned = whole.take(pa.array(range(39, -1, -1)))
    for name, rows in (("a", whole), ("b", turned)):
        shards = write_shards(rows, tmp_path / name, [11])
        run(["transform", str(shards), "--stream", *WITH, "--out", str(tmp_path / f"out-{name}")])
    first, second = (read_parts(tmp_path / f"out-{name}")[0] for name in "ab")
    key = [("id", "ascending")]
    assert first.sort_by(key).equals(second.sort_by(key))


SQUAD = [
    {
        "question": f"Who came in {year}?",
        "context": f"In {year} the wonderful Maria came to the little town.",
        "answers": {"text": ["Maria"], "answer_start": [23]},
    }
    for year in range(1900, 1912)
]
LAYOUTS = {
    "labels in words": table(text=REVIEWS[:12], label=["good", "bad", None] * 4),
    "numbers": table(text=REVIEWS[:12], target=[0.5, 1.0, 2.0, None] * 3),
    "no labels": table(text=REVIEWS[:12]),
    "no label in the first file": table(text=REVIEWS[:12], label=[None] * 8 + [1, 0, 1, 0]),
    "ids": table(id=list(range(12)), text=REVIEWS[:12], label=[0, 1] * 6),
    "pairs": table(
        premise=REVIEWS[:12], hypothesis=REVIEWS[12:24], label=["yes", "no", "maybe"] * 4
    ),
    "questions": pa.Table.from_pylist(SQUAD),
    "tags": table(
        tokens=[["The", "wonderful", "Maria", "came"]] * 12, ner_tags=[["O", "O", "B-P", "O"]] * 12
    ),
    "rows without a text": table(text=[None, *REVIEWS[:9], "", None], label=[0, 1] * 6),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("cuts", [[8], [0, 4, 4]], ids=str)
def test_every_layout_streams(tmp_path, layout, cuts):
    with_ = ("--with", "typos", "--force")
    same_as_in_memory(LAYOUTS[layout], tmp_path, cuts, *with_)


def test_a_label_map_holds_for_every_file(tmp_path):
    same_as_in_memory(reviews(), tmp_path, [1], *WITH, "--label-map", "0=neg,1=pos")


@pytest.mark.parametrize("cuts", [(), (300,)])
@pytest.mark.parametrize("kind", [pa.string(), pa.null()])
def test_a_corpus_may_begin_with_rows_without_texts(tmp_path, kind, cuts):
    gap = table(text=pa.nulls(300, kind), label=[0, 1] * 150)
    whole = pa.concat_tables([gap, reviews(9).drop("place")], promote_options="default")
    if cuts:
        shards = write_shards(whole.slice(300), tmp_path / "shards", (), "b-{}.parquet")
        pq.write_table(gap, shards / "a.parquet")
    else:
        shards = write_shards(whole, tmp_path / "shards", ())
    assert run(["transform", str(shards), "--stream", *WITH, "--out", str(tmp_path / "out")]) == 0
    assert read_parts(tmp_path / "out")[0]["text"].null_count == 0


def test_rows_that_were_left_out_are_said_and_recorded(tmp_path, capsys):
    whole = LAYOUTS["rows without a text"]
    shards = write_shards(whole, tmp_path / "reviews", [6])
    run(["transform", str(shards), "--stream", "--with", "typos", "--out", str(tmp_path / "out")])
    (manifest,) = manifests(tmp_path / "out")
    told = ["reviews: left out 2 rows without a text", "reviews: kept 1 rows with an empty text"]
    assert manifest["remarks"][:2] == told
    assert told[0] in capsys.readouterr().err
    assert manifest["counts"]["rows"] == 10


def test_processes_share_the_shards_or_the_portions_of_one(tmp_path, monkeypatch):
    monkeypatch.setattr(portions, "PORTION_ROWS", 16)
    for cuts in ([10, 30], []):
        shards = write_shards(reviews(), tmp_path / f"in-{len(cuts)}", cuts)
        outs = [tmp_path / f"{len(cuts)}-{workers}" for workers in "12"]
        for out in outs:
            options = ("--out", str(out), "--workers", out.name[-1])
            run(["transform", str(shards), "--stream", *WITH, *options])
        assert contents(outs[0]) == contents(outs[1])


def contents(folder):
    """All files of a run but the log, which holds the time."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "log.jsonl"
    }


def test_shards_far_away_are_read_and_written_as_those_here(tmp_path):
    here = write_shards(reviews(), tmp_path / "reviews", [10])
    far = fsspec.filesystem("memory")
    far.put(str(here), "/corpus/reviews", recursive=True)
    run(["transform", str(here), "--stream", *WITH, "--out", str(tmp_path / "out")])
    command = ["transform", "memory://corpus/reviews/*.parquet", *WITH, "--out", "memory://out"]
    assert run(command) == 0
    found = {
        name.removeprefix("/out/"): far.cat_file(name)
        for name in far.find("/out")
        if not name.endswith("log.jsonl")
    }
    assert found == contents(tmp_path / "out")
    with pytest.raises(RunError, match=r"memory://out: .*with other seed"):
        run([*command, "--seed", "4"])
    assert run(command) == 0  # finished: nothing to do


def test_splits_are_told_by_folders_and_names(tmp_path):
    write_shards(reviews(8), tmp_path / "reviews/train", [4])
    write_shards(reviews(6), tmp_path / "reviews/test", [2], "{}.parquet")
    write_shards(reviews(4), tmp_path / "reviews/.hidden", [2])
    named = str(tmp_path / "reviews")
    assert [find_corpus(named, s).split for s in (None, "train")] == ["test", "train"]
    corpus = find_corpus(named, "train")
    assert [shard.name for shard in corpus.shards] == [
        "train/reviews-0.parquet",
        "train/reviews-1.parquet",
    ]
    with pytest.raises(UsageError, match=r"--split: expected one of train, test, got 'tset'.*test"):
        find_corpus(named, "tset")


KILLER = """
import os, pathlib, signal

def shout(text):
    mark = pathlib.Path({mark!r})
    if {word!r} in text and not mark.exists():
        mark.touch()
        os.kill({victim}, signal.SIGKILL)
    return text.upper()
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_was_killed_goes_on_and_ends_the_same(tmp_path, workers):
    texts = [f"review {i} of many" for i in range(30)]
    write_shards(table(text=texts), tmp_path / "reviews", [10, 20])
    mark = tmp_path / "mark"
    source = KILLER.format(mark=str(mark), word="review 5 ", victim="os.getpid()")
    (tmp_path / "killer.py").write_text(source)
    command = [sys.executable, "-m", "robustft", "transform", "reviews", "--stream"]
    command += ["--with", "./killer.py:shout", "--out", "out", "--workers", str(workers)]
    killed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert killed.returncode == (-signal.SIGKILL if workers == 1 else 2)
    assert workers == 1 or "got one that was killed" in killed.stderr
    assert mark.exists()
    partial = tmp_path / "out.partial"
    done = {p.name: p.stat().st_mtime_ns for p in (partial / "data/all").glob("*.parquet")}
    assert "part-00000.parquet" not in done  # the first shard is not the calling process's
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    for name, changed in done.items():
        assert (tmp_path / "out/data/all" / name).stat().st_mtime_ns == changed
    command[-3:] = ["whole", "--workers", "1"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "config.toml", "data", "edits", "log.jsonl", "manifest.json", "shards.jsonl",
    ]  # fmt: skip


def test_an_id_that_is_given_twice_is_named_with_both_files(tmp_path):
    whole = table(id=["a", "b", "c", "b"], text=REVIEWS[:4])
    shards = write_shards(whole, tmp_path / "reviews", [2])
    with pytest.raises(
        DataError,
        match=r"reviews-0.parquet and reviews-1.parquet: expected distinct ids in the column id, "
        r"got 'b' 2 times",
    ):
        run(["transform", str(shards), "--stream", "--out", str(tmp_path / "out")])


def test_files_that_do_not_go_together_are_named(tmp_path):
    write_shards(reviews(4), tmp_path / "a", [2])
    pq.write_table(table(sentence=["x"]), tmp_path / "a/z.parquet")
    with pytest.raises(DataError, match=r"z.parquet: expected a column 'text' as in other parts"):
        run(["transform", str(tmp_path / "a"), "--stream", "--out", str(tmp_path / "out")])
    (tmp_path / "a/z.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(DataError, match=r"z.parquet: expected a parquet file, got an error"):
        run(["transform", str(tmp_path / "a"), "--stream", "--out", str(tmp_path / "other")])


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["nowhere"], r"nowhere: expected a folder, a pattern or a URL of parquet files"),
        (["demo"], r"data: expected a folder, a pattern or a URL .* got the built-in data"),
        (["."], r"expected a folder, a pattern or a URL of parquet files, got none there"),
        (["a.csv"], r"a.csv: expected parquet files, got: a file that is called a.csv"),
        (["reviews", "--limit", "3"], r"--limit: expected .* held in memory, got the corpus"),
        (["reviews", "--preview"], r"--preview: expected .* held in memory, got the corpus"),
        (["zzz://bucket/x"], r"zzz://bucket/x: expected a protocol that fsspec knows"),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, list) else "",
)
def test_what_cannot_be_streamed_is_said(tmp_path, monkeypatch, command, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("text\nx\n")
    with pytest.raises((DataError, UsageError), match=message):
        run(["transform", "--stream", *command])


def test_the_package_of_a_protocol_is_named(monkeypatch):
    with pytest.raises(MissingExtraError, match=r"expected the package that reads gs://, got none"):
        find_corpus("gs://bucket/x")


def test_empty_corpora_are_refused(tmp_path):
    write_shards(reviews(0), tmp_path / "none", [0])
    with pytest.raises(DataError, match=r"none: expected rows, got 2 parts without any"):
        run(["transform", str(tmp_path / "none"), "--stream"])


def test_copies_are_found_range_by_range_as_at_once(tmp_path, monkeypatch):
    from robustft.data.streaming import copies
    from robustft.data.streaming.scan import Columns, scan_shard
    from robustft.data.streaming.storage import Place

    corpus = find_corpus(str(write_shards(reviews(), tmp_path / "reviews", [13])))
    place = Place(str(tmp_path / "scans"))
    for shard in corpus.shards:
        scan_shard(shard, columns=Columns(("text",), None, None), place=place)
    at_once = repeated_hashes(corpus.shards, place, 40)
    monkeypatch.setattr(copies, "_RANGE", 7)
    assert repeated_hashes(corpus.shards, place, 40).tolist() == at_once.tolist()
    assert len(at_once) == 15

"""``robustft transform``, as a user calls it."""

from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest

from robustft.cli.main import main, run
from robustft.errors import DataError, LabelKindError, RunError, SpecError, UsageError

CSV = "review,stars\nI don't like it.,0\nIt's a wonderful film.,1\nA boring movie it is not.,1\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reviews.csv").write_text(CSV)
    return tmp_path


def feed(monkeypatch, raw):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(raw)))


def stream(monkeypatch, capfdbinary, raw, *options):
    feed(monkeypatch, raw)
    assert run(["transform", "-", *options]) == 0
    return capfdbinary.readouterr().out.decode().splitlines()


EXPAND = ("--with", "contractions:mode=expand,rate=1.0")


def test_lines_in_lines_out(monkeypatch, capfdbinary):
    lines = stream(monkeypatch, capfdbinary, b"I don't know.\n\nPlain words.\n", *EXPAND)
    assert lines == ["I do not know.", "", "Plain words."]


def test_objects_keep_their_id_and_fields(monkeypatch, capfdbinary):
    raw = (
        b'{"id": 7, "review": "I don\'t.", "stars": 2}\n{"text": "It isn\'t so."}\nIt isn\'t so.\n'
    )
    lines = stream(monkeypatch, capfdbinary, raw, *EXPAND, "--format", "jsonl")
    first, second, third = map(json.loads, lines)
    assert (first["id"], first["stars"], first["original"]) == (7, 2, "I don't.")
    assert second["text"] == third["text"] == "It is not so."
    assert third["id"] == second["id"] + "-1"
    assert second["edits"] == [
        {"start": 3, "end": 8, "replacement": "is not", "transforms": ["contractions"]}
    ]
    assert (second["status"], second["reason"]) == ("changed", "")


def test_a_long_stream_numbers_duplicates_across_batches(monkeypatch, capfdbinary):
    raw = b"the same text\n" * 600
    lines = stream(monkeypatch, capfdbinary, raw, "--with", "typos", "--format", "jsonl")
    assert len({json.loads(line)["id"] for line in lines}) == 600


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b'fine\n{"text": \n', "stdin line 2: expected a JSON object"),
        (
            b'{"words": "x"}\n',
            "stdin line 1: expected a column called text, .*, got the columns words",
        ),
        (b'{"text": 3}\n', "field 'text': expected a text, got int"),
        (b"ok\ncaf\xe9\n", "stdin line 2: expected UTF-8, got byte 0xe9 at position 3"),
        (b'{"text": ' + b"[" * 10**5, "stdin line 1: expected a JSON object, got one nested too"),
    ],
)
def test_broken_lines_are_named(monkeypatch, raw, message):
    feed(monkeypatch, raw)
    with pytest.raises(DataError, match=message):
        run(["transform", "-", "--with", "typos"])


def test_lines_before_a_broken_one_come_out(monkeypatch, capfdbinary):
    feed(monkeypatch, b"I don't.\nIt isn't.\n{\"text\": \nI can't.\n")
    with pytest.raises(DataError, match="stdin line 3"):
        run(["transform", "-", *EXPAND])
    assert capfdbinary.readouterr().out.decode().splitlines() == ["I do not.", "It is not."]


def test_a_byte_order_mark_is_no_text(monkeypatch, capfdbinary):
    raw = b'\xef\xbb\xbf{"text": "I don\'t."}\n'
    [line] = stream(monkeypatch, capfdbinary, raw, *EXPAND, "--format", "jsonl")
    assert json.loads(line)["text"] == "I do not."


PAIR = {"id": 7, "premise": "I don't know.", "hypothesis": "He doesn't.", "label": "neutral"}
QUESTION = {
    "question": "who wrote it?",
    "context": "Everybody knows that the wonderful professor wrote it.",
    "answers": {"text": ["wonderful professor"], "answer_start": [25]},
}


def test_pairs_come_out_in_their_own_fields(monkeypatch, capfdbinary):
    raw = (json.dumps(PAIR) + "\nI don't know.\n" + json.dumps(PAIR | {"label": 1})).encode()
    options = (*EXPAND, "--format", "jsonl", "--sides", "hypothesis")
    with pytest.raises(UsageError, match="sides: expected text, got 'hypothesis'"):
        stream(monkeypatch, capfdbinary, raw, *options)
    first, text, third = map(json.loads, stream(monkeypatch, capfdbinary, raw, *options[:-2]))
    assert first == {
        **PAIR,
        "premise": "I do not know.",
        "hypothesis": "He does not.",
        "original": {"premise": PAIR["premise"], "hypothesis": PAIR["hypothesis"]},
        "status": "changed",
        "reason": "",
        "edits": [
            {"column": "premise", "start": 2, "end": 7, "replacement": "do not",
             "transforms": ["contractions"]},
            {"column": "hypothesis", "start": 3, "end": 10, "replacement": "does not",
             "transforms": ["contractions"]},
        ],
    }  # fmt: skip
    assert text["text"] == "I do not know."
    assert third["label"] == 1
    with pytest.raises(UsageError, match=r"got two \(premise and hypothesis\); use --format jsonl"):
        stream(monkeypatch, capfdbinary, raw, *EXPAND)


def test_answers_of_lines_follow_the_edits(monkeypatch, capfdbinary):
    raw = json.dumps(QUESTION).encode()
    options = ("--with", "typos:rate=1.0", "--spans", "follow", "--format", "jsonl")
    [line] = map(json.loads, stream(monkeypatch, capfdbinary, raw, *options))
    [text], [start] = line["answers"]["text"], line["answers"]["answer_start"]
    assert text != "wonderful professor"
    assert line["context"][start : start + len(text)] == text
    assert line["original"] == QUESTION
    with pytest.raises(LabelKindError, match="label kind answer_span"):
        stream(monkeypatch, capfdbinary, raw, *EXPAND, "--format", "jsonl")
    broken = json.dumps(QUESTION | {"answers": 3}).encode()
    with pytest.raises(DataError, match="stdin line 1: expected answers as"):
        stream(monkeypatch, capfdbinary, broken, *options)


def test_tags_of_lines_follow_the_edits(monkeypatch, capfdbinary):
    line = {"tokens": ["the", "wonderful", "harbour"], "ner_tags": ["O", "B-LOC", "I-LOC"]}
    raw = (json.dumps(line) + "\n").encode()
    options = ("--with", "typos:rate=1.0", "--spans", "follow", "--format", "jsonl")
    [made] = map(json.loads, stream(monkeypatch, capfdbinary, raw, *options))
    assert made["original"] == line
    assert made["tokens"] != line["tokens"]
    assert made["ner_tags"] == line["ner_tags"]
    assert {edit["column"] for edit in made["edits"]} == {"tokens"}
    untagged = json.dumps({"words": line["tokens"]}).encode()
    named = ("--text-column", "words", *options)
    [made] = map(json.loads, stream(monkeypatch, capfdbinary, untagged, *named))
    assert len(made["words"]) == 3
    assert stream(monkeypatch, capfdbinary, raw, "--with", "casing:rate=0") == [
        "the wonderful harbour"
    ]
    for broken, message in (
        ({"ner_tags": ["O"]}, "field 'ner_tags': expected a BIO tag by name for each of 3 tokens"),
        ({"ner_tags": [0, 1, 2]}, "expected a BIO tag by name"),
        ({"tokens": ["a", 3, "b"]}, "field 'tokens': expected a text, got int"),
    ):
        with pytest.raises(DataError, match=message):
            stream(monkeypatch, capfdbinary, json.dumps(line | broken).encode(), *options)


def test_what_labels_of_lines_say_is_checked(monkeypatch, capfdbinary):
    with pytest.raises(LabelKindError, match="label kind acceptability"):
        stream(monkeypatch, capfdbinary, b"a\n", "--with", "typos", "--label-kind", "acceptability")
    feed(monkeypatch, b'{"text": "It isn\'t so.", "label": 1}\nIt isn\'t so.\n' * 2)
    assert run(["transform", "-", *EXPAND]) == 0
    printed = capfdbinary.readouterr()
    assert printed.out.decode().splitlines() == ["It is not so."] * 4
    assert printed.err.decode().splitlines() == [
        "label kind not checked: name it with --label-kind"
    ]
    forced = ("--with", "typos", "--label-kind", "acceptability", "--force")
    assert stream(monkeypatch, capfdbinary, b"a\n", *forced) == ["a"]


def test_a_file_is_transformed_whole(folder, capsys):
    assert run(["transform", "reviews.csv", *EXPAND, "--out", "ood"]) == 0
    printed = capsys.readouterr()
    assert "3 rows: 2 changed, 1 unchanged, 0 rejected" in printed.out
    assert "label kind not checked" in printed.err
    table = pq.read_table(folder / "ood/data/all.parquet")
    assert table["review"].to_pylist() == [
        "I do not like it.",
        "It is a wonderful film.",
        "A boring movie it is not.",
    ]
    assert len((folder / "ood/edits/all.jsonl").read_text().splitlines()) == 3


def test_the_same_command_finds_its_work_again(folder, capsys):
    for _ in range(2):
        assert run(["transform", "reviews.csv", "--with", "typos", "--json"]) == 0
    outs = [json.loads(part) for part in _objects(capsys.readouterr().out)]
    assert outs[0] == outs[1]
    assert len(list((folder / "runs").iterdir())) == 1
    with pytest.raises(RunError, match="with other seed"):
        run(["transform", "reviews.csv", "--with", "typos", "--seed", "1", "--out", outs[0]["out"]])


def _objects(text):
    decoder, position = json.JSONDecoder(), 0
    while position < len(text.rstrip()):
        _, end = decoder.raw_decode(text, position)
        yield text[position:end]
        position = end + 1


def test_dry_run_writes_nothing(folder, capsys):
    assert run(["transform", "reviews.csv", "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 3
    assert not (folder / "runs").exists()


def test_preview_shows_edits_and_writes_nothing(folder, capsys):
    options = ["--with", "contractions:rate=1.0,typos:rate=0.2"]
    assert run(["transform", "reviews.csv", "--preview", *options]) == 0
    out = capsys.readouterr().out
    assert "[-don't-]{+do not+}" in out
    assert "changed: contractions 1" in out
    assert "each transform alone" in out
    assert not (folder / "runs").exists()


def test_preview_works_bare(folder, capsys):
    assert run(["transform", "--preview"]) == 0
    printed = capsys.readouterr()
    assert "built-in demo reviews" in printed.err
    assert "{+" in printed.out


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (["--with", "typoes"], SpecError, "did you mean 'typos'"),
        (["--with", "typos", "--with", "casing"], UsageError, "one chain, got 2.*typos,casing"),
        (["--severity", "6"], UsageError, "number from 1 to 5"),
        (["--severity", "all"], UsageError, "number from 1 to 5"),
        (["--split", "tset"], UsageError, "did you mean 'test'"),
        (["reviews.csv", "--data", "reviews.csv"], UsageError, "expected it once"),
        (
            ["reviews.csv", "--with", "typos", "--label-kind", "acceptability"],
            LabelKindError,
            "--force goes on",
        ),
        (["nothing.csv"], DataError, "nothing.csv"),
    ],
)
def test_what_cannot_be_done_is_said(folder, options, error, message):
    with pytest.raises(error, match=message):
        run(["transform", *options])


def test_forcing_a_label_kind_is_marked(folder, capsys):
    options = ["reviews.csv", "--with", "typos", "--label-kind", "acceptability", "--force"]
    assert run(["transform", *options, "--out", "ood"]) == 0
    assert "forced: label kind acceptability" in capsys.readouterr().err
    manifest = json.loads((folder / "ood/manifest.json").read_text())
    assert manifest["label_kind"] == "acceptability"
    assert "forced" in manifest["remarks"][-1]


def test_errors_reach_the_user_as_one_line(folder, capsys):
    assert main(["transform", "--with", "typoes"]) == 2
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert "typoes" in err

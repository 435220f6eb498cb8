import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robustft.data.dataset import load_dataset
from robustft.data.readers import read_file
from robustft.errors import DataError

ROWS = [{"text": "A film.", "label": 1}, {"text": "A bore, mostly.", "label": 0}]


def write(path: Path, data: str | bytes) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def write_rows(path: Path) -> Path:
    csv = 'text,label\nA film.,1\n"A bore, mostly.",0\n'
    if path.name.startswith("csv"):
        return write(path, csv)
    if path.name.startswith("tsv"):
        return write(path, "text\tlabel\nA film.\t1\nA bore, mostly.\t0\n")
    if path.suffix == ".json":
        return write(path, json.dumps(ROWS))
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
        return path
    return write(path, "\n".join(json.dumps(row) for row in ROWS))


def whole(path: Path, **options):
    return load_dataset(path, make_splits=False, **options)


@pytest.mark.parametrize(
    "name", ["csv.csv", "tsv.tsv", "a.jsonl", "a.ndjson", "a.json", "a.parquet"]
)
def test_each_format_gives_the_same_rows(tmp_path, name):
    split = whole(write_rows(tmp_path / name))["all"]
    assert split.texts == ["A film.", "A bore, mostly."]
    assert split.labels.tolist() == [1, 0]


def test_the_fingerprint_does_not_depend_on_the_format(tmp_path):
    names = ["csv.csv", "tsv.tsv", "a.jsonl", "a.json", "a.parquet"]
    prints = {whole(write_rows(tmp_path / name)).fingerprint for name in names}
    assert len(prints) == 1


def test_a_gzipped_file_is_read(tmp_path):
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(b"text,label\na,0\nb,1\n"))
    dataset = whole(path)
    assert dataset.name == "rows"
    assert dataset["all"].texts == ["a", "b"]


def test_a_broken_gzip_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"rows\.csv\.gz: expected a gzip file, got an error"):
        read_file(write(tmp_path / "rows.csv.gz", "text,label\n"))


def test_a_mark_at_the_start_is_no_part_of_the_first_name(tmp_path):
    path = write(tmp_path / "a.csv", b"\xef\xbb\xbftext,label\na,0\nb,1\n")
    assert read_file(path).table.column_names == ["text", "label"]


def test_line_breaks_commas_and_nul_in_quotation_marks_are_text(tmp_path):
    path = write(tmp_path / "a.csv", 'text,label\n"one\ntwo, ""three""\x00",0\nfour,1\n')
    assert whole(path)["all"].texts == ['one\ntwo, "three"\x00', "four"]


def test_quotation_marks_in_tab_separated_values_are_characters(tmp_path):
    path = write(tmp_path / "a.tsv", 'text\tlabel\n"Fine\t0\nso "so" it goes"\t1\n')
    assert whole(path)["all"].texts == ['"Fine', 'so "so" it goes"']


def test_balanced_quotation_marks_in_tab_separated_values_are_taken_off(tmp_path):
    path = write(tmp_path / "a.tsv", 'text\tlabel\n"a\tb"\t0\n"c ""d"""\t1\n')
    assert whole(path)["all"].texts == ["a\tb", 'c "d"']


def test_texts_of_digits_stay_texts_and_other_columns_get_types(tmp_path):
    path = write(tmp_path / "a.csv", "id,text,label,stars,zip\n01,12,0,4.5,01234\n02,NA,1,,99999\n")
    table = whole(path)["all"].table
    assert table["text"].to_pylist() == ["12", "NA"]
    assert table["id"].to_pylist() == ["01", "02"]
    assert table["stars"].to_pylist() == [4.5, None]
    assert table["zip"].to_pylist() == ["01234", "99999"]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", "", r"a\.csv: expected a header line and rows, got an empty file"),
        ("a.tsv", "\n\n", r"a\.tsv: expected a header line and rows, got an empty file"),
        ("a.jsonl", "", r"a\.jsonl: expected one JSON object a line, got an empty file"),
        ("a.json", "", r"a\.json: expected a list of JSON objects, got an empty file"),
        ("a.json", "[]", r"a\.json: expected rows, got an empty list"),
        ("a.parquet", "", r"a\.parquet: expected a parquet file, got an empty file"),
        ("a.parquet", "text", r"a\.parquet: expected a parquet file, got an error"),
        ("a.csv", "text,label\n", r"a\.csv: expected rows under the header, got the header alone"),
        ("a.csv", "text,label", r"a\.csv: expected rows under the header, got the header alone"),
        ("a.csv", "text,text\na,b\n", r"expected distinct column names, got 'text' twice"),
        (
            "a.csv",
            'text,label\n"one\nline",1\nb,1\nc, d,0\n',
            r"a\.csv, line 5: expected 2 values \(text, label\), got 3 in 'c, d,0'; put a value",
        ),
        (
            "a.csv",
            'text,label\na,0\n"b,1\nc,0\n',
            r"a\.csv, line 3: expected 2 values .*a quotation mark that opens there is not closed",
        ),
        ("a.tsv", "text\tlabel\na\n", r"a\.tsv, line 2: expected 2 values \(text, label\), got 1"),
        (
            "a.jsonl",
            '{"text": "a"}\n{"text": \n',
            r"a\.jsonl, line 2: expected JSON, got '{\"text\":'",
        ),
        (
            "a.jsonl",
            '{"text": "a"}\n\n[1]\n',
            r"a\.jsonl, line 3: expected a JSON object, got a li",
        ),
        ("a.json", '"text"', r"a\.json: expected a list of JSON objects, got a text"),
        ("a.json", '[{"text": "a"}, 3]', r"a\.json, row 2: expected a JSON object, got a number"),
        (
            "a.json",
            '{"data": [{"text": "a"}], "version": 1}',
            r"expected a list of JSON objects or .* got one object with the keys data, version",
        ),
        ("a.txt", "text", r"a\.txt: expected a file that ends in \.csv, \.tsv, .* got \.txt"),
        ("a.cvs", "text", r"got \.cvs; did you mean '\.csv'"),
        ("data", "text", r"got no suffix"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, name, data, message):
    with pytest.raises(DataError, match=message):
        read_file(write(tmp_path / name, data))


def test_an_empty_parquet_table_is_refused(tmp_path):
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="expected rows, got none"):
        read_file(tmp_path / "a.parquet")


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_bytes_that_are_not_utf8_are_placed(tmp_path, suffix):
    data = b"text,label\nfine,1\ncaf\xe9,0\n"
    path = write(tmp_path / f"a.{suffix}", data)
    with pytest.raises(
        DataError,
        match=r"expected UTF-8, got the byte 0xe9 at byte offset 21 \(line 3\).*iconv -f cp1252",
    ):
        read_file(path)


def test_a_character_cut_off_at_the_end_is_not_utf8(tmp_path):
    with pytest.raises(DataError, match="byte 0xe2 at byte offset 5"):
        read_file(write(tmp_path / "a.csv", b"text\n\xe2\x82"))


def test_a_character_across_two_chunks_is_utf8(tmp_path, monkeypatch):
    monkeypatch.setattr("robustft.data.readers._CHUNK", 6)
    path = write(tmp_path / "a.csv", "text\n\u20ac\u20ac\u20ac\n".encode())
    assert read_file(path).table["text"].to_pylist() == ["\u20ac\u20ac\u20ac"]
    with pytest.raises(DataError, match="byte 0xff at byte offset 8"):
        read_file(write(tmp_path / "b.csv", "text\n\u20ac".encode() + b"\xff"))


def test_utf16_is_told_from_latin(tmp_path):
    with pytest.raises(DataError, match="expected UTF-8, got UTF-16"):
        read_file(write(tmp_path / "a.csv", "text\na\n".encode("utf-16")))


def test_nan_and_half_pairs_in_json_are_read(tmp_path):
    path = write(
        tmp_path / "a.jsonl", '{"text": "ok \\ud83d", "label": 1}\n{"text": "b", "label": NaN}'
    )
    dataset = whole(path, keep_unlabelled=True)
    assert dataset["all"].texts == ["ok \ufffd", "b"]
    assert dataset["all"].labels.tolist() == [0, -1]
    assert any("half of a surrogate pair" in notice for notice in dataset.notices)


def test_a_pretty_printed_list_is_read(tmp_path):
    path = write(tmp_path / "a.json", json.dumps(ROWS, indent=2))
    assert len(whole(path)["all"]) == 2


def test_json_nested_too_deep_is_named(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": ' + "[" * 10**5)
    with pytest.raises(DataError, match="line 1: expected JSON, got some that is nested too"):
        load_dataset(path)


def test_json_lines_in_a_file_called_json_are_read(tmp_path):
    path = write(tmp_path / "a.json", "\n".join(json.dumps(row) for row in ROWS))
    assert len(whole(path)["all"]) == 2


def test_keys_that_a_row_lacks_are_null(tmp_path):
    path = write(tmp_path / "a.jsonl", '{"text": "a"}\n{"text": "b", "note": {"x": 1}}')
    assert whole(path)["all"].table["note"].to_pylist() == [None, {"x": 1}]

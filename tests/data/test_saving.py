import errno

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robustft.data.dataset import Split, load_dataset
from robustft.data.features import saved_task, with_class_names
from robustft.data.saving import save_split, write_parquet
from robustft.data.task import Task
from robustft.errors import DataError
from robustft.transform.base import LabelKind

TABLE = pa.table(
    {"text": ["a film", "a bore", "so so"], "label": [1, 0, 1], "stars": [4.5, 1.0, None]}
)


def named() -> Split:
    table = with_class_names(TABLE, "label", ("neg", "pos"))
    return load_dataset(table, label_kind="sentiment", make_splits=False)["all"]


def test_label_names_are_read_by_datasets(tmp_path):
    path = save_split(
        named().with_columns({"text": ["x", "y", "z"]}), tmp_path / "ood" / "test.parquet"
    )
    read = datasets.load_dataset(
        "parquet", data_files={"test": str(path)}, cache_dir=str(tmp_path / "cache")
    )["test"]
    assert read.features["label"].names == ["neg", "pos"]
    assert read["text"][:] == ["x", "y", "z"]
    assert read["id"][:] == named().ids
    assert read["stars"][:] == [4.5, 1.0, None]


def test_what_is_saved_is_loaded_again(tmp_path):
    split = named()
    save_split(split, tmp_path / "test.parquet")
    again = load_dataset(tmp_path)
    assert again.test.fingerprint == split.fingerprint
    assert again.task == split.task
    assert again.task.label_kind is LabelKind.SENTIMENT
    assert not again.notices


def test_unusual_columns_are_remembered(tmp_path):
    rows = [{"body": f"t {i}", "stars": i % 3 + 1, "label": "x"} for i in range(6)]
    split = load_dataset(
        rows, text_column="body", label_column="stars", make_splits=False
    )["all"]  # fmt: skip
    save_split(split.take([0, 2, 3, 5]), tmp_path / "test.parquet")
    again = load_dataset(tmp_path)
    assert again.task == split.task
    assert again.test.labels.tolist() == [0, 2, 0, 2]


def test_the_caller_knows_better_than_the_file(tmp_path):
    save_split(named(), tmp_path / "test.parquet")
    task = load_dataset(tmp_path, label_column="stars", label_kind="topic").task
    assert (task.label_column, task.type, task.label_kind) == ("stars", "regression", "topic")
    assert load_dataset(tmp_path, label_map="neg=0,pos=1").task.label_names == ("0", "1")


def test_the_same_rows_give_the_same_bytes(tmp_path):
    split = named()
    pieces = pa.concat_tables([split.table.slice(0, 1), split.table.slice(1)])
    one = save_split(split, tmp_path / "one.parquet")
    two = save_split(Split("other", pieces, split.task), tmp_path / "two.parquet")
    assert one.read_bytes() == two.read_bytes()


def test_what_pandas_noted_is_not_saved(tmp_path):
    frame = TABLE.to_pandas()
    frame.to_parquet(tmp_path / "in.parquet")
    split = load_dataset(tmp_path / "in.parquet", make_splits=False)["all"]
    path = save_split(split, tmp_path / "out.parquet")
    assert b"pandas" not in pq.read_schema(path).metadata


def test_rows_stand_in_groups_of_fixed_size(tmp_path):
    table = pa.table({"id": [str(i) for i in range(10_001)]})
    path = write_parquet(table, tmp_path / "a.parquet")
    assert pq.ParquetFile(path).num_row_groups == 2


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left"), OSError("[Errno 28] Error writing bytes")]
)
def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch, error):
    def full(writer, table, **options):
        raise error

    path = save_split(named(), tmp_path / "test.parquet")
    before = path.read_bytes()
    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(DataError, match="expected to write 3 rows, got: no space left on the devi"):
        save_split(named(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_a_file_is_an_error(tmp_path):
    (tmp_path / "here").write_text("a file")
    with pytest.raises(DataError, match="expected to write 3 rows, got: "):
        save_split(named(), tmp_path / "here" / "test.parquet")


def test_a_note_of_another_version_is_passed_over():
    for note in (b"no json", b"[]", b'{"task": 3}', b'{"task": {"type": "other"}}'):
        schema = pa.schema([], metadata={b"robustft": note})
        assert saved_task(schema) is None


def test_a_split_needs_its_columns():
    with pytest.raises(DataError, match="split test: expected a column 'id', got text, label"):
        Split("test", pa.table({"text": ["a"], "label": [0]}), Task())


def test_other_texts_keep_the_other_columns_and_the_schema():
    split = named()
    changed = split.with_columns({"text": ["x", "y", "z"]})
    assert changed.texts == ["x", "y", "z"]
    assert changed.table.schema.equals(split.table.schema, check_metadata=True)
    assert changed.ids == split.ids
    assert changed.fingerprint != split.fingerprint


def test_as_many_values_as_rows_are_needed():
    with pytest.raises(DataError, match="split all: expected 3 values in the column text, got 1"):
        named().with_columns({"text": ["x"]})


def test_rows_are_taken_in_the_order_asked_for():
    assert named().take([2, 0]).texts == ["so so", "a film"]


def test_a_split_becomes_a_data_frame():
    frame = named().to_pandas()
    assert list(frame.columns) == ["text", "label", "stars", "id"]
    assert frame["label"].tolist() == [1, 0, 1]


def test_the_fingerprint_follows_ids_texts_and_labels():
    split = named()
    assert split.fingerprint == named().fingerprint
    assert split.take([1, 0, 2]).fingerprint != split.fingerprint
    bare = Split("all", split.table.drop_columns(["label"]), split.task)
    assert bare.labels is None
    assert bare.fingerprint != split.fingerprint

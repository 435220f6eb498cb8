import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustft.data.dataset import load_dataset
from robustft.errors import DataError
from robustft.text import content_ids


def load(rows, **options):
    return load_dataset(rows, make_splits=False, **options)["all"]


def test_without_an_id_column_ids_are_hashes_of_the_texts():
    split = load([{"text": "a", "label": 0}, {"text": "b", "label": 1}, {"text": "a", "label": 0}])
    assert split.ids == content_ids(["a", "b", "a"])
    assert split.table.column_names == ["text", "label", "id"]


def test_an_id_column_is_kept_as_text():
    split = load([{"id": 7, "text": "a", "label": 0}, {"id": 3, "text": "b", "label": 1}])
    assert split.ids == ["7", "3"]
    assert split.table.column_names == ["id", "text", "label"]


def test_another_column_can_hold_the_ids():
    dataset = load_dataset(
        [{"id": 1, "key": "x", "text": "a"}, {"id": 1, "key": "y", "text": "b"}],
        id_column="key",
        make_splits=False,
    )
    assert dataset["all"].ids == ["x", "y"]
    assert dataset["all"].table.column_names == ["original_id", "key", "text", "id"]
    assert "data: the source's column id is now called original_id" in dataset.notices


def test_an_id_that_repeats_is_named():
    with pytest.raises(
        DataError,
        match=r"distinct ids in the column id, got 'x' 2 times \(data, rows 1, 3\); without a "
        "column called id, ids are made from the texts",
    ):
        load([{"id": i, "text": i, "label": 0} for i in ("x", "y", "x")])


@pytest.mark.parametrize("empty", [None, ""])
def test_a_row_without_an_id_is_named(empty):
    with pytest.raises(DataError, match=r"an id in every row, got none in row 2 \(column id\)"):
        load([{"id": "x", "text": "a"}, {"id": empty, "text": "b"}])


def test_ids_that_are_lists_are_refused():
    with pytest.raises(DataError, match="expected ids that are texts or numbers in id"):
        load([{"id": [1], "text": "a"}])


def test_the_same_ids_may_stand_in_two_splits():
    rows = [{"id": "1", "text": "a"}, {"id": "2", "text": "b"}]
    dataset = load_dataset({"train": rows, "test": rows}, make_splits=False)
    assert dataset.train.ids == dataset.test.ids


def test_a_row_without_text_takes_no_id_from_others():
    rows = [{"text": None}, {"text": ""}, {"text": "a"}]
    dataset = load_dataset(rows, make_splits=False)
    assert dataset["all"].ids == content_ids(["", "a"])
    assert "data: kept 1 row with an empty text (column text, row 2)" in dataset.notices


def test_data_without_any_text_is_refused():
    with pytest.raises(DataError, match="expected texts in the column text, got none"):
        load([{"text": None, "label": 1}])


def test_texts_beyond_the_basic_plane_have_ids():
    table = pa.table({"text": ["\U0001f600", "e\u0301"]})
    assert len(set(load(table).ids)) == 2


ROWS = st.lists(
    st.fixed_dictionaries(
        {"text": st.sampled_from(["a", "b", "c", ""]), "label": st.integers(0, 1)}
    ),
    min_size=1,
    max_size=12,
)


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_id(rows, random):
    def contents(rows):
        table = load(rows).table
        return {row.pop("id"): row for row in table.to_pylist()}

    shuffled = random.sample(rows, len(rows))
    assert contents(shuffled) == contents(rows)


@given(ROWS.filter(lambda rows: len({row["text"] for row in rows}) == len(rows)))
def test_a_subset_keeps_its_ids(rows):
    assert load(rows[: len(rows) // 2 + 1]).ids == load(rows).ids[: len(rows) // 2 + 1]

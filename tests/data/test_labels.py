import math

import datasets
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustft.data.dataset import check_trainable, load_dataset
from robustft.data.features import class_names, with_class_names
from robustft.data.labels import parse_label_map
from robustft.data.task import Task, TaskType
from robustft.errors import DataError, UsageError


def rows(*labels, column="label"):
    return [{"text": f"text {i}", column: label} for i, label in enumerate(labels)]


def load(*labels, column="label", **options):
    return load_dataset(rows(*labels, column=column), make_splits=False, **options)


@pytest.mark.parametrize(
    ("labels", "names", "codes"),
    [
        ([1, 0, 1], ("0", "1"), [1, 0, 1]),
        ([5, 1, 10], ("1", "5", "10"), [1, 0, 2]),
        ([-1, 0, 1], ("-1", "0", "1"), [0, 1, 2]),
        ([1.0, 0.0], ("0", "1"), [1, 0]),
        ([True, False], ("False", "True"), [1, 0]),
        (["pos", "neg", "pos"], ("neg", "pos"), [1, 0, 1]),
        (["10", "9"], ("9", "10"), [1, 0]),
    ],
)
def test_classes_get_names_in_a_fixed_order(labels, names, codes):
    dataset = load(*labels)
    assert dataset.task.label_names == names
    assert dataset["all"].labels.tolist() == codes
    assert dataset["all"].table["label"].to_pylist() == labels


def test_named_classes_keep_their_order():
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["pos", "neg"])}
    )
    data = datasets.Dataset.from_dict({"text": ["a", "b", "c"], "label": [1, 0, 1]}, features)
    dataset = load_dataset(data, make_splits=False)
    assert dataset.task.label_names == ("pos", "neg")
    assert dataset["all"].labels.tolist() == [1, 0, 1]


def test_a_code_outside_the_named_classes_is_refused():
    table = with_class_names(pa.table({"text": ["a", "b"], "label": [0, 7]}), "label", ("x", "y"))
    with pytest.raises(DataError, match=r"expected codes from 0 to 1 in the column label.*got 7"):
        load_dataset(table)


def test_splits_that_name_classes_differently_are_refused():
    first = with_class_names(pa.table({"text": ["a"], "label": [0]}), "label", ("x", "y"))
    second = with_class_names(pa.table({"text": ["a"], "label": [0]}), "label", ("y", "x"))
    with pytest.raises(
        DataError, match="same class names in every split, got train: x, y; test: y"
    ):
        load_dataset({"train": first, "test": second})


def test_a_label_map_names_the_classes_by_their_numbers():
    dataset = load(0, 1, 1, label_map="1=pos,0=neg")
    assert dataset.task.label_names == ("neg", "pos")
    assert dataset["all"].labels.tolist() == [0, 1, 1]
    assert class_names(dataset["all"].table.schema, "label") == ("neg", "pos")


def test_a_label_map_of_words_decides_the_order():
    dataset = load("good", "bad", label_map="good=pos,bad=neg")
    assert dataset.task.label_names == ("pos", "neg")
    assert dataset["all"].labels.tolist() == [0, 1]


def test_a_label_map_merges_and_drops():
    dataset = load(1, 2, 3, 4, 5, label_map={1: "neg", 2: "neg", 3: "", 4: "pos", 5: "pos"})
    assert dataset.task.label_names == ("neg", "pos")
    assert dataset["all"].labels.tolist() == [0, 0, 1, 1]
    assert dataset["all"].texts == ["text 0", "text 1", "text 3", "text 4"]
    assert any("label '3', which the label map drops" in notice for notice in dataset.notices)


def test_a_label_map_must_cover_every_label():
    with pytest.raises(DataError, match="got none for '2'; write 2= to leave such rows out"):
        load(0, 1, 2, label_map="0=neg,1=pos")


def test_a_label_map_takes_named_classes_by_name_or_code():
    table = with_class_names(pa.table({"text": ["a", "b"], "label": [0, 1]}), "label", ("n", "p"))
    for text in ("n=neg,p=pos", "0=neg,1=pos"):
        assert load_dataset(table, label_map=text, make_splits=False).task.label_names == (
            "neg",
            "pos",
        )


@pytest.mark.parametrize(
    ("given", "message"),
    [("0", "expected label=name"), ("0=a,0=b", "got '0' twice"), ("=a", "expected label=name")],
)
def test_a_label_map_that_cannot_be_read_is_refused(given, message):
    with pytest.raises(UsageError, match=message):
        parse_label_map(given)


def test_an_absent_label_map_is_empty():
    assert parse_label_map(None) == {}


@pytest.mark.parametrize("missing", [None, math.nan])
def test_rows_without_a_label_are_named_and_left_out(missing):
    dataset = load(0, missing, 1, missing)
    assert dataset["all"].labels.tolist() == [0, 1]
    assert "data: left out 2 rows without a label (column label, rows 2, 4)" in dataset.notices


def test_rows_without_a_label_can_be_kept():
    dataset = load(0, None, 1, keep_unlabelled=True)
    assert dataset["all"].labels.tolist() == [0, -1, 1]
    assert "data: kept 1 row without a label (column label, row 2)" in dataset.notices


def test_many_rows_are_named_by_the_first_five():
    dataset = load(0, 1, *[None] * 7)
    assert any("rows 3, 4, 5, 6, 7 and 2 more" in notice for notice in dataset.notices)


def test_an_empty_field_is_no_label(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\na,pos\nb,\nc,neg\n")
    dataset = load_dataset(tmp_path / "a.csv", make_splits=False)
    assert dataset.task.label_names == ("neg", "pos")
    assert dataset["all"].texts == ["a", "c"]
    assert any("a.csv: left out 1 row without a label" in notice for notice in dataset.notices)


def test_minus_one_everywhere_means_no_labels():
    dataset = load_dataset({"train": rows(0, 1), "test": rows(-1, -1)}, make_splits=False)
    assert dataset.test.labels is None
    assert dataset.train.labels.tolist() == [0, 1]
    assert "test: every label is -1; this split counts as unlabelled" in dataset.notices


def test_minus_one_beside_named_classes_is_a_missing_label():
    table = with_class_names(
        pa.table({"text": ["a", "b", "c"], "label": [0, -1, 1]}), "label", ("x", "y")
    )
    assert load_dataset(table, make_splits=False)["all"].texts == ["a", "c"]


def test_a_split_without_the_column_is_unlabelled():
    dataset = load_dataset(
        {"train": rows(0, 1), "unsupervised": [{"text": "a"}]}, make_splits=False
    )
    assert dataset["unsupervised"].labels is None
    assert "unsupervised: no column label; this split counts as unlabelled" in dataset.notices


def test_types_that_do_not_go_together_are_refused():
    with pytest.raises(
        DataError, match=r"one type in the column label, got int .data, rows 1, 3. and str .data, r"
    ):
        load(0, "pos", 1)


def test_words_among_numbers_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\na,0\nb,1\nc,pos\n")
    with pytest.raises(
        DataError, match=r"numbers \(0, 1\) and words \(pos\) \(.*a\.csv, row 3\); .* --label-map"
    ):
        load_dataset(tmp_path / "a.csv")
    mapped = load_dataset(tmp_path / "a.csv", label_map="0=neg,1=pos,pos=pos", make_splits=False)
    assert mapped["all"].labels.tolist() == [0, 1, 1]


def test_sorts_that_differ_between_splits_are_refused():
    with pytest.raises(
        DataError, match="one sort in every split, got numbers in train and texts in"
    ):
        load_dataset({"train": rows(0, 1), "test": rows("a", "b")})


def test_labels_that_are_lists_are_refused():
    with pytest.raises(DataError, match="expected labels that are numbers, texts or truth values"):
        load([1], [2])


def test_numbers_with_fractions_are_a_regression():
    dataset = load(0.5, 1.25)
    assert dataset.task.type is TaskType.REGRESSION
    assert dataset["all"].labels.tolist() == [0.5, 1.25]


def test_a_float_target_is_a_regression():
    assert load(1.0, 3.0, column="target").task.type is TaskType.REGRESSION
    assert load(1, 3, column="target").task.type is TaskType.CLASSIFICATION


def test_the_task_can_be_asked_for():
    dataset = load(1, 2, 3, task="regression")
    assert dataset.task.type is TaskType.REGRESSION
    assert dataset["all"].labels.dtype == "float64"


def test_a_regression_of_words_is_refused():
    with pytest.raises(DataError, match="column label: expected numbers for a regression, got str"):
        load("a", "b", task="regression")


def test_a_label_map_for_numbers_is_refused():
    with pytest.raises(UsageError, match="expected classes to rename, got numbers in label"):
        load(0.5, 1.5, label_map="0=a")


def test_missing_and_infinite_targets_are_named():
    dataset = load(0.5, None, math.inf, 2.0)
    assert dataset["all"].labels.tolist() == [0.5, 2.0]
    assert any("found 1 row with an infinite number" in notice for notice in dataset.notices)
    assert any("left out 2 rows without a label" in notice for notice in dataset.notices)


def test_minus_one_everywhere_means_no_targets():
    dataset = load_dataset({"train": rows(0.5, 1.5), "test": rows(-1.0, -1.0)}, make_splits=False)
    assert dataset.test.labels is None


def test_many_whole_numbers_are_remarked_on():
    [notice] = load(*range(30)).notices
    assert notice.startswith("label: 30 different values in 30 rows are taken as classes")


def test_a_given_task_imposes_its_classes():
    task = Task(label_names=("neg", "neutral", "pos"))
    dataset = load("pos", "neg", task=task)
    assert dataset.task == task
    assert dataset["all"].labels.tolist() == [2, 0]


def test_a_given_task_takes_plain_numbers_as_its_codes():
    dataset = load(1, 0, 1, task=Task(label_names=("neg", "pos")))
    assert dataset["all"].labels.tolist() == [1, 0, 1]
    assert class_names(dataset["all"].table.schema, "label") == ("neg", "pos")


def test_a_given_task_looks_numbers_up_where_its_classes_are_numbers():
    dataset = load(5, 1, task=Task(label_names=("1", "2", "5")))
    assert dataset["all"].labels.tolist() == [2, 0]


def test_a_label_outside_the_given_task_is_refused():
    with pytest.raises(
        DataError, match="expected one of the labels neg, pos in the column label, g"
    ):
        load("pos", "negg", task=Task(label_names=("neg", "pos")))


def test_a_label_map_to_names_outside_the_given_task_is_refused():
    with pytest.raises(DataError, match="label map: expected names among a, b, got c"):
        load(0, 1, task=Task(label_names=("a", "b")), label_map="0=a,1=c")


def test_categories_of_a_data_frame_are_texts():
    frame = pd.DataFrame({"text": ["a", "b"], "label": pd.Categorical(["y", "x"])})
    dataset = load_dataset(frame, make_splits=False)
    assert dataset.task.label_names == ("x", "y")
    assert dataset["all"].labels.tolist() == [1, 0]


def test_one_class_cannot_be_trained_on():
    dataset = load_dataset({"train": rows(1, 1, 1), "validation": rows(0, 1)})
    with pytest.raises(DataError, match="at least two classes to train on, got '1' in all 3 rows"):
        check_trainable(dataset)


def test_one_target_cannot_be_trained_on():
    dataset = load_dataset({"train": rows(0.5, 0.5), "validation": rows(0.5, 1.5)})
    with pytest.raises(DataError, match=r"training targets that differ, got 0.5 in every row"):
        check_trainable(dataset)


def test_training_needs_labels():
    dataset = load_dataset([{"text": f"t {i}", "stars": i} for i in range(10)])
    with pytest.raises(
        DataError, match=r"expected labels in the split train .*columns: text, stars"
    ):
        check_trainable(dataset)


def test_training_needs_a_training_split():
    dataset = load_dataset({"test": rows(0, 1)})
    with pytest.raises(DataError, match="expected a split train for training, got test"):
        check_trainable(dataset)


def test_good_data_can_be_trained_on():
    dataset = load_dataset({"train": rows(0, 1), "validation": rows(0, 1)})
    check_trainable(dataset)
    assert dataset.made == ()


@pytest.mark.parametrize("label", [None, -1, math.nan, ""])
def test_data_without_any_label_are_unlabelled(label):
    dataset = load(label, label)
    assert dataset["all"].labels is None
    assert dataset.task.label_names == ()
    said = "-1" if label == -1 else "empty"
    assert dataset.notices == (f"all: every label is {said}; this split counts as unlabelled",)


def test_narrow_codes_of_named_classes_are_widened_for_datasets():
    table = pa.table({"text": ["a", "b"], "label": pa.array([1, 0], pa.int8())})
    split = load_dataset(with_class_names(table, "label", ("x", "y")), make_splits=False)["all"]
    assert split.table.schema.field("label").type == pa.int64()
    assert split.labels.tolist() == [1, 0]


@given(st.lists(st.sampled_from(["a", "b", None]), min_size=1, max_size=20))
def test_a_label_map_never_moves_a_label_to_another_row(labels):
    dataset = load(*labels, label_map="a=x,b=y", keep_unlabelled=True)
    codes = {"a": 0, "b": 1, None: -1}
    expected = [codes[label] for label in labels]
    found = dataset["all"].labels
    assert (found is None) == (set(labels) == {None})
    assert found is None or found.tolist() == expected

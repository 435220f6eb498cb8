import pytest

from robustft.data.dataset import check_trainable, load_dataset
from robustft.data.saving import save_split
from robustft.data.split import Split
from robustft.data.task import Task, TaskType
from robustft.errors import DataError
from robustft.transform.base import LabelKind

PAIRS = [
    ("premise", "hypothesis"),
    ("question", "context"),
    ("question", "sentence"),
    ("question1", "question2"),
    ("sentence1", "sentence2"),
]


def rows(n=6, names=("premise", "hypothesis"), copies=1):
    return [
        {names[0]: f"premise {i // copies}", names[1]: f"hypothesis {i}", "label": i % 2}
        for i in range(n)
    ]


def load(data, **options):
    return load_dataset(data, make_splits=False, **options)


@pytest.mark.parametrize("names", [*PAIRS, ("Premise", "Hypothesis")])
def test_pairs_are_found_by_their_usual_names(names):
    dataset = load(rows(names=names))
    assert dataset.task.text_columns == names
    assert dataset["all"].texts == [f"premise {i}" for i in range(6)]
    assert dataset["all"].pairs == [f"hypothesis {i}" for i in range(6)]
    assert dataset["all"].labels.tolist() == [0, 1, 0, 1, 0, 1]


def test_a_column_called_text_goes_before_a_pair():
    task = load([{"text": "a", "question": "b", "sentence": "c", "label": 0}]).task
    assert task.text_columns == ("text",)


def test_two_columns_are_named_with_a_comma():
    task = load([{"a": "x", "b, c": "y", "d": "z", "label": 0}], text_column="a, d").task
    assert task.text_columns == ("a", "d")
    task = load([{"a": "x", "b, c": "y", "d": "z", "label": 0}], text_column="b, c").task
    assert task.text_columns == ("b, c",)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("premise,hypotesis", r"expected a column 'hypotesis' .*did you mean 'hypothesis'"),
        ("premise,premise", "expected two columns of texts"),
        ("premise,hypothesis,label", "expected one column or two .* got 3"),
    ],
)
def test_two_names_that_are_no_two_columns_are_refused(given, message):
    with pytest.raises(DataError, match=message):
        load(rows(), text_column=given)


def test_one_column_of_a_pair_can_still_be_chosen():
    split = load(rows(), text_column="hypothesis")["all"]
    assert split.task.pair_column is None
    assert split.pairs is None


def test_a_score_of_two_sentences_is_a_regression():
    data = [{"sentence1": f"a {i}", "sentence2": f"b {i}", "label": i / 2} for i in range(4)]
    task = load(data).task
    assert (task.type, task.pair_column) == (TaskType.REGRESSION, "sentence2")


def test_a_pair_lacking_one_text_is_left_out_and_named():
    data = [*rows(), {"premise": "p", "hypothesis": None, "label": 1}]
    dataset = load(data)
    assert len(dataset["all"]) == 6
    assert "left out 1 row without a text (column hypothesis, row 7)" in dataset.notices[0]


def test_ids_and_fingerprints_hang_on_both_texts():
    first, second = rows(2), rows(2)
    second[0]["hypothesis"] = "another"
    one, other = load(first)["all"], load(second)["all"]
    assert one.ids[0] != other.ids[0]
    assert one.ids[1] == other.ids[1]
    assert one.fingerprint != other.fingerprint
    shuffled = load([{"id": f"{i}", **row} for i, row in enumerate(first)])["all"]
    changed = load([{"id": f"{i}", **row} for i, row in enumerate(second)])["all"]
    assert shuffled.fingerprint != changed.fingerprint


def test_pairs_of_one_premise_stay_together_when_rows_are_cut():
    dataset = load_dataset(rows(120, copies=3))
    seen = [set(dataset[name].texts) for name in ("train", "validation", "test")]
    assert len(set.union(*seen)) == sum(map(len, seen))
    assert sum(len(dataset[name]) for name in dataset) == 120
    check_trainable(dataset)


def test_saved_pairs_come_back_with_their_task(tmp_path):
    split = load(rows(names=("left", "right")), text_column="left,right")["all"]
    save_split(split, tmp_path / "test.parquet")
    again = load(str(tmp_path / "test.parquet"))["test"]
    assert again.task == split.task
    assert again.fingerprint == split.fingerprint


def test_a_trained_models_task_decides_which_columns_are_the_pair():
    task = Task(text_column="b", pair_column="a", label_names=("0", "1"))
    split = load([{"a": "x", "b": "y", "label": 1}], task=task)["all"]
    assert (split.texts, split.pairs) == (["y"], ["x"])
    assert split.all_texts == ["y", "x"]


def test_a_split_needs_both_columns(tmp_path):
    table = load(rows())["all"].table
    with pytest.raises(DataError, match="expected a column 'other'"):
        Split("train", table, Task(text_column="premise", pair_column="other"))


def test_a_task_of_one_column_twice_is_refused():
    with pytest.raises(DataError, match="expected two columns of texts"):
        Task(text_column="a", pair_column="a")


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("premise", "hypothesis"), LabelKind.ENTAILMENT),
        (("Premise", "Hypothesis"), LabelKind.ENTAILMENT),
        (("question1", "question2"), LabelKind.SIMILARITY),
        (("sentence1", "sentence2"), None),
        (("question", "sentence"), None),
    ],
)
def test_names_of_columns_may_say_what_the_labels_are_about(names, kind):
    assert load(rows(names=names)).task.label_kind is kind
    assert load(rows(names=names), label_kind="intent").task.label_kind is LabelKind.INTENT


def test_only_classes_with_labels_have_a_kind_by_their_columns():
    scores = [{**row, "label": i / 2} for i, row in enumerate(rows())]
    assert load(scores).task.label_kind is None
    bare = [{name: row[name] for name in ("premise", "hypothesis")} for row in rows()]
    assert load(bare).task.label_kind is None

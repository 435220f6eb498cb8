import pytest

from robustft.data.dataset import load_dataset
from robustft.errors import DataError


def load(rows, **options):
    return load_dataset(rows, make_splits=False, **options)


@pytest.mark.parametrize("text", ["text", "sentence", "review", "content", "Text", "REVIEW"])
@pytest.mark.parametrize("label", ["label", "sentiment", "target", "Label"])
def test_columns_are_found_by_their_usual_names(text, label):
    task = load([{text: "a", label: 0, "other": "x"}, {text: "b", label: 1, "other": "y"}]).task
    assert (task.text_column, task.label_column) == (text, label)


def test_an_unusual_text_column_is_asked_for():
    with pytest.raises(
        DataError,
        match="expected a column called text, sentence, review or content, got the columns "
        "body, label; name the one that holds the text with --text-column",
    ):
        load([{"body": "a", "label": 0}])


def test_a_misspelt_text_column_gets_the_nearest_name():
    with pytest.raises(
        DataError,
        match=r"expected a column 'boddy' \(--text-column\), got the columns body, label; did you "
        "mean 'body'",
    ):
        load([{"body": "a", "label": 0}], text_column="boddy")


def test_a_misspelt_label_column_gets_the_nearest_name():
    with pytest.raises(DataError, match=r"'stras' \(--label-column\).*did you mean 'stars'"):
        load([{"text": "a", "stars": 0}], label_column="stras")


def test_a_named_column_is_found_whatever_its_case():
    assert load([{"Body": "a", "label": 0}], text_column="body").task.text_column == "Body"


def test_one_column_cannot_be_text_and_label():
    with pytest.raises(DataError, match="got 'text' both as text and as label"):
        load([{"text": "a"}], label_column="text")


def test_questions_load_by_one_column_without_labels():
    rows = [
        {"id": "q1", "question": "who?", "context": "It was Ada.", "answers": {"text": ["Ada"]}}
    ]
    dataset = load(rows, text_column="context")
    assert dataset["all"].texts == ["It was Ada."]
    assert dataset["all"].labels is None
    assert dataset["all"].table["answers"].to_pylist() == [{"text": ["Ada"]}]


def test_missing_labels_are_said_aloud():
    [notice] = load([{"text": "a", "stars": 3}]).notices
    assert "no column called label, sentiment, target, so there are no labels" in notice
    assert "other columns: stars" in notice


def test_a_second_usual_label_is_said_aloud():
    [notice] = load([{"text": "a", "label": 0, "sentiment": "x"}]).notices
    assert notice == "data: label is taken as the label, not sentiment"


def test_a_text_column_of_numbers_is_refused():
    with pytest.raises(DataError, match="column text: expected texts, got int64"):
        load([{"text": 3, "label": 0}])

import pytest

from robustft.data.task import Task
from robustft.errors import ModelError
from robustft.model.labels import label_order

REVIEWS = Task(label_names=("negative", "positive"))


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (("negative", "positive"), (0, 1)),
        (("POSITIVE", "NEGATIVE"), (1, 0)),
        (("Neg", "Pos"), (0, 1)),
        (("pos", "neg"), (1, 0)),
        (("LABEL_0", "LABEL_1"), (0, 1)),
    ],
)
def test_names_are_matched_whatever_case_order_and_short_form(names, order):
    assert label_order(names, REVIEWS, where="m") == order


def test_a_name_that_begins_another_is_taken_exactly():
    task = Task(label_names=("world", "world news"))
    assert label_order(("World_News", "World"), task, where="m") == (1, 0)


@pytest.mark.parametrize(
    "names",
    [
        ("good", "bad"),
        ("negative", "neutral", "positive"),
        ("negative", "neutral"),
        ("LABEL_0", "LABEL_1", "LABEL_2"),
        ("0", "1"),
    ],
)
def test_names_that_cannot_be_matched_are_refused_and_both_are_listed(names):
    with pytest.raises(ModelError) as refused:
        label_order(names, REVIEWS, where="my-model")
    message = str(refused.value)
    assert message.startswith("my-model: expected a model whose labels are the data's")
    assert "(negative, positive)" in message
    assert f"got {', '.join(names)};" in message
    assert "--label-map" in message


def test_a_short_form_of_two_names_is_no_match():
    task = Task(label_names=("pos", "neg"))
    with pytest.raises(ModelError):
        label_order(("positive_low", "positive_high"), task, where="m")


def test_data_without_labels_take_any_names():
    assert label_order(("good", "bad", "ugly"), Task(), where="m") == (0, 1, 2)

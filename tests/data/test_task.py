import pytest

from robustft.data.task import Task, TaskType, label_kind_of, task_type_of
from robustft.errors import DataError, UsageError
from robustft.transform.base import LabelKind


def test_a_classification_counts_its_classes():
    task = Task(label_names=("neg", "neutral", "pos"))
    assert (task.num_labels, task.metric) == (3, "accuracy")


def test_a_regression_has_one_output():
    task = Task(type=TaskType.REGRESSION, label_column="target")
    assert (task.num_labels, task.metric) == (1, "mse")


def test_a_task_comes_back_from_plain_values():
    task = Task(label_names=("a", "b"), text_column="review", label_kind=LabelKind.TOPIC)
    assert Task.from_dict(task.to_dict()) == task


def test_what_nobody_named_is_left_out_of_the_plain_values():
    plain = Task().to_dict()
    assert "label_kind" not in plain
    assert None not in plain.values()
    assert Task.from_dict(plain) == Task()


def test_two_classes_of_one_name_are_refused():
    with pytest.raises(DataError, match="expected distinct label names, got a, a"):
        Task(label_names=("a", "a"))


def test_a_regression_with_classes_is_refused():
    with pytest.raises(DataError, match="expected no label names in a regression"):
        Task(type=TaskType.REGRESSION, label_names=("a",))


def test_an_unknown_task_type_lists_the_known():
    with pytest.raises(
        UsageError,
        match=r"expected one of classification, regression, question-answering, token-classif.*, "
        "got 'regresion'; did you mean 'regress",
    ):
        task_type_of("regresion")


def test_an_unknown_label_kind_lists_the_known():
    with pytest.raises(UsageError, match=r"expected one of sentiment, topic.*did you mean 'topic'"):
        label_kind_of("topics")

import pytest

from robustft.data.task import Task, TaskType
from robustft.errors import UsageError
from robustft.training.arguments import training_arguments
from robustft.training.overfit import overfit

AMOUNT = Task(type=TaskType.REGRESSION, label_column="target")
QUICK = training_arguments(learning_rate=1e-2, batch_size=8, max_length=48, device="cpu")


def test_a_sound_model_learns_a_few_rows_by_heart(small, reviews):
    result = overfit(small(), reviews(100), QUICK, 16, progress=False)
    assert result.learned
    assert (result.rows, result.metrics["accuracy"]) == (16, 1.0)
    assert result.epochs < 100
    assert result.to_dict()["learned"] is True


def test_a_sound_regression_explains_its_few_targets(small, reviews):
    result = overfit(small(task=AMOUNT), reviews(100, task=AMOUNT), QUICK, 16, progress=False)
    assert result.learned
    assert result.metrics["r2"] >= 0.9


def test_a_model_that_cannot_learn_is_told_from_one_that_can(small, reviews, monkeypatch):
    monkeypatch.setattr("robustft.training.overfit._EPOCHS", 5)
    stuck = small()
    for parameter in stuck.model.parameters():
        parameter.requires_grad_(parameter.ndim == 2 and parameter.shape[0] == 2)
    stuck.model.classifier.weight.data.zero_()
    result = overfit(
        stuck, reviews(100), QUICK.model_copy(update={"learning_rate": 1e-9}), 16, progress=False
    )
    assert not result.learned
    assert result.epochs == 5


def test_how_long_and_how_fast_the_real_run_is_to_be_does_not_matter(small, reviews, monkeypatch):
    rates = []
    monkeypatch.setattr("robustft.training.overfit._EPOCHS", 3)
    monkeypatch.setattr(
        "robustft.training.loop.set_learning_rates",
        lambda optimizer, factor: rates.append(optimizer.param_groups[0]["initial_lr"] * factor),
    )
    short = QUICK.model_copy(update={"max_steps": 1, "learning_rate": None, "freeze": "encoder"})
    result = overfit(small(), reviews(100), short, 16, progress=False)
    assert (result.epochs, len(rates)) == (3, 6)
    assert min(rates) > 0
    assert max(rates) == 2e-3  # that of a frozen encoder, not the lower one of whole models


def test_one_row_proves_nothing(small, reviews):
    with pytest.raises(UsageError, match="overfit: expected at least 2 rows, got 1"):
        overfit(small(), reviews(10), QUICK, 1)

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight

from robustft.data.task import Task, TaskType
from robustft.errors import UsageError
from robustft.training import loop
from robustft.training.arguments import resolve_arguments, training_arguments
from robustft.training.objectives import Classification, class_weights_of, objective_of
from robustft.training.setup import prepare
from robustft.training.validation import Scores
from robustft.training.watch import EpochLosses, Track, Watch, constant_loss

REVIEWS = Task(label_names=("negative", "positive"))
THREE = Task(label_names=("a", "b", "c"))
AMOUNT = Task(type=TaskType.REGRESSION, label_column="target")
LABELS = torch.tensor([0, 0, 0, 1, 1, 2])


def resolved(**given):
    arguments, _ = resolve_arguments(
        training_arguments(device="cpu", batch_size=6, max_length=48, **given),
        from_scratch=True,
        max_positions=64,
    )
    return arguments


def test_balanced_weights_are_scikit_learn_s():
    weights = class_weights_of("balanced", LABELS, THREE)
    theirs = compute_class_weight("balanced", classes=np.arange(3), y=LABELS.numpy())
    assert weights.tolist() == pytest.approx(theirs)


def test_a_class_without_rows_or_name_counts_one():
    few = LABELS[LABELS != 1]
    assert class_weights_of("balanced", few, THREE).tolist() == pytest.approx([4 / 6, 1.0, 2.0])
    assert class_weights_of("b=3", LABELS, THREE).tolist() == [1.0, 3.0, 1.0]
    assert class_weights_of(None, LABELS, THREE) is None


def test_weights_and_smoothing_are_for_classes_that_there_are(small, reviews):
    with pytest.raises(UsageError, match="expected names of a, b, c, got 'B'"):
        class_weights_of("B=2", LABELS, THREE)
    with pytest.raises(UsageError, match="class_weights: expected to be left out for regression"):
        class_weights_of("balanced", LABELS, AMOUNT)
    with pytest.raises(UsageError, match="label_smoothing: expected to be left out"):
        objective_of(AMOUNT, label_smoothing=0.1)
    split = reviews(8, task=AMOUNT)
    with pytest.raises(UsageError, match="label_smoothing"):
        prepare(small(task=AMOUNT), split, split, resolved(label_smoothing=0.1))


def test_the_training_loss_is_torch_s_weighted_and_smoothed_mean(small, reviews):
    """Batch by batch, as `CrossEntropyLoss(weight=..., label_smoothing=...)` gives it."""
    train = reviews(6).take([0, 1, 3, 5, 2, 4])
    loaded = small(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    arguments = resolved(class_weights="negative=1,positive=3", label_smoothing=0.1)
    setup = prepare(loaded, train, train, arguments)
    rows = np.array([0, 1, 2])
    inputs, labels = setup.train.batch(rows, torch.device("cpu"), 0)
    with torch.no_grad():
        logits = setup.model(**inputs).logits
    wanted = torch.nn.CrossEntropyLoss(weight=torch.tensor([1.0, 3.0]), label_smoothing=0.1)
    assert loop.train_step(setup, rows, 0, 4).item() == pytest.approx(
        wanted(logits, labels).item(), rel=1e-5
    )


def test_the_validation_loss_is_neither_weighted_nor_smoothed():
    logits = torch.tensor([[2.0, 1.0], [0.0, 3.0]])
    labels = torch.tensor([1, 1])
    plain = torch.nn.functional.cross_entropy(logits, labels, reduction="sum")
    odd = Classification(2, class_weights=torch.tensor([1.0, 9.0]), label_smoothing=0.3)
    outputs = SimpleNamespace(logits=logits)
    assert odd.loss_sum(outputs, labels, training=False) == plain
    assert odd.loss_sum(outputs, labels, training=True) != plain


def test_one_answer_for_all_has_the_loss_that_is_said():
    """Against the best constant logits that an optimizer finds."""
    for objective in (
        Classification(3),
        Classification(3, label_smoothing=0.2),
        Classification(3, class_weights=torch.tensor([1.0, 4.0, 2.0])),
        Classification(3, class_weights=torch.tensor([1.0, 4.0, 2.0]), label_smoothing=0.2),
    ):
        logits = torch.zeros(1, 3, requires_grad=True)
        optimizer = torch.optim.LBFGS([logits], max_iter=100)
        weights = torch.ones(3) if objective.class_weights is None else objective.class_weights

        def closure(objective=objective, logits=logits, optimizer=optimizer, weights=weights):
            optimizer.zero_grad()
            outputs = SimpleNamespace(logits=logits.expand(6, 3))
            loss = objective.loss_sum(outputs, LABELS, training=True) / weights[LABELS].sum()
            loss.backward()
            return loss

        optimizer.step(closure)
        said = constant_loss(objective, SimpleNamespace(labels=LABELS))
        assert said == pytest.approx(closure().item(), abs=1e-4)
    targets = SimpleNamespace(labels=torch.tensor([1.0, 3.0]))
    assert constant_loss(objective_of(AMOUNT), targets) == pytest.approx(1.0)
    assert constant_loss(objective_of(AMOUNT), SimpleNamespace()) is None


def watch(**changes):
    return replace(Watch(window=4, baseline=0.7, cause="lower it"), **changes)


def test_a_loss_that_rises_well_above_its_start_is_told_once():
    seen = watch()
    assert seen.losses([0.8, 0.7, 0.7, 0.6], 4) is None
    assert seen.losses([0.5, 0.4], 6) is None
    assert seen.losses([0.4, 0.5], 8) is None
    warning = seen.losses([2.0, 2.0, 2.0, 2.0], 12)
    assert warning == (
        "the training loss has risen to 2 by step 12, from 0.7 at the start: training diverges; "
        "lower it"
    )
    assert seen.losses([9.0] * 4, 16) is None
    assert seen.notices() == [warning]


def test_one_bad_batch_is_no_divergence():
    seen = watch()
    for step in range(10):
        assert seen.losses([0.7, 0.6, 0.7, 1.6 if step % 2 else 0.6], 4 * step) is None
    assert seen.diverged is None


def test_a_loss_that_stays_above_that_of_one_answer_is_told_in_the_end():
    seen = watch()
    seen.losses([0.9] * 8, 8)
    (said,) = seen.notices()
    assert said.startswith("the training loss ended at 0.9, above the 0.7 of one answer for all")
    fine = watch()
    fine.losses([0.9] * 4 + [0.69] * 4, 8)
    assert fine.notices() == []


def test_answers_that_have_become_one_are_told_and_those_not_yet_learned_are_not():
    one, many = (Scores(0.7, {"accuracy": 0.5}, constant=constant) for constant in (True, False))
    young = watch()
    assert young.scored(one, 1) is None
    assert young.scored(many, 2) is None
    assert (
        young.scored(one, 3) == "after epoch 3 every validation row gets the same answer; lower it"
    )
    assert young.notices() == ["every validation row got the same answer after epoch 3; lower it"]
    assert watch(high=True).scored(one, 1) is not None


def test_a_track_survives_being_written_down():
    track = Track.start(
        training_arguments(learning_rate=1e-2), objective_of(REVIEWS),
        SimpleNamespace(labels=torch.tensor([0, 1])), 100, pretrained_layers=True,
    )  # fmt: skip
    track.watch.losses([0.1] * 7, 7)
    track.show(7, Scores(0.5, {"accuracy": 0.5}, constant=False))
    assert Track.from_dict(track.to_dict()) == track
    assert track.watch.baseline == pytest.approx(math.log(2))
    assert track.watch.high


def test_losses_are_means_by_weight_and_read_once():
    losses = EpochLosses()
    for mean, weight in ((1.0, 1.0), (2.0, 3.0)):
        losses.add(torch.tensor(mean), weight)
    assert losses.unread() == [1.0, 2.0]
    assert losses.unread() == []
    assert losses.since_shown() == (7.0, 4.0)
    losses.add(torch.tensor(5.0), 2.0)
    assert losses.since_shown() == (10.0, 2.0)
    assert losses.mean() == pytest.approx(17 / 6)

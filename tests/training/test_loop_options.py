"""Steps, layers that open, early ends, learning curves: what changes how the loop runs."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from robustft.errors import ModelError
from robustft.training import loop
from robustft.training.arguments import training_arguments
from robustft.training.loop import fit
from robustft.training.setup import Setup
from robustft.training.validation import Scores

QUICK = {"epochs": 2, "batch_size": 8, "learning_rate": 1e-2, "max_length": 48, "device": "cpu"}


def trained(small, reviews, folder, *, rows=48, layers=1, **changes):
    return fit(
        small(num_hidden_layers=layers),
        reviews(rows),
        reviews(24, "validation", seed=9),
        training_arguments(**{**QUICK, **changes}),
        folder,
        progress=False,
        cache=folder / "cache",
    )


def weights(result):
    return load_file(result.best / "model.safetensors")


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


class _Stop(BaseException):
    """Stands for a signal that kills the process."""


def killed_then_resumed(small, reviews, folder, monkeypatch, at, **changes):
    """Train, die in step `at`, and go on in the same folder."""
    real = loop.train_step

    def dying(setup, rows, step, total):
        if step == at:
            raise _Stop
        return real(setup, rows, step, total)

    monkeypatch.setattr(loop, "train_step", dying)
    with pytest.raises(_Stop):
        trained(small, reviews, folder, **changes)
    monkeypatch.setattr(loop, "train_step", real)
    return trained(small, reviews, folder, **changes)


@pytest.mark.parametrize(("steps", "epochs"), [(1, 1), (6, 1), (8, 2), (12, 2)])
def test_a_number_of_steps_is_kept_to_exactly(small, reviews, tmp_path, monkeypatch, steps, epochs):
    taken = []
    real = loop.train_step

    def counting(setup, rows, step, total):
        taken.append((step, total))
        return real(setup, rows, step, total)

    monkeypatch.setattr(loop, "train_step", counting)
    result = trained(small, reviews, tmp_path, max_steps=steps)
    assert taken == [(step, steps) for step in range(steps)]
    assert (result.steps, len(result.history)) == (steps, epochs)


def test_as_many_steps_as_the_epochs_have_are_the_same_run(small, reviews, tmp_path):
    a = trained(small, reviews, tmp_path / "a", epochs=2)
    b = trained(small, reviews, tmp_path / "b", max_steps=12)
    assert same(weights(a), weights(b))
    assert a.history == b.history


def test_a_curve_disturbs_nothing(small, reviews, tmp_path):
    plain = trained(small, reviews, tmp_path / "a")
    curved = trained(small, reviews, tmp_path / "b", eval_steps=5)
    assert same(weights(plain), weights(curved))
    assert plain.history == curved.history
    assert plain.curve == []
    assert [entry["step"] for entry in curved.curve] == [5, 10]
    assert set(curved.curve[0]) == {"step", "train_loss", "loss", "accuracy", "macro_f1"}


def test_the_curve_s_training_loss_is_the_mean_since_the_entry_before(small, reviews, tmp_path):
    result = trained(small, reviews, tmp_path, eval_steps=5)
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    losses = [event["loss"] for event in events if event["event"] == "step"]
    assert len(losses) == 12
    assert result.curve[1]["train_loss"] == pytest.approx(sum(losses[5:10]) / 5, rel=1e-5)
    shown = [event for event in events if event["event"] == "curve"]
    assert [event["loss"] for event in shown] == [entry["loss"] for entry in result.curve]
    at_the_end = trained(small, reviews, tmp_path / "b", eval_steps=6)
    assert at_the_end.curve[1]["loss"] == at_the_end.history[1]["loss"]


@pytest.mark.parametrize(
    "changes",
    [
        {"eval_steps": 5, "epochs": 3},
        {"unfreeze": "gradual", "epochs": 3, "layers": 2},
        {"unfreeze": "gradual", "optimizer": "nesterov", "epochs": 3, "layers": 2},
        {"optimizer": "sgd", "max_steps": 15, "schedule": "warm-restarts"},
        {"adapter": "houlsby:2", "epochs": 2},
    ],
    ids=["curve", "gradual", "gradual-nesterov", "sgd-steps", "adapter"],
)
def test_a_killed_run_ends_as_if_it_had_not_been(small, reviews, tmp_path, monkeypatch, changes):
    def numbers(result):
        best = next(result.best.glob("model*.safetensors"))
        return load_file(best), result.history, result.curve, result.steps, result.notices

    whole = numbers(trained(small, reviews, tmp_path / "a", **changes))
    again = numbers(killed_then_resumed(small, reviews, tmp_path / "b", monkeypatch, 9, **changes))
    assert same(whole[0], again[0])
    assert whole[1:] == again[1:]


def test_layers_open_one_by_one_from_the_top(small, reviews, tmp_path, monkeypatch):
    moved = []
    real = loop.train_epoch

    def watching(setup, epoch, *rest):
        before = {n: p.detach().clone() for n, p in setup.loaded.model.named_parameters()}
        loss = real(setup, epoch, *rest)
        after = dict(setup.loaded.model.named_parameters())
        moved.append({n for n in before if not torch.equal(before[n], after[n])})
        return loss

    monkeypatch.setattr(loop, "train_epoch", watching)
    trained(small, reviews, tmp_path, unfreeze="gradual", epochs=5, layers=2, rows=24)
    parts = ["bert.pooler", "classifier"], ["layer.1."], ["layer.0."], ["embeddings"], []
    opened: list[str] = []
    for found, part in zip(moved, parts, strict=True):
        opened += part
        assert {name for name in found if not any(p in name for p in opened)} == set()
        assert all(any(p in name for name in found) for p in opened)


def test_layers_may_open_more_slowly_and_it_is_said_when_some_stayed_shut(small, reviews, tmp_path):
    result = trained(small, reviews, tmp_path, unfreeze="gradual:2", epochs=3, layers=2, rows=24)
    assert any(
        notice.startswith("gradual unfreezing ended before it was through") for notice in
        result.notices
    )  # fmt: skip
    still = {row["name"] for row in result.tensor_states if row["unchanged"]}
    assert "bert.embeddings.word_embeddings.weight" in still
    assert not any("layer.1." in name and "weight" in name for name in still)


def test_training_stops_when_epochs_bring_nothing(small, reviews, tmp_path, monkeypatch):
    values = iter([0.5, 0.7, 0.6, 0.7, 0.9, 0.9])

    def scored(setup, data):
        return Scores(1.0, {"accuracy": next(values), "macro_f1": 0.5}, constant=False)

    monkeypatch.setattr(loop, "validate", scored)
    result = trained(small, reviews, tmp_path, epochs=6, early_stopping=2, rows=16)
    assert (len(result.history), result.best_epoch, result.steps) == (4, 2, 8)
    assert result.notices[-1] == (
        "stopped after epoch 4 of 6: none since epoch 2 was better (--early-stopping 2)"
    )


def test_patience_to_the_end_is_no_early_end(small, reviews, tmp_path):
    patient = trained(small, reviews, tmp_path / "a", early_stopping=9)
    plain = trained(small, reviews, tmp_path / "b")
    assert same(weights(patient), weights(plain))
    assert patient.notices == plain.notices


@pytest.mark.parametrize("freeze", ["all-but-head", "encoder"])
def test_frozen_weights_stay_as_they_were_to_the_bit(small, reviews, tmp_path, freeze):
    before = {n: p.detach().clone() for n, p in small(num_hidden_layers=1).model.named_parameters()}
    result = trained(small, reviews, tmp_path, freeze=freeze)
    after = weights(result)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    pooler = {"bert.pooler.dense.weight", "bert.pooler.dense.bias"}
    head = {"classifier.weight", "classifier.bias"}
    assert moved == (head if freeze == "all-but-head" else head | pooler)
    assert result.parameters["trained"] == sum(before[name].numel() for name in moved)


@pytest.mark.parametrize("schedule", ["one-cycle", "cyclical", "slanted-triangular"])
def test_the_schedule_moves_every_group_s_rate(small, reviews, tmp_path, monkeypatch, schedule):
    rates = []
    real = loop.set_learning_rates

    def recording(optimizer, factor):
        real(optimizer, factor)
        rates.append([group["lr"] / group["initial_lr"] for group in optimizer.param_groups])

    monkeypatch.setattr(loop, "set_learning_rates", recording)
    trained(small, reviews, tmp_path, schedule=schedule, layer_lr_decay=0.5)
    factors = [loop.learning_rate_factor(schedule, step, 12, 0.06) for step in range(12)]
    assert [row[0] for row in rates] == pytest.approx(factors)
    assert all(row == pytest.approx([row[0]] * len(row)) for row in rates)


def test_a_rate_that_destroys_a_pretrained_model_is_recognised(small, reviews, tmp_path):
    loaded = replace(small(num_hidden_layers=2), from_scratch=False)
    arguments = training_arguments(**{**QUICK, "learning_rate": 3.0, "epochs": 3})
    result = fit(loaded, reviews(48), reviews(24, "validation", seed=9), arguments, tmp_path,
                 progress=False)  # fmt: skip
    said = " ".join(result.notices)
    assert "learning rate 3: pretrained layers mostly train at 2e-5 to 5e-5" in said
    assert "the likely cause is the learning rate 3, far above" in said
    warnings = [
        event["message"]
        for event in map(json.loads, (tmp_path / "log.jsonl").read_text().splitlines())
        if event["event"] == "warning"
    ]
    assert warnings
    assert all("likely cause" in message for message in warnings)


def test_where_losses_are_read_seldom_the_step_is_still_named(
    small, reviews, tmp_path, monkeypatch
):
    """As on a GPU: read after the first step, every 20th and the last of an epoch."""
    real = loop.train_step

    def breaking(setup, rows, step, total):
        loss = real(setup, rows, step, total)
        return loss * float("nan") if step == 2 else loss

    monkeypatch.setattr(Setup, "split", False)
    monkeypatch.setattr(loop, "train_step", breaking)
    with pytest.raises(ModelError, match="got nan at step 3 of 12"):
        trained(small, reviews, tmp_path / "a")
    monkeypatch.setattr(loop, "train_step", real)
    seldom = trained(small, reviews, tmp_path / "b", eval_steps=4)
    assert [entry["step"] for entry in seldom.curve] == [4, 8, 12]
    assert all(entry["train_loss"] > 0 for entry in seldom.curve)

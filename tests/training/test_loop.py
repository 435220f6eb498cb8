import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from robustft.data.task import Task, TaskType
from robustft.errors import DataError, ModelError
from robustft.model.load import load_finetuned
from robustft.training import distributed, loop
from robustft.training.arguments import training_arguments
from robustft.training.loop import fit
from robustft.training.objectives import Classification, Regression
from robustft.training.setup import Setup, prepare
from robustft.training.validation import Scores, is_better

AMOUNT = Task(type=TaskType.REGRESSION, label_column="target")
QUICK = {"epochs": 2, "batch_size": 8, "learning_rate": 1e-2, "max_length": 48, "device": "cpu"}


def arguments(**changes):
    return training_arguments(**{**QUICK, **changes})


def trained(small, reviews, folder, *, kind="bert", rows=64, task=None, progress=False, **changes):
    extra = {} if task is None else {"task": task}
    return fit(
        small(kind, **extra),
        reviews(rows, **extra),
        reviews(40, "validation", seed=9, **extra),
        arguments(**changes),
        folder,
        progress=progress,
    )


def weights(result):
    return load_file(result.best / "model.safetensors")


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta", "modernbert"])
def test_the_loss_goes_down_and_the_best_model_can_be_loaded(small, reviews, tmp_path, kind):
    result = trained(small, reviews, tmp_path, kind=kind, rows=160, epochs=4)
    losses = [entry["train_loss"] for entry in result.history]
    assert losses[-1] < 0.6 * losses[0]
    assert result.metrics["accuracy"] > 0.8
    best = result.history[result.best_epoch - 1]
    assert best["accuracy"] == max(entry["accuracy"] for entry in result.history)
    assert result.metrics["loss"] == best["loss"]
    names = {path.name for path in result.best.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= names
    assert {path.name for path in (tmp_path / "checkpoints").iterdir()} == {"best"}
    loaded = load_finetuned(result.best, task=reviews(1).task)
    assert loaded.label_order == (0, 1)
    assert loaded.new_weights == ()


def test_regression_learns_the_target(small, reviews, tmp_path):
    result = trained(small, reviews, tmp_path, task=AMOUNT, rows=160, epochs=5)
    assert result.metrics["mse"] < 0.5
    assert result.metrics["mse"] == pytest.approx(result.metrics["loss"], rel=1e-5)
    assert result.metrics["r2"] > 0.5
    assert load_finetuned(result.best, task=AMOUNT).label_order == (0,)


def test_the_same_seed_gives_the_same_bytes_whatever_ran_before(small, reviews, tmp_path):
    first = trained(small, reviews, tmp_path / "a")
    torch.manual_seed(1234)
    torch.rand(7)
    np.random.default_rng(0).random(3)
    state = torch.random.get_rng_state()
    second = trained(small, reviews, tmp_path / "b")
    assert torch.equal(torch.random.get_rng_state(), state)
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        assert (first.best / name).read_bytes() == (second.best / name).read_bytes()
    assert first.history == second.history
    assert not same(weights(trained(small, reviews, tmp_path / "c", seed=1)), weights(first))


class _Stop(BaseException):
    """Stands for a signal that kills the process."""


@pytest.mark.parametrize("killed", ["in an epoch", "in validation", "saving the model"])
def test_a_killed_run_ends_as_if_it_had_not_been(small, reviews, tmp_path, monkeypatch, killed):
    whole = trained(small, reviews, tmp_path / "whole", epochs=3)
    where = {"in an epoch": "train_step", "in validation": "validate"}.get(killed, "save_best")
    calls = {"train_step": 13, "validate": 2, "save_best": 1}[where]
    real, count = getattr(loop, where), 0

    def dying(*args, **kwargs):
        nonlocal count
        count += 1
        if count == calls:
            raise _Stop
        return real(*args, **kwargs)

    monkeypatch.setattr(loop, where, dying)
    with pytest.raises(_Stop):
        trained(small, reviews, tmp_path / "killed", epochs=3)
    monkeypatch.setattr(loop, where, real)
    (left,) = (tmp_path / "killed/checkpoints").glob("resume-*[0-9]")
    done = json.loads((left / "state.json").read_text())["epoch"]
    steps = 0

    def counting(*args, **kwargs):
        nonlocal steps
        steps += 1
        return real_step(*args, **kwargs)

    real_step = loop.train_step
    monkeypatch.setattr(loop, "train_step", counting)
    resumed = trained(small, reviews, tmp_path / "killed", epochs=3)
    assert 1 <= done < 3
    assert steps == (3 - done) * 8
    assert same(weights(resumed), weights(whole))
    assert resumed.history == whole.history
    assert (resumed.best_epoch, resumed.padding) == (whole.best_epoch, whole.padding)
    assert {path.name for path in (tmp_path / "killed/checkpoints").iterdir()} == {"best"}


def test_what_another_run_left_is_not_gone_on_with(small, reviews, tmp_path, monkeypatch):
    def interrupted(*args, **kwargs):
        if args[2] >= 8:
            raise _Stop
        return real(*args, **kwargs)

    real = loop.train_step
    monkeypatch.setattr(loop, "train_step", interrupted)
    with pytest.raises(_Stop):
        trained(small, reviews, tmp_path / "a")
    monkeypatch.setattr(loop, "train_step", real)
    changed = trained(small, reviews, tmp_path / "a", learning_rate=2e-3)
    fresh = trained(small, reviews, tmp_path / "b", learning_rate=2e-3)
    assert same(weights(changed), weights(fresh))


def test_an_interrupt_says_where_it_stopped_and_how_to_go_on(small, reviews, tmp_path, monkeypatch):
    real = loop.train_step

    def interrupted(setup, rows, step, total):
        if step == 11:
            raise KeyboardInterrupt
        return real(setup, rows, step, total)

    monkeypatch.setattr(loop, "train_step", interrupted)
    message = "stopped in epoch 2 of 2; the same command goes on after epoch 1"
    with pytest.raises(KeyboardInterrupt, match=message):
        trained(small, reviews, tmp_path)


def test_a_loss_that_is_no_number_stops_the_run_and_names_the_step(
    small, reviews, tmp_path, monkeypatch
):
    real = Classification.loss_sum
    calls = 0

    def breaking(self, outputs, labels, *, training):
        nonlocal calls
        calls += training
        factor = float("nan") if training and calls >= 3 else 1.0
        return real(self, outputs, labels, training=training) * factor

    monkeypatch.setattr(Classification, "loss_sum", breaking)
    monkeypatch.setattr(distributed, "slice_batch", lambda lengths, **_: [np.arange(len(lengths))])
    with pytest.raises(ModelError, match=r"got nan at step 3 of 16; the learning rate 0\.01"):
        trained(small, reviews, tmp_path)


def test_slices_add_up_to_the_batch(small, reviews, monkeypatch):
    """The gradient of a batch is the same computed whole, in slices, and in small portions."""
    train, validation = reviews(16), reviews(8, "validation")
    gradients = []
    portions = {"batch_size": 4, "gradient_accumulation": 4}
    for changes, split in (
        ({"batch_size": 16}, False),
        ({"batch_size": 16}, True),
        (portions, False),
    ):
        loaded = small(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
        setup = prepare(loaded, train, validation, arguments(**changes))
        kept = []
        setup.optimizer.step = lambda loaded=loaded, kept=kept: kept.extend(
            p.grad.clone() for p in loaded.model.parameters() if p.grad is not None
        )
        monkeypatch.setattr(Setup, "split", split)
        loss = loop.train_step(setup, np.arange(16), 0, 10)
        gradients.append([*kept, loss])
    for other in gradients[1:]:
        for a, b in zip(gradients[0], other, strict=True):
            assert torch.allclose(a, b, atol=1e-6)


def test_what_is_computed_holds_at_most_three_percent_padding(small, reviews, tmp_path):
    result = trained(small, reviews, tmp_path, rows=1000, epochs=1, batch_size=16)
    assert 0 <= result.padding <= 0.03
    assert result.steps == 63


def test_cut_texts_are_counted(small, reviews, tmp_path):
    result = trained(small, reviews, tmp_path, rows=50, epochs=1, max_length=20)
    longer = sum(len(text.split()) > 18 for text in reviews(50).texts)
    assert result.truncated == pytest.approx(longer / 50, abs=0.1)
    assert result.arguments.max_length == 20


def test_the_length_is_what_the_model_can_read(small, reviews, tmp_path):
    result = trained(small, reviews, tmp_path, epochs=1, max_length=500)
    assert result.arguments.max_length == 64
    assert result.notices[0].startswith("max length: the model reads at most 64 tokens")


def test_a_model_that_always_answers_the_same_is_warned_of(small, reviews, tmp_path):
    result = trained(small, reviews, tmp_path, epochs=1, learning_rate=1e-9)
    values = [entry["accuracy"] for entry in result.history]
    assert values == [0.5]
    assert any("every validation row the same answer" in notice for notice in result.notices)


def test_the_log_tells_each_epoch(small, reviews, tmp_path):
    result = trained(small, reviews, tmp_path)
    events = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    epochs = [event for event in events if event["event"] == "epoch"]
    assert [event["train_loss"] for event in epochs] == [e["train_loss"] for e in result.history]
    assert [e["step"] for e in events if e["event"] == "step"] == list(range(1, 17))
    assert all("time" in event for event in events)


def test_the_result_can_be_written_as_json(small, reviews, tmp_path):
    plain = json.loads(json.dumps(trained(small, reviews, tmp_path, epochs=1).to_dict()))
    assert plain["arguments"]["learning_rate"] == 0.01
    assert plain["rows_per_second"] > 0
    assert plain["peak_memory_mb"] > 0
    assert "best" not in plain


def test_a_line_an_epoch_is_printed_where_there_is_no_terminal(
    small, reviews, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("robustft.training.progress._PATIENCE_SECONDS", 0.0)
    trained(small, reviews, tmp_path / "a", progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("training: epoch 1 of 2: loss ")
    assert len(captured.err.splitlines()) == 2
    trained(small, reviews, tmp_path / "b", progress=False)
    assert capsys.readouterr().err == ""


def test_biases_and_norms_are_not_decayed(small, reviews):
    setup = prepare(small(), reviews(8), reviews(8), arguments(weight_decay=0.3))
    decayed = {
        id(p)
        for group in setup.optimizer.param_groups
        if group["weight_decay"]
        for p in group["params"]
    }
    for name, parameter in small_parameters(setup):
        assert (id(parameter) in decayed) == (not name.endswith("bias") and "Norm" not in name)


def small_parameters(setup):
    return list(setup.loaded.model.named_parameters())


def test_data_that_cannot_be_trained_on_is_refused(small, reviews, tmp_path):
    good = reviews(8)
    unlabelled = replace(good, table=good.table.drop_columns(["label"]))
    with pytest.raises(DataError, match="train: expected labels, got a split without any"):
        fit(small(), unlabelled, good, arguments(), tmp_path)
    with pytest.raises(DataError, match="train: expected rows to train or validate on, got none"):
        fit(small(), good.take([]), good, arguments(), tmp_path)


@pytest.mark.parametrize(
    ("metric", "new", "old", "better"),
    [
        ("accuracy", (0.9, 1.0), (0.8, 0.1), True),
        ("accuracy", (0.8, 0.1), (0.8, 0.2), True),
        ("accuracy", (0.8, 0.2), (0.8, 0.2), False),
        ("mse", (0.5, 0.5), (0.6, 0.6), True),
        ("mse", (0.7, 0.7), (0.6, 0.6), False),
        ("mse", (None, 0.1), (0.6, 0.6), False),
        ("mse", (0.6, 0.6), (None, 0.1), True),
    ],
)
def test_the_better_epoch_has_the_better_metric_then_loss_else_came_first(metric, new, old, better):
    def scores(value, loss):
        return Scores(loss, {metric: value}, constant=False)

    objective = Regression() if metric == "mse" else Classification(2)
    assert is_better(scores(*new), scores(*old), objective) is better
    assert is_better(scores(*new), None, objective)

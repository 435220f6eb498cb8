import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from robustft.data.task import Task, TaskType
from robustft.errors import ModelError, UsageError
from robustft.model.freezing import freeze
from robustft.seeding import fold_in
from robustft.training import feature_store, features, frozen_part, loop
from robustft.training.arguments import training_arguments
from robustft.training.batching import plan_epoch
from robustft.training.dropout import MaskStream, fast_dropout
from robustft.training.examples import tokenize_split
from robustft.training.features import reuse_frozen
from robustft.training.frozen_part import FrozenExamples
from robustft.training.loop import fit
from robustft.training.setup import prepare

AMOUNT = Task(type=TaskType.REGRESSION, label_column="target")
KINDS = ["bert", "distilbert", "roberta", "modernbert", "electra", "mpnet"]
QUICK = {"epochs": 2, "batch_size": 8, "learning_rate": 1e-2, "max_length": 48, "device": "cpu"}


def arguments(**changes):
    return training_arguments(**{**QUICK, **changes})


def splits(reviews, rows=40, **extra):
    return reviews(rows, **extra), reviews(24, "validation", seed=9, **extra)


def trained(deep, reviews, folder, *, kind="bert", cache=None, rows=40, **changes):
    return fit(
        deep(kind), *splits(reviews, rows), arguments(**changes), folder,
        progress=False, cache=cache or folder / "cache",
    )  # fmt: skip


def losses(result):
    return [(entry["train_loss"], entry["loss"]) for entry in result.history]


def tokens_of(loaded, split):
    return tokenize_split(loaded.tokenizer, split, 48)


def reused(deep, reviews, cache, spec="encoder", *, kind="bert", **changes):
    """Return what reuse makes of a small model and 40 texts, and the model."""
    loaded = deep(kind)
    freeze(loaded.model, spec)
    data = [tokens_of(loaded, split) for split in splits(reviews)]
    return reuse_frozen(loaded, *data, arguments(**changes), cache), loaded


def texts(loaded, reviews, rows=(3, 11, 20)):
    data = tokens_of(loaded, reviews(24))
    return data.tokens.collate(np.asarray(rows), torch.device("cpu"))


@pytest.mark.parametrize(
    ("kind", "spec"),
    [(kind, "encoder") for kind in KINDS] + [("bert", "all-but-head"), ("bert", "first:2")]
    + [("modernbert", "first:1"), ("mpnet", "first:2"), ("distilbert", "first:2")],
)  # fmt: skip
def test_reuse_trains_as_recomputing_does(deep, reviews, tmp_path, kind, spec):
    results = [
        trained(deep, reviews, tmp_path / how, kind=kind, freeze=spec, frozen=how)
        for how in ("reuse", "recompute")
    ]
    assert np.allclose(*map(losses, results), atol=1e-5, rtol=0)
    assert results[0].best_epoch == results[1].best_epoch
    assert any("computed once" in notice for notice in results[0].notices)
    assert any("computed anew for each batch" in notice for notice in results[1].notices)


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta"])
def test_a_plain_loop_over_the_whole_model_gives_the_same_losses(deep, reviews, tmp_path, kind):
    """The frozen part in evaluation mode, dropout in the head alone: written out by hand."""
    plain = {"schedule": "constant", "warmup_ratio": 0.0, "optimizer": "sgd"}
    plain |= {"max_grad_norm": 0.0, "weight_decay": 0.0}
    done = trained(deep, reviews, tmp_path, kind=kind, freeze="encoder", **plain)
    loaded = deep(kind)
    freeze(loaded.model, "encoder")
    data = tokens_of(loaded, reviews(40))
    trains = [p for p in loaded.model.parameters() if p.requires_grad]
    optimizer, stream, found, step = torch.optim.SGD(trains, lr=1e-2), MaskStream(), [], 0
    for epoch in range(2):
        total = 0.0
        for rows in plan_epoch(data.lengths, 8, fold_in(0, "epoch", epoch)):
            loaded.model.train()
            loaded.model.base_model.eval()
            if kind == "bert":
                loaded.model.bert.pooler.train()
            stream.reseed(fold_in(0, "dropout", step))
            inputs, labels = data.batch(rows, torch.device("cpu"), 0)
            with fast_dropout(loaded.model, stream):
                logits = loaded.model(**inputs).logits
            loss = torch.nn.functional.cross_entropy(logits, labels)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            total += loss.item() * len(rows)
            step += 1
        found.append(total / 40)
    assert np.allclose([a for a, _ in losses(done)], found, atol=1e-5, rtol=0)


def test_only_the_head_differs_from_what_was_loaded(deep, reviews, tmp_path):
    for kind in ("bert", "distilbert", "roberta"):
        before = {n: p.clone() for n, p in deep(kind).model.named_parameters()}
        result = trained(deep, reviews, tmp_path / kind, kind=kind, freeze="all-but-head")
        after = load_file(result.best / "model.safetensors")
        changed = {name for name in before if not torch.equal(before[name], after[name])}
        head = "classifier.out_proj." if kind == "roberta" else "classifier."
        assert changed == {f"{head}weight", f"{head}bias"}


def test_batches_are_formed_by_the_texts_own_lengths(deep, reviews, tmp_path):
    found, loaded = reused(deep, reviews, tmp_path)
    data = tokens_of(loaded, reviews(40))
    assert isinstance(found.train, FrozenExamples)
    assert np.array_equal(found.train.lengths, data.lengths)
    assert np.array_equal(found.train.computed, np.ones(40))
    assert np.array_equal(found.train.truncated, data.truncated)
    assert found.train.weight(np.arange(5), 0) == 5
    inputs, labels = found.train.batch(np.array([7, 2]), torch.device("cpu"), 0)
    assert list(inputs) == ["inputs_embeds"]
    assert inputs["inputs_embeds"].shape == (2, 1, 16)
    assert labels.tolist() == [1, 0]
    found, _ = reused(deep, reviews, tmp_path, "first:1")
    assert np.array_equal(found.train.computed, data.lengths)
    inputs, _ = found.train.batch(np.array([7, 2]), torch.device("cpu"), 0)
    assert inputs["inputs_embeds"].shape == (2, data.lengths[[7, 2]].max(), 16)
    assert inputs["attention_mask"].sum(1).tolist() == data.lengths[[7, 2]].tolist()


def test_nothing_is_reused_where_nothing_is_frozen_for_good(deep, reviews, tmp_path):
    for spec in ("none", "embeddings", "first:0", "except:layer.0"):
        assert reused(deep, reviews, tmp_path, spec)[0] is None
    assert reused(deep, reviews, tmp_path, frozen="dropout")[0] is None
    assert reused(deep, reviews, tmp_path, unfreeze="gradual")[0] is None
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_compare_equal_is_not_reused(deep, reviews, tmp_path, monkeypatch):
    real = frozen_part.FrozenPart.run

    def off(self, tokens, rows, device):
        found = real(self, tokens, rows, device)
        return found | {"inputs_embeds": found["inputs_embeds"] + 0.1}

    monkeypatch.setattr(frozen_part.FrozenPart, "run", off)
    found, loaded = reused(deep, reviews, tmp_path)
    assert found.model is loaded.model
    assert not isinstance(found.train, FrozenExamples)
    (said,) = found.notices
    assert said.startswith("frozen part: runs whole with each batch, with its dropout; not reused")
    assert "differ by" in said
    result = trained(deep, reviews, tmp_path / "run", freeze="encoder")
    assert any("not reused" in notice for notice in result.notices)


def test_a_model_without_layers_trains_whole(deep, reviews, tmp_path, monkeypatch):
    def unknown(model):
        raise ModelError("Odd: expected an encoder, got none")

    monkeypatch.setattr(features, "frozen_layers", unknown)
    found, loaded = reused(deep, reviews, tmp_path)
    assert found.model is loaded.model
    assert found.notices[0].endswith("not reused: Odd: expected an encoder, got none")
    assert reused(deep, reviews, tmp_path, "none")[0] is None


def test_a_part_in_which_something_trains_is_not_reused(deep, reviews, tmp_path, monkeypatch):
    monkeypatch.setattr(features, "frozen_layers", lambda _: 2)
    found, _ = reused(deep, reviews, tmp_path, "first:1")
    assert found.notices[0].endswith("not reused: something in it trains")


def computing(monkeypatch):
    """Return a list that grows by a number for each batch of the frozen part's computation."""
    real, calls = frozen_part.FrozenPart.fill, []

    def counting(self, tokens, *rest):
        calls.append(len(tokens))
        return real(self, tokens, *rest)

    monkeypatch.setattr(frozen_part.FrozenPart, "fill", counting)
    return calls


def test_other_runs_find_it_again(deep, reviews, tmp_path, monkeypatch):
    calls = computing(monkeypatch)
    first = trained(deep, reviews, tmp_path / "a", cache=tmp_path / "cache", freeze="encoder")
    assert calls == [40, 24]
    for changes in ({"freeze": "all-but-head"}, {"freeze": "encoder", "seed": 3, "epochs": 1}):
        folder = tmp_path / str(changes["freeze"] + str(len(changes)))
        trained(deep, reviews, folder, cache=tmp_path / "cache", **changes)
    assert calls == [40, 24]
    again = trained(deep, reviews, tmp_path / "b", cache=tmp_path / "cache", freeze="encoder")
    assert first.history == again.history
    assert first.notices == again.notices
    assert "64 texts x 16 numbers, 1 MB, computed once" in " ".join(first.notices)


def test_other_weights_lengths_texts_or_threads_are_something_else(
    deep, reviews, tmp_path, monkeypatch
):
    calls = computing(monkeypatch)
    cache = tmp_path / "cache"

    def run(number, expected, rows=40, **changes):
        trained(deep, reviews, tmp_path / str(number), cache=cache, rows=rows,
                **{"freeze": "encoder", "epochs": 1, **changes})  # fmt: skip
        assert len(calls) == expected

    run(0, 2)
    run(1, 4, max_length=20)
    run(2, 5, rows=39)  # the validation split is the same
    run(3, 7, freeze="first:2")
    real = features.torch.get_num_threads
    monkeypatch.setattr(features.torch, "get_num_threads", lambda: real() + 1)
    run(4, 9)
    monkeypatch.setattr(features.torch, "get_num_threads", real)
    trained(lambda kind: deep(kind, seed=5), reviews, tmp_path / "5", cache=cache,
            freeze="encoder", epochs=1)  # fmt: skip
    assert len(calls) == 11


@pytest.mark.parametrize("spec", ["encoder", "first:2"])
def test_what_is_large_is_mapped_from_its_file(deep, reviews, tmp_path, monkeypatch, spec):
    in_memory = trained(deep, reviews, tmp_path / "a", freeze=spec)
    monkeypatch.setattr(feature_store, "_IN_MEMORY", 100)
    found, _ = reused(deep, reviews, tmp_path / "cache", spec)
    assert isinstance(found.train.hidden.values, np.memmap)
    mapped = trained(deep, reviews, tmp_path / "b", freeze=spec)
    assert mapped.history == in_memory.history
    files = sorted(p.name for p in (tmp_path / "a/cache").glob("*.npy"))
    assert files == sorted(p.name for p in (tmp_path / "b/cache").glob("*.npy"))
    for name in files:
        small_one, large_one = (np.load(tmp_path / k / "cache" / name) for k in "ab")
        assert np.array_equal(small_one, large_one)


def test_above_the_limit_it_is_computed_anew_with_each_batch(deep, reviews, tmp_path, monkeypatch):
    monkeypatch.setenv("ROBUSTFT_CACHE_GB", "0.000001")
    found, _ = reused(deep, reviews, tmp_path)
    assert "over the limit of 1 MB (ROBUSTFT_CACHE_GB): computed anew" in found.notices[0]
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("ROBUSTFT_CACHE_GB", "much")
    with pytest.raises(UsageError, match="ROBUSTFT_CACHE_GB: expected a number of gigabytes, got"):
        reused(deep, reviews, tmp_path)


def test_a_full_disk_does_not_stop_a_run(deep, reviews, tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr(feature_store.shutil, "disk_usage", lambda _: usage)
    found, _ = reused(deep, reviews, tmp_path)
    assert "computed once; it is not kept for other runs" in found.notices[0]
    assert "free space, got 1 MB; ROBUSTFT_CACHE names another folder" in found.notices[0]
    monkeypatch.setattr(feature_store, "_IN_MEMORY", 100)
    large, _ = reused(deep, reviews, tmp_path)
    assert "computed anew for each batch" in large.notices[0]
    rows = np.arange(8)
    a, b = (x.train.batch(rows, torch.device("cpu"), 0)[0] for x in (found, large))
    assert torch.allclose(a["inputs_embeds"], b["inputs_embeds"], atol=1e-6)


def test_a_folder_that_cannot_be_made_does_not_stop_a_run(deep, reviews, tmp_path):
    (tmp_path / "file").write_text("")
    found, _ = reused(deep, reviews, tmp_path / "file" / "cache")
    assert "it is not kept for other runs" in found.notices[0]


def test_half_precision_is_kept_in_two_bytes(deep, reviews, tmp_path):
    loaded = deep()
    freeze(loaded.model, "encoder")
    data = [tokens_of(loaded, split) for split in splits(reviews)]
    ways = {
        how: reuse_frozen(loaded, *data, arguments(frozen=how), tmp_path, precision="bf16")
        for how in ("reuse", "recompute")
    }
    assert ways["reuse"].train.hidden.values.dtype == np.int16
    batches = [
        way.train.batch(np.arange(6), torch.device("cpu"), 0)[0]["inputs_embeds"]
        for way in ways.values()
    ]
    assert batches[0].dtype == torch.float32
    assert torch.allclose(*batches, atol=0.05)


class _Stop(BaseException):
    """Stands for a signal that kills the process."""


def test_a_killed_run_with_a_frozen_part_ends_as_if_it_had_not_been(
    deep, reviews, tmp_path, monkeypatch
):
    whole = trained(deep, reviews, tmp_path / "whole", freeze="encoder", epochs=3)
    real = loop.train_step

    def dying(setup, rows, step, total):
        if step == 12:
            raise _Stop
        return real(setup, rows, step, total)

    monkeypatch.setattr(loop, "train_step", dying)
    with pytest.raises(_Stop):
        trained(deep, reviews, tmp_path / "killed", freeze="encoder", epochs=3)
    monkeypatch.setattr(loop, "train_step", real)
    checkpoints = tmp_path / "killed/checkpoints"
    state = json.loads((checkpoints / "resume-0002/state.json").read_text())
    assert state["epoch"] == 2
    kept = load_file(checkpoints / "resume-0002/model.safetensors")
    assert not any(name.startswith("bert.encoder") for name in kept)
    resumed = trained(deep, reviews, tmp_path / "killed", freeze="encoder", epochs=3)
    assert resumed.history == whole.history
    for name in ("model.safetensors", "config.json"):
        assert (resumed.best / name).read_bytes() == (whole.best / name).read_bytes()
    assert {path.name for path in checkpoints.iterdir()} == {"best"}


def test_a_run_does_not_go_on_over_other_frozen_weights(deep, reviews, tmp_path, monkeypatch):
    def run(seed):
        loaded = deep(seed=seed)
        return fit(loaded, *splits(reviews), arguments(freeze="encoder"), tmp_path / "run",
                   progress=False, cache=tmp_path / "cache")  # fmt: skip

    def dying(*args, **kwargs):
        raise _Stop

    monkeypatch.setattr(loop, "save_best", dying)
    with pytest.raises(_Stop):
        run(0)
    monkeypatch.undo()
    other = run(1)
    fresh = fit(deep(seed=1), *splits(reviews), arguments(freeze="encoder"),
                tmp_path / "fresh", progress=False, cache=tmp_path / "cache")  # fmt: skip
    assert other.history == fresh.history


def test_regression_and_row_weights_keep_their_labels(deep, reviews, tmp_path):
    loaded = deep(task=AMOUNT)
    freeze(loaded.model, "encoder")
    data = [tokens_of(loaded, split) for split in splits(reviews, task=AMOUNT)]
    data[0] = replace(data[0], row_weights=torch.full((40,), 0.5))
    found = reuse_frozen(loaded, *data, arguments(), tmp_path)
    assert found.train.weight(np.arange(4), 0) == 2.0
    assert found.train.batch(np.arange(2), torch.device("cpu"), 0)[1].tolist() == [-1.0, 1.0]


def test_the_size_is_said_before_computing_and_only_then(deep, reviews, tmp_path, capsys):
    loaded = deep()
    freeze(loaded.model, "first:2")
    data = [tokens_of(loaded, split) for split in splits(reviews)]
    for expected in ("frozen part: 64 texts x 16 numbers a token, 1 MB\n", ""):
        reuse_frozen(loaded, *data, arguments(), tmp_path, progress=True)
        assert capsys.readouterr().err == expected


def test_the_optimizer_and_the_saved_model_are_the_whole_models(deep, reviews, tmp_path):
    loaded = deep()
    setup = prepare(loaded, *splits(reviews), arguments(freeze="encoder"), cache=tmp_path)
    assert setup.loaded.model is loaded.model
    assert setup.model is not loaded.model
    held = {id(p) for group in setup.optimizer.param_groups for p in group["params"]}
    assert held == {id(p) for p in loaded.model.parameters() if p.requires_grad}
    assert held <= {id(p) for p in setup.model.parameters()}

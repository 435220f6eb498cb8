import json

import pytest
import torch
from safetensors.torch import load_file

from robustft.errors import RunError
from robustft.model.freezing import freeze
from robustft.training.checkpoint import (
    clear_resume,
    keep_best,
    load_resume,
    save_best,
    save_model,
    save_resume,
)


def stepped(small, seed=0):
    """Return a model and an optimizer that has taken a step."""
    model = small(seed=seed).model
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    model(input_ids=torch.tensor([[5, 6, 7]])).logits.sum().backward()
    optimizer.step()
    return model, optimizer


def test_model_optimizer_and_state_come_back_to_the_bit(small, tmp_path):
    model, optimizer = stepped(small)
    save_resume(tmp_path, model, optimizer, {"epoch": 1, "identity": "a", "history": [0.25]})
    other, fresh = stepped(small, seed=1)
    state = load_resume(tmp_path, other, fresh, "a")
    assert state == {"epoch": 1, "identity": "a", "history": [0.25]}
    for a, b in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert optimizer.state[a].keys() == fresh.state[b].keys()
        for name, value in optimizer.state[a].items():
            assert torch.equal(value, fresh.state[b][name])


def test_only_tensors_and_json_are_written(small, tmp_path):
    save_resume(tmp_path, *stepped(small), {"epoch": 3})
    files = sorted(path.name for path in (tmp_path / "resume-0003").iterdir())
    assert files == ["model.safetensors", "optimizer.safetensors", "state.json"]


def test_the_last_one_counts_and_the_one_before_is_dropped(small, tmp_path):
    pair = stepped(small)
    for epoch in (1, 2, 11):
        save_resume(tmp_path, *pair, {"epoch": epoch, "identity": "a"})
    assert [path.name for path in tmp_path.iterdir()] == ["resume-0011"]
    assert load_resume(tmp_path, *pair, "a")["epoch"] == 11


def test_half_a_checkpoint_is_none(small, tmp_path):
    (tmp_path / "resume-0002.part").mkdir()
    assert load_resume(tmp_path, *stepped(small), "a") is None
    save_resume(tmp_path, *stepped(small), {"epoch": 2, "identity": "a"})
    assert load_resume(tmp_path, *stepped(small), "a")["epoch"] == 2


def test_another_runs_checkpoint_is_removed(small, tmp_path):
    save_resume(tmp_path, *stepped(small), {"epoch": 1, "identity": "a"})
    assert load_resume(tmp_path, *stepped(small), "b") is None
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_checkpoint_is_named(small, tmp_path):
    save_resume(tmp_path, *stepped(small), {"epoch": 1, "identity": "a"})
    (tmp_path / "resume-0001/model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(RunError, match=r"resume-0001: expected a checkpoint.*delete that folder"):
        load_resume(tmp_path, *stepped(small), "a")
    clear_resume(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_model_replaces_the_one_before(small, tmp_path):
    folder = tmp_path / "best"
    folder.mkdir()
    (folder / "old").write_text("")
    loaded = small()
    save_model(loaded.model, loaded.tokenizer, folder)
    names = {path.name for path in folder.iterdir()}
    assert names == {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert json.loads((folder / "config.json").read_text())["architectures"]
    assert [path.name for path in tmp_path.iterdir()] == ["best"]


def head_only(small):
    """Return a model of which only the head trains, and its optimizer after a step."""
    loaded = small()
    freeze(loaded.model, "all-but-head")
    trained = [p for p in loaded.model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=0.1)
    step(loaded.model, optimizer)
    return loaded, optimizer


def step(model, optimizer):
    model(input_ids=torch.tensor([[5, 6, 7]])).logits.sum().backward()
    optimizer.step()


def weights(model):
    return {name: tensor.clone() for name, tensor in model.named_parameters()}


def test_what_is_frozen_is_not_written_every_epoch(small, tmp_path):
    loaded, optimizer = head_only(small)
    keep_best(tmp_path, loaded.model, optimizer, 1)
    save_resume(tmp_path, loaded.model, optimizer, {"epoch": 1, "identity": "a", "best_epoch": 1})
    for name in ("best-0001.safetensors", "resume-0001/model.safetensors"):
        written = load_file(tmp_path / name)
        parameters = {n for n, _ in loaded.model.named_parameters()} & written.keys()
        assert parameters == {"classifier.weight", "classifier.bias"}
    other, fresh = head_only(small)
    step(other.model, fresh)
    assert load_resume(tmp_path, other.model, fresh, "a")["epoch"] == 1
    assert weights(other.model).keys() == weights(loaded.model).keys()
    for name, tensor in weights(loaded.model).items():
        assert torch.equal(weights(other.model)[name], tensor)


def test_the_best_epochs_weights_are_written_and_the_last_ones_stay(small, tmp_path):
    loaded, optimizer = head_only(small)
    keep_best(tmp_path, loaded.model, optimizer, 1)
    best = weights(loaded.model)
    step(loaded.model, optimizer)
    last = weights(loaded.model)
    folder = save_best(tmp_path, loaded.model, loaded.tokenizer, best_epoch=1, epoch=2)
    assert folder == tmp_path / "best"
    written = load_file(folder / "model.safetensors")
    assert all(torch.equal(written[name], tensor) for name, tensor in best.items())
    assert all(torch.equal(weights(loaded.model)[name], t) for name, t in last.items())
    save_best(tmp_path, loaded.model, loaded.tokenizer, best_epoch=2, epoch=2)
    written = load_file(folder / "model.safetensors")
    assert all(torch.equal(written[name], tensor) for name, tensor in last.items())
    clear_resume(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["best"]


def test_a_best_epoch_is_kept_while_a_checkpoint_needs_it(small, tmp_path):
    model, optimizer = stepped(small)
    for epoch, best in ((1, 1), (2, 1), (3, 3)):
        if best == epoch:
            keep_best(tmp_path, model, optimizer, epoch)
        left = {path.name for path in tmp_path.glob("best-*")}
        assert f"best-{best:04d}.safetensors" in left
        assert epoch != 3 or "best-0001.safetensors" in left
        state = {"epoch": epoch, "identity": "a", "best_epoch": best}
        save_resume(tmp_path, model, optimizer, state)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best-0003.safetensors", "resume-0003"]


def test_a_best_epoch_that_cannot_be_read_is_named(small, tmp_path):
    loaded, optimizer = head_only(small)
    keep_best(tmp_path, loaded.model, optimizer, 1)
    (tmp_path / "best-0001.safetensors").write_bytes(b"no tensors")
    with pytest.raises(RunError, match=r"best-0001.safetensors: expected a checkpoint"):
        save_best(tmp_path, loaded.model, loaded.tokenizer, best_epoch=1, epoch=2)


def test_a_checkpoint_without_what_now_trains_is_refused(small, tmp_path):
    loaded, optimizer = head_only(small)
    save_resume(tmp_path, loaded.model, optimizer, {"epoch": 1, "identity": "a"})
    with pytest.raises(RunError, match="expected a checkpoint to go on from, got: 'no tensor bert"):
        load_resume(tmp_path, *stepped(small), "a")

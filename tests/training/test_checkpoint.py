import json

import pytest
import torch

from robustft.errors import RunError
from robustft.training.checkpoint import clear_resume, load_resume, save_model, save_resume


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

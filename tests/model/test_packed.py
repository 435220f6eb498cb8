import pytest
import torch

from robustft.data.task import Task
from robustft.model import packed
from robustft.model.load import load_model
from robustft.model.packed import PackedLinears, can_pack

TASK = Task(label_names=("neg", "pos"))
TEXTS = ["the film was good", "a very long film, and bad", "good"]


@pytest.fixture(autouse=True)
def all_layers(monkeypatch):
    """However small, a layer is packed."""
    monkeypatch.setattr(packed, "_SMALLEST", 0)


@pytest.fixture
def loaded():
    return load_model("tiny", task=TASK, seed=1, train_texts=TEXTS)


def logits(loaded):
    inputs = loaded.tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        return loaded.model.eval()(**inputs).logits.clone()


def linears(model):
    return [m for m in model.modules() if type(m) is torch.nn.Linear]


needs_packing = pytest.mark.skipif(not can_pack(), reason="this processor has no packed weights")


@needs_packing
def test_packed_weights_give_the_same_outputs_up_to_rounding(loaded):
    plain, pack = logits(loaded), PackedLinears(loaded.model)
    with pack.used(torch.float32):
        assert all("forward" in layer.__dict__ for layer in linears(loaded.model))
        assert logits(loaded) == pytest.approx(plain, abs=1e-5)
    assert torch.equal(logits(loaded), plain)
    assert not any("forward" in layer.__dict__ for layer in linears(loaded.model))


@needs_packing
def test_bfloat16_is_what_autocast_computes(loaded):
    pack = PackedLinears(loaded.model)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        plain = logits(loaded)
        with pack.used(torch.bfloat16):
            fast = logits(loaded)
    assert fast.dtype is plain.dtype is torch.bfloat16
    assert fast.float() == pytest.approx(plain.float(), abs=0.02)


@needs_packing
def test_weights_that_changed_are_packed_again(loaded):
    pack = PackedLinears(loaded.model)
    head = loaded.model.classifier
    with pack.used(torch.float32):
        before = logits(loaded)
    known = [forward for _, forward in pack._packed.values()]
    with pack.used(torch.float32):
        assert [forward for _, forward in pack._packed.values()] == known
    with torch.no_grad():
        head.bias += 1
    with pack.used(torch.float32):
        assert logits(loaded) == pytest.approx(before + 1, abs=1e-5)
    head.weight = torch.nn.Parameter(torch.zeros_like(head.weight))
    with pack.used(torch.float32):
        assert logits(loaded) == pytest.approx(head.bias.detach().expand(3, 2), abs=1e-6)


@needs_packing
def test_an_error_within_leaves_the_model_as_it_was(loaded):
    pack = PackedLinears(loaded.model)
    with pytest.raises(ValueError, match="within"), pack.used(torch.float32):
        raise ValueError("within")
    assert not any("forward" in layer.__dict__ for layer in linears(loaded.model))


def test_nothing_is_packed_where_it_cannot_be(loaded, monkeypatch):
    monkeypatch.setattr(packed, "can_pack", lambda _: False)
    with PackedLinears(loaded.model).used(torch.float32):
        assert not any("forward" in layer.__dict__ for layer in linears(loaded.model))


def test_what_memory_cannot_hold_twice_is_not_packed(loaded, monkeypatch):
    monkeypatch.setattr(packed, "_LIMIT", 1000)
    with PackedLinears(loaded.model).used(torch.float32):
        assert not any("forward" in layer.__dict__ for layer in linears(loaded.model))


def test_small_layers_are_left_alone(loaded, monkeypatch):
    monkeypatch.setattr(packed, "_SMALLEST", 2**16)
    assert max(layer.weight.numel() for layer in linears(loaded.model)) < 2**16
    with PackedLinears(loaded.model).used(torch.float32):
        assert not any("forward" in layer.__dict__ for layer in linears(loaded.model))


def test_trying_draws_none_of_the_callers_random_numbers():
    before = torch.get_rng_state()
    for dtype in (torch.float32, torch.bfloat16):
        can_pack.__wrapped__(dtype)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("machine", ["arm64", "aarch64"])
def test_only_processors_that_were_measured(machine, monkeypatch):
    monkeypatch.setattr(packed.platform, "machine", lambda: machine)
    assert not can_pack.__wrapped__()


def test_builds_without_the_operators(monkeypatch):
    def gone(*_):
        raise AttributeError("_reorder_linear_weight")

    monkeypatch.setattr(packed, "_packed", gone)
    assert not can_pack.__wrapped__()

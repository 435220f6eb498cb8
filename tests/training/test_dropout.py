import pytest
import torch

from robustft.training.dropout import FastDropout, MaskStream, fast_dropout


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_the_share_that_is_dropped_and_the_scale_are_those_of_dropout(p):
    ones = torch.ones(400, 501)
    dropped = FastDropout(p, MaskStream(1))(ones)
    zeros = (dropped == 0).float().mean().item()
    assert zeros == pytest.approx(p, abs=0.005)
    assert torch.equal(dropped[dropped != 0], torch.full_like(dropped[dropped != 0], 1 / (1 - p)))


def test_neighbours_are_dropped_independently():
    kept = (FastDropout(0.5, MaskStream(2))(torch.ones(200_000)) != 0).float()
    for lag in (1, 2, 3, 4):
        pair = (kept[:-lag] * kept[lag:]).mean().item()
        assert pair == pytest.approx(0.25, abs=0.005)


def test_the_gradient_passes_where_the_value_did():
    values = torch.randn(5, 7, requires_grad=True)
    dropped = FastDropout(0.3, MaskStream(3))(values)
    dropped.sum().backward()
    assert torch.equal(values.grad, (dropped / values).nan_to_num().detach().round(decimals=5)) or (
        torch.allclose(values.grad, torch.where(dropped == 0, 0.0, 1 / 0.7))
    )


def test_masks_follow_from_the_key():
    layer = FastDropout(0.5, stream := MaskStream(4))
    ones = torch.ones(100)
    first, second = layer(ones), layer(ones)
    stream.reseed(4)
    assert torch.equal(layer(ones), first)
    assert not torch.equal(first, second)


def test_nothing_is_dropped_outside_of_training_or_at_rate_zero():
    ones = torch.ones(50)
    assert FastDropout(0.0, MaskStream())(ones) is ones
    assert FastDropout(0.9, MaskStream()).eval()(ones) is ones
    assert torch.equal(FastDropout(1.0, MaskStream())(ones), torch.zeros(50))


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta", "modernbert"])
def test_a_model_computes_the_same_but_for_its_dropout(small, kind):
    model = small(kind).model.train()
    ids = torch.arange(24).reshape(2, 12) % 20 + 5
    mask = torch.ones_like(ids)
    mask[1, 8:] = 0
    modules = {name: type(module) for name, module in model.named_modules()}
    model.eval()
    wanted = model(input_ids=ids, attention_mask=mask).logits
    with fast_dropout(model, MaskStream(1)):
        assert torch.allclose(model(input_ids=ids, attention_mask=mask).logits, wanted, atol=1e-6)
        model.train()
        noisy = [model(input_ids=ids, attention_mask=mask).logits for _ in range(2)]
    assert not torch.allclose(noisy[0], noisy[1], atol=1e-4) or kind == "modernbert"
    assert {name: type(module) for name, module in model.named_modules()} == modules
    assert model.config._attn_implementation == "sdpa"
    assert all(module.training for module in model.modules())


def test_attention_without_dropped_weights_is_plain_attention(small):
    """With a rate so small that nothing is dropped, our attention must equal PyTorch's."""
    model = small(hidden_dropout_prob=0.0, attention_probs_dropout_prob=1e-9).model.train()
    ids = torch.arange(24).reshape(2, 12) % 20 + 5
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    for inputs in ({"input_ids": ids}, {"input_ids": ids, "attention_mask": mask}):
        model.zero_grad()
        model(**inputs).logits.sum().backward()
        wanted = [p.grad.clone() for p in model.parameters() if p.grad is not None]
        model.zero_grad()
        with fast_dropout(model, MaskStream(1)):
            model(**inputs).logits.sum().backward()
        got = [p.grad for p in model.parameters() if p.grad is not None]
        for a, b in zip(wanted, got, strict=True):
            assert torch.allclose(a, b, atol=1e-5)

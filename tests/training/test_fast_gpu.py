"""What of the fast path only a GPU can show; skipped where there is none."""

from functools import partial

import numpy as np
import pytest
import torch

from robustft.evaluation.predict import predict
from robustft.model.packing import PackedModel, padding_before
from robustft.training import fast, loop
from robustft.training.arguments import training_arguments
from robustft.training.batching import plan_epoch, tokenize
from robustft.training.loop import fit, train_step
from robustft.training.packed import PackedExamples, place_tokens
from robustft.training.setup import prepare

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"),
    pytest.mark.filterwarnings("ignore"),  # of compilers
]
KINDS = ["bert", "distilbert", "electra", "modernbert", "roberta"]
SETTINGS = {"batch_size": 8, "learning_rate": 1e-3, "max_length": 48, "device": "cuda"}
# Heads of 8 numbers, the fewest that FlashAttention takes; without dropout, so that runs compare.
STILL = {
    "bert": {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
    "distilbert": {"dropout": 0.0, "attention_dropout": 0.0, "seq_classif_dropout": 0.0},
    "modernbert": {"local_attention": 8, "global_attn_every_n_layers": 2},
}


def still(deep, kind):
    return deep(kind, **STILL.get(kind, STILL["bert"]))


def ready(loaded, reviews, **changes):
    arguments = training_arguments(**{**SETTINGS, "epochs": 6, **changes})
    return prepare(loaded, reviews(44), reviews(20, "validation", seed=9), arguments)


def losses(setup, epochs):
    """Train on the same batches over and over, so that shapes come back; return the losses."""
    setup.model.train()
    plan = plan_epoch(setup.train.lengths, 8, 1) * epochs
    return [float(train_step(setup, r, i, len(plan))) for i, r in enumerate(plan)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_kernel_sees_each_text_alone(deep, reviews, kind):
    loaded = still(deep, kind)
    loaded.model.cuda().eval()
    tokens = tokenize(loaded.tokenizer, reviews(20).texts, 48)
    flat = place_tokens(tokens, torch.device("cuda"), padding_before(loaded.model))
    packed, rows = PackedModel(loaded.model).eval(), np.arange(20)
    with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16):
        kernel = packed(**flat.pack(rows, static=True, varlen=True)).logits.float()
        in_rows = packed(**flat.pack(rows, static=False, varlen=False)).logits.float()
        plain = loaded.model(**tokens.collate(rows, torch.device("cuda"))).logits.float()
    torch.testing.assert_close(kernel, plain, rtol=3e-2, atol=3e-2)
    torch.testing.assert_close(in_rows, plain, rtol=3e-2, atol=3e-2)


def test_the_kernel_drops_attention_at_the_rate_it_is_told(deep, reviews):
    loaded = deep("bert", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.5)
    loaded.model.cuda()
    tokens = tokenize(loaded.tokenizer, reviews(20).texts, 48)
    flat = place_tokens(tokens, torch.device("cuda"), None)
    packed, rows = PackedModel(loaded.model), np.arange(20)

    def spread(model, inputs):
        model.train()
        torch.manual_seed(0)
        with torch.no_grad(), torch.autocast("cuda", torch.bfloat16):
            drawn = torch.stack([model(**inputs).logits.float() for _ in range(400)])
        return drawn.mean(0), drawn.std(0)

    ours = spread(packed, flat.pack(rows, static=True, varlen=True))
    theirs = spread(loaded.model, tokens.collate(rows, torch.device("cuda")))
    assert ours[1].mean() > 1e-3
    assert ours[1].mean() == pytest.approx(theirs[1].mean().item(), rel=0.1)
    torch.testing.assert_close(ours[0], theirs[0], rtol=0.1, atol=float(theirs[1].max()) / 4)


@pytest.mark.parametrize("kind", KINDS)
def test_recorded_steps_follow_the_plain_path(deep, reviews, kind):
    plain = losses(ready(still(deep, kind), reviews), 6)
    setup = ready(still(deep, kind), reviews, fast=True)
    assert isinstance(setup.train, PackedExamples)
    found = losses(setup, 6)
    assert setup.all_notices == ()
    assert setup.recorded._recorded
    assert found == pytest.approx(plain, rel=0.05, abs=0.02)


def test_a_recording_that_fails_is_done_without(deep, reviews, monkeypatch):
    real = loop._learn

    def waiting(*given):
        loss = real(*given)
        if torch.cuda.is_current_stream_capturing():
            loss.item()  # what a recording does not allow
        return loss

    monkeypatch.setattr(loop, "_learn", waiting)
    setup = ready(deep("bert"), reviews, fast=True)
    found = losses(setup, 6)
    assert "steps are not recorded" in setup.all_notices[0]
    assert not setup.recorded._recorded
    assert np.isfinite(found).all()
    assert np.mean(found[-6:]) < np.mean(found[:6])


def test_dropout_is_drawn_anew_in_each_replay(deep, reviews):
    setup = ready(deep("bert", hidden_dropout_prob=0.5), reviews, fast=True, learning_rate=1e-12)
    found = np.reshape(losses(setup, 6), (6, -1))
    assert setup.recorded._recorded
    assert all(len(set(column)) == 6 for column in found.T)


def test_in_32_bits_the_losses_are_those_of_the_plain_path(deep, reviews):
    way = {"precision": "fp32"}
    plain = losses(ready(still(deep, "bert"), reviews, **way), 2)
    setup = ready(still(deep, "bert"), reviews, fast=True, **way)
    assert setup.recorded is None
    assert losses(setup, 2) == pytest.approx(plain, rel=1e-3)


def test_compiled_layers_follow_the_plain_path(deep, reviews, monkeypatch):
    monkeypatch.setattr(fast, "WORTH_COMPILING", 0.0)
    plain = losses(ready(still(deep, "bert"), reviews), 6)
    setup = ready(still(deep, "bert"), reviews, fast=True)
    assert setup.all_notices == ()
    assert losses(setup, 6) == pytest.approx(plain, rel=0.05, abs=0.02)
    assert setup.all_notices == ()
    assert setup.recorded._recorded


def test_a_whole_run_learns(deep, reviews, tmp_path):
    arguments = training_arguments(**{**SETTINGS, "learning_rate": 1e-2}, epochs=6, fast=True)
    held_out = reviews(40, "validation", seed=9)
    make = partial(fit, train=reviews(160), validation=held_out, arguments=arguments)
    result = make(deep(), folder=tmp_path, progress=False)
    assert result.history[-1]["train_loss"] < 0.6 * result.history[0]["train_loss"]


def test_prediction(deep, reviews):
    loaded, texts = still(deep, "bert"), list(reviews(60).texts)
    plain = predict(loaded, texts, max_length=48, device="cuda")
    for precision, near in (("fp32", 1e-3), ("bf16", 5e-2)):
        packed = predict(
            loaded, texts, max_length=48, device="cuda", precision=precision, fast=True
        )
        np.testing.assert_allclose(packed.logits, plain.logits, atol=near, rtol=near)

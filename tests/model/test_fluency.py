"""How likely a language model finds a text."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    GPT2Config,
    GPT2LMHeadModel,
)

from robustft.errors import ModelError
from robustft.model.fluency import load_fluency
from robustft.model.load import seeded_torch
from robustft.model.scorers import perplexity_ratio

TEXT, OTHER, LONG = "the film was superb", "the meal was dreadful", "the hotel was lovely " * 30


@pytest.fixture
def folder(checkpoint, tmp_path):
    """A function that gives the folder of a small language model of a kind."""

    def make(kind):
        tokenizer = AutoTokenizer.from_pretrained(checkpoint("bert"))
        size = {"vocab_size": len(tokenizer)}
        with seeded_torch(3):
            if kind == "masked":
                model = BertForMaskedLM(
                    BertConfig(
                        hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                        intermediate_size=32, max_position_embeddings=40, **size,
                    )
                )  # fmt: skip
            else:
                model = GPT2LMHeadModel(
                    GPT2Config(n_embd=16, n_layer=2, n_head=2, n_positions=40, **size)
                )
        path = tmp_path / kind
        model.save_pretrained(path)
        tokenizer.save_pretrained(path)
        return str(path)

    return make


def losses(logits, targets):
    return torch.nn.functional.cross_entropy(logits, targets, reduction="none").double()


def test_a_masked_model_is_asked_for_each_token_in_turn(folder):
    path = folder("masked")
    tokenizer = AutoTokenizer.from_pretrained(path)
    model = BertForMaskedLM.from_pretrained(path).eval()
    ids = tokenizer(TEXT, return_tensors="pt").input_ids
    total = 0.0
    for at in range(1, ids.shape[1] - 1):
        row = ids.clone()
        row[0, at] = tokenizer.mask_token_id
        with torch.no_grad():
            total += losses(model(row).logits[0, at : at + 1], ids[0, at : at + 1]).item()
    assert load_fluency(path, device="cpu")([TEXT])[0] == pytest.approx(total / 4, abs=1e-5)


def test_a_causal_model_is_asked_for_what_follows(folder):
    path = folder("causal")
    tokenizer = AutoTokenizer.from_pretrained(path)
    model = GPT2LMHeadModel.from_pretrained(path).eval()
    ids = tokenizer(TEXT, return_tensors="pt").input_ids
    with torch.no_grad():
        total = losses(model(ids).logits[0, :-1], ids[0, 1:]).sum().item()
    assert load_fluency(path, device="cpu")([TEXT])[0] == pytest.approx(total / 4, abs=1e-5)


@pytest.mark.parametrize("kind", ["masked", "causal"])
def test_company_length_and_emptiness(folder, kind):
    path = folder(kind)
    together = load_fluency(path, device="cpu")([TEXT, LONG, "", OTHER])
    assert together[3] == pytest.approx(load_fluency(path, device="cpu")([OTHER])[0], abs=1e-5)
    assert np.isfinite(together).all()
    assert together[1] > 0
    assert perplexity_ratio(path, device="cpu")([TEXT, TEXT], [TEXT, OTHER])[0] == 1


def test_an_encoder_without_output_layer_is_refused(checkpoint):
    with pytest.raises(ModelError, match="expected a language model with its output layer"):
        load_fluency(str(checkpoint("bert")))

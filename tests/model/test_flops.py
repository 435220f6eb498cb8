"""Operations by the formula and as PyTorch counts them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    DistilBertConfig,
    ModernBertConfig,
    RobertaConfig,
)

from robustft.model.flops import _pairs, forward_flops, peak_flops, training_flops, utilisation

WIDE = {
    "vocab_size": 50,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 66,
    "pad_token_id": 1,
    "attn_implementation": "eager",  # its products are counted; a fused kernel's may not be
}
SHAPES = {
    "bert": BertConfig(**WIDE),
    "roberta": RobertaConfig(**WIDE),
    "distilbert": DistilBertConfig(
        vocab_size=50, dim=16, n_layers=2, n_heads=2, hidden_dim=24, attn_implementation="eager"
    ),
    "modernbert": ModernBertConfig(
        **WIDE, cls_token_id=2, sep_token_id=3, bos_token_id=2, eos_token_id=3, local_attention=128
    ),
}


@pytest.mark.parametrize("kind", SHAPES)
def test_the_formula_counts_what_pytorch_does(kind):
    model = AutoModelForSequenceClassification.from_config(SHAPES[kind]).train()
    lengths = np.array([3, 17, 40])
    counted = []
    for backward in (False, True):
        with FlopCounterMode(display=False) as counter:
            for length in lengths:
                logits = model(input_ids=torch.full((1, int(length)), 5)).logits
                if backward:
                    logits.sum().backward()
        counted.append(counter.get_total_flops())
    assert forward_flops(model, lengths) == counted[0]
    assert training_flops(model, lengths) == counted[1]


@given(st.integers(1, 40), st.integers(0, 50))
def test_pairs_within_reach_are_counted_one_by_one(tokens, reach):
    places = np.arange(tokens)
    near = np.abs(places[:, None] - places) <= reach
    assert _pairs(np.array([float(tokens)]), reach)[0] == near.sum()
    assert _pairs(np.array([float(tokens)]), None)[0] == tokens**2


def test_a_device_whose_peak_is_not_known_has_no_utilisation(monkeypatch):
    assert peak_flops(torch.device("cpu")) is None
    assert utilisation(1e12, 1.0, torch.device("cpu")) is None
    for name, peak in {"NVIDIA H200": 989e12, "NVIDIA H100 PCIe": 756e12, "GTX 1": None}.items():
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda _, name=name: name)
        assert peak_flops(torch.device("cuda")) == peak
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "NVIDIA H200")
    assert utilisation(989e12, 2.0, torch.device("cuda")) == 0.5

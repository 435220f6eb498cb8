from types import SimpleNamespace

import numpy as np
import torch
from arithmetic import encoder_flop, matrix_limit
from transformers import BertConfig, BertModel


def test_operations_are_those_that_pytorch_counts():
    from torch.utils.flop_counter import FlopCounterMode

    config = BertConfig(
        vocab_size=11, hidden_size=32, intermediate_size=64, num_hidden_layers=3,
        num_attention_heads=2, attn_implementation="eager",
    )  # fmt: skip
    model = BertModel(config, add_pooling_layer=False).eval()
    with FlopCounterMode(display=False) as counted:
        model(torch.zeros((1, 7), dtype=torch.int64))
        model(torch.zeros((1, 5), dtype=torch.int64))
    assert encoder_flop(config, np.array([7, 5])) == counted.get_total_flops()


def test_the_limit_is_the_best_of_several_products():
    seconds = iter([0, 4, 4, 6, 6, 7, 7, 10])
    assert matrix_limit(size=8, times=2, clock=lambda: next(seconds)) == 2 * 8**3


def test_nothing_is_asked_for_no_text():
    shape = SimpleNamespace(hidden_size=4, intermediate_size=8, num_hidden_layers=1)
    assert encoder_flop(shape, np.array([], np.int64)) == 0

import json

import pytest
import torch
from transformers import AutoModelForSequenceClassification

from robustft.data.task import Task
from robustft.model.freezing import freeze, trainable_names
from robustft.model.load import load_model
from robustft.model.reinit import reinit
from robustft.model.tensors import (
    DRAWN,
    LOADED,
    MISSING,
    ZERO_BIAS,
    snapshot,
    summarize,
    tensor_states,
    to_rows,
)

REVIEWS = Task(label_names=("negative", "positive"))
IDS = torch.tensor([[2, 7, 11, 13, 3], [2, 9, 5, 17, 3]])


def load(checkpoint, kind="bert"):
    loaded = load_model(str(checkpoint(kind)), task=REVIEWS, seed=0)
    loaded.model.eval()
    return loaded


def train(model):
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    model(IDS, labels=torch.tensor([0, 1])).loss.backward()
    optimizer.step()


def by_name(states):
    return {state.name: state for state in states}


def test_a_checkpoint_whose_pooler_was_drawn_and_never_trained_is_found_out(checkpoint):
    """The case of Wang (2023): no pooler in the checkpoint, and the classifier alone trains."""
    loaded = load(checkpoint, "distilbert")
    before = snapshot(loaded.model)
    freeze(loaded.model, "all-but-head")
    train(loaded.model)
    states = tensor_states(before, loaded.model, loaded.new_weights)
    rows = by_name(states)
    pooler = rows["pre_classifier.bias"]
    assert (pooler.source, pooler.trained, pooler.unchanged) == (MISSING, False, True)
    assert (pooler.component, pooler.shape, pooler.count, pooler.random) == (
        "pooler", (16,), 16, True,
    )  # fmt: skip
    head = rows["classifier.weight"]
    assert (head.source, head.trained, head.unchanged) == (MISSING, True, False)
    layer = rows["distilbert.transformer.layer.0.attention.q_lin.weight"]
    assert (layer.source, layer.trained, layer.unchanged) == (LOADED, False, True)
    assert summarize(states)[1] == "The pooler (272 values) was drawn at random and never trained."
    assert summarize(states)[2] == "The head (34 values) was drawn at random and trained."
    assert "2 tensors of 40 trained (34 of" in summarize(states)[0]
    assert summarize(states)[0].endswith("the 38 frozen ones are bit-identical to what they were "
                                         "before.")  # fmt: skip


def test_a_pooler_drawn_anew_and_trained_is_said_so(checkpoint):
    loaded = load(checkpoint)
    redrawn = reinit(loaded.model, "pooler", 1)
    before = snapshot(loaded.model)
    freeze(loaded.model, "encoder")
    train(loaded.model)
    states = tensor_states(before, loaded.model, loaded.new_weights, redrawn)
    assert {s.source for s in states if s.component == "pooler"} == {DRAWN}
    assert "The pooler (272 values) was drawn at random anew and trained." in summarize(states)


def test_a_loaded_bias_of_zero_is_told_from_one_that_was_trained(checkpoint):
    loaded = load(checkpoint)
    with torch.no_grad():
        for name, parameter in loaded.model.named_parameters():
            if name.endswith("bias") and "pooler" not in name:
                parameter.fill_(0.5)
    states = tensor_states(snapshot(loaded.model), loaded.model, loaded.new_weights)
    assert [s.name for s in states if s.source == ZERO_BIAS] == ["bert.pooler.dense.bias"]
    finding = "The bias of the pooler was exactly zero in the checkpoint"
    assert any(sentence.startswith(finding) for sentence in summarize(states))
    with torch.no_grad():
        loaded.model.bert.pooler.dense.bias[3] = 1e-8
    states = tensor_states(snapshot(loaded.model), loaded.model, loaded.new_weights)
    assert not [s.name for s in states if s.source == ZERO_BIAS]
    assert not any(sentence.startswith(finding) for sentence in summarize(states))


def test_what_trained_without_moving_and_what_moved_though_frozen_is_said(checkpoint):
    loaded = load(checkpoint)
    before = snapshot(loaded.model)
    freeze(loaded.model, "embeddings")
    with torch.no_grad():
        loaded.model.bert.embeddings.LayerNorm.weight[0] = 2.0
    states = tensor_states(before, loaded.model, loaded.new_weights)
    *_, still, moved = summarize(states)
    assert still.startswith("36 tensors could train and did not change by a bit: bert.encoder")
    assert still.endswith("and 32 more.")
    assert moved == "1 tensor changed although frozen: bert.embeddings.LayerNorm.weight."
    assert "bit-identical" not in summarize(states)[0]


def test_what_trained_can_be_told_from_outside(checkpoint):
    loaded = load(checkpoint)
    before = snapshot(loaded.model)
    freeze(loaded.model, "encoder")
    trained = trainable_names(loaded.model)
    freeze(loaded.model, "all-but-head")
    states = tensor_states(before, loaded.model, loaded.new_weights, trained=trained)
    assert {state.name for state in states if state.trained} == trained


def test_adapters_are_missing_from_the_checkpoint_and_not_compared(checkpoint):
    loaded = load(checkpoint)
    before = snapshot(loaded.model)
    loaded.model.bert.encoder.layer[0].output.dense.adapter = torch.nn.Linear(4, 4)
    rows = by_name(tensor_states(before, loaded.model, loaded.new_weights))
    added = rows["bert.encoder.layer.0.output.dense.adapter.weight"]
    assert (added.source, added.unchanged, added.component) == (MISSING, None, "encoder")


def test_rows_are_plain_values(checkpoint):
    loaded = load(checkpoint)
    states = tensor_states(snapshot(loaded.model), loaded.model, loaded.new_weights)
    rows = json.loads(json.dumps(to_rows(states)))
    assert rows[0] == {
        "name": "bert.embeddings.word_embeddings.weight",
        "component": "embeddings",
        "shape": list(loaded.model.get_input_embeddings().weight.shape),
        "count": loaded.model.get_input_embeddings().weight.numel(),
        "source": LOADED,
        "trained": True,
        "unchanged": True,
    }
    assert len(rows) == len(list(loaded.model.parameters()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_snapshot_sees_every_bit(checkpoint, dtype):
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint(), dtype=dtype)
    name = "bert.pooler.dense.bias"
    first = snapshot(model)
    assert first == snapshot(model)
    assert first[name][1]
    with torch.no_grad():
        model.bert.pooler.dense.bias[0] = -0.0
    second = snapshot(model)
    assert second[name][1]  # minus zero is zero, in other bits
    assert second[name][0] != first[name][0]
    del first[name], second[name]
    assert first == second

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from transformers import (
    CONFIG_MAPPING,
    AutoModelForMaskedLM,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
)

from robustft.errors import UsageError
from robustft.model.anatomy import anatomy
from robustft.model.freezing import (
    FREEZES,
    Freeze,
    apply_gradual,
    freeze,
    frozen_layers,
    open_depths,
    parse_freeze,
    trainable_names,
)
from robustft.model.load import seeded_torch
from robustft.model.reinit import reinit

SMALL = {
    "vocab_size": 60,
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
    "pad_token_id": 0,
}
OTHERS = {
    "distilbert": {"dim": 16, "n_layers": 3, "n_heads": 2, "hidden_dim": 32},
    "albert": {"embedding_size": 8},
    "modernbert": {"cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3},
}
IDS = torch.tensor([[2, 7, 11, 13, 3], [2, 9, 5, 17, 3]])
LABELS = torch.tensor([0, 1])


def build(model_type="bert", auto=AutoModelForSequenceClassification, seed=1):
    config = CONFIG_MAPPING[model_type](**{**SMALL, **OTHERS.get(model_type, {})})
    with seeded_torch(seed):
        return auto.from_config(config).eval()


def train(model, steps=2):
    """A few steps of AdamW with weight decay over all parameters, as a training loop makes it."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.1)
    for _ in range(steps):
        model(IDS, labels=LABELS).loss.backward()
        optimizer.step()
        optimizer.zero_grad()


@pytest.mark.parametrize("model_type", ["bert", "distilbert", "roberta", "electra", "modernbert"])
@pytest.mark.parametrize("spec", ["all-but-head", "encoder", "embeddings", "first:2"])
def test_what_is_frozen_stays_bit_identical_and_the_rest_moves(model_type, spec, tmp_path):
    build(model_type).save_pretrained(tmp_path)
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    loaded = {name: value.clone() for name, value in model.state_dict().items()}
    freeze(model, spec)
    parts = anatomy(model)
    train(model)
    head = {name for name, _ in model.named_parameters() if name.startswith(parts.head)}
    moved = {
        name for name, value in model.state_dict().items() if not torch.equal(value, loaded[name])
    }
    if spec == "all-but-head":
        assert moved == head
    elif spec == "encoder":
        assert moved == {n for n in loaded if n.startswith((*parts.head, *parts.pooler))}
    else:
        lowest = {"embeddings": 1, "first:2": 3}[spec]
        assert {parts.depth(name) for name in moved} == set(range(lowest, 5))


@pytest.mark.parametrize(
    ("spec", "count"),
    [
        ("none", 0), ("embeddings", 0), ("first:0", 0), ("first:1", 1), ("first:3", 3),
        ("encoder", 3), ("all-but-head", 3), ("except:classifier", 3),
        (r"except:layer\.2|classifier", 2), ("except:embeddings", 0), ("except:dense", 0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("model_type", ["bert", "distilbert", "roberta"])
def test_frozen_layers_counts_from_the_bottom(model_type, spec, count):
    model = build(model_type)
    if model_type == "distilbert" and spec == "except:dense":
        spec = "except:ffn"
    freeze(model, spec)
    assert frozen_layers(model) == count


def test_a_norm_behind_the_layers_belongs_to_the_last():
    model = build("modernbert")
    freeze(model, "except:final_norm|classifier")
    assert frozen_layers(model) == 2
    freeze(model, "encoder")
    assert frozen_layers(model) == 3


def test_shared_layers_freeze_together():
    model = build("albert")
    with pytest.raises(UsageError, match=r"at most 1 \(the model has 1 layer, shared by 3 passes"):
        freeze(model, "first:2")
    freeze(model, "first:1")
    assert frozen_layers(model) == 1
    assert trainable_names(model) == {
        "albert.pooler.weight", "albert.pooler.bias", "classifier.weight", "classifier.bias",
    }  # fmt: skip


def test_question_answering_has_a_head_alone():
    model = build("bert", AutoModelForQuestionAnswering)
    freeze(model, "encoder")
    assert trainable_names(model) == {"qa_outputs.weight", "qa_outputs.bias"}


def test_a_tied_weight_goes_with_the_embeddings():
    model = build("bert", AutoModelForMaskedLM)
    freeze(model, "all-but-head")
    assert not model.get_output_embeddings().weight.requires_grad
    assert all(name.startswith("cls.") for name in trainable_names(model))


def test_freezing_only_closes():
    model = build()
    freeze(model, "except:layer.2")
    before = trainable_names(model)
    freeze(model, "none")
    freeze(model, "embeddings")
    assert trainable_names(model) == before
    with pytest.raises(UsageError, match="something left to train, got 'first:3'"):
        freeze(model, "first:3")
    assert trainable_names(model) == before  # refused as a whole


@pytest.mark.parametrize("text", ["none", "embeddings", "encoder", "all-but-head", "first:6"])
def test_a_specification_is_written_as_it_is_read(text):
    assert str(parse_freeze(text)) == text
    assert str(parse_freeze(f" {text} ")) == text
    assert parse_freeze("except:a:b") == Freeze("except", pattern="a:b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("encodr", "got 'encodr'; did you mean 'encoder'"),
        ("frist:3", "did you mean 'first'"),
        ("all", "expected one of none, embeddings, encoder, all-but-head, first:K, except:REGEX"),
        ("", "got ''"),
        ("none:1", "got 'none:1'"),
        ("first", "first:K with a whole number K, got 'first'"),
        ("first:-1", "got 'first:-1'"),
        ("first:two", "got 'first:two'"),
        ("except", "expected except: with a regular expression, got none"),
        ("except:(", "regular expression, got '\\('"),
    ],
)
def test_what_cannot_be_read_is_refused(text, message):
    with pytest.raises(UsageError, match=f"^freeze: .*{message}"):
        parse_freeze(text)


def test_what_does_not_fit_the_model_is_refused():
    model = build()
    with pytest.raises(UsageError, match=r"K of at most 3 \(the model has 3 layers\), got first:4"):
        freeze(model, "first:4")
    with pytest.raises(UsageError, match="got 'clasifier', which matches none of 57, such as"):
        freeze(model, "except:clasifier")
    assert len(trainable_names(model)) == len(list(model.parameters()))
    assert set(FREEZES) >= {"none", "embeddings", "encoder", "all-but-head"}


def test_gradual_unfreezing_opens_a_layer_an_epoch_from_the_top():
    model = build()
    parts = anatomy(model)
    every = trainable_names(model)
    for epoch, lowest in enumerate([4, 3, 2, 1, 0, 0]):
        opened = apply_gradual(model, epoch, ceiling=every)
        assert opened == trainable_names(model)
        assert {parts.depth(name) for name in opened} == set(range(lowest, 5))
        assert opened == {name for name in every if parts.depth(name) >= lowest}


def test_gradual_unfreezing_opens_nothing_that_was_frozen():
    model = build("distilbert")
    freeze(model, "first:1")
    ceiling = trainable_names(model)
    steps = [len(apply_gradual(model, epoch, 2, ceiling=ceiling)) for epoch in range(8)]
    assert steps == [4, 4, 20, 20, 36, 36, 36, 36]
    assert trainable_names(model) == ceiling


def test_gradual_unfreezing_opens_adapters_by_their_depth():
    model = build()
    for layer in model.bert.encoder.layer:
        layer.output.dense.adapter = nn.Linear(16, 16)
    freeze(model, r"except:\.adapter\.|classifier|pooler")
    ceiling = trainable_names(model)
    assert len(apply_gradual(model, 0, ceiling=ceiling)) == 4
    added = apply_gradual(model, 1, ceiling=ceiling) - apply_gradual(model, 0, ceiling=ceiling)
    assert added == {
        "bert.encoder.layer.2.output.dense.adapter.weight",
        "bert.encoder.layer.2.output.dense.adapter.bias",
    }
    assert apply_gradual(model, 3, ceiling=ceiling) == ceiling


def test_a_layer_that_is_closed_again_does_not_move():
    model = build()
    every = trainable_names(model)
    apply_gradual(model, 9, ceiling=every)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    model(IDS, labels=LABELS).loss.backward()
    opened = apply_gradual(model, 0, ceiling=every)
    before = {name: p.clone() for name, p in model.named_parameters()}
    optimizer.step()
    moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    assert moved == opened


def test_gradual_unfreezing_needs_something_to_open():
    model = build()
    with pytest.raises(UsageError, match="E of at least 1, got 0"):
        apply_gradual(model, 0, 0, ceiling=trainable_names(model))
    with pytest.raises(UsageError, match="parameters that may train, got none"):
        apply_gradual(model, 0, ceiling=())


@given(st.sets(st.integers(0, 30), min_size=1), st.integers(0, 60), st.integers(1, 5))
def test_what_is_open_grows_from_the_top(depths, epoch, every):
    now, later = open_depths(depths, epoch, every), open_depths(depths, epoch + every, every)
    assert max(depths) in now
    assert now <= later <= depths
    assert len(later - now) == (later != now)
    assert all(depth < min(now) for depth in depths - now)


@pytest.mark.parametrize("model_type", ["bert", "distilbert", "roberta", "albert", "modernbert"])
@pytest.mark.parametrize("what", ["pooler", "head", "head, pooler"])
def test_drawn_anew_is_as_a_new_model_of_the_architecture(model_type, what):
    model = build(model_type)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(3.0)
    names = reinit(model, what, seed=5)
    parts = anatomy(model)
    assert names == tuple(
        sorted(n for n, _ in model.named_parameters() if parts.component(n) in what)
    )
    for name, parameter in model.named_parameters():
        if name not in names:
            assert torch.equal(parameter, torch.full_like(parameter, 3.0))
        elif name.endswith("bias"):
            assert not parameter.any()
        elif "norm" in name:
            assert torch.equal(parameter, torch.ones_like(parameter))
        else:
            deviation = model.config.initializer_range
            if model_type == "modernbert":  # by where a layer stands and how many there are
                deviation = {"classifier": 16**-0.5, "head": 0.02 / 6**0.5}[name.split(".")[0]]
            assert 0.5 < parameter.std() / deviation < 1.5
        assert parameter.requires_grad


def test_drawn_anew_depends_on_the_seed_alone():
    one, two, other = build(seed=1), build(seed=2), build(seed=1)
    state = torch.random.get_rng_state()
    reinit(one, "pooler", 5)
    assert torch.equal(torch.random.get_rng_state(), state)
    reinit(two, "pooler,head", 5)
    reinit(other, "pooler", 6)
    weights = [model.bert.pooler.dense.weight for model in (one, two, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_a_tied_decoder_is_not_drawn_with_the_head():
    model = build("bert", AutoModelForMaskedLM)
    table = model.get_input_embeddings().weight.clone()
    names = reinit(model, "head", 0)
    assert torch.equal(model.get_input_embeddings().weight, table)
    assert "cls.predictions.bias" in names
    assert "cls.predictions.decoder.weight" not in names


def test_what_cannot_be_drawn_is_refused():
    model = build("bert", AutoModelForQuestionAnswering)
    with pytest.raises(UsageError, match="a model with a pooler, got BertForQuestionAnswering"):
        reinit(model, "head,pooler", 0)
    with pytest.raises(UsageError, match="got 'poler'; did you mean 'pooler'"):
        reinit(model, "poler", 0)
    assert reinit(model, "head", 0) == ("qa_outputs.bias", "qa_outputs.weight")

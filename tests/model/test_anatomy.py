import warnings

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn
from transformers import (
    CONFIG_MAPPING,
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
)

from robustft.errors import ModelError
from robustft.model.anatomy import ARCHITECTURES, Component, anatomy, canonical, is_added, is_within
from robustft.model.load import seeded_torch

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
    "electra": {"embedding_size": 8},
    "albert": {"embedding_size": 8},
    "deberta": {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
    "deberta-v2": {
        "relative_attention": True, "pos_att_type": ["c2p", "p2c"], "norm_rel_ebd": "layer_norm",
        "conv_kernel_size": 3,
    },
    "modernbert": {"cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3},
}  # fmt: skip
IDS = torch.tensor([[2, 7, 11, 13, 3]])


def build(model_type, auto=AutoModelForSequenceClassification, **fields):
    config = CONFIG_MAPPING[model_type](**{**SMALL, **OTHERS.get(model_type, {}), **fields})
    with seeded_torch(1):
        return auto.from_config(config).eval()


def of(model, part):
    parts = anatomy(model)
    return {name for name, _ in model.named_parameters() if parts.component(name) is part}


@pytest.mark.parametrize("facts", ARCHITECTURES, ids=lambda f: f.model_type)
def test_pooler_and_head_are_what_the_table_says(facts):
    model = build(facts.model_type)
    parts = anatomy(model)
    assert parts.pooler == (facts.pooler,)
    assert parts.head == (facts.head,)
    assert model.get_submodule(facts.head).out_features == 2
    assert of(model, Component.POOLER) == {
        name for name, _ in model.named_parameters() if name.startswith(f"{facts.pooler}.")
    }
    assert parts.base == model.base_model_prefix


@pytest.mark.parametrize("facts", ARCHITECTURES, ids=lambda f: f.model_type)
def test_the_pooler_computes_what_the_table_says(facts):
    """With all its weights at zero but the bias, what reaches the head is the activation of it."""
    model = build(facts.model_type)
    pooler = model.get_submodule(facts.pooler)
    seen = []
    model.get_submodule(facts.head).register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    with torch.no_grad():
        for name, values in pooler.named_parameters():
            if "norm" not in name:
                values.fill_(1.5 if name.endswith("bias") else 0.0)
        model(IDS)
    activation = {"tanh": torch.tanh, "ReLU": torch.relu, "GELU": nn.functional.gelu}
    dense, name, *norm = facts.computes.split(", ")
    assert dense == "dense"
    bias = 0.0 if norm else 1.5  # ModernBERT's dense layer has no bias
    assert torch.allclose(seen[0], activation[name](torch.tensor(bias)), atol=1e-3)


@pytest.mark.parametrize("facts", ARCHITECTURES, ids=lambda f: f.model_type)
@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_a_model_pools_the_first_token_if_no_other_hidden_state_matters(facts, pooling):
    fields = {"classifier_pooling": pooling} if facts.first_token is None else {}
    model = build(facts.model_type, **fields)
    want = model(IDS).logits

    def scramble(_module, _args, output):
        output.last_hidden_state[:, 1:] += 3.0
        return output

    base = model.base_model
    stack = next((getattr(base, n) for n in ("encoder", "transformer") if hasattr(base, n)), base)
    stack.register_forward_hook(scramble)
    same = torch.equal(model(IDS).logits, want)
    assert anatomy(model).pools_first_token == same
    assert same == (facts.first_token is not None or pooling == "cls")


@pytest.mark.parametrize("facts", ARCHITECTURES, ids=lambda f: f.model_type)
def test_every_parameter_has_a_part_and_a_depth(facts):
    model = build(facts.model_type)
    parts = anatomy(model)
    layers = len(parts.layers)
    assert layers == (1 if facts.model_type == "albert" else 3)
    assert parts.passes == 3
    depths = {part: set() for part in Component}
    for name, _ in model.named_parameters():
        depths[parts.component(name)].add(parts.depth(name))
    assert depths == {
        Component.EMBEDDINGS: {0},
        Component.ENCODER: set(range(1, layers + 1)),
        Component.POOLER: {layers + 1},
        Component.HEAD: {layers + 1},
    }
    for prefix in parts.layers:
        assert sum(p.numel() for p in model.get_submodule(prefix).parameters()) > 0


def test_what_stands_beside_the_layers_goes_where_it_acts():
    modern = anatomy(build("modernbert"))
    assert modern.component("model.final_norm.weight") is Component.ENCODER
    assert modern.depth("model.final_norm.weight") == 3
    deberta = anatomy(build("deberta-v2"))
    # All layers read the relative positions, so that no layer is frozen before they are.
    for name in ("rel_embeddings.weight", "LayerNorm.weight"):
        assert deberta.component(f"deberta.encoder.{name}") is Component.EMBEDDINGS
    assert deberta.depth("deberta.encoder.conv.conv.weight") == 1
    mpnet = anatomy(build("mpnet"))
    assert mpnet.depth("mpnet.encoder.relative_attention_bias.weight") == 0
    electra = anatomy(build("electra"))
    assert electra.depth("electra.embeddings_project.weight") == 0
    albert = anatomy(build("albert"))
    assert albert.depth("albert.encoder.embedding_hidden_mapping_in.weight") == 0


@pytest.mark.parametrize("model_type", [f.model_type for f in ARCHITECTURES])
def test_heads_for_question_answering_have_no_pooler(model_type):
    parts = anatomy(build(model_type, AutoModelForQuestionAnswering))
    assert parts.pooler == ()
    assert not parts.pools_first_token
    want = ("classifier", "head") if model_type == "modernbert" else ("qa_outputs",)
    assert parts.head == want


@pytest.mark.parametrize(
    ("model_type", "head"),
    [
        ("bert", ("cls",)),
        ("distilbert", ("vocab_layer_norm", "vocab_projector", "vocab_transform")),
        ("roberta", ("lm_head",)),
        ("electra", ("generator_lm_head", "generator_predictions")),
        ("albert", ("predictions",)),
        ("modernbert", ("decoder", "head")),
    ],
)
def test_heads_for_masked_words_share_the_table_of_the_embeddings(model_type, head):
    model = build(model_type, AutoModelForMaskedLM)
    parts = anatomy(model)
    assert (parts.head, parts.pooler) == (head, ())
    table = model.get_input_embeddings().weight
    (name,) = [name for name, p in model.named_parameters() if p is table]
    assert parts.component(name) is Component.EMBEDDINGS


def test_a_bare_model_has_no_head():
    parts = anatomy(build("bert", AutoModel))
    assert (parts.base, parts.head, parts.pooler) == ("", (), ("pooler",))
    assert parts.layers[0] == "encoder.layer.0"
    assert parts.component("pooler.dense.bias") is Component.POOLER


@pytest.mark.parametrize(
    ("model_type", "fields", "head", "pooler"),
    [
        ("gpt2", {"n_embd": 16, "n_layer": 3, "n_head": 2}, ("score",), ()),
        (
            "bart",
            {
                "d_model": 16, "num_hidden_layers": 1, "decoder_layers": 2, "encoder_ffn_dim": 8,
                "decoder_ffn_dim": 8, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
            },
            ("classification_head.out_proj",),
            ("classification_head.dense",),
        ),
        ("ernie", {}, ("classifier",), ("ernie.pooler",)),
    ],
)  # fmt: skip
def test_an_architecture_that_nobody_listed_is_read_from_its_modules(
    model_type, fields, head, pooler
):
    parts = anatomy(build(model_type, **fields))
    assert (parts.head, parts.pooler) == (head, pooler)
    assert len(parts.layers) == 3
    assert not parts.pools_first_token


def test_a_model_without_layers_is_refused():
    with pytest.raises(ModelError, match="Linear: expected an encoder with a list of layers"):
        anatomy(nn.Linear(2, 2))
    xlm = {"emb_dim": 16, "n_layers": 2, "n_heads": 2}
    with pytest.raises(ModelError, match="in parts: attentions, layer_norm1, ffns"):
        anatomy(build("xlm", **xlm))


def test_adapters_belong_to_their_layer():
    plain = build("roberta")
    want = anatomy(plain)
    layers = {name: want.depth(name) for name, _ in plain.named_parameters()}
    lora = LoraConfig(r=2, target_modules=["query"], modules_to_save=["classifier"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft reads an old name of transformers
        model = get_peft_model(plain, lora)
    parts = anatomy(model)
    assert parts == want
    for name, _ in model.named_parameters():
        plain_name = canonical(name)
        if is_added(name):
            assert parts.depth(name) == int(plain_name.split(".")[3]) + 1
        else:
            assert parts.depth(name) == layers[plain_name]
    assert sum(is_added(name) for name, _ in model.named_parameters()) == 6


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("bert.pooler.dense.weight", "bert.pooler.dense.weight"),
        (
            "base_model.model.bert.encoder.layer.0.attention.self.query.base_layer.weight",
            "bert.encoder.layer.0.attention.self.query.weight",
        ),
        ("base_model.model.classifier.modules_to_save.default.bias", "classifier.bias"),
        ("base_model.model.classifier.original_module.bias", "classifier.bias"),
        ("_orig_mod.model.layers.3.attn.Wo.weight", "model.layers.3.attn.Wo.weight"),
        ("module.bert.embeddings.LayerNorm.bias", "bert.embeddings.LayerNorm.bias"),
    ],
)
def test_names_without_what_wrappers_put_into_them(name, plain):
    assert canonical(name) == plain
    assert not is_added(name)


def test_a_prefix_ends_at_a_dot():
    assert is_within("encoder.layer.1.output", ["encoder.layer.1"])
    assert not is_within("encoder.layer.10.output", ["encoder.layer.1"])
    assert is_added("bert.encoder.layer.0.output.dense.adapter.down.weight")

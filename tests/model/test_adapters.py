import subprocess
import sys

import pytest
import torch
from accelerate import Accelerator
from torch import nn
from transformers import (
    AlbertConfig,
    AutoModelForSequenceClassification,
    BertConfig,
    CamembertConfig,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    MPNetConfig,
    RobertaConfig,
)

from robustft.data.task import Task, TaskType
from robustft.errors import MissingExtraError, ModelError, UsageError
from robustft.model.adapters import (
    AdapterSpec,
    adapter_of,
    adapter_weights,
    add_adapter,
    attach_adapter,
    describe_adapter,
    parse_adapter,
)
from robustft.model.load import load_model, seeded_torch
from robustft.training.checkpoint import load_resume, save_resume
from robustft.training.dropout import FastDropout, MaskStream, fast_dropout

REVIEWS = Task(label_names=("negative", "positive"))
AMOUNT = Task(type=TaskType.REGRESSION, label_column="deaths")
IDS = torch.tensor([[5, 6, 7, 8], [9, 10, 11, 12]])
PEFT = ("lora:2", "dora:2", "rslora:2", "ia3")
SPECS = ("houlsby:4", *PEFT)
CONFIGS = {
    "bert": BertConfig,
    "distilbert": DistilBertConfig,
    "roberta": RobertaConfig,
    "electra": ElectraConfig,
    "camembert": CamembertConfig,
    "mpnet": MPNetConfig,
    "modernbert": ModernBertConfig,
}
# Head and pooler: all that trains beside the adapters (and the norms, with Houlsby's).
FULL = {
    "bert": ("bert.pooler.", "classifier."),
    "distilbert": ("pre_classifier.", "classifier."),
    "roberta": ("classifier.",),
    "electra": ("classifier.",),
    "camembert": ("classifier.",),
    "mpnet": ("classifier.",),
    "modernbert": ("head.", "classifier."),
}


def classifier(kind, **changes):
    """Return a small classifier of an architecture with two layers, ready to predict."""
    shape = {"vocab_size": 40, "max_position_embeddings": 40, "pad_token_id": 1, "num_labels": 2}
    if kind == "distilbert":
        shape |= {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32}
    else:
        shape |= {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
        shape |= {"intermediate_size": 32, "bos_token_id": 2, "eos_token_id": 3}
    config = {**CONFIGS, "albert": AlbertConfig}[kind](**shape, **changes)
    with seeded_torch(1):
        return AutoModelForSequenceClassification.from_config(config).eval()


def state(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@torch.no_grad()
def predicted(model):
    return model.eval()(input_ids=IDS.to(model.device)).logits


def shake(model):
    """Change all that trains, so that an adapter which is lost makes a difference."""
    with seeded_torch(7), torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter), alpha=0.3)
    return model


@pytest.mark.parametrize(
    ("text", "kind", "size", "name"),
    [
        ("houlsby", "houlsby", 64, "houlsby:64"),
        ("houlsby:16", "houlsby", 16, "houlsby:16"),
        ("lora", "lora", 8, "lora:8"),
        ("lora:4", "lora", 4, "lora:4"),
        ("dora:8", "dora", 8, "dora:8"),
        ("rslora:8", "rslora", 8, "rslora:8"),
        ("ia3", "ia3", None, "ia3"),
    ],
)
def test_a_name_says_kind_and_size(text, kind, size, name):
    assert parse_adapter(text) == AdapterSpec(kind, size)
    assert str(parse_adapter(text)) == name
    assert parse_adapter(name) == parse_adapter(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hulsby:8", r"got 'hulsby:8'; did you mean 'houlsby'\?"),
        ("lroa", "did you mean 'lora'"),
        ("", "expected houlsby"),
        ("lora:", "expected lora:N with N of at least 1, got 'lora:'"),
        ("lora:0", "at least 1, got 'lora:0'"),
        ("lora:-3", "at least 1"),
        ("houlsby:²", "at least 1"),
        ("ia3:8", "expected ia3, which has no size, got 'ia3:8'"),
    ],
)
def test_a_name_that_cannot_be_read_is_explained(text, said):
    with pytest.raises(UsageError, match=said):
        parse_adapter(text)


def test_reading_a_name_loads_no_framework():
    code = (
        "import sys\nfrom robustft.model.adapter_spec import parse_adapter\nparse_adapter('lora')\n"
        "print({'torch', 'transformers', 'peft'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("kind", CONFIGS)
def test_houlsby_sits_twice_in_each_layer_and_every_base_weight_keeps_its_name(kind):
    model = classifier(kind)
    before, output = state(model), predicted(model)
    add_adapter(model, parse_adapter("houlsby:4"), 0)
    after = state(model)
    assert same({name: after[name] for name in before}, before)
    added = after.keys() - before.keys()
    assert len(added) == 2 * 2 * 4
    assert {name.rpartition(".adapter.")[2] for name in added} == {
        "down.weight", "down.bias", "up.weight", "up.bias",
    }  # fmt: skip
    assert added == set(adapter_weights(model))
    # The start: nearly the base model, yet not the same, as no weight of it is zero.
    assert not torch.equal(predicted(model), output)
    torch.testing.assert_close(predicted(model), output, rtol=0, atol=2e-3)
    assert adapter_of(model) == AdapterSpec("houlsby", 4)


def test_houlsby_comes_before_the_skip_connection_and_the_norm():
    model = add_adapter(classifier("bert"), parse_adapter("houlsby:4"), 0)
    shake(model)
    layer = model.bert.encoder.layer[0].output
    hidden, skipped = torch.randn(2, 3, 32), torch.randn(2, 3, 16)
    dense = nn.functional.linear(hidden, layer.dense.weight, layer.dense.bias)
    inner = layer.dense.adapter
    wanted = layer.LayerNorm(dense + inner.up(nn.functional.gelu(inner.down(dense))) + skipped)
    torch.testing.assert_close(layer(hidden, skipped), wanted)


def test_houlsby_starts_near_zero_from_the_seed_alone():
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    models = [
        add_adapter(classifier("bert"), parse_adapter("houlsby:16"), seed) for seed in (0, 0, 1)
    ]
    assert torch.equal(torch.random.get_rng_state(), before)
    a, b, c = (state(model) for model in models)
    assert same(a, b)
    assert not same(a, c)
    drawn = torch.cat([a[n].flatten() for n in adapter_weights(models[0]) if n.endswith("weight")])
    assert drawn.abs().max() <= 0.02
    assert 0.007 < drawn.std() < 0.011
    assert all(not a[n].any() for n in adapter_weights(models[0]) if n.endswith("bias"))


@pytest.mark.parametrize("kind", CONFIGS)
def test_with_houlsby_adapters_norms_pooler_and_head_train(kind):
    model = add_adapter(classifier(kind), parse_adapter("houlsby:4"), 0)
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    rest = trained - set(adapter_weights(model))
    norms = {n for n in rest if not n.startswith(FULL[kind])}
    assert norms
    assert all("norm" in name.lower() and "embeddings" not in name for name in norms)
    frozen = {name for name, _ in model.named_parameters()} - trained
    assert not any("norm" in n.lower() and "embeddings" not in n for n in frozen)
    for prefix in FULL[kind]:
        assert {n for n in rest if n.startswith(prefix)} == {
            n for n, _ in model.named_parameters() if n.startswith(prefix)
        }


def test_an_architecture_whose_projections_are_not_known_is_named():
    model = classifier("albert", embedding_size=8)
    with pytest.raises(ModelError, match="got the architecture 'albert'; --adapter lora"):
        add_adapter(model, parse_adapter("houlsby"), 0)
    assert adapter_of(add_adapter(model, parse_adapter("lora"), 0)) == AdapterSpec("lora", 8)


@pytest.mark.parametrize("spec", PEFT)
@pytest.mark.parametrize("kind", CONFIGS)
def test_peft_adapts_the_encoder_alone_and_changes_no_output(kind, spec):
    model = classifier(kind)
    output, prefix = predicted(model), model.base_model_prefix
    add_adapter(model, parse_adapter(spec), 0)
    torch.testing.assert_close(predicted(model), output, rtol=0, atol=1e-5)
    added = adapter_weights(model)
    assert added
    assert all(name.startswith(f"{prefix}.") for name in added)
    assert not any("pooler" in name or "embeddings" in name for name in added)
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert {n for n in trained if not n.startswith(FULL[kind])} == set(added)
    assert str(adapter_of(model)) == spec


@pytest.mark.parametrize(
    ("kind", "spec", "ends"),
    [
        ("bert", "lora", {"query", "value"}),
        ("camembert", "lora", {"query", "value"}),
        ("distilbert", "lora", {"q_lin", "v_lin"}),
        ("electra", "ia3", {"key", "value", "dense"}),
        ("distilbert", "ia3", {"k_lin", "v_lin", "lin2"}),
        ("modernbert", "lora", {"Wqkv", "Wo", "Wi"}),
    ],
)
def test_which_layers_peft_adapts(kind, spec, ends):
    model = add_adapter(classifier(kind), parse_adapter(spec), 0)
    parents = {
        name.replace(".ia3_l", ".lora_").split(".lora_")[0] for name in adapter_weights(model)
    }
    assert {parent.rpartition(".")[2] for parent in parents} == ends


def test_low_rank_weights_come_from_the_seed_alone():
    a, b, c = (
        state(add_adapter(classifier("bert"), parse_adapter("lora"), seed)) for seed in (0, 0, 1)
    )
    assert same(a, b)
    assert not same(a, c)


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta"])
def test_a_step_reaches_all_that_trains_and_nothing_else(kind, spec):
    model = shake(add_adapter(classifier(kind), parse_adapter(spec), 0))
    before = state(model)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.1)
    prepared, optimizer = Accelerator(cpu=True).prepare(model, optimizer)
    prepared.train()
    loss = nn.functional.cross_entropy(prepared(input_ids=IDS).logits, torch.tensor([0, 1]))
    loss.backward()
    # DoRA's magnitudes, and all else that trains, must be reached by the gradient.
    assert all(p.grad is not None for p in model.parameters() if p.requires_grad)
    optimizer.step()
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, before[name]) == (not parameter.requires_grad), name


@pytest.mark.parametrize("spec", SPECS)
def test_dropout_is_found_in_an_adapted_model_and_given_back(spec):
    model = add_adapter(classifier("bert"), parse_adapter(spec), 0)
    model.train()
    layer = model.bert.encoder.layer[0].output
    with fast_dropout(model, MaskStream(3)):
        assert type(layer.dropout) is FastDropout
        first = model(input_ids=IDS).logits
    with fast_dropout(model, MaskStream(3)):
        assert torch.equal(model(input_ids=IDS).logits, first)
    assert type(layer.dropout) is nn.Dropout
    assert not torch.equal(predicted(model), first)


@pytest.mark.parametrize("spec", SPECS)
def test_a_run_resumes_to_the_bit(spec, tmp_path):
    def stepped(seed):
        model = add_adapter(classifier("bert"), parse_adapter(spec), seed)
        optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.1)
        model(input_ids=IDS).logits.sum().backward()
        optimizer.step()
        return model, optimizer

    model, optimizer = stepped(0)
    save_resume(tmp_path, model, optimizer, {"epoch": 1, "identity": "a"})
    other, fresh = stepped(1)
    with torch.no_grad():
        other.classifier.weight.add_(1)
    assert load_resume(tmp_path, other, fresh, "a") is not None
    assert same(state(model), state(other))


def test_attaching_names_the_new_weights_and_says_what_trains(checkpoint):
    plain = load_model(str(checkpoint()), task=REVIEWS, seed=0)
    loaded = attach_adapter(plain, parse_adapter("houlsby:4"), 0)
    assert loaded.adapter == AdapterSpec("houlsby", 4)
    assert set(loaded.new_weights) == {*plain.new_weights, *adapter_weights(loaded.model)}
    assert loaded.notices[-1] == describe_adapter(loaded.model)
    sizes = [p.numel() for p in loaded.model.parameters() if p.requires_grad]
    assert f"adapter houlsby:4 trains {sum(sizes):,} of " in loaded.notices[-1]


def test_a_count_is_rounded_where_it_is_large():
    model = classifier("bert")
    model.extra = nn.Linear(2_000, 2_000, bias=False)
    add_adapter(model, parse_adapter("houlsby:4"), 0)
    model.extra.requires_grad_(False)
    assert describe_adapter(model).startswith("adapter houlsby:4 trains ")
    assert describe_adapter(model).endswith(" of 4.0 M parameters (0.026 %)")


def test_a_second_adapter_is_refused_and_the_same_goes_on(checkpoint):
    loaded = load_model(str(checkpoint()), task=REVIEWS, seed=0)
    loaded = attach_adapter(loaded, parse_adapter("houlsby:4"), 0)
    before = state(loaded.model)
    loaded.model.requires_grad_(True)
    again = attach_adapter(loaded, parse_adapter("houlsby:4"), 5)
    assert same(state(again.model), before)
    assert not again.model.bert.embeddings.word_embeddings.weight.requires_grad
    with pytest.raises(ModelError, match="with lora:8, got one with houlsby:4"):
        attach_adapter(loaded, parse_adapter("lora"), 0)
    with pytest.raises(ModelError, match="without adapters, got one with houlsby:4"):
        add_adapter(loaded.model, parse_adapter("houlsby:8"), 0)


def test_without_peft_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(MissingExtraError, match=r"adapter lora:8: expected peft.*pip install peft"):
        add_adapter(classifier("bert"), parse_adapter("lora"), 0)

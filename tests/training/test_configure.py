"""What trains, at which rate, and what became of the rest."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from robustft.errors import ModelError, UsageError
from robustft.model.anatomy import anatomy
from robustft.training.arguments import resolve_arguments, training_arguments
from robustft.training.configure import configure, count_parameters, describe_tensors
from robustft.training.optimizers import make_optimizer, parameter_groups, set_learning_rates
from robustft.training.setup import prepare

CPU = torch.device("cpu")


def configured(loaded, **given):
    arguments, _ = resolve_arguments(
        training_arguments(device="cpu", **given), from_scratch=False, max_positions=64
    )
    return configure(replace(loaded, from_scratch=False), arguments)


def weights(loaded):
    return {name: p.detach().clone() for name, p in loaded.model.named_parameters()}


def changed(a, b):
    return {name for name in a if not torch.equal(a[name], b[name])}


def rates(model, **given):
    """The base rate of each parameter that trains."""
    names = {id(p): name for name, p in model.named_parameters()}
    found = {}
    for group in parameter_groups(model, training_arguments(learning_rate=1.0, **given)):
        for parameter in group["params"]:
            found[names[id(parameter)]] = group["initial_lr"]
    return found


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta"])
def test_only_pooler_and_head_train_above_a_frozen_encoder(small, kind):
    made = configured(small(kind), freeze="encoder")
    counts = count_parameters(made.loaded.model)
    assert counts["components"]["embeddings"]["trained"] == 0
    assert counts["components"]["encoder"]["trained"] == 0
    assert counts["components"]["pooler"]["trained"] == 16 * 16 + 16
    assert counts["components"]["head"]["trained"] == 2 * 16 + 2
    assert counts["trained"] == 306
    assert made.notices == (f"306 of {counts['total']:,} parameters train",)
    assert made.arguments.learning_rate == 2e-3
    assert not made.pretrained_layers


def test_weights_are_drawn_anew_from_the_initialisation_seed_alone(small):
    untouched = weights(small())
    first = configured(small(), reinit="pooler", init_seed=1)
    drawn = changed(untouched, weights(first.loaded))
    assert drawn == {"bert.pooler.dense.weight"}
    assert first.redrawn == ("bert.pooler.dense.bias", "bert.pooler.dense.weight")
    assert "drawn anew: bert.pooler.dense.bias, bert.pooler.dense.weight" in first.notices
    again = configured(small(), reinit="pooler", init_seed=1, seed=5)
    other = configured(small(), reinit="pooler", init_seed=2)
    assert not changed(weights(first.loaded), weights(again.loaded))
    assert changed(weights(first.loaded), weights(other.loaded)) == drawn


def test_adapters_train_with_pooler_and_head_and_freezing_closes_some(small):
    made = configured(small(num_hidden_layers=2), adapter="houlsby:4", freeze="first:1")
    parts = anatomy(made.loaded.model)
    trained = {parts.depth(name) for name in made.trained}
    assert trained == {2, 3}
    assert all(
        ".adapter." in name or "Norm" in name for name in made.trained if parts.depth(name) == 2
    )
    assert made.arguments.learning_rate == 1e-3
    assert not made.pretrained_layers


def test_the_rate_follows_what_an_expression_leaves(small):
    deep = configured(small(), freeze="except:layer.0.output")
    shallow = configured(small(), freeze="except:classifier")
    assert (deep.arguments.learning_rate, shallow.arguments.learning_rate) == (2e-5, 2e-3)
    layers = [configured(small(), freeze=f"first:{k}").arguments.learning_rate for k in (0, 1)]
    assert layers == [2e-5, 2e-3]  # the model has one layer
    assert "learning rate 2e-05 (the default for pretrained layers)" in deep.notices
    assert "learning rate 0.002 (the default for a frozen encoder)" in shallow.notices


def test_a_rate_too_high_for_pretrained_layers_is_warned_of(small):
    def warned(**given):
        notices = configured(small(), learning_rate=2e-3, **given).notices
        return any("pretrained layers mostly train at 2e-5 to 5e-5" in said for said in notices)

    assert warned()
    assert warned(freeze="embeddings")
    assert not warned(freeze="encoder")
    assert not warned(adapter="houlsby:2")
    assert not warned(optimizer="sgd")


def test_options_that_do_not_fit_the_model_are_refused(small):
    with pytest.raises(UsageError, match="freeze: expected first:K with K of at most 1"):
        configured(small(), freeze="first:9")
    frozen = small()
    frozen.model.requires_grad_(False)
    with pytest.raises(ModelError, match="expected parameters that train, got none"):
        make_optimizer(frozen.model, training_arguments(), CPU)


def test_tensors_tell_where_they_come_from_and_whether_they_moved(small):
    made = configured(small(), freeze="encoder", reinit="head")
    with torch.no_grad():
        made.loaded.model.classifier.weight += 1
    findings, rows = describe_tensors(made)
    state = {row["name"]: row for row in rows}
    head = state["classifier.weight"]
    assert (head["source"], head["trained"], head["unchanged"]) == ("drawn anew", True, False)
    assert all(row["unchanged"] for name, row in state.items() if name != "classifier.weight")
    assert findings[0].startswith("4 tensors of ")


def test_rates_fall_by_depth_and_the_head_may_have_its_own(small):
    model = small(num_hidden_layers=2).model
    found = rates(model, layer_lr_decay=0.5)
    parts = anatomy(model)
    for name, rate in found.items():
        assert rate == pytest.approx(0.5 ** (3 - parts.depth(name)))
    assert found["classifier.weight"] == 1.0
    assert found["bert.embeddings.LayerNorm.bias"] == 0.125
    own = rates(model, layer_lr_decay=0.5, head_lr=7.0)
    assert {own["classifier.bias"], own["bert.pooler.dense.weight"]} == {7.0}
    assert own["bert.encoder.layer.1.output.dense.weight"] == 0.5
    assert set(rates(model).values()) == {1.0}


def test_a_schedule_is_one_factor_for_all_groups(small):
    model = small().model
    optimizer = make_optimizer(
        model, training_arguments(learning_rate=1e-3, layer_lr_decay=0.5), CPU
    )
    before = [group["initial_lr"] for group in optimizer.param_groups]
    for factor in (0.5, 0.25):
        set_learning_rates(optimizer, factor)
        after = [group["lr"] for group in optimizer.param_groups]
        assert after == [rate * factor for rate in before]


@pytest.mark.parametrize(
    ("given", "kind", "momentum", "nesterov"),
    [
        ({}, torch.optim.AdamW, None, None),
        ({"optimizer": "sgd"}, torch.optim.SGD, 0.0, False),
        ({"optimizer": "sgd", "momentum": 0.5}, torch.optim.SGD, 0.5, False),
        ({"optimizer": "nesterov"}, torch.optim.SGD, 0.9, True),
    ],
)
def test_the_optimizer_holds_what_trains_and_nothing_else(small, given, kind, momentum, nesterov):
    loaded = configured(small(), freeze="all-but-head").loaded
    optimizer = make_optimizer(loaded.model, training_arguments(learning_rate=0.1, **given), CPU)
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    assert held == {id(p) for p in loaded.model.classifier.parameters()}
    assert type(optimizer) is kind
    for group in optimizer.param_groups:
        assert (group.get("momentum"), group.get("nesterov")) == (momentum, nesterov)


def test_sgd_is_a_step_against_the_gradient():
    """Ours and the formula: w - lr * (g + decay * w) on matrices, w - lr * g on the rest."""
    layer = nn.Linear(2, 1)
    model = nn.Sequential(layer)
    arguments = training_arguments(optimizer="sgd", learning_rate=0.1, weight_decay=0.5)
    optimizer = make_optimizer(model, arguments, CPU)
    before = {name: p.detach().clone() for name, p in layer.named_parameters()}
    layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    weight, bias = before["weight"], before["bias"]
    assert torch.allclose(layer.weight, weight - 0.1 * (1 + 0.5 * weight))
    assert torch.allclose(layer.bias, bias - 0.1)


def test_what_a_caller_froze_stays_frozen(small, reviews):
    loaded = small()
    loaded.model.bert.requires_grad_(False)
    arguments, _ = resolve_arguments(
        training_arguments(device="cpu"), from_scratch=True, max_positions=64
    )
    setup = prepare(loaded, reviews(8), reviews(8), arguments)
    assert setup.configured.trained == {"classifier.weight", "classifier.bias"}
    assert setup.reuses

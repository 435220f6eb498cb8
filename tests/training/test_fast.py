"""The fast path computes the very steps of the plain one."""

from collections import Counter
from dataclasses import replace
from functools import partial

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from robustft.data.split import Split
from robustft.data.task import Task, TaskType
from robustft.model.packing import PackedModel, why_not_packed
from robustft.seeding import fold_in
from robustft.training import fast, loop
from robustft.training.arguments import TrainingArguments, training_arguments
from robustft.training.batching import plan_epoch
from robustft.training.checkpoint import load_resume, save_resume
from robustft.training.loop import fit
from robustft.training.optimizers import make_recordable
from robustft.training.packed import PackedExamples, filled_up
from robustft.training.recorded import Recorded, RecordedSteps
from robustft.training.setup import prepare
from robustft.training.validation import validate

AMOUNT = Task(type=TaskType.REGRESSION, label_column="target")
PAIRS = Task(label_names=("negative", "positive"), text_column="text", pair_column="other")
QUICK = {"epochs": 1, "batch_size": 8, "learning_rate": 1e-3, "max_length": 48, "device": "cpu"}
KINDS = ["bert", "distilbert", "electra", "modernbert", "roberta"]
STILL = {
    "bert": {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0},
    "distilbert": {"dropout": 0.0, "attention_dropout": 0.0, "seq_classif_dropout": 0.0},
    "modernbert": {},
}


def still(deep, kind, **changes):
    """Return a model of three layers without dropout."""
    return deep(kind, **STILL.get(kind, STILL["bert"]), **changes)


def setups(loaded, train, held_out, **changes):
    """Return what trains plainly and fast, from the same weights."""
    made = []
    for way in (False, True):
        arguments = training_arguments(**{**QUICK, "fast": way, **changes})
        made.append(prepare(loaded(), train, held_out, arguments))
    plain, quick = made
    assert isinstance(quick.train, PackedExamples)
    assert not [notice for notice in quick.notices if "--fast" in notice]
    return plain, quick


def stepwise(setup, steps):
    """Take steps; return the losses, and the gradients that each step followed."""
    losses, gradients = [], []
    clip = setup.accelerator.clip_grad_norm_

    def seen(parameters, norm):
        named = setup.loaded.model.named_parameters()
        gradients.append({n: p.grad.clone() for n, p in named if p.grad is not None})
        return clip(parameters, norm)

    setup.accelerator.clip_grad_norm_ = seen
    setup.model.train()
    lengths = setup.train.lengths
    plan = plan_epoch(lengths, setup.arguments.rows_per_step, fold_in(0, "epoch", 0))
    for step, rows in enumerate(plan[:steps]):
        losses.append(float(loop.train_step(setup, rows, step, steps)))
    return losses, gradients


def agree(plain, quick, steps=6):
    """Check that both ways take the same steps, and stand at the same weights and scores."""
    (losses, gradients), (found, followed) = (stepwise(s, steps) for s in (plain, quick))
    assert found == pytest.approx(losses, rel=2e-5, abs=1e-6)
    for ours, theirs in zip(gradients, followed, strict=True):
        assert ours.keys() == theirs.keys()
        for name, gradient in ours.items():
            torch.testing.assert_close(theirs[name], gradient, rtol=2e-4, atol=2e-6, msg=name)
    assert (plain.rows, plain.tokens) == (quick.rows, quick.tokens)
    assert quick.computed == quick.tokens <= plain.computed
    scores, same = (validate(setup, setup.validation) for setup in (plain, quick))
    assert same.loss == pytest.approx(scores.loss, rel=1e-4)
    assert same.metrics.keys() == scores.metrics.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_losses_and_gradients_are_those_of_the_plain_path(deep, reviews, kind):
    agree(*setups(partial(still, deep, kind), reviews(44), reviews(20, "validation", seed=9)))


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_modernbert_looks_around_each_token_and_pools_both_ways(deep, reviews, pooling):
    shape = {"classifier_pooling": pooling, "local_attention": 8, "global_attn_every_n_layers": 2}
    loaded = partial(still, deep, "modernbert", **shape)
    agree(*setups(loaded, reviews(44), reviews(20, "validation", seed=9)))


@pytest.mark.parametrize("kind", KINDS)
def test_regression(deep, reviews, kind):
    train, held_out = reviews(44, task=AMOUNT), reviews(20, "validation", seed=9, task=AMOUNT)
    agree(*setups(partial(still, deep, kind, task=AMOUNT), train, held_out))


@pytest.mark.parametrize("kind", ["bert", "electra"])
def test_pairs_with_their_segments(deep, reviews, kind):
    def pairs(n, name, seed):
        first, second = reviews(n, name, seed=seed), reviews(n, name, seed=seed + 1)
        table = first.table.append_column("other", pa.array(list(second.texts)))
        return Split(name, table, PAIRS)

    loaded = partial(still, deep, kind, task=PAIRS)
    plain, quick = setups(loaded, pairs(44, "train", 0), pairs(20, "validation", 9))
    assert quick.train.flat.types is not None
    agree(plain, quick)


@pytest.mark.parametrize(
    "changes",
    [
        {"class_weights": "negative=1,positive=3"},
        {"label_smoothing": 0.1},
        {"batch_size": 4, "gradient_accumulation": 3},
        {"max_length": 12},
        {"freeze": "first:1", "frozen": "dropout"},
        {"optimizer": "sgd", "learning_rate": 1e-2},
        {"unfreeze": "gradual"},
        {"adapter": "lora:2"},
        {"adapter": "houlsby:4"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_whatever_else_is_set(deep, reviews, changes):
    train, held_out = reviews(44), reviews(20, "validation", seed=9)
    agree(*setups(partial(still, deep, "bert"), train, held_out, **changes))


def test_a_text_that_holds_the_word_for_padding_has_the_same_positions(deep, reviews):
    train = reviews(16)
    texts = [f"{text[:9]} [PAD] {text[9:]}" for text in train.texts]
    column = train.table.column_names.index("text")
    train = replace(train, table=train.table.set_column(column, "text", pa.array(texts)))
    plain, quick = setups(partial(still, deep, "roberta"), train, reviews(8, "validation", seed=9))
    assert (plain.train.tokens.ids == 1).sum() == len(texts)
    agree(plain, quick, steps=2)


def test_filling_up_moves_no_loss_and_no_gradient(deep, reviews):
    train, held_out = reviews(44), reviews(20, "validation", seed=9)
    plain, quick = setups(partial(still, deep, "roberta"), train, held_out)
    quick.train = replace(quick.train, static=True)
    inputs, _ = quick.train.batch(np.arange(8), quick.device, 0)
    tokens = int(quick.train.lengths[:8].sum())
    assert inputs["input_ids"].shape == (1, filled_up(tokens)) != (1, tokens)
    assert len(inputs["bounds"]) == len(inputs["firsts"]) + 2
    (losses, gradients), (found, followed) = (stepwise(s, 4) for s in (plain, quick))
    assert found == pytest.approx(losses, rel=2e-5)
    for ours, theirs in zip(gradients, followed, strict=True):
        for name, gradient in ours.items():
            torch.testing.assert_close(theirs[name], gradient, rtol=2e-4, atol=2e-6, msg=name)
    assert quick.computed == sum(
        filled_up(int(train_lengths.sum())) for train_lengths in _batches(quick, 4)
    )


def _batches(setup, steps):
    lengths = setup.train.lengths
    return [lengths[rows] for rows in plan_epoch(lengths, 8, fold_in(0, "epoch", 0))[:steps]]


@given(st.integers(1, 300_000))
def test_filling_up_costs_little_and_gives_few_shapes(tokens):
    filled = filled_up(tokens)
    assert tokens < filled <= tokens + max(128, tokens / 16)
    assert filled % 128 == 0
    assert filled_up(filled - 1) == filled


def test_with_dropout_the_rates_are_the_same_and_the_masks_are_others(deep, reviews):
    train, held_out = reviews(44), reviews(20, "validation", seed=9)
    plain, quick = setups(partial(deep, "bert", attention_probs_dropout_prob=0.5), train, held_out)
    losses = [stepwise(setup, 3)[0] for setup in (plain, quick)]
    assert losses[0] != pytest.approx(losses[1], rel=1e-4)
    # The attention weights are dropped: without it, the first loss would be that of `still`.
    bare = partial(deep, "bert", attention_probs_dropout_prob=0.5, hidden_dropout_prob=0.0)
    dropped = stepwise(setups(bare, train, held_out)[1], 1)[0]
    kept = stepwise(setups(partial(still, deep, "bert"), train, held_out)[1], 1)[0]
    assert dropped != pytest.approx(kept, rel=1e-4)


def trained(small, reviews, folder, rows=64, **changes):
    arguments = training_arguments(**{**QUICK, "epochs": 3, "fast": True, **changes})
    held_out = reviews(40, "validation", seed=9)
    return fit(small(), reviews(rows), held_out, arguments, folder, progress=False)


def test_it_learns_and_its_model_is_a_plain_one(small, reviews, tmp_path):
    result = trained(small, reviews, tmp_path, rows=160, epochs=4, learning_rate=1e-2)
    assert result.history[-1]["train_loss"] < 0.6 * result.history[0]["train_loss"]
    saved = load_file(result.best / "model.safetensors")
    assert saved.keys() == small().model.state_dict().keys()
    assert not any("layer.0.layer" in name for name in saved)


def test_a_killed_run_ends_as_if_it_had_not_been(small, reviews, tmp_path, monkeypatch):
    whole = trained(small, reviews, tmp_path / "a")
    step, killed = loop.train_step, []

    def dying(setup, rows, number, total):
        if number == 12:
            killed.append(number)
            raise KeyboardInterrupt
        return step(setup, rows, number, total)

    monkeypatch.setattr(loop, "train_step", dying)
    with pytest.raises(KeyboardInterrupt, match="goes on after epoch 1"):
        trained(small, reviews, tmp_path / "b")
    monkeypatch.setattr(loop, "train_step", step)
    resumed = trained(small, reviews, tmp_path / "b")
    assert killed
    weights = [load_file(run.best / "model.safetensors") for run in (whole, resumed)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert whole.history == resumed.history


def test_what_cannot_be_packed_trains_plainly_and_says_so(deep, reviews, tmp_path, monkeypatch):
    arguments = training_arguments(**QUICK, fast=True)
    train, held_out = reviews(16), reviews(8, "validation", seed=9)
    setup = prepare(deep("mpnet"), train, held_out, arguments)
    assert not isinstance(setup.train, PackedExamples)
    assert "plain path is taken: packing is known for bert" in setup.notices[-1]
    frozen = arguments.model_copy(update={"freeze": "first:1"})
    setup = prepare(deep(), train, held_out, frozen, cache=tmp_path)
    assert "its frozen layers are done once" in setup.notices[-1]

    def broken(*args, **kwargs):
        raise RuntimeError("no such kernel\nand more")

    monkeypatch.setattr(fast, "pack_examples", broken)
    setup = prepare(deep(), train, held_out, arguments)
    assert setup.notices == ("--fast: the plain path is taken: no such kernel",)
    assert setup.model is setup.loaded.model


def test_packed_outputs_that_differ_are_not_used(deep, reviews, monkeypatch):
    monkeypatch.setattr(fast, "padding_before", lambda _: 1)
    arguments = training_arguments(**QUICK, fast=True)
    setup = prepare(deep(), reviews(16), reviews(8, "validation", seed=9), arguments)
    assert "packed and plain outputs differ by" in setup.notices[-1]
    assert not isinstance(setup.train, PackedExamples)


def test_a_compiler_that_fails_is_done_without(deep, reviews, monkeypatch):
    def failing(layer, **options):
        def call(*args, **kwargs):
            raise RuntimeError("no compiler found")

        module = torch.nn.Module()
        module.forward = call
        return module

    monkeypatch.setattr(fast, "_pays", lambda *_: True)
    monkeypatch.setattr(torch, "compile", failing)
    arguments = training_arguments(**QUICK, fast=True)
    setup = prepare(deep(), reviews(16), reviews(8, "validation", seed=9), arguments)
    assert setup.notices == ("--fast: not compiled: no compiler found",)
    assert isinstance(setup.train, PackedExamples)
    assert all(parameter.grad is None for parameter in setup.loaded.model.parameters())


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # PyTorch's compiler looks for it
def test_one_compiled_layer_stands_for_all(deep, reviews):
    loaded, graphs = still(deep, "bert"), []

    def counting(graph, inputs):
        graphs.append(graph)
        return graph.forward

    real = torch.compile
    arguments = training_arguments(**QUICK, fast=True)
    setup = prepare(loaded, reviews(16), reviews(8, "validation", seed=9), arguments)
    torch.compile = partial(real, backend=counting, fullgraph=True)
    try:
        compiled = PackedModel(loaded.model, compiled=True).train()
        for rows in (np.arange(3), np.arange(8), np.arange(5)):
            inputs, _ = setup.train.batch(rows, setup.device, 0)
            torch.testing.assert_close(
                compiled(**inputs).logits, setup.model.train()(**inputs).logits
            )
    finally:
        torch.compile = real
        torch.compiler.reset()
    assert len(graphs) <= 2  # at most one for the first shape and one for all others


@pytest.mark.filterwarnings("ignore:The .grad attribute")
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("kind", ["bert", "modernbert"])
def test_the_kernel_is_called_as_pytorch_declares_it(deep, kind, compiled, monkeypatch):
    """Shapes alone are computed, forward and backward: no GPU is needed for that."""
    dropping = {"bert": "attention_probs_dropout_prob", "modernbert": "attention_dropout"}[kind]
    model = deep(kind, **{dropping: 0.1}).model.to("meta")
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    packed = PackedModel(model, compiled=compiled).train()
    for tokens, texts in ((40, 3), (64, 5)):
        flat = torch.zeros(1, tokens, dtype=torch.long, device="meta")
        logits = packed(
            input_ids=flat,
            position_ids=flat,
            bounds=torch.zeros(texts + 2, dtype=torch.int32, device="meta"),
            firsts=torch.zeros(texts, dtype=torch.long, device="meta"),
            longest=128,
            varlen=True,
        ).logits
        assert logits.shape == (texts, 2)
        logits.sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    torch.compiler.reset()


def test_only_a_fast_run_has_another_identity():
    assert "fast" not in TrainingArguments().model_dump()
    assert TrainingArguments(fast=True).model_dump()["fast"] is True
    assert TrainingArguments(**TrainingArguments(fast=True).model_dump()).fast


def test_question_answering_and_decoders_are_not_packed(small):
    model = small().model
    assert why_not_packed(model) is None
    model.config.is_decoder = True
    assert "decoder" in why_not_packed(model)
    assert "not for BertModel" in why_not_packed(model.bert)


def test_rates_on_the_device_move_the_weights_as_plain_ones_do(deep, reviews, tmp_path):
    train, held_out = reviews(44), reviews(20, "validation", seed=9)
    plain, quick = setups(partial(still, deep, "bert"), train, held_out)
    make_recordable(quick.optimizer, torch.device("cpu"))
    (losses, _), (found, _) = (stepwise(setup, 5) for setup in (plain, quick))
    assert found == pytest.approx(losses, rel=2e-5)
    rates = [[float(g["lr"]) for g in s.optimizer.param_groups] for s in (plain, quick)]
    assert rates[1] == pytest.approx(rates[0], rel=1e-6)
    save_resume(tmp_path, quick.loaded.model, quick.optimizer, {"epoch": 1, "identity": "a"})
    assert load_resume(tmp_path, quick.loaded.model, quick.optimizer, "a")["epoch"] == 1
    assert all(isinstance(g["lr"], torch.Tensor) for g in quick.optimizer.param_groups)
    assert all(group["capturable"] for group in quick.optimizer.param_groups)


class OnHost(RecordedSteps):
    """Records steps where there is no GPU: a replay computes the step that was recorded."""

    def __init__(self, optimizer, *, failing=False):
        self.notices, self._device, self._optimizer = (), torch.device("cpu"), optimizer
        self._seen, self._recorded = Counter(), {}
        self.plain, self.failing = 0, failing

    def _plainly(self, learn, batch, weight):
        self.plain += 1
        return learn([batch], weight)

    def _record(self, learn, batch, weight):
        if self.failing:
            # Half of a step, as far as a recording gets that fails.
            for group in self._optimizer.param_groups:
                for parameter in group["params"]:
                    parameter.grad = torch.full_like(parameter, torch.nan)
            raise RuntimeError("operation not permitted when stream is capturing")
        loss = torch.zeros(())
        return Recorded(batch, weight, loss, lambda: loss.copy_(learn([batch], weight)))


@pytest.mark.parametrize("failing", [False, True])
def test_recorded_steps_are_the_same_steps(deep, reviews, failing):
    train, held_out = reviews(44), reviews(20, "validation", seed=9)
    plain, quick = setups(partial(still, deep, "bert"), train, held_out)
    quick.train = replace(quick.train, static=True)
    quick.recorded = OnHost(quick.optimizer, failing=failing)
    plain.arguments = quick.arguments = plain.arguments.model_copy(update={"epochs": 4})
    losses = []
    for setup in (plain, quick):
        setup.model.train()
        plan = plan_epoch(setup.train.lengths, 8, 1) * 4
        losses.append([float(loop.train_step(setup, r, i, 24)) for i, r in enumerate(plan)])
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    assert bool(quick.all_notices) is failing
    assert (quick.recorded.plain == 24) is failing
    if failing:
        assert "steps are not recorded: operation not permitted" in quick.all_notices[0]

import math

import pytest
import torch
from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    BertConfig,
    DistilBertConfig,
    ModernBertConfig,
    RobertaConfig,
)

from robustft.data.run_folder import RunFolder
from robustft.errors import DataError, ModelError, UsageError
from robustft.model.language_model import HiddenTokens, load_language_model
from robustft.training import loop
from robustft.training.pretraining import pretrain

QUICK = {"epochs": 3, "batch_size": 16, "max_length": 32, "learning_rate": 3e-3, "device": "cpu"}
SHAPE = {
    "vocab_size": 60, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 32, "max_position_embeddings": 40, "pad_token_id": 0,
}  # fmt: skip


def run(folder, **changes):
    settings = {"max_train": 300, "vocabulary": 200, "progress": False, **QUICK, **changes}
    return pretrain("demo", root=folder, **settings)


@pytest.mark.parametrize(
    "config",
    [
        BertConfig(**SHAPE),
        RobertaConfig(**SHAPE),
        DistilBertConfig(vocab_size=60, dim=16, n_layers=2, n_heads=2, hidden_dim=32),
        ModernBertConfig(**SHAPE, global_attn_every_n_layers=1, cls_token_id=1, sep_token_id=2),
    ],
    ids=lambda config: config.model_type,
)
def test_hidden_tokens_have_the_logits_that_the_whole_model_gives_them(config):
    torch.manual_seed(0)
    model = AutoModelForMaskedLM.from_config(config).eval()
    ids = torch.randint(3, 60, (3, 9))
    chosen = torch.rand(3, 9) < 0.3
    selected = chosen.flatten().nonzero()[:, 0]
    with torch.inference_mode():
        whole = model(input_ids=ids).logits
        some = HiddenTokens(model)(selected, input_ids=ids).logits
        assert torch.equal(model(input_ids=ids).logits, whole)
    assert some.shape == (len(selected), 60)
    torch.testing.assert_close(some, whole[chosen])


def test_perplexity_falls_every_epoch_and_the_model_can_be_fine_tuned(tmp_path):
    from robustft.training.experiment import train

    made = run(tmp_path)
    after = made.perplexities
    assert made.before > after[0] > after[1] > after[2] > 1
    # Before any step a model knows nothing: about as many choices as there are pieces.
    manifest = RunFolder.open(made.folder).manifest
    assert made.before == pytest.approx(manifest["counts"]["vocabulary"], rel=0.2)
    assert after[-1] == pytest.approx(math.exp(made.history[-1]["loss"]))
    assert AutoConfig.from_pretrained(made.folder / "checkpoints/best").vocab_size <= 200
    pair = train(
        "demo", made.folder / "checkpoints/best", root=tmp_path, max_train=64, epochs=1,
        max_length=32, progress=False,
    )  # fmt: skip
    assert RunFolder.open(pair.clean).manifest["validation"]["accuracy"] is not None


class _Stop(BaseException):
    """Stands for a signal that kills the process."""


def test_a_killed_run_ends_as_if_it_had_not_been(tmp_path, monkeypatch):
    whole = run(tmp_path / "whole", whole_words=True)
    real, calls = loop.train_step, 0

    def dying(*args):
        nonlocal calls
        calls += 1
        if calls == 50:
            raise _Stop
        return real(*args)

    monkeypatch.setattr(loop, "train_step", dying)
    with pytest.raises(_Stop):
        run(tmp_path / "killed", whole_words=True)
    monkeypatch.setattr(loop, "train_step", real)
    resumed = run(tmp_path / "killed", whole_words=True)
    assert resumed.history == whole.history
    assert resumed.before == whole.before
    weights = "checkpoints/best/model.safetensors"
    assert (resumed.folder / weights).read_bytes() == (whole.folder / weights).read_bytes()
    again = run(tmp_path / "killed", whole_words=True)
    assert again.reused
    assert again.folder == resumed.folder


def test_pretraining_goes_on_from_a_checkpoint_with_its_tokenizer(tmp_path):
    first = run(tmp_path)
    second = pretrain(
        "demo", first.folder / "checkpoints/best", root=tmp_path, max_train=300,
        progress=False, **{**QUICK, "learning_rate": 1e-3, "epochs": 1},
    )  # fmt: skip
    assert second.before == pytest.approx(first.perplexities[first.best_epoch - 1], rel=1e-3)
    assert second.perplexities[-1] < second.before


def test_settings_that_make_no_sense_are_refused(tmp_path):
    with pytest.raises(UsageError, match="mask rate: expected a share between 0 and 1, got 1"):
        run(tmp_path, mask_rate=1.0)
    with pytest.raises(UsageError, match="max mb: expected a size above 0"):
        run(tmp_path, max_mb=-1)
    with pytest.raises(DataError, match="expected at least 2 texts"):
        run(tmp_path, max_train=1)
    with pytest.raises(ModelError, match="a new one needs a model from scratch"):
        load_language_model("some-name", seed=0, texts=["a"], tokenizer="train")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tokenizer": "train"}, "tokenizer: expected keep, as the weights of some-name"),
        ({"vocabulary": 500}, "vocabulary: expected a tokenizer to train .* got 500 pieces"),
    ],
)
def test_a_tokenizer_that_cannot_be_had_is_refused_before_a_folder_is_made(
    given, message, tmp_path
):
    with pytest.raises(UsageError, match=message):
        pretrain(None, "some-name", root=tmp_path / "runs", progress=False, **given)
    assert not (tmp_path / "runs").exists()


def test_a_size_limit_takes_the_first_texts_of_the_same_order(tmp_path):
    from robustft.training.pretrain_plan import plan_pretraining

    small = plan_pretraining("demo", max_mb=0.005)
    large = plan_pretraining("demo", max_mb=0.02)
    taken = [*small.held_out, *small.train]
    assert [*large.held_out, *large.train][: len(taken)] == taken
    assert 0.005e6 <= sum(len(text.encode()) for text in taken) < 0.007e6

"""What a model with adapters leaves on disk, and what comes back from it."""

import json

import pytest
import torch
from peft import PeftModel
from safetensors import safe_open
from safetensors.torch import load_file
from transformers import AutoModel, AutoModelForSequenceClassification

from robustft.data.task import Task, TaskType
from robustft.model.adapters import AdapterSpec, attach_adapter, parse_adapter
from robustft.model.load import load_finetuned, load_model, seeded_torch
from robustft.training.checkpoint import save_model

REVIEWS = Task(label_names=("negative", "positive"))
AMOUNT = Task(type=TaskType.REGRESSION, label_column="deaths")
IDS = torch.tensor([[5, 6, 7, 8], [9, 10, 11, 12]])
PEFT = ("lora:2", "dora:2", "rslora:2", "ia3")


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


@pytest.fixture
def adapted(checkpoint):
    """A function that gives a loaded model of a kind with adapters far from their start."""

    def model(spec, kind="bert", task=REVIEWS):
        loaded = load_model(str(checkpoint(kind)), task=task, seed=0)
        loaded = attach_adapter(loaded, parse_adapter(spec), 0)
        shake(loaded.model)
        return loaded

    return model


@pytest.mark.parametrize("task", [REVIEWS, AMOUNT], ids=["classification", "regression"])
@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta", "modernbert"])
def test_houlsby_comes_back_to_the_bit_with_its_head(adapted, tmp_path, kind, task):
    loaded = adapted("houlsby:4", kind, task)
    before, output = state(loaded.model), predicted(loaded.model)
    save_model(loaded.model, loaded.tokenizer, tmp_path / "best")
    assert same(state(loaded.model), before)
    back = load_finetuned(tmp_path / "best", task=task)
    assert torch.equal(predicted(back.model), output)
    assert same(state(back.model), before)
    assert back.adapter == AdapterSpec("houlsby", 4)
    assert back.model.config.id2label == loaded.model.config.id2label


def test_a_folder_with_houlsby_adapters_says_so_and_stops_who_would_drop_them(adapted, tmp_path):
    loaded = adapted("houlsby:4")
    save_model(loaded.model, loaded.tokenizer, tmp_path / "best")
    names = {path.name for path in (tmp_path / "best").iterdir()}
    assert names == {
        "README.md", "adapter.json", "config.json", "model.houlsby.safetensors",
        "tokenizer.json", "tokenizer_config.json",
    }  # fmt: skip
    assert json.loads((tmp_path / "best/adapter.json").read_text())["kind"] == "houlsby"
    for plain in (AutoModel, AutoModelForSequenceClassification):
        with pytest.raises(OSError, match=r"no file named model\.safetensors"):
            plain.from_pretrained(tmp_path / "best")


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta"])
@pytest.mark.parametrize("spec", PEFT)
def test_low_rank_adapters_are_saved_merged_and_the_model_stays_as_it_is(
    adapted, tmp_path, kind, spec
):
    loaded = adapted(spec, kind)
    before, output = state(loaded.model), predicted(loaded.model)
    trained = [p.requires_grad for p in loaded.model.parameters()]
    save_model(loaded.model, loaded.tokenizer, tmp_path / "best")
    assert same(state(loaded.model), before)
    assert [p.requires_grad for p in loaded.model.parameters()] == trained
    assert torch.equal(predicted(loaded.model), output)
    plain = AutoModelForSequenceClassification.from_pretrained(tmp_path / "best")
    torch.testing.assert_close(predicted(plain), output, rtol=1e-4, atol=1e-5)
    back = load_finetuned(tmp_path / "best", task=REVIEWS)
    assert same(state(back.model), state(plain))
    assert back.adapter is None
    assert plain.config.id2label == {0: "negative", 1: "positive"}


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta"])
@pytest.mark.parametrize("spec", PEFT)
# What peft's wrapper, which we do not use, asks of transformers.
@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing.:FutureWarning")
def test_peft_reads_its_own_files_with_the_head(adapted, checkpoint, tmp_path, kind, spec):
    loaded = adapted(spec, kind)
    save_model(loaded.model, loaded.tokenizer, tmp_path / "best")
    base = load_model(str(checkpoint(kind)), task=REVIEWS, seed=99).model
    wrapped = PeftModel.from_pretrained(base, tmp_path / "best/adapter")
    assert torch.equal(predicted(wrapped), predicted(loaded.model))


def test_peft_files_are_small_and_name_no_folder(adapted, checkpoint, tmp_path):
    loaded = adapted("lora:2")
    folder = tmp_path / "best"
    save_model(loaded.model, loaded.tokenizer, folder)
    assert {path.name for path in (folder / "adapter").iterdir()} == {
        "adapter_config.json", "adapter_model.safetensors",
    }  # fmt: skip
    text = "".join(path.read_text() for path in folder.rglob("*.json"))
    assert str(checkpoint()) not in text
    assert str(checkpoint().parent) not in text
    config = json.loads((folder / "adapter/adapter_config.json").read_text())
    assert config["target_modules"] == ["query", "value"]
    assert config["modules_to_save"] == ["bert.pooler", "classifier"]
    assert config["base_model_name_or_path"] is None
    assert len(load_file(folder / "adapter/adapter_model.safetensors")) == 2 * 2 * 2 + 4
    with safe_open(folder / "model.safetensors", "pt") as file:
        assert not any("lora" in name or "base_layer" in name for name in file.keys())  # noqa: SIM118


def test_the_same_model_is_written_to_the_same_bytes(adapted, tmp_path):
    for folder in ("a", "b"):
        loaded = adapted("lora:2")
        save_model(loaded.model, loaded.tokenizer, tmp_path / folder)
    for path in sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*")):
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes()

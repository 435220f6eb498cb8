import json
import logging

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers.utils import logging as transformers_logging

from robustft.data.task import Task, TaskType
from robustft.errors import HubError, ModelError
from robustft.model.adapters import adapter_weights, attach_adapter, parse_adapter
from robustft.model.load import load_finetuned, load_model, position_limit
from robustft.training.checkpoint import save_model

REVIEWS = Task(label_names=("negative", "positive"))
AMOUNT = Task(type=TaskType.REGRESSION, label_column="deaths")
TEXTS = ["a fine film", "a poor film", "a film"]


def weights(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


HEADS = {
    "bert": ("classifier.bias", "classifier.weight"),
    "distilbert": (
        "classifier.bias", "classifier.weight", "pre_classifier.bias", "pre_classifier.weight",
    ),
    "roberta": (
        "classifier.dense.bias", "classifier.dense.weight",
        "classifier.out_proj.bias", "classifier.out_proj.weight",
    ),
    "modernbert": (
        "classifier.bias", "classifier.weight", "head.dense.weight", "head.norm.weight",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", HEADS)
def test_any_encoder_gets_a_head_for_the_task_and_names_its_new_weights(checkpoint, kind, capfd):
    folder = str(checkpoint(kind))
    capfd.readouterr()
    loaded = load_model(folder, task=REVIEWS, seed=0)
    assert loaded.new_weights == HEADS[kind]
    assert ", ".join(HEADS[kind]) in loaded.notices[0]
    config = loaded.model.config
    assert (config.num_labels, config.id2label) == (2, {0: "negative", 1: "positive"})
    assert config.label2id == {"negative": 0, "positive": 1}
    assert config.problem_type == "single_label_classification"
    assert loaded.model.dtype == torch.float32
    assert loaded.label_order == (0, 1)
    assert capfd.readouterr() == ("", "")


def test_new_weights_come_from_the_seed_alone(checkpoint):
    folder = str(checkpoint())
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first = weights(load_model(folder, task=REVIEWS, seed=3).model)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(99)
    assert same(weights(load_model(folder, task=REVIEWS, seed=3).model), first)
    assert not same(weights(load_model(folder, task=REVIEWS, seed=4).model), first)


def test_half_precision_weights_are_trained_in_full(checkpoint, tmp_path):
    model = load_model(str(checkpoint()), task=REVIEWS, seed=0)
    model.model.half().save_pretrained(tmp_path)
    model.tokenizer.save_pretrained(tmp_path)
    assert load_model(str(tmp_path), task=REVIEWS, seed=0).model.dtype == torch.float32


def test_a_head_of_another_size_is_replaced_and_said(finetuned):
    loaded = load_model(str(finetuned(("a", "b", "c"))), task=REVIEWS, seed=0)
    assert loaded.new_weights == ("classifier.bias", "classifier.weight")
    assert loaded.model.classifier.out_features == 2


def test_regression_has_one_output(checkpoint):
    model = load_model(str(checkpoint()), task=AMOUNT, seed=0).model
    assert (model.config.num_labels, model.config.problem_type) == (1, "regression")
    assert model.config.id2label == {0: "deaths"}


def test_tiny_is_made_from_the_training_texts_and_the_seed():
    one = load_model("tiny", task=REVIEWS, seed=0, train_texts=TEXTS)
    two = load_model("tiny", task=REVIEWS, seed=0, train_texts=TEXTS)
    other = load_model("tiny", task=REVIEWS, seed=1, train_texts=TEXTS)
    assert one.from_scratch
    assert one.tokenizer.get_vocab() == two.tokenizer.get_vocab() == other.tokenizer.get_vocab()
    assert same(weights(one.model), weights(two.model))
    assert not same(weights(one.model), weights(other.model))
    assert one.tokenizer.tokenize("A FILM") == ["a", "film"]
    assert one.max_positions == 512


def test_tiny_needs_texts():
    with pytest.raises(ModelError, match="tiny: expected training texts with words"):
        load_model("tiny", task=REVIEWS, seed=0, train_texts=["", " "])


@pytest.mark.parametrize(("kind", "limit"), [("bert", 40), ("distilbert", 40), ("roberta", 38)])
def test_positions_that_padding_takes_are_not_counted(checkpoint, kind, limit):
    loaded = load_model(str(checkpoint(kind)), task=REVIEWS, seed=0)
    assert loaded.max_positions == limit
    ids = torch.full((1, limit), 7)
    assert loaded.model(input_ids=ids).logits.shape == (1, 2)
    loaded.tokenizer.model_max_length = 30
    assert position_limit(loaded.model, loaded.tokenizer) == 30


def test_a_finetuned_model_tells_which_output_is_which_label(finetuned):
    loaded = load_finetuned(finetuned(("POSITIVE", "NEGATIVE")), task=REVIEWS)
    assert loaded.label_order == (1, 0)
    assert loaded.new_weights == ()


def test_labels_of_another_task_are_refused(finetuned):
    path = finetuned(("sports", "politics"))
    with pytest.raises(ModelError, match=r"\(negative, positive\), got sports, politics"):
        load_finetuned(path, task=REVIEWS)


def test_a_model_for_another_type_of_task_is_refused(finetuned):
    path = finetuned(("a", "b"))
    with pytest.raises(
        ModelError, match=r"for regression, got one for classification \(2 outputs\)"
    ):
        load_finetuned(path, task=AMOUNT)
    with pytest.raises(
        ModelError, match=r"for classification, got one for regression \(1 output\)"
    ):
        load_finetuned(finetuned(("score",), problem_type="regression"), task=REVIEWS)


def test_an_encoder_without_a_head_cannot_be_evaluated(checkpoint):
    with pytest.raises(ModelError, match=r"got weights without classifier.bias.*robustft train"):
        load_finetuned(checkpoint(), task=REVIEWS)


def test_a_name_that_cannot_be_had_says_what_works_without_a_hub():
    with pytest.raises(HubError) as refused:
        load_model("distilbert-base-uncased", task=REVIEWS, seed=0)
    message = str(refused.value)
    assert message.startswith("distilbert-base-uncased: expected a model from the hub")
    assert "got no connection" in message
    assert "--model tiny" in message
    assert "local folder" in message


@pytest.mark.parametrize("name", ["./nothing", "no/such/folder", "~/nothing/here/"])
def test_a_path_without_a_folder_is_no_hub_name(name):
    with pytest.raises(ModelError, match="expected a model folder, got no such folder"):
        load_model(name, task=REVIEWS, seed=0)


def test_folders_that_hold_no_model_are_refused(tmp_path, checkpoint):
    with pytest.raises(ModelError, match=r"got a folder without config.json"):
        load_model(str(tmp_path), task=REVIEWS, seed=0)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="expected a folder with a sequence classifier, got:"):
        load_model(str(tmp_path), task=REVIEWS, seed=0)
    (tmp_path / "config.json").write_bytes((checkpoint() / "config.json").read_bytes())
    with pytest.raises(ModelError, match=r"got: .*model\.safetensors"):
        load_model(str(tmp_path), task=REVIEWS, seed=0)
    with pytest.raises(ModelError, match="expected a model folder, got a file"):
        load_model(str(tmp_path / "config.json"), task=REVIEWS, seed=0)


def test_a_model_without_its_tokenizer_is_refused(tmp_path, checkpoint):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((checkpoint() / name).read_bytes())
    with pytest.raises(ModelError, match="expected a tokenizer beside the model"):
        load_model(str(tmp_path), task=REVIEWS, seed=0)


def test_a_tokenizer_with_more_pieces_than_the_model_is_refused(tmp_path, checkpoint):
    for path in checkpoint().iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    tokenizer = json.loads((tmp_path / "tokenizer.json").read_text())
    vocabulary = tokenizer["model"]["vocab"]
    vocabulary |= {f"more{i}": len(vocabulary) + i for i in range(3)}
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(ModelError, match="do the two belong together"):
        load_model(str(tmp_path), task=REVIEWS, seed=0)


def test_training_needs_two_classes(checkpoint):
    with pytest.raises(ModelError, match="at least two classes, got only"):
        load_model(str(checkpoint()), task=Task(label_names=("only",)), seed=0)


def test_transformers_talks_again_afterwards(checkpoint):
    level = transformers_logging.get_verbosity()
    bars = transformers_logging.is_progress_bar_enabled()
    load_model(str(checkpoint()), task=REVIEWS, seed=0)
    assert transformers_logging.get_verbosity() == level
    assert level < logging.ERROR
    assert transformers_logging.is_progress_bar_enabled() == bars


@pytest.fixture
def with_adapters(checkpoint, tmp_path):
    """The folder of a classifier with Houlsby adapters far from their start."""
    loaded = load_model(str(checkpoint()), task=REVIEWS, seed=0)
    loaded = attach_adapter(loaded, parse_adapter("houlsby:4"), 0)
    with torch.no_grad():
        for name in adapter_weights(loaded.model):
            loaded.model.get_parameter(name).add_(0.25)
    save_model(loaded.model, loaded.tokenizer, tmp_path / "adapted")
    return tmp_path / "adapted"


def test_training_goes_on_from_adapters_that_are_there(with_adapters):
    loaded = load_model(str(with_adapters), task=REVIEWS, seed=5)
    assert str(loaded.adapter) == "houlsby:4"
    assert loaded.new_weights == ()
    saved = load_finetuned(with_adapters, task=REVIEWS).model
    assert same(weights(loaded.model), weights(saved))
    trained = {name for name, p in loaded.model.named_parameters() if p.requires_grad}
    assert set(adapter_weights(loaded.model)) < trained
    assert not loaded.model.bert.encoder.layer[0].output.dense.weight.requires_grad
    assert loaded.model.classifier.weight.requires_grad


def test_adapters_stay_when_the_head_is_replaced(with_adapters):
    three = Task(label_names=("a", "b", "c"))
    loaded = load_model(str(with_adapters), task=three, seed=0)
    assert loaded.new_weights == ("classifier.bias", "classifier.weight")
    saved = load_finetuned(with_adapters, task=REVIEWS).model
    for name in adapter_weights(saved):
        assert torch.equal(loaded.model.get_parameter(name), saved.get_parameter(name))


def test_models_without_adapters_have_none(checkpoint, finetuned):
    assert load_model(str(checkpoint()), task=REVIEWS, seed=0).adapter is None
    assert load_finetuned(finetuned(("negative", "positive")), task=REVIEWS).adapter is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "expected an adapter.json of kind and size, got: "),
        ('{"kind": "houlsby"}', "expected an adapter.json of kind and size, got: 'size'"),
        ("[]", "expected an adapter.json of kind and size, got: "),
        ('{"kind": "prefix", "size": 4}', "expected kind houlsby and a size of at least 1"),
        ('{"kind": "houlsby", "size": 0}', "got 'houlsby' and 0"),
        (
            '{"kind": "houlsby", "size": 5}',
            r"of shape \(5, 16\), as adapter.json says, got \(4, 16",
        ),
    ],
)
def test_a_note_that_does_not_fit_the_weights_is_refused(with_adapters, text, said):
    (with_adapters / "adapter.json").write_text(text)
    with pytest.raises(ModelError, match=said):
        load_finetuned(with_adapters, task=REVIEWS)


def test_a_file_that_lacks_an_adapter_is_refused(with_adapters):
    path = with_adapters / "model.houlsby.safetensors"
    held = load_file(path)
    del held["bert.encoder.layer.1.output.dense.adapter.up.bias"]
    save_file(held, path, metadata={"format": "pt"})
    with pytest.raises(
        ModelError, match=r"expected adapters of houlsby:4, got: .*adapter\.up\.bias"
    ):
        load_finetuned(with_adapters, task=REVIEWS)


def test_adapters_without_their_note_are_not_dropped(with_adapters):
    (with_adapters / "adapter.json").unlink()
    with pytest.raises(ModelError, match=r"no file named model\.safetensors"):
        load_finetuned(with_adapters, task=REVIEWS)


QUESTIONS = Task(
    type=TaskType.QUESTION_ANSWERING,
    text_column="question",
    pair_column="context",
    label_column="answers",
)


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta"])
def test_question_answering_scores_two_ends_of_a_span(checkpoint, kind, tmp_path):
    loaded = load_model(str(checkpoint(kind)), task=QUESTIONS, seed=0)
    assert loaded.new_weights == ("qa_outputs.bias", "qa_outputs.weight")
    output = loaded.model(input_ids=torch.tensor([[5, 6, 7]]))
    assert output.start_logits.shape == output.end_logits.shape == (1, 3)
    save_model(loaded.model, loaded.tokenizer, tmp_path / "best")
    back = load_finetuned(tmp_path / "best", task=QUESTIONS)
    assert same(weights(back.model), weights(loaded.model))
    with pytest.raises(ModelError, match="expected a sequence classifier, fine-tuned"):
        load_finetuned(tmp_path / "best", task=REVIEWS)


def test_a_span_has_two_ends_whatever_the_checkpoint_was_for(finetuned):
    path = finetuned(("a", "b", "c"))
    model = load_model(str(path), task=QUESTIONS, seed=0).model
    assert model.qa_outputs.out_features == 2
    with pytest.raises(ModelError, match="for question answering, fine-tuned, got weights without"):
        load_finetuned(path, task=QUESTIONS)


@pytest.mark.parametrize("spec", ["houlsby:4", "lora:2"])
def test_adapters_answer_questions_too(checkpoint, spec, tmp_path):
    loaded = load_model(str(checkpoint()), task=QUESTIONS, seed=0)
    loaded = attach_adapter(loaded, parse_adapter(spec), 0)
    assert loaded.model.qa_outputs.weight.requires_grad
    assert not loaded.model.bert.embeddings.word_embeddings.weight.requires_grad
    save_model(loaded.model, loaded.tokenizer, tmp_path / "best")
    back = load_finetuned(tmp_path / "best", task=QUESTIONS).model
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        wanted = loaded.model.eval()(input_ids=ids).start_logits
        torch.testing.assert_close(back(input_ids=ids).start_logits, wanted)

"""Small checkpoints with random weights, written as transformers writes real ones."""

import json

import pytest
import torch
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    BertModel,
    BertTokenizer,
    DistilBertConfig,
    DistilBertModel,
    ModernBertConfig,
    ModernBertModel,
    RobertaConfig,
    RobertaModel,
)

from robustft.model.load import seeded_torch
from robustft.model.wordpiece import count_words, train_vocabulary

TEXTS = [
    f"the {thing} was {how}"
    for thing in ("film", "meal", "hotel", "concert")
    for how in ("superb", "lovely", "dreadful", "tedious")
]
PADDING = {"bert": 0, "distilbert": 0, "roberta": 1, "modernbert": 0}


def base_model(kind, vocabulary):
    small = {"vocab_size": vocabulary, "pad_token_id": PADDING[kind]}
    wide = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    if kind == "distilbert":
        return DistilBertModel(
            DistilBertConfig(
                dim=16, n_layers=2, n_heads=2, hidden_dim=32, max_position_embeddings=40, **small
            )
        )
    if kind == "modernbert":
        config = ModernBertConfig(
            intermediate_size=32, max_position_embeddings=40, cls_token_id=2, sep_token_id=3,
            bos_token_id=2, eos_token_id=3, **wide, **small,
        )  # fmt: skip
        return ModernBertModel(config)
    classes = {"bert": (BertConfig, BertModel), "roberta": (RobertaConfig, RobertaModel)}
    make_config, make_model = classes[kind]
    return make_model(
        make_config(intermediate_size=32, max_position_embeddings=40, **wide, **small)
    )


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """A function that gives the folder of a pretrained encoder of a kind, without a head."""
    made = {}

    def folder(kind="bert"):
        if kind not in made:
            path = tmp_path_factory.mktemp(kind)
            pieces = train_vocabulary(count_words(TEXTS), 120)
            pieces.remove("[PAD]")
            pieces.insert(PADDING[kind], "[PAD]")
            tokenizer = BertTokenizer(
                vocab={piece: index for index, piece in enumerate(pieces)}, model_max_length=512
            )
            with seeded_torch(1):
                base_model(kind, len(pieces)).save_pretrained(path)
            tokenizer.save_pretrained(path)
            made[kind] = path
        return made[kind]

    return folder


@pytest.fixture
def finetuned(checkpoint, tmp_path):
    """A function that gives the folder of a classifier with outputs of these names."""

    def folder(names, **fields):
        labels = {
            "id2label": dict(enumerate(names)),
            "label2id": {n: i for i, n in enumerate(names)},
        }
        with seeded_torch(2):
            model = AutoModelForSequenceClassification.from_pretrained(
                checkpoint(), num_labels=len(names), dtype=torch.float32, **labels, **fields
            )
        path = tmp_path / "finetuned"
        model.save_pretrained(path)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            (path / name).write_bytes((checkpoint() / name).read_bytes())
        assert json.loads((path / "config.json").read_text())["id2label"]
        return path

    return folder

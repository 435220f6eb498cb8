"""Small data that can be learned, and small models to learn it."""

import pyarrow as pa
import pytest
import torch
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    BertTokenizer,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    MPNetConfig,
    RobertaConfig,
)

from robustft.data.split import Split
from robustft.data.task import Task, TaskType
from robustft.model.load import LoadedModel, seeded_torch
from robustft.model.wordpiece import count_words, train_vocabulary
from robustft.seeding import Draw, fold_in

REVIEWS = Task(label_names=("negative", "positive"))
AMOUNT = Task(type=TaskType.REGRESSION, label_column="target")
PRAISE, BLAME = ("superb", "lovely", "gripping"), ("dreadful", "tedious", "shabby")
FILLER = (
    "the",
    "film",
    "we",
    "saw",
    "in",
    "town",
    "last",
    "week",
    "was",
    "long",
    "with",
    "friends",
)


def review(number, seed=0):
    """Return a text of 3 to 40 words whose one telling word decides its label."""
    draw = Draw(fold_in(seed, "review", number))
    label = number % 2
    words = [draw.choice(FILLER) for _ in range(2 + draw.integers(38))]
    words.insert(draw.integers(len(words)), draw.choice(PRAISE if label else BLAME))
    return f"{' '.join(words)} {number}", label


@pytest.fixture(scope="session")
def reviews():
    """A function that gives a split of so many reviews, or of targets to regress on."""

    def split(n, name="train", *, task=REVIEWS, seed=0):
        texts, labels = zip(*(review(i, seed) for i in range(n)), strict=True)
        columns = {"id": [f"{name}-{i}" for i in range(n)], "text": list(texts)}
        if task.type is TaskType.REGRESSION:
            columns["target"] = [2.0 * label - 1.0 for label in labels]
        else:
            columns["label"] = [task.label_names[label] for label in labels]
        return Split(name, pa.table(columns), task)

    return split


@pytest.fixture(scope="session")
def tokenizer():
    """A WordPiece tokenizer of the reviews' words; padding has id 1, as in RoBERTa."""
    pieces = train_vocabulary(count_words(review(i)[0] for i in range(200)), 150)
    pieces.insert(1, pieces.pop(0))
    return BertTokenizer(vocab={p: i for i, p in enumerate(pieces)}, model_max_length=64)


@pytest.fixture(scope="session")
def small(tokenizer):
    """A function that gives a new small classifier of a kind, its weights from a seed."""

    def model(kind="bert", *, task=REVIEWS, seed=0, **changes):
        shape = {"vocab_size": len(tokenizer), "pad_token_id": 1, "num_labels": task.num_labels}
        if task.label_names:
            shape["id2label"] = dict(enumerate(task.label_names))
        wide = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
        wide |= {"intermediate_size": 32, "max_position_embeddings": 66, "initializer_range": 0.1}
        if kind == "distilbert":
            wide = {"dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 32}
            wide |= {"initializer_range": 0.1, "max_position_embeddings": 66}
            config = DistilBertConfig(**shape, **(wide | changes))
        elif kind == "modernbert":
            ends = {"cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3}
            config = ModernBertConfig(**shape, **ends, **(wide | changes))
        else:
            make = {
                "bert": BertConfig,
                "electra": ElectraConfig,
                "mpnet": MPNetConfig,
                "roberta": RobertaConfig,
            }[kind]
            config = make(**shape, **(wide | changes))
        with seeded_torch(seed):
            made = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32)
        return LoadedModel(made, tokenizer, kind, task, from_scratch=True)

    return model


@pytest.fixture(scope="session")
def deep(small):
    """A function that gives a model of `small` with three layers."""

    def model(kind="bert", **changes):
        depth = "n_layers" if kind == "distilbert" else "num_hidden_layers"
        return small(kind, **{depth: 3}, **changes)

    return model


@pytest.fixture(autouse=True)
def _one_thread():
    """Small models gain nothing from more, and a shared machine loses much."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)

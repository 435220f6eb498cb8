"""Texts of real lengths and models of real shapes, with nothing real in them.

The lengths are those of two corpora, as tables of 41 quantiles (tokens of BERT's uncased WordPiece,
special ones included, cut at 512): 2,064 reports of conflicts and the 22,348 training reviews of
IMDB that are not repeated. The words are made of letters, one token each; a telling one among them
decides the label, so that training has something to learn.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from robustft.data.split import Split
from robustft.data.task import Task
from robustft.model.load import LoadedModel, seeded_torch

__all__ = ["QUANTILES", "corpus", "make_model"]

QUANTILES = {
    "reports": (
        25, 53, 64, 73, 79, 86, 92, 98, 104, 114, 120, 126, 133, 141, 147, 155, 164, 173, 180, 189,
        199, 208, 218, 230, 244, 255, 270, 285, 302, 320, 337, 364, 390, 420, 450, 494, 512, 512,
        512, 512, 512,
    ),
    "reviews": (
        13, 69, 86, 105, 125, 141, 149, 154, 159, 164, 169, 174, 180, 186, 191, 198, 205, 213, 221,
        229, 239, 249, 261, 273, 286, 301, 318, 336, 356, 379, 405, 432, 462, 497, 512, 512, 512,
        512, 512, 512, 512,
    ),
}  # fmt: skip
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
TASK = Task(label_names=("negative", "positive"))
# Words that tell the label; one in ten texts has the wrong one, so that nothing is certain.
TELLING = 20
WRONG = 0.1


def word(number: int) -> str:
    """Return a word of letters for a number from 0."""
    letters = ""
    for _ in range(4):
        number, letter = divmod(number, 26)
        letters += chr(ord("a") + letter)
    return letters


def lengths_of(name: str, rows: int, longest: int) -> Any:
    """Return the tokens of `rows` texts, evenly over the quantiles, in shuffled order."""
    at = (np.arange(rows) + 0.5) / rows
    table = QUANTILES[name]
    lengths = np.interp(at, np.linspace(0, 1, len(table)), table).round().astype(int)
    return np.random.default_rng(0).permutation(np.minimum(lengths, longest))


def corpus(
    name: str, rows: int, *, words: int, longest: int = 512, seed: int = 0, split: str = "train"
) -> Split:
    """Return texts with the lengths of a corpus; `words` is how many different ones there are."""
    draw = np.random.default_rng(seed)
    made = np.array([word(number) for number in range(words)])
    labels = draw.integers(0, 2, rows)
    shown = np.where(draw.random(rows) < WRONG, 1 - labels, labels)
    texts = []
    for length, label in zip(lengths_of(name, rows, longest), shown, strict=True):
        text = made[draw.integers(2 * TELLING, words, max(int(length) - 2, 1))]
        text[draw.integers(len(text))] = made[label * TELLING + draw.integers(TELLING)]
        texts.append(" ".join(text))
    columns = {
        "id": [f"{split}-{number}" for number in range(rows)],
        "text": texts,
        "label": [TASK.label_names[label] for label in labels],
    }
    return Split(split, pa.table(columns), TASK)


def make_model(shape: str, *, small: bool) -> LoadedModel:
    """Return a classifier with random weights: the shape of BERT-base or DistilBERT, or a toy."""
    from transformers import (
        AutoModelForSequenceClassification,
        BertConfig,
        BertTokenizer,
        DistilBertConfig,
    )

    size = 400 if small else 30_522
    pieces = [*SPECIAL, *(word(number) for number in range(size - len(SPECIAL)))]
    tokenizer = BertTokenizer(
        vocab={piece: number for number, piece in enumerate(pieces)}, model_max_length=512
    )
    config: Any
    if shape == "bert":
        wide = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
        wide |= {"intermediate_size": 64}
        config = BertConfig(vocab_size=size, **(wide if small else {}))
    else:
        wide = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}
        config = DistilBertConfig(vocab_size=size, **(wide if small else {}))
    config.id2label = dict(enumerate(TASK.label_names))
    config.label2id = {name: code for code, name in enumerate(TASK.label_names)}
    with seeded_torch(0):
        model = AutoModelForSequenceClassification.from_config(config)
    return LoadedModel(model, tokenizer, f"{shape}, random weights", TASK, label_order=(0, 1))

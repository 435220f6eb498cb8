"""Texts and models for benchmarks: the real ones where they are named, else generated ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from robustft.data.dataset import load_dataset, sample
from robustft.data.split import Split
from robustft.seeding import Draw, fold_in

__all__ = ["generated_reviews", "named_model", "random_model", "reviews", "sentences"]

# The lengths of film reviews: log-normal, in words.
MEDIAN_WORDS, SPREAD = 170, 0.6


def generated_reviews(rows: int, *, median: float = MEDIAN_WORDS, seed: int = 0) -> Split:
    """Join demo reviews to the lengths of film reviews; labels alternate."""
    demo = load_dataset("demo").train
    draw = Draw(fold_in(seed, "lengths"))
    lengths = np.random.default_rng(seed).lognormal(np.log(median), SPREAD, rows)
    texts = []
    for words in lengths:
        text = ""
        while text.count(" ") < words:
            text += demo.texts[draw.integers(len(demo))] + " "
        texts.append(" ".join(text.split()[: max(int(words), 1)]))
    labels = demo.labels
    assert labels is not None
    kinds = [[i for i, code in enumerate(labels) if code == kind] for kind in (0, 1)]
    order = [kinds[i % 2][(i // 2) % len(kinds[i % 2])] for i in range(rows)]
    return demo.take(order).with_columns({"text": texts})


def reviews(imdb: str | None, rows: int, *, split: str = "test") -> tuple[str, list[str]]:
    """Return the name of the corpus and its reviews: drawn from IMDB, or generated."""
    if imdb is None:
        return "generated reviews", list(generated_reviews(rows).texts)
    data = load_dataset(imdb)[split]
    return "IMDB", list(sample(data, min(rows, len(data)), seed=0).texts)


def sentences(sst2: str) -> list[str]:
    """Return the sentences of SST-2's validation and test."""
    data = load_dataset(sst2, keep_unlabelled=True)
    return [text for name in ("validation", "test") for text in data.splits[name].texts]


def named_model(path: str) -> Path:
    """Return the folder of a model: the one that is named, or the best of a run that is named."""
    best = Path(path) / "checkpoints" / "best"
    return best if best.is_dir() else Path(path)


def random_model(train: Split, *, small: bool) -> Any:
    """Return a classifier with random weights: MiniLM's shape (6 layers of 384), or a toy."""
    from transformers import AutoModelForSequenceClassification, BertConfig

    from robustft.model.load import LoadedModel, seeded_torch
    from robustft.model.tiny import tiny_tokenizer

    tokenizer = tiny_tokenizer(train.texts)
    wide, layers = (64, 2) if small else (384, 6)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=wide, intermediate_size=4 * wide,
        num_hidden_layers=layers, num_attention_heads=wide // 32, num_labels=train.task.num_labels,
    )  # fmt: skip
    with seeded_torch(0):
        model = AutoModelForSequenceClassification.from_config(config)
    return LoadedModel(model, tokenizer, "random weights", train.task)

"""Shapes of models that everybody names, for counting their parameters without a network.

Each is what the model's ``config.json`` on the hub says (vocabulary, positions, widths, depths);
what is not given here is the default of its architecture in transformers. Nothing here is enough
to train with: weights and tokenizer still come from the hub.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["KNOWN_SHAPES", "KnownShape", "known_shape"]


@dataclass(frozen=True)
class KnownShape:
    """The configuration of a published model: its type and the fields that decide its size."""

    model_type: str
    fields: dict[str, int]
    source: str

    def arguments(self) -> dict[str, Any]:
        """Return the fields as keyword arguments of the configuration's class."""
        return dict(self.fields)


def _bert(vocabulary: int, source: str, *, large: bool = False) -> KnownShape:
    width, layers, heads = (1024, 24, 16) if large else (768, 12, 12)
    fields = {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": 4 * width,
        "max_position_embeddings": 512,
        "type_vocab_size": 2,
    }
    return KnownShape("bert", fields, source)


_DEVLIN = "Devlin et al. 2019, https://huggingface.co/google-bert"

KNOWN_SHAPES: dict[str, KnownShape] = {
    "bert-base-uncased": _bert(30_522, _DEVLIN),
    "bert-base-cased": _bert(28_996, _DEVLIN),
    "bert-large-uncased": _bert(30_522, _DEVLIN, large=True),
    "distilbert-base-uncased": KnownShape(
        "distilbert",
        {
            "vocab_size": 30_522,
            "dim": 768,
            "n_layers": 6,
            "n_heads": 12,
            "hidden_dim": 3072,
            "max_position_embeddings": 512,
        },
        "Sanh et al. 2019, https://huggingface.co/distilbert",
    ),
    "roberta-base": KnownShape(
        "roberta",
        {
            "vocab_size": 50_265,
            "hidden_size": 768,
            "num_hidden_layers": 12,
            "num_attention_heads": 12,
            "intermediate_size": 3072,
            "max_position_embeddings": 514,
            "type_vocab_size": 1,
        },
        "Liu et al. 2019, https://huggingface.co/FacebookAI",
    ),
    # bert-base with a vocabulary of its own.
    "snowood1/ConfliBERT-scr-uncased": _bert(
        30_000, "Hu et al. 2022, https://huggingface.co/snowood1"
    ),
}

# Where the hub keeps models that older code calls by a bare name, and a copy of ConfliBERT.
_OWNERS = ("google-bert/", "distilbert/", "FacebookAI/")
_ALIASES = {"eventdata-utd/ConfliBERT-scr-uncased": "snowood1/ConfliBERT-scr-uncased"}


def known_shape(name: str) -> KnownShape | None:
    """Return the shape of the model called `name`, with its owner or without; None if unknown."""
    for owner in _OWNERS:
        name = name.removeprefix(owner)
    return KNOWN_SHAPES.get(_ALIASES.get(name, name))

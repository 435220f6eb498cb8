"""``tiny``: a small BERT made on the spot, so that nothing has to be downloaded.

Two layers of 128 units over a WordPiece vocabulary trained on the training texts, with random
weights. It learns to read the built-in demo data in a minute on a laptop; it knows no English
beyond that, so judge methods by it, never models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from transformers import BertConfig, BertTokenizer

from robustft.errors import ModelError
from robustft.model.wordpiece import SPECIAL_TOKENS, count_words, train_vocabulary

__all__ = ["TINY", "tiny_config", "tiny_tokenizer"]

TINY = "tiny"
_VOCABULARY = 4_000
_POSITIONS = 512


def tiny_tokenizer(texts: Sequence[str], *, vocabulary: int = _VOCABULARY) -> BertTokenizer:
    """Return an uncased WordPiece tokenizer trained on `texts`: same texts, same pieces.

    Raises
    ------
    ModelError
        The texts hold no word to learn from.
    """
    words = count_words(texts)
    if not words:
        raise ModelError("tiny: expected training texts with words in them, got none")
    pieces = train_vocabulary(words, vocabulary)
    return BertTokenizer(
        vocab={piece: index for index, piece in enumerate(pieces)},
        do_lower_case=True,
        model_max_length=_POSITIONS,
    )


def tiny_config(vocabulary: int, **labels: Any) -> BertConfig:
    """Return the shape of ``tiny``; `labels` are the fields that name its outputs."""
    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=256,
        max_position_embeddings=_POSITIONS,
        pad_token_id=SPECIAL_TOKENS.index("[PAD]"),
        **labels,
    )

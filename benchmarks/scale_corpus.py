"""A corpus of any size made of real reviews: the first sentences of one, the last of another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["make_corpus"]

_END = re.compile(r"(?<=[.!?])\s+")
# The share of the rows that are a review as it is, so that the corpus has copies.
_WHOLE = 0.05


def make_corpus(
    texts: Sequence[str], labels: Sequence[int], folder: Path, *, rows: int, shards: int, seed: int
) -> int:
    """Write `rows` reviews to `shards` parquet files and return their characters.

    Lengths are those of the reviews: the head of one up to some share of its sentences, and the
    tail of another from the same share on. A shard does not depend on the others.
    """
    sentences = [_END.split(text) for text in texts]
    folder.mkdir(parents=True, exist_ok=True)
    characters = 0
    for shard in range(shards):
        count = rows // shards + (shard < rows % shards)
        path = folder / f"reviews-{shard:05d}-of-{shards:05d}.parquet"
        rng = np.random.default_rng((seed, shard))
        heads, tails = rng.integers(len(texts), size=(2, count)).tolist()
        shares, whole = rng.random(count).tolist(), (rng.random(count) < _WHOLE).tolist()
        made = [
            texts[a] if as_is else " ".join(_head(sentences[a], u) + _tail(sentences[b], u))
            for a, b, u, as_is in zip(heads, tails, shares, whole, strict=True)
        ]
        characters += sum(map(len, made))
        table = pa.table({"text": made, "label": [labels[a] for a in heads]})
        pq.write_table(table, path, compression="zstd")
    return characters


def _head(sentences: Sequence[str], share: float) -> list[str]:
    return list(sentences[: max(1, round(share * len(sentences)))])


def _tail(sentences: Sequence[str], share: float) -> list[str]:
    return list(sentences[round(share * len(sentences)) :])

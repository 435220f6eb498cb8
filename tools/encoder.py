"""Sentence embeddings by a local encoder, kept on disk between runs: what `score_synonyms` needs.

Mean pooling over the tokens of the last layer, unit length (Reimers and Gurevych, 2019,
*Sentence-BERT*, EMNLP). Needs torch and transformers.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Encoder"]

BATCH = 128
Vectors = npt.NDArray[np.float32]


class Encoder:
    """A sentence encoder and what it has embedded so far.

    Parameters
    ----------
    folder
        A BERT-like model saved by transformers, such as all-MiniLM-L6-v2.
    cache
        A file to keep the embeddings in, by a hash of their text; it is made where there is none.
    """

    def __init__(self, folder: Path, cache: Path | None = None) -> None:
        self.folder, self.cache = folder, cache
        self._place: dict[bytes, int] = {}
        self._vectors = np.zeros((0, 0), np.float16)
        self._loaded: Any = None
        if cache and cache.is_file():
            with np.load(cache) as kept:
                self._vectors = kept["vectors"]
                self._place = {key.tobytes(): i for i, key in enumerate(kept["keys"])}

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, float32, shape ``(len(texts), width)``."""
        keys = [blake2b(text.encode(), digest_size=12).digest() for text in texts]
        missing = {k: t for k, t in zip(keys, texts, strict=True) if k not in self._place}
        if missing:
            self._add(list(missing), self._embed(list(missing.values())))
        return self._vectors[[self._place[key] for key in keys]].astype(np.float32)

    def _add(self, keys: list[bytes], vectors: Vectors) -> None:
        start = len(self._place)
        self._place.update((key, start + i) for i, key in enumerate(keys))
        new = vectors.astype(np.float16)
        self._vectors = np.concatenate([self._vectors, new]) if start else new
        if self.cache:
            rows = np.frombuffer(b"".join(self._place), np.uint8).reshape(-1, 12)
            part = self.cache.with_suffix(".part.npz")
            np.savez(part, keys=rows, vectors=self._vectors)
            part.replace(self.cache)

    def _embed(self, texts: list[str]) -> Vectors:
        import torch

        self._loaded = self._loaded or self._load()
        tokenizer, model = self._loaded
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        out = np.zeros((len(texts), model.config.hidden_size), np.float32)
        with torch.inference_mode():
            for i in range(0, len(order), BATCH):
                rows = order[i : i + BATCH]
                encoded = tokenizer([texts[r] for r in rows], padding=True, return_tensors="pt")
                mask = encoded["attention_mask"].unsqueeze(-1)
                last = model(**encoded).last_hidden_state.float()
                mean = (last * mask).sum(1) / mask.sum(1)
                out[rows] = torch.nn.functional.normalize(mean, dim=1).numpy()
        return out

    def _load(self) -> Any:
        import torch
        from transformers import AutoModel, AutoTokenizer

        model = AutoModel.from_pretrained(self.folder, dtype=torch.bfloat16)
        return AutoTokenizer.from_pretrained(self.folder), model.eval()

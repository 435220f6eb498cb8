"""Sentence encoders: folders as sentence-transformers writes them, or any encoder of transformers.

A folder that says how it pools (``modules.json`` and the folder it names) is pooled so; any other
by the mean over its tokens.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModel, AutoTokenizer
from transformers.utils.hub import cached_file

from robustft.errors import ModelError
from robustft.model.device import resolve_device
from robustft.model.hub import Source, find_source, load_error, quiet_transformers
from robustft.model.load import position_limit

__all__ = ["SentenceEncoder", "in_batches", "load_encoder"]

Vectors = npt.NDArray[np.float64]
Pooling = Literal["mean", "cls", "max"]

LOCAL = "name a local folder, or one that is in the cache"
_LONGEST = 512
_KEPT = 20_000
# Tokens, padding included, that pass through the model together.
_TOKENS = {"cpu": 2_048, "cuda": 65_536, "mps": 16_384}


@dataclass
class SentenceEncoder:
    """Turns texts into vectors of length 1; those of the last texts are kept.

    A text longer than the model reads is read in windows, which are pooled together.
    """

    model: Any
    tokenizer: Any
    pooling: Pooling
    longest: int
    device: torch.device
    _known: dict[str, Vectors] = field(default_factory=dict)

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return the embeddings, shape ``(len(texts), size)``."""
        if len(self._known) > _KEPT:
            self._known.clear()
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        if missing:
            self._known |= dict(zip(missing, self._embed(missing), strict=True))
        vectors = [self._known[text] for text in texts]
        return np.array(vectors).reshape(len(texts), self.model.config.hidden_size)

    def _embed(self, texts: Sequence[str]) -> Vectors:
        encoded = self.tokenizer(
            list(texts),
            truncation=True,
            max_length=self.longest,
            return_overflowing_tokens=True,
            return_attention_mask=False,
        )
        windows = encoded["input_ids"]
        source = np.array(encoded["overflow_to_sample_mapping"])
        rows = np.zeros((len(windows), self.model.config.hidden_size))
        weights = np.ones(len(windows))
        with torch.inference_mode():
            for batch in in_batches(windows, self.device):
                padded = self.tokenizer.pad(
                    {"input_ids": [windows[i] for i in batch]}, return_tensors="pt"
                ).to(self.device)
                hidden = self.model(**padded).last_hidden_state
                rows[batch] = self._pooled(hidden, padded["attention_mask"]).cpu().double().numpy()
        if self.pooling == "mean":  # over all tokens of a text, not over its windows
            weights = np.array([len(window) for window in windows], np.float64)
        vectors = np.zeros((len(texts), rows.shape[1]))
        if self.pooling == "max":
            vectors[:] = -np.inf
            np.maximum.at(vectors, source, rows)
        else:
            np.add.at(vectors, source, rows * weights[:, None])
        scaled: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1), 1e-12)[:, None]
        return scaled

    def _pooled(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Pool windows; shape (windows, size)."""
        if self.pooling == "cls":
            return hidden[:, 0]
        present = mask[..., None].bool()
        if self.pooling == "max":
            return hidden.masked_fill(~present, -torch.inf).amax(1)
        return (hidden * present).sum(1) / present.sum(1)


def in_batches(windows: Sequence[Sequence[int]], device: torch.device) -> Iterator[list[int]]:
    """Yield the numbers of windows of about the same length, as many as the device takes well."""
    order = sorted(range(len(windows)), key=lambda i: len(windows[i]), reverse=True)
    budget = _TOKENS.get(device.type, 2_048)
    start = 0
    while start < len(order):
        size = max(1, budget // max(len(windows[order[start]]), 1))
        yield order[start : start + size]
        start += size


def load_encoder(name: str, *, device: str = "auto") -> SentenceEncoder:
    """Load a sentence encoder from a folder or the hub.

    Raises
    ------
    HubError
        The name lives on a hub and cannot be had.
    ModelError
        There is no encoder, or it pools in a way that we do not know.
    """
    folder = Path(name).expanduser()
    inner = folder / "0_Transformer"
    where = str(inner) if (inner / "config.json").is_file() else name
    source = find_source(where)
    place = resolve_device(device)
    with quiet_transformers():
        try:
            pooling = _pooling(
                source if where == name else Source(str(folder), folder=True, offline=True)
            )
            tokenizer: Any = AutoTokenizer.from_pretrained(
                source.name, local_files_only=source.offline
            )
            model: Any = AutoModel.from_pretrained(
                source.name, dtype=torch.float32, local_files_only=source.offline
            )
            settings = _read(source, "sentence_bert_config.json") or {}
        except (OSError, ValueError, KeyError, RuntimeError, ImportError) as problem:
            raise load_error(source, name, "a sentence encoder", problem, LOCAL) from problem
    if not tokenizer.is_fast:
        raise ModelError(f"{name}: expected a tokenizer with a tokenizer.json, got a slow one")
    limits = (position_limit(model, tokenizer), settings.get("max_seq_length"), _LONGEST)
    longest = min(limit for limit in limits if limit)
    return SentenceEncoder(model.eval().to(place), tokenizer, pooling, longest, place)


def _pooling(source: Source) -> Pooling:
    """Return how a folder says that it pools; the mean where it says nothing."""
    modules = _read(source, "modules.json")
    if modules is None:
        return "mean"
    found: Pooling = "mean"
    for module in modules:
        kind = str(module.get("type", "")).rsplit(".", 1)[-1]
        if kind == "Pooling":
            found = _mode(source.name, _read(source, f"{module['path']}/config.json") or {})
        elif kind not in ("Transformer", "Normalize"):  # length does not change a cosine
            raise ModelError(
                f"{source.name}: expected modules Transformer, Pooling and Normalize, got {kind}"
            )
    return found


def _mode(name: str, config: dict[str, Any]) -> Pooling:
    prefix = "pooling_mode_"
    given = config.get("pooling_mode")
    flags = [
        k.removeprefix(prefix) for k, v in config.items() if k.startswith(prefix) and v is True
    ]
    modes = [given] if isinstance(given, str) else flags
    known: dict[str, Pooling] = {"mean": "mean", "cls": "cls", "max": "max"}
    short = [mode.removesuffix("_tokens").removesuffix("_token") for mode in modes]
    if len(short) != 1 or short[0] not in known:
        raise ModelError(
            f"{name}: expected pooling by one of {', '.join(known)}, "
            f"got {', '.join(modes) or 'none'}"
        )
    return known[short[0]]


def _read(source: Source, path: str) -> Any:
    """Return a JSON file of a model; None if it has no such file."""
    if source.folder:
        file: Path | None = Path(source.name) / path
    else:
        found = cached_file(
            source.name,
            path,
            local_files_only=source.offline,
            _raise_exceptions_for_missing_entries=False,
            _raise_exceptions_for_connection_errors=False,
        )
        file = None if found is None else Path(found)
    if file is None or not file.is_file():
        return None
    return json.loads(file.read_text(encoding="utf-8"))

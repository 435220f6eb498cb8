"""What a pretraining run will do, settled and checked before anything is written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from robustft.data.dataset import load_dataset
from robustft.data.run_folder import nameable, portable, run_name
from robustft.data.split import Split, TextDataset
from robustft.errors import DataError, UsageError
from robustft.model.device import resolve_device, resolve_precision
from robustft.model.language_model import TokenizerChoice
from robustft.model.tiny import TINY
from robustft.seeding import fold_in
from robustft.training.arguments import TrainingArguments, resolve_arguments, training_arguments
from robustft.training.masking import MASK_RATE

__all__ = ["PretrainPlan", "plan_pretraining"]

_HELD_OUT = 0.05
# Peak rates: from scratch as BERT's own order of magnitude for small batches; going on, lower.
_RATES = {True: 5e-4, False: 5e-5}
_DEFAULTS = {"epochs": 5, "batch_size": 32, "max_length": 128}


@dataclass(frozen=True, eq=False)
class PretrainPlan:
    """What will be learned from, settled and checked before anything is written.

    Attributes
    ----------
    train, held_out
        The texts to learn from, and those that perplexity is measured on.
    """

    dataset: TextDataset
    data: str
    split: str
    train: list[str]
    held_out: list[str]
    model: str
    from_scratch: bool
    tokenizer: TokenizerChoice
    vocabulary: int | None
    whole_words: bool
    mask_rate: float
    max_mb: float | None
    arguments: TrainingArguments
    seed: int
    root: Path
    out: Path | None
    notices: tuple[str, ...]

    def config(self) -> dict[str, Any]:
        """Return what decides the result, fit for ``config.toml``."""
        home = self.root if self.out is None else self.out.parent
        return {
            "data": portable(self.data, home),
            "dataset": self.dataset.name,
            "split": self.split,
            "fingerprint": self.dataset[self.split].fingerprint,
            "texts": len(self.train),
            "held_out": len(self.held_out),
            "max_mb": self.max_mb,
            "model": portable(self.model, home),
            "from_scratch": self.from_scratch,
            "tokenizer": self.tokenizer,
            "vocabulary": self.vocabulary,
            "whole_words": self.whole_words,
            "mask_rate": self.mask_rate,
            "seed": self.seed,
            "training": self.arguments.model_dump(),
        }

    @property
    def readable(self) -> str:
        """The readable part of the run's name."""
        way = "scratch" if self.from_scratch else "pretrained-on"
        return f"{self.dataset.name}-{Path(self.model).name}-{way}"

    @property
    def folder(self) -> Path:
        """Where the run will be."""
        name = run_name(self.readable, {"kind": "pretrain", **self.config()})
        return self.out if self.out is not None else self.root / name

    def describe(self) -> dict[str, Any]:
        """Return what will be done, for ``--dry-run``."""
        size = sum(len(text.encode("utf-8", "surrogatepass")) for text in self.train)
        return {
            "data": self.dataset.name,
            "split": self.split,
            "texts": {"train": len(self.train), "held_out": len(self.held_out)},
            "megabytes": round(size / 1e6, 3),
            "model": self.model,
            "from_scratch": self.from_scratch,
            "tokenizer": self.tokenizer,
            "training": self.arguments.model_dump(),
            "folder": str(self.folder),
        }


def plan_pretraining(
    data: Any = None,
    model: str | os.PathLike[str] = TINY,
    *,
    split: str | None = None,
    from_scratch: bool | None = None,
    tokenizer: TokenizerChoice | None = None,
    vocabulary: int | None = None,
    whole_words: bool = False,
    mask_rate: float = MASK_RATE,
    max_mb: float | None = None,
    max_train: int | None = None,
    text_column: str | None = None,
    out: str | os.PathLike[str] | None = None,
    root: str | os.PathLike[str] = "runs",
    seed: int = 0,
    arguments: Mapping[str, Any] | None = None,
) -> PretrainPlan:
    """Load the texts and settle what will be done; see `pretrain` for the parameters."""
    if not 0 < mask_rate < 1:
        raise UsageError(f"mask rate: expected a share between 0 and 1, got {mask_rate:g}")
    name = str(model)
    scratch = name == TINY if from_scratch is None else from_scratch or name == TINY
    chosen_tokenizer = _tokenizer(name, tokenizer, vocabulary, scratch=scratch)
    dataset = load_dataset(
        data, text_column=text_column, make_splits=False, keep_unlabelled=True, seed=seed
    )
    chosen = _choose(dataset, split)
    texts = _texts(dataset[chosen], max_mb=max_mb, max_train=max_train, seed=seed)
    held = max(1, round(len(texts) * _HELD_OUT))
    given = training_arguments(**{**_DEFAULTS, "seed": seed, **_named(arguments)})
    if given.learning_rate is None:
        given = given.model_copy(update={"learning_rate": _RATES[scratch]})
    resolved, _ = resolve_arguments(given, from_scratch=scratch, max_positions=None)
    device = resolve_device(given.device)
    precision = resolve_precision(given.precision, device)
    labels = {f"no column called {word}" for word in ("label", "sentiment", "target")}
    said = [n for n in dataset.notices if not any(word in n for word in labels)]
    seen = set(texts[held:])
    shared = sum(text in seen for text in texts[:held])
    if shared:
        said.append(f"{shared:,} held-out texts are also learned from: perplexity will flatter")
    return PretrainPlan(
        dataset=dataset,
        data=nameable(data) or "an object in memory",
        split=chosen,
        train=texts[held:],
        held_out=texts[:held],
        model=name,
        from_scratch=scratch,
        tokenizer=chosen_tokenizer,
        vocabulary=vocabulary,
        whole_words=whole_words,
        mask_rate=mask_rate,
        max_mb=max_mb,
        arguments=resolved.model_copy(update={"device": device.type, "precision": precision}),
        seed=seed,
        root=Path(root),
        out=None if out is None else Path(out),
        notices=tuple(said),
    )


def _tokenizer(
    model: str, given: TokenizerChoice | None, vocabulary: int | None, *, scratch: bool
) -> TokenizerChoice:
    """Return which tokenizer to take; refuse what would fail, or count for nothing, later."""
    if model == TINY:
        return given or "train"
    if given == "train" and not scratch:
        raise UsageError(
            f"tokenizer: expected keep, as the weights of {model} belong to its own, got train; a "
            "new one needs a model from scratch (--from-scratch)"
        )
    if vocabulary is not None and given != "train":
        raise UsageError(
            f"vocabulary: expected a tokenizer to train (--tokenizer train), got {vocabulary} "
            "pieces for one that is kept"
        )
    return given or "keep"


def _choose(dataset: TextDataset, name: str | None) -> str:
    """Return the split to learn from."""
    if name is not None:
        return dataset[name].name
    usual = [split for split in ("unsupervised", "train", "all") if split in dataset]
    return usual[0] if usual else next(iter(dataset))


def _texts(split: Split, *, max_mb: float | None, max_train: int | None, seed: int) -> list[str]:
    """Return texts in a keyed order, so that neither their order nor a limit changes the first."""
    if max_mb is not None and max_mb <= 0:
        raise UsageError(f"max mb: expected a size above 0, got {max_mb:g}")
    keys = np.asarray([fold_in(seed, "pretrain", row) for row in split.ids], np.uint64)
    texts = [split.texts[row] for row in np.argsort(keys, kind="stable")[:max_train]]
    if max_mb is not None:
        sizes = np.cumsum([len(text.encode("utf-8", "surrogatepass")) for text in texts])
        texts = texts[: int(np.searchsorted(sizes, max_mb * 1e6)) + 1]
    if len(texts) < 2:
        raise DataError(
            f"{split.name}: expected at least 2 texts, one to learn from and one held out, got "
            f"{len(texts)}"
        )
    return texts


def _named(arguments: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: value for key, value in (arguments or {}).items() if value is not None}

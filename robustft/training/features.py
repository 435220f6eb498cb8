"""Frozen work is done once: what the frozen layers give for a text, kept and reused each epoch.

When the embeddings and the lowest layers do not train, their output for a text stays the same, so
an epoch needs to run only what stands above (Howard and Ruder, 2018, call the other extreme
feature extraction). Where all layers are frozen and the model pools the first token, one vector a
text is kept, else one for every token.

**Dropout.** The frozen part runs in evaluation mode: what trains sees each text without noise from
below, and dropout acts in the part that trains alone. Plain scripts put the whole model in training
mode, so that the frozen layers drop activations too and a text looks a little different in each
epoch. That is another training run, with about the same result; ``frozen="dropout"`` gives it.
``frozen="recompute"`` is what reuse is equal to: the frozen part in evaluation mode for every
batch, with the same batches and the same masks above, and losses that agree to 1e-5.

The output is found again by other runs on the same device and number of threads with the same
frozen weights, configuration, token ids (so: tokenizer, texts and maximum length) and precision:
see `robustft.training.feature_store` for where it lies and how much of it.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from robustft.data.cache import cache_folder
from robustft.errors import DataError, first_line
from robustft.model.anatomy import anatomy
from robustft.model.freezing import frozen_layers
from robustft.model.load import LoadedModel
from robustft.model.prefix import Prefix, suffix_model, weights_digest
from robustft.training.arguments import TrainingArguments
from robustft.training.batching import TokenizedTexts
from robustft.training.examples import Examples
from robustft.training.feature_store import (
    Writer,
    cache_limit,
    kept_array,
    megabytes,
)
from robustft.training.frozen_part import (
    FrozenExamples,
    FrozenPart,
    LookedUp,
    Recomputed,
    TokenExamples,
    batches_by_length,
    compare,
    tokens_at_once,
)
from robustft.training.progress import TrainingBar

__all__ = ["Reused", "reuse_frozen"]

# What of a configuration says nothing about the frozen part.
_ABOUT_LABELS = (
    "id2label",
    "label2id",
    "problem_type",
    "classifier_dropout",
    "architectures",
    "_name_or_path",
    "transformers_version",
)


@dataclass(frozen=True)
class Reused:
    """A model above its frozen part, and examples that give it what the frozen part gave.

    Attributes
    ----------
    model
        Shares its parameters with the whole model. The whole model where nothing can be reused.
    seconds
        What computing, or finding, the frozen part's output took.
    """

    model: Any
    train: Examples
    validation: Examples
    notices: tuple[str, ...]
    seconds: float = 0.0


def reuse_frozen(
    loaded: LoadedModel,
    train: Examples,
    validation: Examples,
    arguments: TrainingArguments,
    cache: Path | None = None,
    *,
    precision: str = "fp32",
    progress: bool = False,
) -> Reused | None:
    """Cut the model above its frozen layers, and compute once what they give for both splits.

    None where there is nothing to gain: no layer is frozen for good, the examples are no tokenized
    texts, or `arguments.frozen` asks for the frozen part's dropout.

    Parameters
    ----------
    loaded
        Its model is on the device where it is to be trained.
    cache
        The folder for frozen parts; None for ``features`` in `cache_folder`.
    precision
        ``fp32`` or ``bf16``; what is kept has that type.

    Raises
    ------
    UsageError
        The limit of the cache is no number.
    """
    if arguments.frozen == "dropout" or arguments.unfreeze is not None:
        return None
    if not (isinstance(train, TokenExamples) and isinstance(validation, TokenExamples)):
        return None
    if all(parameter.requires_grad for parameter in loaded.model.parameters()):
        return None
    started = time.perf_counter()
    try:
        layers, parts = frozen_layers(loaded.model), anatomy(loaded.model)
        if not layers:
            return None
        first = layers == len(parts.layers) and parts.pools_first_token
        frozen = FrozenPart(Prefix(loaded.model, layers), first, precision)
        upper = suffix_model(loaded.model, layers)
        width = compare(loaded.model, upper, frozen, train)
    except Exception as problem:  # whatever it is, the whole model can still be trained
        return _whole(loaded, train, validation, problem)
    folder = cache or cache_folder() / "features"
    work = _Work(loaded, frozen, layers, width, folder, progress)
    splits, said = work.examples((train, validation), keep=arguments.frozen == "reuse")
    return Reused(upper, splits[0], splits[1], (said,), time.perf_counter() - started)


def _whole(
    loaded: LoadedModel, train: Examples, validation: Examples, problem: Exception
) -> Reused:
    """Leave everything as it is, and say why."""
    reason = first_line(problem)
    said = f"frozen part: runs whole with each batch, with its dropout; not reused: {reason}"
    return Reused(loaded.model, train, validation, (said,))


@dataclass(frozen=True)
class _Work:
    """Which frozen part, and where its output goes.

    Attributes
    ----------
    width
        Numbers a hidden state.
    """

    loaded: LoadedModel
    frozen: FrozenPart
    layers: int
    width: int
    folder: Path
    progress: bool

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.loaded.model.parameters()).device

    def examples(
        self, splits: tuple[TokenExamples, ...], *, keep: bool
    ) -> tuple[list[Examples], str]:
        """Return the splits above the frozen part, and what is to be said of them."""
        shapes = [(int(self.frozen.offsets(s.tokens)[-1]), self.width) for s in splits]
        bytes_each = 2 if self.frozen.precision == "bf16" else 4
        size = sum(n * width for n, width in shapes) * bytes_each
        texts = sum(len(split) for split in splits)
        each = "" if self.frozen.first_token else " a token"
        said = f"frozen part: {texts:,} texts x {self.width} numbers{each}, {megabytes(size)}"
        limit = cache_limit()
        if not keep:
            return self._recomputed(splits), "frozen part: computed anew for each batch"
        if size > limit:
            why = f"over the limit of {megabytes(limit)} (ROBUSTFT_CACHE_GB)"
            return self._recomputed(splits), f"{said}, {why}: computed anew for each batch"
        try:
            kept, problems = self._kept(splits, shapes, said)
        except DataError as problem:
            return self._recomputed(splits), f"{said}: computed anew for each batch: {problem}"
        return kept, "; ".join(dict.fromkeys([f"{said}, computed once", *problems]))

    def _recomputed(self, splits: tuple[TokenExamples, ...]) -> list[Examples]:
        first = self.frozen.first_token
        return [FrozenExamples(s, Recomputed(self.frozen, s.tokens), first) for s in splits]

    def _kept(
        self, splits: tuple[TokenExamples, ...], shapes: list[tuple[int, int]], said: str
    ) -> tuple[list[Examples], list[str]]:
        """Return the splits with their hidden states, found or computed, and what went wrong."""
        dtype = np.int16 if self.frozen.precision == "bf16" else np.float32
        examples: list[Examples] = []
        part, problems = self._digest(), []
        announced = [said.removeprefix("frozen part: ")]
        at_once = tokens_at_once(self.device)
        batches = sum(1 for s in splits for _ in batches_by_length(s.tokens.lengths, at_once))
        with TrainingBar("frozen part", batches, 0, shown=self.progress) as bar:
            for split, shape in zip(splits, shapes, strict=True):
                tokens = split.tokens

                def fill(write: Writer, tokens: TokenizedTexts = tokens) -> None:
                    while announced:  # once, and only when something has to be computed
                        bar.say(announced.pop())
                    self.frozen.fill(tokens, self.device, write, bar)

                values, problem = kept_array(self.folder, _key(part, tokens), shape, dtype, fill)
                hidden = LookedUp(values, self.frozen.offsets(tokens))
                examples.append(FrozenExamples(split, hidden, self.frozen.first_token))
                problems += [problem] if problem else []
        return examples, problems

    def _digest(self) -> dict[str, Any]:
        """Return all that the hidden states hang on but the texts, to the bit."""
        model, parts = self.loaded.model, anatomy(self.loaded.model)
        config = {k: v for k, v in model.config.to_dict().items() if k not in _ABOUT_LABELS}
        below = [(n, p) for n, p in model.named_parameters() if parts.depth(n) <= self.layers]
        device = self.device
        return {
            "weights": weights_digest(sorted(below)),
            "config": config,
            "attention": model.config._attn_implementation,
            "class": type(model.base_model).__name__,
            "layers": self.layers,
            "first_token": self.frozen.first_token,
            "precision": self.frozen.precision,
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
            "threads": torch.get_num_threads(),
            "versions": [version(name) for name in ("torch", "transformers")],
        }


def _key(part: dict[str, Any], tokens: TokenizedTexts) -> str:
    """Return the name of the hidden states of these texts: a hash of all that decides them."""
    digest = blake2b(json.dumps(part, sort_keys=True, default=str).encode(), digest_size=16)
    for array in (tokens.ids, tokens.offsets, tokens.type_ids):
        digest.update(b"none" if array is None else np.ascontiguousarray(array).data)
    return digest.hexdigest()

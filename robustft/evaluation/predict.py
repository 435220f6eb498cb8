"""What a model says about many texts, and which of them it could tell apart at all.

A text is computed once: texts that give the same token ids share one result, so a change that the
tokenizer swallows can never flip a prediction. Batches are formed by length. Which texts share a
batch moves a logit by rounding alone: on a CPU in 32 bits by less than 1e-5.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from robustft.data.task import Task, TaskType
from robustft.errors import ModelError, UsageError
from robustft.evaluation.fast import not_packed, packed_logits, problem_with
from robustft.evaluation.memory import Memory, Rows
from robustft.evaluation.prediction_store import PredictionStore
from robustft.evaluation.predictions import Predictions
from robustft.evaluation.spread import spread
from robustft.model.device import resolve_device, resolve_precision
from robustft.model.labels import by_position, is_generic, model_label_names
from robustft.model.load import LoadedModel, load_finetuned
from robustft.model.packed import PackedLinears
from robustft.model.packing import why_not_packed
from robustft.seeding import mix
from robustft.training.batching import TokenizedTexts, slice_batch, tokenize

__all__ = [
    "DEFAULT_LENGTH",
    "Predictions",
    "Predictor",
    "TokenReader",
    "predict",
    "token_hashes",
]

DEFAULT_LENGTH = 256
_ROWS = 32
_HASHED = 10_000
_SALT = 0x746F6B656E

Floats = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]


def token_hashes(tokens: TokenizedTexts) -> Hashes:
    """Return one hash a text of its token ids and their places: shape ``(len(tokens),)``.

    Two texts that differ share one with a probability of about 2 ** -64.
    """
    hashes = np.empty(len(tokens), np.uint64)
    # Some texts at a time: what is computed on the way takes ten times the memory of their ids.
    for start in range(0, len(tokens), _HASHED):
        offsets = tokens.offsets[start : start + _HASHED + 1]
        hashes[start : start + _HASHED] = _hashes(
            tokens.ids[offsets[0] : offsets[-1]], offsets - offsets[0]
        )
    return hashes


def _hashes(ids: npt.NDArray[np.int32], offsets: Ints) -> Hashes:
    lengths = np.diff(offsets)
    places = np.arange(len(ids), dtype=np.int64) - np.repeat(offsets[:-1], lengths)
    # Ids and places both fit in 32 bits, so each pair has a counter of its own.
    pairs = ids.astype(np.uint64) << np.uint64(32) | places.astype(np.uint64)
    hashed = mix(np.asarray(_SALT, np.uint64), pairs)
    # Sums wrap at 2 ** 64, and so do their differences: exact, also for a text without tokens.
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(hashed, dtype=np.uint64)])
    return mix(sums[offsets[1:]] - sums[offsets[:-1]], lengths)


class TokenReader(ABC):
    """A model of token ids: a text is known by the ids that it gives, and computed once.

    Attributes
    ----------
    max_length
        Tokens of a text that are read.
    memory
        What is known, and how much of it was computed.
    """

    def __init__(
        self, tokenizer: Any, max_length: int, memory: Memory, *, regression: bool
    ) -> None:
        self._tokenizer, self._regression = tokenizer, regression
        self.max_length, self.memory = max_length, memory

    def remember(self, predictions: Predictions) -> None:
        """Take results of an earlier call, of this process or another, for known."""
        self.memory.add(predictions.token_hash, predictions.logits)

    def predict(
        self,
        texts: Sequence[str],
        progress: Callable[[int], None] = lambda _: None,
        *,
        pairs: Sequence[str] | None = None,
    ) -> Predictions:
        """Return the model's outputs for `texts`, each read with its pair if there are `pairs`.

        `progress` is told the rows done since.

        Raises
        ------
        UsageError
            Something among them is no text.
        """
        for given in (texts, () if pairs is None else pairs):
            _check_texts(given)
        tokens = tokenize(self._tokenizer, texts, self.max_length, pairs)
        hashes = token_hashes(tokens)
        logits = self.memory.complete(hashes, partial(self._outputs, tokens), progress)
        return Predictions(logits, hashes, tokens.truncated, self._regression, tokens.whole)

    def _outputs(self, tokens: TokenizedTexts, rows: Rows) -> Iterator[tuple[Rows, Floats]]:
        """Do as `_compute`, perhaps with the help of other processes."""
        return self._compute(tokens, rows)

    @abstractmethod
    def _compute(self, tokens: TokenizedTexts, rows: Rows) -> Iterator[tuple[Rows, Floats]]:
        """Yield positions in `rows` and their logits, in any order."""


class Predictor(TokenReader):
    """A model that remembers what it computed, for several sets of much the same texts.

    Parameters
    ----------
    loaded
        A fine-tuned model.
    batch_size
        Rows a batch.
    max_length
        Tokens of a text that are read; at most what the model can read.
    device, precision
        As in training; here 32 bits are the default, since in bfloat16 what else is in a batch
        can decide a close call.
    fast
        Whether texts are packed into rows of tokens, many at once, where the model can be: made
        for a GPU (see `robustft.model.packing`). `batch_size` plays no part then.
    store
        Where outputs outlive the process.

    Attributes
    ----------
    max_length
        Tokens of a text that are read.
    memory
        What is known, and how much of it was computed.
    notices
        What was taken for granted, a sentence each.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        *,
        batch_size: int | None = None,
        max_length: int | None = None,
        device: str = "auto",
        precision: str = "fp32",
        fast: bool = False,
        store: PredictionStore | None = None,
    ) -> None:
        reason = why_not_packed(loaded.model) if fast else None
        self.notices = position_notices(loaded) + not_packed(reason)
        self._fast, self._tried = fast and reason is None, False
        self._loaded = loaded
        self._device = resolve_device(device)
        self._precision = resolve_precision(precision, self._device)
        self._rows = batch_size or _ROWS
        self._packed = PackedLinears(loaded.model)
        regression = loaded.task.type is TaskType.REGRESSION
        limits = (max_length or DEFAULT_LENGTH, loaded.max_positions)
        super().__init__(
            loaded.tokenizer,
            min(n for n in limits if n is not None),
            Memory(1 if regression else len(loaded.label_order), store),
            regression=regression,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to another process without what is known."""
        settings: dict[str, Any] = {
            "batch_size": self._rows,
            "max_length": self.max_length,
            "device": self._device.type,
            "precision": self._precision,
            "fast": self._fast,
        }
        return partial(Predictor, **settings), (self._loaded,)

    def _outputs(self, tokens: TokenizedTexts, rows: Rows) -> Iterator[tuple[Rows, Floats]]:
        return spread(self, Predictor._compute, tokens, rows)

    def _compute(self, tokens: TokenizedTexts, rows: Rows) -> Iterator[tuple[Rows, Floats]]:
        """Yield positions in `rows` and their logits, longest texts first."""
        model: torch.nn.Module = self._loaded.model
        model.to(self._device).eval()
        order = list(self._loaded.label_order) if not self._regression else [0]
        mixed = self._precision == "bf16"
        with (
            torch.inference_mode(),
            self._packed.used(torch.bfloat16 if mixed else torch.float32),
            torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=mixed),
        ):
            if self._packs(tokens, rows):
                for batch, logits in packed_logits(model, tokens, rows, self._precision):
                    yield batch, self._checked(logits)[:, order]
                return
            # A processor is kept busy by a few rows: there small batches without padding are best.
            on_cpu = self._device.type == "cpu"
            for batch in slice_batch(tokens.lengths[rows], max_rows=self._rows, split=on_cpu):
                inputs = tokens.collate(rows[batch], self._device)
                logits = model(**inputs).logits.float().cpu().numpy()
                yield batch, self._checked(logits)[:, order]

    def _packs(self, tokens: TokenizedTexts, rows: Rows) -> bool:
        """Tell whether to pack these texts; packing is tried on the first, and given up for all."""
        if not (self._fast and len(rows) and tokens.lengths[rows].all()):
            return False
        if not self._tried:
            self._tried = True
            reason = problem_with(self._loaded.model, tokens, rows, self._precision)
            self._fast, self.notices = reason is None, self.notices + not_packed(reason)
        return self._fast

    def _checked(self, logits: Floats) -> Floats:
        """Return logits that are numbers."""
        if not np.isfinite(logits).all():
            raise ModelError(
                f"{self._loaded.name}: expected finite outputs, got NaN or an infinite "
                "number; did its training diverge?"
            )
        return logits


def _check_texts(texts: Sequence[str]) -> None:
    if isinstance(texts, str):
        raise UsageError("predict: expected a sequence of texts, got one string; put it in a list")
    for position, text in enumerate(texts):
        if not isinstance(text, str):
            raise UsageError(
                f"predict: expected strings, got {type(text).__name__} at position {position}"
            )


def position_notices(loaded: LoadedModel) -> tuple[str, ...]:
    """Return the sentence for a model whose labels nobody named."""
    ours, theirs = loaded.task.label_names, model_label_names(loaded.model.config)
    if not ours or theirs == ours or not all(map(is_generic, theirs)):
        return ()
    return (by_position(Path(loaded.name).name, f"its labels are {', '.join(theirs)}", ours),)


def predict(
    model: LoadedModel | str | Path,
    texts: Sequence[str],
    *,
    pairs: Sequence[str] | None = None,
    task: Task | None = None,
    batch_size: int | None = None,
    max_length: int | None = None,
    device: str = "auto",
    precision: str = "fp32",
    fast: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Predictions:
    """Return what a fine-tuned model says about `texts`, in their order.

    Parameters
    ----------
    model
        A loaded model, a folder or a hub name; for the latter two `task` says what it is for.
    pairs
        The second text of each row, for a model of pairs.
    batch_size, max_length, device, precision, fast
        See `Predictor`.
    progress
        Called with the number of rows done since the last call.

    Raises
    ------
    ModelError
        The model cannot be loaded, its labels are not those of the task, or it gives no finite
        numbers.
    """
    if not isinstance(model, LoadedModel):
        model = load_finetuned(model, task=task or Task())
    predictor = Predictor(
        model,
        batch_size=batch_size,
        max_length=max_length,
        device=device,
        precision=precision,
        fast=fast,
    )
    return predictor.predict(texts, progress, pairs=pairs)

"""One way to ask any model: what evaluation, attack and shrinking know of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from robustft.data.run_folder import versions_of
from robustft.data.task import Task
from robustft.evaluation.foreign import TokenPredictor
from robustft.evaluation.memory import Memory
from robustft.evaluation.predict import DEFAULT_LENGTH, Predictor
from robustft.evaluation.prediction_store import PredictionStore, shared_store
from robustft.evaluation.predictions import Predictions
from robustft.evaluation.subjects import Subject
from robustft.evaluation.text_predictor import TextPredictor
from robustft.model.device import resolve_device
from robustft.model.foreign.base import TextsIn
from robustft.model.foreign.estimators import EstimatorModel, load_estimator
from robustft.model.foreign.functions import FunctionModel
from robustft.model.foreign.onnx import OnnxModel, find_graph, load_tokenizer
from robustft.model.foreign.service import ServiceModel
from robustft.model.load import load_finetuned

__all__ = ["TextModel", "open_model"]

_log = logging.getLogger("robustft")

# What computes an output, by kind of model; a new version computes anew.
_PACKAGES = {
    "transformers": ("torch", "transformers", "tokenizers", "peft"),
    "estimator": ("scikit-learn", "scipy", "numpy", "skops"),
    "onnx": ("onnxruntime", "tokenizers", "transformers"),
}


class TextModel(Protocol):
    """A model that says something about texts, and remembers what it said."""

    @property
    def max_length(self) -> int | None:
        """The tokens of a text that are read; None for a model without a tokenizer."""
        ...

    @property
    def notices(self) -> Sequence[str]:
        """What was taken for granted so far, a sentence each."""
        ...

    def predict(
        self,
        texts: Sequence[str],
        progress: Callable[[int], None] = ...,
        *,
        pairs: Sequence[str] | None = None,
    ) -> Predictions:
        """Return the outputs for `texts`, each read with its pair; `progress` gets rows done."""
        ...

    def remember(self, predictions: Predictions) -> None:
        """Take results of an earlier call, of this process or another, for known."""
        ...

    @property
    def memory(self) -> Memory:
        """What is known, and how much of it was computed."""
        ...


def open_model(
    subject: Subject,
    task: Task,
    *,
    batch_size: int | None = None,
    max_length: int | None = None,
    device: str = "auto",
    precision: str = "fp32",
    fast: bool = False,
    anew: bool = False,
    checkpoint: Path | None = None,
) -> TextModel:
    """Load a model for prediction, whatever its kind.

    What it says is kept: in the cache folder for models that are files (and for others if
    `ModelOptions.cache` says so), by their content, settings, versions and the kind of device.

    Parameters
    ----------
    batch_size, max_length, device, precision, fast
        See `Predictor`; models of other kinds have no use for most of them.
    anew
        Find nothing that was kept, compute, and keep that.
    checkpoint
        The folder where outputs are kept that are not kept in the cache.

    Raises
    ------
    ModelError
        The model cannot be loaded, or its labels are not those of the task.
    """
    shelf = _Shelf(subject, task, checkpoint, read=not anew)
    if subject.kind == "transformers":
        loaded = load_finetuned(subject.model, task=task)
        place = resolve_device(device)
        commit = getattr(loaded.model.config, "_commit_hash", None)
        length = {
            "max_length": max_length or DEFAULT_LENGTH,
            "labels": loaded.label_order,
            "commit": commit,
        }
        known = Path(subject.model).is_dir() or commit is not None
        outputs = task.num_labels
        store = shelf.store(outputs, known=known, device=place.type, precision=precision, **length)
        return Predictor(
            loaded,
            batch_size=batch_size,
            max_length=max_length,
            device=device,
            precision=precision,
            fast=fast,
            store=store,
        )
    if subject.kind == "onnx":
        graph = find_graph(Path(subject.model))
        assert graph is not None
        onnx = OnnxModel(graph, subject.model, device=device)
        store = shelf.store(task.num_labels, providers=onnx.providers, max_length=max_length)
        if onnx.reads_text:
            return TextPredictor(onnx, task, batch_size=batch_size, store=store)
        return TokenPredictor(
            onnx,
            load_tokenizer(graph, subject.model),
            task,
            batch_size=batch_size,
            max_length=max_length,
            store=store,
        )
    model = _texts_in(subject)
    store = shelf.store(task.num_labels, known=subject.steady)
    return TextPredictor(model, task, batch_size=batch_size, store=store)


def _texts_in(subject: Subject) -> TextsIn:
    if subject.kind == "endpoint":
        return ServiceModel(subject.model, subject.options)
    if subject.kind == "function":
        return FunctionModel(subject.thing, subject.model)
    estimator = subject.thing
    if estimator is None:
        estimator = load_estimator(Path(subject.model), trust=subject.options.trust)
    return EstimatorModel(estimator, subject.model)


class _Shelf:
    """Where the outputs of a model are kept, if anywhere."""

    def __init__(
        self, subject: Subject, task: Task, checkpoint: Path | None, *, read: bool
    ) -> None:
        self._subject, self._task, self._checkpoint, self._read = subject, task, checkpoint, read

    def store(self, columns: int, *, known: bool = True, **decides: Any) -> PredictionStore | None:
        """Return the store for what `decides` the outputs beside the model and the text.

        `known` says whether the model's fingerprint stands for its content.
        """
        subject = self._subject
        if known and subject.steady and subject.options.cache is not False:
            facts = {
                "model": subject.fingerprint,
                "kind": subject.kind,
                "task": self._task.type,
                "labels": self._task.label_names,
                "versions": versions_of(_PACKAGES.get(subject.kind, ())),
                "settings": decides,
            }
            return shared_store(facts, columns, read=self._read, note=_log.warning)
        if self._checkpoint is None:
            return None
        return PredictionStore(self._checkpoint, columns, read=self._read, note=_log.warning)

"""Models that are objects in memory: functions, scikit-learn estimators, pipelines.

What they say may be labels by name, label codes, or a row of probabilities (or scores) a text; it
is told apart by its shape and its values, never guessed: what fits nothing is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from robustft.data.task import Task, TaskType
from robustft.errors import ModelError
from robustft.evaluation.predictions import Predictions
from robustft.model.labels import label_order

__all__ = ["ObjectModel", "name_of"]

Floats = npt.NDArray[np.float32]
Key = tuple[str, ...]

_SURE = 20.0
"""The logit of a label that came without a probability; all others are 0."""


def name_of(model: Any) -> str:
    """Return what to call an object: a function's name, else its class's."""
    return str(getattr(model, "__name__", type(model).__name__))


class ObjectModel:
    """A `TextModel` made of an object: asked about each text once, in one call a list of texts.

    Parameters
    ----------
    model
        Has ``predict_proba`` or ``predict``, or is called itself, with a list of texts (of pairs:
        of tuples). It gives one thing a text: a label by name or code, a number, a row of
        probabilities in the order of `model.classes_` or of the task's labels, or the dictionaries
        with ``label`` and ``score`` of a `transformers` pipeline.

    Attributes
    ----------
    bare
        Whether it has given labels without probabilities.
    """

    def __init__(self, model: Any, task: Task) -> None:
        if task.type not in (TaskType.CLASSIFICATION, TaskType.REGRESSION):
            raise ModelError(f"{name_of(model)}: expected classes or numbers, got {task.type}")
        self._ask, self._classes = _call_of(model, task)
        self._name, self._task = name_of(model), task
        self._known: dict[Key, Floats] = {}
        self.bare = False

    @property
    def max_length(self) -> int | None:
        """None: it is not known what of a text such a model reads."""
        return None

    def remember(self, predictions: Predictions) -> None:
        """Do nothing: hashes of texts are no keys to what is known here."""

    def predict(
        self,
        texts: Sequence[str],
        progress: Callable[[int], None] = lambda _: None,
        *,
        pairs: Sequence[str] | None = None,
    ) -> Predictions:
        """Return the outputs for `texts`, in their order.

        Raises
        ------
        ModelError
            The object gave something that is no answer about these texts.
        """
        keys: list[Key] = [*zip(texts, *([] if pairs is None else [pairs]), strict=True)]
        missing = [key for key in dict.fromkeys(keys) if key not in self._known]
        if missing:
            said = self._ask([key[0] if pairs is None else key for key in missing])
            self._known |= zip(missing, self._outputs(said, len(missing)), strict=True)
        progress(len(keys))
        regression = self._task.type is TaskType.REGRESSION
        width = 1 if regression else len(self._task.label_names)
        logits = np.array([self._known[key] for key in keys], np.float32).reshape(-1, width)
        hashes = [blake2b("\0".join(key).encode(errors="replace"), digest_size=8) for key in keys]
        return Predictions(
            logits,
            np.array([int.from_bytes(h.digest(), "little") for h in hashes], np.uint64),
            np.zeros(len(keys), np.bool_),
            regression,
        )

    def _outputs(self, said: Any, rows: int) -> Floats:
        """Return logits, or the numbers of a regression: shape ``(rows, outputs)``."""
        if hasattr(said, "detach"):  # a tensor, wherever it lives
            said = said.detach().cpu().numpy()
        values = said if isinstance(said, np.ndarray) else list(_listed(said, self._name))
        if len(values) != rows:
            raise ModelError(
                f"{self._name}: expected one answer for each of {rows:,} texts, got {len(values):,}"
            )
        if self._task.type is TaskType.REGRESSION:
            return self._numbers(values)
        if isinstance(values[0], Mapping | list | tuple) and _scored(values[0]):
            return self._of_dictionaries(values)
        if np.ndim(values[0]) == 1:
            return self._of_scores(np.asarray(values, np.float64))
        self.bare = True
        codes = np.array([self._code(value) for value in values])
        logits: Floats = (_SURE * np.eye(len(self._task.label_names))[codes]).astype(np.float32)
        return logits

    def _numbers(self, values: Any) -> Floats:
        try:
            numbers = np.asarray(values, np.float32).reshape(len(values), -1)
        except (TypeError, ValueError):
            numbers = np.empty((0, 0), np.float32)
        if numbers.shape != (len(values), 1) or not np.isfinite(numbers).all():
            raise ModelError(f"{self._name}: expected a finite number a text, got {values[0]!r}")
        return numbers

    def _of_scores(self, scores: npt.NDArray[np.float64]) -> Floats:
        """Return logits of probabilities, or scores as they are, in the order of the task."""
        labels = self._task.label_names
        if scores.ndim != 2 or scores.shape[1] != len(labels) or not np.isfinite(scores).all():
            raise ModelError(
                f"{self._name}: expected one finite score for each of {', '.join(labels)}, "
                f"got an array of shape {scores.shape}"
            )
        if self._classes is not None:
            scores = scores[:, self._classes]
        if (scores >= 0).all() and np.allclose(scores.sum(axis=1), 1, atol=1e-3):
            scores = np.log(np.maximum(scores, 1e-12))
        return scores.astype(np.float32)

    def _of_dictionaries(self, values: Any) -> Floats:
        """Return logits of what a pipeline says: the best label with its score, or all of them."""
        logits = np.zeros((len(values), len(self._task.label_names)))
        for row, value in enumerate(values):
            found = [value] if isinstance(value, Mapping) else value
            shares = {self._code(one["label"]): float(one["score"]) for one in found}
            rest = max(1 - sum(shares.values()), 0.0) / max(logits.shape[1] - len(shares), 1)
            given = [shares.get(code, rest) for code in range(logits.shape[1])]
            logits[row] = np.log(np.maximum(given, 1e-12))
        return logits.astype(np.float32)

    def _code(self, value: Any) -> int:
        """Return the code of a label: by its name, by *LABEL_1*, or a code itself."""
        names = self._task.label_names
        plain = value.item() if isinstance(value, np.generic) else value
        if isinstance(plain, float) and plain.is_integer():
            plain = int(plain)
        text = str(int(plain) if isinstance(plain, bool) else plain)
        if text in names:
            return names.index(text)
        folded = [name.casefold() for name in names]
        if text.casefold() in folded:
            return folded.index(text.casefold())
        digits = text.casefold().removeprefix("label_")
        if digits.isdecimal() and int(digits) < len(names):
            return int(digits)
        raise ModelError(
            f"{self._name}: expected a label of {', '.join(names)}, or its code, got {value!r}"
        )


def _call_of(model: Any, task: Task) -> tuple[Callable[[Any], Any], list[int] | None]:
    """Return what to call with texts, and the places of the task's labels among its classes."""
    if isinstance(model, type):
        raise ModelError(f"{name_of(model)}: expected a model, got a class; make one of it first")
    classes = getattr(model, "classes_", None)
    if task.type is TaskType.CLASSIFICATION and callable(getattr(model, "predict_proba", None)):
        if classes is None:
            return model.predict_proba, None
        names = [str(name) for name in np.asarray(classes).tolist()]
        return model.predict_proba, list(label_order(names, task, where=name_of(model)))
    if callable(getattr(model, "predict", None)):
        return model.predict, None
    if callable(model):
        return model, None
    raise ModelError(
        f"{name_of(model)}: expected a function of a list of texts, or an object with predict or "
        "predict_proba, got neither"
    )


def _listed(said: Any, name: str) -> Any:
    if isinstance(said, str | bytes | Mapping) or not hasattr(said, "__iter__"):
        raise ModelError(f"{name}: expected one answer a text, got {type(said).__name__}")
    return said


def _scored(value: Any) -> bool:
    first = value if isinstance(value, Mapping) else (value[0] if len(value) else None)
    return isinstance(first, Mapping) and {"label", "score"} <= set(first)

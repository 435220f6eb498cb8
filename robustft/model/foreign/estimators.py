"""scikit-learn's estimators, saved with skops (or, if its maker is trusted, with pickle)."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from robustft.data.task import Task, TaskType
from robustft.errors import ModelError, UsageError, first_line, missing_extra
from robustft.model.foreign.outputs import OutputReader

__all__ = ["PICKLES", "SKOPS", "EstimatorModel", "check_file", "is_estimator", "load_estimator"]

SKOPS = ".skops"
PICKLES = frozenset((".joblib", ".pickle", ".pkl"))
_NAMED = 10


class EstimatorModel:
    """A fitted estimator that takes texts: a pipeline that begins with a vectorizer.

    It is asked for ``predict_proba``, else for ``decision_function``, of which the softmax (of
    two classes the logistic function) is no calibrated probability, else for ``predict``.
    """

    rows = 1_024
    concurrency = 1
    halted = False

    def __init__(self, estimator: Any, where: str) -> None:
        self._estimator, self.where = estimator, where
        self._margins = not hasattr(estimator, "predict_proba") and hasattr(
            estimator, "decision_function"
        )

    def reader(self, task: Task) -> OutputReader:
        """Return what reads its outputs for a task; ``classes_`` says what its columns are."""
        classes = getattr(self._estimator, "classes_", None)
        if classes is None and task.type is not TaskType.REGRESSION:
            raise ModelError(
                f"{self.where}: expected a fitted classifier (with classes_), got "
                f"{type(self._estimator).__name__} without"
            )
        if classes is not None and task.type is TaskType.REGRESSION:
            raise ModelError(f"{self.where}: expected a regressor, got a classifier")
        self._classes = None if classes is None else list(classes)
        return OutputReader(self.where, task, classes=self._classes, logits=self._margins)

    def __call__(self, texts: list[str], pairs: list[str] | None) -> Any:
        if pairs is not None:
            raise ModelError(
                f"{self.where}: expected a data set of single texts for an estimator, got pairs; "
                "a function that joins them is a model too: --help names ./file.py:function"
            )
        try:
            return self._asked(texts)
        except Exception as problem:
            raise ModelError(
                f"{self.where}: expected outputs for {len(texts):,} texts, got "
                f"{type(problem).__name__}: {first_line(problem)}"
            ) from problem

    def _asked(self, texts: list[str]) -> Any:
        import numpy as np

        if self._classes is None:
            return self._estimator.predict(texts)
        if self._margins:
            margins = np.asarray(self._estimator.decision_function(texts))
            return margins if margins.ndim == 2 else np.stack([-margins / 2, margins / 2], axis=1)
        if hasattr(self._estimator, "predict_proba"):
            return self._estimator.predict_proba(texts)
        return self._estimator.predict(texts)


def is_estimator(thing: Any) -> bool:
    """Say whether an object is like an estimator of scikit-learn."""
    return hasattr(thing, "predict") and hasattr(thing, "get_params")


def check_file(path: Path, *, trust: bool) -> None:
    """Check that a file may be loaded, and can be; it is not loaded yet.

    Raises
    ------
    ModelError
        It needs trust that was not given, or is no such file.
    MissingExtraError
        skops is not installed.
    """
    if path.suffix in PICKLES:
        if not trust:
            raise UsageError(
                f"{path}: expected a model that can be loaded without running code of its own, got "
                "a pickle, which can run anything; save it with skops.io.dump, or if you trust "
                "whoever made it: --trust"
            )
        return
    unknown = _untrusted(path)
    if unknown and not trust:
        named = ", ".join(unknown[:_NAMED]) + (", ..." if len(unknown) > _NAMED else "")
        raise UsageError(
            f"{path}: expected types that skops trusts, got {named}; if you trust whoever made "
            "it: --trust"
        )


def load_estimator(path: Path, *, trust: bool) -> Any:
    """Load an estimator from a file that `check_file` let pass.

    Raises
    ------
    ModelError
        It cannot be loaded, or is no estimator.
    """
    check_file(path, trust=trust)
    with warnings.catch_warnings():
        # Of other versions of scikit-learn; what matters of them shows in the predictions.
        warnings.simplefilter("ignore")
        try:
            if path.suffix in PICKLES:
                import joblib

                loaded = joblib.load(path)
            else:
                from skops import io

                loaded = io.load(path, trusted=_untrusted(path))
        except Exception as problem:
            raise ModelError(
                f"{path}: expected a saved estimator, got {type(problem).__name__}: "
                f"{first_line(problem)}"
            ) from problem
    if not hasattr(loaded, "predict"):
        raise ModelError(f"{path}: expected a saved estimator, got {type(loaded).__name__}")
    return loaded


def _untrusted(path: Path) -> list[str]:
    try:
        from skops import io
    except ImportError:
        raise missing_extra("skops", "skops") from None
    try:
        return sorted(str(name) for name in io.get_untrusted_types(file=path))
    except Exception as problem:
        raise ModelError(
            f"{path}: expected a file that skops wrote, got: {first_line(problem)}"
        ) from problem

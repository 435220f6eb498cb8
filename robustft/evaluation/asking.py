"""Asking a model about every set of an evaluation, and losing nothing on the way."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from robustft.data.files import atomic_path
from robustft.data.task import Task, TaskType
from robustft.errors import UsageError
from robustft.evaluation.predict import Predictions
from robustft.evaluation.predictors import TextModel, open_model
from robustft.evaluation.rows import read_predictions, write_predictions
from robustft.evaluation.sets import TestSet
from robustft.evaluation.subjects import Subject
from robustft.model.foreign.functions import FunctionModel

__all__ = ["Asking", "check_makes"]

_NOTICES, _UNFINISHED = "notices.json", "unfinished"


def check_makes(subjects: Sequence[Subject], task: Task) -> None:
    """Check that models of other makes are asked what they can answer.

    Raises
    ------
    UsageError
        The task is question answering.
    ModelError
        A function names labels that are not the data's.
    """
    other = next((s for s in subjects if s.kind != "transformers"), None)
    if other is not None and task.type is TaskType.QUESTION_ANSWERING:
        raise UsageError(
            f"{other.model}: expected a model of transformers for question answering, got "
            f"one of another kind ({other.kind})"
        )
    for subject in subjects:
        if subject.kind == "function":
            FunctionModel(subject.thing, subject.model).reader(task)


class Asking:
    """A model that is asked for the predictions in one folder, and opened only if some lack.

    A set's file is written when the set is complete; until then its outputs are kept in the
    cache, or beside the files.

    Parameters
    ----------
    place
        The folder of its predictions.
    anew
        Use nothing that an earlier call left.
    settings
        As of `open_model`.
    """

    def __init__(
        self, subject: Subject, task: Task, place: Path, *, anew: bool = False, **settings: Any
    ) -> None:
        self._subject, self._task, self._place = subject, task, place
        self._anew, self._settings = anew, settings
        self._said: dict[str, Predictions] = {}
        self._model: TextModel | None = None

    def open(self) -> TextModel:
        """Return the model, opened once; it knows what was predicted already."""
        if self._model is None:
            self._model = open_model(
                self._subject,
                self._task,
                anew=self._anew,
                checkpoint=self._place / _UNFINISHED,
                **self._settings,
            )
            for known in self._said.values():
                self._model.remember(known)
        return self._model

    def predict(
        self,
        sets: Sequence[TestSet],
        progress: Callable[[str, int, int], None] = lambda _title, _done, _total: None,
    ) -> dict[str, Predictions]:
        """Return the predictions for each set, and write those that lack."""
        for made in () if self._anew else sets:
            kept = read_predictions(self._place, made, self._task)
            if kept is not None:
                self._said[made.facts.name] = kept
        missing = [made for made in sets if made.facts.name not in self._said]
        rows = sum(len(made.split) for made in missing)
        for made in missing:
            said = self.open().predict(
                made.split.texts,
                lambda n: progress(f"predicting: {self._place.name}", n, rows),
                pairs=made.split.pairs,
            )
            self._said[made.facts.name] = said
            write_predictions(self._place, made, said, self._task)
        return dict(self._said)

    def finish(self) -> tuple[str, ...]:
        """Take away what was kept on the way, and return what was taken for granted."""
        file = self._place / _NOTICES
        if self._model is None:
            try:
                return tuple(json.loads(file.read_bytes()))
            except (OSError, ValueError):
                return ()
        notices = tuple(self._model.notices)
        with atomic_path(file) as temporary:
            temporary.write_text(json.dumps(notices, ensure_ascii=False), encoding="utf-8")
        shutil.rmtree(self._place / _UNFINISHED, ignore_errors=True)
        return notices

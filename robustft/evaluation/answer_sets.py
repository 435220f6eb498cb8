"""What a model answers to the questions of several test sets, ready to be compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from robustft.data.saving import write_parquet
from robustft.evaluation.answers import ReadingSettings, answer, answer_table, fitting
from robustft.evaluation.plan import EvaluationPlan
from robustft.evaluation.predict import Hashes, token_hashes
from robustft.evaluation.sets import TestSet
from robustft.evaluation.subjects import Subject
from robustft.model.load import load_finetuned
from robustft.scoring.answers import AnswerScores, score_answers
from robustft.seeding import mix
from robustft.training.qa import QuestionWindows

__all__ = ["Answered", "answer_sets"]


@dataclass(frozen=True, eq=False)
class Answered:
    """How good a model's answers to questions are, in the order of the questions.

    Attributes
    ----------
    token_hash
        A hash of all windows that the model saw of each question and its context.
    truncated
        Whether the question was cut; a context never is.
    """

    scores: AnswerScores
    token_hash: Hashes
    truncated: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.token_hash)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Zeros: a context is read whole, in windows that overlap."""
        return np.zeros(len(self), np.int64)

    @property
    def predictions(self) -> npt.NDArray[np.float64]:
        """The scores, a row a question: what `compare` measures."""
        return self.scores.to_array()


def answer_sets(
    plan: EvaluationPlan,
    subject: Subject,
    sets: Sequence[TestSet],
    place: Path,
    *,
    batch_size: int | None = None,
    device: str = "auto",
    precision: str = "fp32",
    progress: Callable[[str, int, int], None] = lambda _title, _done, _total: None,
) -> tuple[dict[str, Answered], tuple[str, ...]]:
    """Let a model answer the questions of each set, and write its answers to `place`.

    The files are those of `run_answers`, one a set. Notices are returned, too.
    """
    loaded = load_finetuned(subject.model, task=plan.task)
    wanted = ReadingSettings.of(subject, max_length=plan.max_length)
    settings, notices = fitting(wanted, loaded)
    answered = {}
    for made in sets:
        name, split = made.facts.name, made.split
        said, windows, cut = answer(
            loaded,
            split,
            settings,
            batch_size=batch_size,
            device=device,
            precision=precision,
            progress=partial(progress, f"answering: {subject.facts.name}, {name}"),
        )
        golds = [answers.texts for answers in split.answers or []]
        scores = score_answers([candidates[0].text for candidates in said], golds)
        write_parquet(answer_table(split, said, scores), place / f"{name}.parquet")
        answered[name] = Answered(scores, *_seen(windows, len(split)))
        notices += cut
    return answered, tuple(dict.fromkeys(notices))


def _seen(windows: QuestionWindows, rows: int) -> tuple[Hashes, npt.NDArray[np.bool_]]:
    """Return a hash of each question's windows, and whether one of them was cut."""
    questions = windows.questions
    first = np.searchsorted(questions, questions)  # a question's windows stand together
    hashes, cut = np.zeros(rows, np.uint64), np.zeros(rows, np.bool_)
    placed = mix(token_hashes(windows.tokens), np.arange(len(questions)) - first)
    np.add.at(hashes, questions, placed)
    np.logical_or.at(cut, questions, windows.truncated)
    return hashes, cut

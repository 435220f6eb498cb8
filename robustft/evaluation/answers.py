"""How well a model answers questions: five measures with their intervals, and every candidate."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from robustft.data.run_folder import RunFolder, hardware
from robustft.data.saving import save_split, write_parquet
from robustft.data.split import Split
from robustft.data.task import TaskType
from robustft.errors import UsageError
from robustft.evaluation.answers_result import AnswersResult
from robustft.evaluation.memory import Floats, Rows
from robustft.evaluation.plan import EvaluationPlan, make_evaluation
from robustft.evaluation.results import ORIGINAL
from robustft.evaluation.spread import spread
from robustft.evaluation.subjects import Subject
from robustft.model.device import resolve_device, resolve_precision
from robustft.model.load import LoadedModel, load_finetuned
from robustft.scoring.answers import AnswerScores, answer_metrics, answer_notes, score_answers
from robustft.seeding import fold_in
from robustft.training.arguments import QUESTION_LENGTH, TrainingArguments
from robustft.training.batching import TokenizedTexts, plan_batches
from robustft.training.decoding import Candidate, SpanDecoder
from robustft.training.qa import QuestionWindows, make_windows

__all__ = [
    "ReadingSettings",
    "answer",
    "answer_table",
    "evaluate_answers",
    "fitting",
    "run_answers",
]

METRICS = "metrics.json"
_ROWS = 32
_SCHEMA = pa.schema(
    [
        ("id", pa.large_string()),
        ("question", pa.large_string()),
        ("prediction", pa.large_string()),
        ("score", pa.float64()),
        ("n_best", pa.large_string()),
        ("gold_answers", pa.list_(pa.large_string())),
        ("exact_match", pa.float64()),
        ("f1", pa.float64()),
        ("meteor", pa.float64()),
        ("rouge_l", pa.float64()),
    ]
)

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class ReadingSettings:
    """How contexts are read and answers chosen; see `TrainingArguments`."""

    max_length: int = QUESTION_LENGTH
    doc_stride: int = 128
    max_answer_length: int = 30
    n_best: int = 20

    @classmethod
    def of(cls, subject: Subject, **given: int | None) -> ReadingSettings:
        """Return what is `given`, else what the model was trained with, else the defaults.

        Raises
        ------
        UsageError
            A value is too small to be used.
        """
        trained = subject.run.config.get("training", {}) if subject.run else {}
        named = {name: value for name, value in given.items() if value is not None}
        for name, value in named.items():
            least = 0 if name == "doc_stride" else 1
            if value < least:
                raise UsageError(f"{name}: expected at least {least}, got {value}")
        names = [
            name for name in cls.__dataclass_fields__ if name in TrainingArguments.model_fields
        ]
        return cls(**{name: int(trained[name]) for name in names if name in trained} | named)


def evaluate_answers(
    model: str | os.PathLike[str],
    *,
    data: Any = None,
    split: str | None = None,
    max_eval: int | None = None,
    max_length: int | None = None,
    doc_stride: int | None = None,
    max_answer_length: int | None = None,
    n_best: int | None = None,
    seed: int | None = None,
    out: str | os.PathLike[str] | None = None,
    root: str | os.PathLike[str] = "runs",
    batch_size: int | None = None,
    device: str = "auto",
    precision: str = "fp32",
    force: bool = False,
    progress: Progress = lambda _title, _done, _total: None,
    **columns: Any,
) -> AnswersResult:
    """Let a model answer the questions of a split and score its answers.

    Parameters
    ----------
    model
        A run folder, a model folder or a hub name.
    data
        What `load_dataset` takes. None: what the run was trained on.
    split
        Which rows; by default ``test``, or all of data that come without splits.
    max_eval
        At most so many questions, chosen by the seed.
    max_length, doc_stride, max_answer_length, n_best
        How contexts are read; by default as in training. See `TrainingArguments`.
    seed
        Of the sample and of the bootstrap. None: that of the run.
    out, root
        As in `evaluate`: a folder named after the settings, which the same call finds again.
    batch_size, device, precision
        Windows a batch, where, and in which type: see `robustft.evaluation.predict.Predictor`.
    force
        Compute anew what an earlier call left.
    progress
        Told how far the work is, in windows.
    columns
        Passed on to `load_dataset`.

    Raises
    ------
    RobustftError
        Model and data do not go together, or the model learned from the rows; the message says
        which.
    """
    plan = make_evaluation(
        model,
        data=data,
        transformed=False,
        split=split,
        max_eval=max_eval,
        seed=seed,
        out=out,
        root=root,
        columns=columns,
    )
    subject = plan.subjects[0]
    settings = ReadingSettings.of(
        subject,
        max_length=max_length,
        doc_stride=doc_stride,
        max_answer_length=max_answer_length,
        n_best=n_best,
    )
    return run_answers(
        plan,
        subject,
        settings,
        batch_size=batch_size,
        device=device,
        precision=precision,
        force=force,
        progress=progress,
    )


def run_answers(
    plan: EvaluationPlan,
    subject: Subject,
    settings: ReadingSettings,
    *,
    batch_size: int | None = None,
    device: str = "auto",
    precision: str = "fp32",
    force: bool = False,
    progress: Progress = lambda _title, _done, _total: None,
) -> AnswersResult:
    """Let one of the models of `plan` answer; a finished evaluation is found again.

    The file of answers has the columns ``id``, ``question``, ``prediction``, ``score`` (logit of
    the start plus logit of the end), ``n_best`` (JSON: `Candidate.to_dict` of each),
    ``gold_answers``, and ``exact_match``, ``f1``, ``meteor``, ``rouge_l`` (0 to 1).

    Raises
    ------
    UsageError
        The plan is for another task.
    """
    if plan.task.type is not TaskType.QUESTION_ANSWERING:
        raise UsageError(
            f"answers: expected data of questions, contexts and answers, got {plan.task.type}"
        )
    folder = _start(plan, subject, settings)
    if folder.finished and not force:
        found = AnswersResult.from_dict(folder.read_json(METRICS))
        return replace(found, folder=str(folder.path))
    loaded = load_finetuned(subject.model, task=plan.task)
    settings, notices = fitting(settings, loaded)
    said, windows, cut = answer(
        loaded,
        plan.split,
        settings,
        batch_size=batch_size,
        device=device,
        precision=precision,
        progress=lambda done, of: progress(f"answering: {subject.facts.name}", done, of),
    )
    golds = [found.texts for found in plan.split.answers or []]
    scores = score_answers([candidates[0].text for candidates in said], golds)
    file = f"predictions/{subject.facts.name}/{ORIGINAL}.parquet"
    write_parquet(answer_table(plan.split, said, scores), folder.path / file)
    result = AnswersResult(
        model=subject.facts.name,
        dataset=plan.dataset,
        split=plan.split.name,
        rows=len(plan.split),
        windows=len(windows),
        metrics=answer_metrics(scores, seed=fold_in(plan.seed, "answers")),
        notes=answer_notes(),
        settings=asdict(settings),
        predictions=file,
        notices=(*plan.notices, *plan.remarks, *notices, *cut),
    )
    _finish(plan, subject, folder, result)
    return replace(result, folder=str(folder.path))


def answer(
    loaded: LoadedModel,
    split: Split,
    settings: ReadingSettings,
    *,
    batch_size: int | None = None,
    device: str = "auto",
    precision: str = "fp32",
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> tuple[list[list[Candidate]], QuestionWindows, tuple[str, ...]]:
    """Return each question's candidates (the answer first), the windows read, and notices.

    Logits are decoded as they come, so memory holds those of one batch.
    """
    windows, notices = make_windows(
        loaded.tokenizer, split, max_length=settings.max_length, doc_stride=settings.doc_stride
    )
    decoder = SpanDecoder(
        windows, max_answer_length=settings.max_answer_length, n_best=settings.n_best
    )
    reader = _Reader(loaded, batch_size or _ROWS, device, precision)
    for rows, logits in spread(reader, _read, windows.tokens, np.arange(len(windows))):
        decoder.add(rows, logits)
        progress(len(rows), len(windows))
    return decoder.answers(), windows, notices


@dataclass(frozen=True)
class _Reader:
    """A model that reads windows, and how."""

    loaded: LoadedModel
    batch_size: int
    device: str
    precision: str


def _read(reader: _Reader, tokens: TokenizedTexts, rows: Rows) -> Iterator[tuple[Rows, Floats]]:
    """Yield positions in `rows` and the logits of starts and ends, shape (windows, 2, tokens)."""
    place = resolve_device(reader.device)
    mixed = resolve_precision(reader.precision, place) == "bf16"
    model: torch.nn.Module = reader.loaded.model
    model.to(place).eval()
    with (
        torch.inference_mode(),
        torch.autocast(place.type, dtype=torch.bfloat16, enabled=mixed),
    ):
        for batch in plan_batches(tokens.lengths[rows], reader.batch_size):
            outputs = model(**tokens.collate(rows[batch], place))
            logits = torch.stack([outputs.start_logits, outputs.end_logits], 1)
            yield batch, logits.float().cpu().numpy()


def _start(plan: EvaluationPlan, subject: Subject, settings: ReadingSettings) -> RunFolder:
    models = [model for model in plan.config()["models"] if model["name"] == subject.facts.name]
    kept = {k: v for k, v in plan.config().items() if k not in ("sets", "max_length")}
    config = {**kept, "models": models, "reading": asdict(settings)}
    readable = f"{plan.split.name}-answers"
    out = plan.folder
    if out is not None and len(plan.subjects) > 1:
        out = out / subject.facts.name
    return RunFolder.start("eval", readable, config, out=out, root=plan.root)


def fitting(
    settings: ReadingSettings, loaded: LoadedModel
) -> tuple[ReadingSettings, tuple[str, ...]]:
    """Return settings that the model can follow, and what has changed."""
    limit = loaded.max_positions
    if limit is None or settings.max_length <= limit:
        return settings, ()
    said = f"max length: the model reads at most {limit} tokens, not {settings.max_length}"
    return replace(settings, max_length=limit), (said,)


def answer_table(split: Split, said: list[list[Candidate]], scores: AnswerScores) -> pa.Table:
    """Return the file of answers; see `run_answers` for its columns."""
    best = [candidates[0] for candidates in said]
    n_best = [json.dumps([c.to_dict() for c in candidates]) for candidates in said]
    columns = {
        "id": split.ids,
        "question": split.texts,
        "prediction": [candidate.text for candidate in best],
        "score": np.round([candidate.score for candidate in best], 4),
        "n_best": n_best,
        "gold_answers": [list(found.texts) for found in split.answers or []],
        "exact_match": scores.exact_match,
        "f1": scores.f1,
        "meteor": scores.meteor,
        "rouge_l": scores.rouge_l,
    }
    return pa.table(columns, schema=_SCHEMA)


def _finish(
    plan: EvaluationPlan, subject: Subject, folder: RunFolder, result: AnswersResult
) -> None:
    save_split(plan.split, folder.path / "data" / f"{ORIGINAL}.parquet")
    folder.write_json(METRICS, result.to_dict())
    folder.log({"event": "evaluated", "hardware": hardware()})
    folder.finish(
        {
            "seed": plan.seed,
            "split": plan.split.name,
            "counts": {"rows": result.rows, "windows": result.windows},
            "fingerprints": {plan.split.name: plan.split.fingerprint},
            "models": [subject.facts.name],
            "notices": list(result.notices),
        }
    )

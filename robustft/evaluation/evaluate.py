"""Evaluate models on original and transformed test sets, and keep all that a report needs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from robustft.data.build import replacement_words
from robustft.data.export import write_edits
from robustft.data.run_folder import RunFolder, hardware
from robustft.data.saving import save_split
from robustft.errors import UsageError
from robustft.evaluation.answer_sets import answer_sets
from robustft.evaluation.asking import Asking, check_makes
from robustft.evaluation.counterexamples.keep import DEFAULT_LIMIT, Hunt, Limit, hunted, read_limit
from robustft.evaluation.draws import joined_facts, joined_outputs
from robustft.evaluation.families import families_of
from robustft.evaluation.leaks import score_leaks
from robustft.evaluation.measures import Said
from robustft.evaluation.plan import EvaluationPlan, make_evaluation
from robustft.evaluation.results import FORMAT, ModelFacts, RobustnessResult, SharedWords
from robustft.evaluation.robustness import compare
from robustft.evaluation.rows import write_predictions
from robustft.evaluation.sets import SetPlan, TestSet, build_set
from robustft.evaluation.slices import parts_of
from robustft.evaluation.sources import sources_of
from robustft.model.foreign.options import ModelOptions
from robustft.transform.base import LabelKind
from robustft.transform.constraints import Constraint
from robustft.transform.registry import Transforms

__all__ = ["Progress", "evaluate", "run_evaluation"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, the rows done since the last call, and all rows of it."""

METRICS = "metrics.json"


def evaluate(
    runs: Any = None,
    *,
    data: Any = None,
    transforms: Transforms | None = None,
    severity: int | str | None = None,
    draws: int = 1,
    slices: Sequence[str] = (),
    transformed: bool | None = None,
    constraints: Sequence[Constraint] | None = None,
    sides: str | None = None,
    spans: str | None = None,
    split: str | None = None,
    max_eval: int | None = None,
    max_length: int | None = None,
    seed: int | None = None,
    out: str | os.PathLike[str] | None = None,
    root: str | os.PathLike[str] = "runs",
    batch_size: int | None = None,
    device: str = "auto",
    precision: str = "fp32",
    fast: bool = False,
    workers: int = 1,
    label_kind: LabelKind | str | None = None,
    on_leak: str = "warn",
    force: bool = False,
    predictions: Literal["parquet", "csv"] = "parquet",
    counterexamples: Limit = DEFAULT_LIMIT,
    options: ModelOptions | None = None,
    progress: Progress = lambda _title, _done, _total: None,
    **columns: Any,
) -> RobustnessResult:
    """Evaluate models on a test set and on transformed versions of it.

    Parameters
    ----------
    runs
        Run folders, model folders or hub names, functions (objects, or ``module:function``),
        estimators of scikit-learn (objects, or files), ONNX models, addresses of endpoints; one
        or several. None: the newest augmented run under `root` and its clean twin.
    data
        What `load_dataset` takes. None: what the runs were trained on.
    transforms
        A chain as in `perturb`, or a list of chains. Each transform of a chain makes a set alone
        and all of them the *mix*. None: those of the run, drawn anew, or the default's that keep
        the labels.
    severity
        1 to 5, or ``all`` for every transform and the mix at each of them. None: that of the run.
    draws
        How often the transformed sets are drawn. Of several, all numbers are means over draws,
        with the rows as what was sampled, and `RobustnessResult.spread` says what the draws do.
    slices
        Columns of the data to part the rows by, besides length, label and negation. Numbers are
        cut into thirds.
    transformed
        False evaluates the original rows alone.
    constraints
        What edits and texts must satisfy; see `robustft.transform.constraints`. None: those of
        the run, where the transforms are the run's too.
    sides, spans
        Which text of a pair may change, and whether answers are protected or follow the edits:
        see `robustft.data.fields.Scope`. None: as in the run.
    split
        Which rows; by default ``test``, or all of data that come without splits.
    max_eval
        At most so many rows, chosen by the seed with the labels in proportion.
    max_length
        Tokens of a text that are read; by default as in training.
    seed
        What the transforms draw by, in a stream of its own. None: that of the run.
    out, root
        The folder to write; by default one under ``evaluations`` in the (augmented) run, or under
        `root` for plain models, named after the settings. The same call finds its work again.
    batch_size, device, precision, fast
        How to predict; see `Predictor`. Questions are answered without `fast`.
    workers
        Processes that transform texts.
    label_kind
        What the labels say about a text, where neither run nor data know.
    on_leak
        What to do about rows whose texts are also, or nearly, among those that a model was trained
        on: ``warn`` scores with and without them, ``drop`` leaves them out, ``refuse`` stops. Rows
        that were trained on, by their ``source_id`` or id, are refused always.
    force
        Go on although a transform does not keep that kind of label, and compute anew what an
        earlier call left.
    predictions
        ``csv`` writes the predictions as csv too.
    counterexamples
        How many of a model's flipped predictions on the mix are shrunk to a few edits that still
        flip them, none of which can be spared, or ``all``; see `robustft.counterexamples`. Of
        classes alone.
    options
        How models are opened: what is trusted, what is kept, how endpoints are asked.
    progress
        Told how far the work is.
    columns
        Passed on to `load_dataset`: ``text_column``, ``label_column``, ``id_column``,
        ``label_map``.

    Raises
    ------
    RobustftError
        Runs, data, labels or transforms do not go together, or the models learned from the rows;
        the message says which.
    """
    plan = make_evaluation(
        runs,
        data=data,
        transforms=transforms,
        severity=severity,
        draws=draws,
        slices=slices,
        transformed=transformed,
        constraints=constraints,
        sides=sides,
        spans=spans,
        split=split,
        max_eval=max_eval,
        max_length=max_length,
        seed=seed,
        out=out,
        root=root,
        label_kind=label_kind,
        on_leak=on_leak,
        options=options,
        force=force,
        columns=columns,
    )
    return run_evaluation(
        plan,
        batch_size=batch_size,
        device=device,
        precision=precision,
        fast=fast,
        workers=workers,
        force=force,
        predictions=predictions,
        counterexamples=counterexamples,
        progress=progress,
    )


def run_evaluation(
    plan: EvaluationPlan,
    *,
    batch_size: int | None = None,
    device: str = "auto",
    precision: str = "fp32",
    fast: bool = False,
    workers: int = 1,
    force: bool = False,
    predictions: Literal["parquet", "csv"] = "parquet",
    counterexamples: Limit = DEFAULT_LIMIT,
    progress: Progress = lambda _title, _done, _total: None,
) -> RobustnessResult:
    """Do what `plan` says; predictions that an earlier call left are used again.

    Of questions, the answers are kept as `robustft.evaluation.answers.run_answers` writes them.

    Raises
    ------
    UsageError
        Answers are wanted as csv, or neither a number of counterexamples nor all of them.
    """
    limit = read_limit(counterexamples)
    if plan.questions and predictions == "csv":
        raise UsageError("predictions: expected parquet for answers, got csv")
    check_makes(plan.subjects, plan.task)
    folder = plan.start()
    # What a function or an endpoint said once need not be what it says now.
    anew = force or (folder.finished and not all(s.steady for s in plan.subjects))
    if not anew and (found := _found(plan, folder, predictions, limit)) is not None:
        return found
    if anew and folder.finished:
        folder = folder.again()
    started = time.perf_counter()
    sets = [_made(set_plan, plan, folder, workers, progress) for set_plan in plan.sets]
    main = next((p.name for p in plan.sets if p.main), None)
    hunt = Hunt.of(sets, main, limit=limit, seed=plan.seed)
    how: dict[str, Any] = {"batch_size": batch_size, "device": device, "precision": precision}
    outputs: dict[ModelFacts, Mapping[str, Said]] = {}
    remarks = list(plan.remarks)
    remarks += _not_fast(plan) if fast else []
    for subject, length in zip(plan.subjects, plan.lengths(), strict=True):
        place = folder.path / "predictions" / subject.facts.name
        said: Mapping[str, Said]
        if plan.questions:
            said, notices = answer_sets(plan, subject, sets, place, progress=progress, **how)
            remarks += [f"{subject.facts.name}: {notice}" for notice in notices]
        else:
            own = {**how, "fast": fast, "max_length": length}
            asking = Asking(subject, plan.task, place, anew=anew, **own)
            said = predicted = asking.predict(sets, progress)
            if predictions == "csv":
                for made in sets:
                    name = made.facts.name
                    write_predictions(place, made, predicted[name], plan.task, kind="csv")
            if hunt is not None:
                name = subject.facts.name
                hunt.keep(folder.path, name, predicted, asking.open, again=anew, progress=progress)
            remarks += asking.finish()
        outputs[subject.facts] = joined_outputs(plan.sets, said)
    leaks, said_of_leaks = score_leaks(plan, outputs, main)
    result = compare(
        np.asarray(plan.split.labels),
        joined_facts(plan.sets, sets),
        outputs,
        task=plan.task,
        mix=main,
        shared_words=_shared_words(plan, sets),
        remarks=[*remarks, *said_of_leaks],
        seed=plan.seed,
        sources=sources_of(plan.split),
        parts=parts_of(plan.split, plan.slices),
        families=families_of(plan.subjects),
    )
    result = replace(result, leaks=leaks)
    _finish(plan, folder, result, started, counterexamples=None if hunt is None else limit)
    return replace(result, folder=str(folder.path))


def _not_fast(plan: EvaluationPlan) -> list[str]:
    """Say what is asked as without the fast path."""
    if plan.questions:
        return ["--fast: questions are answered as without it"]
    others = [s.facts.name for s in plan.subjects if s.kind != "transformers"]
    return [
        f"--fast: {name}: asked as without it, being no model of transformers" for name in others
    ]


def _found(
    plan: EvaluationPlan, folder: RunFolder, kind: str, limit: Limit
) -> RobustnessResult | None:
    """Return the result that an earlier call left; None if it lacks anything."""
    done = folder.finished and _has_files(plan, folder.path, kind)
    if not done or not hunted(folder.manifest, limit):
        return None
    found = RobustnessResult.from_dict(folder.read_json(METRICS))
    # Of an earlier format, what was predicted is looked at anew.
    return replace(found, folder=str(folder.path)) if found.format == FORMAT else None


def _made(
    set_plan: SetPlan, plan: EvaluationPlan, folder: RunFolder, workers: int, progress: Progress
) -> TestSet:
    """Make a set and write its rows and its edits."""
    made = build_set(set_plan, plan.split, seed=plan.seed, scope=plan.scope, workers=workers)
    data = folder.path / "data" / f"{set_plan.name}.parquet"
    if not data.is_file():
        if made.made is not None:
            write_edits(made.made.perturbed, folder.path / "edits" / f"{set_plan.name}.jsonl")
        save_split(made.split, data)
    progress("transforming", len(plan.split), len(plan.sets) * len(plan.split))
    return made


def _has_files(plan: EvaluationPlan, folder: Path, kind: str) -> bool:
    return kind == "parquet" or all(
        (folder / "predictions" / s.facts.name / f"{p.name}.{kind}").is_file()
        for s in plan.subjects
        for p in plan.sets
    )


def _shared_words(plan: EvaluationPlan, sets: Sequence[TestSet]) -> SharedWords | None:
    """Count the words that the mix brought in, and those that training had brought in too."""
    trained = next((s.replacement_words for s in plan.subjects if s.replacement_words), None)
    main = next((p.name for p in plan.sets if p.main), None)
    mix = next((made.made for made in sets if made.facts.name == main), None)
    if trained is None or mix is None:
        return None
    words = replacement_words(text for _, text in mix.perturbed.texts())
    return SharedWords(test=len(words), shared=len(words & trained))


def _finish(
    plan: EvaluationPlan,
    folder: RunFolder,
    result: RobustnessResult,
    started: float,
    **facts: Any,
) -> None:
    folder.write_json(METRICS, result.to_dict())
    folder.log(
        {
            "event": "evaluated",
            "minutes": (time.perf_counter() - started) / 60,
            "hardware": hardware(),
        }
    )
    folder.finish(
        {
            "seed": plan.seed,
            "split": plan.split.name,
            "counts": {"rows": len(plan.split), "sets": len(plan.sets)},
            "fingerprints": {plan.split.name: plan.split.fingerprint},
            "models": [s.facts.name for s in plan.subjects],
            "remarks": list(plan.remarks),
            "notices": list(plan.notices),
            **facts,
        }
    )

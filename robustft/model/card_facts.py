"""What a model card tells, gathered from a run folder and its evaluation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from robustft.data.run_folder import RunFolder, newest
from robustft.errors import RunError
from robustft.model.tiny import TINY

__all__ = ["CardFacts", "find_evaluation", "folder_facts", "run_facts"]

METRICS = "metrics.json"
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+){0,2}")
# Names that look like a hub's and are not: data that came as an object, and what is built in.
_NOT_ON_A_HUB = ("data/source", "demo", TINY)
_KINDS = {
    "classification": ("A text classifier", "text-classification"),
    "regression": ("A text regression model", "text-classification"),
    "question_answering": ("A model that answers questions from a text", "question-answering"),
    "pretrain": ("A masked language model", "fill-mask"),
}


@dataclass(frozen=True, kw_only=True)
class CardFacts:
    """Plain values for the card; what is unknown is empty and is not told.

    Attributes
    ----------
    kind, pipeline
        What the model is, in words and as the hub's pipeline tag.
    origin
        How it was made of what: *fine-tuned from x*, *trained from random weights*.
    base_on_hub, data_on_hub
        The hub's names of the base model and of the data, where they have one.
    results
        One entry a set and metric: ``set``, ``metric``, ``value``, ``low``, ``high``.
    results_from
        On what rows the results are, in a sentence.
    sets
        One entry a transformed set: as in `results`, with ``spec`` and ``changed`` (words).
    code
        Python that loads the model.
    """

    repo: str
    kind: str = "A model"
    pipeline: str | None = None
    origin: str = ""
    base_on_hub: str | None = None
    data: str | None = None
    data_on_hub: str | None = None
    labels: tuple[str, ...] = ()
    target: str | None = None
    results: tuple[Mapping[str, Any], ...] = ()
    results_from: str = ""
    split: str = "test"
    interval: str | None = None
    sets: tuple[Mapping[str, Any], ...] = ()
    answers: tuple[str, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    minutes: float | None = None
    hardware: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    caveats: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    code: str = ""


def folder_facts(folder: Path, repo: str, config: Mapping[str, Any]) -> CardFacts:
    """Return what a checkpoint's own configuration (``config.json``) says."""
    architecture = next(iter(config.get("architectures") or ["AutoModel"]), "AutoModel")
    names = tuple(str(name) for name in (config.get("id2label") or {}).values())
    one = config.get("problem_type") == "regression"
    kind = "pretrain" if "MaskedLM" in architecture else ""
    if "SequenceClassification" in architecture:
        kind = "regression" if one else "classification"
    elif "QuestionAnswering" in architecture:
        kind = "question_answering"
    said, pipeline = _KINDS.get(kind, ("A model", None))
    return CardFacts(
        repo=repo,
        kind=said,
        pipeline=pipeline,
        labels=names if kind == "classification" else (),
        target=names[0] if kind == "regression" and names else None,
        code=_code(folder, repo, kind),
    )


def run_facts(run: RunFolder, evaluation: RunFolder | None = None) -> Mapping[str, Any]:
    """Return the fields of `CardFacts` that a finished run adds to those of its checkpoint.

    Parameters
    ----------
    evaluation
        A finished evaluation in which the run's model was tested; without one the results are
        those on the validation rows, which have no intervals.
    """
    config, manifest = run.config, run.manifest
    scratch = bool(config.get("from_scratch")) or config.get("model") == TINY
    model = str(config.get("model", ""))
    training = manifest.get("training", {})
    found: dict[str, Any] = {
        "origin": _origin(run.kind, model, scratch=scratch),
        "base_on_hub": None if scratch else _on_hub(model, parts=2),
        "data": config.get("dataset"),
        "data_on_hub": _on_hub(str(config.get("data", "")), parts=2),
        "rows": {_words(k): v for k, v in manifest.get("counts", {}).items() if v},
        "minutes": manifest.get("minutes"),
        "hardware": _hardware(manifest.get("hardware", {})),
        "settings": _settings(config, training),
        "caveats": tuple(manifest.get("notices", ())),
        "versions": tuple(f"{k} {v}" for k, v in manifest.get("versions", {}).items()),
        **_validated(manifest),
    }
    if evaluation is not None:
        tested = _evaluated(run, evaluation)
        found |= tested | {"caveats": (*found["caveats"], *tested["caveats"])}
    return found


def find_evaluation(run: RunFolder) -> RunFolder | None:
    """Return the newest finished evaluation among those in the run's own folder, if any."""
    return next(iter(newest(run.path / "evaluations", "eval")), None)


def _origin(kind: str, model: str, *, scratch: bool) -> str:
    if scratch:
        return "trained from random weights"
    # A local model is called by its name alone: where it lies is nobody's business.
    verb = "pretrained further" if kind == "pretrain" else "fine-tuned"
    hub = _on_hub(model, parts=2)
    return f"{verb} from {hub or PurePosixPath(model).name}"


def _validated(manifest: Mapping[str, Any]) -> dict[str, Any]:
    scores = {k: v for k, v in manifest.get("validation", {}).items() if v is not None}
    epoch = manifest.get("best_epoch")
    return {
        "results": tuple(
            {"set": "validation", "metric": _words(k), "value": v, "low": None, "high": None}
            for k, v in scores.items()
        ),
        "results_from": "On the validation rows, by which the kept epoch "
        + (f"({epoch}) " if epoch else "")
        + "was chosen.",
        "split": "validation",
    }


def _evaluated(run: RunFolder, evaluation: RunFolder) -> dict[str, Any]:
    """Return the results of an evaluation for the model of `run`.

    Raises
    ------
    RunError
        It is about other models.
    """
    found: Mapping[str, Any] = evaluation.read_json(METRICS)
    name = run.path.resolve().name
    if "cells" not in found:
        return _answered(name, found, evaluation)
    cells = [cell for cell in found["cells"] if cell["model"] == name]
    if not cells:
        raise _about_others(evaluation, name, *(model["name"] for model in found["models"]))
    specs = {facts["name"]: facts for facts in found["sets"]}
    results, drops = [], []
    for cell in cells:
        facts = specs[cell["set"]]
        for metric, number in cell["metrics"].items():
            results.append(_entry(cell["set"], metric, number))
        for metric, number in (cell.get("drop") or {}).items():
            changed = f"{facts['changed_share']:.0%}"
            entry = _entry(cell["set"], metric, number)
            drops.append({**entry, "spec": facts["spec"], "changed": changed})
    first = next(iter(cells[0]["metrics"].values()))
    verdict = found.get("verdict", {})
    rows, split = specs[cells[0]["set"]]["rows"], str(evaluation.config.get("split", "test"))
    alone = len(found["models"]) == 1
    return {
        "results": tuple(results),
        "results_from": f"On {rows:,} rows of the split {split}.",
        "split": split,
        "interval": f"{first['level']:.0%}",
        "sets": tuple(drops),
        # The answers of a pair are about both models: they would mislead on the card of one.
        "answers": tuple(a["sentence"] for a in verdict.get("answers", ())) if alone else (),
        "caveats": tuple(verdict.get("caveats", ())) if alone else (),
    }


def _answered(name: str, found: Mapping[str, Any], evaluation: RunFolder) -> dict[str, Any]:
    """Return the results of an evaluation of answers, which has one model and one set."""
    if found["model"] != name:
        raise _about_others(evaluation, name, found["model"])
    metrics: Mapping[str, Mapping[str, Any]] = found["metrics"]
    split, rows = str(found["split"]), int(found["rows"])
    return {
        "results": tuple(_entry("original", key, number) for key, number in metrics.items()),
        "results_from": f"On {rows:,} questions of the split {split}; all values are "
        f"{found['unit']}.",
        "split": split,
        "interval": f"{next(iter(metrics.values()))['level']:.0%}",
        "caveats": (
            *found["notices"],
            *(f"{_words(key)}: {said}" for key, said in found["notes"].items()),
        ),
    }


def _about_others(evaluation: RunFolder, name: str, *others: str) -> RunError:
    return RunError(
        f"{evaluation.path}: expected an evaluation of {name}, got one of {', '.join(others)}"
    )


def _entry(name: str, metric: str, number: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {key: number.get(key) for key in ("value", "low", "high")}
    return {"set": name, "metric": _words(metric), **numbers}


def _settings(config: Mapping[str, Any], training: Mapping[str, Any]) -> dict[str, str]:
    """Return what the run was told to do, a line each."""
    arguments = training.get("arguments") or config.get("training", {})
    shown = {key: config.get(key) for key in ("role", "augment", "transforms", "severity", "seed")}
    shown |= {key: value for key, value in arguments.items() if key not in shown}
    return {_words(k): _plain(v) for k, v in shown.items() if v not in (None, "")}


def _hardware(found: Mapping[str, Any]) -> str | None:
    device = found.get("gpu")
    if device is None and "cores" in found:
        device = f"{found['cores']} processor cores"
    return None if device is None else str(device)


def _on_hub(name: str, *, parts: int) -> str | None:
    """Return a name as the hub has it; None for what is local or built in."""
    if name.partition(":")[0] in _NOT_ON_A_HUB or ".." in name or not _HUB_NAME.fullmatch(name):
        return None
    return "/".join(name.split("/")[:parts])


def _code(folder: Path, repo: str, kind: str) -> str:
    """Return Python that loads the model: transformers' own, or ours for adapters in place."""
    if (folder / "adapter.json").is_file():
        return (
            "# The adapters in place need robustft: pip install robustft\n"
            "from robustft.data.task import Task\n"
            "from robustft.model.load import load_finetuned\n\n"
            f'loaded = load_finetuned("{repo}", task=Task(...))  # see the labels above'
        )
    pipelines = {
        "classification": "text-classification",
        "question_answering": "question-answering",
        "pretrain": "fill-mask",
    }
    if kind in pipelines:
        return (
            "from transformers import pipeline\n\n"
            f'model = pipeline("{pipelines[kind]}", model="{repo}")'
        )
    head = "AutoModelForSequenceClassification" if kind == "regression" else "AutoModel"
    lines = [
        f"from transformers import {head}, AutoTokenizer\n",
        f'tokenizer = AutoTokenizer.from_pretrained("{repo}")',
        f'model = {head}.from_pretrained("{repo}")',
    ]
    if kind == "regression":
        lines.append('number = model(**tokenizer("A text.", return_tensors="pt")).logits.item()')
    return "\n".join(lines)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)

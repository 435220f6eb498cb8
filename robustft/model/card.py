"""Model cards: a README with front matter that the hub reads.

The front matter follows the hub's metadata for models (https://hf.co/docs/hub/model-cards); it is
written by huggingface_hub's own classes, so that its keys are those that the hub knows.
"""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from robustft.data.run_folder import RunFolder
from robustft.errors import ModelError
from robustft.model.card_facts import CardFacts, folder_facts, run_facts

__all__ = ["make_card", "render_card"]

# The sets whose metrics go into the model index: those of the rows as they are.
_INDEXED = ("original", "validation")
# The hub's names for our metrics, where they differ.
_METRICS = {
    "macro f1": "f1",
    "r2": "r_squared",
    "spearman": "spearmanr",
}


def make_card(
    folder: Path,
    repo: str,
    *,
    run: RunFolder | None = None,
    evaluation: RunFolder | None = None,
    license: str | None = None,  # noqa: A002
) -> str:
    """Return the card of a checkpoint: what it is and, of a run, how it was made and how it does.

    Parameters
    ----------
    folder
        The checkpoint, with its ``config.json``.
    repo
        The name that it will have on the hub.
    run
        The run that it comes from.
    evaluation
        An evaluation of that run.
    license
        Such as ``apache-2.0``; left out otherwise, for it is the user's to choose.

    Raises
    ------
    ModelError
        The folder has no configuration that can be read.
    RunError
        The evaluation is about other models.
    """
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError) as problem:
        raise ModelError(f"{folder}: expected a config.json, got: {problem}") from problem
    facts = folder_facts(folder, repo, config)
    if run is not None:
        facts = replace(facts, **run_facts(run, evaluation))
    return render_card(facts, license=license)


def render_card(facts: CardFacts, *, license: str | None = None) -> str:  # noqa: A002
    """Return the card as Markdown with YAML front matter."""
    from jinja2 import Environment, StrictUndefined

    template = importlib.resources.files("robustft.model") / "templates" / "card.md.j2"
    environment = Environment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        # It writes Markdown, whose special characters are taken care of by these filters.
        autoescape=False,
    )
    environment.filters |= {
        "cell": _cell,
        "code": _code,
        "code_cell": _code_cell,
        "interval": _interval,
        "line": _line,
        "number": _number,
    }
    made = environment.from_string(template.read_text(encoding="utf-8"))
    return made.render(facts=facts, front_matter=_front_matter(facts, license))


def _front_matter(facts: CardFacts, license: str | None) -> str:  # noqa: A002
    from huggingface_hub import EvalResult, ModelCardData

    results = [
        EvalResult(
            task_type=facts.pipeline or "other",
            dataset_type=facts.data_on_hub or "other",
            dataset_name=facts.data or "unknown",
            dataset_split=facts.split,
            metric_type=_METRICS.get(row["metric"], row["metric"].replace(" ", "_")),
            metric_name=row["metric"],
            metric_value=round(row["value"], 6),
        )
        for row in facts.results
        if row["set"] in _INDEXED and row["value"] is not None and row["metric"] != "loss"
    ]
    metrics = list(dict.fromkeys(result.metric_type for result in results))
    data = ModelCardData(
        base_model=facts.base_on_hub,
        datasets=[facts.data_on_hub] if facts.data_on_hub else None,
        library_name="transformers",
        license=license,
        metrics=metrics or None,
        model_name=facts.repo.rpartition("/")[2],
        eval_results=results or None,
        pipeline_tag=facts.pipeline,
        tags=["robustft", *(["regression"] if facts.target else [])],
    )
    if not results:
        # Without results there is no model index for a name to stand in.
        data.model_name = None
    return str(data.to_yaml(line_break="\n"))


def _line(text: Any) -> str:
    """Return text that stays on its line and is no markup."""
    plain = " ".join(str(text).split())
    for character in "\\<`*_[":
        plain = plain.replace(character, "\\" + character)
    return plain


def _cell(text: Any) -> str:
    return _line(text).replace("|", "\\|")


def _code(text: Any) -> str:
    """Return text as code, in more backticks than it holds."""
    plain = " ".join(str(text).split())
    fence = "`"
    while fence in plain:
        fence += "`"
    space = " " if len(fence) > 1 else ""
    return f"{fence}{space}{plain}{space}{fence}" if plain else ""


def _code_cell(text: Any) -> str:
    return _code(text).replace("|", "\\|")


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4g}"


def _interval(row: Mapping[str, Any]) -> str:
    if row.get("low") is None or row.get("high") is None:
        return ""
    return f"{_number(row['low'])} to {_number(row['high'])}"

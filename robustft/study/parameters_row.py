"""A row that counts parameters: nothing is trained, and no weights are loaded."""

from __future__ import annotations

from pathlib import Path

from robustft.model.configuration import find_configuration
from robustft.model.parameters import ParameterTable, compare, count_parameters
from robustft.study.grid import RunSpec
from robustft.study.results import Count, RowResult, Value
from robustft.study.rows import Context

__all__ = ["COUNTS", "run_parameters"]

COUNTS = "parameters"
"""What the row's counts are called among its metrics, as in ``parameters.total``."""

HEADS = ("none", "classification", "question-answering")


def run_parameters(spec: RunSpec, context: Context) -> RowResult:
    """Count the parameters of the row's model, without a head and with two.

    Metrics, under ``parameters``: ``total``, ``layer`` (the lowest), ``pooler``,
    ``classification`` and ``question_answering`` (the whole model with such a head). ``facts``
    has the tables by component, layer and module, and the comparison of the heads.
    """
    name = context.model_for(spec) or "bert-base-uncased"
    short = Path(name).name
    found = find_configuration(name)
    labels = int(spec.settings.get("labels", 2))
    tables = [
        count_parameters(
            found.config, name=short, head=head, labels=labels if head == HEADS[1] else None
        )
        for head in HEADS
    ]
    bare = tables[0]
    parts = bare.to_dict()["components"]
    return RowResult(
        row=spec.row,
        model=short,
        settings={**spec.settings, "model": short, "labels": labels},
        metrics={COUNTS: {key: Value(value=n) for key, n in _counts(tables).items()}},
        parameters={
            **{part: Count(total=n, trained=n) for part, n in parts.items()},
            "total": Count(total=bare.total.count, trained=bare.total.trainable),
        },
        facts={"tables": [table.to_dict() for table in tables], "comparison": compare(tables)},
        notices=list(dict.fromkeys([*found.notices, *(n for t in tables for n in t.notes)])),
    )


def _counts(tables: list[ParameterTable]) -> dict[str, int]:
    bare, classifier, answers = tables
    return {
        "total": bare.total.count,
        "layer": bare.count("encoder", "layer 0"),
        "pooler": bare.count("pooler"),
        "classification": classifier.total.count,
        "question_answering": answers.total.count,
    }

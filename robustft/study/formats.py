"""How metrics, settings and numbers are written in every view of a study."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from robustft.study.results import ORIGINAL, VALIDATION

__all__ = [
    "axis_label",
    "column_parts",
    "heading",
    "higher_is_better",
    "interval_text",
    "number_text",
    "p_text",
    "percent_text",
    "published_places",
    "published_text",
    "quoted",
    "setting_heading",
    "setting_text",
    "short",
]

COUNTS = "parameters"

_METRICS = {
    "mse": "MSE",
    "r2": "R²",
    "spearman": "Spearman",
    "macro_f1": "macro-F1",
    "f1": "F1",
    "mcc": "MCC",
    "exact_match": "exact match",
    "train_loss": "training loss",
    "bleu": "BLEU",
    "meteor": "METEOR",
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L",
    "rouge_l": "ROUGE-L",
}
_LOWER = frozenset({"mse", "loss", "train_loss", "perplexity", "minutes"})
_UNITS = {"loss": "per row", "perplexity": "per masked token", "minutes": "min"}

_SETTINGS = {
    "adapter": "adapter",
    "augment": "augmented rows",
    "batch_size": "batch",
    "freeze": "frozen",
    "frozen": "frozen part",
    "head_lr": "head lr",
    "layer_lr_decay": "lr decay by layer",
    "learning_rate": "lr",
    "max_length": "tokens",
    "max_steps": "steps",
    "max_train": "training rows",
    "reinit": "drawn anew",
    "unfreeze": "unfreezing",
    "warmup_ratio": "warm-up",
}


def column_parts(column: str) -> tuple[str, str]:
    """Return the set and the metric of a table's column: ``mse`` is on the original rows."""
    group, dot, metric = column.rpartition(".")
    return (group, metric) if dot else (ORIGINAL, metric)


def heading(column: str) -> str:
    """Return what a table calls a column: ``validation loss``, ``accuracy (mix)``."""
    group, metric = column_parts(column)
    name = _METRICS.get(metric, metric.replace("_", " "))
    if group == VALIDATION:
        return f"validation {name}"
    return name if group in (ORIGINAL, COUNTS) else f"{name} ({group})"


def axis_label(column: str) -> str:
    """Return the heading with the unit, where there is one, for a figure's axis."""
    unit = _UNITS.get(column_parts(column)[1])
    return f"{heading(column)} ({unit})" if unit else heading(column)


def higher_is_better(column: str) -> bool:
    """Return whether more is better; losses, errors and times are the less the better."""
    return column_parts(column)[1] not in _LOWER


def number_text(value: float, *, places: int | None = None) -> str:
    """Return a number with as many places as its size calls for, with a proper minus sign."""
    size = abs(value)
    if places is None and size >= 1000 and float(value).is_integer():
        return f"{value:,.0f}".replace("-", "−")
    if places is None:
        places = _places(size)
        if 0 < size < 0.5 * 10**-places:
            # A tiny number, such as a BLEU of 7e-233, is not 0.
            return f"{value:.1e}".replace("-", "−")
    # Adding 0.0 turns a negative zero into one without sign.
    return f"{round(value, places) + 0.0:,.{places}f}".replace("-", "−")


def _places(size: float) -> int:
    return 3 if size < 10 else 2 if size < 100 else 1


def interval_text(value: float | None, low: float | None, high: float | None) -> str:
    """Return *0.872 [0.701, 1.054]*; the value alone where there is no interval."""
    if value is None:
        return "–"
    if low is None or high is None:
        return number_text(value)
    places = _places(max(abs(value), abs(low), abs(high)))
    if 0 < high - low < 4 * 10**-places:
        # A narrow interval needs more places to be one; beyond nine it is rounding.
        places = min(places + math.ceil(-math.log10((high - low) / 4 * 10**places)), 9)
    middle, left, right = (number_text(x, places=places) for x in (value, low, high))
    return f"{middle} [{left}, {right}]"


def published_places(values: Iterable[float | None]) -> int:
    """Return the places of the most precise of some published numbers, but at least two."""
    texts = [repr(float(value)) for value in values if value is not None]
    known = [len(text.partition(".")[2]) for text in texts if "e" not in text]
    return min(max([2, *known]), 6)


def published_text(value: float | None, places: int | None = None) -> str:
    """Return a published number with the digits it was given, but at least two places."""
    if value is None:
        return ""
    if float(value).is_integer() and abs(value) >= 10:
        return f"{value:,.0f}"
    if 0 < abs(value) < 1e-4:
        return f"{value:.1e}".replace("-", "−")
    places = published_places([value]) if places is None else places
    return f"{value:.{places}f}".replace("-", "−")


def percent_text(share: float) -> str:
    """Return a relative change as *−46 %*."""
    return f"{round(100 * share) + 0.0:+.0f} %".replace("-", "−").replace("+0 %", "0 %")


def p_text(p: float | None) -> str:
    """Return a p-value as *p = 0.03* or *p < 0.0001*."""
    if p is None:
        return "no test"
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.2g}"


def setting_heading(name: str) -> str:
    """Return what a table calls a setting."""
    return _SETTINGS.get(name, name.replace("_", " "))


def setting_text(value: Any) -> str:
    """Return a setting's value for a table: nothing for what is off, no path but its name."""
    if value is None or value is False or value == "none":
        return ""
    if value is True:
        return "yes"
    if isinstance(value, float):
        text = f"{value:g}"
        return text.replace("e-0", "e-").replace("e+0", "e")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list | tuple):
        return ", ".join(setting_text(part) for part in value)
    return short(str(value))


def quoted(labels: Iterable[str]) -> str:
    """Return labels, in which commas may stand, as a list in quotation marks."""
    return ", ".join(f"“{label}”" for label in labels)


def short(name: str) -> str:
    """Return the last part of an absolute path; other names as they are.

    >>> short("/data/models/MiniLM"), short("glue/sst2")
    ('MiniLM', 'glue/sst2')
    """
    return Path(name).name if Path(name).is_absolute() else name

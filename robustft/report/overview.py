"""The first screen: the result in a sentence, the answers, the four cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from robustft.evaluation.results import ORIGINAL, Cell, ModelFacts, RobustnessResult, SetFacts
from robustft.evaluation.verdict import ALPHA, MARGIN
from robustft.report import numbers
from robustft.report.charts import Axis, Mark, axis_over, mark
from robustft.report.numbers import Bounded

__all__ = ["Figure", "Model", "cells_view", "headline", "models_of", "subline"]

WIDTH, EDGE = 168, 6


@dataclass(frozen=True)
class Model:
    """A model as the page calls it; `index` chooses its colour and its mark."""

    name: str
    label: str
    short: str
    index: int


def models_of(result: RobustnessResult) -> list[Model]:
    """Return the models in the order of the result, each with a name that fits a table."""
    return [
        Model(facts.name, _label(facts), _short(facts), number)
        for number, facts in enumerate(result.models)
    ]


def _label(facts: ModelFacts) -> str:
    if facts.role == "augmented":
        return f"clean + {facts.augmented_rows:,} augmented rows"
    return "clean" if facts.role == "clean" else facts.name


def _short(facts: ModelFacts) -> str:
    return facts.name if facts.role == "model" else facts.role


@dataclass(frozen=True)
class Figure:
    """A number with its interval, in words and as a mark on an axis."""

    text: str
    interval: str
    mark: Mark | None
    axis: Axis

    @classmethod
    def of(cls, found: Bounded | None, metric: str, axis: Axis, *, sign: bool = False) -> Figure:
        """Return how a number is shown; `sign` writes a plus before what is above zero."""
        value = None if found is None else found.value
        text = numbers.signed(value, metric) if sign else numbers.number(value, metric)
        return cls(text, numbers.bounds(found, metric), mark(axis, found), axis)


def headline(result: RobustnessResult) -> str:
    """Return the one sentence that a reader should take away."""
    metric, mix = result.metric, result.mix
    models = models_of(result)
    name = numbers.LONG_NAMES.get(metric, metric)
    if mix is None:
        score = result.cell(models[0].name, ORIGINAL).metrics[metric].value
        unit = "%" if numbers.is_share(metric) else ""
        shown = numbers.number(score, metric) + unit
        return f"On the original text {_subject(models[0])} has {name} {shown}."
    told = [_loss(result.cell(m.name, mix), metric) for m in models]
    if len(models) == 1:
        return f"On transformed text {_subject(models[0])} {_with_unit(told[0], metric)}."
    if result.pair is not None and len(models) == 2:
        first, second = (_subject(m) for m in models)
        rest = told[1].removesuffix(" points")
        return f"On transformed text {first} {_with_unit(told[0], metric)}; {second} {rest}."
    drops = {m.short: _drop(result.cell(m.name, mix), metric) for m in models}
    order = sorted(drops, key=lambda who: drops[who])
    most, least = order[-1], order[0]
    return (
        f"On transformed text {most} loses most ({numbers.amount(drops[most], metric)}), "
        f"{least} least ({numbers.number(drops[least], metric)})."
    )


def _subject(model: Model) -> str:
    return f"the {model.short} model" if model.short in ("clean", "augmented") else model.short


def _drop(cell: Cell, metric: str) -> float:
    found = (cell.drop or {}).get(metric)
    return 0.0 if found is None or found.value is None else found.value


def _loss(cell: Cell, metric: str) -> str:
    """Say in a verb phrase what a model loses, as far as interval and test allow."""
    found = (cell.drop or {}).get(metric)
    if found is None or found.value is None or found.low is None or found.high is None:
        return "was not compared"
    unit = " points" if numbers.is_share(metric) else ""
    size = f"{numbers.number(abs(found.value), metric)}{unit}"
    share = numbers.is_share(metric)
    p = None if cell.test is None else cell.test.p
    clear = p is None or p < ALPHA
    if clear and found.low > 0:
        return f"loses {size}" if share else f"errs more, by {size}"
    if clear and found.high < 0:
        return f"gains {size}" if share else f"errs less, by {size}"
    if not share:
        return f"may err no more, or more by up to {numbers.number(found.high, metric)}"
    if found.high < MARGIN:
        return "loses less than a point"
    return f"may lose nothing, or up to {numbers.number(found.high, metric)}{unit}"


def _with_unit(told: str, metric: str) -> str:
    name = numbers.LONG_NAMES.get(metric, metric)
    if not numbers.is_share(metric):
        return f"{told} of {name}" if told != "was not compared" else told
    return f"{told} of {name}" if told.endswith(" points") else told


def subline(result: RobustnessResult) -> str:
    """Return what was done to the text that the headline speaks of."""
    mix = next((s for s in result.sets if s.name == result.mix), None)
    if mix is None:
        return "No text was transformed in this run."
    told = _names(mix)
    level = "" if mix.severity is None else f" at severity {mix.severity}"
    return (
        f"The same {mix.rows:,} rows, their labels kept, {mix.changed_share:.1%} of their words "
        f"changed by {told}{level}."
    )


def _names(facts: SetFacts) -> str:
    specs = [part for part in facts.spec.split(",") if "=" not in part or ":" in part]
    names = [spec.partition(":")[0] for spec in specs] or [facts.name]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def cells_view(result: RobustnessResult) -> dict[str, Any]:
    """Return the four cells: a row a model, and where there is a pair what one gains."""
    metric, mix, models = result.metric, result.mix, models_of(result)
    names = [ORIGINAL] + ([mix] if mix is not None else [])
    scores = [result.cell(m.name, s).metrics.get(metric) for m in models for s in names]
    axis = axis_over(scores, metric, start=EDGE, end=WIDTH - EDGE, wanted=4)
    changes = _changes(result, names)
    drops = axis_over(changes, metric, start=EDGE, end=WIDTH - EDGE, zero=True, wanted=4)
    rows = []
    for model in models:
        cells = [result.cell(model.name, s) for s in names]
        figures = [Figure.of(c.metrics.get(metric), metric, axis) for c in cells]
        drop = (cells[-1].drop or {}).get(metric) if mix is not None else None
        rows.append(
            {
                "model": model,
                "figures": figures,
                "drop": Figure.of(drop, metric, drops) if mix is not None else None,
            }
        )
    return {
        "metric": numbers.LONG_NAMES.get(metric, metric),
        "unit": "%" if numbers.is_share(metric) else "",
        "points": numbers.is_share(metric),
        "level": _level(scores),
        "rows": rows,
        "sets": names,
        "axis": axis,
        "drops": drops,
        "gain": _gain(result, names, drops),
    }


def _level(found: Sequence[Any]) -> str:
    return next((f"{x.level:.0%}" for x in found if x is not None), "95%")


def _changes(result: RobustnessResult, names: Sequence[str]) -> list[Bounded | None]:
    metric = result.metric
    cells = [result.cell(model.name, names[-1]) for model in result.models]
    found: list[Bounded | None] = [(cell.drop or {}).get(metric) for cell in cells]
    if result.pair is not None:
        found += [c.gain.get(metric) for c in result.pair.cells if c.set in names]
    return found


def _gain(result: RobustnessResult, names: Sequence[str], axis: Axis) -> dict[str, Any] | None:
    """Return the pair's last row: what the augmented model gains, and its share won back."""
    pair, metric = result.pair, result.metric
    if pair is None:
        return None
    cells = {c.set: c for c in pair.cells}
    won = pair.won_back
    share = None
    if won is not None and won.value is not None:
        interval = "" if won.low is None or won.high is None else f"{won.low:.0%} to {won.high:.0%}"
        share = {"text": f"{won.value:.0%}", "interval": interval.replace("-", "−")}
    return {
        "figures": [Figure.of(cells[s].gain.get(metric), metric, axis, sign=True) for s in names],
        "won": share,
    }

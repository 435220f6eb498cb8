"""The sentence that a reader should take away, whatever the numbers allow one to say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from robustft.report.charts import Axis, axis_over, line, mark
from robustft.report.licences import lexicons, used_transforms
from robustft.report.numbers import number, signed
from robustft.report.overview import headline, subline
from robustft.scoring.statistics import Estimate


def with_drops(result, *drops):
    """Return the result with other drops on its mix: value, low and high of each model."""
    cells = list(result.cells)
    models = [model.name for model in result.models]
    for model, (value, low, high) in zip(models, drops, strict=True):
        at = cells.index(result.cell(model, result.mix))
        drop = replace(cells[at].drop["accuracy"], value=value, low=low, high=high)
        sure = low is not None and not low <= 0 <= high
        test = replace(cells[at].test, p=0.01 if sure else 0.5)
        cells[at] = replace(cells[at], drop={"accuracy": drop}, test=test)
    return replace(result, cells=tuple(cells))


@pytest.mark.parametrize(
    ("drop", "said"),
    [
        ((0.05, 0.02, 0.08), "loses 5.0 points of accuracy."),
        ((-0.03, -0.05, -0.01), "gains 3.0 points of accuracy."),
        ((0.0, -0.008, 0.009), "loses less than a point."),
        ((0.01, -0.01, 0.03), "may lose nothing, or up to 3.0 points of accuracy."),
        ((None, None, None), "was not compared."),
    ],
)
def test_one_model(make_evaluation, drop, said):
    made = make_evaluation(models=("my-model",), rows=20)
    assert headline(with_drops(made.result, drop)) == f"On transformed text my-model {said}"


def test_the_headline_says_no_more_than_the_test_allows(make_evaluation):
    made = with_drops(make_evaluation(models=("m",), rows=20).result, (0.023, 0.001, 0.047))
    cells = [
        cell if cell.test is None else replace(cell, test=replace(cell.test, p=0.054))
        for cell in made.cells
    ]
    assert headline(replace(made, cells=tuple(cells))) == (
        "On transformed text m may lose nothing, or up to 4.7 points of accuracy."
    )


def test_many_models(make_evaluation):
    made = make_evaluation(models=("a", "b", "c"), rows=20)
    drops = [(0.05, 0.02, 0.08), (0.09, 0.05, 0.1), (0.01, -0.01, 0.03)]
    assert headline(with_drops(made.result, *drops)) == (
        "On transformed text b loses most (9.0 points of accuracy), c least (1.0)."
    )


def test_what_was_done_to_the_text(make_evaluation):
    assert subline(make_evaluation(rows=20).result) == (
        "The same 20 rows, their labels kept, 15.0% of their words changed by typos and synonyms."
    )


@pytest.mark.parametrize(
    ("value", "metric", "shown"),
    [(0.927, "accuracy", "92.7"), (-0.0001, "accuracy", "0.0"), (-0.02, "accuracy", "−2.0"),
     (None, "accuracy", "–"), (0.01234, "mse", "0.0123")],
)  # fmt: skip
def test_numbers(value, metric, shown):
    assert number(value, metric) == shown
    assert signed(value, metric).lstrip("+") == shown


def bounded(value, low=None, high=None):
    return Estimate(value=value, low=low, high=high, level=0.95, method="", n=9)


def test_axes_hold_what_they_show_at_round_ticks():
    axis = axis_over([bounded(0.85, 0.82, 0.87), bounded(0.93)], "accuracy", start=0, end=100)
    assert axis.low <= 0.82
    assert axis.high >= 0.93
    assert [text for _, text in axis.ticks] == ["82.5", "85.0", "87.5", "90.0", "92.5"]
    assert all(0 <= place <= 100 for place, _ in axis.ticks)
    assert axis.at(-5.0) == 0
    assert mark(axis, bounded(float("nan"))) is None
    assert mark(axis, None) is None
    flat = axis_over([bounded(0.0)], "mse", start=0, end=10)
    assert flat.low < 0 < flat.high
    assert axis_over([], "accuracy", start=0, end=10, zero=True).ticks


def test_a_line_passes_over_what_is_undefined():
    x, y = Axis(0, 5, 0, 50, "severity"), Axis(0, 1, 100, 0, "accuracy")
    drawn = line(0, x, y, [(0, bounded(1.0)), (1, bounded(None)), (2, bounded(0.5, 0.4, 0.6))])
    assert drawn.path == "M0,0L20,50"
    assert drawn.band == "M0,0L20,40L20,60L0,0Z"


def test_lexicons_are_those_of_the_transforms_in_use():
    assert used_transforms(["typos,synonyms:rate=0.2,seed=1", "typos"]) == ["typos", "synonyms"]
    found = {file for lexicon in lexicons(["synonyms"]) for file in lexicon.files.split(", ")}
    assert "synonyms.txt.xz" in found
    assert "emoticons.txt" not in found
    assert any("WordNet" in lexicon.origin for lexicon in lexicons(["synonyms"]))
    assert lexicons(["no_such_transform"]) == []

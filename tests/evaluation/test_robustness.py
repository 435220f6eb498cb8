import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, mean_squared_error, r2_score

from robustft.data.task import Task, TaskType
from robustft.errors import DataError, RunError
from robustft.evaluation.predict import Predictions
from robustft.evaluation.results import ModelFacts, RobustnessResult, SetFacts, SharedWords
from robustft.evaluation.robustness import compare
from robustft.scoring.statistics import accuracy_change, mcnemar
from robustft.transform.base import LabelKind

TASK = Task(label_names=("neg", "pos"), label_kind=LabelKind.SENTIMENT)
NUMBERS = Task(type=TaskType.REGRESSION, label_column="target", label_kind=LabelKind.QUANTITY)
CLEAN = ModelFacts(name="c", role="clean")
AUGMENTED = ModelFacts(name="a", role="augmented", augmented_rows=50)


def said(codes, hashes=None, truncated=False):
    codes = np.asarray(codes)
    logits = np.eye(2, dtype=np.float32)[codes]
    hashes = np.arange(len(codes)) if hashes is None else np.asarray(hashes)
    return Predictions(logits, hashes.astype(np.uint64), np.full(len(codes), truncated))


def number(values):
    values = np.asarray(values, np.float32)[:, None]
    hashes = np.arange(len(values)).astype(np.uint64)
    return Predictions(values, hashes, np.zeros(len(values), bool), regression=True)


def sets(n, *names):
    return [
        SetFacts(name="original", kind="original", rows=n),
        *(SetFacts(name=x, kind="mix" if x == "mix" else "single", rows=n) for x in names),
    ]


def wrong_at(labels, share, seed):
    wrong = np.random.default_rng(seed).random(len(labels)) < share
    return np.where(wrong, 1 - labels, labels)


@pytest.fixture(scope="module")
def four_cells():
    labels = np.random.default_rng(0).integers(0, 2, 600)
    outputs = {
        CLEAN: {
            "original": said(wrong_at(labels, 0.08, 1)),
            "typos": said(wrong_at(labels, 0.12, 2), np.arange(600) + 1000),
            "mix": said(wrong_at(labels, 0.25, 3), np.arange(600) + 2000),
        },
        AUGMENTED: {
            "original": said(wrong_at(labels, 0.09, 4)),
            "typos": said(wrong_at(labels, 0.1, 5), np.arange(600) + 1000),
            "mix": said(wrong_at(labels, 0.12, 6), np.arange(600) + 2000),
        },
    }
    result = compare(
        labels,
        sets(600, "typos", "mix"),
        outputs,
        task=TASK,
        mix="mix",
        shared_words=SharedWords(test=40, shared=10),
        remarks=["a remark"],
    )
    return labels, outputs, result


def test_every_model_has_a_cell_on_every_set(four_cells):
    labels, outputs, result = four_cells
    assert [(c.model, c.set) for c in result.cells] == [
        (m, s) for m in "ca" for s in ("original", "typos", "mix")
    ]
    for facts, by_set in outputs.items():
        for name, predictions in by_set.items():
            expected = accuracy_score(labels, predictions.predictions)
            assert result.cell(facts.name, name).metrics["accuracy"].value == expected


def test_drops_flips_and_tests_are_paired_with_the_original(four_cells):
    labels, outputs, result = four_cells
    before, after = (outputs[CLEAN][s].predictions for s in ("original", "mix"))
    cell = result.cell("c", "mix")
    assert cell.drop["accuracy"] == accuracy_change(before == labels, after == labels)
    assert cell.test.p == mcnemar(before == labels, after == labels).p
    assert cell.flips.value == np.mean(before != after)
    original = result.cell("c", "original")
    assert (original.drop, original.test, original.flips) == (None, None, None)


def test_tests_are_corrected_over_the_transformed_sets(four_cells):
    *_, result = four_cells
    raw = {s: result.cell("c", s).test.p for s in ("typos", "mix")}
    corrected = {s: result.cell("c", s).test.p_corrected for s in raw}
    assert corrected["mix"] == pytest.approx(2 * raw["mix"])
    assert corrected["typos"] == pytest.approx(max(raw["typos"], 2 * raw["mix"]))


def test_the_pair_is_compared_on_every_set(four_cells):
    labels, outputs, result = four_cells
    assert (result.pair.clean, result.pair.augmented) == ("c", "a")
    gains = {c.set: c for c in result.pair.cells}
    right = [outputs[m]["mix"].predictions == labels for m in (AUGMENTED, CLEAN)]
    assert gains["mix"].gain["accuracy"] == accuracy_change(*right)
    assert gains["original"].test.p_corrected is None
    assert gains["mix"].test.p_corrected >= gains["mix"].test.p
    back = result.pair.won_back
    lost = result.cell("c", "mix").drop["accuracy"].value
    assert back.value == pytest.approx(gains["mix"].gain["accuracy"].value / lost)
    assert 0 < back.low < back.value < back.high
    smaller = result.pair.smaller_drop
    assert smaller.value == pytest.approx(lost - result.cell("a", "mix").drop["accuracy"].value)
    assert smaller.low < smaller.value < smaller.high
    assert result.pair.smaller_drop_test.p < 0.01


def test_rows_whose_tokens_stay_the_same_are_set_apart():
    labels = np.array([0, 1] * 50)
    before = labels.copy()
    after = labels.copy()
    after[:10] = 1 - after[:10]
    hashes = np.arange(100)
    changed = np.where(np.arange(100) < 20, hashes + 1000, hashes)
    outputs = {
        ModelFacts(name="m"): {"original": said(before, hashes), "mix": said(after, changed)}
    }
    result = compare(labels, sets(100, "mix"), outputs, task=TASK, mix="mix")
    cell = result.cell("m", "mix")
    assert cell.same_tokens == pytest.approx(0.8)
    assert cell.drop["accuracy"].value == pytest.approx(0.1)
    assert cell.drop_of_others.value == pytest.approx(0.5)
    assert cell.drop_of_others.n == 20
    assert any("tokenizer or window hides" in c for c in result.verdict.caveats)


def test_a_set_that_no_model_can_tell_from_the_original_has_no_drop_elsewhere():
    labels = np.array([0, 1] * 5)
    outputs = {ModelFacts(name="m"): {"original": said(labels), "mix": said(labels)}}
    cell = compare(labels, sets(10, "mix"), outputs, task=TASK, mix="mix").cell("m", "mix")
    assert (cell.same_tokens, cell.drop_of_others) == (1.0, None)


def test_regression_reports_how_much_worse_and_how_much_better():
    rng = np.random.default_rng(1)
    y = rng.normal(10, 2, 150)
    noise = {
        (CLEAN, "original"): 0.5,
        (CLEAN, "mix"): 1.5,
        (AUGMENTED, "original"): 0.5,
        (AUGMENTED, "mix"): 0.9,
    }
    outputs = {CLEAN: {}, AUGMENTED: {}}
    for (model, name), scale in noise.items():
        outputs[model][name] = number(y + rng.normal(0, scale, 150))
    result = compare(y, sets(150, "mix"), outputs, task=NUMBERS, mix="mix")
    cell = result.cell("c", "mix")
    before, after = (outputs[CLEAN][s].predictions for s in ("original", "mix"))
    rise = mean_squared_error(y, after) - mean_squared_error(y, before)
    assert cell.drop["mse"].value == pytest.approx(rise)
    assert cell.drop["r2"].value == pytest.approx(r2_score(y, before) - r2_score(y, after))
    assert cell.flips is None
    assert cell.test.method == "paired permutation"
    gain = next(c for c in result.pair.cells if c.set == "mix").gain
    assert gain["mse"].value > 0
    assert gain["r2"].value > 0
    assert 0 < result.pair.won_back.value < 1
    answers = {a.question: a.answer for a in result.verdict.answers}
    assert answers["Does this augmented model beat this clean one on transformed text?"] == "yes"
    assert answers["Is the augmented model worse on the original test?"] != "yes"


def test_too_few_rows_for_r2_are_said():
    rng = np.random.default_rng(2)
    y = rng.normal(10, 2, 60)
    outputs = {CLEAN: {name: number(y + rng.normal(0, 0.5, 60)) for name in ("original", "mix")}}
    result = compare(y, sets(60, "mix"), outputs, task=NUMBERS, mix="mix")
    assert result.cell("c", "mix").drop["r2"].caution
    warning = "R² over 60 sources: below 100 its interval may be too narrow."
    assert result.verdict.caveats.count(warning) == 1


def test_results_survive_json(four_cells):
    *_, result = four_cells
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert next(iter(plain)) == "format"
    again = RobustnessResult.from_dict(plain)
    assert again == result
    assert again.to_dict() == result.to_dict()


def test_results_of_another_format_are_refused(four_cells):
    plain = four_cells[2].to_dict()
    with pytest.raises(RunError, match="expected format 2, got 99"):
        RobustnessResult.from_dict({**plain, "format": 99})
    with pytest.raises(RunError, match="got something else at cells"):
        RobustnessResult.from_dict({**plain, "cells": [{"model": 3}]})


def test_results_of_the_first_format_are_read_without_what_they_lack(four_cells):
    plain = {**four_cells[2].to_dict(), "format": 1}
    for name in ("curves", "summaries", "slices", "spread", "sources"):
        del plain[name]
    for cell in plain["cells"]:
        for name in ("cut", "tokens_per_word", "metrics_of_kept", "drop_of_kept", "effects"):
            del cell[name]
    found = RobustnessResult.from_dict(plain)
    assert (found.format, found.curves, found.slices) == (1, (), ())
    assert found.verdict == four_cells[2].verdict


def test_results_as_a_data_frame(four_cells):
    frame = four_cells[2].to_pandas()
    assert len(frame) == 6
    row = frame[(frame.model == "c") & (frame.set == "mix")].iloc[0]
    assert row.accuracy_drop_low < row.accuracy_drop < row.accuracy_drop_high
    assert frame[frame.set == "original"].p.isna().all()


def test_an_unknown_cell_is_an_error(four_cells):
    with pytest.raises(KeyError):
        four_cells[2].cell("c", "nothing")


def test_no_rows_and_unequal_rows_are_refused():
    outputs = {ModelFacts(name="m"): {"original": said([0, 1])}}
    with pytest.raises(DataError, match="expected labelled rows, got none"):
        compare(np.zeros(0, int), sets(0), outputs, task=TASK)
    with pytest.raises(DataError, match="m on original: expected 3 predictions, got 2"):
        compare(np.zeros(3, int), sets(3), outputs, task=TASK)


@given(
    st.lists(st.tuples(*[st.integers(0, 1)] * 3), min_size=1, max_size=40),
    st.randoms(use_true_random=False),
)
@settings(max_examples=15, deadline=None)
def test_the_order_of_the_rows_does_not_matter(rows, random):
    def result(rows):
        labels, before, after = np.array(rows).T
        outputs = {
            ModelFacts(name="m"): {
                "original": said(before, np.zeros(len(rows))),
                "mix": said(after, np.ones(len(rows))),
            }
        }
        return compare(labels, sets(len(rows), "mix"), outputs, task=TASK, mix="mix")

    before = result(rows)
    random.shuffle(rows)
    assert result(rows) == before

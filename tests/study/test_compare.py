"""Rows side by side: over the test rows, over seeds, and in words."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats

from robustft.scoring.metrics import regression_change
from robustft.study.compare import compare_all
from robustft.study.gather import gather
from robustft.study.verdict import comparison_tables, observed_order, order_sentences, sentence

TWO = {
    "name": "two",
    "task": "regression",
    "columns": ["mse"],
    "rows": [
        {"name": "old", "label": "the old way", "published": {"mse": 1.6}},
        {"name": "new", "label": "the new way", "published": {"mse": 0.87}},
        {"name": "mid", "label": "between", "published": {"mse": 1.0}},
    ],
    "comparisons": [
        {"row": "new", "against": "old", "metric": "mse", "relative": True, "published": -0.46}
    ],
}
LABELS = {
    "name": "labels",
    "columns": ["accuracy", "macro_f1"],
    "rows": [{"name": "a"}, {"name": "b"}],
    "comparisons": [
        {"row": "a", "against": "b", "metric": metric} for metric in ("accuracy", "macro_f1", "mcc")
    ],
}


def only(study):
    (found,) = compare_all(study)
    return found


def test_one_seed_is_compared_over_the_test_rows(hand_made):
    made = hand_made.recipe(TWO)
    made.regression("old", 1.5)
    made.regression("new", 0.7)
    found = only(gather(made.folder))
    assert found.over_seeds is None
    assert found.better is True
    assert found.difference.high < 0
    labels, one, other = (
        pq.read_table(made.folder / "runs" / f"{row}-seed0" / "original.parquet")[column].to_numpy()
        for row, column in (("new", "label"), ("new", "prediction"), ("old", "prediction"))
    )
    wanted, _ = regression_change(labels, one, other, seed=0)["mse"]
    assert found.difference.value == pytest.approx(wanted.value)
    assert found.difference.low == pytest.approx(wanted.low, abs=0.1)


def test_relative_change_stands_beside_the_published_one(hand_made):
    made = hand_made.recipe(TWO)
    made.regression("old", 1.5)
    made.regression("new", 0.7)
    found = only(gather(made.folder))
    one, other = found.seeds[0].first, found.seeds[0].second
    assert found.relative == pytest.approx((one - other) / other)
    assert found.seeds[0].relative.high < 0
    said = sentence(found)
    assert said.startswith("“the new way” against “the old way”, MSE: better (−")
    assert said.endswith("(published −46 %).")
    assert "over 120 test rows, seed 0" in said


def test_an_interval_around_0_is_told_as_cannot_tell(hand_made):
    made = hand_made.recipe(TWO)
    made.regression("old", 1.0)
    made.regression("new", 0.98)
    found = only(gather(made.folder))
    assert found.difference.low < 0 < found.difference.high
    assert found.better is None
    assert "cannot tell which is better" in sentence(found)
    (table,) = comparison_tables(gather(made.folder), [found])
    assert table.rows[0][-1].text == "cannot tell"


def test_several_seeds_are_paired_by_seed(hand_made):
    made = hand_made.recipe(TWO)
    values = {}
    for row, error in (("old", 1.5), ("new", 0.7)):
        for seed in range(3):
            result = made.regression(row, error, seed=seed)
            values.setdefault(row, []).append(result.metrics["original"]["mse"].value)
    made.regression("old", 1.4, seed=3)  # a seed that only one row has
    found = only(gather(made.folder))
    wanted = stats.ttest_rel(values["new"], values["old"])
    assert [p.seed for p in found.seeds] == [0, 1, 2]
    assert found.over_seeds.value == pytest.approx(np.mean(values["new"]) - np.mean(values["old"]))
    assert found.over_seeds_test.p == pytest.approx(wanted.pvalue)
    assert found.difference is found.over_seeds
    assert "over 3 seeds" in sentence(found)
    assert "seed by seed: higher in 0, lower in 3, cannot tell in 0 of 3" in sentence(found)


def test_classes_are_compared_by_the_tests_that_fit_the_metric(hand_made):
    made = hand_made.recipe(LABELS)
    made.classification("a", 0.95)
    made.classification("b", 0.6)
    accuracy, f1, mcc = compare_all(gather(made.folder))
    assert accuracy.seeds[0].difference.method == "tango"
    assert accuracy.seeds[0].test.method == "mcnemar exact"
    assert (accuracy.better, f1.better) == (True, True)
    assert f1.seeds[0].test.method == "paired permutation exact"
    assert accuracy.seeds[0].test.p_corrected >= accuracy.seeds[0].test.p
    assert mcc.seeds[0].reason == "no paired interval is made for mcc"
    assert mcc.better is None


def test_a_column_with_a_number_a_row_is_compared_by_its_mean(hand_made):
    made = hand_made.recipe(
        {**LABELS, "comparisons": [LABELS["comparisons"][0] | {"metric": "f1"}]}
    )
    for row, score in (("a", 0.9), ("b", 0.2)):
        made.classification(row, 0.9)
        path = made.folder / "runs" / f"{row}-seed0" / "original.parquet"
        scores = np.linspace(score - 0.1, score + 0.1, 120)
        table = pq.read_table(path).append_column("f1", pa.array(scores))
        pq.write_table(table, path)
    (found,) = compare_all(gather(made.folder))
    assert found.difference.value == pytest.approx(0.7)


def test_what_cannot_be_compared_says_why(hand_made):
    made = hand_made.recipe(TWO)
    assert only(gather(made.folder)).reason == "no result of the new way and the old way"
    made.failed("old", "the loss diverged")
    made.regression("new", 1.0)
    found = only(gather(made.folder))
    assert sentence(found).endswith("MSE: not compared: no result of the old way.")
    made.regression("old", 1.0)
    path = made.folder / "runs" / "old-seed0" / "original.parquet"
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)
    assert only(gather(made.folder)).seeds[0].reason == "the two were tested on other rows"
    path.unlink()
    assert only(gather(made.folder)).seeds[0].reason == "the predictions are no longer there"
    assert "cannot tell" in sentence(only(gather(made.folder)))


def test_rows_in_another_order_are_matched_by_their_ids(hand_made):
    made = hand_made.recipe(TWO)
    made.regression("old", 1.5)
    made.regression("new", 0.7)
    before = only(gather(made.folder)).difference
    path = made.folder / "runs" / "old-seed0" / "original.parquet"
    table = pq.read_table(path)
    pq.write_table(table.take(list(range(len(table)))[::-1]), path)
    assert only(gather(made.folder)).difference == before


def test_the_order_is_stated_as_observed_pair_by_pair(hand_made):
    made = hand_made.recipe(TWO)
    for row, error in (("old", 0.5), ("new", 0.98), ("mid", 1.0)):
        made.regression(row, error)
    order = observed_order(gather(made.folder), "", "mse")
    assert [line.spec.row for line in order.published] == ["new", "mid", "old"]
    assert order.observed[0].spec.row == "old"
    lines = order_sentences(order)
    assert lines[0] == "Published, best first: 1. the new way; 2. between; 3. the old way."
    assert "“the new way” before “between”: cannot tell (MSE" in lines[2]
    assert "“between” before “the old way”: the other way round (MSE +" in lines[3]


def test_two_rows_are_no_order(hand_made):
    made = hand_made.recipe(TWO)
    made.regression("old", 1.0)
    made.regression("new", 1.0)
    assert observed_order(gather(made.folder), "", "mse") is None

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustft.data.split import Split
from robustft.data.task import Task, TaskType
from robustft.errors import UsageError
from robustft.evaluation.measures import measure_of
from robustft.evaluation.slices import Part, parts_of, slices_of
from robustft.scoring.statistics import accuracy_change

TASK = Task(label_names=("neg", "pos"))
WORDS = "a film that I did n't like nor love, and it wasn't short".split()


def split_of(lengths, labels=None, **columns):
    texts = [" ".join(WORDS[i % len(WORDS)] for i in range(n)) for n in lengths]
    labels = ["neg"] * len(texts) if labels is None else labels
    table = {"id": [str(i) for i in range(len(texts))], "text": texts, "label": labels}
    return Split("test", pa.table(table | columns), TASK)


def values(parts, column):
    return {p.value: int(p.rows.sum()) for p in parts if p.column == column}


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=60),
    st.randoms(use_true_random=False),
)
@settings(max_examples=40, deadline=None)
def test_the_parts_of_a_column_hold_every_row_once(lengths, random):
    n = len(lengths)
    split = split_of(
        lengths,
        [random.choice(["neg", "pos"]) for _ in range(n)],
        stars=[random.choice([1, 2.5, None, float("nan"), 7, 8, 9, 11, 12]) for _ in range(n)],
        genre=[random.choice(["drama", None, "western"]) for _ in range(n)],
    )
    parts = parts_of(split, ["stars", "genre"])
    for column in {p.column for p in parts}:
        masks = [p.rows for p in parts if p.column == column]
        assert len(masks) > 1
        assert (np.sum(masks, axis=0) == 1).all()
        assert all(mask.any() for mask in masks)


def test_thirds_of_lengths_keep_equal_lengths_together():
    parts = parts_of(split_of([1, 2, 3, 4, 5, 6, 6, 6, 6]))
    assert values(parts, "length") == {"1 to 3 words": 3, "4 to 6 words": 6}


def test_negation_is_found_in_all_its_forms():
    texts = ["it is good", "it is not good", "I didn't go", "does n't go", "Never!", "note, knot"]
    table = {"id": list("abcdef"), "text": texts, "label": ["pos"] * 6}
    parts = parts_of(Split("test", pa.table(table), TASK))
    (yes,) = (p for p in parts if p.column == "negation" and p.value == "yes")
    assert yes.rows.tolist() == [False, True, True, True, True, False]


def test_what_all_rows_share_parts_nothing():
    assert parts_of(split_of([4, 4, 4])) == []


def test_columns_of_numbers_are_cut_and_those_of_few_are_not():
    split = split_of([3] * 12, year=list(range(12)), stars=[1, 2, 3] * 4, ok=[True, False] * 6)
    parts = parts_of(split, ["year", "stars", "ok"])
    assert values(parts, "year") == {"0 to 3": 4, "4 to 7": 4, "8 to 11": 4}
    assert values(parts, "stars") == {"1": 4, "2": 4, "3": 4}
    assert values(parts, "ok") == {"False": 6, "True": 6}


def test_what_cannot_be_sliced_by_is_refused():
    split = split_of([3] * 30, name=[f"n{i}" for i in range(30)], tags=[["a"]] * 30)
    with pytest.raises(UsageError, match="slice: expected a column of id, text, label, name, tags"):
        parts_of(split, ["nam"])
    with pytest.raises(UsageError, match="slice name: expected at most 20 values, got 30"):
        parts_of(split, ["name"])
    with pytest.raises(UsageError, match="slice tags: expected words or numbers, got list"):
        parts_of(split, ["tags"])


def test_labels_that_are_numbers_are_cut_into_thirds():
    task = Task(type=TaskType.REGRESSION)
    table = {"id": list("abc"), "text": ["x y"] * 3, "label": [0.5, 1.5, 2.5]}
    parts = parts_of(Split("test", pa.table(table), task))
    assert values(parts, "label") == {"0.5": 1, "1.5": 1, "2.5": 1}


def toy(n=400, seed=0):
    """Return labels and predictions: after the change only rows of the first half go wrong."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    before = np.where(rng.random(n) < 0.1, 1 - labels, labels)
    first = np.arange(n) < n // 2
    after = np.where(first & (rng.random(n) < 0.25), 1 - labels, before)
    return labels, before, after, first


def parts_by(**masks):
    return [
        Part(column, value, mask)
        for column, rows in masks.items()
        for value, mask in (("no", ~rows), ("yes", rows))
    ]


def test_a_slice_is_measured_on_its_rows_and_against_the_others():
    labels, before, after, first = toy()
    odd = np.arange(len(labels)) % 2 == 1
    measure = measure_of(labels, TASK, seed=1)
    slices = slices_of(measure, "m", "mix", before, after, parts_by(half=first, odd=odd))
    found = {(s.column, s.value): s for s in slices}
    here = found["half", "yes"]
    assert here.rows == 200
    assert here.drop == accuracy_change((before == labels)[first], (after == labels)[first])
    assert here.original.value == np.mean((before == labels)[first])
    assert here.metric.value == np.mean((after == labels)[first])
    other = found["half", "no"]
    assert here.difference.value == pytest.approx(here.drop.value - other.drop.value)
    assert here.difference.low > 0
    assert other.difference == -here.difference
    assert other.difference_test == here.difference_test
    assert here.difference_test.p_corrected < 0.01
    assert found["odd", "yes"].difference_test.p_corrected > 0.05


def test_tests_are_corrected_over_all_slices_and_mirrors_count_once():
    labels, before, after, first = toy()
    odd = np.arange(len(labels)) % 2 == 1
    measure = measure_of(labels, TASK, seed=1)
    slices = slices_of(measure, "m", "mix", before, after, parts_by(half=first, odd=odd))
    smallest = min(slices, key=lambda s: s.test.p)
    assert smallest.test.p_corrected == pytest.approx(min(1.0, 4 * smallest.test.p))
    differing = min(slices, key=lambda s: s.difference_test.p).difference_test
    assert differing.p_corrected == pytest.approx(2 * differing.p)
    for s in slices:
        assert s.test.p <= s.test.q <= s.test.p_corrected


def test_small_slices_are_shown_but_not_tested():
    labels, before, after, _ = toy()
    few = np.arange(len(labels)) < 29
    measure = measure_of(labels, TASK, seed=1)
    other, small = slices_of(measure, "m", "mix", before, after, parts_by(few=few))
    assert (small.small, small.test, small.detectable, small.difference) == (True,) + (None,) * 3
    assert small.drop.value is not None
    assert not other.small
    assert other.test is not None
    assert other.difference is None


def test_of_several_draws_a_row_is_still_one_row():
    labels, before, after, first = toy()
    measure = measure_of(labels, TASK, seed=1)
    parts = parts_by(half=first)
    once = slices_of(measure, "m", "mix", before, after, parts)
    twice = slices_of(measure.repeated(2), "m", "mix", np.tile(before, 2), np.tile(after, 2), parts)
    for a, b in zip(once, twice, strict=True):
        assert (a.rows, a.drop.value) == (b.rows, b.drop.value)
        assert b.test.p == pytest.approx(a.test.p)
        width = a.drop.high - a.drop.low
        assert b.drop.high - b.drop.low == pytest.approx(width, rel=0.1)

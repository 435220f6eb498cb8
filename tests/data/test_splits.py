import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustft.data.dataset import load_dataset, sample
from robustft.errors import UsageError


def rows(n, classes=2):
    return [{"id": f"r{i}", "text": f"text {i}", "label": i % classes} for i in range(n)]


def members(dataset):
    return {name: sorted(split.ids) for name, split in dataset.splits.items()}


def test_a_source_without_splits_is_cut():
    dataset = load_dataset(rows(200, classes=4))
    assert {name: len(split) for name, split in dataset.splits.items()} == {
        "train": 160, "validation": 20, "test": 20,
    }  # fmt: skip
    assert dataset.made == ("train", "validation", "test")
    assert dataset.notices == ("data: no splits; made train 160, validation 20, test 20",)


def test_the_classes_keep_their_proportions():
    data = [{"text": f"text {i}", "label": int(i % 10 == 0)} for i in range(1000)]
    dataset = load_dataset(data)
    for split in dataset.splits.values():
        assert np.mean(split.labels) == pytest.approx(0.1, abs=0.011)


def test_every_row_is_in_one_split():
    ids = [name for split in load_dataset(rows(57)).splits.values() for name in split.ids]
    assert sorted(ids) == sorted(f"r{i}" for i in range(57))


def test_without_validation_a_tenth_of_train_is_taken_and_test_is_kept():
    dataset = load_dataset({"train": rows(100), "test": rows(30)})
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (90, 10, 30)
    assert dataset.made == ("train", "validation")
    assert any("no validation split; made train 90, validation 10" in n for n in dataset.notices)


def test_a_training_split_alone_gives_a_test_too():
    assert list(load_dataset({"train": rows(50)})) == ["train", "validation", "test"]


def test_a_test_split_alone_is_left_alone():
    dataset = load_dataset({"test": rows(50)})
    assert list(dataset) == ["test"]
    assert dataset.made == ()


def test_other_splits_stay_as_they_are():
    dataset = load_dataset({"train": rows(20), "dev": rows(5), "unsupervised": rows(7)})
    assert {name: len(split) for name, split in dataset.splits.items()} == {
        "train": 20, "validation": 5, "unsupervised": 7,
    }  # fmt: skip


def test_splits_are_not_made_when_not_wanted():
    assert len(load_dataset(rows(20), make_splits=False)["all"]) == 20


def test_another_seed_cuts_elsewhere():
    assert members(load_dataset(rows(100))) == members(load_dataset(rows(100)))
    assert members(load_dataset(rows(100), seed=1)) != members(load_dataset(rows(100)))


def test_copies_of_a_text_stay_together():
    data = [{"id": f"r{i}", "text": f"text {i % 40}", "label": i % 2} for i in range(120)]
    texts = [set(split.texts) for split in load_dataset(data).splits.values()]
    assert len(texts) == 3
    assert len(set.union(*texts)) == sum(map(len, texts))


def test_a_regression_is_cut():
    data = [{"text": f"text {i}", "target": i / 7} for i in range(100)]
    assert [len(s) for s in load_dataset(data).splits.values()] == [80, 10, 10]


@pytest.mark.parametrize(
    ("n", "splits"),
    [(1, ["train"]), (2, ["train", "test"]), (3, ["train", "validation", "test"])],
)
def test_few_rows_give_what_they_can(n, splits):
    dataset = load_dataset(rows(n))
    assert list(dataset) == splits
    assert all(len(split) == 1 for split in dataset.splits.values())


@given(st.integers(3, 60), st.integers(0, 3), st.randoms(use_true_random=False))
def test_the_order_of_rows_moves_none_to_another_split(n, seed, random):
    data = rows(n, classes=3)
    shuffled = random.sample(data, n)
    assert members(load_dataset(shuffled, seed=seed)) == members(load_dataset(data, seed=seed))


SPLIT = load_dataset(rows(60, classes=3), make_splits=False)["all"]


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 3), st.booleans())
def test_a_larger_sample_holds_a_smaller_one(n, m, seed, stratify):
    small, large = sorted((n, m))
    inner = sample(SPLIT, small, seed=seed, stratify=stratify)
    outer = sample(SPLIT, large, seed=seed, stratify=stratify)
    assert set(inner.ids) <= set(outer.ids)
    assert len(outer) == large


@given(st.integers(1, 60), st.permutations(range(60)))
def test_the_order_of_rows_changes_no_sample(n, order):
    shuffled = sample(SPLIT.take(order), n, seed=5)
    assert sorted(shuffled.ids) == sorted(sample(SPLIT, n, seed=5).ids)


@given(st.integers(1, 20))
def test_a_sample_keeps_the_proportions_of_the_classes(n):
    counts = np.bincount(sample(SPLIT, 3 * n, seed=0).labels, minlength=3)
    assert counts.tolist() == [n, n, n]


def test_a_sample_keeps_the_order_of_the_rows():
    places = [int(name[1:]) for name in sample(SPLIT, 20, seed=0).ids]
    assert places == sorted(places)


def test_a_sample_of_more_rows_than_there_are_is_all():
    assert sample(SPLIT, 100, seed=0) is SPLIT


def test_a_sample_of_unlabelled_rows_is_by_key_alone():
    bare = load_dataset([{"id": r["id"], "text": r["text"]} for r in rows(60)], make_splits=False)
    assert sample(bare["all"], 9, seed=2).ids == sample(SPLIT, 9, seed=2, stratify=False).ids


def test_a_sample_of_nothing_is_refused():
    with pytest.raises(UsageError, match="sample of all: expected at least 1 row, got 0"):
        sample(SPLIT, 0, seed=0)

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from robustft.training.batching import plan_batches, plan_epoch, slice_batch, tokenize

CPU = torch.device("cpu")
LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=150).map(np.array)


def natural_lengths(n):
    """Lengths spread as those of reviews are: log-normal, cut at 512."""
    spread = np.random.default_rng(0).lognormal(5.4, 0.6, n)
    return np.clip(spread, 10, 512).astype(np.int64)


def padding(batches, lengths):
    computed = sum(len(rows) * lengths[rows].max() for rows in batches)
    return 1 - lengths.sum() / computed


@given(LENGTHS, st.integers(1, 20), st.integers(0, 2**64 - 1))
def test_each_row_is_in_one_batch_and_all_but_one_are_full(lengths, size, key):
    batches = plan_epoch(lengths, size, key)
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    assert sorted(map(len, batches), reverse=True)[:-1] == [size] * (len(batches) - 1)
    assert len(batches) == -(-len(lengths) // size)


@pytest.mark.parametrize("rows", [100, 500, 4000])
def test_the_plan_follows_from_its_key(rows):
    lengths = natural_lengths(rows)
    one, again, other = (plan_epoch(lengths, 16, key) for key in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    together = {frozenset(batch.tolist()) for batch in one}
    assert len(together & {frozenset(batch.tolist()) for batch in other}) <= 1


def test_batches_of_a_corpus_hold_little_padding_and_come_in_no_order_of_length():
    lengths = natural_lengths(4000)
    batches = plan_epoch(lengths, 16, 7)
    assert padding(batches, lengths) < 0.03
    means = [lengths[rows].mean() for rows in batches]
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.15


@given(LENGTHS, st.integers(1, 40))
def test_slices_share_out_the_batch_and_keep_to_their_size(lengths, most):
    for split in (False, True):
        slices = slice_batch(lengths, max_rows=most, split=split)
        assert sorted(np.concatenate(slices)) == list(range(len(lengths)))
        assert max(map(len, slices)) <= most


@given(LENGTHS)
def test_slicing_never_computes_more(lengths):
    cut = slice_batch(lengths, max_rows=len(lengths), split=True)
    assert sum(len(s) * lengths[s].max() for s in cut) <= len(lengths) * lengths.max()


@pytest.mark.parametrize("rows", [64, 96, 128, 1000])
def test_sliced_batches_hold_at_most_three_percent_padding(rows):
    lengths = natural_lengths(rows)
    slices = [
        batch[part]
        for batch in plan_epoch(lengths, 16, 3)
        for part in slice_batch(lengths[batch], max_rows=16, split=True)
    ]
    assert padding(slices, lengths) <= 0.03


def test_batches_for_prediction_go_from_long_to_short():
    lengths = natural_lengths(100)
    batches = list(plan_batches(lengths, 8))
    assert sorted(np.concatenate(batches)) == list(range(100))
    assert np.all(np.diff(lengths[np.concatenate(batches)]) <= 0)


def test_tokens_are_those_of_the_tokenizer(tokenizer, reviews):
    texts = reviews(30).texts
    made = tokenize(tokenizer, texts, 20)
    wanted = tokenizer(texts, truncation=True, max_length=20)["input_ids"]
    assert [len(row) for row in wanted] == made.lengths.tolist()
    assert made.ids.tolist() == [token for row in wanted for token in row]
    whole = tokenizer(texts)["input_ids"]
    assert made.truncated.tolist() == [len(row) > 20 for row in whole]
    assert 0 < made.truncated.sum() < 30
    assert made.type_ids is None


def test_no_texts_give_no_tokens(tokenizer):
    made = tokenize(tokenizer, [], 20)
    assert (len(made), made.lengths.tolist(), made.ids.tolist()) == (0, [], [])


def test_a_batch_is_what_the_tokenizer_pads_to(tokenizer, reviews):
    texts = reviews(30).texts
    made = tokenize(tokenizer, texts, 64)
    rows = np.array([3, 17, 8, 29])
    batch = made.collate(rows, CPU)
    wanted = tokenizer([texts[i] for i in rows], padding=True, return_tensors="pt")
    assert torch.equal(batch["input_ids"], wanted["input_ids"])
    assert torch.equal(batch["attention_mask"], wanted["attention_mask"])
    assert set(batch) == {"input_ids", "attention_mask"}


def test_a_batch_of_one_length_has_no_mask(tokenizer):
    made = tokenize(tokenizer, ["the film", "the town"], 64)
    assert set(made.collate(np.array([0, 1]), CPU)) == {"input_ids"}

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from robustft.errors import DataError
from robustft.model.tiny import tiny_tokenizer
from robustft.training.masking import pack

TEXTS = [
    f"the unforgettable film number {n} was watched by everybody in town, twice or thrice"
    for n in range(60)
]


@pytest.fixture(scope="module")
def words():
    return tiny_tokenizer(TEXTS, vocabulary=60)


def blocks(words, length=32, **settings):
    return pack(words, TEXTS, length, **settings)


def rows(made):
    return np.arange(len(made), dtype=np.int64)


def test_packing_keeps_every_token_in_order(words):
    made = blocks(words)
    kept = made.ids[~np.isin(made.ids, [words.cls_token_id, words.sep_token_id])]
    whole = [i for text in TEXTS for i in words(text, add_special_tokens=False)["input_ids"]]
    assert kept.tolist() == whole
    assert (made.lengths[:-1] == 32).all()
    first = made.ids[: made.offsets[1]]
    assert (first[0], first[-1]) == (words.cls_token_id, words.sep_token_id)


@settings(max_examples=25)
@given(key=st.integers(0, 2**32), rate=st.sampled_from([0.05, 0.15, 0.4]), whole=st.booleans())
def test_what_is_hidden_is_a_share_of_the_words_and_never_a_special_token(words, key, rate, whole):
    made = blocks(words, rate=rate, whole_words=whole)
    masked = made.masked(rows(made), key)
    original, starts, inside = made._rows(rows(made))
    ordinary = inside & ~np.isin(original, words.all_special_ids)
    assert not (masked.chosen & ~ordinary).any()
    assert masked.labels.tolist() == original[masked.chosen].tolist()
    assert (masked.ids[~masked.chosen] == original[~masked.chosen]).all()
    quota = np.maximum(1, np.rint(ordinary.sum(1) * rate))
    if not whole:
        assert (masked.chosen.sum(1) == quota).all()
        return
    assert (masked.chosen.sum(1) >= 1).all()
    for row in range(len(made)):
        for start in np.unique(starts[row][masked.chosen[row]]):
            of_word = ordinary[row] & (starts[row] == start)
            assert masked.chosen[row][of_word].all()


def test_a_block_is_masked_alike_alone_and_among_others(words):
    made = blocks(words)
    together = made.masked(rows(made), 7)
    alone = made.masked(np.asarray([3]), 7)
    assert (together.chosen[3, : alone.chosen.shape[1]] == alone.chosen[0]).all()
    assert (together.ids[3, : alone.ids.shape[1]] == alone.ids[0]).all()
    other = made.masked(rows(made), 8)
    assert (other.chosen != together.chosen).any()


def test_eight_in_ten_become_the_mask_one_another_token_one_stays(words):
    made = blocks(words, rate=0.4)
    shares = np.zeros(3)
    for key in range(20):
        masked = made.masked(rows(made), key)
        now = masked.ids[masked.chosen]
        mask, same = now == words.mask_token_id, now == masked.labels
        shares += [mask.mean(), same.mean(), (~mask & ~same).mean()]
    # A random token is now and then the one that was there.
    assert shares / 20 == pytest.approx([0.8, 0.1, 0.1], abs=0.02)


def test_a_batch_says_where_the_hidden_tokens_are(words):
    made = blocks(words)
    inputs, labels = made.batch(rows(made)[-3:], torch.device("cpu"), 1)
    assert len(inputs["selected"]) == len(labels) == made.weight(rows(made)[-3:], 1)
    assert (inputs["selected"].diff() > 0).all()
    assert inputs["attention_mask"].sum() == made.lengths[-3:].sum()


def test_texts_without_words_are_refused(words):
    with pytest.raises(DataError, match="expected texts with words in them, got none"):
        pack(words, ["", " "], 16)

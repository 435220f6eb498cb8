import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from robustft.data.task import Task, TaskType
from robustft.errors import ModelError, UsageError
from robustft.evaluation import fast
from robustft.evaluation.predict import Predictions, Predictor, predict, token_hashes
from robustft.model.load import load_model
from robustft.training.batching import TokenizedTexts, tokenize
from robustft.training.packed import _SCORED

WORDS = "the film was good bad very long short and we liked hated its plot music end".split()
TASK = Task(label_names=("neg", "pos"))


def sentences(n, seed=0, longest=20):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, rng.integers(1, longest))) for _ in range(n)]


@pytest.fixture(scope="module")
def loaded():
    return load_model("tiny", task=TASK, seed=1, train_texts=sentences(200))


def naive(loaded, texts, max_length=32):
    loaded.model.eval()
    rows = []
    with torch.inference_mode():
        for text in texts:
            inputs = loaded.tokenizer(
                text, truncation=True, max_length=max_length, return_tensors="pt"
            )
            rows.append(loaded.model(**inputs).logits[0].numpy())
    return np.stack(rows)


def ids_of(rows):
    offsets = np.cumsum([0] + [len(r) for r in rows])
    flat = np.array([t for r in rows for t in r], np.int32)
    return TokenizedTexts(flat, offsets.astype(np.int64), np.zeros(len(rows), bool), 0)


def test_predictions_equal_one_row_at_a_time(loaded):
    texts = [*sentences(60, seed=2), "", "good " * 50]
    made = predict(loaded, texts, max_length=32, batch_size=7, device="cpu")
    assert made.logits == pytest.approx(naive(loaded, texts), abs=1e-5)
    assert made.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-6)
    assert (made.predictions == made.probabilities.argmax(1)).all()
    assert made.truncated.tolist() == [False] * 61 + [True]


def test_the_order_of_the_texts_does_not_matter(loaded):
    texts = sentences(40, seed=3)
    order = np.random.default_rng(0).permutation(40)
    made = predict(loaded, texts, max_length=32, batch_size=8, device="cpu")
    shuffled = predict(loaded, [texts[i] for i in order], max_length=32, batch_size=5, device="cpu")
    assert shuffled.logits == pytest.approx(made.logits[order], abs=1e-5)
    assert (shuffled.token_hash == made.token_hash[order]).all()


def test_texts_of_the_same_tokens_are_computed_once(loaded, monkeypatch):
    computed = []
    forward = loaded.model.forward
    monkeypatch.setattr(
        loaded.model, "forward", lambda **x: computed.append(len(x["input_ids"])) or forward(**x)
    )
    texts = ["the film was good", "THE FILM was  good", "the film was bad", "the film was good"]
    made = predict(loaded, texts, max_length=32, device="cpu")
    assert sum(computed) == 2
    assert (made.logits[0] == made.logits[1]).all()
    assert made.token_hash[0] == made.token_hash[1] == made.token_hash[3] != made.token_hash[2]


def test_a_predictor_remembers_across_calls_and_processes(loaded):
    texts = sentences(30, seed=4)
    first = Predictor(loaded, max_length=32, device="cpu").predict(texts)
    second = Predictor(loaded, max_length=32, device="cpu", batch_size=3)
    second.remember(first)
    done = []
    again = second.predict([*texts[10:], "a new text"], done.append)
    assert (again.logits[:-1] == first.logits[10:]).all()
    assert sum(done) == 21
    assert done[0] == 20


def test_lengths_are_of_the_whole_text(loaded):
    texts = [*sentences(20, seed=6), "", "good " * 50]
    made = predict(loaded, texts, max_length=16, device="cpu")
    whole = [len(ids) for ids in loaded.tokenizer(texts)["input_ids"]]
    assert made.lengths.tolist() == whole
    assert (made.truncated == (made.lengths > 16)).all()
    both = predict(loaded, texts, pairs=texts[::-1], max_length=16, device="cpu")
    assert both.lengths.tolist() == [
        len(ids) for ids in loaded.tokenizer(texts, texts[::-1])["input_ids"]
    ]
    assert made.take(np.array([21])).lengths.tolist() == whole[21:]


def test_many_small_calls_know_each_other(loaded):
    texts = sentences(90, seed=7)
    predictor = Predictor(loaded, max_length=32, device="cpu")
    small = np.concatenate([predictor.predict(texts[i : i + 3]).logits for i in range(0, 90, 3)])
    assert (predictor.predict(texts).logits == small).all()
    assert predictor.memory.computed == len(set(texts))


def test_nothing_to_predict(loaded):
    made = predict(loaded, [], max_length=32, device="cpu")
    assert made.logits.shape == (0, 2)
    assert len(made.predictions) == len(made.token_hash) == 0


@pytest.mark.parametrize("column", [np.array, pd.Series])
def test_texts_and_pairs_may_be_columns(loaded, column):
    texts = sentences(6, seed=8)
    plain = predict(loaded, texts, pairs=texts[::-1], max_length=32, device="cpu")
    made = predict(loaded, column(texts), pairs=column(texts[::-1]), max_length=32, device="cpu")
    assert (made.logits == plain.logits).all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"texts": ["good", float("nan")]}, "expected strings, got float at position 1"),
        ({"texts": ["good"], "pairs": [None]}, "expected strings, got NoneType at position 0"),
        ({"texts": "good"}, "expected a sequence of texts, got one string"),
    ],
)
def test_what_is_no_text_is_refused(loaded, given, said):
    with pytest.raises(UsageError, match=said):
        predict(loaded, **given, device="cpu")


def test_outputs_follow_the_label_codes_of_the_data(loaded):
    from dataclasses import replace

    turned = replace(loaded, label_order=(1, 0))
    texts = sentences(5, seed=5)
    straight = predict(loaded, texts, max_length=32, device="cpu")
    assert (
        predict(turned, texts, max_length=32, device="cpu").logits[:, ::-1] == straight.logits
    ).all()


@pytest.mark.parametrize("batch", [40, 10_000])
def test_packed_texts_get_the_outputs_of_plain_ones(loaded, monkeypatch, batch):
    monkeypatch.setitem(_SCORED, "cpu", batch)
    texts = [*sentences(40), "", "good film"]
    plain = predict(loaded, texts, max_length=32, device="cpu")
    packed = predict(loaded, texts, max_length=32, device="cpu", fast=True)
    np.testing.assert_allclose(packed.logits, plain.logits, atol=1e-5)
    assert (packed.token_hash == plain.token_hash).all()
    assert loaded.model.config._attn_implementation == "sdpa"


def test_where_packing_fails_texts_are_predicted_plainly(loaded, monkeypatch):
    def without_kernel(*_, **__):
        raise RuntimeError("no kernel\nmore of it")

    monkeypatch.setattr(fast.PackedModel, "forward", without_kernel)
    texts = sentences(9, seed=3)
    predictor = Predictor(loaded, max_length=32, device="cpu", fast=True)
    made = predictor.predict(texts)
    assert (made.logits == predict(loaded, texts, max_length=32, device="cpu").logits).all()
    predictor.predict(sentences(9, seed=4))
    assert predictor.notices == ("--fast: texts are not packed: no kernel",)


def test_a_model_that_cannot_be_packed_predicts_plainly_and_says_so(loaded, monkeypatch):
    monkeypatch.setattr(loaded.model.config, "is_decoder", True)
    predictor = Predictor(loaded, device="cpu", fast=True)
    said = "--fast: texts are not packed: it is a decoder, which reads from left to right"
    assert predictor.notices == (said,)
    assert np.isfinite(predictor.predict(["good film"]).logits).all()


def test_outputs_that_are_no_numbers_are_refused(loaded, monkeypatch):
    head = loaded.model.classifier
    monkeypatch.setattr(head, "bias", torch.nn.Parameter(torch.full_like(head.bias, torch.nan)))
    with pytest.raises(ModelError, match="expected finite outputs, got NaN"):
        predict(loaded, ["good film"], device="cpu")


def test_regression_predicts_numbers():
    task = Task(type=TaskType.REGRESSION, label_column="target")
    loaded = load_model("tiny", task=task, seed=1, train_texts=sentences(50))
    made = predict(loaded, sentences(9), max_length=32, device="cpu")
    assert made.predictions.dtype == np.float64
    assert made.predictions == pytest.approx(naive(loaded, sentences(9))[:, 0], abs=1e-5)
    assert made.probabilities.shape == (9, 0)


def test_no_more_tokens_than_the_model_reads(loaded):
    assert Predictor(loaded, max_length=10_000, device="cpu").max_length == 512
    assert Predictor(loaded, device="cpu").max_length == 256


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match="expected a model folder"):
        predict(tmp_path, ["a text"], task=TASK)


def test_an_unknown_device_is_refused(loaded):
    with pytest.raises(UsageError, match="device: expected one of"):
        predict(loaded, ["a text"], device="tpu")


def test_rows_can_be_taken():
    made = Predictions(
        np.arange(6, dtype=np.float32).reshape(3, 2),
        np.arange(3, dtype=np.uint64),
        np.ones(3, bool),
    )
    assert made.take(np.array([2, 0])).token_hash.tolist() == [2, 0]


token_rows = st.lists(st.lists(st.integers(0, 5), max_size=6), min_size=1, max_size=30)


@given(token_rows)
@settings(max_examples=60)
def test_token_hashes_are_equal_exactly_where_the_ids_are(rows):
    hashes = token_hashes(ids_of(rows))
    for i, a in enumerate(rows):
        for j, b in enumerate(rows):
            assert (hashes[i] == hashes[j]) == (a == b)


@given(token_rows)
@settings(max_examples=30)
def test_a_token_hash_does_not_depend_on_the_other_rows(rows):
    together = token_hashes(ids_of(rows))
    alone = np.concatenate([token_hashes(ids_of([row])) for row in rows])
    assert (together == alone).all()


def test_an_uncased_tokenizer_swallows_case(loaded):
    hashes = token_hashes(tokenize(loaded.tokenizer, ["A good film", "a GOOD film"], 32))
    assert hashes[0] == hashes[1]


def test_what_lies_beyond_the_window_does_not_count(loaded):
    hashes = token_hashes(tokenize(loaded.tokenizer, ["good " * 40, "good " * 40 + "bad"], 16))
    assert hashes[0] == hashes[1]

import logging
from types import SimpleNamespace

import numpy as np
import pytest

from robustft.training import feature_store, token_store
from robustft.training.batching import tokenize
from robustft.training.token_store import tokens_key


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Any corpus is a large one, and its tokens go to this folder."""
    monkeypatch.setenv("ROBUSTFT_CACHE", str(tmp_path))
    monkeypatch.setattr(token_store, "_IN_MEMORY", 0)
    return tmp_path / "tokens"


def in_memory(monkeypatch, *given):
    with monkeypatch.context() as changed:
        changed.setattr(token_store, "_IN_MEMORY", 2**28)
        return tokenize(*given)


def same(one, other):
    assert (one.type_ids is None) == (other.type_ids is None)
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("ids", "offsets", "truncated", "whole", "lengths")
        + (() if one.type_ids is None else ("type_ids",))
    )


class Counting:
    """A tokenizer that counts the texts that it is given."""

    def __init__(self, tokenizer):
        self._tokenizer, self.texts = tokenizer, 0

    def __getattr__(self, name):
        return getattr(self._tokenizer, name)

    def __call__(self, texts, *rest, **settings):
        self.texts += len(texts)
        return self._tokenizer(texts, *rest, **settings)


@pytest.mark.parametrize("paired", [False, True])
def test_tokens_on_disk_are_those_in_memory(cache, tokenizer, reviews, monkeypatch, paired):
    texts = [*reviews(40).texts, "", "it’s naïve 🙂"]
    given = (tokenizer, texts, 16, texts[::-1] if paired else None)
    monkeypatch.setattr("robustft.training.batching._CHUNK", 7)
    kept = tokenize(*given)
    assert same(kept, in_memory(monkeypatch, *given))
    assert (kept.type_ids is not None) == paired
    assert len(list(cache.glob("*.npy"))) == 3
    assert not [path for path in cache.iterdir() if path.name.startswith(".")]
    mapped = kept.ids if isinstance(kept.ids, np.memmap) else kept.ids.base
    assert isinstance(mapped, np.memmap)


def test_a_later_call_finds_them_and_another_corpus_does_not(cache, tokenizer, reviews):
    counted = Counting(tokenizer)
    texts = reviews(20).texts
    first = tokenize(counted, texts, 16)
    assert counted.texts == 20
    tokenizer(texts[0], truncation=True, max_length=3, padding="max_length")
    assert same(tokenize(counted, texts, 16), first)
    assert counted.texts == 20
    tokenize(counted, texts, 17)
    tokenize(counted, [*texts[1:], texts[0]], 16)
    assert counted.texts == 60
    assert len(list(cache.glob("*.npy"))) == 9


def test_where_one_text_ends_decides():
    fast = SimpleNamespace(
        is_fast=True,
        backend_tokenizer=SimpleNamespace(to_str=lambda: "{}"),
        special_tokens_map={},
        truncation_side="right",
        padding_side="right",
    )
    keys = [
        tokens_key(fast, texts, 8, pairs)
        for texts, pairs in (
            (["ab", "c"], None), (["a", "bc"], None), (["a", "b", "c"], None), (["ab"], ["c"]),
        )
    ]  # fmt: skip
    assert len(set(keys)) == 4
    assert tokens_key(object(), ["a"], 8, None) is None


@pytest.mark.parametrize("name", ["ids", "types", "counts"])
@pytest.mark.parametrize("damage", [b"nonsense", b"", None])
def test_a_damaged_file_is_made_anew(cache, tokenizer, reviews, name, damage):
    counted = Counting(tokenizer)
    texts = reviews(20).texts
    first = tokenize(tokenizer, texts, 16)
    kept = type(first)(**{n: np.array(getattr(first, n)) for n in ("ids", "offsets", "truncated")},
                       pad_id=0, whole=first.whole)  # fmt: skip
    (path,) = cache.glob(f"*-{name}.npy")
    if damage is None:
        path.with_suffix(".json").unlink()
    else:
        path.unlink()
        path.write_bytes(damage)
    again = tokenize(counted, texts, 16)
    assert counted.texts == 20
    assert same(again, kept)
    assert same(tokenize(counted, texts, 16), kept)
    assert counted.texts == 20


def test_a_full_disk_leaves_the_tokens_in_memory(cache, tokenizer, reviews, monkeypatch, caplog):
    monkeypatch.setattr(
        feature_store.shutil, "disk_usage", lambda _: type("Usage", (), {"free": -1})
    )
    with caplog.at_level(logging.WARNING, "robustft"):
        made = tokenize(tokenizer, reviews(20).texts, 16)
    assert "tokens are held in memory: " in caplog.text
    assert "of free space" in caplog.text
    assert same(made, in_memory(monkeypatch, tokenizer, reviews(20).texts, 16))


def test_a_limit_below_a_large_corpus_keeps_nothing(cache, tokenizer, reviews, monkeypatch, caplog):
    monkeypatch.setenv("ROBUSTFT_CACHE_GB", "0")
    monkeypatch.setattr(token_store, "_IN_MEMORY", 1)
    counted = Counting(tokenizer)
    with caplog.at_level(logging.WARNING, "robustft"):
        tokenize(counted, reviews(20).texts, 16)
    assert "got a lower limit (ROBUSTFT_CACHE_GB)" in caplog.text
    assert counted.texts == 20
    assert not cache.exists()


def test_making_room_takes_older_tokens_and_none_of_these(cache, tokenizer, reviews, monkeypatch):
    monkeypatch.setenv("ROBUSTFT_CACHE_GB", "1e-8")
    first, second = reviews(20).texts, reviews(30).texts
    for texts in (first, second):
        counted = Counting(tokenizer)
        tokenize(counted, texts, 16)
        assert counted.texts == len(texts)
        assert len(list(cache.glob("*.npy"))) == 3
        tokenize(counted, texts, 16)
        assert counted.texts == len(texts)


def test_a_disk_that_fills_up_leaves_nothing_half_written(
    cache, tokenizer, reviews, monkeypatch, caplog
):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(token_store._Growing, "append", full)
    with caplog.at_level(logging.WARNING, "robustft"):
        made = tokenize(tokenizer, reviews(20).texts, 16)
    assert "no space left on the device" in caplog.text
    assert same(made, in_memory(monkeypatch, tokenizer, reviews(20).texts, 16))
    assert list(cache.iterdir()) == []


def test_training_batches_are_the_same_from_disk(cache, tokenizer, reviews, monkeypatch):
    import torch

    texts, rows = reviews(20).texts, np.array([3, 17, 5])
    kept = tokenize(tokenizer, texts, 16).collate(rows, torch.device("cpu"))
    held = in_memory(monkeypatch, tokenizer, texts, 16).collate(rows, torch.device("cpu"))
    assert all(torch.equal(kept[name], held[name]) for name in held)
    assert kept.keys() == held.keys()

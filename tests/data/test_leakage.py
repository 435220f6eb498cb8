"""Near-duplicates against comparing all with all, and rows that stem from training rows."""

import re

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from robustft.data import minhash
from robustft.data.leakage import hashed, overlap, shared_sources
from robustft.data.minhash import similar
from robustft.data.split import Split
from robustft.data.task import Task

WORDS = "the film was a fine one and its plot never quite told us why they left".split()


def shingles(text):
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + 5]) for i in range(max(len(words) - 4, min(len(words), 1)))}


def jaccard(a, b):
    return len(a & b) / len(a | b) if a and b else 0.0


def texts_of(rng, count, least=0, most=60):
    return [" ".join(rng.choice(WORDS, rng.integers(least, most))) for _ in range(count)]


def changed(text, rng, times):
    words = text.split()
    for place in rng.choice(len(words), times, replace=False):
        words[place] = f"new{place}"
    return " ".join(words)


def test_what_is_found_is_what_comparing_all_with_all_finds():
    rng = np.random.default_rng(0)
    others = texts_of(rng, 200)
    texts = texts_of(rng, 100) + [
        changed(text, rng, int(rng.integers(0, 3))) for text in others if len(text.split()) > 4
    ]
    found = similar(texts, others)
    sets = [[shingles(text) for text in part] for part in (texts, others)]
    likeness = np.array([[jaccard(a, b) for b in sets[1]] for a in sets[0]])
    best = likeness.max(axis=1)
    hit = found.partner >= 0
    # None is reported that is less alike than asked for; a pair at the threshold is missed once
    # in 3,000 times, one at 0.9 never.
    assert (likeness[np.flatnonzero(hit), found.partner[hit]] == found.similarity[hit]).all()
    assert (best[hit] >= 0.8).all()
    assert hit[best >= 0.8].all()
    assert 50 < hit.sum() < len(texts) - 50
    assert (found.similarity[~hit] == 0).all()


@given(st.text(min_size=1), st.lists(st.text(), max_size=5))
@settings(deadline=None, max_examples=50)
def test_a_text_with_a_word_is_always_like_itself(text, others):
    found = similar([text], [*others, text])
    wordy = re.search(r"[^\W_]", text, re.ASCII) or any(c > "\x7f" for c in text)
    if wordy:
        assert found.similarity[0] == 1
        assert found.partner[0] >= 0


def test_case_marks_and_portions_do_not_matter(monkeypatch):
    monkeypatch.setattr(minhash, "_BYTES", 20)
    long = " ".join(f"word{i}" for i in range(1_000))
    texts = ["A fine film, with one fine plot!", long, "", "?!", "short one"]
    others = ["", "!!", "Short: one", long.upper(), "a fine film with one fine plot", "one short"]
    found = similar(texts, others)
    assert found.partner.tolist() == [4, 3, -1, -1, 2]
    assert similar([], others).partner.tolist() == similar([], []).partner.tolist() == []
    assert similar(texts, []).partner.tolist() == [-1] * 5


def test_letters_that_are_words_of_their_own_make_shingles():
    sentence = "这部电影的情节非常精彩而且演员的表演也很出色值得一看"
    found = similar([sentence], [sentence[:-1] + "听", "完全不同的一句话在这里"])
    assert found.partner[0] == 0
    assert 0.8 < found.similarity[0] < 1


def test_of_many_alike_the_first_is_named_and_few_are_compared():
    text = " ".join(WORDS)
    found = similar([text] * 3, [text] * 5_000)
    assert found.partner.tolist() == [0, 0, 0]


def split_of(texts, ids=None, **columns):
    ids = [f"r{i}" for i in range(len(texts))] if ids is None else ids
    return Split("test", pa.table({"id": ids, "text": texts, **columns}), Task())


def test_copies_and_near_copies_are_told_apart_and_named_whatever_the_order():
    rng = np.random.default_rng(1)
    train = texts_of(rng, 60, 20, 40)
    test = texts_of(rng, 20, 20, 40) + train[:4] + [changed(t, rng, 1) for t in train[4:10]]
    test += ["!!", train[0].upper()]
    trained = split_of([*train, "!!", train[0]], ids=[f"t{i:02}" for i in range(62)])
    rows = split_of(test)
    found = overlap(rows, trained)
    named = dict(zip((rows.ids[i] for i in found.rows), found.partners, strict=True))
    assert [named[f"r{20 + i}"] for i in range(4)] == ["t00", "t01", "t02", "t03"]
    assert named["r30"] == "t60"
    assert named["r31"] == "t00"
    same = [i for i, alike in zip(found.rows, found.identical, strict=True) if alike]
    assert same == [20, 21, 22, 23, 30]
    assert found.similarity[list(found.rows).index(31)] == 1
    order, other = rng.permutation(len(rows)), rng.permutation(len(trained))
    again = overlap(rows.take(order), trained.take(other))
    shuffled = [rows.take(order).ids[i] for i in again.rows]
    assert dict(zip(shuffled, again.partners, strict=True)) == named
    nothing = overlap(split_of(["a b c"]), split_of(["d e f"]))
    assert len(nothing) == 0


def test_rows_of_two_texts_are_compared_as_both():
    task = Task(pair_column="pair")
    first = " ".join(WORDS)
    tables = [
        pa.table({"id": ["a", "b"], "text": [first, first], "pair": [first, "no"]}),
        pa.table({"id": ["c"], "text": [first], "pair": ["no sir"]}),
    ]
    found = overlap(*(Split("test", table, task) for table in tables))
    assert (found.rows.tolist(), found.partners) == ([1], ("c",))


def test_rows_that_stem_from_training_rows_are_named():
    trained = split_of(["one", "two", "three"], ids=["1", "2", "3"])
    assert shared_sources(split_of(["one", "other"], ids=["1", "2"]), trained) == ["1"]
    with_sources = split_of(["x", "y", "z"], ids=["7", "8", "9"], source_id=["2", "5", None])
    # A number alone may count other rows; that both name sources settles it.
    assert shared_sources(with_sources, trained) == []
    sourced = split_of(["one", "two"], ids=["1", "2"], source_id=["2", None])
    assert shared_sources(with_sources, sourced) == ["7"]
    mark = "0123456789abcdef"
    by_hash = split_of(["x"], ids=["7"], source_id=[mark])
    assert shared_sources(by_hash, split_of(["one"], ids=[mark])) == ["7"]
    assert shared_sources(split_of(["one"], ids=[mark]), by_hash) == [mark]
    assert hashed([mark, f"{mark}-2"])
    assert not hashed([mark, "7"])


def test_a_lower_similarity_finds_more():
    rng = np.random.default_rng(2)
    (text,) = texts_of(rng, 1, 40, 41)
    far = changed(text, rng, 3)
    assert jaccard(shingles(text), shingles(far)) < 0.8
    assert len(overlap(split_of([far]), split_of([text]))) == 0
    assert len(overlap(split_of([far]), split_of([text]), least=0.3)) == 1

"""Batches of texts as columns, and the views of them."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from robustft.text import Batch, Document, Lexicon, content_ids
from robustft.text.sentences import sentence_spans

TEXTS = st.lists(st.text(max_size=30), max_size=6)


def words_of(batch, units):
    return [batch.buffer[a:b] for a, b in zip(units.start, units.end, strict=True)]


def test_words_join_apostrophes_and_part_hyphens():
    batch = Batch(
        ["don't rock'n'roll, well-made '80s it\u2019s", "", "caf\u00e9 e\u0301t\u00e9 x_1"]
    )
    assert words_of(batch, batch.words) == [
        "don't",
        "rock'n'roll",
        "well",
        "made",
        "80s",
        "it\u2019s",
        "caf\u00e9",
        "e\u0301t\u00e9",
        "x_1",
    ]
    assert batch.word_counts.tolist() == [6, 0, 3]


@given(TEXTS)
def test_a_batch_finds_in_each_text_what_it_finds_alone(texts):
    batch = Batch(texts)
    together = [Document(batch, i).words for i in range(len(texts))]
    alone = [Document(Batch([text]), 0).words for text in texts]
    assert together == alone
    assert batch.word_counts.tolist() == [len(words) for words in alone]


@given(TEXTS, st.sets(st.text(alphabet="abAB'", min_size=1, max_size=4), max_size=5))
def test_words_in_a_lexicon_are_those_whose_lower_case_it_holds(texts, entries):
    batch, lexicon = Batch(texts), Lexicon(entries)
    found = words_of(batch, batch.words_in(lexicon))
    assert found == [w for w in words_of(batch, batch.words) if w in lexicon]


def test_find_never_crosses_texts():
    batch = Batch(["one", "two three"])
    assert words_of(batch, batch.find(re.compile(r"\w+.\w+"))) == ["two three"]


def test_find_takes_a_group():
    batch = Batch(["it is", "he is not"])
    assert words_of(batch, batch.find(re.compile(r"\w+ (is)"), group=1)) == ["is", "is"]


def test_alphabetic_words_are_ascii_letters_alone():
    batch = Batch(["plain na\u00efve don't x1 ab"])
    assert words_of(batch, batch.alphabetic_words(3)) == ["plain"]


def test_hyphenated_and_capitalised():
    batch = Batch(["well-made Film - good"])
    words = batch.words
    assert batch.hyphenated(words).tolist() == [True, True, False, False]
    assert batch.capitalised(words).tolist() == [False, False, True, False]


def test_splits_cluster():
    batch = Batch(["e\u0301a"])
    spans = batch.spans(np.array([0, 2]), np.array([1, 3]))
    assert batch.splits_cluster(spans).tolist() == [True, False]


def test_sentences():
    text = "Mr. Smith went. He paid 5.99! Really?<br /><br />A. Lincoln said so... and left\n\nEnd"
    assert [text[a:b] for a, b in sentence_spans(text)] == [
        "Mr. Smith went.",
        "He paid 5.99!",
        "Really?",
        "A. Lincoln said so... and left",
        "End",
    ]


@given(st.text(alphabet="aB. !?\n\"'", max_size=60))
def test_sentences_cover_all_that_is_visible(text):
    spans = sentence_spans(text)
    covered = "".join(text[a:b] for a, b in spans)
    assert "".join(covered.split()) == "".join(text.split())
    assert all(a < b for a, b in spans)


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=12))
def test_content_ids_are_unique_and_carry_on(texts):
    ids = content_ids(texts)
    assert len(set(ids)) == len(texts)
    from collections import Counter

    seen = Counter()
    half = len(texts) // 2
    assert content_ids(texts[:half], seen) + content_ids(texts[half:], seen) == ids

"""Words of a batch in a word list, and the hashes that tell."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from robustft.text.document import Batch
from robustft.text.lexicon import Lexicon, hash_spans

LETTERS = "ab\u00e9\u0151\u4e2d"
WORDS = st.lists(st.text(LETTERS, min_size=1, max_size=40), min_size=1, max_size=30)


@given(listed=WORDS, others=WORDS)
def test_finds_the_words_that_are_listed_and_no_others(listed, others):
    lexicon = Lexicon(listed)
    asked = [*others, *listed]
    batch = Batch([" ".join(asked)])
    places = batch.places_in(lexicon).tolist()
    known = {word: place for place, word in enumerate(lexicon.words)}
    assert places == [known.get(word, -1) for word in asked]
    assert batch.is_in(lexicon).tolist() == [word in lexicon for word in asked]


def test_words_that_share_a_slot_are_told_apart():
    # A list of 40,000 words in a table of 2 ** 18 places: some thousands share one.
    words = [f"{chr(97 + i % 26)}{i}x" for i in range(40_000)]
    lexicon = Lexicon(words)
    batch = Batch([" ".join(words + [word + "y" for word in words])])
    found = batch.places_in(lexicon)
    assert [lexicon.words[place] for place in found[:40_000].tolist()] == words
    assert (found[40_000:] == -1).all()


def test_an_empty_list_has_no_word():
    assert not Batch(["some words here"]).is_in(Lexicon([])).any()


@given(st.text(LETTERS, min_size=1, max_size=40))
def test_a_hash_does_not_hang_on_what_stands_around_the_word(word):
    alone, within = Batch([word]), Batch([f"xx {word} yyyyyyyyyy"])
    start, end = np.array([3]), np.array([3 + len(word)])
    apart = hash_spans(alone.folded, np.array([0]), np.array([len(word)]))
    assert apart.tolist() == hash_spans(within.folded, start, end).tolist()

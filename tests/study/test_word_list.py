import csv

import numpy as np
import pytest

from robustft.errors import DataError, RunError
from robustft.study.word_counts import WordCounter, words_of
from robustft.study.word_list import read_words, score_words, write_words


def test_words_are_lower_case_tokens_up_to_a_limit():
    texts = ["Don’t SHOUT, it's 10 km!", "", "one two three"]
    assert list(words_of(texts)) == [
        (["don't", "shout", "it's", "10", "km"], False),
        ([], False),
        (["one", "two", "three"], False),
    ]
    assert list(words_of(texts, 2))[::2] == [(["don't", "shout"], True), (["one", "two"], True)]
    assert [cut for _, cut in words_of(texts, 3)] == [True, False, False]


def test_pairs_of_neighbours_are_counted_within_a_text():
    counter = WordCounter(["a b a b", "b a", "a b"], min_documents=2, max_words=9, ngrams=2)
    assert counter.words == ["a", "a b", "b", "b a"]
    assert counter.train_counts.toarray().tolist() == [[2, 2, 2, 1], [1, 0, 1, 1], [1, 1, 1, 0]]
    assert counter.counts(["b c a"])[0].toarray().tolist() == [[1, 0, 1, 0]]


def test_words_that_no_text_shares_make_no_dictionary():
    with pytest.raises(DataError, match="words that occur in at least 3 of the 2 training texts"):
        WordCounter(["one two", "three"], min_documents=3, max_words=9)


def listed():
    totals = np.array([[4.0], [-9.0], [0.1], [-0.2], [3.0]])
    return score_words(
        ["up", "down", "flat", "low", 'q"t'], totals, np.array([4, 9, 1, 1, 1]), ("y",)
    )


def test_a_dictionary_takes_turns_between_the_ends_of_the_ranking():
    words = listed()
    assert words.scores[:, 0].tolist() == [2.0, -3.0, 0.1, -0.2, 3.0]
    assert words.means[:, 0].tolist() == [1.0, -1.0, 0.1, -0.2, 3.0]
    chosen = [words.take(words.chosen(n)).words for n in (1, 2, 3, 4, 9)]
    assert chosen == [
        ('q"t',),
        ("down", 'q"t'),
        ("up", "down", 'q"t'),
        ("up", "down", "low", 'q"t'),
        words.words,
    ]
    assert words.leading(2) == {"highest": ['q"t', "up"], "lowest": ["down", "low"]}


def test_a_word_list_is_read_as_it_was_written(tmp_path):
    words = listed()
    path = write_words(words, tmp_path / "words.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["word", "score", "mean_attribution", "document_frequency"]
    assert rows[2] == ["down", "-3", "-1", "9"]
    again = read_words(path, ("y",))
    assert again.words == words.words
    assert (again.scores == words.scores).all()
    assert (again.means == words.means).all()
    assert (again.document_frequency == words.document_frequency).all()
    with pytest.raises(RunError, match=r"words\.csv: expected a list of words with scores"):
        read_words(path, ("north", "south", "west"))

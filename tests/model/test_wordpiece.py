import subprocess
import sys
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from robustft.model.wordpiece import SPECIAL_TOKENS, count_words, train_vocabulary


def test_words_are_counted_as_an_uncased_bert_sees_them():
    assert count_words(["It's GOOD, café!", "good"]) == Counter(
        {"good": 2, "it": 1, "'": 1, "s": 1, ",": 1, "cafe": 1, "!": 1}
    )


def test_the_most_frequent_pair_is_merged_first_and_ties_by_name():
    pieces = train_vocabulary(Counter({"ab": 5, "xy": 3, "cd": 3}), 100)
    assert pieces[: len(SPECIAL_TOKENS)] == list(SPECIAL_TOKENS)
    assert pieces[len(SPECIAL_TOKENS) :] == [
        "##b", "##d", "##y", "a", "c", "x", "ab", "cd", "xy",
    ]  # fmt: skip


def test_pieces_grow_over_several_merges():
    pieces = train_vocabulary(Counter({"lower": 4, "lowest": 4}), 100)
    assert {"low", "lowe", "lower", "lowest"} & set(pieces) >= {"lower", "lowest"}


def test_repeated_letters_do_not_confuse_the_counts():
    pieces = train_vocabulary(Counter({"aaaa": 3, "aaa": 2}), 100)
    assert "aaaa" in pieces
    assert len(pieces) == len(set(pieces))


def test_pairs_that_occur_once_are_not_merged():
    assert "ab" not in train_vocabulary(Counter({"ab": 1, "cd": 1}), 100)


@given(
    st.dictionaries(st.text("abcd", min_size=1, max_size=6), st.integers(1, 9)), st.integers(15, 40)
)
def test_the_size_is_kept_and_the_order_of_the_words_decides_nothing(words, size):
    pieces = train_vocabulary(Counter(words), size)
    assert len(pieces) == len(set(pieces)) <= size
    backwards = Counter(dict(reversed(words.items())))
    assert train_vocabulary(backwards, size) == pieces


def test_processes_with_other_hash_seeds_give_the_same_pieces():
    code = (
        "from robustft.model.wordpiece import *\n"
        "texts = [f'{a}{b} {b}{a}' for a in 'abcdef' for b in 'ghijkl']\n"
        "print(train_vocabulary(count_words(texts), 60))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1

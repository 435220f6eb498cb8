"""Word order: the words stay the same, clauses and negations keep together."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from robustft_transforms.word_order import WordOrder

from robustft.errors import SpecError
from robustft.transform import perturb

TEXT = (
    "The film has a great story and a brilliant cast, but I never really liked the ending. "
    "Nobody told us that it was so long; my friends quickly left the cinema, and they were right."
)


def run(text: str, settings: str = "rate=1.0", seed: int = 0) -> str:
    return perturb([text], f"word_order:{settings}", seed=seed)[0].text


def words(text: str) -> list[str]:
    return re.findall(r"[\w'’]+", text.lower())


def test_no_word_is_added_or_lost_and_marks_stay_between_the_same_words():
    for seed in range(20):
        made = run(TEXT, seed=seed)
        assert made != TEXT
        clauses, after = (re.split(r"[.,;]", text) for text in (TEXT, made))
        for clause, moved in zip(clauses, after, strict=True):
            assert Counter(words(clause)) == Counter(words(moved))


def test_a_sentence_begins_with_its_capital_and_has_no_other():
    for seed in range(20):
        made = run("The staff were friendly. My room was clean and quiet.", seed=seed)
        for sentence in made.split(". "):
            assert sentence[0].isupper()
            assert sentence[1:].islower()


@pytest.mark.parametrize(
    "text",
    [
        "It was not a good film.",
        "This isn't any good.",
        "He hardly ever smiles.",
        "it does n't work .",
        "It lacks charm and wit.",
        "Better than that.",
        "Too long, too loud.",
        "Tom Hanks met Meg Ryan.",
        "Two films, 20 minutes.",
        "A well-made, first-rate film.",
        "one  two, three; four-five",
        "IT IS VERY GOOD.",
    ],
)
def test_what_must_not_move_stays(text):
    for seed in range(5):
        assert run(text, seed=seed) == text


def test_nothing_moves_near_a_negator():
    text = "My old friends said clearly that it was not worth the money for most of our group."
    for seed in range(20):
        assert "was not worth the money" in run(text, seed=seed)


def test_the_article_follows_the_word_behind_it():
    made = {run("They saw an old house.", "rate=1.0,kind=swap", seed) for seed in range(20)}
    assert any("a house old" in text for text in made)
    assert not any("an house" in text for text in made)


def test_adverbs_alone_move_if_asked():
    text = "My friends quickly left the old cinema."
    made = {run(text, "rate=1.0,kind=adverb", seed) for seed in range(40)}
    assert len(made) > 2
    for moved in made:
        rest = [word for word in words(moved) if word != "quickly"]
        assert rest == [word for word in words(text) if word != "quickly"]


def test_small_words_are_drawn_less_often():
    text = "the house of my brother was big red wooden"
    made = [run(text, "rate=0.12,kind=swap", seed) for seed in range(80)]
    big = sum(text.endswith(("red big wooden", "big wooden red")) for text in made)
    assert big > 20


def test_an_unknown_kind_is_refused():
    with pytest.raises(SpecError, match="expected kind to be one of all, swap, adverb"):
        WordOrder(kind="shuffle")

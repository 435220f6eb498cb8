"""Sentence order: what is moved arrives whole, and what must stay stays."""

from __future__ import annotations

from collections import Counter

import pytest

from robustft.transform import perturb

FRAME = "We spent a week at the hotel. {} I would never go again."
FREE = (
    "The beds were hard as stone. Breakfast was cold every morning. My room faced a wall. "
    "Nobody answered the phone at night."
)


def row(text: str, seed: int = 0):
    return perturb([text], "sentence_order:rate=1.0", seed=seed)[0]


def test_all_sentences_arrive_and_first_and_last_stay():
    text = FRAME.format(FREE)
    seen = set()
    for seed in range(20):
        made = row(text, seed).text
        assert Counter(made.split(". ")) == Counter(text.split(". "))
        assert made.startswith("We spent a week at the hotel. ")
        assert made.endswith(" I would never go again.")
        seen.add(made)
    assert text not in seen
    assert len(seen) == 2


def test_the_shorter_sentence_is_the_one_that_moves():
    made = row(
        FRAME.format("The beds were hard as stone. The cook has burnt all of our breakfast.")
    )
    assert [edit.replacement for edit in made.edits] == ["", " The beds were hard as stone."]
    made = row(
        FRAME.format("The cook has burnt all of our breakfast. The beds were hard as stone.")
    )
    assert [edit.replacement for edit in made.edits] == ["The beds were hard as stone. ", ""]


def test_what_a_sentence_holds_goes_with_it():
    text = FRAME.format("The price was $5.99 at https://a.example/b. The beds were hard as stone.")
    assert row(text).text == FRAME.format(
        "The beds were hard as stone. The price was $5.99 at https://a.example/b."
    )


@pytest.mark.parametrize(
    ("middle", "reason"),
    [
        ("The beds were hard as stone. They had no pillows.", "refers back"),
        ("They were late again. The beds were hard as stone.", "refers back"),
        ("The beds were hard as stone. My wife hated it.", "may refer back"),
        ("The beds were hard as stone. My wife told me that.", "may refer back"),
        ("Would you sleep on stone? The beds were hard as stone.", "a question, or no end mark"),
        ("A boat took us there. The boats were late.", "takes up a noun"),
        ("The owner is John Marsh. Marsh was very rude.", "the two share a name"),
        ("The beds were hard as stone. Cold breakfast every single morning.", "no whole sentence"),
        ("“The beds are hard as stone. Breakfast is cold every day.”", "inside a quotation"),
        ("The beds were <i>hard. Breakfast</i> was cold every morning.", "holds a tag"),
        ("The beds were hard as stone. 20 guests complained about that.", "begins with a mark"),
        ("I walked up to the desk. The beds were hard as stone.", "tells what happened"),
        ("“The beds are hard as stone.” The breakfast was cold.", "speech"),
    ],
)
def test_reasons(middle, reason):
    text = FRAME.format(middle)
    made = row(text)
    assert made.text == text
    assert reason in perturb([text], "sentence_order:rate=1.0").skips or reason in made.reason


def test_an_answer_stays_behind_its_question():
    text = (
        "Was it good? The beds were hard as stone. Breakfast was cold every morning. I left early."
    )
    assert row(text).reason == "an answer"


def test_what_refers_to_the_second_keeps_both_in_place():
    text = FRAME.format("The beds were hard as stone. My breakfast was cold. It made me ill.")
    assert row(text).text == text


def test_paragraphs_keep_their_sentences():
    text = f"{FREE}<br /><br />{FREE}"
    first, second = row(text).text.split("<br /><br />")
    assert Counter(first.split(". ")) == Counter(second.split(". ")) == Counter(FREE.split(". "))


def test_a_protected_answer_does_not_move():
    text = FRAME.format("The beds were hard as stone. Breakfast was cold every morning.")
    start = text.index("The beds")
    kept = perturb([text], "sentence_order:rate=1.0", protect=[[(start, start + 8)]])[0]
    assert kept.text == text

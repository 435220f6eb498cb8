"""Fillers: they keep what is said, their commas and capitals are right, neighbours differ."""

from __future__ import annotations

import re

import pytest
from robustft_transforms.fillers import Fillers

from robustft.errors import SpecError
from robustft.transform import perturb


def run(text: str, settings: str = "rate=1.0", seed: int = 0) -> str:
    return perturb([text], f"fillers:{settings}", seed=seed)[0].text


def plain(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


FILLERS = {
    word
    for filler in (
        "honestly frankly actually basically well like quite you know i mean to be honest truth "
        "told in all honesty have say must if ask me"
    ).split()
    for word in filler.split()
}
TEXT = (
    "The acting is terrible in this film. It was so bad that we left, but I liked the music. Most "
    "of my friends stayed. Tom Hanks plays a lawyer. They were bored, and they said so."
)


def test_nothing_but_fillers_is_added_and_nothing_is_lost():
    for seed in range(20):
        made = plain(run(TEXT, seed=seed))
        words = iter(made)
        assert all(word in words for word in plain(TEXT))
        added = len(made) - len(plain(TEXT))
        assert added > 0
        assert sum(word in FILLERS for word in made) >= added


def test_no_sentence_has_two_fillers_and_no_neighbours_have_the_same():
    pattern = re.compile(
        r"quite honestly|honestly|frankly|to be honest|truth be told|have to say|must say|well,|"
        r"in all honesty|I mean|actually|you know|basically|like,|if you ask me",
        re.IGNORECASE,
    )
    for seed in range(30):
        before: str | None = None
        for sentence in run(TEXT, seed=seed).split(". "):
            found = pattern.findall(sentence)
            assert len(found) <= 1, sentence
            assert not found or found[0].lower() != before, sentence
            before = found[0].lower() if found else None


def test_a_name_and_i_keep_their_capital_and_other_words_lose_it():
    made = {run("The plot is thin and dull.", seed=seed) for seed in range(30)}
    assert any(text.startswith("Honestly, the plot") for text in made)
    made = {run("I was bored by this film.", seed=seed) for seed in range(30)}
    assert any(text.startswith("Well, I was") for text in made)
    made = {run("Kubrick was bored by this film.", seed=seed) for seed in range(30)}
    assert any(text.startswith("Well, Kubrick was") for text in made)


def test_commas_stand_apart_where_the_text_has_them_so():
    for seed in range(10):
        made = run("the plot is thin , but the cast is superb .", seed=seed)
        assert not re.search(r"\w,", made)
        assert made.islower()


def test_what_is_inserted_can_be_removed():
    text = "The plot is thin and dull. The cast is good in this film."
    for seed in range(10):
        made = run(text, seed=seed)
        again = run(made, "rate=1.0,mode=remove")
        assert made != text
        assert len(again) < len(made)


def test_the_middle_of_the_sentence_keeps_its_negation():
    for seed in range(20):
        made = run("The film is not good, but it is never boring or too long.", seed=seed)
        assert "is not good" in made
        assert "is never boring" in made


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Is the plot thin and dull?", "question"),
        ("Honestly, the plot is thin.", "has a filler"),
        ("Watch this film tonight with him", "no place for a filler"),
        ("“This plot is thin and dull,” he said.", "inside a quotation"),
    ],
)
def test_doubt_is_a_reason(text, reason):
    row = perturb([text], "fillers:rate=1.0")[0]
    assert row.text == text
    assert row.reason == reason


def test_settings_are_checked():
    with pytest.raises(SpecError, match="expected mode to be one of insert, remove, both"):
        Fillers(mode="add")
    with pytest.raises(SpecError, match="expected kind to be one of words, sounds"):
        Fillers(kind="um")

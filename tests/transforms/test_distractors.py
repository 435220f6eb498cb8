"""Distractors: what is added, where, and that nothing else changes."""

from __future__ import annotations

import re

import pytest
from robustft_transforms._sections import lines_of
from robustft_transforms.distractors import Distractors

from robustft.errors import SpecError
from robustft.text import protected_spans
from robustft.text.protect import NEGATORS
from robustft.text.sentences import sentence_spans
from robustft.transform import perturb

TEXT = "The cast is excellent. The plot moves slowly.<br /><br />The score is forgettable."
SEEDS = range(20)
TOKEN = {
    "url": r"https://(?:t\.co/[A-Za-z0-9]{10}|bit\.ly/[A-Za-z0-9]{7})",
    "handle": r"@[a-z]+(?:_?[a-z]+|_?\d{2,3})",
    "hashtag": r"#[a-z]+",
}


def run(settings: str = "", seed: int = 0, text: str = TEXT) -> str:
    return perturb([text], f"distractors:rate=1.0{settings}", seed=seed)[0].text


def test_the_sentences_are_many_and_alike_in_form():
    sentences = lines_of("distractors.txt", "sentences")
    assert len(set(sentences)) == len(sentences) >= 100
    for sentence in sentences:
        assert re.fullmatch(r"[A-Z][a-z]*(?: [A-Za-z]+)+\.", sentence)
        assert not [word for word in sentence[:-1].split() if word in NEGATORS]
        assert sentence_spans(sentence) == [(0, len(sentence))]
        inside = [
            kind for _, _, kind in protected_spans(f"Well, {sentence[0].lower()}{sentence[1:]}")
        ]
        assert not inside or "Tuesday" in sentence


@pytest.mark.parametrize("kind", ["sentence", "url", "handle", "hashtag"])
def test_only_insertions_of_the_kind_asked_for(kind):
    for seed in SEEDS:
        row = perturb([TEXT], f"distractors:rate=1.0,kind={kind}", seed=seed)[0]
        assert len(row.edits) == 4
        for edit in row.edits:
            assert edit.start == edit.end
            added = edit.replacement.replace("<br />", "").strip()
            if kind == "sentence":
                assert added in lines_of("distractors.txt", "sentences")
            else:
                assert re.fullmatch(TOKEN[kind], added)


def test_places():
    assert run(",place=start,kind=handle").endswith(f" {TEXT}")
    assert run(",place=end,kind=url").startswith(f"{TEXT} https://")
    between = perturb([TEXT], "distractors:rate=1.0,place=between,kind=url")[0]
    assert [edit.start for edit in between.edits] == [22, 45]


def test_a_text_never_gets_the_same_sentence_twice():
    text = "The plot moves slowly. " * 3
    for seed in SEEDS:
        added = (
            run(",kind=sentence", seed, text)
            .replace("The plot moves slowly.", "")
            .strip()
            .split(".  ")
        )
        assert len(set(added)) == len(added) == 4


def test_a_paragraph_of_its_own_or_none():
    made = {run(",kind=sentence,place=between", seed) for seed in SEEDS}
    parts = {len(text.split("<br /><br />")) for text in made}
    assert parts == {2, 3}
    assert not [text for text in made if "<br /><br /> " in text or " <br" in text]


def test_addresses_at_the_end_stay_whole():
    text = "Read https://example.com/a.b and then write to me@example.com"
    assert run(",place=end", text=text).startswith(f"{text} ")


def test_the_answer_of_a_question_is_followed_not_split():
    answer = (4, 44)  # from "cast" to the next sentence
    row = perturb([TEXT], "distractors:rate=1.0,kind=url", protect=[[answer]])[0]
    assert not [edit for edit in row.edits if answer[0] < edit.start < answer[1]]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("We ate. But it was cold.", "the next sentence refers back"),
        ("We ate a fish? The fish was bad.", "behind a question"),
        ("“We ate a fish. The fish was bad.”", "inside a quotation"),
        ("A list\n\nThe fish was bad.", "the sentence has no end mark"),
        ("We ate a fish!<br />the fish was bad.", "the next sentence has no capital"),
    ],
)
def test_reasons(text, reason):
    row = perturb([text], "distractors:rate=1.0,kind=sentence,place=between")[0]
    assert (row.text, row.reason) == (text, reason)


def test_unknown_settings_are_named():
    with pytest.raises(SpecError, match=r"expected kind to be one of all, sentence.*mean 'url'"):
        Distractors(kind="urls")
    with pytest.raises(SpecError, match=r"expected place to be one of any, start, end, between"):
        Distractors(place="middle")

"""Sentence boundaries in the kind of text that people really write."""

from __future__ import annotations

import pytest

from robustft.text import Batch
from robustft.text.sentences import sentence_spans


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "parts",
    [
        # Abbreviations, titles, initials and numbers.
        ["Mr. Hall met Dr. Lee and Mrs. Cole.", "They left."],
        ["The Wade vs. Cole case, e.g. this one, i.e. mine, is old.", "I know."],
        ["It was shot by D. W. Marsh and J.R. Cole in the U.S. Army.", "It shows."],
        ["Plan B. Marsh is his name.", "We had plan B.", "The plan failed."],
        ["He came back to the U.S.", "It was winter."],
        ["We met at 5 p.m.", "They were late."],
        ["Hall Jr. and Cole Bros. Ltd. paid.", "The end."],
        ["It has cats, dogs, etc.", "The rest is dull."],
        ["No. 5 is alive.", "I said no.", "Then he left."],
        ["It cost $5.99 in 1999.", "Prices rose 2.5 percent."],
        ["He was in World War I.", "She was not."],
        ["Mr. Hall-Dr. Lee is a strange couple."],
        # A capital, or the lack of one, after the stop.
        ["It was shot in the 90s.", "Nobody cared."],
        ["I waited... and waited.", "Then..."],
        ["So... I left.", "Well...", "The end came."],
        ["He asked who (the cook?) had called.", "She hung up."],
        ['"Run!" he cried.', '"Why?" she asked.', "He ran."],
        ["He yelled Yahoo! and left.", "What?!", "Yes!!!"],
        ["it was dull.", "the cast tried, e.g. the dog.", "what a mess!", "go home ... or stay"],
        ["the cast is good .", "the plot is thin ."],
        # What closes a sentence besides its stop.
        ['He said "no."', "“Never.”", "(It was late.)", "Fine."],
        ["I laughed. :)", "Really."],
        ["It is *great!*", "_Really._", "Yes."],
    ],
)
def test_sentences_parted_by_a_space(parts):
    assert split(" ".join(parts)) == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("The cast is bad.The plot is worse!I left.", 3),
        ("Look at Amazon.Com and Node.js, or at www.example.Org today.", 1),
        ("One.<br /><br />Two<BR>three<p>four</p><div class='x'>five</div>", 5),
        ("<b>One.</b> Two.", 2),
        ("A heading\n\nA text\n \nthat goes\non", 3),
        ("Pros:\n- a fine cast\n- a score\n1. Go\n2) Stay", 5),
        ("1. The cast is bad. 2. The plot is worse.", 2),
        ("...!!!", 1),
        ("¿Qué? ¡No! 今日は。", 3),
        ("", 0),
        (" \n\t<br />\n\n ", 0),
    ],
)
def test_number_of_sentences(text, parts):
    assert len(split(text)) == parts, split(text)


@pytest.mark.parametrize("unit", ["a.\t", ". ", "\n ", "<p", "<br ", "...", ".'", "1. ", "<br />"])
def test_long_runs_take_linear_time(unit):
    spans = sentence_spans(unit * (100_000 // len(unit)) + "x")
    assert all(start < end for start, end in spans)


def test_a_batch_finds_what_its_texts_have():
    texts = ["", "One. Two.", " ", "Three!"]
    batch = Batch(texts)
    found = batch.sentences
    assert found.text.tolist() == [1, 1, 3]
    assert [batch.buffer[a:b] for a, b in zip(found.start, found.end, strict=True)] == [
        "One.",
        "Two.",
        "Three!",
    ]
    assert len(Batch([]).sentences) == 0

"""Back translation: how sentences are cut, set and put back, and which are refused."""

from __future__ import annotations

import pytest
from robustft_transforms._rewording import set_as_before, set_plain
from robustft_transforms.back_translation import BackTranslation

from robustft.errors import SpecError
from robustft.testing import stand_in
from robustft.transform import perturb

ALL = BackTranslation(rate=1.0)


def made(text, returned, **protect):
    """Change a text by a translator that gives back what a table says, else the same."""

    def provider(forward, *, back, language, device):
        def translator(sentences, keys, *, beams, temperature):
            return [returned.get(sentence, sentence) for sentence in sentences]

        return translator

    with stand_in("back-translation", provider):
        return perturb([text], ALL, **protect)


def outcome(text, sentence, back):
    result = made(text, {sentence: back})
    return result[0].text, dict(result.skips)


@pytest.mark.parametrize(
    ("text", "sentence", "back", "expected"),
    [
        (
            "It was long.  I liked the ending best.<br /><br />See it at once.",
            "I liked the ending best.",
            "The ending was what I liked best.",
            "It was long.  The ending was what I liked best.<br /><br />See it at once.",
        ),
        (
            "a gorgeous , witty film .",
            "A gorgeous, witty film.",
            "A beautiful, witty movie.",
            "a beautiful , witty movie .",
        ),
        (
            "it does n't matter that it 's long",
            "It doesn't matter that it's long",
            "That it's long doesn't matter.",
            "that it 's long does n't matter",
        ),
        (
            "She said: “It’s the best one yet.”",
            'She said: "It\'s the best one yet."',
            'She said, "It\'s the best so far."',
            "She said, “It’s the best so far.”",
        ),
        (
            "The <i>whole</i> cast is good.",
            "The <i>whole</i> cast is good.",
            "All of the <i>whole</i> cast are good.",
            "All of the <i>whole</i> cast are good.",
        ),
        (
            "I saw it in 1999 with Anna Lee.",
            "I saw it in 1999 with Anna Lee.",
            "With Anna Lee I saw it in 1999.",
            "With Anna Lee I saw it in 1999.",
        ),
    ],
)
def test_what_comes_back_is_set_as_the_text_is(text, sentence, back, expected):
    assert outcome(text, sentence, back)[0] == expected


@pytest.mark.parametrize(
    ("text", "back", "reason"),
    [
        ("It cost them 30 dollars each.", "It cost them 13 dollars each.", "a number is lost"),
        ("We all like Anna Smith here.", "We all like Anna Blacksmith here.", "a name is lost"),
        ("It is a good film.", "It is a bad film.", "the polarity changes"),
        ("It is not a good film.", "It is a good film.", "negates more or less"),
        ("It is a good film.", "It is no longer a good film.", "negates more or less"),
        ("See www.example.com for more of it.", "See it for more.", "a protected span is lost"),
        ("The <b>very</b> best <i>film</i>.", "The best <i>film</i>.", "a protected span is lost"),
        ("It is a good film for the whole family.", "Good.", "much longer or shorter"),
        ("It is a good film.", "It is a good film.", "same text"),
        ("It is a good film.", "...", "nothing came back"),
        ("It is a good film.", None, "no end of the translation"),
    ],
)  # fmt: skip
def test_what_must_not_come_back_is_refused(text, back, reason):
    assert outcome(text, text, back) == (text, {f"back_translation: {reason}": 1})


def test_a_sentence_that_holds_an_answer_stays_as_a_whole():
    text = "The film was made in the old town. It was a great success there."
    back = {
        "The film was made in the old town.": "In the old town the film was made.",
        "It was a great success there.": "There it was a great success.",
    }
    start = text.index("old town")
    result = made(text, back, protect=[[(start, start + 8)]])
    assert result[0].text == "The film was made in the old town. There it was a great success."


def test_short_sentences_are_not_sent():
    assert made("Wow! So good! See it!", {"Wow!": "Oh!"}).eligible.tolist() == [0]


@pytest.mark.parametrize(
    "text", ["it 's ( not ) .", "“a ‘b’ c”", "A plain text.", "`` quoted '' , he said .", ""]
)
def test_plain_prose_is_set_back(text):
    plain, setting = set_plain(text)
    assert set_as_before(plain, setting) == text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("beams=0", "back_translation: expected beams from 1 to 64, got 0"),
        ("temperature=9", r"back_translation: expected a temperature from 0 to 5, got 9\.0"),
    ],
)
def test_settings_that_cannot_be_used(settings, message):
    with pytest.raises(SpecError, match=message):
        perturb(["a film"], f"back_translation:{settings}")

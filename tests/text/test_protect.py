"""What counts as a protected span."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustft.text.document import Batch
from robustft.text.protect import SpanKind, protected_mask, protected_spans


def found(text, kind):
    return [text[a:b] for a, b, k in protected_spans(text) if k is kind]


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("see https://t.co/a_b?x=1, now", "url", ["https://t.co/a_b?x=1"]),
        ("see http://localhost now", "url", ["http://localhost"]),
        ("(www.example.org/x)", "url", ["www.example.org/x"]),
        ("at example.com/foo.", "url", ["example.com/foo"]),
        ("in /usr/local/bin here", "url", ["/usr/local/bin"]),
        ("either and/or both", "url", []),
        ("mail bob.x+y@example.co.uk!", "email", ["bob.x+y@example.co.uk"]),
        ("ask @bob_1, please", "mention", ["@bob_1"]),
        ("so #great today", "hashtag", ["#great"]),
        ("Fine.<br /><br />Next", "html", ["<br /><br />"]),
        ('<a href="x y">here</a>', "html", ['<a href="x y">', "</a>"]),
        ("2 < 3 and 5 > 4", "html", []),
        ("salt &amp; pepper &#39;n", "html", ["&amp;", "&#39;"]),
        ("in [year], {slot} and {{name}}", "placeholder", ["[year]", "{slot}", "{{name}}"]),
        ("192.168.1.1 at 3:30", "number", ["192.168.1.1", "3:30"]),
        ("$5.99 for 10/10 and 50%", "number", ["$5.99", "10/10", "50%"]),
        (
            "90 minutes, 5km, 1990s, 3-D, 2nd",
            "number",
            ["90 minutes", "5km", "1990s", "3-D", "2nd"],
        ),
        ("on 9 May 2020", "date", ["9 May 2020"]),
        ("on May 9, 2020 or Sept. 2nd", "date", ["May 9, 2020", "Sept. 2nd"]),
        ("you may go", "date", []),
        (
            "ok \U0001f44d\U0001f3fd and \u2764\ufe0f",
            "emoji",
            ["\U0001f44d\U0001f3fd", "\u2764\ufe0f"],
        ),
        (
            "It did not, didn't, can\u2019t, NEVER",
            "negation",
            ["not", "didn't", "can\u2019t", "NEVER"],
        ),
        ("a knot, nothing", "negation", ["nothing"]),
    ],
)
def test_finds(text, kind, expected):
    assert found(text, SpanKind(kind)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Paris is lovely, said the New York Times to John Ford.",
            ["New", "York", "Times", "John", "Ford"],
        ),
        ("John Ford said so. Great film!", ["John", "Ford"]),
        ('He said: "Good morning" - Then left', []),
        ("I think I'm right and I\u2019ve seen it", []),
        ("we saw O'Donnell there", ["O'Donnell"]),
        ("seen on NASA pages", ["NASA"]),
        ("THIS IS SO BAD", []),
        ("it was AWFUL", []),
        ("One.\nTwo", []),
    ],
)
def test_names(text, expected):
    assert found(text, SpanKind.NAME) == expected


def test_task_spans_are_marked_in_their_text():
    batch = Batch(["one two", "three four"])
    mask = protected_mask(batch, [[], [(6, 10)]])
    assert batch.buffer[mask.argmax() :] == "four"


@given(st.lists(st.text(alphabet="aB9@#<>&;:/. []$'\u2019-\x00", max_size=25), max_size=5))
def test_a_text_is_protected_in_a_batch_as_it_is_alone(texts):
    batch = Batch(texts)
    mask = protected_mask(batch)
    for start, text in zip(batch.starts, texts, strict=True):
        alone = protected_mask(Batch([text]))
        assert mask[start : start + len(text)].tolist() == alone.tolist()

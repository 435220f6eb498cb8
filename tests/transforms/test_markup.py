"""Markup: well-formed, readable as before, and away from what is no plain text."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import pytest
from robustft_transforms.markup import Markup

from robustft.errors import SpecError
from robustft.transform import perturb

TEXT = (
    'It\'s a "wonderful" evening with George Marsh. The café – a small one – is nearby; nobody '
    "expected much. Fish & chips were excellent! The bill was $20."
)
SEEDS = range(25)


class Reader(HTMLParser):
    """Reads the text, and asserts that what opens closes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag == "br" or self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(text: str) -> str:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert not reader.open
    return "".join(reader.text)


def run(text: str, kind: str = "html", seed: int = 0, rate: float = 1.0) -> str:
    return perturb([text], f"markup:kind={kind},rate={rate}", seed=seed)[0].text


@pytest.mark.parametrize("kind", ["html", "emphasis", "breaks", "entities"])
@pytest.mark.parametrize("rate", [0.1, 1.0])
def test_html_is_well_formed_and_reads_as_before(kind, rate):
    text = f"<div>{TEXT} {TEXT}</div>"
    for seed in SEEDS:
        made = run(text, kind, seed, rate)
        assert re.sub(r"\s+", "", read(made)) == re.sub(r"\s+", "", read(text))


def test_markdown_only_adds_marks():
    for seed in SEEDS:
        made = run(TEXT, "markdown", seed)
        assert made != TEXT
        assert re.sub(r"(\*\*|\*|_)([^\W_][^\W_ ]*(?: [^\W_]+)*)\1", r"\2", made) == TEXT


def test_tags_and_entities_that_are_there_stay():
    text = (
        'An <a href="https://x.example/wonderful?a=1&amp;b=2" title="\'quoted\'">example</a> &nbsp;'
    )
    for seed in SEEDS:
        made = run(text, seed=seed)
        assert '<a href="https://x.example/wonderful?a=1&amp;b=2" title="\'quoted\'">' in made
        assert made.endswith("</a> &nbsp;")


def test_a_name_is_stressed_as_a_whole():
    for seed in SEEDS:
        made = run("We met George Marsh there.", "emphasis", seed)
        assert re.fullmatch(r"We met <(\w+)>George Marsh</\1> there\.", made)


def test_nobody_stresses_function_words():
    text = "They would never have waited for something like this themselves."
    assert re.findall(r"<\w+>(\w+)<", run(text, "emphasis")) == ["waited"]


def test_plain_resolves_what_was_escaped():
    for seed in SEEDS:
        assert html.unescape(run(TEXT, "entities", seed)) == TEXT
    escaped = "It&#39;s &quot;fine&quot; &amp; dandy&hellip;<br /><br />Bye&nbsp;now &lt;b&gt;"
    assert run(escaped, "plain") == 'It\'s "fine" & dandy…\n\nBye now &lt;b&gt;'


def test_a_text_escapes_all_its_quotes_alike():
    made = run("It's \"here\" and it's 'there' and it isn't \"where\".", "entities")
    assert len(set(re.findall(r"&(?:#0?39|apos);", made))) == 1
    assert len(set(re.findall(r"&(?:#34|quot);", made))) == 1


def test_breaks_follow_the_page():
    text = "One line.<br>Two lines here. Three lines there. Four."
    for seed in SEEDS:
        assert " />" not in run(text, "breaks", seed)
    text = "<p>One line here. Two lines there. Four.</p>"
    for seed in SEEDS:
        assert run(text, "breaks", seed).count("<p>") == 1


def test_an_unknown_kind_is_named_with_the_nearest():
    with pytest.raises(SpecError, match=r"expected kind to be one of html.*mean 'markdown'"):
        Markup(kind="markdwn")

"""Quoting: what each mark is, which belong together, and that all of a text change at once."""

from __future__ import annotations

import re

import pytest
from robustft_transforms._quotes import Role, find_marks, pairs
from robustft_transforms.quoting import Quoting

from robustft.errors import SpecError
from robustft.transform import perturb

LETTER = {
    Role.OPEN: "(",
    Role.CLOSE: ")",
    Role.OPEN_SINGLE: "<",
    Role.CLOSE_SINGLE: ">",
    Role.APOSTROPHE: "a",
}


def run(text: str, settings: str = "", seed: int = 0) -> str:
    return perturb([text], f"quoting:rate=1.0{settings}", seed=seed)[0].text


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("He said \"no\", 'no' and don't.", "()<>a"),
        ("'Tis the '60s and rock 'n' roll", "aaa>"),
        ("the dogs' bones", ">"),
        ("the film 's cast does n't care", "aa"),
        ("`` so '' and `so'", "()<>"),
        ("“a” ‘b’ «c» don’t", "()<>()a"),
        ("6'2\" and 5' 3", ""),
        ("\"'a' b\"", "(<>)"),
        ('("a"), [\'b\'] and "c".', "()()"),
        ("", ""),
    ],
)
def test_roles(text, roles):
    marks = find_marks(text)
    assert marks is not None
    assert "".join(LETTER[mark.role] for mark in marks) == roles


@pytest.mark.parametrize(
    "text",
    ['a "b', 'a "b<br /><br />c" d', 'a"b c"d', "a ' b", "“a “b” c", '"a" b" c', "'' a"],
)
def test_doubt(text):
    assert find_marks(text) is None
    row = perturb([text], "quoting:rate=1.0")[0]
    assert (row.text, row.reason) == (text, "a quotation mark is in doubt")


def test_pairs():
    def quoted(text):
        marks = find_marks(text)
        assert marks is not None
        joined = pairs(marks)
        return joined and [text[a.end : b.start] for a, b in joined]

    assert quoted("He said \"I like 'Go'\" and 'no'.") == ["I like 'Go'", "Go", "no"]
    assert quoted("He said 'the dogs' bones' here.") is None
    assert quoted("the dogs' bones") is None
    assert quoted("'a \"b' c\"") is None
    assert quoted("'a") is None


@pytest.mark.parametrize(
    "text",
    [
        "It's a \"great\" film, isn't it? They 'forgot' the '80s -- so what...",
        '"One." "Two." (\'Three\') "It\'s four."',
        "The actors' work - all of it - isn't bad.",
    ],
)
def test_there_and_back(text):
    once = run(text)
    assert not re.search(r"[\"']|\.\.\.", once)
    assert run(once) == text


def test_words_stay_as_they_are():
    text = "\"It's 'fine'\" -- he said... and 'left'."
    for kind in ("typographic", "quotes", "dashes", "swap", "guillemets", "whole"):
        made = run(text, f",kind={kind}")
        assert re.findall(r"\w+", made) == re.findall(r"\w+", text)


def test_straight_quotes_around_the_whole_fit_the_text():
    made = {run("The food was cold and stale.", ",kind=whole", seed) for seed in range(10)}
    assert made == {'"The food was cold and stale."', "“The food was cold and stale.”"}
    curly = {run("It’s cold and stale food.", ",kind=whole", seed) for seed in range(10)}
    assert curly == {"“It’s cold and stale food.”"}


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("So - what.", "quotes", ""),
        ("1 - 2", "dashes", "no mark to change"),
        ("it's", "swap", "no quotation"),
        ("«a»", "swap", "guillemets have no single form here"),
        ("it's", "guillemets", ""),
        ("Great film!", "whole", "a few words in quotes look doubted"),
        ("We saw a great film", "whole", "the text has no end mark"),
        ("... we saw a great film.", "whole", "begins with a mark"),
        ('We saw a "great" film.', "whole", "quotation marks or paragraphs inside"),
    ],
)
def test_what_stays_and_why(text, kind, reason):
    row = perturb([text], f"quoting:rate=1.0,kind={kind}")[0]
    assert row.text == text
    assert reason in row.reason


def test_an_unknown_kind_is_named_with_the_nearest():
    with pytest.raises(SpecError, match=r"expected kind to be one of typographic.*mean 'quotes'"):
        Quoting(kind="quote")

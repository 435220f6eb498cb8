from __future__ import annotations

import hashlib
import json
import math
import os
import re
import subprocess
import sys
from collections import Counter
from typing import Any

import numpy as np
import pytest

from robustft.data._grammar import Grammar, Passage, finish
from robustft.data.demo import demo_events, demo_reviews
from robustft.errors import DataError, UsageError
from robustft.seeding import Draw

WORD = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*")
DIGEST = """
import hashlib, json
from robustft.data.demo import demo_events, demo_reviews
print(hashlib.sha256(json.dumps([demo_reviews(3, 300), demo_events(3, 300)]).encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def reviews() -> list[dict[str, Any]]:
    return demo_reviews()


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return demo_events()


def texts_of(rows: list[dict[str, Any]]) -> list[str]:
    return [row["text"] for row in rows]


def test_reviews_are_distinct_and_balanced(reviews: list[dict[str, Any]]) -> None:
    assert len(reviews) == len(set(texts_of(reviews))) == 10_000
    assert [row["id"] for row in reviews[:2]] == ["review-00000", "review-00001"]
    assert Counter(row["label"] for row in reviews) == {0: 5_000, 1: 5_000}
    assert set(reviews[0]) == {"id", "text", "label"}


def test_labels_do_not_follow_the_row_number(reviews: list[dict[str, Any]]) -> None:
    even = sum(row["label"] for row in reviews[::2])
    assert 2_300 < even < 2_700


@pytest.mark.parametrize("write", [demo_reviews, demo_events])
def test_fewer_rows_are_the_first_rows(write: Any) -> None:
    assert write(5, 40) == write(5, 200)[:40]
    assert write(5, 40) != write(6, 40)
    assert write(5, 0) == []


@pytest.mark.parametrize("write", [demo_reviews, demo_events])
def test_a_negative_count_is_refused(write: Any) -> None:
    with pytest.raises(UsageError, match=r"expected n of at least 0, got -1"):
        write(0, -1)


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_another_process_writes_the_same(hash_seed: str) -> None:
    here = json.dumps([demo_reviews(3, 300), demo_events(3, 300)])
    done = subprocess.run(
        [sys.executable, "-c", DIGEST],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == hashlib.sha256(here.encode()).hexdigest()


def test_reviews_have_the_promised_length(reviews: list[dict[str, Any]]) -> None:
    for text in texts_of(reviews):
        assert 25 <= len(text.split()) <= 45, text
        assert 2 <= len(re.findall(r"[.!?](?= |$)", text)) <= 4, text


def test_no_review_gives_two_sentences_twice(reviews: list[dict[str, Any]]) -> None:
    for text in texts_of(reviews):
        sentences = re.split(r"(?<=[.!?]) ", text)
        assert len(set(sentences)) == len(sentences), text


@pytest.mark.parametrize("corpus", ["reviews", "events"])
def test_texts_are_clean(corpus: str, request: pytest.FixtureRequest) -> None:
    for text in texts_of(request.getfixturevalue(corpus)):
        assert text.isascii(), text
        assert not re.search(r"[{}@|~*!_]\w|  | [.,;!]|[.,;!][.,;]|\(n\)", text), text
        assert not re.search(r"\b(\w+) \1\b", text, re.IGNORECASE), text
        assert text.endswith((".", "!")), text
        assert all(s[0].isupper() or s[0].isdigit() for s in re.split(r"(?<=[.!]) ", text)), text


@pytest.mark.parametrize("corpus", ["reviews", "events"])
def test_articles_agree(corpus: str, request: pytest.FixtureRequest) -> None:
    wrong = []
    for text in texts_of(request.getfixturevalue(corpus)):
        for article, word in re.findall(r"\b([Aa]n?) ([\w'-]+)", text):
            vowel = bool(re.match(r"[aeiou]|8|11$|18$", word, re.IGNORECASE))
            if re.match(r"(?:uni(?!n|m)|use|usu|eu|one|once|u-)", word):
                vowel = False
            if re.match(r"hour|honest|honor|heir", word):
                vowel = True
            if vowel != (article.lower() == "an"):
                wrong.append((article, word))
    assert not wrong


def test_the_vocabulary_is_large_with_a_long_tail(reviews: list[dict[str, Any]]) -> None:
    counts = Counter(
        word.lower() for text in texts_of(reviews) for word in WORD.findall(text) if len(word) > 1
    )
    assert len(counts) > 1_500
    rare = [word for word, count in counts.items() if count <= 20]
    assert len(rare) > 0.2 * len(counts)


def test_contractions_and_full_forms_both_occur(reviews: list[dict[str, Any]]) -> None:
    text = " ".join(texts_of(reviews))
    for form in ("It's", "it is", "I've", "I have", "wasn't", "was not", "can't", "cannot"):
        assert text.count(form) >= 20, form


def test_mixed_and_negated_reviews_have_both_labels(reviews: list[dict[str, Any]]) -> None:
    for cue in ("although", "anything but", "not the", "nothing", "yet to find"):
        labels = Counter(row["label"] for row in reviews if cue in row["text"].lower())
        assert min(labels[0], labels[1]) >= 10, cue


def test_word_counts_alone_do_not_settle_every_review(reviews: list[dict[str, Any]]) -> None:
    # A linear model on words sees no order: it must do well, and leave the rest to better ones.
    accuracy = words_only_accuracy(reviews[:6_000])
    assert 0.8 < accuracy < 0.97


def words_only_accuracy(rows: list[dict[str, Any]]) -> float:
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    features = CountVectorizer(binary=True).fit_transform(texts_of(rows))
    labels = np.array([row["label"] for row in rows])
    model = LogisticRegression(solver="liblinear").fit(features[:5_000], labels[:5_000])
    return float(model.score(features[5_000:], labels[5_000:]))


def test_events_are_distinct_zero_heavy_and_skewed(events: list[dict[str, Any]]) -> None:
    assert len(events) == len(set(texts_of(events))) == 4_000
    assert set(events[0]) == {"id", "text", "target"}
    deaths = np.expm1([row["target"] for row in events])
    assert np.allclose(deaths, np.round(deaths))
    assert 0.45 < np.mean(deaths == 0) < 0.7
    assert deaths.max() > 100
    assert deaths.mean() > 3 * np.median(deaths) + 1
    assert all(12 <= len(text.split()) <= 60 for text in texts_of(events))


def test_a_linear_model_explains_most_of_the_events(events: list[dict[str, Any]]) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge

    features = TfidfVectorizer(min_df=2, sublinear_tf=True).fit_transform(texts_of(events))
    target = np.array([row["target"] for row in events])
    model = Ridge(alpha=1.0).fit(features[:3_200], target[:3_200])
    assert 0.6 < model.score(features[3_200:], target[3_200:]) < 0.9


def test_one_death_is_singular(events: list[dict[str, Any]]) -> None:
    text = " ".join(texts_of(events))
    assert re.search(r"\b[Oo]ne \w+ was killed", text)
    assert not re.search(r"\b([Oo]ne|1) \w+ were\b|\b([Tt]wo|2|3) \w+ was killed", text)
    assert any(math.isclose(row["target"], math.log(2)) for row in events)


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        ("it was a(n) awful day | so be it", "It was an awful day. So be it."),
        ("a(n) unusual one | a(n) useful one!", "An unusual one. A useful one!"),
        ("a(n) unimpressive day | a(n) unique day", "An unimpressive day. A unique day."),
        (
            "a(n) hour | a(n) hotel | a(n) 11 | a(n) ugly one",
            "An hour. A hotel. An 11. An ugly one.",
        ),
    ],
)
def test_finish_writes_articles_and_sentences(raw: str, written: str) -> None:
    assert finish(raw, Draw(0), 0.0) == written


def test_finish_contracts_as_far_as_it_is_told() -> None:
    raw = "it~is late, and I~would not say that we cannot go | that was not all"
    assert finish(raw, Draw(0), 0.0) == (
        "It is late, and I would not say that we cannot go. That was not all."
    )
    raw = "it~is late, and I cannot stay | that was not all"
    assert finish(raw, Draw(0), 1.0) == "It's late, and I can't stay. That wasn't all."


def small_grammar() -> Grammar:
    return Grammar(
        words={"good+": "fine", "good-": "grim"},
        names={"thing": "hat, coat"},
        lines={
            "root": "the {t:thing} is {good}, not {!good}; the {t:thing} {end(good)}",
            "end": "+ is very {@}\n- is rather {@}",
            "lost": "{nowhere}",
        },
    )


def test_a_grammar_follows_sign_key_and_argument() -> None:
    passage = Passage(Draw(1), {"thing": "unused"})
    assert small_grammar().expand("root", "+", passage).startswith("the ")
    passage = Passage(Draw(1))
    text = small_grammar().expand("root", "+", passage)
    thing = passage.given["t"]
    assert text == f"the {thing} is fine, not grim; the {thing} is very fine"
    text = small_grammar().expand("root", "-", Passage(Draw(1), {"t": "cap"}))
    assert text == "the cap is grim, not fine; the cap is rather grim"


def test_a_missing_rule_is_named() -> None:
    with pytest.raises(DataError, match=r"expected a rule for \{nowhere\}"):
        small_grammar().expand("lost", "+", Passage(Draw(1)))

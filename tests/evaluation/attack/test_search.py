"""The search, on models whose weak points are known."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustft.evaluation.attack.baseline import random_edits
from robustft.evaluation.attack.lockstep import Goal, Victim, attack_rows
from robustft.evaluation.attack.search import SearchSettings
from robustft.evaluation.predict import Predictions
from robustft.transform.base import Level, Transform
from robustft.transform.constraints import MaxChanged, TextConstraint
from robustft.transform.proposals import Proposals, text_constraints
from robustft.transform.registry import bind


@dataclass(frozen=True, kw_only=True)
class Swap(Transform):
    """Each word w becomes w1, w2 or w3."""

    name: ClassVar[str] = "swap"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset] = frozenset()
    rates: ClassVar[dict] = dict.fromkeys(range(1, 6), 1.0)

    def units(self, batch):
        return batch.words

    def replacement(self, document, unit, draw):
        return unit.text + draw.choice("123")


class Keywords:
    """Adds up the weights of words: positive sums are class 1. Counts what it is asked."""

    max_length = None

    def __init__(self, weights, bias=0.5):
        self.weights, self.bias, self.asked = weights, bias, []

    def value(self, text):
        return self.bias + sum(self.weights.get(word, 0.0) for word in text.split())

    def predict(self, texts, progress=lambda _: None, *, pairs=None):
        self.asked.append(list(texts))
        both = texts if pairs is None else [f"{a} {b}" for a, b in zip(texts, pairs, strict=True)]
        values = np.array([self.value(text) for text in both], np.float32)
        logits = np.stack([np.zeros_like(values), values], 1)
        n = len(texts)
        return Predictions(logits, np.arange(n, dtype=np.uint64), np.zeros(n, bool))


def run(model, texts, labels=None, transforms=None, **how):
    labels = np.ones(len(texts), np.int64) if labels is None else np.array(labels)
    transforms = Swap() if transforms is None else transforms
    victim = Victim(model, Goal(labels))
    proposals = Proposals(texts, transforms, most=9)
    starts = victim.scores(np.arange(len(texts)), texts)
    constraints = text_constraints(transforms)
    made = attack_rows(
        victim, range(len(texts)), proposals, starts, SearchSettings(**how), constraints
    )
    return [(proposals.offers[i].changed(f.chosen), f.score, q) for i, (f, q) in enumerate(made)]


WEIGHTS = {"good": 2.0, "good1": 1.5, "good2": -1.0, "good3": 2.0, "fine": 1.0}
WEIGHTS |= {"fine1": 1.0, "fine2": 0.9, "fine3": -2.0}


def test_greedy_finds_the_one_replacement_that_flips():
    ((text, score, _),) = run(Keywords({"good": 1.0, "good2": -1.0}), ["a good film"])
    assert score.done
    assert text == "a good2 film"


def test_several_words_are_changed_where_one_is_not_enough():
    ((text, score, _),) = run(Keywords(WEIGHTS), ["a good and fine film"])
    assert score.done
    assert text == "a good2 and fine3 film"


def test_nothing_is_changed_that_does_no_harm():
    model = Keywords({"good": 9.0, "good1": 9.0, "good2": 8.0, "good3": 9.5})
    ((text, score, _),) = run(model, ["a good film here"])
    assert not score.done
    assert text == "a good2 film here"


@pytest.mark.parametrize("how", ["greedy", "beam"])
@pytest.mark.parametrize("importance", ["proposal", "deletion", "position"])
def test_all_orders_find_the_same_where_words_add_up(how, importance):
    ((text, score, _),) = run(
        Keywords(WEIGHTS), ["a good and fine film"], method=how, importance=importance
    )
    assert (text, score.done) == ("a good2 and fine3 film", True)


def test_saliency_puts_in_the_most_harmful_first():
    ((text, score, _),) = run(Keywords(WEIGHTS), ["a good and fine film"], importance="saliency")
    assert (text, score.done) == ("a good2 and fine3 film", True)


def test_the_beam_sees_what_two_words_do_together():
    class Pair(Keywords):
        def value(self, text):
            words = set(text.split())
            together = {"a1", "b2"} <= words
            return 1.0 - 0.4 * ("a3" in words) - 0.2 * ("a1" in words) - 2.0 * together

    greedy = run(Pair({}), ["a b"], importance="position")[0]
    beam = run(Pair({}), ["a b"], importance="position", method="beam")[0]
    assert not greedy[1].done
    assert beam[1].done
    assert beam[0] == "a1 b2"


words = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=5).map(" ".join)
weights = st.dictionaries(
    st.sampled_from([w + n for w in "abcdef" for n in ("", "1", "2", "3")]),
    st.floats(-2, 2).map(lambda x: round(x, 1)),
)


@settings(max_examples=60, deadline=None)
@given(words, weights, st.integers(1, 3))
def test_a_beam_is_never_worse_than_greedy(text, weights, width):
    class Twisted(Keywords):
        def value(self, text):
            plain = super().value(text)
            return plain * (1.5 if len(set(text.split())) % 2 else 0.5) + 1.0

    model = Twisted(weights, bias=2.0)
    if model.value(text) <= 0:
        return
    (_, greedy, _), (_, beam, _) = (
        run(model, [text], method=how, width=width, importance="deletion")[0]
        for how in ("greedy", "beam")
    )
    assert beam.done >= greedy.done
    if not greedy.done and not beam.done:
        assert beam.damage >= greedy.damage


@settings(max_examples=60, deadline=None)
@given(
    st.lists(words, min_size=1, max_size=3),
    st.integers(2, 30),
    st.sampled_from(["greedy", "beam"]),
    st.sampled_from(["proposal", "deletion", "saliency", "position"]),
    st.integers(1, 4),
)
def test_the_budget_is_never_exceeded(texts, budget, how, importance, probes):
    for text in texts:
        model = Keywords({"a": 0.3, "b2": -0.1}, bias=1.0)
        ((_, _, queries),) = run(
            model, [text], method=how, importance=importance, budget=budget, probes=probes
        )
        assert queries <= budget
        assert queries == len({text for asked in model.asked for text in asked})
        assert sum(map(len, model.asked)) == queries, "a text was asked about twice"


def test_all_texts_share_each_call_of_the_model():
    model = Keywords(WEIGHTS)
    run(model, ["a good and fine film"] * 20)
    together = len(model.asked)
    alone = Keywords(WEIGHTS)
    run(alone, ["a good and fine film"])
    assert together < 3 * len(alone.asked)


def test_a_text_becomes_the_same_in_any_company():
    texts = ["a good and fine film", "good", "so fine a plot", "nothing here"]
    model = Keywords(WEIGHTS)
    together = run(model, texts)
    for number, text in enumerate(texts):
        labels = np.ones(1, np.int64)
        victim = Victim(model, Goal(labels))
        proposals = Proposals([text], Swap(), most=9)
        starts = victim.scores(np.arange(1), [text])
        ((found, queries),) = attack_rows(victim, [0], proposals, starts, SearchSettings())
        assert (proposals.offers[0].changed(found.chosen), found.score, queries) == together[number]


def test_neighbours_are_probed_together_and_told_apart_later():
    text = "one two three four five six good seven"
    model = Keywords({"good": 1.0, "good2": -1.0})
    ((changed, score, queries),) = run(model, [text], probes=2)
    assert score.done
    assert "good2" in changed
    assert queries <= 1 + 2 + 4 + 3, "the text, two halves, one half's words, one word's candidates"


def test_no_more_words_change_than_may():
    model = Keywords(dict.fromkeys("abcdefgh", 1.0), bias=0)
    chain = bind(Swap(), [MaxChanged(share=0.25)])
    ((text, score, _),) = run(model, ["a b c d e f g h"], transforms=chain)
    assert not score.done
    changed = [a for a, b in zip(text.split(), "abcdefgh", strict=True) if a != b]
    assert len(changed) == 2
    ((text, _, _),) = run(model, ["a b c d e f g h"], most_edits=3)
    assert sum(a != b for a, b in zip(text.split(), "abcdefgh", strict=True)) == 3


@dataclass(frozen=True, kw_only=True)
class Without(TextConstraint):
    """No text with some letter."""

    letter: str
    name: ClassVar[str] = "without"

    def holds(self, originals, changed):
        return np.array([self.letter not in text for text in changed])


def test_texts_that_break_a_constraint_are_not_taken():
    model = Keywords({"good": 1.0, "good2": -1.0, "good3": -0.7})
    chain = bind(Swap(), [Without(letter="2")])
    ((text, score, _),) = run(model, ["a good film"], transforms=chain)
    assert score.done
    assert text == "a good3 film"


def test_a_text_without_places_is_asked_about_once():
    ((text, score, queries),) = run(Keywords(WEIGHTS), ["..."])
    assert (text, score.done, queries) == ("...", False, 1)


def test_an_empty_text_is_never_asked_about():
    model = Keywords({"good": 1.0, "good2": -1.0})
    ((text, _, _),) = run(model, ["good"])
    assert text == "good2"
    assert all(text.strip() for asked in model.asked for text in asked)


def test_numbers_are_moved():
    class Number(Keywords):
        def predict(self, texts, progress=lambda _: None, *, pairs=None):
            values = np.array([[self.value(text)] for text in texts], np.float32)
            n = len(texts)
            return Predictions(values, np.arange(n, dtype=np.uint64), np.zeros(n, bool), True)

    model = Number({"good": 1.0, "good2": -3.0, "good3": 8.0})
    victim = Victim(model, Goal(np.array([1.5]), shift=5.0))
    proposals = Proposals(["a good film"], Swap(), most=9)
    starts = victim.scores(np.arange(1), ["a good film"])
    ((found, _),) = attack_rows(victim, [0], proposals, starts, SearchSettings())
    assert proposals.offers[0].changed(found.chosen) == "a good3 film"
    assert found.score == (7.0, True)


def test_one_class_cannot_be_attacked():
    said = Predictions(np.zeros((2, 1), np.float32), np.zeros(2, np.uint64), np.zeros(2, bool))
    scores = Goal(np.zeros(2, np.int64)).scores(np.arange(2), said)
    assert [score.done for score in scores] == [False, False]


def test_a_model_that_is_surer_than_numbers_go_gives_numbers_all_the_same():
    logits = np.array([[-np.inf, 0.0], [0.0, -np.inf]], np.float32)
    said = Predictions(logits, np.zeros(2, np.uint64), np.zeros(2, bool))
    scores = Goal(np.ones(2, np.int64)).scores(np.arange(2), said)
    assert [(s.damage, s.done) for s in scores] == [(-60.0, False), (60.0, True)]


def test_random_edits_change_as_many_words():
    model = Keywords(WEIGHTS)
    texts = ["a good and fine film"] * 3
    victim = Victim(model, Goal(np.ones(3, np.int64)))
    proposals = Proposals(texts, Swap(), ids=["x", "y", "z"])
    starts = victim.scores(np.arange(3), texts)
    made = attack_rows(victim, range(3), proposals, starts, SearchSettings())
    found = [result for result, _ in made]
    drawn = random_edits(victim, range(3), ["x", "y", "z"], proposals, found, seed=0)
    again = random_edits(victim, range(3), ["x", "y", "z"], proposals, found, seed=0)
    assert drawn == again
    wanted = [5 * sum(c.words for c in result.chosen) for result in found]
    assert [random.words for random in drawn] == wanted
    assert all(0 <= random.done <= 5 for random in drawn)

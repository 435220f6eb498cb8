"""What transforms would do to texts, without doing it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustft.errors import TransformError, UsageError
from robustft.text.edits import apply, check
from robustft.transform.base import BatchedTransform, Level, RewriteTransform, Skip, Transform
from robustft.transform.constraints import Length, MaxChanged, NoRepeat
from robustft.transform.engine import perturb
from robustft.transform.kept import KeepWords
from robustft.transform.proposals import Proposals, text_constraints
from robustft.transform.registry import bind

TEXT = "I don't think the film is wonderful, see www.films.org, but the film was long."


@dataclass(frozen=True, kw_only=True)
class Fruit(Transform):
    """Each word becomes one of three fruits, or is passed over."""

    name: ClassVar[str] = "fruit"
    level: ClassVar[Level] = Level.WORD
    preserves: ClassVar[frozenset] = frozenset()
    rates: ClassVar[Mapping] = dict.fromkeys(range(1, 6), 1.0)

    def units(self, batch):
        return batch.words

    def replacement(self, document, unit, draw):
        if unit.text == "pass":
            return Skip("passed")
        return draw.choice(("apple", "pear", "plum"))


@dataclass(frozen=True, kw_only=True)
class Many(BatchedTransform, Fruit):
    """The same, for many at once; what it is asked is kept."""

    name: ClassVar[str] = "many"

    def replacements(self, batch, units, draws):
        assert (units.start[1:] >= units.end[:-1]).all()
        return [draw.choice(("apple", "pear", "plum")) for draw in draws]


@dataclass(frozen=True, kw_only=True)
class Loud(RewriteTransform):
    """The whole text in capitals."""

    name: ClassVar[str] = "loud"
    level: ClassVar[Level] = Level.DOCUMENT
    preserves: ClassVar[frozenset] = frozenset()
    rates: ClassVar[Mapping] = dict.fromkeys(range(1, 6), 1.0)

    def rewrite(self, texts, draws):
        return [text.upper() for text in texts]


def everything(found):
    return [
        (number, offer.places[place], candidate)
        for number, offer in enumerate(found.offers)
        for place in range(len(offer.places))
        for candidate in found.ask([(number, place)])[0]
    ]


def replacements(found):
    return [[e.replacement for e in c.edits] for _, _, c in everything(found)]


def test_different_replacements_are_offered_up_to_a_number():
    found = Proposals(["one two"], Fruit(), most=2)
    assert [len(found.ask([(0, place)])[0]) for place in (0, 1)] == [2, 2]
    all_three = Proposals(["one"], Fruit(), most=9).ask([(0, 0)])[0]
    assert sorted(c.edits[0].replacement for c in all_three) == ["apple", "pear", "plum"]


def test_a_place_that_is_passed_over_has_no_candidates():
    found = Proposals(["pass yes"], Fruit())
    assert [len(candidates) > 0 for candidates in found.ask([(0, 0), (0, 1)])] == [False, True]


@pytest.mark.parametrize("kind", [Fruit, Many])
def test_what_is_offered_hangs_on_id_and_seed_alone(kind):
    texts = ["one two three", "four five"]
    together = Proposals(texts, kind(), ids=["a", "b"], most=2)
    alone = Proposals(texts[1:], kind(), ids=["b"], most=2)
    backwards = alone.ask([(0, 1), (0, 0)])[::-1]
    assert together.ask([(1, 0), (1, 1)]) == backwards
    other = Proposals(texts[1:], kind(), ids=["b"], most=2, seed=1)
    assert other.ask([(0, 0), (0, 1)]) != backwards


def test_the_first_proposal_is_what_perturb_makes():
    text = "wonderful entertaining surprising performance"
    made = perturb([text], "typos:rate=1", ids=["a"], seed=3)[0]
    found = Proposals([text], "typos", ids=["a"], seed=3)
    first = [found.ask([(0, place)])[0][0].edits[0] for place in range(4)]
    assert first == list(made.edits)


def test_protected_spans_and_kept_words_are_left_alone():
    found = Proposals([TEXT], "typos", constraints=[KeepWords(words=("film",))])
    words = {TEXT[place.start : place.end] for _, place, _ in everything(found)}
    assert "wonderful" in words
    assert words.isdisjoint({"film", "films", "www"})


def test_transforms_share_a_place_and_duplicates_count_once():
    found = Proposals(["It does not matter"], "contractions,contractions:mode=contract")
    assert replacements(found) == [["doesn't"]]


def test_a_rewriting_is_one_candidate():
    found = Proposals(["so quiet www.a.org"], Loud())
    (candidate,) = [c for _, _, c in everything(found)]
    assert apply("so quiet www.a.org", candidate.edits) == "SO QUIET www.a.org"


def test_edits_combine_unless_they_overlap_or_are_too_many():
    constraint = MaxChanged(share=0.5)
    found = Proposals(["one two three four"], Fruit(), constraints=[constraint])
    offer = found.offers[0]
    first, second, third = (found.ask([(0, place)])[0][0] for place in range(3))
    assert offer.combines([], first)
    assert offer.combines([first], second)
    assert not offer.combines([first], found.ask([(0, 0)])[0][1])
    assert not offer.combines([first, second], third)


def test_a_word_is_replaced_once_where_repetition_is_barred():
    found = Proposals(["the film the film"], Fruit(), constraints=[NoRepeat()])
    one, other = found.ask([(0, 1)])[0][0], found.ask([(0, 3)])[0][0]
    assert not found.offers[0].combines([one], other)


def test_a_text_that_must_not_change_offers_nothing():
    found = Proposals(["too short"], bind(Fruit(), [Length(min_words=5)]))
    assert found.offers[0].places == ()
    assert "length" in found.offers[0].reason
    assert text_constraints(bind(Fruit(), [Length(min_words=5)])) == (Length(min_words=5),)


def test_bad_input_is_named():
    with pytest.raises(UsageError, match="expected 1 ids, got 2"):
        Proposals(["a"], Fruit(), ids=["a", "b"])
    with pytest.raises(UsageError, match="at least one replacement"):
        Proposals(["a"], Fruit(), most=0)

    @dataclass(frozen=True, kw_only=True)
    class Broken(Fruit):
        def replacement(self, document, unit, draw):
            raise KeyError("x")

    with pytest.raises(TransformError, match="fruit: expected a transform that takes any text"):
        Proposals(["a"], Broken()).ask([(0, 0)])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=4))
def test_candidates_are_edits_of_their_text(texts):
    found = Proposals(texts, "typos,contractions,casing,whitespace,synonyms", most=2)
    for number, _, candidate in everything(found):
        check(candidate.edits, len(texts[number]))
        assert found.offers[number].changed([candidate]) != texts[number]

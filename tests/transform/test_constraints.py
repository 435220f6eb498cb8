"""Constraints: no output breaks one, and one that asks for nothing changes nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from robustft.errors import SpecError
from robustft.text import Edit, apply
from robustft.text.document import Batch
from robustft.transform import Compose, Status, engine, kept, perturb
from robustft.transform.candidates import words_changed
from robustft.transform.constraints import (
    EditConstraint,
    Length,
    MaxChanged,
    NoRepeat,
    TextConstraint,
    constraints_from,
)
from robustft.transform.kept import KeepMatches, KeepPartsOfSpeech, KeepWords
from robustft.transform.registry import bind, constraints_of, unbound

TOYS = f"{Path(__file__).parent / 'toys.py'}"
CHAINS = (
    f"{TOYS}:Shout:rate=1.0,mark=!",
    f"{TOYS}:Moody:rate=0.7",
    f"{TOYS}:MoodyBatch:rate=0.7",
    f"{TOYS}:Moody:rate=0.5,{TOYS}:MoodyBatch:rate=0.5,{TOYS}:film:rate=1.0",
    f"typos:rate=0.5,synonyms:rate=0.5,{TOYS}:film,contractions:rate=1.0",
)
WORDS = "a the movie was very dull and it isn't so good I do not like this Great film OK".split()
TEXTS = st.lists(
    st.lists(st.sampled_from([*WORDS, "movie.", "good,"]), max_size=25).map(" ".join), max_size=6
)


@dataclass(frozen=True, kw_only=True)
class Vacuous(TextConstraint):
    name: ClassVar[str] = "test_vacuous"

    def holds(self, originals, changed):
        return np.ones(len(changed), np.bool_)


@dataclass(frozen=True, kw_only=True)
class FewCapitals(TextConstraint):
    """A whole-text condition that each edit of a toy may break."""

    most: int = 6

    name: ClassVar[str] = "test_few_capitals"
    judged: ClassVar[list[int]] = []

    def holds(self, originals, changed):
        self.judged.append(len(changed))
        return np.array([sum(map(str.isupper, text)) <= self.most for text in changed], np.bool_)


@dataclass(frozen=True, kw_only=True)
class NotAtStart(EditConstraint):
    name: ClassVar[str] = "test_not_at_start"

    def allows(self, original, steps, edits):
        return min(edit.start for edit in edits) > 0


def chained(row):
    """Yield each step's source and edits."""
    source = row.original
    for step in row.steps:
        yield source, step.edits
        source = apply(source, step.edits)


@settings(max_examples=40)
@given(TEXTS, st.sampled_from(CHAINS), st.integers(0, 3))
def test_constraints_that_ask_for_nothing_change_nothing(texts, chain, seed):
    plain = perturb(texts, chain, seed=seed)
    vacuous = [Length(min_words=0), KeepWords(words=("zebra",)), Vacuous()]
    bound = perturb(texts, chain, seed=seed, constraints=vacuous)
    assert list(bound) == list(plain)
    assert bound.skips == plain.skips
    assert (bound.changed == plain.changed).all()


@settings(max_examples=40)
@given(TEXTS, st.sampled_from(CHAINS), st.floats(0, 1))
def test_both_ways_of_filling_accept_the_same(texts, chain, share):
    bounds = [MaxChanged(share=share), NoRepeat(), NotAtStart()]
    alone, in_rounds = (
        perturb(texts, chain, constraints=c) for c in (bounds, [*bounds, Vacuous()])
    )
    assert list(in_rounds) == list(alone)
    assert in_rounds.skips == alone.skips


@settings(max_examples=40)
@given(TEXTS, st.sampled_from(CHAINS), st.floats(0, 1))
def test_no_more_words_change_than_the_share(texts, chain, share):
    for row in perturb(texts, chain, constraints=[MaxChanged(share=share)]):
        words = sum(words_changed(s, edit) for s, edits in chained(row) for edit in edits)
        assert words <= share * len(regex.findall(r"\w+(?:'\w+)?", row.original)) + 1e-6


@settings(max_examples=40)
@given(TEXTS, st.sampled_from(CHAINS))
def test_kept_words_and_matches_stay(texts, chain):
    constraints = [
        KeepWords(words=("GREAT", "do not", "movie")),
        KeepMatches(pattern=r"(?<=so )\w+"),
    ]
    pattern = regex.compile(r"\b(?:great|do not|movie)\b|(?<=so )\w+", regex.IGNORECASE)
    for row in perturb(texts, chain, constraints=constraints):
        for match in pattern.finditer(row.original):
            span = row.map_span(*match.span())
            assert span is not None
            assert row.text[slice(*span)] == match[0]


@pytest.mark.parametrize(
    ("kept", "text"),
    [
        ("straße", "Die Straße dort"),
        ("Große Straße", "Eine große Straße dort"),
        ("İstanbul", "We saw İstanbul"),
        ("DON'T", "I don\u2019t know"),
    ],
)
def test_words_are_kept_whatever_the_length_of_their_other_case(kept, text):
    units = KeepWords(words=(kept,)).spans(Batch([text]))
    [(start, end)] = zip(units.start.tolist(), units.end.tolist(), strict=True)
    assert text[start:end].casefold() == kept.casefold().replace("'", "\u2019")


@settings(max_examples=40)
@given(TEXTS, st.sampled_from(CHAINS[:3]))
def test_no_word_is_replaced_twice(texts, chain):
    for row in perturb(texts, chain, constraints=[NoRepeat()]):
        (_, edits), *_ = [*chained(row), (None, ())]
        replaced = [row.original[e.start : e.end].casefold() for e in edits]
        # A toy that reaches over to the word before it replaces more than the unit it was asked.
        units = [text.split()[-1] for text in replaced if text]
        assert "Moody" in chain or len(set(units)) == len(units)


@settings(max_examples=60)
@given(TEXTS, st.sampled_from(CHAINS))
def test_no_place_is_edited_twice(texts, chain):
    for row in perturb(texts, chain, constraints=[NoRepeat()]):
        touched: list[tuple[int, int]] = []
        for _, edits in chained(row):
            for edit in edits:
                assert not any(edit.start < high and low < edit.end for low, high in touched)
            grown, made = 0, []
            for start, end, text, _ in edits:
                made.append((start + grown, start + grown + len(text)))
                grown += len(text) - (end - start)
            touched = [(_moved(edits, low), _moved(edits, high)) for low, high in touched] + made


def _moved(edits: Sequence[Edit], at: int) -> int:
    return at + sum(len(e.replacement) - (e.end - e.start) for e in edits if e.end <= at)


@settings(max_examples=40)
@given(TEXTS, st.sampled_from(CHAINS), st.integers(0, 12), st.integers(0, 12))
def test_changed_texts_have_the_length_asked_for(texts, chain, low, more):
    length = Length(min_words=low, max_words=low + more, max_characters=90, max_growth=1.1)
    for row in perturb(texts, chain, constraints=[length]):
        if row.status is Status.CHANGED:
            assert length.holds([row.original], [row.text]).all()
            assert len(row.text) <= min(90, 1.1 * len(row.original))


@settings(max_examples=40)
@given(TEXTS, st.sampled_from(CHAINS), st.integers(0, 12))
def test_no_changed_text_is_one_that_a_constraint_refuses(texts, chain, most):
    refusing = FewCapitals(most=most)
    for row in perturb(texts, chain, constraints=[refusing]):
        assert row.status is not Status.CHANGED or refusing.holds([], [row.text]).all()


def test_what_spoils_a_text_is_passed_over_and_the_rest_is_kept():
    text = "aa bbbb cc dddd ee ffff gg"
    shouted = f"{TOYS}:Shout:rate=1.0"
    made = perturb([text], shouted, constraints=[FewCapitals(most=9)], seed=2)
    assert sum(map(str.isupper, made[0].text)) in (8, 9)
    assert made.skips == {"shout: test_few_capitals": 7 - made.changed.sum()}
    assert perturb([text], shouted, constraints=[FewCapitals(most=1)])[0].reason == (
        "test_few_capitals"
    )


def test_a_text_that_is_good_is_judged_once_and_many_together():
    FewCapitals.judged.clear()
    perturb(
        ["some plain words here"] * 30, f"{TOYS}:Shout:rate=1.0", constraints=[FewCapitals(most=99)]
    )
    assert FewCapitals.judged == [30]


def test_a_text_that_nothing_can_be_done_to_is_given_up():
    FewCapitals.judged.clear()
    made = perturb(["word " * 300], f"{TOYS}:Shout:rate=1.0", constraints=[FewCapitals(most=0)])
    assert made.skips["shout: test_few_capitals"] == 10
    assert len(FewCapitals.judged) < 120


def test_company_and_batches_make_no_difference(monkeypatch):
    texts = [f"the movie was very dull and it isn't so good, row {i}" for i in range(30)]
    constraints = [FewCapitals(), NoRepeat(), MaxChanged(share=0.4), KeepWords(words=("dull",))]
    whole = perturb(texts, CHAINS[3], constraints=constraints)
    monkeypatch.setattr(engine, "BATCH_SIZE", 7)
    again = perturb(texts, CHAINS[3], constraints=constraints)
    assert again.texts == whole.texts
    assert again.skips == whole.skips
    assert whole.texts != texts


def test_a_condition_on_edits_binds_rewriting_too():
    chain = f"{TOYS}:film,{TOYS}:Shout:rate=1.0"
    made = perturb(["movie by movie"], chain, constraints=[NotAtStart()])
    assert made.texts == ["movie BY FILM"]
    assert made.skips == {f"{TOYS}:film: test_not_at_start": 1, "shout: test_not_at_start": 1}
    assert perturb(["a movie"], f"{TOYS}:film", constraints=[MaxChanged(share=0.4)])[0].reason == (
        "more than 0.4 of the words changed"
    )
    assert perturb(["a movie"], f"{TOYS}:film", constraints=[Length(max_characters=5)])[
        0
    ].reason.startswith("length outside of max_characters=5")


def test_parts_of_speech_stay_by_the_original(monkeypatch):
    asked = []

    def tags(text, start, end):
        asked.append(text[start:end])
        return frozenset(["NOUN"] if "movie" in text[start:end] else ["VERB"])

    monkeypatch.setattr(kept, "tags_between", tags)
    made = perturb(
        ["a movie we saw"],
        f"{TOYS}:film,{TOYS}:Shout:rate=1.0,mark=!,{TOYS}:Moody:rate=1.0",
        constraints=[KeepPartsOfSpeech(tags=("noun", "PROPN"))],
    )
    assert "movie" in made.texts[0]
    assert made.skips["shout: part of speech kept (NOUN, PROPN)"] == 1
    # Whatever an earlier step made of a word, the original is asked about.
    assert set(asked) == {"movie", "we", "saw"} | {a for a in asked if a.endswith(("we", "saw"))}


def test_a_budget_counts_what_it_cut():
    made = perturb(
        ["one two three four"] * 3, f"{TOYS}:Shout:rate=1.0", constraints=[MaxChanged(share=0.5)]
    )
    assert made.changed.tolist() == [2, 2, 2]
    assert made.skips == {"shout: more than 0.5 of the words changed": 6}


def test_constraints_go_with_a_chain_and_add_up():
    chain = bind(f"{TOYS}:Shout:rate=1.0", [KeepWords(words=("one",))])
    assert perturb(["one two"], chain).texts == ["one TWO"]
    more = [MaxChanged(share=0.5)]
    assert perturb(["one two three"], chain, constraints=more).changed.tolist() == [1]
    assert perturb(["one two"], [chain]).texts == ["one TWO"]
    assert [c.name for c in constraints_of(bind(chain, more))] == ["keep_words", "max_changed"]
    assert constraints_of(unbound(chain)) == ()
    assert bind(TOYS, ()) == TOYS
    with pytest.raises(SpecError, match="constraints around the whole of a chain"):
        Compose([chain, unbound(chain)])


@pytest.mark.parametrize(
    "constraint",
    [
        KeepWords(words=("b", "a", "A ")),
        KeepMatches(pattern=r"\d+,[a-z]=2"),
        MaxChanged(share=0.2),
        NoRepeat(),
        Length(max_words=5, max_growth=1.5),
        KeepPartsOfSpeech(tags=("VERB", "ADJ")),
    ],
)
def test_constraints_are_made_again_from_plain_values(constraint):
    assert constraints_from([constraint.to_dict()]) == [constraint]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: KeepWords(words=("", " ")), "keep_words: expected words, got none"),
        (lambda: KeepMatches(pattern=""), "expected a regular expression, got none"),
        (lambda: KeepMatches(pattern="(a"), r"expected a regular expression, got '\(a'"),
        (lambda: KeepPartsOfSpeech(tags=("NOUM",)), "got 'NOUM'; did you mean"),
        (lambda: KeepPartsOfSpeech(tags=("",)), "expected parts of speech, got none"),
        (lambda: MaxChanged(share=20), "expected a share from 0 to 1, got 20"),
        (Length, "length: expected a bound"),
        (lambda: Length(max_growth=0.5), "a growth of 1 or more"),
        (lambda: Length(min_words=5, max_words=4), "expected min_words <= max_words, got 5 and 4"),
        (lambda: constraints_from([{"name": "lenght"}]), "did you mean 'length'"),
        (
            lambda: constraints_from([{"name": "length", "most": 1}]),
            "length: expected its settings",
        ),
    ],
)
def test_settings_that_cannot_be_say_so(make, message):
    with pytest.raises(SpecError, match=message):
        make()


def test_every_constraint_is_known_whatever_else_was_imported():
    code = (
        "import sys\nfrom robustft.transform.constraints import constraints_from\n"
        "made = constraints_from([{'name': 'keep_words', 'words': ['not']}])\nprint(made[0].words)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "('not',)\n"

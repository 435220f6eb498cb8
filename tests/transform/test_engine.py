"""The engine: what is drawn, what is kept, what is recorded."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustft.errors import SpecError, TransformError, UsageError
from robustft.text import content_ids
from robustft.transform import OneOf, SomeOf, Sometimes, Status, build, perturb
from robustft.transform.engine import BATCH_SIZE

TOYS = f"{Path(__file__).parent / 'toys.py'}"
SHOUT = f"{TOYS}:Shout"
WORDS = [
    f"the quick brown fox number {'abcdefghij'[i % 10] * 3} jumps over a lazy dog"
    for i in range(40)
]


def test_rate_one_changes_all_that_is_eligible_and_rate_zero_nothing():
    text = "a plain text seen by John at 3:30, not me@example.com"
    assert perturb([text], f"{SHOUT}:rate=1.0").texts == [
        "a PLAIN TEXT SEEN BY John AT 3:30, not me@example.com"
    ]
    result = perturb([text], f"{SHOUT}:rate=0")
    assert (result.texts, result.status) == ([text], [Status.UNCHANGED])


def test_the_target_share_is_met_on_average():
    result = perturb(WORDS * 5, f"{SHOUT}:rate=0.25", ids=[str(i) for i in range(200)])
    assert result.changed.sum() / result.words.sum() == pytest.approx(0.25, abs=0.01)
    assert (result.changed == result.target).all()


def test_the_rate_of_a_sentence_transform_is_a_share_of_its_places():
    text = "Words and many more words stand here. " * 4
    made = perturb([text] * 200, f"{TOYS}:Bracket:rate=0.5", seed=0)
    assert made.eligible.tolist() == [4] * 200
    assert made.target.mean() == 2
    assert made.changed.tolist() == made.target.tolist()


def test_a_higher_severity_changes_a_superset():
    spans = [
        [{(e.start, e.end) for e in row.edits} for row in perturb(WORDS, SHOUT, severity=s)]
        for s in range(6)
    ]
    for lower, higher in pairwise(spans):
        assert all(a <= b for a, b in zip(lower, higher, strict=True))
    assert sum(map(len, spans[5])) > sum(map(len, spans[1])) > 0 == sum(map(len, spans[0]))


def test_seed_copy_and_id_change_the_draws_and_nothing_else_does():
    base = perturb(WORDS, SHOUT)
    assert perturb(WORDS, SHOUT).texts == base.texts
    assert perturb(WORDS, SHOUT, seed=1).texts != base.texts
    assert perturb(WORDS, SHOUT, copy=1).texts != base.texts
    assert perturb(WORDS, SHOUT, ids=[f"x{i}" for i in range(40)]).texts != base.texts


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(40)), st.integers(1, 40))
def test_shuffled_and_subset_rows_come_out_the_same(order, size):
    base = perturb(WORDS, SHOUT)
    ids = content_ids(WORDS)
    rows = order[:size]
    again = perturb([WORDS[i] for i in rows], SHOUT, ids=[ids[i] for i in rows])
    assert again.texts == [base.texts[i] for i in rows]


def test_workers_and_hash_seeds_give_the_same_bytes(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(
        "import sys, json\n"
        "from robustft.transform import perturb\n"
        "if __name__ == '__main__':\n"
        "    texts = [f'some plain words and row {i}' for i in range(600)]\n"
        f"    made = perturb(texts, {SHOUT!r}, workers=int(sys.argv[1]))\n"
        "    print(json.dumps([made.texts, [r.edits for r in made]]))\n"
    )
    printed = [
        subprocess.run(
            [sys.executable, script, workers],
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
        ).stdout
        for workers, hash_seed in (("1", "1"), ("1", "7"), ("2", "3"))
    ]
    assert printed[0] == printed[1] == printed[2]
    assert len(json.loads(printed[0])[0]) == 600


def test_steps_are_recorded_and_joined_over_the_original():
    row = perturb(["my movie here"], f"{SHOUT}:rate=1.0,{TOYS}:film")[0]
    assert row.text == "MY MOVIE HERE"
    assert [step.transform for step in row.steps] == ["shout"]
    row = perturb(["my movie here"], f"{TOYS}:film,{SHOUT}:rate=1.0")[0]
    assert row.text == "MY FILM HERE"
    middle = next(e for e in row.edits if e.start == 3)
    assert (middle.replacement, len(middle.transforms)) == ("FILM", 2)
    assert row.replay("my movie here") == row.text
    with pytest.raises(TransformError, match="expected its original"):
        row.replay("another text")


def test_a_rewrite_is_taken_back_where_it_touches_a_protected_span():
    result = perturb(["a movie at 3:30"], f"{TOYS}:film")
    assert result.texts == ["a film at 3:30"]
    # Hour and minute are words of their own to the comparison: both edits are dropped.
    assert dict(result.skips) == {f"{TOYS}:film: protected span": 2}


def test_edits_of_more_than_a_unit_do_not_overlap():
    result = perturb(["one two three four"] * 20, f"{TOYS}:Swap:rate=1.0", ids=range(20))
    assert result.skips["swap: overlaps another edit"] > 0
    for row in result:
        assert sorted(row.text.split()) == sorted(row.original.split())
        assert row.status is Status.CHANGED


@pytest.mark.parametrize(
    ("text", "spec", "status", "reason"),
    [
        ("", SHOUT, "unchanged", "nothing eligible"),
        ("John", SHOUT, "changed", ""),
        ("see John", f"{SHOUT}:rate=0.01", "unchanged", "the rate asks for no change"),
        ("LOUD WORDS", f"{SHOUT}:rate=1.0", "unchanged", "loud already"),
        ("some words", f"{TOYS}:Erase:rate=1.0", "rejected", "left no text"),
    ],
)
def test_every_row_that_did_not_change_says_why(text, spec, status, reason):
    row = perturb([text], spec, severity=None if "rate" in spec else 5, seed=4)[0]
    assert row.status == status
    assert reason in row.reason
    assert (row.text == text) == (status != "changed")


def test_task_spans_are_closed_and_followed():
    text = "we saw the old house there"
    row = perturb([text], f"{SHOUT}:rate=1.0,mark=!", protect=[[(11, 20)]])[0]
    assert row.text == "WE! SAW! THE! old house THERE!"
    twice = f"{SHOUT}:rate=1.0,mark=!,{TOYS}:film"
    assert "old house" in perturb([text], twice, protect=[[(11, 20)]])[0].text


@pytest.mark.parametrize("spec", [f"{SHOUT}:rate=1.0,mark=!", f"{TOYS}:Swap:rate=1.0", "typos"])
@given(st.lists(st.lists(st.integers(0, 40), min_size=2, max_size=2, unique=True).map(sorted)))
def test_followed_spans_are_found_again_and_protected_ones_unchanged(spec, spans):
    text = "Ada wrote it in 1843; nobody read a word"
    for sort in ("protect", "follow"):
        row = perturb([text], spec, severity=None if "rate" in spec else 5, **{sort: [spans]})[0]
        assert row.status is not Status.REJECTED
        for start, end in spans:
            low, high = row.map_span(start, end)
            assert low < high
            if sort == "protect":
                assert row.text[low:high] == text[start:end]


def test_followed_spans_change_within_and_keep_their_ends():
    text = "we saw the old house there"
    row = perturb([text], f"{SHOUT}:rate=1.0,mark=!", follow=[[(11, 20), (13, 18)]])[0]
    assert row.text == "WE! SAW! THE! old house THERE!"  # a word would reach over an end
    row = perturb([text], f"{SHOUT}:rate=1.0,mark=!,{TOYS}:film", follow=[[(11, 20)]])[0]
    assert row.text == "WE! SAW! THE! OLD! HOUSE! THERE!"
    assert row.map_span(11, 20) == (14, 25)
    row = perturb(["a movie"], lambda text: text.replace("a", ""), follow=[[(0, 1)]])[0]
    assert (row.status, row.text) == (Status.REJECTED, "a movie")


def test_each_field_of_a_row_has_draws_of_its_own():
    made = {name: perturb(WORDS, SHOUT, field=name).texts for name in ("", "premise", "hypothesis")}
    assert len(set(map(tuple, made.values()))) == 3
    assert made["premise"] == perturb(WORDS, SHOUT, field="premise").texts


def test_composites_choose_for_each_text():
    shout, film = build(f"{SHOUT}:rate=1.0"), build(f"{TOYS}:film")
    texts = [f"movie words {i} here" for i in range(200)]
    one = perturb(texts, OneOf([shout, film]))
    used = [tuple(s.transform for s in row.steps) for row in one]
    assert all(len(u) == 1 for u in used)
    assert 70 < sum(u == ("shout",) for u in used) < 130
    some = perturb(texts, SomeOf([film, shout]))
    sizes = {len(row.steps) for row in some}
    assert sizes == {1, 2}
    rare = perturb(texts, Sometimes(shout, p=0.2))
    assert 20 < sum(s is Status.CHANGED for s in rare.status) < 60


def test_some_of_draws_sizes_within_its_bounds():
    keys = np.arange(1000, dtype=np.uint64)
    chosen = SomeOf([build(SHOUT)] * 4, least=2, most=3).choose(keys)
    assert set(chosen.sum(axis=0).tolist()) == {2, 3}
    with pytest.raises(SpecError, match="0 <= least <= most <= 1"):
        SomeOf([build(SHOUT)], least=2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: perturb("one text", SHOUT), UsageError, "got one string"),
        (lambda: perturb(["a", None], SHOUT), UsageError, "got NoneType at position 1"),
        (lambda: perturb(["a"], SHOUT, ids=["1", "2"]), UsageError, "expected 1 ids, got 2"),
        (lambda: perturb(["a"], SHOUT, follow=[]), UsageError, "expected 1 follow, got 0"),
        (
            lambda: perturb(["a b"], SHOUT, protect=[[(1, 4)]]),
            UsageError,
            r"spans within 0..3, got \(1, 4\)",
        ),
        (lambda: perturb(["a"], SHOUT, workers=0), UsageError, "at least one worker"),
        (lambda: perturb(["a"], SHOUT, severity=9), SpecError, "severity from 0 to 5, got 9"),
        (
            lambda: perturb(["a word"], f"{TOYS}:Crash:rate=1"),
            TransformError,
            "crash: expected a t",
        ),
        (lambda: perturb(["a word"], f"{TOYS}:Outside:rate=1"), TransformError, "disjoint spans"),
    ],
)
def test_wrong_calls_say_what_was_expected(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_results_go_to_pandas():
    frame = perturb(["plain words", ""], f"{SHOUT}:rate=1.0").to_pandas()
    assert frame["text"].tolist() == ["PLAIN WORDS", ""]
    assert frame["edits"][0] == [(0, 5, "PLAIN", ("shout",)), (6, 11, "WORDS", ("shout",))]


def test_columns_of_other_libraries_are_taken():
    import pandas as pd
    import polars as pl

    expected = perturb(WORDS, SHOUT).texts
    assert perturb(pd.Series(WORDS), SHOUT).texts == expected
    assert perturb(pl.Series(WORDS), SHOUT).texts == expected


def test_outcomes_are_the_same_after_pickling():
    texts = ["I do not like this wonderful film at all, it is boring.", "", "A terrible movie."]
    made = perturb(texts, "typos,synonyms,contractions", severity=5)
    again = pickle.loads(pickle.dumps(made))
    assert list(again) == list(made)
    assert again.skips == made.skips
    assert [row.tolist() for row in again._counts] == [row.tolist() for row in made._counts]


def test_what_a_transform_leaves_in_cycles_does_not_pile_up():
    made, gone = [], []

    class Leaf:
        def __init__(self):
            self.itself = self
            made.append(len(made) - len(gone))

        def __del__(self):
            gone.append(1)

    def leave(text):
        Leaf()
        return text

    perturb([f"a film {n}" for n in range(8 * BATCH_SIZE)], leave, severity=5)
    assert len(made) > 4 * BATCH_SIZE
    assert max(made) <= 2 * BATCH_SIZE

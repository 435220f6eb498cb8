"""Minimal sets by exhaustive comparison, harm by other packages, and both end to end."""

import itertools
import json
import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable

from robustft.data.build import transform_split
from robustft.data.split import Split
from robustft.data.task import Task, TaskType
from robustft.errors import RunError, UsageError
from robustft.evaluation.counterexamples import search
from robustft.evaluation.counterexamples.files import read_counterexamples
from robustft.evaluation.counterexamples.harm import SetEdits, exact_excess, measure_harm
from robustft.evaluation.counterexamples.keep import Hunt, hunted, read_limit
from robustft.evaluation.counterexamples.search import Answer, shrink_all
from robustft.evaluation.counterexamples.shrink import chosen_rows, flipped_rows, shrink_rows
from robustft.evaluation.counterexamples.words import (
    harm_text,
    most_harmful,
)
from robustft.evaluation.predict import Predictions
from robustft.evaluation.results import SetFacts
from robustft.evaluation.sets import TestSet

TASK = Task(label_names=("neg", "pos"))


@st.composite
def flip_tables(draw):
    """Say of every subset of up to 8 edits whether it flips: monotone, or anything at all."""
    n = draw(st.integers(1, 8))
    if draw(st.booleans()):
        cores = draw(st.lists(st.integers(1, 2**n - 1), max_size=3))
        table = [any(m & core == core for core in cores) for m in range(2**n)]
    else:
        table = draw(st.lists(st.booleans(), min_size=2**n, max_size=2**n))
    table[0], table[-1] = False, True
    return n, table


def flipping(says):
    """Ask a function of subsets instead of a model."""
    return lambda trials: [Answer(says(subset)) for _, subset in trials]


def bits(subset):
    return [1 << i for i in range(subset.bit_length()) if subset >> i & 1]


@given(st.lists(flip_tables(), max_size=5), st.sampled_from(sorted(search.SEARCHES)))
@settings(deadline=None, max_examples=200)
def test_no_edit_of_what_is_found_can_be_spared(rows, name):
    rounds = []

    def ask(trials):
        rounds.append(trials)
        return [Answer(rows[row][1][subset], subset * 37 % 101 / 101) for row, subset in trials]

    found = shrink_all([n for n, _ in rows], ask, search.SEARCHES[name])
    assert len(found) == len(rows)
    asked = [trial for trials in rounds for trial in trials]
    assert len(set(asked)) == len(asked)
    for number, ((n, table), minimal) in enumerate(zip(rows, found, strict=True)):
        assert table[minimal.subset]
        assert not any(table[minimal.subset & ~bit] for bit in bits(minimal.subset))
        of_row = [subset for row, subset in asked if row == number]
        assert minimal.calls == len(of_row)
        # What is known beforehand is not asked: nothing, and everything.
        assert not {0, 2**n - 1} & set(of_row)
        if minimal.smallest:
            flipping = (m.bit_count() for m in range(2**n) if table[m])
            assert minimal.subset.bit_count() == min(flipping)
    # In lock-step: a round asks once about each row that is not done.
    assert all(len({row for row, _ in trials}) == len(trials) for trials in rounds)
    assert len(rounds) == max((m.calls for m in found), default=0)


def test_one_edit_among_many_is_found_by_halving():
    for guilty in range(100):
        (found,) = shrink_all([100], flipping(lambda m, g=guilty: m >> g & 1 == 1))
        assert found.subset == 1 << guilty
        assert found.smallest
        assert found.calls <= 8


def test_a_few_edits_are_shown_to_be_the_fewest_while_that_is_cheap():
    both = flipping(lambda m: m & 0b101 == 0b101)

    assert shrink_all([8], both)[0].smallest
    (found,) = shrink_all([8], flipping(lambda m: m.bit_count() >= 2))
    assert found.smallest
    assert found.subset.bit_count() == 2
    (many,) = shrink_all([100], both)
    assert (many.subset, many.smallest) == (0b101, False)


def test_a_row_without_edits_is_refused():
    with pytest.raises(ValueError, match="at least one edit"):
        shrink_all([2, 0], flipping(bool))


class Words:
    """Says *pos* of texts with more good words than bad ones, and counts what it is asked."""

    def __init__(self):
        self.batches = []

    def predict(self, texts, *, pairs=None):
        joined = [" ".join(parts) for parts in zip(texts, pairs or [""] * len(texts), strict=True)]
        self.batches.append(joined)
        scores = [t.count("good") - t.count("dire") for t in joined]
        logits = np.array([[-s, s] for s in scores], np.float32)
        return Predictions(
            logits, np.arange(len(texts), dtype=np.uint64), np.zeros(len(texts), bool)
        )


def split_of(texts, labels, *, pairs=None, task=TASK):
    columns = {"id": [f"r{i}" for i in range(len(texts))], "text": texts, "label": labels}
    if pairs is not None:
        columns["pair"] = pairs
    return Split("test", pa.table(columns), task)


WITH_TYPOS = "typos:rate=1.0"


@pytest.fixture
def damaged():
    """Texts whose words are all misspelt: of two good words one can be spared, of one none."""
    texts = ["a good meal, a good place", "one good evening", "a dire place", "good food and drink"]
    original = split_of(texts * 6, [1, 1, 0, 1] * 6)
    return original, transform_split(original, WITH_TYPOS, seed=1)


def hunt_of(original, made, **settings):
    sets = [
        TestSet(SetFacts(name="original", kind="original", rows=len(original)), original),
        TestSet(SetFacts(name="mix", kind="mix", rows=len(original)), made.split, made),
    ]
    return Hunt.of(sets, "mix", **{"limit": "all", "seed": 0, **settings})


def test_flipped_rows_are_shrunk_in_batches(damaged):
    original, made = damaged
    model = Words()
    before, after = model.predict(original.texts), model.predict(made.split.texts)
    rows = flipped_rows(np.asarray(original.labels), before, after)
    assert len(rows)
    model.batches.clear()
    found = shrink_rows(model, rows, original, made.perturbed, before, after)
    assert [example.id for example in found] == [original.ids[row] for row in rows]
    assert len(model.batches) == max(example.calls for example in found)
    assert len(model.batches[0]) == sum(example.calls > 0 for example in found)
    for example, row in zip(found, rows, strict=True):
        text = original.texts[row]
        assert (example.label, example.before) == (TASK.label_names[original.labels[row]],) * 2
        assert example.after != example.label
        edits = [(e.start, e.end, e.replacement, e.transforms) for e in example.edits]
        assert set(edits) <= {tuple(e) for e in made.perturbed.columns["text"][row].edits}
        assert all(text[e.start : e.end] == e.original for e in example.edits)
        for kept in itertools.combinations(edits, len(edits) - 1):
            changed = text
            for start, end, replacement, _ in reversed(kept):
                changed = changed[:start] + replacement + changed[end:]
            label = int(Words().predict([changed]).predictions[0])
            assert TASK.label_names[label] == example.label


def test_edits_of_both_texts_of_a_pair_are_told_apart():
    task = Task(label_names=("neg", "pos"), pair_column="pair")
    original = split_of(["good food", "my meal"], [1, 1], pairs=["at home", "good food"], task=task)
    made = transform_split(original, WITH_TYPOS, seed=1)
    model = Words()
    before = model.predict(original.texts, pairs=original.pairs)
    after = model.predict(made.split.texts, pairs=made.split.pairs)
    rows = flipped_rows(np.asarray(original.labels), before, after)
    found = shrink_rows(model, rows, original, made.perturbed, before, after)
    assert [[(e.column, e.original) for e in example.edits] for example in found] == [
        [("text", "good")],
        [("pair", "good")],
    ]
    assert found[0].pair == "at home"
    assert "food" in found[1].pair


def test_ids_choose_the_rows_to_shrink_whatever_their_order():
    ids = [f"r{i}" for i in range(50)]
    rows = np.arange(0, 50, 2)
    few = chosen_rows(rows, ids, 7, 3)
    assert few.tolist() == sorted(few)
    assert set(few) < set(chosen_rows(rows, ids, 9, 3)) < set(rows)
    assert [ids[::-1][i] for i in chosen_rows(49 - rows[::-1], ids[::-1], 7, 3)] == [
        ids[i] for i in few[::-1]
    ]
    assert chosen_rows(rows, ids, None, 3) is rows


def test_what_was_found_is_kept_and_only_the_rest_is_looked_for(damaged, tmp_path):
    original, made = damaged
    model = Words()
    said = {"original": model.predict(original.texts), "mix": model.predict(made.split.texts)}
    opened = []

    def open_model():
        opened.append(model)
        return model

    all_rows = hunt_of(original, made).keep(tmp_path / "all", "m", said, open_model)
    part = hunt_of(original, made, limit=3)
    assert len(part.keep(tmp_path / "part", "m", said, open_model)) == 3
    opened.clear()
    part.keep(tmp_path / "part", "m", said, open_model)
    assert not opened
    hunt_of(original, made).keep(tmp_path / "part", "m", said, open_model)
    assert opened
    files = sorted(p.relative_to(tmp_path / "all") for p in (tmp_path / "all").rglob("*.json*"))
    assert [str(name) for name in files] == [
        "counterexamples/m/mix.jsonl",
        "harm/m.json",
        "harm/transforms/m.json",
        "harm/words/m.json",
    ]
    for name in files:
        assert (tmp_path / "all" / name).read_bytes() == (tmp_path / "part" / name).read_bytes()
    again = read_counterexamples(tmp_path / "all", "m", "mix")
    assert [example.to_dict() for example in again] == [e.to_dict() for e in all_rows]
    harms = json.loads((tmp_path / "all/harm/m.json").read_text())
    assert {"original", "replacement", "transforms", "rows", "harmed", "helped", "rate", "p"} < set(
        harms[0]
    )
    damaged_file = tmp_path / "all/counterexamples/m/mix.jsonl"
    damaged_file.write_text('{"id": 3}\n')
    with pytest.raises(RunError, match=r"mix\.jsonl, line 1: expected a counterexample"):
        read_counterexamples(tmp_path / "all", "m", "mix")
    hunt_of(original, made).keep(tmp_path / "all", "m", said, open_model)
    assert read_counterexamples(tmp_path / "all", "m", "mix") == again


def test_no_limit_no_flips_and_no_classes(damaged, tmp_path):
    original, made = damaged
    model = Words()
    said = {"original": model.predict(original.texts), "mix": model.predict(made.split.texts)}
    assert hunt_of(original, made, limit=0).keep(tmp_path, "m", said, None) == []
    same = {"original": said["original"], "mix": said["original"]}
    assert hunt_of(original, made).keep(tmp_path, "m", same, None) == []
    harms = json.loads((tmp_path / "harm/m.json").read_text())
    assert all(harm["harmed"] == 0 and harm["p"] == 1 for harm in harms)
    numbers = split_of(["a"], [0.5], task=Task(type=TaskType.REGRESSION))
    assert hunt_of(numbers, transform_split(numbers, WITH_TYPOS)) is None


def test_a_finished_evaluation_is_enough_where_it_has_as_many():
    assert read_limit("12") == 12
    assert read_limit("all") == "all"
    for wrong in ("many", "-1", -1):
        with pytest.raises(UsageError, match="counterexamples: expected a number"):
            read_limit(wrong)
    assert hunted({"counterexamples": 100}, 100)
    assert hunted({"counterexamples": "all"}, 100)
    assert hunted({"counterexamples": None}, "all")
    assert not hunted({"counterexamples": 100}, "all")
    assert not hunted({"counterexamples": 10}, 100)
    assert not hunted({}, 0)


tables = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda size: st.tuples(
        st.integers(0, size[0]), st.just(size[0]), st.integers(0, size[1]), st.just(size[1])
    )
)


@given(st.lists(tables, min_size=1, max_size=4))
@settings(deadline=None)
def test_the_exact_test_over_strata_is_that_of_a_sum_of_hypergeometric_numbers(strata):
    # (hits among holders, holders, hits among others, others) a stratum
    table = np.array(strata)
    totals, lost = table[:, 1] + table[:, 3], table[:, 0] + table[:, 2]
    expected, p = exact_excess(totals, lost, table[:, 1], int(table[:, 0].sum()))
    sums = {0: 1.0}
    for total, flips, inside in zip(totals, lost, table[:, 1], strict=True):
        law = stats.hypergeom(total, flips, inside)
        grown = {}
        for have, chance in sums.items():
            for k in range(inside + 1):
                grown[have + k] = grown.get(have + k, 0) + chance * law.pmf(k)
        sums = grown
    assert p == pytest.approx(sum(c for k, c in sums.items() if k >= table[:, 0].sum()), abs=1e-9)
    assert expected == pytest.approx(sum(k * c for k, c in sums.items()), abs=1e-9)


def test_of_one_stratum_it_is_fishers_and_of_many_rows_that_of_mantel_and_haenszel():
    _, p = exact_excess(*(np.array([n]) for n in (50, 12, 10)), 6)
    assert p == pytest.approx(stats.fisher_exact([[6, 4], [6, 34]], "greater").pvalue, abs=1e-12)
    tables = np.array([[[50, 350], [60, 540]], [[80, 220], [110, 390]]])
    known = StratifiedTable(tables.transpose(1, 2, 0).astype(float))
    _, p = exact_excess(tables.sum((1, 2)), tables[:, :, 0].sum(1), tables[:, 0].sum(1), 130)
    two_sided = known.test_null_odds(correction=True).pvalue
    assert 2 * p == pytest.approx(two_sided, rel=0.05)


def test_rows_with_many_edits_do_not_make_a_replacement_look_harmful():
    # "x" stands in rows of many edits, half of which flip with or without it.
    rng = np.random.default_rng(0)
    numbers = np.repeat([1, 8], 400)
    flips = np.where(numbers == 8, rng.random(800) < 0.5, rng.random(800) < 0.02)
    held = np.flatnonzero((numbers == 8) & (rng.random(800) < 0.3))
    original = split_of(["good"] * 2, [1, 1])
    edits = SetEdits(transform_split(original, WITH_TYPOS).perturbed)
    view = edits.views["words"]._replace(rows={("x", None, ()): held})
    (harm,) = measure_harm(view, numbers, np.ones(800, bool), ~flips)
    assert harm.expected == pytest.approx(len(held) / 2, rel=0.2)
    assert harm.p > 0.05
    (alone,) = measure_harm(view, np.ones(800, np.int64), np.ones(800, bool), ~flips)
    assert alone.p < 1e-6


def test_harm_counts_rows_and_examples(damaged):
    original, made = damaged
    model = Words()
    before, after = model.predict(original.texts), model.predict(made.split.texts)
    labels = np.asarray(original.labels)
    rows = flipped_rows(labels, before, after)
    examples = shrink_rows(model, rows, original, made.perturbed, before, after)
    edits = SetEdits(made.perturbed)
    right, still = before.predictions == labels, after.predictions == labels
    by_row = dict(zip(rows.tolist(), examples, strict=True))
    words = measure_harm(edits.views["words"], edits.numbers, right, still, by_row)
    good = next(harm for harm in words if harm.original == "good")
    holders = [
        i
        for i, row in enumerate(made.perturbed.columns["text"])
        if any(row.original[e.start : e.end] == "good" for e in row.edits)
    ]
    assert good.rows == len(holders)
    assert good.harmed == int((right & ~still)[holders].sum())
    assert good.rate.value == good.harmed / good.right
    assert good.shrunk == good.minimal == len(set(holders) & set(rows))
    assert good.sole == sum(len(by_row[i].edits) == 1 for i in holders if i in by_row)
    assert [h.p for h in words] == sorted(h.p for h in words)
    assert all(h.p <= h.q <= h.p_corrected <= 1 for h in words)
    (typos,) = measure_harm(edits.views["transforms"], edits.numbers, right, still, by_row)
    assert (typos.transforms, typos.minimal) == (("typos",), len(rows))


def test_harm_in_words(damaged):
    original, made = damaged
    edits = SetEdits(made.perturbed)
    right = np.ones(len(original), bool)
    still = np.arange(len(original)) % 4 != 1
    found = measure_harm(edits.views["words"], np.full(len(original), 3), right, still)
    worst = most_harmful(found)
    assert worst
    assert all(harm.harmed > harm.expected for harm in worst)
    assert re.search(
        r"of 6 rows, 100% \[61%, 100%\]; 1\.5 expected \(p [\d.e-]+, Holm [\d.e-]+\)$",
        harm_text(worst[0]),
    )

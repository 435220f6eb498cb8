"""Curves, draws, sources and cut ends, on predictions made up for the purpose."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustft.data.split import Split
from robustft.data.task import Task, TaskType
from robustft.evaluation.predict import Predictions
from robustft.evaluation.results import ModelFacts, SetFacts
from robustft.evaluation.robustness import compare, cut_rows
from robustft.evaluation.sources import sources_of
from robustft.transform.base import LabelKind

TASK = Task(label_names=("neg", "pos"), label_kind=LabelKind.SENTIMENT)
MODEL = ModelFacts(name="m")
WINDOW = 8


def said(codes, lengths=None, base=0):
    codes = np.asarray(codes)
    lengths = np.full(len(codes), 5) if lengths is None else np.asarray(lengths)
    hashes = (base + np.arange(len(codes))).astype(np.uint64)
    logits = np.eye(2, dtype=np.float32)[codes]
    return Predictions(logits, hashes, lengths > WINDOW, lengths=lengths.astype(np.int64))


def of(name, rows, **facts):
    kind = "original" if name == "original" else "single"
    return SetFacts(name=name, kind=kind, rows=rows, **facts)


@given(st.lists(st.tuples(*[st.integers(1, 16)] * 2), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_cut_rows_are_those_that_lost_tokens_of_their_end(lengths):
    before, after = np.array(lengths).T
    zeros = np.zeros(len(before), int)
    cut = cut_rows(said(zeros, before), said(zeros, after))
    lost = np.maximum(after - WINDOW, 0) > np.maximum(before - WINDOW, 0)
    assert cut.tolist() == lost.tolist()


def test_rows_cut_off_are_set_apart():
    labels = np.array([0, 1] * 50)
    lengths = np.where(np.arange(100) < 20, 12, 5)
    after = np.where(np.arange(100) < 15, 1 - labels, labels)
    outputs = {MODEL: {"original": said(labels), "fillers": said(after, lengths, base=1000)}}
    sets = [of("original", 100, words_read=250), of("fillers", 100, words_read=320)]
    result = compare(labels, sets, outputs, task=TASK, mix="fillers")
    cell = result.cell("m", "fillers")
    assert cell.cut == 0.2
    assert cell.drop["accuracy"].value == pytest.approx(0.15)
    assert (cell.drop_of_kept.value, cell.drop_of_kept.n) == (0.0, 80)
    assert cell.metrics_of_kept["accuracy"].value == 1.0
    assert result.cell("m", "original").tokens_per_word == 2.0
    assert cell.tokens_per_word == pytest.approx((20 * 12 + 80 * 5) / 320)
    (caveat,) = (c for c in result.verdict.caveats if "lost a part of their end" in c)
    assert "fillers 20%" in caveat
    assert "Without them the drop on fillers is +0.0 points for m (95% interval" in caveat


def test_where_nothing_is_cut_there_is_nothing_to_set_apart():
    labels = np.array([0, 1] * 5)
    outputs = {MODEL: {"original": said(labels), "x": said(labels, base=100)}}
    cell = compare(labels, [of("original", 10), of("x", 10)], outputs, task=TASK).cell("m", "x")
    assert (cell.cut, cell.metrics_of_kept, cell.drop_of_kept) == (0.0, None, None)
    assert cell.tokens_per_word is None


def test_one_severity_is_no_curve():
    labels = np.array([0, 1] * 5)
    outputs = {MODEL: {"original": said(labels), "x": said(labels)}}
    sets = [of("original", 10), of("x", 10, severity=3, transform="x")]
    assert compare(labels, sets, outputs, task=TASK).curves == ()


def test_a_curve_is_its_cells_in_the_order_of_the_severities():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    wrong = {level: rng.random(200) < 0.1 * level for level in (1, 2, 3)}
    outputs = {"original": said(labels)}
    outputs |= {f"x-s{k}": said(np.where(w, 1 - labels, labels)) for k, w in wrong.items()}
    sets = [of("original", 200)] + [
        of(f"x-s{k}", 200, severity=k, transform="x", changed_share=k / 10) for k in (3, 1, 2)
    ]
    (curve,) = compare(labels, sets, {MODEL: outputs}, task=TASK).curves
    assert [p.severity for p in curve.points] == [0, 1, 2, 3]
    assert [p.changed_share for p in curve.points] == [0.0, 0.1, 0.2, 0.3]
    assert [p.drop.value for p in curve.points[1:]] == [
        pytest.approx(wrong[k].mean()) for k in (1, 2, 3)
    ]
    assert curve.mean_drop.value == pytest.approx(np.mean([w.mean() for w in wrong.values()]))
    assert curve.mean_drop.low < curve.mean_drop.value < curve.mean_drop.high
    # A mean over three sets of the same rows says less than three times as many rows would.
    assert curve.mean.sources == 200


def test_draws_are_averaged_and_agreeing_draws_add_nothing():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 300)
    after = np.where(rng.random(300) < 0.2, 1 - labels, labels)
    plain = {"original": said(labels), "x": said(after, base=1000)}
    once = compare(labels, [of("original", 300), of("x", 300)], {MODEL: plain}, task=TASK)
    both = {"original": said(labels), "x": said(np.tile(after, 2), base=1000)}
    sets = [of("original", 300), of("x", 300, draws=2)]
    twice = compare(labels, sets, {MODEL: both}, task=TASK)
    a, b = once.cell("m", "x"), twice.cell("m", "x")
    assert a.drop["accuracy"].value == b.drop["accuracy"].value
    assert b.test.p == pytest.approx(a.test.p)
    assert b.drop["accuracy"].low == pytest.approx(a.drop["accuracy"].low, abs=0.01)
    other = np.where(rng.random(300) < 0.2, 1 - labels, labels)
    both["x"] = said(np.concatenate([after, other]), base=1000)
    apart = compare(labels, sets, {MODEL: both}, task=TASK).cell("m", "x").drop["accuracy"]
    assert apart.high - apart.low < a.drop["accuracy"].high - a.drop["accuracy"].low


def rows_of(texts, task=TASK, **columns):
    table = {
        "id": [str(i) for i in range(len(texts))],
        "text": texts,
        "label": ["neg"] * len(texts),
    }
    return Split("test", pa.table(table | columns), task)


def test_rows_with_one_text_share_a_source():
    assert sources_of(rows_of(["a", "b", "c"])) is None
    assert sources_of(rows_of(["a", "b", "a"])).tolist() == [0, 1, 0]


def test_the_column_of_sources_goes_before_texts():
    assert sources_of(rows_of(["a", "a"], source_id=["r1", "r2"])) is None
    assert sources_of(rows_of(["a", "b", "c"], source_id=["r1", None, "r1"])).tolist() == [0, 1, 0]
    assert sources_of(rows_of(["a", "b"], source_id=pa.array([None, None], pa.string()))) is None


def test_questions_about_one_context_share_it():
    task = Task(type=TaskType.QUESTION_ANSWERING, pair_column="context")
    assert sources_of(rows_of(["q1", "q2"], task, context=["c", "c"])).tolist() == [0, 0]


def test_shared_sources_widen_the_intervals_and_are_said():
    rng = np.random.default_rng(2)
    wrong = np.repeat(rng.random(60) < 0.3, 4)  # rows of a source go wrong together
    labels = np.arange(240) % 2
    outputs = {MODEL: {"original": said(labels), "x": said(np.where(wrong, 1 - labels, labels))}}
    sets = [of("original", 240), of("x", 240)]
    alone = compare(labels, sets, outputs, task=TASK, mix="x")
    shared = compare(labels, sets, outputs, task=TASK, mix="x", sources=np.repeat(np.arange(60), 4))
    a, b = (r.cell("m", "x").drop["accuracy"] for r in (alone, shared))
    assert b.value == a.value
    assert b.high - b.low > 1.5 * (a.high - a.low)
    assert (alone.sources, shared.sources) == (None, 60)
    assert any("240 rows come from 60 sources" in c for c in shared.verdict.caveats)

"""Comparing with an earlier evaluation: by row where possible, and only of the same data."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import tomli_w

from robustft.data.saving import write_parquet
from robustft.data.task import Task
from robustft.errors import UsageError
from robustft.evaluation.baseline import baseline_of, read_baseline
from robustft.evaluation.gate import Limits, judge_gate
from robustft.evaluation.predict import Predictions
from robustft.evaluation.results import ModelFacts, SetFacts
from robustft.evaluation.robustness import compare
from robustft.evaluation.worsening import against
from robustft.transform.base import LabelKind

N = 600
NAMES = ("neg", "pos")
TASK = Task(label_names=NAMES, label_kind=LabelKind.SENTIMENT)
LABELS = np.arange(N) % 2
MIX = Limits()


def said(codes):
    logits = np.eye(2, dtype=np.float32)[codes]
    return Predictions(logits, np.arange(N, dtype=np.uint64), np.zeros(N, bool))


def evaluated(folder, errors, *, model="m", rows=None, text="text", **facts):
    """Return a result whose model errs on these shares of the rows by set; write its rows."""
    sets = [
        SetFacts(name=name, kind="original" if name == "original" else "mix", rows=N,
                 **({} if name == "original" else {"spec": "typos", "severity": 3} | facts))
        for name in errors
    ]  # fmt: skip
    order = np.random.default_rng(0).permutation(N)
    outputs = {}
    for name, share in errors.items():
        wrong = np.zeros(N, bool)
        wrong[order[: int(share * N)]] = True
        codes = np.where(wrong, 1 - LABELS, LABELS)
        outputs[name] = said(codes)
        if folder is not None:
            table = pa.table(
                {
                    "id": [str(i) for i in range(N)],
                    "text": [f"{text} {name} {i}" for i in range(N)],
                    "label": [NAMES[c] for c in LABELS],
                    "prediction": [NAMES[c] for c in codes],
                }
            )
            write_parquet(table, folder / "predictions" / model / f"{name}.parquet")
    result = compare(LABELS, sets, {ModelFacts(name=model): outputs}, task=TASK, mix="mix")
    if folder is None:
        return result
    (folder / "metrics.json").write_text(json.dumps(result.to_dict()))
    (folder / "config.toml").write_text(tomli_w.dumps({"fingerprint": "f1", "seed": 0}))
    return replace(result, folder=str(folder))


@pytest.fixture
def earlier(tmp_path):
    return evaluated(tmp_path / "then", {"original": 0.1, "mix": 0.12})


@pytest.fixture(autouse=True)
def folders(tmp_path):
    for name in ("then", "now"):
        (tmp_path / name).mkdir()


def judge(result, path):
    others = against(read_baseline(path), baseline_of(result), result, MIX)
    return judge_gate(result, MIX, others=others)


def test_what_got_worse_fails_and_pairs_by_row(tmp_path, earlier):
    path = baseline_of(earlier).write(tmp_path / "kept" / "baseline.json")
    now = evaluated(tmp_path / "now", {"original": 0.1, "mix": 0.16})
    gate = judge(now, path)
    assert gate.outcome == "failed"
    assert [c.quantity for c in gate.checks] == ["accuracy_loss", "drop_growth"]
    for check in gate.checks:
        assert check.value == pytest.approx(0.04)
        assert check.low > 0
        assert "by +4.0 points" in check.sentence
        assert "the baseline" in check.sentence
        assert "two samples" not in check.sentence


def test_what_is_no_worse_passes_and_says_what_is_ruled_out(tmp_path, earlier):
    path = baseline_of(earlier).write(tmp_path / "baseline.json")
    gate = judge(evaluated(tmp_path / "now", {"original": 0.1, "mix": 0.12}), path)
    assert gate.outcome == "passed"
    assert "the same rows are right" in gate.sentence
    gate = judge(evaluated(tmp_path / "now", {"original": 0.1, "mix": 0.123}), path)
    assert gate.outcome == "passed"
    assert "passed; more than " in gate.sentence


@pytest.mark.parametrize(("errors", "outcome"), [(0.125, "passed"), (0.14, "failed")])
def test_a_few_rows_are_chance(tmp_path, earlier, errors, outcome):
    """Of three rows that got worse and none better, a resampling alone would say it is sure."""
    path = baseline_of(earlier).write(tmp_path / "baseline.json")
    gate = judge(evaluated(tmp_path / "now", {"original": 0.1, "mix": errors}), path)
    assert gate.outcome == outcome
    assert gate.checks[1].low > 0


def test_rows_of_one_source_count_as_one(tmp_path, earlier):
    """Each source has four rows: the interval is wider, since fewer texts were sampled."""
    path = baseline_of(earlier).write(tmp_path / "baseline.json")
    now = evaluated(tmp_path / "now", {"original": 0.1, "mix": 0.16})
    rows = {"id": [str(i) for i in range(N)], "text": ["t"] * N, "label": ["neg", "pos"] * (N // 2)}
    table = pa.table(rows | {"source_id": [str(i // 4) for i in range(N)]})
    write_parquet(table, tmp_path / "now" / "data" / "original.parquet")
    alone, shared = judge(now, path).checks[1], judge(replace(now, sources=N // 4), path).checks[1]
    assert shared.value == alone.value
    assert (shared.low, shared.high) != (alone.low, alone.high)
    assert shared.outcome == "failed"


def test_means_over_draws_are_compared_as_two_samples(tmp_path, earlier):
    path = baseline_of(earlier).write(tmp_path / "baseline.json")
    now = evaluated(tmp_path / "now", {"original": 0.1, "mix": 0.16})
    now = replace(now, sets=(now.sets[0], replace(now.sets[1], draws=3)))
    assert "as two samples" in judge(now, path).sentence


def test_limits_and_a_baseline_are_one_family(tmp_path, earlier):
    path = baseline_of(earlier).write(tmp_path / "baseline.json")
    now = evaluated(tmp_path / "now", {"original": 0.1, "mix": 0.16})
    limits = Limits.of(0.5)
    others = against(read_baseline(path), baseline_of(now), now, limits)
    gate = judge_gate(now, limits, others=others)
    assert [c.quantity for c in gate.checks] == ["drop", "accuracy_loss", "drop_growth"]
    assert gate.outcome == "failed"


@pytest.mark.parametrize("name", ["", "metrics.json"])
def test_an_evaluation_is_a_baseline_itself(tmp_path, earlier, name):
    now = evaluated(tmp_path / "now", {"original": 0.1, "mix": 0.16})
    gate = judge(now, tmp_path / "then" / name)
    assert gate.outcome == "failed"
    assert "two samples" not in gate.sentence


def test_metrics_alone_are_compared_as_two_samples(tmp_path, earlier):
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "metrics.json").write_text(json.dumps(earlier.to_dict()))
    now = evaluated(tmp_path / "now", {"original": 0.1, "mix": 0.16})
    gate = judge(now, tmp_path / "alone" / "metrics.json")
    assert "as two samples: no rows at hand" in gate.sentence
    paired = judge(now, tmp_path / "then")
    for loose, sharp in zip(gate.checks, paired.checks, strict=True):
        assert loose.value == pytest.approx(sharp.value)
        assert loose.low < sharp.low < sharp.high < loose.high


def test_other_texts_are_compared_as_two_samples(tmp_path, earlier):
    path = baseline_of(earlier).write(tmp_path / "baseline.json")
    now = evaluated(tmp_path / "now", {"original": 0.1, "mix": 0.4}, text="other")
    gate = judge(now, path)
    assert "as two samples: the texts differ" in gate.sentence
    assert gate.outcome == "failed"


def test_the_file_is_small_sorted_and_names_no_place(tmp_path, earlier):
    path = baseline_of(earlier).write(tmp_path / "baseline.json")
    text = path.read_text(encoding="utf-8")
    plain = json.loads(text)
    assert str(tmp_path) not in text
    assert list(plain) == sorted(plain)
    assert text == json.dumps(plain, indent=1, sort_keys=True) + "\n"
    assert len(text) < 2_000
    again = read_baseline(path)
    assert again.rights("m", "mix").sum() == N - int(0.12 * N)
    assert again.rights("m", "typos") is None
    assert baseline_of(earlier).write(tmp_path / "b.json").read_bytes() == path.read_bytes()


def test_one_model_is_compared_with_one_model_whatever_the_names(tmp_path, earlier):
    path = baseline_of(earlier).write(tmp_path / "baseline.json")
    now = evaluated(tmp_path / "now", {"original": 0.1, "mix": 0.16}, model="m-of-today")
    assert judge(now, path).outcome == "failed"
    two = replace(read_baseline(path), models={"a": {}, "b": {}})
    with pytest.raises(UsageError, match=r"expected the model 'm-of-today', .* got a, b"):
        against(two, baseline_of(now), now, MIX)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fingerprint": "f2"}, "got a baseline of other data"),
        ({"metric": "mse"}, "expected a baseline of the accuracy, got one of the mse"),
        ({"sets": {}}, r"expected the 600 test rows .* got a baseline of other data \(none rows\)"),
    ],
)
def test_other_data_are_refused(tmp_path, earlier, change, message):
    now = evaluated(tmp_path / "now", {"original": 0.1, "mix": 0.16})
    with pytest.raises(UsageError, match=message):
        against(replace(baseline_of(earlier), **change), baseline_of(now), now, MIX)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"severity": 5}, "expected the severity 5 in mix, as evaluated now, got 3"),
        ({"spec": "casing"}, "expected the transforms casing in mix, as evaluated now, got typos"),
    ],
)
def test_other_transforms_are_refused(tmp_path, earlier, facts, message):
    now = evaluated(tmp_path / "now", {"original": 0.1, "mix": 0.16}, **facts)
    with pytest.raises(UsageError, match=message):
        against(baseline_of(earlier), baseline_of(now), now, MIX)


def test_a_set_that_the_baseline_lacks(tmp_path, earlier):
    then = baseline_of(earlier)
    now = evaluated(tmp_path / "now", {"original": 0.1, "mix": 0.16})
    del then.sets["mix"]
    with pytest.raises(UsageError, match="expected the set 'mix' in the baseline, got original"):
        against(then, baseline_of(now), now, MIX)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file"),
        ("no json", "got no JSON"),
        ("[1]", "got other JSON"),
        ("{}", "expected format"),
        ('{"kind": "robustft baseline", "format": 9}', "expected a baseline of format 1"),
        ('{"kind": "robustft baseline", "format": 1}', "got something else at metric"),
    ],
)
def test_what_is_no_baseline(tmp_path, text, message):
    path = tmp_path / "baseline.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_baseline(path)


@pytest.mark.parametrize("packed", ["x", "AAAA", ""])
def test_damaged_bits_are_named(tmp_path, earlier, packed):
    then = baseline_of(earlier)
    then.right["m"]["mix"] = packed
    now = evaluated(tmp_path / "now", {"original": 0.1, "mix": 0.16})
    with pytest.raises(UsageError, match=r"expected a bit for each of .* rows of mix"):
        against(then, baseline_of(now), now, MIX)


def test_the_original_rows_have_no_drop_to_grow(tmp_path, earlier):
    now = evaluated(tmp_path / "now", {"original": 0.1, "mix": 0.16})
    limits = replace(MIX, on="original,mix")
    found = against(baseline_of(earlier), baseline_of(now), now, limits)
    assert [(one.set, one.quantity) for one in found] == [
        ("original", "accuracy_loss"),
        ("mix", "accuracy_loss"),
        ("mix", "drop_growth"),
    ]


def test_a_result_without_a_folder_has_numbers_alone():
    found = baseline_of(evaluated(None, {"original": 0.1, "mix": 0.16}))
    assert (found.right, found.fingerprint) == ({}, None)
    assert found.models["m"]["mix"].value == pytest.approx(0.84)
